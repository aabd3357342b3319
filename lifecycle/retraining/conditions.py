"""What has to hold besides a reason before a successor is trained."""

from datetime import datetime, timedelta

from lifecycle.retraining.decision import Decision
from lifecycle.retraining.declaration import Retraining
from lifecycle.retraining.situation import Champion, Running, Situation
from lifecycle.retraining.words import tell_count, tell_length, tell_moment
from lifecycle.verdict import Outcome, Verdict

LEASE = timedelta(hours=6)
"""A run nobody has heard of for so long has died, and another may begin."""

LONGEST = timedelta(days=36_500)
"""Doubling ends here: what is longer than people plan cannot be told from never."""

WINS = ("won", "awaiting", "approved")


def check_running(running: Running | None, *, now: datetime, lease: timedelta = LEASE) -> Verdict:
    """Say whether no other retraining is in work.

    Parameters
    ----------
    lease
        A run that has not been heard of for so long is taken to be dead, and taken over.
    """
    if running is None:
        return _told("one at a time", True, "No other retraining is in work.", limit="1 run")
    silence = now - running.heard
    begun = f"{running.run or 'A retraining'} began {tell_moment(running.since)}"
    if running.is_dead:
        text = f"{begun} and has died without an end, so another may begin."
        return _told("one at a time", True, text, "0 runs in work", "1 run")
    if silence < lease:
        text = f"{begun} and is still in work. Wait until it has ended."
        return _told("one at a time", False, text, "1 run in work", "1 run")
    text = (
        f"{begun} and has not been heard of for {tell_length(silence)}, so it has died; "
        f"after {tell_length(lease)} another may begin."
    )
    return _told("one at a time", True, text, tell_length(silence), tell_length(lease))


def check_cooldown(situation: Situation, champion: Champion, cooldown: timedelta) -> Verdict:
    """Say whether the last retraining is long enough ago."""
    if not situation.retrainings:
        return _told("cooldown", True, "There has been no retraining yet.", None, cooldown)
    last = situation.retrainings[-1]
    losses = count_losses(situation, champion)
    needed = cooldown_after(losses, cooldown)
    elapsed = situation.as_of - last.as_of
    doubled = f", doubled {_times(losses)} as {_losses(losses)}" if losses else ""
    when = tell_moment(last.as_of)
    if elapsed < timedelta(0):
        text = (
            f"The last retraining is dated {when}, and it is only {tell_moment(situation.as_of)}: "
            "a clock was wrong. Set it right, or ask for it by hand."
        )
    elif elapsed < needed:
        over = tell_moment(last.as_of + needed)
        text = (
            f"The last retraining, {when}, was {tell_length(elapsed)} ago; the cooldown is "
            f"{tell_length(needed)}{doubled}, over on {over}."
        )
    else:
        text = (
            f"The last retraining, {when}, was {tell_length(elapsed)} ago; the cooldown of "
            f"{tell_length(needed)}{doubled} is over."
        )
    return _told("cooldown", elapsed >= needed, text, elapsed, needed)


def count_losses(situation: Situation, champion: Champion) -> int:
    """Count the retrainings of this champion that did not win since one did."""
    losses = 0
    for one in reversed(situation.retrainings):
        if one.ending in WINS or one.champion != champion.version:
            break
        losses += 1
    return losses


def cooldown_after(losses: int, cooldown: timedelta) -> timedelta:
    """Give the cooldown after some retrainings running that did not win.

    Examples
    --------
    >>> [cooldown_after(losses, timedelta(days=7)).days for losses in (0, 1, 2, 99)]
    [7, 14, 28, 36500]
    """
    if not cooldown:
        return cooldown
    return min(cooldown * 2 ** min(losses, 16), LONGEST) if losses < 16 else LONGEST


def check_budget(situation: Situation, policy: Retraining) -> Verdict:
    """Say whether one more run is within the budget."""
    runs, per = policy.budget.runs, policy.budget.per
    spent = [one for one in situation.retrainings if one.as_of > situation.as_of - per]
    text = (
        f"{tell_count(len(spent), 'retraining')} in the last {tell_length(per)}; {runs} may be run."
    )
    is_within = len(spent) < runs
    if not is_within:
        text += f" The next may begin on {tell_moment(spent[-runs].as_of + per)}."
    return Verdict(
        rule="budget", outcome=_outcome(is_within), measured=len(spent), limit=runs, reason=text
    )


def check_labels(situation: Situation, least: int) -> Verdict:
    """Say whether enough labels are new."""
    if situation.labels is None:
        if not least:
            return _told("labels", True, "No new labels are asked for.", None, "0")
        return Verdict(
            rule="labels",
            outcome=Outcome.UNKNOWN,
            limit=least,
            reason=(
                f"How many labels are new is not known; {least:,} are asked for. See that the "
                "event log can be read, or declare retraining.min_labels: 0."
            ),
        )
    since = situation.counted_since
    when = f" since {tell_moment(since)}" if since is not None else ""
    text = f"{tell_count(situation.labels, 'new label')}{when}; {least:,} are asked for."
    if situation.labels < least:
        text += " Labels count once they are told: by POST /labels, a file, or labels.query."
    return Verdict(
        rule="labels",
        outcome=_outcome(situation.labels >= least),
        measured=situation.labels,
        limit=least,
        reason=text,
    )


def check_approval(situation: Situation, champion: Champion, policy: Retraining) -> Verdict:
    """Say whether no version waits for an answer."""
    found = waiting(situation, champion, policy)
    if found is None:
        return _told("approval", True, _tell_nobody_waits(situation, champion, policy))
    text = (
        f"Version {found.version} has passed its gates on {tell_moment(found.as_of)} and waits "
        f"to be approved. Say run.py approve {found.version} or run.py reject {found.version}; "
        f"after {tell_length(policy.approve_within)} it is too old."
    )
    return _told("approval", False, text, f"version {found.version}")


def waiting(situation: Situation, champion: Champion, policy: Retraining) -> Decision | None:
    """Find the retraining whose version waits to be approved and still can be."""
    open_ones = (
        one for one in _unapproved(situation) if not _why_stale(one, situation, champion, policy)
    )
    return next(open_ones, None)


def _unapproved(situation: Situation) -> list[Decision]:
    return [
        one
        for one in reversed(situation.retrainings)
        if one.ending in ("awaiting", "won") and one.version is not None
    ]


def _why_stale(
    decision: Decision, situation: Situation, champion: Champion, policy: Retraining
) -> str:
    if decision.version == champion.version:
        return "is the champion"
    if decision.champion != champion.version:
        return f"was judged against version {decision.champion}, and {champion.version} is champion"
    if decision.version != situation.challenger:
        return "is not the challenger any more"
    if situation.as_of - decision.as_of > policy.approve_within:
        return f"has waited for more than {tell_length(policy.approve_within)}"
    return ""


def _tell_nobody_waits(situation: Situation, champion: Champion, policy: Retraining) -> str:
    newest = next((one for one in _unapproved(situation) if one.ending == "awaiting"), None)
    if newest is None:
        return "No version waits to be approved."
    why = _why_stale(newest, situation, champion, policy)
    return f"Version {newest.version} waits no longer: it {why}."


def _told(
    rule: str,
    holds: bool,
    reason: str,
    measured: str | timedelta | None = None,
    limit: str | timedelta | None = None,
) -> Verdict:
    return Verdict(
        rule=rule,
        outcome=_outcome(holds),
        measured=tell_length(measured) if isinstance(measured, timedelta) else measured,
        limit=tell_length(limit) if isinstance(limit, timedelta) else limit,
        reason=reason,
    )


def _outcome(holds: bool) -> Outcome:
    return Outcome.PASS if holds else Outcome.FAIL


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number} times")


def _losses(number: int) -> str:
    return "the last one did not win" if number == 1 else f"the last {number} did not win"
