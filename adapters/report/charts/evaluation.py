"""Charts of an evaluation: curves, residuals, and intervals beside their figures."""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from markupsafe import Markup

from adapters.report.charts.axes import (
    MOST_POINTS,
    SERIES,
    is_known,
    padded,
    x_ticks,
    y_ticks,
)
from adapters.report.scales import Scale, drawing, element, joined, polyline
from lifecycle.evaluation.evidence import Curve
from lifecycle.governance import figures

LEAST_RECALL = 0.005
"""Where the curve of precision begins."""


def curves(shown: Sequence[Curve], *, kind: str, axes: tuple[str, str]) -> Markup:
    """Draw curves on one square: `roc`, `precision_recall`, `calibration` or `predicted`.

    Precision at almost no recall rests on a handful of rows, and is left out. The diagonal is
    chance for `roc`, and perfection for `calibration` and `predicted`.
    """
    shown = [curve for curve in shown if len(curve.x)][:SERIES]
    if not shown:
        return Markup("")
    low, high = (0.0, 1.0)
    if kind == "predicted":
        low, high = padded([value for curve in shown for value in (*curve.x, *curve.y)])
    x, y = Scale(low, high, 46, 312), Scale(low, high, 268, 8)
    parts = [*y_ticks(y, 46, 312, is_share=False), *x_ticks(x, 268)]
    if kind != "precision_recall":
        parts.append(polyline([(x(low), y(low)), (x(high), y(high))], "diagonal"))
    for series, curve in enumerate(shown, start=1):
        least = LEAST_RECALL if kind == "precision_recall" else -math.inf
        has_dots = kind in ("calibration", "predicted")
        parts += _curve(curve, x, y, series, has_dots=has_dots, least=least)
    parts.append(element("text", axes[0], x=312, y=300, class_="axis end"))
    parts.append(
        element("text", axes[1], x=12, y=8, class_="axis end", transform="rotate(-90 12 8)")
    )
    title = f"{axes[1]} against {axes[0]}"
    names = ", ".join(figures.legible(curve.label, 30) for curve in shown if curve.label)
    return drawing(320, 306, parts, title=title, description=names and f"Lines: {names}.")


def residuals(curve: Curve, *, unit: str) -> Markup:
    """Draw how residuals (label minus prediction) are distributed; a perfect model's are zero."""
    kept = [(x, y) for x, y in zip(curve.x, curve.y, strict=True) if is_known(x) and is_known(y)]
    if len(kept) < 2:
        return Markup("")
    step = min(right - left for (left, _), (right, _) in pairwise(kept)) or 1.0
    x = Scale(kept[0][0] - step / 2, kept[-1][0] + step / 2, 46, 312)
    y = Scale(0, max(part for _, part in kept) or 1.0, 268, 12)
    bars = [
        element(
            "rect",
            element("title", f"around {figures.number(at)}{unit}: {figures.share(part)} of rows"),
            x=x(at - step / 2) + 0.4,
            y=y(part),
            width=max(x(at + step / 2) - x(at - step / 2) - 0.8, 0.6),
            height=268 - y(part),
            class_="bar",
        )
        for at, part in kept
    ]
    parts = [
        *y_ticks(y, 46, 312, is_share=True),
        *bars,
        *([polyline([(x(0), 268), (x(0), 8)], "zero")] if x.low <= 0 <= x.high else []),
        *x_ticks(x, 268),
        element("text", f"label minus prediction{unit}", x=312, y=300, class_="axis end"),
    ]
    return drawing(
        320,
        306,
        parts,
        title="Distribution of residuals",
        description="Share of the test rows by label minus prediction; zero is perfect.",
    )


def legend_line(series: int) -> Markup:
    """Draw a piece of the line of one series, as the charts do."""
    return element(
        "svg",
        polyline([(0, 7), (22, 7)], f"line c{(series - 1) % SERIES + 1}"),
        viewBox="0 0 22 14",
        class_="mark long",
        aria_hidden="true",
    )


def gain_bar(low: float, value: float, high: float, *, reach: float) -> Markup:
    """Draw a difference with its interval on a line whose middle is zero."""
    x = Scale(-reach, reach, 4, 156)
    tone = "better" if low > 0 else "worse" if high < 0 else "open"
    return element(
        "svg",
        joined(
            [
                element("path", d="M80 1V17", class_="zero"),
                element("path", d=f"M{x(low):.1f} 9H{x(high):.1f}", class_=f"span {tone}"),
                element("circle", cx=x(value), cy=9, r=3.5, class_=f"point {tone}"),
            ]
        ),
        viewBox="0 0 160 18",
        class_="gain",
        aria_hidden="true",
    )


def gap_bar(value: float, *, overall: float, low: float, high: float, is_worse: bool) -> Markup:
    """Draw how far one slice lies from all rows, on the scale all slices share."""
    x = Scale(low, high, 4, 156)
    tone = "worse" if is_worse else "open"
    return element(
        "svg",
        joined(
            [
                element("path", d=f"M{x(overall):.1f} 1V17", class_="zero"),
                element("path", d=f"M{x(overall):.1f} 9H{x(value):.1f}", class_=f"span {tone}"),
                element("circle", cx=x(value), cy=9, r=3.5, class_=f"point {tone}"),
            ]
        ),
        viewBox="0 0 160 18",
        class_="gain",
        aria_hidden="true",
    )


def _curve(
    curve: Curve, x: Scale, y: Scale, series: int, *, has_dots: bool, least: float
) -> Iterator[Markup]:
    step = math.ceil(len(curve.x) / MOST_POINTS)
    kept = sorted({*range(0, len(curve.x), step), len(curve.x) - 1})
    points = [
        (index, x(curve.x[index]), y(curve.y[index]))
        for index in kept
        if is_known(curve.x[index]) and is_known(curve.y[index]) and curve.x[index] >= least
    ]
    tone = f"c{(series - 1) % SERIES + 1}"
    yield polyline([(at, height) for _, at, height in points], f"line {tone}")
    if not has_dots:
        return
    heaviest = max(curve.weight, default=0.0)
    for index, at, height in points:
        weight = curve.weight[index] if index < len(curve.weight) else 0.0
        radius = 2 + 3 * math.sqrt(weight / heaviest) if heaviest > 0 and weight > 0 else 2.5
        told = f"{figures.number(curve.x[index])}: {figures.number(curve.y[index])}"
        if weight:
            told += f" ({figures.plural(round(weight), 'row')})" if weight > 1 else ""
        yield element(
            "circle", element("title", told), cx=at, cy=height, r=radius, class_=f"dot {tone}"
        )
