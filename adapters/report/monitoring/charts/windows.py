"""A figure over the windows: with its interval, its reference, its limits, and what was said."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from adapters.report.charts.axes import is_known, padded, short_label, y_ticks
from adapters.report.monitoring.series import Point, Points
from adapters.report.monitoring.timeline import Slot, short_name, told
from adapters.report.scales import Scale, drawing, element, polyline, tick_label
from lifecycle.governance import figures
from lifecycle.verdict import Outcome

_LEFT = 52.0


def over_windows(
    slots: Sequence[Slot],
    points: Points,
    *,
    title: str,
    is_share: bool = False,
    reference: Points = (),
    estimates: Points = (),
    limits: Sequence[Sequence[float | None]] = (),
    shares: Points = (),
    least: float | None = None,
    zero: bool = False,
    is_log: bool = False,
    height: float = 190,
    width: float = 520,
) -> Markup:
    """Draw one figure over the windows; what is unknown is a question mark at the bottom.

    Parameters
    ----------
    reference
        The version's own figure, a band behind the points of its windows.
    estimates
        What was expected without labels: hollow diamonds, a little to the left.
    limits
        Lines that are not to be crossed, each with a value a window.
    shares, least
        Bars below: of how many rows the figure was taken, and how many it needs.
    zero
        Whether zero is drawn and always inside.
    is_log
        Whether each step up the side is ten times the one below; what is below 1 lies at 1.
    """
    x = Scale(-0.5, len(slots) - 0.5, _LEFT, width - 4)
    bottom = height - 22 - (46 if shares else 0)
    y = (
        _powers(points, limits, bottom - 14)
        if is_log
        else Scale(*_range(points, reference, estimates, limits, zero=zero), bottom - 14, 10)
    )
    parts = [
        *(_power_ticks(y, x.end) if is_log else y_ticks(y, _LEFT, x.end, is_share=is_share)),
        *_gaps(slots, x, bottom),
        *_bands(reference, x, y),
        *(_stairs(limit, x, y) for limit in limits),
        *([element("path", d=f"M{_LEFT:g} {y(0):.1f}H{x.end:g}", class_="zero")] if zero else []),
        *_changes(slots, x, bottom),
        *(polyline(line, "line c1 thin") for line in _lines(points, slots, x, y)),
        *_diamonds(estimates, slots, x, y, is_share=is_share),
        *_points(points, slots, x, y, bottom, is_share=is_share),
        *(_shares(shares, slots, x, top=bottom + 10, least=least) if shares else []),
        *_dates(slots, x, height - 6),
    ]
    described = f"{figures.plural(len(slots), 'window')}, the newest on the right."
    return drawing(width, height, parts, title=title, description=described)


def _range(
    points: Points,
    reference: Points,
    estimates: Points,
    limits: Sequence[Sequence[float | None]],
    *,
    zero: bool,
) -> tuple[float, float]:
    """Hold every figure and limit; an interval far wider than those is cut."""
    told = [point for some in (points, reference, estimates) for point in some if point]
    inner = [point.value for point in told] + [value for limit in limits for value in limit]
    known = [value for value in inner if value is not None and is_known(value)]
    known += [0.0] if zero or not known else []
    low, high = min(known), max(known)
    room = (high - low) * 0.6 or abs(high) * 0.2 or 1.0
    ends = [end for point in told for end in (point.low, point.high)]
    kept = [min(max(end, low - room), high + room) for end in ends if end is not None]
    start, end = padded([*known, *kept])
    return (0.0 if zero and low >= 0 else start), end


@dataclass(frozen=True)
class _Powers(Scale):
    """A scale of powers of ten; `low` and `high` are exponents."""

    def __call__(self, value: float) -> float:
        return super().__call__(math.log10(max(value, 1.0)))


def _powers(points: Points, limits: Sequence[Sequence[float | None]], bottom: float) -> _Powers:
    known = [point.value for point in points if point] + [one for limit in limits for one in limit]
    most = max((value for value in known if value is not None and is_known(value)), default=10.0)
    return _Powers(0.0, math.log10(max(most, 10.0)) * 1.04, bottom, 10)


def _power_ticks(y: Scale, right: float) -> Iterator[Markup]:
    step = math.ceil((y.high + 1) / 5)
    for exponent in range(0, math.floor(y.high) + 1, step):
        at = y(10.0**exponent)
        yield element("path", d=f"M{_LEFT:g} {at:.1f}H{right:g}", class_="grid")
        yield element("text", tick_label(10.0**exponent), x=_LEFT - 5, y=at + 4, class_="tick end")


def _gaps(slots: Sequence[Slot], x: Scale, bottom: float) -> Iterator[Markup]:
    """Shade where no window was looked at."""
    for at, slot in enumerate(slots):
        if slot.review is None:
            left, right = x(at - 0.5), x(at + 0.5)
            name = element("title", told(slot))
            yield element(
                "rect", name, x=left, y=10, width=right - left, height=bottom - 10, class_="hole"
            )


def _bands(reference: Points, x: Scale, y: Scale) -> Iterator[Markup]:
    for at, point in enumerate(reference):
        if point is None or point.value is None:
            continue
        left, right = x(at - 0.5), x(at + 0.5)
        if point.low is not None and point.high is not None:
            top, end = y(point.high), y(point.low)
            yield element(
                "rect", x=left, y=top, width=right - left, height=max(end - top, 1), class_="band"
            )
        yield element("path", d=f"M{left:.1f} {y(point.value):.1f}H{right:.1f}", class_="own")


def _stairs(limit: Sequence[float | None], x: Scale, y: Scale) -> Markup:
    """Draw a limit that may differ from window to window."""
    path = "".join(
        f"M{x(at - 0.5):.1f} {y(value):.1f}H{x(at + 0.5):.1f}"
        for at, value in enumerate(limit)
        if value is not None and is_known(value)
    )
    return element("path", d=path, class_="limit") if path else Markup("")


def _changes(slots: Sequence[Slot], x: Scale, bottom: float) -> Iterator[Markup]:
    """Mark where another version began to answer."""
    end = -1.0
    for at, slot in enumerate(slots):
        if not slot.is_change or slot.review is None:
            continue
        where = x(at - 0.5)
        yield element("path", d=f"M{where:.1f} 4V{bottom:g}", class_="change")
        if where > end:
            version = figures.legible(f"version {slot.review.version or 'none'}", 14)
            is_near_end = where > x.end - 70
            aside, place = (-4, "tick end") if is_near_end else (4, "tick")
            yield element("text", version, x=where + aside, y=11, class_=place)
            end = where + 70


def _lines(
    points: Points, slots: Sequence[Slot], x: Scale, y: Scale
) -> list[list[tuple[float, float]]]:
    """Join what one version did; a gap or another version begins a new line."""
    lines: list[list[tuple[float, float]]] = [[]]
    for at, (point, slot) in enumerate(zip(points, slots, strict=True)):
        if slot.review is None or slot.is_change:
            lines.append([])
        if point is not None and point.value is not None and is_known(point.value):
            lines[-1].append((x(at), y(point.value)))
    return lines


def _points(
    points: Points, slots: Sequence[Slot], x: Scale, y: Scale, bottom: float, *, is_share: bool
) -> Iterator[Markup]:
    for at, point in enumerate(points):
        if point is None:
            continue
        name = element("title", f"{told(slots[at])}: {_in_words(point, is_share=is_share)}")
        if point.value is None or not is_known(point.value):
            yield element("text", name + "?", x=x(at), y=bottom - 2, class_="missing middle")
            continue
        if point.low is not None and point.high is not None:
            ends = f"M{x(at):.1f} {y(point.low):.1f}V{y(point.high):.1f}"
            yield element("path", d=ends, class_="whisker")
        yield _mark(point.outcome, x(at), y(point.value), name)


def _mark(outcome: Outcome | None, x: float, y: float, name: Markup) -> Markup:
    """Draw a point whose form tells what was said of it, so that colour is not alone."""
    at = f"M{x:.1f} {y:.1f}"
    if outcome is Outcome.FAIL:
        path = f"{at}m-4.5-4.5l9 9m0-9l-9 9"
        return element("path", name, d=path, class_="sign fail")
    if outcome is Outcome.WARN:
        return element("path", name, d=f"{at}m-5 4h10l-5-9z", class_="sign warn")
    if outcome is Outcome.UNKNOWN:
        return element("circle", name, cx=x, cy=y, r=4, class_="sign unknown")
    return element("circle", name, cx=x, cy=y, r=3.4, class_="sign")


def _diamonds(
    estimates: Points, slots: Sequence[Slot], x: Scale, y: Scale, *, is_share: bool
) -> Iterator[Markup]:
    aside = min((x(1) - x(0)) * 0.3, 9.0)
    for at, point in enumerate(estimates):
        if point is None or point.value is None or not is_known(point.value):
            continue
        where = x(at) - aside
        if point.low is not None and point.high is not None:
            ends = f"M{where:.1f} {y(point.low):.1f}V{y(point.high):.1f}"
            yield element("path", d=ends, class_="whisker c2")
        words = _in_words(point, is_share=is_share)
        name = element("title", f"{told(slots[at])}: estimated without labels, {words}")
        path = f"M{where:.1f} {y(point.value):.1f}m0-4.4l4.4 4.4l-4.4 4.4l-4.4-4.4z"
        yield element("path", name, d=path, class_="shape hollow c2")


def _in_words(point: Point, *, is_share: bool) -> str:
    said = f" ({point.outcome.value})" if point.outcome else ""
    if point.value is None:
        return f"no figure{said}"
    if is_share:
        return f"{figures.share(point.value)}{said}"
    return f"{figures.interval(point.value, point.low, point.high)}{said}"


def _shares(
    shares: Points, slots: Sequence[Slot], x: Scale, *, top: float, least: float | None
) -> Iterator[Markup]:
    """Draw of how many of the predictions the truth is known, on a scale from 0 to 100 %."""
    y = Scale(0, 1, top + 34, top)
    yield element("path", d=f"M{_LEFT:g} {y(0):g}H{x.end:g}", class_="ground")
    for part in (0.0, 1.0):
        label = short_label(part, is_share=True)
        yield element("text", label, x=_LEFT - 5, y=y(part) + 4, class_="tick end")
    width = max((x(1) - x(0)) * 0.7, 1.0)
    for at, point in enumerate(shares):
        if point is None or not point.value:
            continue
        few = point.outcome is Outcome.UNKNOWN
        words = f"{told(slots[at])}: {figures.share(point.value)} have a label"
        yield element(
            "rect",
            element("title", words),
            x=x(at) - width / 2,
            y=y(point.value),
            width=width,
            height=max(y(0) - y(point.value), 0.7),
            class_="bar few" if few else "bar",
        )
    if least:
        yield element("path", d=f"M{_LEFT:g} {y(least):.1f}H{x.end:g}", class_="limit")


def _dates(slots: Sequence[Slot], x: Scale, bottom: float) -> Iterator[Markup]:
    """Name the first window and the last, and one between where there is room."""
    last = len(slots) - 1
    for at, place in {0: "", last // 2: " middle", last: " end"}.items():
        slot = slots[at]
        if slot.review is None or (at == last // 2 and last < 4):
            continue
        place = place if last else " middle"
        where = {"": x(-0.5), " end": x(last + 0.5)}.get(place, x(at))
        yield element(
            "text", short_name(slot.review.span), x=where, y=bottom, class_=f"tick{place}"
        )
