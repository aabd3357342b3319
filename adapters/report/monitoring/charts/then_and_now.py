"""How a column was distributed in the training rows, and how it is now, on one axis."""

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from adapters.report.charts.axes import date_ticks, is_known, short_label, x_ticks
from adapters.report.scales import Scale, drawing, element, polyline
from lifecycle.governance import figures
from lifecycle.monitoring.summary import Summary

BINS = 32
"""Bars a distribution of numbers is drawn with."""

FEW = 32
"""A number of so few different values has a bar for each of them."""

BARS = 8
"""Categories drawn one by one."""

_TAIL = 0.005
_MICROSECONDS = 1e6


def then_and_now(then: Summary, now: Summary | None) -> Markup:
    """Draw the training rows as bars and the window as a line above them; numbers and times.

    What lies beyond the axis is counted in the outermost bars. Without known values on either
    side there is nothing to draw.
    """
    if len(then.edges) != len(then.cumulative) or not then.edges:
        return Markup("")
    cuts = _cuts(then, now)
    before, after = _mass(then, cuts), _mass(now, cuts) if now is not None and now.known else []
    scale = _MICROSECONDS if then.is_time else 1.0
    x = Scale(cuts[0] / scale, cuts[-1] / scale, 38, 312)
    y = Scale(0, max([*before, *after], default=0.0) or 1.0, 112, 10)
    places = [x(cut / scale) for cut in cuts]
    top = short_label(y.high, is_share=True)
    parts = [
        element("text", top, x=33, y=14, class_="tick end"),
        element("path", d="M38 112H312", class_="ground"),
        *_bars(before, after, cuts, places, y, is_time=then.is_time),
        polyline(_outline(after, places, y), "line c1") if after else Markup(""),
        *_range_marks(then, now, x, scale),
        *(date_ticks(x, 112) if then.is_time else x_ticks(x, 112)),
    ]
    return drawing(
        320,
        132,
        parts,
        title=f"{figures.legible(then.name)}, then and now",
        description="Bars: share of the training rows; line: share of this window's rows.",
    )


def _cuts(then: Summary, now: Summary | None) -> list[float]:
    """Cut the axis into bars: one for each of few values, else of equal width.

    The axis holds nearly all rows of both sides, as long as it does not become more than three
    times as long as the training rows alone need.
    """
    edges = then.edges
    if len(edges) <= FEW and not (now and now.known and _beyond(now) > _TAIL):
        return _between(edges)
    low, high = _quantile(then, _TAIL), _quantile(then, 1 - _TAIL)
    if not high > low:
        low, high = edges[0], edges[-1]
    room = math.inf if then.is_time else (high - low) or abs(high) or 1.0
    if now is not None and now.known:
        low = max(min(low, _quantile(now, _TAIL)), low - room)
        high = min(max(high, _quantile(now, 1 - _TAIL)), high + room)
    if not high > low:
        low, high = low - (abs(low) / 2 or 0.5), high + (abs(high) / 2 or 0.5)
    step = (high - low) / BINS
    return [low + step * at for at in range(BINS + 1)]


def _beyond(now: Summary) -> float:
    """Give the share of the values beyond the range of the training rows."""
    return now.below + 1 - now.cumulative[-1] if now.cumulative else 0.0


def _between(values: Sequence[float]) -> list[float]:
    """Cut half-way between neighbouring values."""
    if len(values) == 1:
        room = abs(values[0]) * 0.5 or 0.5
        return [values[0] - room, values[0] + room]
    inner = [(left + right) / 2 for left, right in pairwise(values)]
    return [2 * values[0] - inner[0], *inner, 2 * values[-1] - inner[-1]]


def _quantile(summary: Summary, part: float) -> float:
    """Give the first known point that at least a part of the values stays at or below."""
    points, shares = _points(summary)
    at = next((i for i, share in enumerate(shares) if share >= part), len(shares) - 1)
    if at == 0 or shares[at] <= shares[at - 1]:
        return points[at]
    inner = (part - shares[at - 1]) / (shares[at] - shares[at - 1])
    return points[at - 1] + min(inner, 1.0) * (points[at] - points[at - 1])


def _points(summary: Summary) -> tuple[list[float], list[float]]:
    """Give values and the share at or below each, out to the smallest and largest if known."""
    points, shares = [*summary.edges], [*summary.cumulative]
    low, high = summary.minimum, summary.maximum
    if summary.below > 0 and low is not None and low < points[0]:
        inner = [high] if high is not None and low < high < points[0] else []
        points, shares = [low, *inner, *points], [0.0, *[1.0] * len(inner), *shares]
    if shares[-1] < 1 and high is not None and high > points[-1]:
        inner = [low] if low is not None and points[-1] < low < high else []
        points, shares = [*points, *inner, high], [*shares, *[0.0] * len(inner), 1.0]
    return points, shares


def _mass(summary: Summary, cuts: Sequence[float]) -> list[float]:
    """Give the share of the values in each bar; the outermost hold what lies beyond."""
    points, known = _points(summary)
    is_exact = len(summary.edges) <= FEW
    inner = [_at(points, known, cut, is_exact=is_exact) for cut in cuts[1:-1]]
    return [max(right - left, 0.0) for left, right in pairwise([0.0, *inner, 1.0])]


def _at(points: Sequence[float], shares: Sequence[float], value: float, *, is_exact: bool) -> float:
    """Give the share of the values at or below one; between points along a straight line."""
    at = bisect_right(points, value)
    if at == 0:
        return 0.0
    if is_exact or at == len(points):
        return shares[at - 1]
    part = (value - points[at - 1]) / (points[at] - points[at - 1])
    return shares[at - 1] + part * (shares[at] - shares[at - 1])


def _bars(
    before: Sequence[float],
    after: Sequence[float],
    cuts: Sequence[float],
    places: Sequence[float],
    y: Scale,
    *,
    is_time: bool,
) -> Iterator[Markup]:
    for at, part in enumerate(before):
        left, right = places[at], places[at + 1]
        now = f", now {figures.share(after[at])}" if after else ""
        ends = [_named(cut, is_time=is_time) for cut in cuts[at : at + 2]]
        height = max(112 - y(part), 0.7 if part else 0.0)
        yield element(
            "rect",
            element("title", f"{ends[0]} to {ends[1]}: then {figures.share(part)}{now}"),
            x=left + 0.4,
            y=112 - height,
            width=max(right - left - 0.8, 0.6),
            height=height,
            class_="bar",
        )


def _named(value: float, *, is_time: bool) -> str:
    return figures.date(value / _MICROSECONDS) if is_time else figures.plain(value)


def _outline(
    parts: Sequence[float], places: Sequence[float], y: Scale
) -> list[tuple[float, float]]:
    """Trace the tops of the bars of the window."""
    line = [(places[0], y(0))]
    for at, part in enumerate(parts):
        line += [(places[at], y(part)), (places[at + 1], y(part))]
    return [*line, (places[-1], y(0))]


def _range_marks(then: Summary, now: Summary | None, x: Scale, scale: float) -> Iterator[Markup]:
    """Mark the range of the training rows where this window's rows lie beyond it."""
    if now is None or not now.known:
        return
    ends = (
        (then.edges[0], now.below, "below"),
        (then.edges[-1], 1 - now.cumulative[-1] if now.cumulative else 0.0, "above"),
    )
    for edge, part, side in ends:
        at = edge / scale
        if part <= max(now.error, 1e-9) or not is_known(at) or not x.low <= at <= x.high:
            continue
        words = f"{figures.share(part)} of this window's values lie {side} the training range"
        yield element("path", element("title", words), d=f"M{x(at):.1f} 6V112", class_="limit")


@dataclass(frozen=True)
class Bar:
    """One category: shares of the known values then and now; `is_new` where it is unseen."""

    value: str
    then: float
    now: float
    is_new: bool = False


def bars(then: Summary, now: Summary | None, *, most: int = BARS) -> tuple[list[Bar], int]:
    """Take the categories that matter: the most frequent, then or now, and those never seen.

    Also counts the others that were counted one by one.
    """
    counted = now.counts if now is not None else {}
    rows_then, rows_now = max(then.known, 1), max(now.known if now is not None else 0, 1)
    every = [
        Bar(
            value=value,
            then=then.counts.get(value, 0) / rows_then,
            now=counted.get(value, 0) / rows_now,
            is_new=value not in then.counts and not then.other and then.known > 0,
        )
        for value in dict.fromkeys([*then.counts, *counted])
    ]
    weighty = sorted(every, key=lambda bar: -(max(bar.then, bar.now) + abs(bar.now - bar.then)))
    kept = sorted(weighty[:most], key=lambda bar: (bar.is_new, -bar.then, -bar.now))
    return kept, len(every) - len(kept)
