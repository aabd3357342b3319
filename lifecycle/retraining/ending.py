"""How a retraining ends, and what may be said to a version that waits to be approved."""

from datetime import datetime
from typing import Literal

from lifecycle.errors import Refused
from lifecycle.retraining.decision import Decision, Ending
from lifecycle.retraining.declaration import Retraining
from lifecycle.retraining.words import tell_length, tell_moment
from lifecycle.verdict import Verdicts

StoryEnd = Literal["registered", "refused", "stopped", "unfinished"]
"""As of `lifecycle.governance.story.Story.end`."""

_SAME = (
    "Version {version} came out again, which was there before: the rows have not changed since. "
    "Bring newer rows into the tables that data.tables names."
)


def finish(
    decision: Decision,
    *,
    end: StoryEnd,
    version: str | None,
    policy: Retraining,
    now: datetime,
    remark: str = "",
    is_known: bool = False,
) -> Decision:
    """Write down what came of a retraining that was begun.

    What passed its gates has `won`; where approval is by hand it is `awaiting`. What a gate
    refused has `lost`, what a data check refused is `stopped`, and what came to no end `broke`.
    From rows that have not changed the same version comes again: that has `lost` as well.

    Parameters
    ----------
    is_known
        Whether the version was there before, and is no challenger: the champion itself, or one
        that was set aside.

    Raises
    ------
    Refused
        If it has ended already: another run has taken it over.

    Examples
    --------
    >>> at = datetime(2013, 5, 1)
    >>> begun = Decision(project="p", at=at, as_of=at, is_due=True, ending="running")
    >>> finish(begun, end="refused", version="4", policy=Retraining(), now=at).ending
    'lost'
    """
    if decision.ending != "running":
        raise Refused(
            f"Retraining {decision.number} of {decision.project} has ended already: "
            f"{_told(decision)}. Another run has taken it over; nothing is written down twice."
        )
    endings: dict[StoryEnd, Ending] = {
        "registered": "won" if policy.approval == "automatic" else "awaiting",
        "refused": "lost",
        "stopped": "stopped",
        "unfinished": "broke",
    }
    ended = endings[end]
    if is_known and end == "registered":
        ended, remark = "lost", remark or _SAME.format(version=version)
    update = {"ending": ended, "version": version, "settled": now, "remark": remark}
    return decision.model_copy(update=update)


def give_up(decision: Decision, *, now: datetime, why: str) -> Decision:
    """Write down that a run has died, so that another can take over."""
    return finish(
        decision, end="unfinished", version=None, policy=Retraining(), now=now, remark=why
    )


def approve(
    decision: Decision,
    *,
    champion: str | None,
    challenger: str | None,
    gates: Verdicts,
    policy: Retraining,
    as_of: datetime,
    now: datetime,
    by: str,
    remark: str = "",
) -> Decision:
    """Say yes to a version that has won, so that it may be deployed.

    Parameters
    ----------
    champion, challenger
        The versions that have these names now.
    gates
        Of the version, as they were registered.

    Raises
    ------
    Refused
        If it is not waiting, is not the challenger any more, was judged against a version that
        is champion no longer, did not pass its gates, or has waited for too long.
    """
    _require_someone(by, "approves")
    _require_waiting(decision, "approved")
    _require_standing(decision, champion=champion, challenger=challenger)
    if gates.blocks:
        rules = ", ".join(verdict.rule for verdict in gates.blocking)
        raise Refused(
            f"Version {decision.version} cannot be approved: its gates refused it ({rules})."
        )
    waited = as_of - decision.as_of
    if waited > policy.approve_within:
        raise Refused(
            f"Version {decision.version} cannot be approved: it has waited for "
            f"{tell_length(waited)}, and retraining.approve_within is "
            f"{tell_length(policy.approve_within)}. {_again(decision)}"
        )
    return _settle(decision, "approved", now=now, by=by, remark=remark)


def reject(decision: Decision, *, now: datetime, by: str, remark: str = "") -> Decision:
    """Say no to a version that has won; the champion stays.

    Raises
    ------
    Refused
        If it is not waiting.
    """
    _require_someone(by, "rejects")
    _require_waiting(decision, "rejected")
    return _settle(decision, "rejected", now=now, by=by, remark=remark)


def why_set_aside(decision: Decision, policy: Retraining, *, as_of: datetime) -> str:
    """Say why a version that has won is to be the challenger no longer; empty where it may stay.

    As long as it is, the next successor has to be better than it.

    Examples
    --------
    >>> at = datetime(2013, 5, 1)
    >>> won = Decision(project="p", at=at, as_of=at, is_due=True, ending="awaiting", version="4")
    >>> why_set_aside(won, Retraining(), as_of=at.replace(month=7))
    'it has waited for an answer for more than 30 days'
    """
    if decision.ending == "rejected":
        return "it was rejected"
    waits = decision.ending in ("awaiting", "won")
    if waits and as_of - decision.as_of > policy.approve_within:
        return f"it has waited for an answer for more than {tell_length(policy.approve_within)}"
    return ""


def _settle(decision: Decision, ending: Ending, *, now: datetime, by: str, remark: str) -> Decision:
    update = {"ending": ending, "settled": now, "settled_by": by, "remark": remark}
    return decision.model_copy(update=update)


def _require_someone(by: str, what: str) -> None:
    if not by.strip():
        raise Refused(f"Nobody {what} it: say who you are.")


def _require_waiting(decision: Decision, what: str) -> None:
    if decision.ending in ("awaiting", "won") and decision.version is not None:
        return
    raise Refused(
        f"Retraining {decision.number} of {decision.project} cannot be {what}: {_told(decision)}. "
        "Only a version that has passed its gates and waits for an answer can be."
    )


def _require_standing(decision: Decision, *, champion: str | None, challenger: str | None) -> None:
    version = decision.version
    if champion == version:
        raise Refused(f"Version {version} is the champion already.")
    if champion != decision.champion:
        raise Refused(
            f"Version {version} cannot be approved: it was judged against version "
            f"{decision.champion}, and {champion or 'none'} is the champion now. {_again(decision)}"
        )
    if challenger != version:
        raise Refused(
            f"Version {version} cannot be approved: it is not the challenger any more, "
            f"{f'version {challenger} is' if challenger else 'no version is'}. {_again(decision)}"
        )


def _again(decision: Decision) -> str:
    return f"Train again: python run.py --pipeline retraining --project {decision.project}"


def _told(decision: Decision) -> str:
    if not decision.is_due:
        return "it was not due"
    when = f" on {tell_moment(decision.settled)}" if decision.settled is not None else ""
    who = f" by {decision.settled_by}" if decision.settled_by else ""
    words: dict[Ending, str] = {
        "running": "it is still in work",
        "lost": "a gate refused its version",
        "stopped": "a data check stopped it",
        "broke": "it broke",
        "approved": f"its version was approved{who}",
        "rejected": f"its version was rejected{who}",
        "won": "its version has passed its gates",
        "awaiting": "its version waits to be approved",
    }
    return f"{words.get(decision.ending, decision.ending)}{when}"
