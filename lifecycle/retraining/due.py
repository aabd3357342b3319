"""Whether a successor is to be trained now, and why: one pure function of all its evidence."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from lifecycle.retraining.conditions import (
    LEASE,
    check_approval,
    check_budget,
    check_cooldown,
    check_labels,
    check_running,
)
from lifecycle.retraining.decision import Decision, Reason
from lifecycle.retraining.declaration import Retraining
from lifecycle.retraining.situation import Champion, Situation
from lifecycle.retraining.triggers import Asked, ask_triggers
from lifecycle.retraining.words import continue_with, tell_all
from lifecycle.verdict import Outcome, Verdict, Verdicts

NEVER_OVERRULED = ("champion", "one at a time", "rows")
"""What holds also for a retraining that is asked for by hand."""


def decide(
    situation: Situation, policy: Retraining, *, now: datetime, lease: timedelta = LEASE
) -> Decision:
    """Decide whether a successor is trained now.

    Due is what has at least one reason and passes every check; a check without evidence blocks.
    Whoever asks by hand is a reason, and overrules cooldown, budget, labels, approval and news,
    which are told as warnings then. What nobody overrules: there has to be a champion, no other
    retraining may be in work, and there must be rows neither version has seen.

    What was a reason once is none again: a retraining that did not win is followed by another
    only when a window it did not rest on shows the same, `min_labels` labels are new, and the
    cooldown, which has doubled, is over. One that broke has answered nothing and may be tried
    again after that cooldown.

    Parameters
    ----------
    now
        When it is decided; whether a run is alive is told by it. All else is as of
        `situation.as_of`.
    lease
        See `check_running`.

    Returns
    -------
    Decision
        `running` where it is due, else `not due`; each check and each declared reason has its
        verdict, and `told` is the line to print.

    Examples
    --------
    >>> from datetime import UTC
    >>> at = datetime(2013, 5, 1, tzinfo=UTC)
    >>> decide(Situation(project="flights", as_of=at), Retraining(), now=at).told[:48]
    'not due: flights has no champion to be succeeded'
    """
    if situation.champion is None:
        return _without_champion(situation, now)
    asked = ask_triggers(situation, situation.champion, policy)
    reasons = tuple(one.reason for one in asked if one.reason is not None)
    if situation.by:
        reasons = (Reason(kind="by hand", told=f"Asked for by {situation.by}."), *reasons)
    checks = _check(situation, situation.champion, policy, now=now, lease=lease)
    checks = (*checks, _check_news(asked, reasons))
    if situation.by:
        checks = tuple(map(_overrule, checks))
    blocking = [check for check in checks if check.outcome.blocks]
    is_due = bool(reasons) and not blocking
    return Decision(
        project=situation.project,
        at=now,
        as_of=situation.as_of,
        champion=situation.champion.version,
        is_due=is_due,
        reasons=reasons,
        triggers=Verdicts(tuple(one.verdict for one in asked)),
        checks=Verdicts(checks),
        labels=situation.labels_in_all,
        ending="running" if is_due else "not due",
        told=_tell(asked, reasons, blocking),
        by=situation.by,
    )


def _without_champion(situation: Situation, now: datetime) -> Decision:
    name = situation.project
    text = (
        f"{name} has no champion to be succeeded. Train a version and deploy it first: "
        f"python run.py --pipeline training --project {name}, then --pipeline deployment."
    )
    missing = Verdict(rule="champion", outcome=Outcome.FAIL, reason=text)
    return Decision(
        project=name,
        at=now,
        as_of=situation.as_of,
        is_due=False,
        checks=Verdicts((missing,)),
        labels=situation.labels_in_all,
        ending="not due",
        told=f"not due: {text}",
        by=situation.by,
    )


def _check(
    situation: Situation,
    champion: Champion,
    policy: Retraining,
    *,
    now: datetime,
    lease: timedelta,
) -> tuple[Verdict, ...]:
    text = f"Version {champion.version} is the champion."
    return (
        Verdict(rule="champion", outcome=Outcome.PASS, measured=champion.version, reason=text),
        check_running(situation.running, now=now, lease=lease),
        check_approval(situation, champion, policy),
        check_cooldown(situation, champion, policy.cooldown),
        check_budget(situation, policy),
        check_labels(situation, policy.min_labels),
        *(() if situation.room is None else (situation.room,)),
    )


def _check_news(asked: Sequence[Asked], reasons: Sequence[Reason]) -> Verdict:
    """Say whether what speaks for a retraining has not been answered by one before."""
    old = [one.verdict.rule for one in asked if one.is_answered]
    if old and not reasons:
        text = f"Nothing new speaks for it: {tell_all(old)} led to a retraining before."
        return Verdict(rule="news", outcome=Outcome.FAIL, measured=", ".join(old), reason=text)
    text = (
        "No reason has led to a retraining before."
        if reasons
        else "Nothing that speaks for it is old."
    )
    return Verdict(rule="news", outcome=Outcome.PASS, reason=text)


def _overrule(check: Verdict) -> Verdict:
    """Let a check warn only, as it was asked for by hand."""
    if check.rule in NEVER_OVERRULED or not check.outcome.blocks:
        return check
    reason = f"{check.reason} Overruled, as it was asked for by hand."
    return check.model_copy(update={"outcome": Outcome.WARN, "reason": reason})


def _tell(asked: Sequence[Asked], reasons: Sequence[Reason], blocking: Sequence[Verdict]) -> str:
    why = " ".join(reason.told for reason in reasons)
    if reasons and not blocking:
        return f"due: {continue_with(why)}"
    if reasons:
        against, speaks = (continue_with(text) for text in (blocking[0].reason, why))
        return f"not due: {against} What speaks for it: {speaks}"
    against = " ".join(one.verdict.reason for one in asked)
    if not against:
        return "not due: no reason is declared in retraining.when, and nobody asked for it."
    return f"not due: {continue_with(against)}"
