"""The top of the page: how the run ended, in one line, one sentence and a few figures."""

from collections.abc import Iterator
from dataclasses import dataclass

from adapters.report.excerpts import best_comparison
from lifecycle.evaluation.evidence import Comparison, Evaluation, Measure
from lifecycle.evaluation.metric_names import METRICS
from lifecycle.governance import figures
from lifecycle.governance.story import Story
from lifecycle.task import Task
from lifecycle.verdict import Outcome

SECOND = ("roc_auc", "log_loss", "r2", "accuracy", "rmse", "f1_macro")
"""The figure shown beside the primary one: the first of these that was measured."""


@dataclass(frozen=True)
class Tile:
    """One figure of the headline; `range` is its interval, `note` what it means."""

    title: str
    value: str
    range: str = ""
    note: str = ""


@dataclass(frozen=True)
class Ending:
    """How the run ended; `tone` is an outcome's name, for its colour and mark."""

    tone: str
    title: str
    text: str


def ending(story: Story) -> Ending:
    """Tell how the run ended and why."""
    blocking = len(story.blocking)
    if story.end == "stopped":
        told = (
            f"{_part(blocking, len(story.checks), 'data check')} said no, so nothing was trained."
        )
        return Ending("fail", "Stopped at the data checks", told)
    if story.end == "refused":
        kept = (
            f" Kept as version {story.version.number} with its verdicts." if story.version else ""
        )
        told = f"{_part(blocking, len(story.gates), 'gate')} said no."
        return Ending("fail", "Refused", told + kept)
    if story.version is None:
        told = "The run has not come to a registered version."
        return Ending("unknown", "Not registered", told)
    role = f" as {story.version.alias}" if story.version.alias else ""
    title = f"Registered{role}: {story.version.name} {story.version.number}"
    return Ending("pass", title, _of_gates(story))


def _part(some: int, every: int, noun: str) -> str:
    return f"{figures.count(some)} of {figures.plural(every, noun)}"


def _of_gates(story: Story) -> str:
    if not len(story.gates):
        return "No gate was declared."
    warned = sum(gate.outcome is Outcome.WARN for gate in story.gates)
    told = f"All {figures.plural(len(story.gates), 'gate')} let it through"
    return f"{told}, {figures.count(warned)} with a warning." if warned else f"{told}."


def sentence(story: Story) -> str:
    """Say what was done, in words."""
    parts = []
    description, search = story.description, story.search
    if story.evaluation and description:
        parts.append(
            f"Trained on {figures.plural(description.train_rows, 'row')} and tested once on "
            f"{figures.plural(story.evaluation.rows, 'row')} held out "
            f"{_in_short(description.split)}."
        )
    if search:
        families = len({trial.family for trial in search.trials})
        parts.append(
            f"{figures.plural(len(search.trials), 'trial')} of "
            f"{figures.plural(families, 'family', 'families')} took "
            f"{figures.duration(search.seconds)}; the winner: {search.winner}."
        )
    return " ".join(parts)


def _in_short(split: str) -> str:
    return split.partition(":")[0].partition(",")[0] or "from it"


def tiles(story: Story) -> list[Tile]:
    """Choose the three or four figures that matter most at this ending."""
    if story.evaluation is None:
        return [*_data_tiles(story)]
    evaluation = story.evaluation
    primary = evaluation.measure(evaluation.primary)
    found = [_measured(primary)] if primary else []
    for metric in SECOND:
        second = evaluation.measure(metric)
        if second is not None and metric != evaluation.primary:
            found.append(_measured(second))
            break
    lead = best_comparison(evaluation)
    if lead is not None:
        found.append(_gained(lead))
    return [*found, *_in_use(story, evaluation)]


def _measured(measure: Measure) -> Tile:
    info = METRICS.get(measure.metric)
    way = f"{'Higher' if info.higher_is_better else 'Lower'} is better: " if info else ""
    value, _, interval = figures.measure(measure).partition(" ")
    return Tile(
        title=figures.metric_title(measure.metric),
        value=value,
        range=interval,
        note=way + figures.metric_meaning(measure.metric),
    )


def _gained(lead: Comparison) -> Tile:
    value, _, interval = figures.gain(lead).partition(" ")
    share = lead.gain / abs(lead.other) if lead.other else None
    relative = f", {figures.share(abs(share))}" if share is not None else ""
    way = "better" if lead.gain >= 0 else "worse"
    return Tile(
        title=f"gain over {figures.rival(lead)}",
        value=value,
        range=interval,
        note=f"{figures.metric_title(lead.metric)}{relative} {way}, on the same rows",
    )


def _in_use(story: Story, evaluation: Evaluation) -> Iterator[Tile]:
    """Tell what a decision or an answer is worth to who uses it."""
    recall, precision = evaluation.measure("recall"), evaluation.measure("precision")
    if story.task is Task.BINARY and recall and precision:
        yield Tile(
            title=f"of {story.label} = {story.positive_class} found",
            value=figures.share(recall.value),
            range=_share_range(recall),
            note=f"and {figures.share(precision.value)} of those called so are right, at "
            f"threshold {figures.number(evaluation.threshold)}",
        )
        return
    error = evaluation.measure("mae")
    if error and evaluation.primary != "mae":
        yield _measured(error)
    elif evaluation.latency:
        yield Tile(
            title="latency of one row, p99",
            value=f"{figures.number(evaluation.latency.p99_ms)} ms",
            note=f"half of all within {figures.number(evaluation.latency.p50_ms)} ms",
        )


def _share_range(measure: Measure) -> str:
    if measure.low is None or measure.high is None:
        return ""
    return f"[{figures.share(measure.low)}, {figures.share(measure.high)}]"


def _data_tiles(story: Story) -> Iterator[Tile]:
    if story.intake:
        yield Tile("rows came", figures.count(story.intake.rows))
        yield Tile("rows refused", figures.count(story.refused_rows))
        yield Tile("rows without a label", figures.count(story.intake.unlabelled))
    if len(story.checks):
        yield Tile(
            "checks that block",
            figures.count(len(story.checks.blocking)),
            note=f"of {figures.count(len(story.checks))}",
        )
