"""The chart of a search: the loss of each trial, by family."""

import math
from collections.abc import Sequence

from markupsafe import Markup

from adapters.report.charts.axes import SERIES, is_known, x_ticks, y_ticks
from adapters.report.scales import Scale, drawing, element, polyline
from lifecycle.governance import figures
from lifecycle.modeling.trials import TrialRecord


def search_history(trials: Sequence[TrialRecord], *, families: Sequence[str]) -> Markup:
    """Draw the loss of each trial by family, and the best so far; lower is better."""
    told = [trial for trial in trials if trial.loss is not None and is_known(trial.loss)]
    if not told:
        return Markup("")
    losses = [trial.loss for trial in told if trial.loss is not None]
    lowest, highest = min(losses), _quantile(losses, 0.9)
    room = (highest - lowest) * 0.15 or abs(lowest) * 0.05 or 1.0
    x = Scale(min(trial.number for trial in told), max(trial.number for trial in told), 56, 506)
    y = Scale(lowest - room, highest + room, 176, 12)
    best = min((t.loss for t in told if t.state == "complete" and t.loss is not None), default=None)
    parts = [
        *y_ticks(y, 56, 512, is_share=False),
        *(_mark(trial, x, y, families) for trial in _thinned(told)),
        polyline(_best_so_far(told, x, y), "line best"),
        *x_ticks(x, 180, most=6, whole=True),
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


def _quantile(values: Sequence[float], part: float) -> float:
    return sorted(values)[min(int(len(values) * part), len(values) - 1)]
