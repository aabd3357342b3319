"""The guard rails over time: what each version did between two looks, and its limits."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from adapters.report.release.lines import Line, Point, is_drawn
from lifecycle.governance import figures
from lifecycle.monitoring.health.snapshot import Buckets
from lifecycle.release.evidence import Traffic
from lifecycle.release.release import Look, Release

WINDOWS = 90
"""Windows of a chart; more cannot be told apart."""

LEAST = 40
"""Requests of each version that a window waits for, so that one failure is no spike of 100 %."""


@dataclass(frozen=True)
class Counted:
    """What one version did in a window; `None`: it cannot be told."""

    requests: int
    failed: int
    turned_away: int
    took: Buckets
    lag_ms: float | None


@dataclass(frozen=True)
class Window:
    """A time between two looks, and what both versions did in it."""

    start: float
    end: float
    champion: Counted | None
    challenger: Counted | None


@dataclass(frozen=True)
class Rail:
    """A chart of one figure of both versions, with its limits."""

    title: str
    lines: tuple[Line, ...]
    limits: tuple[Line, ...] = ()
    is_share: bool = False
    note: str = ""


def windows(looks: Sequence[Look]) -> list[Window]:
    """Cut the time of the looks into windows in which both versions answered enough.

    Figures are counted from the beginning of each step, so a window is the difference of two
    looks at the same step, or of the first one and nothing.
    """
    if not looks:
        return []
    whole = looks[-1].at.timestamp() - looks[0].findings.since.timestamp()
    found: list[Window] = []
    for _, group in groupby(looks, key=lambda look: (look.step, look.findings.since)):
        found += _of_step(list(group), whole / WINDOWS)
    return found


def _of_step(looks: Sequence[Look], least_seconds: float) -> Iterator[Window]:
    start = looks[0].findings.since.timestamp()
    before: tuple[Traffic | None, Traffic | None] = (None, None)
    asked = [_is_asked(one) for one in both(looks[-1])]
    for at, look in enumerate(looks):
        moment, now = look.at.timestamp(), both(look)
        is_early = moment - start < least_seconds or not _is_enough(now, before, asked)
        if is_early and at < len(looks) - 1 and not _began_anew(now, before):
            continue
        champion, challenger = map(_between, now, before)
        yield Window(start, moment, champion, challenger)
        start, before = moment, now


def both(look: Look) -> tuple[Traffic | None, Traffic | None]:
    """Give the traffic of champion and challenger."""
    return look.findings.champion, look.findings.challenger


def _is_asked(found: Traffic | None) -> bool:
    """Say whether a version got so many requests in a step that a window can wait for some."""
    return found is not None and found.requests >= LEAST


def _began_anew(now: Sequence[Traffic | None], before: Sequence[Traffic | None]) -> bool:
    """Say whether anybody has lost count, as a router that was started again has."""
    return any(
        new is not None and old is not None and new.requests < old.requests
        for new, old in zip(now, before, strict=True)
    )


def _is_enough(
    now: Sequence[Traffic | None], before: Sequence[Traffic | None], asked: Sequence[bool]
) -> bool:
    """Say whether each version that gets requests has got enough of them."""
    return all(
        new is None or not is_asked or new.requests - (old.requests if old else 0) >= LEAST
        for new, old, is_asked in zip(now, before, asked, strict=True)
    )


def _between(now: Traffic | None, before: Traffic | None) -> Counted | None:
    """Take away what had been counted before; `None` where counting began anew in between."""
    if now is None:
        return None
    requests, failed, turned = (
        getattr(now, name) - (getattr(before, name) if before else 0)
        for name in ("requests", "failed", "turned_away")
    )
    try:
        took = buckets_of(now)
        took = took.less(buckets_of(before)) if before and before.took and now.took else took
    except ValueError:
        return None
    if min(requests, failed, turned) < 0:
        return None
    return Counted(requests, failed, turned, took, now.lag_ms)


def buckets_of(traffic: Traffic) -> Buckets:
    """Give how long answers took as buckets; what is beyond the last bound is in the total."""
    known = [bucket for bucket in traffic.took if math.isfinite(bucket.ms)]
    return Buckets(
        bounds=tuple(bucket.ms for bucket in known),
        counts=tuple(bucket.count for bucket in known),
        total=traffic.took[-1].count if traffic.took else 0,
    )


def within(took: Buckets, share: float) -> float | None:
    """Place a quantile inside its bucket, as if the answers lay evenly in it.

    A quantile beyond the last bound lies at that bound.
    """
    found = took.quantile(share)
    if found is None or not took.bounds:
        return None
    if found.high is None:
        return took.bounds[-1]
    place = took.bounds.index(found.high)
    below = took.counts[place - 1] if place else 0
    inside = took.counts[place] - below
    part = (share * took.total - below) / inside if inside else 1.0
    return found.low + min(max(part, 0.0), 1.0) * (found.high - found.low)


def rails(release: Release, looks: Sequence[Look]) -> list[Rail]:
    """Give the charts of the guard rails, those without any figure left out."""
    cut, guard = windows(looks), release.policy.guard
    slower = _times(_line("", cut, "champion", _slow(0.99)), guard.slower)
    p99_limits = [*_flat(cut, guard.p99_ms), *([slower] if is_drawn(slower) else [])]
    charts = [
        _rail("failed", cut, _part("failed"), _flat(cut, guard.error_rate), is_share=True),
        _rail("99th percentile, ms", cut, _slow(0.99), p99_limits),
        _rail("median, ms", cut, _slow(0.5), []),
        _rail(
            "turned away", cut, _part("turned_away"), _flat(cut, guard.turned_away), is_share=True
        ),
        _rail("waiting for their turn, ms", cut, _lag, _flat(cut, guard.lag_ms)),
        _rail("requests a second", cut, None, []),
    ]
    return [chart for chart in charts if any(map(is_drawn, chart.lines))]


def _rail(
    title: str,
    cut: Sequence[Window],
    read: Callable[[Counted], float | None] | None,
    limits: Sequence[Line],
    *,
    is_share: bool = False,
) -> Rail:
    sides = ("champion", "challenger")
    return Rail(
        title, tuple(_line(who, cut, who, read) for who in sides), tuple(limits), is_share=is_share
    )


def _line(
    name: str,
    cut: Sequence[Window],
    who: str,
    read: Callable[[Counted], float | None] | None,
) -> Line:
    def value(window: Window) -> float | None:
        counted: Counted | None = getattr(window, who)
        if counted is None:
            return None
        if read is None:
            seconds = window.end - window.start
            return counted.requests / seconds if seconds > 0 else None
        return read(counted) if counted.requests else None

    points = (
        Point(at, found)
        for window in cut
        for found in (value(window),)
        for at in (window.start, window.end)
    )
    return Line(name, who, tuple(points))


def _part(name: str) -> Callable[[Counted], float | None]:
    def read(counted: Counted) -> float | None:
        return float(getattr(counted, name)) / counted.requests

    return read


def _slow(share: float) -> Callable[[Counted], float | None]:
    def read(counted: Counted) -> float | None:
        return within(counted.took, share)

    return read


def _lag(counted: Counted) -> float | None:
    return counted.lag_ms


def _flat(cut: Sequence[Window], value: float | None) -> list[Line]:
    """Draw a limit that is the same all the time."""
    if value is None or not cut:
        return []
    return [Line("limit", "limit", (Point(cut[0].start, value), Point(cut[-1].end, value)))]


def _times(line: Line, factor: float) -> Line:
    """Draw a limit that follows the champion."""
    points = (
        Point(point.at, None if point.value is None else point.value * factor)
        for point in line.points
    )
    return Line(f"{figures.number(factor)} times the champion", "limit thin", tuple(points))


def share_of(part: int, whole: int) -> str:
    """Write a part of the requests with both numbers behind it; without any there is no share.

    Examples
    --------
    >>> share_of(0, 1200), share_of(3, 0)
    ('0%', 'no request')
    >>> share_of(3, 12000)
    '<0.1% (3)'
    """
    if not whole:
        return "no request"
    return f"{figures.share(part / whole)} ({figures.count(part)})" if part else "0%"
