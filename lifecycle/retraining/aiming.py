"""Which rows a successor learns from, and which are held out to judge it by."""

from datetime import UTC, datetime, timedelta

from lifecycle.data.declaration import Data, Split, TimeSplit, Window
from lifecycle.errors import ProjectError, Refused
from lifecycle.retraining.decision import WindowChoice
from lifecycle.retraining.declaration import Retraining
from lifecycle.retraining.origin import read_moment
from lifecycle.retraining.windows import WindowLength, read_window, tell_window, windows_of
from lifecycle.retraining.words import tell_length, tell_moment
from lifecycle.section import Value
from lifecycle.verdict import Outcome, Verdict


class Aim(Value):
    """What the steps of training are handed in place of what is declared.

    Parameters
    ----------
    data
        As declared, with the window the rows are taken from.
    split
        By time: with the first moment that is test. By hash: as declared, so that each row
        stays on its side for ever.
    choice
        The same in words and moments.
    """

    data: Data
    split: Split
    choice: WindowChoice


def aim(
    data: Data,
    split: Split,
    policy: Retraining,
    *,
    as_of: datetime,
    seen_until: datetime | None = None,
    first: datetime | None = None,
    window: WindowLength | None = None,
) -> Aim:
    """Choose the rows to train and to test on.

    All rows end where the label of the next could not be known: `label.arrives_after` before
    `as_of`. Where rows are held out by time, the newest `retraining.test` of them are test, and
    what is trained on ends there; a window of 90 days is the 90 days before. Where they are held
    out by the hash of a key or group, a window ends with the rows, and `retraining.test` says
    nothing: a row that was test for the champion is test for its successor.

    Parameters
    ----------
    seen_until
        Neither the champion nor the standing challenger has learnt from a later row.
    first
        The earliest row there is; what a share is a share of where `data.window.from` is open.
    window
        By default the declared one. Of `evidence` it is the longest of those to choose from.

    Raises
    ------
    Refused
        If the rows to be held out are not all later than those already learnt from, or none
        are left to train on.
    ProjectError
        If the window or the share cannot be told without a time column or a first row.
    """
    window = _longest(policy) if window is None else window
    if data.time is None:
        return _without_time(data, split, window, as_of=_as_utc(as_of))
    end = _as_utc(as_of) - (data.label.arrives_after or timedelta(0))
    declared = data.window.start
    earliest = read_moment(declared) if declared is not None else None
    if isinstance(split, TimeSplit):
        test_from = _find_test(policy, window, end=end, first=earliest or _or_none(first))
        _require_unseen(test_from, policy, data, end=end, seen_until=_or_none(seen_until))
        start, last = _begin(window, test_from, earliest), test_from
        held: Split = TimeSplit(by="time", start=test_from)
    else:
        start, last, test_from, held = _begin(window, end, earliest), end, None, split
    _require_rows(start, last, window)
    chosen = data.model_copy(update={"window": Window(start=start, end=end)})
    choice = WindowChoice(
        window=tell_window(window),
        start=start,
        end=end,
        test_from=test_from,
        reason=_tell(window, start, end, test_from, data, split),
    )
    return Aim(data=chosen, split=held, choice=choice)


def find_room(
    data: Data,
    split: Split,
    policy: Retraining,
    *,
    as_of: datetime,
    seen_until: datetime | None = None,
    first: datetime | None = None,
) -> Verdict:
    """Say whether there are rows to hold out that nobody has learnt from.

    The same as what `aim` would say, as one of the checks of a decision.
    """
    try:
        found = aim(data, split, policy, as_of=as_of, seen_until=seen_until, first=first).choice
    except (Refused, ProjectError) as error:
        return Verdict(rule="rows", outcome=Outcome.FAIL, reason=str(error))
    return Verdict(rule="rows", outcome=Outcome.PASS, reason=found.reason)


def with_window(found: Aim, chosen: WindowChoice, policy: Retraining, *, declared: Data) -> Aim:
    """Narrow an aim to the window evidence has chosen; what is held out stays what it was.

    Parameters
    ----------
    found
        Of the longest window.
    declared
        The project's `data`, whose window may begin later than the chosen one.
    """
    window = read_window(chosen.window, policy)
    end, test_from = found.choice.end, found.choice.test_from
    first = declared.window.start
    start = _begin(window, test_from or end, None if first is None else read_moment(first))
    told = _tell(window, start, end, test_from, declared, found.split)
    choice = found.choice.model_copy(
        update={
            "window": chosen.window,
            "start": start,
            "reason": f"{chosen.reason} {told}".strip(),
            "trials": chosen.trials,
        }
    )
    data = found.data.model_copy(update={"window": Window(start=start, end=end)})
    return Aim(data=data, split=found.split, choice=choice)


def _longest(policy: Retraining) -> WindowLength:
    if policy.window == "evidence":
        return windows_of(policy)[0]
    return policy.window


def _without_time(data: Data, split: Split, window: WindowLength, *, as_of: datetime) -> Aim:
    if window != "all":
        raise ProjectError(
            f"retraining.window is {tell_window(window)}, and the rows have no time to tell the "
            "last of them by. Declare data.time, or retraining.window: all."
        )
    if isinstance(split, TimeSplit):
        raise ProjectError("A split by time needs data.time: name the column that holds it.")
    reason = "All rows there are: they have no time, so nothing tells the newer ones."
    choice = WindowChoice(window="all", start=None, end=as_of, test_from=None, reason=reason)
    return Aim(data=data, split=split, choice=choice)


def _find_test(
    policy: Retraining, window: WindowLength, *, end: datetime, first: datetime | None
) -> datetime:
    """Find where test begins: the newest stretch of the declared length or share."""
    if isinstance(policy.test, timedelta):
        return end - policy.test
    if isinstance(window, timedelta):  # the window is what is trained on: the rest of the rows
        return end - window * (policy.test / (1 - policy.test))
    if first is None:
        raise ProjectError(
            f"retraining.test is {policy.test:.0%} of all rows, and where they begin is not "
            "known. Declare data.window.from, or a length such as retraining.test: 14d."
        )
    return end - (end - first) * policy.test


def _require_unseen(
    test_from: datetime,
    policy: Retraining,
    data: Data,
    *,
    end: datetime,
    seen_until: datetime | None,
) -> None:
    if seen_until is None or test_from > seen_until:
        return
    late = data.label.arrives_after or timedelta(0)
    length = end - test_from
    ready = seen_until + length + late
    after = f", and a label is known {tell_length(late)} after its row" if late else ""
    raise Refused(
        f"There are no rows to judge by that neither version has learnt from: the newest "
        f"{tell_length(length)} begin {tell_moment(test_from)}, and what stands has learnt from "
        f"rows until {tell_moment(seen_until)}{after}. There will be after {tell_moment(ready)}; "
        f"or declare a shorter retraining.test than {_tell_test(policy)}."
    )


def _tell_test(policy: Retraining) -> str:
    if isinstance(policy.test, timedelta):
        return tell_window(policy.test)
    return f"{policy.test:.0%}"


def _begin(window: WindowLength, last: datetime, earliest: datetime | None) -> datetime | None:
    if isinstance(window, str):
        return earliest
    return last - window if earliest is None else max(last - window, earliest)


def _require_rows(start: datetime | None, last: datetime, window: WindowLength) -> None:
    if start is not None and start >= last:
        raise Refused(
            f"There are no rows to train on: the window {tell_window(window)} begins "
            f"{tell_moment(start)}, and training has to end {tell_moment(last)}. Wait for more "
            "rows, or declare an earlier data.window.from or a shorter retraining.test."
        )


def _tell(
    window: WindowLength,
    start: datetime | None,
    end: datetime,
    test_from: datetime | None,
    data: Data,
    split: Split,
) -> str:
    since = f"from {tell_moment(start)}" if start is not None else "from the first there is"
    late = data.label.arrives_after
    known = f", as labels are known {tell_length(late)} after their rows" if late else ""
    if test_from is None:
        side = "group" if split.by == "group" else "key"
        return (
            f"Rows {since} to {tell_moment(end)}{known}; test by the hash of their {side}, as ever."
        )
    short = isinstance(window, timedelta) and start is not None and test_from - start < window
    only = f" ({tell_window(window)} reach further back than data.window.from)" if short else ""
    return (
        f"Trained on rows {since} to {tell_moment(test_from)}{only}, tested on those from there "
        f"to {tell_moment(end)}{known}."
    )


def _as_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _or_none(moment: datetime | None) -> datetime | None:
    return None if moment is None else _as_utc(moment)
