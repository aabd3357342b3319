"""The charts of the report, as small SVG drawings that take their colours from the page."""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from markupsafe import Markup

from adapters.report.scales import Scale, drawing, element, joined, polyline, tick_label, ticks
from lifecycle.data.description import ColumnDescription, Histogram, Period
from lifecycle.evaluation.evidence import Curve
from lifecycle.governance import figures
from lifecycle.modeling.trials import TrialRecord

SERIES = 6
"""Colours and marks the style sheet tells apart; more series than that are left out."""

MOST_POINTS = 300
"""Points of one curve; more cannot be seen, and only cost bytes."""

LEAST_RECALL = 0.005
"""Where the curve of precision begins."""

MOST_BARS = 80
"""Bars of one histogram; finer ones are merged."""


def distribution(column: ColumnDescription, *, meaning: str, is_share: bool) -> Markup:
    """Draw how a number is distributed, and above it the label in each bin."""
    if column.histogram is None or not column.histogram.counts:
        return Markup("")
    bars, labels = _merge(column.histogram, column.label_by_bin)
    has_labels = any(_is_known(label) for label in labels)
    top = 58.0 if has_labels else 6.0
    x = _axis(bars, 38, 312)
    parts = [*_columns(bars, x, top=top, bottom=118)]
    if has_labels:
        parts += _label_line(bars, labels, x, is_share=is_share)
    numbers = _x_ticks(x, 118, whole=column.type == "integer")
    return drawing(
        320,
        138,
        [*parts, *(_date_ticks(x, 118) if column.type == "time" else numbers)],
        title=f"Distribution of {figures.legible(column.name)}",
        description=f"Rows per bin; the line is the {figures.legible(meaning)} in each bin."
        if has_labels
        else "Rows per bin.",
    )


def histogram(counted: Histogram, *, name: str) -> Markup:
    """Draw how often a number falls between two edges."""
    bars, _ = _merge(counted, ())
    x = _axis(bars, 48, 512)
    parts = [*_columns(bars, x, top=8, bottom=150), *_x_ticks(x, 150, most=7)]
    return drawing(520, 172, parts, title=f"Distribution of {figures.legible(name)}")


def over_time(periods: Sequence[Period], *, meaning: str, is_share: bool) -> Markup:
    """Draw the label over time above the rows it was counted on; the test part is marked."""
    shown = [*periods][:: math.ceil(len(periods) / MOST_POINTS) or 1]
    if not shown:
        return Markup("")
    x = Scale(-0.5, len(shown) - 0.5, 48, 512)
    known = [period.label for period in shown if _is_known(period.label)]
    y = Scale(*_padded([label for label in known if label is not None]), 128, 12)
    rows = Scale(0, max(period.rows for period in shown) or 1, 190, 146)
    line = [
        (x(at), y(period.label))
        for at, period in enumerate(shown)
        if period.label is not None and _is_known(period.label)
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
            *_y_ticks(y, 48, 512, is_share=is_share),
            polyline(line, "line c1"),
            *(dots if len(dots) <= 60 else []),
            *bars,
            *_dates(shown, x),
        ],
        title=f"{figures.legible(meaning).capitalize()} over time",
        description="Line: the label; bars below: rows. The marked part is test.",
    )


def search_history(trials: Sequence[TrialRecord], *, families: Sequence[str]) -> Markup:
    """Draw the loss of each trial by family, and the best so far; lower is better."""
    told = [trial for trial in trials if trial.loss is not None and _is_known(trial.loss)]
    if not told:
        return Markup("")
    losses = [trial.loss for trial in told if trial.loss is not None]
    lowest, highest = min(losses), _quantile(losses, 0.9)
    room = (highest - lowest) * 0.15 or abs(lowest) * 0.05 or 1.0
    x = Scale(min(trial.number for trial in told), max(trial.number for trial in told), 56, 506)
    y = Scale(lowest - room, highest + room, 176, 12)
    best = min((t.loss for t in told if t.state == "complete" and t.loss is not None), default=None)
    parts = [
        *_y_ticks(y, 56, 512, is_share=False),
        *(_mark(trial, x, y, families) for trial in _thinned(told)),
        polyline(_best_so_far(told, x, y), "line best"),
        *_x_ticks(x, 180, most=6, whole=True),
        element("text", "trial", x=512, y=212, class_="tick end"),
    ]
    return drawing(
        520,
        216,
        parts,
        title="Loss of each trial",
        description=f"{figures.plural(len(told), 'trial')}; the line is the best completed so far, "
        f"in the end {figures.number(best)}. Lower is better; higher losses lie on the edge.",
    )


def legend_mark(series: int) -> Markup:
    """Draw the mark of one series, as the charts do."""
    return element(
        "svg",
        _shape(series, 7, 7, "solid"),
        viewBox="0 0 14 14",
        class_="mark",
        aria_hidden="true",
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
        low, high = _padded([value for curve in shown for value in (*curve.x, *curve.y)])
    x, y = Scale(low, high, 46, 312), Scale(low, high, 268, 8)
    parts = [*_y_ticks(y, 46, 312, is_share=False), *_x_ticks(x, 268)]
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
    kept = [(x, y) for x, y in zip(curve.x, curve.y, strict=True) if _is_known(x) and _is_known(y)]
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
        *_y_ticks(y, 46, 312, is_share=True),
        *bars,
        *([polyline([(x(0), 268), (x(0), 8)], "zero")] if x.low <= 0 <= x.high else []),
        *_x_ticks(x, 268),
        element("text", f"label minus prediction{unit}", x=312, y=300, class_="axis end"),
    ]
    return drawing(
        320,
        306,
        parts,
        title="Distribution of residuals",
        description="Share of the test rows by label minus prediction; zero is perfect.",
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


def _axis(bars: Histogram, start: float, end: float) -> Scale:
    """Lay the edges on the page; a number of one value gets room on both sides."""
    low, high = bars.edges[0], bars.edges[-1]
    room = 0.0 if high > low else abs(low) * 0.1 or 1.0
    return Scale(low - room, high + room, start, end)


def _columns(bars: Histogram, x: Scale, *, top: float, bottom: float) -> Iterator[Markup]:
    y = Scale(0, max(bars.counts) or 1, bottom, top)
    yield element(
        "text", _short(max(bars.counts), False), x=x.start - 5, y=top + 8, class_="tick end"
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
    known = [label for label in labels if label is not None and _is_known(label)]
    y = Scale(min([*known, 0.0]) if is_share else min(known), max(known) or 1.0, 46, 8)
    total = sum(bars.counts) or 1
    points = [
        (x((left + right) / 2), y(label), rows / total, label)
        for (left, right), rows, label in zip(
            pairwise(bars.edges), bars.counts, labels, strict=True
        )
        if label is not None and _is_known(label)
    ]
    yield polyline([(at, height) for at, height, _, _ in points], "line c1 thin")
    for at, height, part, label in points:
        told = figures.share(label) if is_share else figures.number(label)
        faint = " faint" if part < 0.005 else ""
        yield element(
            "circle", element("title", told), cx=at, cy=height, r=2.4, class_=f"dot c1{faint}"
        )
    for end, height in ((y.high, 11), (y.low, 49)):
        yield element("text", _short(end, is_share), x=33, y=height, class_="tick end c1")


def _curve(
    curve: Curve, x: Scale, y: Scale, series: int, *, has_dots: bool, least: float
) -> Iterator[Markup]:
    step = math.ceil(len(curve.x) / MOST_POINTS)
    kept = sorted({*range(0, len(curve.x), step), len(curve.x) - 1})
    points = [
        (index, x(curve.x[index]), y(curve.y[index]))
        for index in kept
        if _is_known(curve.x[index]) and _is_known(curve.y[index]) and curve.x[index] >= least
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


def _best_so_far(trials: Sequence[TrialRecord], x: Scale, y: Scale) -> list[tuple[float, float]]:
    """Trace the lowest loss of the completed trials as stairs."""
    steps: list[tuple[float, float]] = []
    best = math.inf
    for trial in trials:
        if trial.state != "complete" or trial.loss is None or trial.loss >= best:
            continue
        if steps:
            steps.append((x(trial.number), y(best)))
        best = trial.loss
        steps.append((x(trial.number), y(best)))
    return [*steps, (x(trials[-1].number), y(best))] if steps else []


def _mark(trial: TrialRecord, x: Scale, y: Scale, families: Sequence[str]) -> Markup:
    series = families.index(trial.family) % SERIES + 1 if trial.family in families else SERIES
    style = "solid" if trial.state == "complete" else "hollow"
    return _shape(series, x(trial.number), y(trial.loss or 0.0), style)


def _shape(series: int, x: float, y: float, style: str) -> Markup:
    """Draw a mark whose form tells the series, so that colour is not alone."""
    outlines = {
        2: "m-3.4 2.8h6.8l-3.4-6z",
        3: "m-2.8-2.8h5.6v5.6h-5.6z",
        4: "m0-3.8l3.8 3.8l-3.8 3.8l-3.8-3.8z",
        5: "m-3.4-2.8h6.8l-3.4 6z",
        6: "m-1.1-3.5h2.2v2.4h2.4v2.2h-2.4v2.4h-2.2v-2.4h-2.4v-2.2h2.4z",
    }
    tone = f"shape {style} c{series}"
    if series not in outlines:
        return element("circle", cx=x, cy=y, r=3, class_=tone)
    return element("path", d=f"M{x:.1f} {y:.1f}{outlines[series]}", class_=tone)


def _thinned(trials: Sequence[TrialRecord], most: int = 600) -> list[TrialRecord]:
    """Keep an even part of many trials, and every one that was the best so far."""
    step = math.ceil(len(trials) / most)
    best = math.inf
    kept = []
    for index, trial in enumerate(trials):
        loss = math.inf if trial.loss is None else trial.loss
        if index % step == 0 or loss < best:
            kept.append(trial)
        best = min(best, loss)
    return kept


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


def _x_ticks(x: Scale, bottom: float, *, most: int = 5, whole: bool = False) -> Iterator[Markup]:
    for value in ticks(x.low, x.high, most):
        if whole and value != round(value):
            continue
        at = x(value)
        yield element("path", d=f"M{at:.1f} {bottom:g}v3", class_="ground")
        yield element("text", tick_label(value), x=at, y=bottom + 14, class_="tick middle")


def _date_ticks(x: Scale, bottom: float) -> Iterator[Markup]:
    for at, place in ((x.low, ""), (x.high, " end")):
        yield element("text", figures.date(at), x=x(at), y=bottom + 14, class_=f"tick{place}")


def _y_ticks(y: Scale, left: float, right: float, *, is_share: bool) -> Iterator[Markup]:
    for value in ticks(y.low, y.high, 5):
        at = y(value)
        yield element("path", d=f"M{left:g} {at:.1f}H{right:g}", class_="grid")
        label = _short(value, is_share)
        yield element("text", label, x=left - 5, y=at + 4, class_="tick end")


def _short(value: float, is_share: bool) -> str:
    if not is_share:
        return tick_label(float(f"{value:.3g}"))
    return f"{figures.number(round(value * 100, 1 if abs(value) < 0.1 else 0))}%"


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


def _padded(values: Sequence[float]) -> tuple[float, float]:
    """Give the range of some values, a little wider, so that no point lies on the edge."""
    known = [value for value in values if _is_known(value)]
    if not known:
        return 0.0, 1.0
    low, high = min(known), max(known)
    room = (high - low) * 0.08 or abs(low) * 0.1 or 1.0
    return (max(low - room, 0.0) if low >= 0 else low - room), high + room


def _quantile(values: Sequence[float], part: float) -> float:
    return sorted(values)[min(int(len(values) * part), len(values) - 1)]


def _is_known(value: float | None) -> bool:
    return value is not None and math.isfinite(value)
