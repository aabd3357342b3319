"""The profiles of spans, from the store where they are there and from the log where not."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from adapters.profiles.log import Profiled, profile_log
from adapters.profiles.store import DamagedProfileError, Kept, Store
from lifecycle.errors import DataError
from lifecycle.monitoring.span import Span
from lifecycle.serving.contract import Contract

LATE = timedelta(hours=1)
"""How much later than its `at` a line may be written: far longer than any request takes."""

AT_ONCE = 64
"""Spans made in one pass over the log: more would take more memory, and be lost by a kill."""

Make = Callable[[Sequence[Span]], Profiled]


def fill(
    store: Store,
    folder: Path,
    contract: Contract,
    spans: Sequence[Span],
    *,
    version: str,
    now: datetime,
    processes: int = 1,
    make: Make | None = None,
) -> Profiled:
    """Give the profiles of a version's predictions, making and storing those that are not there.

    A profile that was made less than `LATE` after its span is made anew: events of it may have
    come since. So is one that is damaged, and that is told. Either takes the place of
    the old one as a whole, so that no event is ever counted twice.

    Parameters
    ----------
    folder
        The folder of all events.
    spans
        In the order of their starts; they must not overlap.
    make
        Another way to profile the log, such as a cluster's.

    Returns
    -------
    Profiled
        As of `profile_log`; what is torn or unread is that of the files read now.

    Raises
    ------
    DataError
        If a damaged profile cannot be made anew, because the log has fewer events of the span
        than were profiled.
    """
    make = make or partial(profile_log, folder, contract, version=version, processes=processes)
    known = {span: _known(store, version, span) for span in spans}
    told = tuple(kept for kept in known.values() if isinstance(kept, str))
    profiles = {span: kept.profile for span, kept in known.items() if isinstance(kept, Kept)}
    rows = {span: kept.rows for span, kept in known.items() if isinstance(kept, Kept)}
    torn, unread = 0, Counter[str]()
    for some in _some([span for span in spans if span not in profiles]):
        made = make(some)
        for span in some:
            _require_all(store, version, span, made.rows[span])
            store.put(
                version, "predictions", span, made.profiles[span],
                rows=made.rows[span], settled=now >= span.end + LATE,
            )  # fmt: skip
        profiles, rows = {**profiles, **made.profiles}, {**rows, **made.rows}
        torn, unread = torn + made.torn, unread + Counter(made.unread)
    in_order = {span: profiles[span] for span in spans}
    return Profiled(in_order, {span: rows[span] for span in spans}, torn, dict(unread), told)


def _known(store: Store, version: str, span: Span) -> Kept | str | None:
    """Give a stored profile that still holds, or what is wrong with it."""
    try:
        kept = store.kept(version, "predictions", span)
    except DamagedProfileError as error:
        return f"{error} It was made anew."
    return kept if kept is not None and kept.settled else None


def _require_all(store: Store, version: str, span: Span, rows: int) -> None:
    before = store.rows(version, "predictions", span)
    if before is not None and rows < before:
        raise DataError(
            f"The profile of version {version}, {span}, was made of {before:,} predictions and "
            f"cannot be made anew: the event log has only {rows:,} of them left. Restore either "
            "from a backup, or delete the profile."
        )


def _some(spans: Sequence[Span]) -> Iterator[Sequence[Span]]:
    for start in range(0, len(spans), AT_ONCE):
        yield spans[start : start + AT_ONCE]
