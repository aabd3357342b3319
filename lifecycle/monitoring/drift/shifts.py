"""How far every column of a window has moved from the training rows."""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass

from lifecycle.monitoring.declaration import Drift
from lifecycle.monitoring.drift import testing
from lifecycle.monitoring.drift.comparing import Comparison, compare
from lifecycle.monitoring.drift.discoveries import adjust
from lifecycle.monitoring.evidence import Shift
from lifecycle.monitoring.summary import Summaries, Summary

FEWEST = 30
"""With fewer known values on either side a column is not compared."""


_NOTHING = Comparison()


@dataclass(frozen=True)
class _Look:
    """One column and what was seen of it, with the probabilities as they are."""

    then: Summary | None
    now: Summary | None
    rows: int
    found: Comparison = _NOTHING
    missing_p: float | None = None

    @property
    def column(self) -> Summary:
        """The column as it was, or as it is where it is new."""
        column = self.then or self.now
        assert column is not None
        return column

    @property
    def tests(self) -> dict[str, float]:
        """What is to be corrected together with all other columns."""
        named = {
            "distance": self.found.p_value,
            "missing": self.missing_p,
            "unseen": self.found.unseen_p,
            "outside": self.found.outside_p,
        }
        return {test: p for test, p in named.items() if p is not None}


def find_shifts(
    then: Summaries, now: Summaries, drift: Drift, *, usual: Mapping[str, float] | None = None
) -> tuple[Shift, ...]:
    """Compare the columns of a window with those of the training rows.

    In the order of the reference, columns that it does not know last. A window without any column
    gives none; of a subject that the window has no column of, such as labels that have not come
    yet, nothing is said. All probabilities of a window are corrected together.

    They are right for rows drawn one by one. Rows of one stormy day resemble one another, so by
    chance alone a day differs from a year by more than they say: with many rows almost every
    shift is "significant". What guards against calling all of them drift are the declared size,
    which does not shrink with the number of rows, and what is `usual`.

    Parameters
    ----------
    then
        Of the training rows: many, but not taken for the truth.
    now
        Of the window, counted at the edges and the values of `then`.
    usual
        By name, for inputs and labels, what `lifecycle.monitoring.drift.usual` found: of the
        distance, and (by `missing_key`) of the change of the missing share.

    Raises
    ------
    DataError
        If a column was not counted alike on both sides.
    """
    looks = list(_look_at_all(then, now, drift))
    names = {column.name for column in then.columns}
    raw = {(place, test): p for place, look in enumerate(looks) for test, p in look.tests.items()}
    adjusted = adjust(raw)
    return tuple(
        _shift(
            look,
            {test: adjusted[place, test] for test in look.tests},
            drift,
            _usual(look.column, usual or {}, names),
        )
        for place, look in enumerate(looks)
    )


def missing_key(name: str) -> str:
    """Name a column's missing share among what is usual; a column of that name goes before it.

    Examples
    --------
    >>> missing_key("temp")
    'missing temp'
    """
    return f"missing {name}"


def limit_of(column: Summary, drift: Drift) -> float:
    """Give the smallest distance of a column that matters."""
    if column.subject == "prediction":
        return drift.prediction
    return drift.columns.get(column.name, drift.shift)


def _look_at_all(then: Summaries, now: Summaries, drift: Drift) -> Iterator[_Look]:
    before = {(column.subject, column.name): column for column in then.columns}
    after = {(column.subject, column.name): column for column in now.columns}
    rows = {subject: 0 for subject, _ in after}
    for (subject, _), column in after.items():
        rows[subject] = max(rows[subject], column.rows)
    for key in [*before, *(key for key in after if key not in before)]:
        subject, name = key
        if subject not in rows or (subject != "prediction" and name in drift.ignore):
            continue
        yield _look(before.get(key), after.get(key), rows[subject])


def _look(then: Summary | None, now: Summary | None, rows: int) -> _Look:
    if then is None or (now is not None and not (then.rows and now.rows)):
        return _Look(then, now, rows)
    without, known = (rows, 0) if now is None else (now.missing, now.known)
    rows = rows if now is None else now.rows
    missing_p = None
    if rows and then.rows and (then.missing or without):
        missing_p = testing.proportions_p(then.missing, without, rows_then=then.rows, rows_now=rows)
    if now is None or min(known, then.known) < FEWEST:
        return _Look(then, now, rows, missing_p=missing_p)
    return _Look(then, now, rows, compare(then, now), missing_p)


def _shift(
    look: _Look,
    adjusted: Mapping[str, float],
    drift: Drift,
    usual: tuple[float | None, float | None],
) -> Shift:
    column, then, now, found = look.column, look.then, look.now, look.found
    missing_p = adjusted.get("missing")
    distance, change = usual
    before = _share_missing(then)
    has_none = then is not None and look.rows >= drift.rows and (now is None or not now.known)
    is_news = missing_p is not None and missing_p <= drift.false_discoveries
    is_unusual = change is None or 1 - before > change
    return Shift(
        column=column.name,
        subject=column.subject,
        kind=column.kind,
        rows=look.rows,
        distance=found.distance,
        highest=found.highest,
        p_value=found.p_value,
        adjusted=adjusted.get("distance"),
        limit=limit_of(column, drift),
        usual=distance,
        figures=found.figures,
        missing=_share_missing(now) if now is not None else float(look.rows > 0),
        missing_before=before,
        missing_p=missing_p,
        unseen=found.unseen,
        outside=found.outside,
        is_gone=has_none and is_news and is_unusual,
        missing_usual=change,
        rows_before=0 if then is None else then.rows,
        unseen_most=found.unseen_most,
        unseen_p=adjusted.get("unseen"),
        outside_p=adjusted.get("outside"),
        cells=found.cells,
        is_new=then is None,
    )


def _usual(
    column: Summary, usual: Mapping[str, float], names: Container[str]
) -> tuple[float | None, float | None]:
    """Give what is usual of a column's distance, and of the change of its missing share."""
    if column.subject == "prediction":
        return None, None
    key = missing_key(column.name)
    return usual.get(column.name), None if key in names else usual.get(key)


def _share_missing(column: Summary | None) -> float:
    return column.missing / column.rows if column is not None and column.rows else 0.0
