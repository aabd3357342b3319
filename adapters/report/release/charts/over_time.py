"""A figure of both versions over time, with its limits and the movements."""

from collections.abc import Iterator, Sequence

from markupsafe import Markup

from adapters.report.charts.axes import is_known, padded, y_ticks
from adapters.report.release.charts.clock import time_ticks
from adapters.report.release.lines import Line, Point
from adapters.report.release.travels import Mark, Span
from adapters.report.scales import Scale, drawing, element, joined, polyline
from lifecycle.governance import figures

_LEFT = 46.0

_FAR = 8.0
"""A figure so many times beyond all others and limits lies on the edge, with an arrow."""


def over_time(
    lines: Sequence[Line],
    span: Span,
    *,
    title: str,
    limits: Sequence[Line] = (),
    wanted: Sequence[float] = (),
    marks: Sequence[Mark] = (),
    is_share: bool = False,
    zero: bool = False,
    width: float = 350,
    height: float = 170,
) -> Markup:
    """Draw figures over time; a line is broken where a figure is missing.

    Parameters
    ----------
    limits
        Lines that are not to be crossed.
    wanted
        Values that are hoped for, across the whole drawing.
    zero
        Whether a line is drawn at zero, which may lie anywhere; otherwise it is the ground.
    """
    x = Scale(span.start, span.end, _LEFT, width - 4)
    low, high = _range(lines, limits, wanted, zero=zero)
    y = Scale(low, high, height - 24, 10)
    parts = [
        *y_ticks(y, _LEFT, x.end, is_share=is_share),
        *(element("path", d=f"M{x(mark.at):.1f} 6V{y.start:g}", class_="moved") for mark in marks),
        *(_band(line, x, y) for line in lines),
        *([element("path", d=f"M{_LEFT:g} {y(0):.1f}H{x.end:g}", class_="zero")] if zero else []),
        *(
            element("path", d=f"M{_LEFT:g} {y(value):.1f}H{x.end:g}", class_="wanted")
            for value in wanted
        ),
        *(joined(_drawn(line, x, y, line.tone)) for line in limits),
        *(joined(_drawn(line, x, y, f"line {line.tone}")) for line in lines),
        *(piece for line in lines for piece in _points(line, x, y, is_share=is_share)),
        *time_ticks(x, y.start, most=3 if width < 500 else 6),
    ]
    return drawing(width, height, parts, title=title, description=_described(lines, is_share))


def _described(lines: Sequence[Line], is_share: bool) -> str:
    write = figures.share if is_share else figures.number
    told = []
    for line in lines:
        known = [point.value for point in line.points if point.value is not None]
        if known:
            told.append(f"{line.name}: last {write(known[-1])}, at most {write(max(known))}")
    return "; ".join(told)


def _range(
    lines: Sequence[Line], limits: Sequence[Line], wanted: Sequence[float], *, zero: bool
) -> tuple[float, float]:
    values = sorted(_values(lines))
    ends = [
        end for line in lines for point in line.points for end in (point.low, point.high)
        if end is not None and is_known(end)
    ]  # fmt: skip
    held = [*_values(limits), *wanted, 0.0]
    if not zero:
        usual = max([*held, values[int(len(values) * 0.9)] if values else 0.0])
        kept = [value for value in values if value <= _FAR * usual] if usual > 0 else values
        return 0.0, padded([*held, *kept])[1]
    if values:
        room = max(max(abs(value) for value in [*values, *held]), 1e-12) * 2.5
        ends = [min(max(end, -room), room) for end in ends]
    return padded([*values, *held, *ends])


def _values(lines: Sequence[Line]) -> list[float]:
    return [
        point.value
        for line in lines
        for point in line.points
        if point.value is not None and is_known(point.value)
    ]


def _pieces(line: Line) -> Iterator[list[Point]]:
    """Cut a line where a figure is missing."""
    piece: list[Point] = []
    for point in line.points:
        if point.value is None or not is_known(point.value):
            if piece:
                yield piece
            piece = []
        else:
            piece.append(point)
    if piece:
        yield piece


def _drawn(line: Line, x: Scale, y: Scale, style: str) -> Iterator[Markup]:
    for piece in _pieces(line):
        yield polyline([(x(point.at), y(point.value or 0.0)) for point in piece], style)


def _band(line: Line, x: Scale, y: Scale) -> Markup:
    """Shade the intervals of a line."""
    known = [point for point in line.points if point.low is not None and point.high is not None]
    if len(known) < 2:
        return Markup("")
    there = [f"{x(point.at):.1f} {y(point.high or 0.0):.1f}" for point in known]
    back = [f"{x(point.at):.1f} {y(point.low or 0.0):.1f}" for point in reversed(known)]
    return element("path", d=f"M{'L'.join([*there, *back])}Z", class_="sequence")


def _points(line: Line, x: Scale, y: Scale, *, is_share: bool) -> Iterator[Markup]:
    """Mark lone points, the last one, and those that lie beyond the drawing."""
    write = figures.share if is_share else figures.number
    for piece in _pieces(line):
        ends = {id(piece[-1])} if piece[-1] is line.points[-1] or len(piece) == 1 else set()
        for point in piece:
            value = point.value or 0.0
            is_beyond = value > y.high
            if id(point) not in ends and not is_beyond:
                continue
            name = element("title", f"{line.name}: {write(value)}")
            at = f"M{x(point.at):.1f} {y(value):.1f}"
            if is_beyond:
                yield element("path", name, d=f"{at}m-4 6h8l-4-8z", class_=f"beyond {line.tone}")
            elif point.low is not None and point.high is not None:
                ends_at = f"M{x(point.at):.1f} {y(point.low):.1f}V{y(point.high):.1f}"
                yield element("path", d=ends_at, class_=f"reach {line.tone}")
                yield element("circle", name, cx=x(point.at), cy=y(value), r=3.2,
                              class_=f"last {line.tone}")  # fmt: skip
            else:
                yield element("circle", name, cx=x(point.at), cy=y(value), r=3.2,
                              class_=f"last {line.tone}")  # fmt: skip
