"""Charts of the data: how a column is distributed, and the label over time."""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from markupsafe import Markup

from adapters.report.charts.axes import (
    MOST_POINTS,
    date_ticks,
    is_known,
    padded,
    short_label,
    x_ticks,
    y_ticks,
)
from adapters.report.scales import Scale, drawing, element, polyline
from lifecycle.data.description import ColumnDescription, Histogram, Period
from lifecycle.governance import figures

MOST_BARS = 80
"""Bars of one histogram; finer ones are merged."""


def distribution(column: ColumnDescription, *, meaning: str, is_share: bool) -> Markup:
    """Draw how a number is distributed, and above it the label in each bin."""
    if column.histogram is None or not column.histogram.counts:
        return Markup("")
    bars, labels = _merge(column.histogram, column.label_by_bin)
    has_labels = any(is_known(label) for label in labels)
    top = 58.0 if has_labels else 6.0
    x = _axis(bars, 38, 312)
    parts = [*_columns(bars, x, top=top, bottom=118)]
    if has_labels:
        parts += _label_line(bars, labels, x, is_share=is_share)
    numbers = x_ticks(x, 118, whole=column.type == "integer")
    return drawing(
        320,
        138,
        [*parts, *(date_ticks(x, 118) if column.type == "time" else numbers)],
        title=f"Distribution of {figures.legible(column.name)}",
        description=f"Rows per bin; the line is the {figures.legible(meaning)} in each bin."
        if has_labels
        else "Rows per bin.",
    )


def histogram(counted: Histogram, *, name: str) -> Markup:
    """Draw how often a number falls between two edges."""
    bars, _ = _merge(counted, ())
    x = _axis(bars, 48, 512)
    parts = [*_columns(bars, x, top=8, bottom=150), *x_ticks(x, 150, most=7)]
    return drawing(520, 172, parts, title=f"Distribution of {figures.legible(name)}")


def over_time(periods: Sequence[Period], *, meaning: str, is_share: bool) -> Markup:
    """Draw the label over time above the rows it was counted on; the test part is marked."""
    shown = [*periods][:: math.ceil(len(periods) / MOST_POINTS) or 1]
    if not shown:
        return Markup("")
    x = Scale(-0.5, len(shown) - 0.5, 48, 512)
    known = [period.label for period in shown if is_known(period.label)]
    y = Scale(*padded([label for label in known if label is not None]), 128, 12)
    rows = Scale(0, max(period.rows for period in shown) or 1, 190, 146)
    line = [
        (x(at), y(period.label))
        for at, period in enumerate(shown)
        if period.label is not None and is_known(period.label)
    ]
    width = max((x(1) - x(0)) * 0.8, 0.8)
    bars = [
        element(
            "rect",
            element("title", f"{figures.moment(period.start)}: {_told(period, is_share)}"),
            x=x(at) - width / 2,
            y=rows(period.rows),
            width=width,
            height=190 - rows(period.rows),
            class_="bar test" if period.is_test else "bar",
        )
        for at, period in enumerate(shown)
    ]
    dots = [element("circle", cx=at, cy=height, r=2, class_="dot c1") for at, height in line]
    return drawing(
        520,
        212,
        [
            *_test_part(shown, x),
            *y_ticks(y, 48, 512, is_share=is_share),
            polyline(line, "line c1"),
            *(dots if len(dots) <= 60 else []),
            *bars,
            *_dates(shown, x),
        ],
        title=f"{figures.legible(meaning).capitalize()} over time",
        description="Line: the label; bars below: rows. The marked part is test.",
    )


def _axis(bars: Histogram, start: float, end: float) -> Scale:
    """Lay the edges on the page; a number of one value gets room on both sides."""
    low, high = bars.edges[0], bars.edges[-1]
    room = 0.0 if high > low else abs(low) * 0.1 or 1.0
    return Scale(low - room, high + room, start, end)


def _columns(bars: Histogram, x: Scale, *, top: float, bottom: float) -> Iterator[Markup]:
    y = Scale(0, max(bars.counts) or 1, bottom, top)
    yield element(
        "text",
        short_label(max(bars.counts), is_share=False),
        x=x.start - 5,
        y=top + 8,
        class_="tick end",
    )
    yield element("path", d=f"M{x.start:g} {bottom:g}H{x.end:g}", class_="ground")
    for (left, right), rows in zip(pairwise(bars.edges), bars.counts, strict=True):
        if not rows:
            continue
        at = f"{figures.number(left)} to {figures.number(right)}: {figures.plural(rows, 'row')}"
        height = max(bottom - y(rows), 0.7)
        yield element(
            "rect",
            element("title", at),
            x=x(left) + 0.4,
            y=bottom - height,
            width=max(x(right) - x(left) - 0.8, 0.6) if right > left else 8,
            height=height,
            class_="bar",
        )


def _label_line(
    bars: Histogram, labels: Sequence[float | None], x: Scale, *, is_share: bool
) -> Iterator[Markup]:
    """Draw the label in each bin; bins of few rows, which say little, are faint."""
    known = [label for label in labels if label is not None and is_known(label)]
    y = Scale(min([*known, 0.0]) if is_share else min(known), max(known) or 1.0, 46, 8)
    total = sum(bars.counts) or 1
    points = [
        (x((left + right) / 2), y(label), rows / total, label)
        for (left, right), rows, label in zip(
            pairwise(bars.edges), bars.counts, labels, strict=True
        )
        if label is not None and is_known(label)
    ]
    yield polyline([(at, height) for at, height, _, _ in points], "line c1 thin")
    for at, height, part, label in points:
        told = figures.share(label) if is_share else figures.number(label)
        faint = " faint" if part < 0.005 else ""
        yield element(
            "circle", element("title", told), cx=at, cy=height, r=2.4, class_=f"dot c1{faint}"
        )
    for end, height in ((y.high, 11), (y.low, 49)):
        yield element(
            "text", short_label(end, is_share=is_share), x=33, y=height, class_="tick end c1"
        )


def _test_part(periods: Sequence[Period], x: Scale) -> Iterator[Markup]:
    """Shade each unbroken stretch of test periods, and name the widest."""
    stretches: list[list[int]] = []
    for at in (at for at, period in enumerate(periods) if period.is_test):
        if stretches and stretches[-1][-1] == at - 1:
            stretches[-1].append(at)
        else:
            stretches.append([at])
    for stretch in stretches:
        left, right = x(stretch[0] - 0.5), x(stretch[-1] + 0.5)
        yield element("rect", x=left, y=4, width=right - left, height=186, class_="shade")
    if stretches:
        widest = max(stretches, key=len)
        yield element("text", "test", x=x(widest[-1] + 0.5) - 5, y=16, class_="tick end c2")


def _dates(periods: Sequence[Period], x: Scale) -> Iterator[Markup]:
    last = len(periods) - 1
    for at, place in {0: "", last // 2: " middle", last: " end"}.items():
        if at == last // 2 and last < 4:
            continue
        where = {"": x(-0.5), " end": x(last + 0.5)}.get(place, x(at))
        day = figures.moment(periods[at].start, time=False)
        yield element("text", figures.legible(day, 24), x=where, y=206, class_=f"tick{place}")


def _told(period: Period, is_share: bool) -> str:
    label = figures.share(period.label) if is_share else figures.number(period.label)
    return f"{label} of {figures.plural(period.rows, 'row')}"


def _merge(
    counted: Histogram, labels: Sequence[float | None]
) -> tuple[Histogram, list[float | None]]:
    """Merge neighbouring bins until few enough are left; labels weigh by their rows."""
    known = [*labels, *[None] * (len(counted.counts) - len(labels))][: len(counted.counts)]
    step = math.ceil(len(counted.counts) / MOST_BARS)
    if step <= 1:
        return counted, known
    starts = range(0, len(counted.counts), step)
    edges = (*(counted.edges[start] for start in starts), counted.edges[-1])
    counts = tuple(sum(counted.counts[start : start + step]) for start in starts)
    merged = [
        _weighted(known[start : start + step], counted.counts[start : start + step])
        for start in starts
    ]
    return Histogram(edges=edges, counts=counts), merged


def _weighted(labels: Sequence[float | None], rows: Sequence[int]) -> float | None:
    pairs = [
        (label, weight)
        for label, weight in zip(labels, rows, strict=True)
        if label is not None and weight
    ]
    total = sum(weight for _, weight in pairs)
    return sum(label * weight for label, weight in pairs) / total if total else None
