"""Which columns a page shows, the worst first, and how each of them has come to this."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from adapters.report.monitoring.telling import GRAVEST, worst
from adapters.report.monitoring.timeline import Slot, told
from lifecycle.governance import figures
from lifecycle.monitoring.evidence import Shift
from lifecycle.monitoring.review import Cause, Review
from lifecycle.monitoring.summary import Subject, Summary
from lifecycle.verdict import Outcome

Key = tuple[Subject, str]


_NAMED_AFTER = ("jensen_shannon", "hellinger", "wasserstein", "kullback_leibler")


def distance_title(name: str) -> str:
    """Write the name of a distance as the field does.

    Examples
    --------
    >>> distance_title("jensen_shannon"), distance_title("population_stability_index")
    ('Jensen-Shannon', 'population stability index')
    """
    if name in _NAMED_AFTER:
        return "-".join(part.capitalize() for part in name.split("_"))
    return name.replace("_", " ")


@dataclass(frozen=True)
class Cell:
    """One column in one window.

    Parameters
    ----------
    outcome
        `None` where it was not looked at.
    part
        The distance as a share of its limit, at most 1; `None` where it has none.
    told
        What whoever points at it reads.
    """

    outcome: Outcome | None
    part: float | None
    told: str


@dataclass(frozen=True)
class Column:
    """One column of the window, with its windows before and both of its distributions.

    `outcome` is the gravest of its rules; `None` where none was asked, as of one nobody has to
    hear of.
    """

    shift: Shift
    outcome: Outcome | None
    cells: tuple[Cell, ...]
    then: Summary | None
    now: Summary | None

    @property
    def tone(self) -> str:
        """The name of its colour."""
        return self.outcome.value if self.outcome else "none"

    @property
    def mark(self) -> str:
        """The sign of its outcome."""
        return figures.MARKS[self.outcome] if self.outcome else figures.NOTHING

    @property
    def word(self) -> str:
        """Its outcome in a word."""
        return self.outcome.value if self.outcome else "not judged"


def columns_of(review: Review, slots: Sequence[Slot]) -> list[Column]:
    """Order the columns of a window: what fails, what is unknown, then how far each has moved."""
    by_slot = [_shifts(slot.review) for slot in slots]
    judged = [_outcomes(slot.review) for slot in slots]
    own = _outcomes(review)
    found = [
        Column(
            shift=shift,
            outcome=_outcome(shift, own),
            cells=tuple(
                _cell(slot, shifts.get(_key(shift)), outcomes)
                for slot, shifts, outcomes in zip(slots, by_slot, judged, strict=True)
            ),
            then=review.then.find(shift.column, shift.subject),
            now=review.now.find(shift.column, shift.subject),
        )
        for shift in review.shifts
    ]
    return sorted(found, key=_how_bad)


def _key(shift: Shift) -> Key:
    return shift.subject, shift.column


def _shifts(review: Review | None) -> dict[Key, Shift]:
    return {_key(shift): shift for shift in review.shifts} if review else {}


Judged = dict[tuple[Cause, str], Outcome]


def _outcomes(review: Review | None) -> Judged:
    """Gather what the rules say of each column: their names are what was asked and the column.

    A rule without a column, `drift`, speaks of all that no other speaks of.
    """
    gathered: dict[tuple[Cause, str], list[Outcome]] = {}
    for found in review.findings if review else ():
        if found.cause in (Cause.DATA, Cause.PREDICTION):
            name = found.verdict.rule.partition(" ")[2]
            gathered.setdefault((found.cause, name), []).append(found.verdict.outcome)
    return {key: worst(outcomes) or Outcome.UNKNOWN for key, outcomes in gathered.items()}


def _outcome(shift: Shift, judged: Judged) -> Outcome | None:
    cause = Cause.PREDICTION if shift.subject == "prediction" else Cause.DATA
    return judged.get((cause, shift.column), judged.get((Cause.DATA, "")))


def _cell(slot: Slot, shift: Shift | None, judged: Judged) -> Cell:
    if shift is None:
        return Cell(None, None, f"{told(slot)}: not looked at")
    outcome = _outcome(shift, judged)
    part = None if shift.distance is None else min(shift.distance / shift.limit, 1.0)
    return Cell(outcome, part, f"{told(slot)}: {_in_words(shift, outcome)}")


def _in_words(shift: Shift, outcome: Outcome | None) -> str:
    if shift.is_gone:
        return "the column was gone"
    if shift.is_new:
        return "the training rows had no such column"
    if shift.distance is None:
        return f"unknown, from {figures.plural(shift.rows, 'row')}"
    missing = f", {figures.share(shift.missing)} missing" if shift.missing else ""
    distance = figures.number(shift.distance, 3)
    said = outcome.value if outcome else "not judged"
    return f"distance {distance}, limit {figures.number(shift.limit)}{missing} ({said})"


def _how_bad(column: Column) -> tuple[int, float, float]:
    shift = column.shift
    rank = GRAVEST.index(column.outcome) if column.outcome else len(GRAVEST)
    distance = -1.0 if shift.distance is None else shift.distance / shift.limit
    return rank, -(2.0 if shift.is_gone else distance), -abs(shift.missing - shift.missing_before)


def unlike_before(columns: Iterable[Column], *, least: float = 0.005) -> list[Column]:
    """Take the columns whose missing share is not what it was, the largest change first."""
    some = [
        column
        for column in columns
        if abs(column.shift.missing - column.shift.missing_before) >= least
    ]
    return sorted(some, key=lambda found: -abs(found.shift.missing - found.shift.missing_before))
