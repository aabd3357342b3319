"""What to know before relying on a version: each sentence from the evidence, none invented."""

from collections.abc import Iterator, Sequence, Set

from lifecycle.evaluation.evidence import Evaluation, Slice
from lifecycle.governance import figures
from lifecycle.governance.lineage import Lineage
from lifecycle.governance.story import Story
from lifecycle.verdict import Outcome, Verdict

MOST = 5
"""Sentences of one kind; the tables of the report hold the rest."""


def caveats(story: Story) -> tuple[str, ...]:
    """Gather what a careful reader would ask about, the gravest first; empty: nothing found."""
    told = {verdict.reason for verdict in story.gates if verdict.outcome is not Outcome.PASS}
    return (
        *story.purpose.caveats,
        *_of_verdicts(story),
        *(_of_evaluation(story.evaluation, told) if story.evaluation else ()),
        *_of_fairness(story, told),
        *_of_data(story),
        *_of_making(story),
    )


def _of_verdicts(story: Story) -> Iterator[str]:
    """Tell what blocks, then what warns; of each kind a few."""
    rules = (("check", story.checks), ("gate", story.gates))
    for kind, verdicts in rules:
        yield from _tell_some(kind, verdicts.blocking)
    for kind, verdicts in rules:
        yield from _tell_some(kind, [one for one in verdicts if one.outcome is Outcome.WARN])


def _tell_some(kind: str, verdicts: Sequence[Verdict]) -> Iterator[str]:
    says = {Outcome.WARN: "warns", Outcome.UNKNOWN: "could not be judged"}
    for verdict in verdicts[:MOST]:
        what = says.get(verdict.outcome, "failed")
        reason = figures.legible(verdict.reason, 300)
        yield f"The {kind} “{figures.legible(verdict.rule)}” {what}: {reason}"
    if len(verdicts) > MOST:
        yield f"{figures.plural(len(verdicts) - MOST, f'more {kind}')} did not pass."


def _of_evaluation(evaluation: Evaluation, told: Set[str]) -> Iterator[str]:
    if evaluation.train_rows_in_test:
        rows = figures.plural(evaluation.train_rows_in_test, "test row")
        yield f"{rows} were also trained on: every figure below is too good."
    if evaluation.diagnosis and evaluation.diagnosis.finding != "sound":
        found = evaluation.diagnosis
        yield f"Diagnosis: {found.finding}. {figures.legible(found.advice, 300)}"
    for part in worst_slices(evaluation)[:3]:
        yield _tell(part)
    for gap in [gap for gap in evaluation.missing if gap.reason not in told][:MOST]:
        reason = figures.legible(gap.reason, 300)
        yield f"Could not be measured: {figures.legible(gap.evidence)}: {reason}"
    if not evaluation.champion:
        yield "It was not compared with a champion: only the baselines stand behind its gain."


def is_worse(part: Slice, at_most: float = 0.05) -> bool:
    """Whether the candidate is worse there than on all rows, by more than chance explains."""
    if part.gap is None or part.p_value is None:
        return False
    return part.gap > 0 and part.p_value <= at_most


def worst_slices(evaluation: Evaluation) -> tuple[Slice, ...]:
    """Slices where the candidate is worse than by chance (corrected p-value), worst first.

    All in one metric, since gaps of two do not compare: the primary one where slices have it.
    """
    metrics = [part.metric for part in evaluation.slices]
    metric = evaluation.primary if evaluation.primary in metrics else next(iter(metrics), "")
    certain = (part for part in evaluation.slices if part.metric == metric and is_worse(part))
    return tuple(sorted(certain, key=lambda part: -(part.gap or 0.0)))


def _tell(part: Slice) -> str:
    where = f"{figures.legible(part.column)} = {figures.legible(part.value)}"
    metric = figures.metric_title(part.metric)
    return (
        f"Worse where {where}: {metric} {figures.number(part.measured)}, "
        f"{figures.number(part.gap)} worse than on all rows "
        f"({figures.plural(part.rows, 'test row')})."
    )


def _of_fairness(story: Story, told: Set[str]) -> Iterator[str]:
    if story.evaluation is None:
        return
    unknowns = [
        fair for fair in story.evaluation.fairness if fair.value is None and fair.reason not in told
    ]
    for unknown in unknowns[:MOST]:
        reason = figures.legible(unknown.reason, 300) or "no reason was recorded."
        column = figures.legible(unknown.column)
        yield f"Unknown: {figures.metric_title(unknown.metric)} over {column}: {reason}"
    judged = {fair.column for fair in story.evaluation.fairness}
    columns = story.description.columns if story.description else ()
    sensitive = [column.name for column in columns if "sensitive" in column.role]
    open_columns = [figures.legible(name, 40) for name in sensitive if name not in judged]
    if open_columns:
        more = len(open_columns) - MOST
        names = ", ".join(open_columns[:MOST]) + (f" and {more} more" if more > 0 else "")
        yield f"Fairness was not measured over what is declared sensitive: {names}."


def _of_data(story: Story) -> Iterator[str]:
    intake = story.intake
    if intake is None:
        return
    if story.refused_rows:
        yield f"{figures.plural(story.refused_rows, 'row')} could not be read and were left out."
    if intake.unlabelled:
        part = figures.share(intake.unlabelled / max(intake.rows + intake.unlabelled, 1))
        rows = figures.plural(intake.unlabelled, "row")
        yield f"{rows} ({part}) had no label: nothing is known about how it does on such rows."
    if intake.start and intake.end and story.evaluation:
        start, end = (figures.moment(at, time=False) for at in (intake.start, intake.end))
        yield f"It has seen {start} to {end} only; outside of that it has not been tested."


def _of_making(story: Story) -> Iterator[str]:
    if story.search and story.search.stopped_by == "timeout":
        yield "The search ended by its time limit: the same seed need not find the same model."
    yield from _of_lineage(story.lineage)


def _of_lineage(lineage: Lineage) -> Iterator[str]:
    if not lineage.commit:
        yield "The code was not under version control: it cannot be brought back."
    elif lineage.dirty is None:
        yield "Whether the code was exactly the commit's was not stated."
    elif lineage.dirty:
        yield "The code differed from its commit (uncommitted changes)."
    if not lineage.lock_fingerprint:
        yield "The environment was not locked: the same versions cannot be guaranteed again."
