"""What may be a reason to train a successor, and whether it is one now."""

from datetime import timedelta
from typing import Literal, NamedTuple

from lifecycle.monitoring.review import Cause
from lifecycle.retraining.decision import Decision, Reason
from lifecycle.retraining.declaration import Retraining
from lifecycle.retraining.situation import CAUSES, Champion, Looked, Situation
from lifecycle.retraining.words import tell_all, tell_count, tell_length, tell_moment
from lifecycle.verdict import Outcome, Verdict

Kind = Literal["drift", "concept"]


class Asked(NamedTuple):
    """What was said of one possible reason.

    `verdict` passes where it is one; `is_answered` where it would be, had a retraining not
    answered the very same evidence before.
    """

    verdict: Verdict
    reason: Reason | None = None
    is_answered: bool = False


def ask_triggers(situation: Situation, champion: Champion, policy: Retraining) -> tuple[Asked, ...]:
    """Ask every declared reason, each once and in the order of the declaration."""
    asked = []
    for trigger in dict.fromkeys(policy.when):
        if trigger == "schedule":
            asked.append(_ask_schedule(situation, champion, policy.every))
        elif trigger == "new_data":
            asked.append(_ask_new_data(situation, policy.new_rows))
        else:
            asked.append(_ask_windows(trigger, situation, champion, policy.after))
    return tuple(asked)


def _ask_windows(kind: Kind, situation: Situation, champion: Champion, after: int) -> Asked:
    """Find drift or concept drift in the newest windows that could be judged.

    A window without an answer is passed over: it neither makes a reason nor ends the run of
    windows of one that was found. Labels come late, so the newest window often has no answer.
    """
    seen = [one for one in situation.windows if _is_since(one, champion)]
    told = {one.span: one.outcome(CAUSES[kind]) for one in seen}
    known = [one for one in seen if told[one.span] not in (None, Outcome.UNKNOWN)]
    if not known:
        return Asked(_unknown(kind, _tell_nothing_known(kind, champion, len(seen))))
    run = _newest_run(known, kind)
    later = sum(one.span.start > known[-1].span.start for one in seen)
    if not run:
        return Asked(_tell_none(kind, known[-1], later))
    measured = f"{tell_count(len(run), 'window')} running"
    limit = f"{tell_count(after, 'window')} running"
    if len(run) < after:
        text = f"{_tell_run(kind, run)} {tell_count(after, 'window')} running are asked for."
        return Asked(_verdict(kind, Outcome.FAIL, text, measured, limit))
    before = _answered_by(kind, run[-1], situation, champion)
    if before is not None:
        text = (
            f"{_tell_run(kind, run)} Retraining {before.number} was the answer to that and ended "
            f'as "{before.ending}"; no window since has shown more.'
        )
        return Asked(_verdict(kind, Outcome.FAIL, text, measured, limit), is_answered=True)
    text = _tell_run(kind, run) + _tell_new(kind, run, situation, champion)
    spans = tuple(one.span for one in run)
    return Asked(
        _verdict(kind, Outcome.PASS, text, measured, limit),
        Reason(kind=kind, told=text, windows=spans),
    )


def _is_since(looked: Looked, champion: Champion) -> bool:
    return champion.live_since is None or looked.span.end > champion.live_since


def _newest_run(known: list[Looked], kind: Kind) -> list[Looked]:
    run: list[Looked] = []
    for one in reversed(known):
        if one.outcome(CAUSES[kind]) is not Outcome.FAIL:
            break
        run.insert(0, one)
    return run


def _used(kind: Kind, situation: Situation, champion: Champion) -> dict[object, Decision]:
    """Give the windows earlier retrainings of this champion rested on."""
    return {
        span: decision
        for decision in situation.answered
        if decision.champion == champion.version
        for reason in decision.reasons
        if reason.kind == kind
        for span in reason.windows
    }


def _answered_by(
    kind: Kind, newest: Looked, situation: Situation, champion: Champion
) -> Decision | None:
    return _used(kind, situation, champion).get(newest.span)


def _tell_run(kind: Kind, run: list[Looked]) -> str:
    what = tell_all(
        cause.value
        for cause in CAUSES[kind]
        if any(one.outcomes.get(cause) is Outcome.FAIL for one in run)
    )
    if kind == "concept" and Cause.CONCEPT.value not in what:
        what = f"concept drift ({what})"
    what = what[:1].upper() + what[1:]
    if len(run) == 1:
        return f"{what} in the window {run[0].span}."
    since = tell_moment(run[0].span.start)
    return f"{what} in {len(run)} windows running since {since}, the newest {run[-1].span}."


def _tell_new(kind: Kind, run: list[Looked], situation: Situation, champion: Champion) -> str:
    used = _used(kind, situation, champion)
    if not any(one.span in used for one in run):
        return ""
    new = [str(one.span) for one in run if one.span not in used]
    last = situation.answered[-1].number
    return f" New since retraining {last}: {', '.join(new[-3:])}."


def _tell_none(kind: Kind, newest: Looked, later: int) -> Verdict:
    text = f"No {_plainly(kind)} in the newest window that could be judged, {newest.span}."
    if not later:
        return _verdict(kind, Outcome.FAIL, text, "0 windows running")
    what = "one after it has" if later == 1 else f"{later} after it have"
    return _unknown(kind, f"{text} The {what} no answer yet.")


def _tell_nothing_known(kind: Kind, champion: Champion, seen: int) -> str:
    if not seen:
        return (
            f"Whether there is {_plainly(kind)} is not known: no window of version "
            f"{champion.version} has been looked at since it went live. "
            "Run the monitoring pipeline."
        )
    return (
        f"Whether there is {_plainly(kind)} is not known: "
        f"{tell_count(seen, 'window')} of version {champion.version} "
        f"{'was' if seen == 1 else 'were'} looked at, and none could be judged."
    )


def _plainly(kind: Kind) -> str:
    return "concept drift" if kind == "concept" else "drift of rows or scores"


def _ask_schedule(situation: Situation, champion: Champion, every: timedelta | None) -> Asked:
    if every is None:
        return Asked(_unknown("schedule", "retraining.every is not declared, such as 30d."))
    since = max([champion.trained_at, *(one.as_of for one in situation.answered[-1:])])
    elapsed = situation.as_of - since
    is_due = elapsed >= every
    text = (
        f"{tell_length(max(elapsed, timedelta(0)))} have passed since the last training, "
        f"{tell_moment(since)}; "
        f"{'every' if is_due else 'it is due every'} {tell_length(every)}"
        f"{' one is due.' if is_due else ', next on ' + tell_moment(since + every) + '.'}"
    )
    outcome = Outcome.PASS if is_due else Outcome.FAIL
    verdict = _verdict("schedule", outcome, text, tell_length(elapsed), tell_length(every))
    return Asked(verdict, Reason(kind="schedule", told=text) if is_due else None)


def _ask_new_data(situation: Situation, new_rows: int) -> Asked:
    if situation.labels is None:
        return Asked(_unknown("new data", "How many labels have come is not known."))
    is_due = situation.labels >= new_rows
    text = (
        f"{tell_count(situation.labels, 'label')} {'has' if situation.labels == 1 else 'have'} "
        f"come since the last training; {new_rows:,} make a reason."
    )
    outcome = Outcome.PASS if is_due else Outcome.FAIL
    verdict = Verdict(
        rule="new data", outcome=outcome, measured=situation.labels, limit=new_rows, reason=text
    )
    return Asked(verdict, Reason(kind="new data", told=text) if is_due else None)


def _verdict(
    rule: str, outcome: Outcome, reason: str, measured: str | None = None, limit: str | None = None
) -> Verdict:
    return Verdict(rule=rule, outcome=outcome, measured=measured, limit=limit, reason=reason)


def _unknown(rule: str, reason: str) -> Verdict:
    return _verdict(rule, Outcome.UNKNOWN, reason)
