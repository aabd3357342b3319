"""Which shifts matter: an effect of the declared size that chance cannot explain."""

from collections.abc import Iterator

from lifecycle.evaluation.gates.wording import figure
from lifecycle.monitoring.declaration import Drift
from lifecycle.monitoring.drift.shifts import FEWEST
from lifecycle.monitoring.drift.testing import change_highest, share_highest
from lifecycle.monitoring.evidence import Shift
from lifecycle.monitoring.review import Cause, Finding
from lifecycle.verdict import Outcome, Verdict

_SURE = 0.001
_HALF = 0.5
"""Of the limit: less than that was found is not called a shift, whatever the bound allows."""

_DISTANCES = {"number": "Kolmogorov-Smirnov distance", "category": "total variation"}

_NAMES = {"input": '"{}"', "label": 'the label "{}"', "prediction": 'its answers\' "{}"'}

_TRAINING = "the training rows"

_OWN_TEST = "the version's own test rows"
"""What its answers are compared with: on rows it has learnt from they would flatter it."""


def judge_shifts(shifts: tuple[Shift, ...], drift: Drift, *, rows: int) -> tuple[Finding, ...]:
    """Hold every shift of a window against what is declared to matter.

    A change fails when both hold:

    - chance does not explain it: its probability, corrected for all tests of the window by
      Benjamini and Hochberg, is at most `drift.false_discoveries`. That alone keeps windows in
      which nothing has moved quiet, at most that share of them raises any alarm;
    - it matters: a change of the declared size is not ruled out (its upper bound, one-sided 95 %,
      reaches the limit) and at least half of the limit was found.

    So a change of just the declared size is found in 95 of 100 windows that are large enough for
    the first, although the estimate is below the limit in half of them, and one of half that size
    is called none once the window is large. Where it is known how far stretches of the training
    rows are from one another, the limit is at least that, and the estimate itself has to reach it:
    what a column always does is no news.

    With fewer rows than `drift.rows` there is one finding, and it is unknown. The drift of a column
    is unknown if fewer rows than that have a value in it and they leave a shift of the declared
    size open. A column that is gone or new has no further findings.

    Parameters
    ----------
    rows
        Of the window.

    Returns
    -------
    tuple
        For each column, of what was there to be looked at: `drift NAME` (the distance),
        `missing NAME`, `unseen NAME`, `range NAME`; or `gone NAME`, or `new NAME`.
    """
    if rows < drift.rows:
        reason = (
            f"The window has {rows:,} row{'' if rows == 1 else 's'}; below {drift.rows:,} "
            "(`monitoring.drift.rows`) a shift cannot be told from chance. Wait for more, or "
            "declare a longer `monitoring.window`."
            if rows
            else "Nobody asked anything in this window, so there is nothing to compare."
        )
        return (Finding(cause=Cause.DATA, verdict=_unknown("drift", reason)),)
    return tuple(
        Finding(cause=_cause(shift), verdict=verdict)
        for shift in shifts
        for verdict in _judge(shift, drift)
    )


def _known(shift: Shift) -> int:
    return round(shift.rows * (1 - shift.missing))


def _cause(shift: Shift) -> Cause:
    return Cause.PREDICTION if shift.subject == "prediction" else Cause.DATA


def _judge(shift: Shift, drift: Drift) -> Iterator[Verdict]:
    if shift.is_new:
        yield _new(shift)
    elif shift.is_gone:
        yield _gone(shift)
    else:
        if (verdict := _distance(shift, drift)) is not None:
            yield verdict
        if shift.missing_p is not None and shift.rows >= drift.rows:
            yield _missing(shift, drift)
        if shift.unseen is not None:
            yield _unseen(shift, drift)
        if shift.outside is not None:
            yield _range(shift, drift)


def _new(shift: Shift) -> Verdict:
    return Verdict(
        rule=f"new {shift.column}",
        outcome=Outcome.WARN,
        reason=f'The window has a column "{shift.column}" that the training rows did not have; it '
        "is not compared.",
    )


def _gone(shift: Shift) -> Verdict:
    return Verdict(
        rule=f"gone {shift.column}",
        outcome=Outcome.FAIL,
        measured=1.0,
        limit=shift.missing_before,
        reason=f'"{shift.column}" has no value in any of {shift.rows:,} rows; in training '
        f"{_percent(shift.missing_before)} of the rows had none. Look at where it comes from.",
    )


def _distance(shift: Shift, drift: Drift) -> Verdict | None:
    rule = f"drift {shift.column}"
    allowed = max(shift.limit, shift.usual or 0.0)
    if shift.distance is None or shift.highest is None or shift.adjusted is None:
        return _not_compared(rule, shift, drift)
    is_credible = shift.adjusted <= drift.false_discoveries
    least = max(_HALF * shift.limit, shift.usual or 0.0)
    matters = shift.highest >= allowed and shift.distance >= least
    is_open = shift.highest >= allowed and not (is_credible and matters)
    if is_open and _known(shift) < drift.rows:
        return _not_compared(rule, shift, drift)
    if is_credible and matters:
        tail = (
            f"at least {figure(allowed)} matters{_usually(shift)}, and chance does not explain it "
            f"({_chance(shift.adjusted)}). Look at what has changed in it; retrain if it lasts."
        )
    elif not is_credible:
        tail = f"chance explains that ({_chance(shift.adjusted)})."
    elif shift.highest < allowed:
        tail = f"less than the {figure(allowed)} that matters{_usually(shift)}."
    else:
        tail = f"too little to be called a shift of {figure(allowed)}{_usually(shift)}."
    return Verdict(
        rule=rule,
        outcome=Outcome.FAIL if is_credible and matters else Outcome.PASS,
        measured=shift.distance,
        limit=allowed,
        reason=f"{_moved(shift)}: {tail}",
    )


def _moved(shift: Shift) -> str:
    groups = f", in {shift.cells:,} groups of values" if shift.cells else ""
    return (
        f"{_name(shift)} moved by {figure(shift.distance or 0.0)} from {_reference(shift)}, at "
        f"most {figure(shift.highest or 0.0)} ({_DISTANCES[shift.kind]} of {_known(shift):,} "
        f"values{groups}; bound of 95 %)"
    )


def _name(shift: Shift) -> str:
    """Begin a sentence with a column: inputs by their name alone."""
    name = _NAMES[shift.subject].format(shift.column)
    has = "have" if shift.subject == "prediction" else "has"
    return f"{name[0].upper()}{name[1:]} {has}"


def _reference(shift: Shift) -> str:
    return _OWN_TEST if shift.subject == "prediction" else _TRAINING


def _usually(shift: Shift) -> str:
    if shift.usual is None or shift.usual < shift.limit:
        return ""
    return " (within the training rows it moves that far by itself)"


def _not_compared(rule: str, shift: Shift, drift: Drift) -> Verdict | None:
    known = _known(shift)
    before = round(shift.rows_before * (1 - shift.missing_before))
    if known < drift.rows:
        why = f"{known:,} of {shift.rows:,} rows have a value, and at least {drift.rows:,} have to"
    else:
        why = f"{before:,} training rows have a value, and at least {FEWEST} have to"
    if not (known and before) or (shift.distance is None and min(known, before) >= FEWEST):
        # there is nothing on one side, which `missing` tells; or only values too rare to be
        # compared, and what can be said of those is told by `unseen`
        return None
    reason = (
        f'Whether "{shift.column}" has moved cannot be told: {why}. Declare a longer '
        "`monitoring.window`, or name it in `monitoring.drift.ignore`."
    )
    return _unknown(rule, reason, limit=max(shift.limit, shift.usual or 0.0))


def _missing(shift: Shift, drift: Drift) -> Verdict:
    change = abs(shift.missing - shift.missing_before)
    highest = change_highest(
        shift.missing_before, shift.missing, rows_then=shift.rows_before, rows_now=shift.rows
    )
    told = (
        f'"{shift.column}" has no value in {_percent(shift.missing)} of {shift.rows:,} rows; in '
        f"training it was {_percent(shift.missing_before)}"
    )
    return _share(
        f"missing {shift.column}",
        told,
        change,
        highest,
        shift.missing_p,
        drift.missing,
        drift,
        what="a change of",
        usual=shift.missing_usual or 0.0,
    )


def _unseen(shift: Shift, drift: Drift) -> Verdict:
    share, known = shift.unseen or 0.0, _known(shift)
    where = "in training" if _reference(shift) == _TRAINING else f"on {_OWN_TEST}"
    name = _NAMES[shift.subject].format(shift.column)
    told = f"{_percent(share)} of {known:,} values of {name} were never seen {where}"
    if shift.unseen_most is not None and shift.unseen_most > share:
        told = (
            f'At least {_percent(share)} of {known:,} values of "{shift.column}" are new since '
            f"training; of {_percent(shift.unseen_most - share)} that are rare there that cannot "
            "be told"
        )
    highest = share_highest(round(share * known), known)
    return _share(
        f"unseen {shift.column}", told, share, highest, shift.unseen_p, drift.unseen, drift
    )


def _range(shift: Shift, drift: Drift) -> Verdict:
    share, known = shift.outside or 0.0, _known(shift)
    name = _NAMES[shift.subject].format(shift.column)
    told = f"{_percent(share)} of {known:,} values of {name} are beyond the range of "
    told += _reference(shift)
    highest = share_highest(round(share * known), known)
    return _share(
        f"range {shift.column}", told, share, highest, shift.outside_p, drift.outside, drift
    )


def _share(
    rule: str,
    told: str,
    measured: float,
    highest: float,
    adjusted: float | None,
    limit: float,
    drift: Drift,
    *,
    what: str = "",
    usual: float = 0.0,
) -> Verdict:
    """Judge a share as a distance is judged."""
    custom = " (within the training rows it changes that much by itself)" if usual > limit else ""
    least, limit = max(_HALF * limit, usual), max(limit, usual)
    is_credible = adjusted is not None and adjusted <= drift.false_discoveries
    matters = highest >= limit and measured >= least
    chance = "" if adjusted is None else f" ({_chance(adjusted)})"
    size = f"{what} {_percent(limit)}".strip()
    if is_credible and matters:
        tail = (
            f"{size} matters{custom}, at most {_percent(highest)} is credible, and chance does not "
        )
        tail += f"explain it{chance}. Look at what has changed in it; retrain if it lasts."
    elif is_credible or not measured:
        tail = f"{size} would matter{custom}."
    else:
        tail = f"{size} would matter{custom}, and chance explains what was found{chance}."
    return Verdict(
        rule=rule,
        outcome=Outcome.FAIL if is_credible and matters else Outcome.PASS,
        measured=measured,
        limit=limit,
        reason=f"{told}: {tail}",
    )


def _chance(adjusted: float) -> str:
    told = "p < 0.001" if adjusted < _SURE else f"p = {figure(adjusted)}"
    return f"{told}, corrected for all columns"


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def _unknown(rule: str, reason: str, limit: float | None = None) -> Verdict:
    return Verdict(rule=rule, outcome=Outcome.UNKNOWN, limit=limit, reason=reason)
