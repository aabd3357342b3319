"""What of the evidence is shown: the parts that matter most, so that a page stays a page."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Generic, TypeVar

from lifecycle.data.description import ColumnDescription, Description
from lifecycle.data.intake import Intake, Refusal
from lifecycle.evaluation.evidence import Comparison, Confusion, Curve, Evaluation, Fairness, Slice
from lifecycle.governance.caveats import is_worse
from lifecycle.governance.story import Story
from lifecycle.modeling.trials import SearchRecord, TrialRecord
from lifecycle.verdict import Outcome, Verdict

T = TypeVar("T")

COLUMNS = 48
ROWS = 25
TRIALS = 150
CLASSES = 12


@dataclass(frozen=True)
class Excerpt(Generic[T]):
    """The first of a sequence, and how many were left out."""

    shown: Sequence[T]
    left: int = 0


def first(items: Iterable[T], most: int = ROWS) -> Excerpt[T]:
    """Take the first of some items.

    Examples
    --------
    >>> first("abc", 2)
    Excerpt(shown=['a', 'b'], left=1)
    """
    every = list(items)
    return Excerpt(every[:most], max(len(every) - most, 0))


def troubled(verdicts: Iterable[Verdict], most: int = 60) -> Excerpt[Verdict]:
    """Take the verdicts that did not pass, blocking ones first."""
    wrong = [verdict for verdict in verdicts if verdict.outcome is not Outcome.PASS]
    return first(sorted(wrong, key=lambda verdict: not verdict.outcome.blocks), most)


def passed(verdicts: Iterable[Verdict], most: int = 100) -> Excerpt[Verdict]:
    """Take the verdicts that passed."""
    return first((verdict for verdict in verdicts if verdict.outcome is Outcome.PASS), most)


def gates(verdicts: Iterable[Verdict], most: int = 100) -> Excerpt[Verdict]:
    """Take all gates in their order; if they are too many, the blocking ones first."""
    every = list(verdicts)
    if len(every) > most:
        every.sort(key=lambda verdict: (not verdict.outcome.blocks, verdict.outcome))
    return first(every, most)


def counted(verdicts: Iterable[Verdict]) -> dict[Outcome, int]:
    """Count verdicts by outcome, leaving out what does not occur."""
    outcomes = [verdict.outcome for verdict in verdicts]
    return {outcome: outcomes.count(outcome) for outcome in Outcome if outcome in outcomes}


def refusals(intake: Intake, most: int = 15) -> list[Refusal]:
    """Take the first refused rows, those that could not be read before those that misfit."""
    told = chain.from_iterable(table.refusals for table in intake.tables)
    return list(islice(chain(told, intake.refusals), most))


def columns_of_interest(story: Story) -> list[ColumnDescription]:
    """Order the columns: what the model leans on first, then what goes with the label."""
    if story.description is None:
        return []
    worth = (
        {found.column: found.loss for found in story.evaluation.importance}
        if story.evaluation
        else {}
    )
    return sorted(
        (column for column in story.description.columns if column.name != story.label),
        key=lambda column: (
            column.name not in worth,
            -worth.get(column.name, 0.0),
            -(column.association or 0.0),
        ),
    )


def associated(description: Description) -> list[ColumnDescription]:
    """Order the columns by how strongly each alone goes with the label."""
    known = [column for column in description.columns if column.association is not None]
    return sorted(known, key=lambda column: -(column.association or 0.0))


def with_missing(description: Description) -> list[ColumnDescription]:
    """Order the columns that miss values by the share that is missing."""
    some = [column for column in description.columns if column.missing]
    return sorted(some, key=lambda column: -column.missing / max(column.rows, 1))


@dataclass(frozen=True)
class FamilyTried:
    """What a search did with one family; `best` is `None` where no trial was completed."""

    name: str
    trials: int
    complete: int
    best: float | None
    seconds: float


def families(search: SearchRecord) -> list[FamilyTried]:
    """Sum up the trials of each family, the best family first."""
    return sorted(
        (_sum_up(name, search.trials) for name in {trial.family for trial in search.trials}),
        key=lambda family: (family.best is None, family.best, family.name),
    )


def _sum_up(name: str, trials: Iterable[TrialRecord]) -> FamilyTried:
    own = [trial for trial in trials if trial.family == name]
    done = [trial for trial in own if trial.state == "complete"]
    return FamilyTried(
        name=name,
        trials=len(own),
        complete=len(done),
        best=min((trial.loss for trial in done if trial.loss is not None), default=None),
        seconds=sum(trial.seconds for trial in own),
    )


def best_trials(search: SearchRecord, most: int = TRIALS) -> Excerpt[TrialRecord]:
    """Take the trials with the lowest loss, in their own order; complete ones first."""
    ranked = sorted(
        search.trials,
        key=lambda trial: (
            trial.state != "complete",
            trial.loss if trial.loss is not None else float("inf"),
        ),
    )
    kept = first(ranked, most)
    return Excerpt(sorted(kept.shown, key=lambda trial: trial.number), kept.left)


def slices_found(evaluation: Evaluation) -> dict[str, list[Slice]]:
    """Gather the slices the search found by metric, the primary one first.

    Of each metric those that are not chance come first, then those of the widest gap.
    """
    found = [part for part in evaluation.slices if part.kind == "found"]
    found.sort(key=lambda part: (not is_worse(part), -(part.gap or 0.0)))
    gathered: dict[str, list[Slice]] = {}
    for part in sorted(found, key=lambda part: part.metric != evaluation.primary):
        gathered.setdefault(part.metric, []).append(part)
    return gathered


def groups(evaluation: Evaluation) -> dict[tuple[str, str], list[Slice]]:
    """Gather the declared groups by column and metric."""
    gathered: dict[tuple[str, str], list[Slice]] = {}
    for part in evaluation.slices:
        if part.kind == "group":
            gathered.setdefault((part.column, part.metric), []).append(part)
    return gathered


def fairness_by_column(evaluation: Evaluation) -> dict[str, list[Fairness]]:
    """Gather fairness figures by the column whose groups they compare."""
    gathered: dict[str, list[Fairness]] = {}
    for fair in evaluation.fairness:
        gathered.setdefault(fair.column, []).append(fair)
    return gathered


def curves_named(evaluation: Evaluation, name: str, most: int = 6) -> Excerpt[Curve]:
    """Take the curves of one kind; of many classes the first."""
    return first((curve for curve in evaluation.curves if curve.name == name), most)


def confusion_of(confusion: Confusion, most: int = CLASSES) -> tuple[Confusion, int]:
    """Take the largest classes of a confusion, and count the classes left out."""
    rows = [sum(line) for line in confusion.counts]
    largest = sorted(range(len(rows)), key=lambda at: -rows[at])[:most]
    kept = sorted(largest)
    return Confusion(
        classes=tuple(confusion.classes[at] for at in kept),
        counts=tuple(tuple(confusion.counts[at][to] for to in kept) for at in kept),
    ), len(confusion.classes) - len(kept)


def best_comparison(evaluation: Evaluation) -> Comparison | None:
    """Choose the comparison to lead with: the champion's, else the hardest baseline's."""
    for found in (evaluation.champion, evaluation.baselines):
        primary = [one for one in found if one.metric == evaluation.primary]
        if primary:
            return min(primary, key=lambda one: one.gain)
    return None
