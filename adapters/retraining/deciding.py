"""Decisions about retraining: taken, aimed, and settled, each written down."""

import contextlib
from datetime import datetime
from pathlib import Path
from typing import Any

from adapters import registry
from adapters.records import Records, RecordsError
from adapters.retraining.choosing import choose
from adapters.retraining.situation import first_row, seen_until, situation, turn
from lifecycle.errors import Refused
from lifecycle.governance.story import Story
from lifecycle.project.project import Project
from lifecycle.retraining.aiming import Aim, aim, with_window
from lifecycle.retraining.conditions import LEASE
from lifecycle.retraining.decision import Decision
from lifecycle.retraining.declaration import Retraining
from lifecycle.retraining.due import decide
from lifecycle.retraining.ending import StoryEnd, finish, give_up, why_set_aside

_DECIDING_SECONDS = 60.0


def decide_now(
    project: Project,
    *,
    records: Records,
    state: Path,
    as_of: datetime,
    by: str = "",
    is_my_turn: bool,
) -> Decision:
    """Decide whether a successor is due, and write it down, whichever way it goes.

    Parameters
    ----------
    is_my_turn
        Whether the caller holds the lease: then a retraining that has not ended has died, and
        that is written down first; and a version nobody may approve any more is the challenger
        no longer, so that the next need not beat it.
    """
    if is_my_turn:
        for dead in records.running(project.name):
            _bury(dead, project, records, as_of)
        _set_stale_aside(project, records, as_of)
    found = situation(
        project,
        records=records,
        state=state,
        as_of=as_of,
        now=as_of,
        by=by,
        is_my_turn=is_my_turn,
    )
    return records.add(decide(found, project.retraining, now=as_of))


def _bury(dead: Decision, project: Project, records: Records, as_of: datetime) -> None:
    """Write down what became of a retraining whose process has died.

    Where it had come as far as a challenger it has won: only the writing down was left to do.
    """
    made = _story(project.name, registry.CHALLENGER)
    if made is not None and made.version is not None and dead.run and made.lineage.run == dead.run:
        won = finish(
            dead, end="registered", version=made.version.number, policy=project.retraining,
            now=as_of, remark="It was killed once its version was registered.",
        )  # fmt: skip
        _change(records, won)
    else:
        _change(records, give_up(dead, now=as_of, why="It ended without saying how."))


def _set_stale_aside(project: Project, records: Records, as_of: datetime) -> None:
    """Take the name of challenger from a retraining's version that was not taken in time.

    What somebody trained by hand stays: no decision speaks of it.
    """
    challenger = registry.alias_of(project.name, registry.CHALLENGER)
    found = records.decisions(project.name, begun=True) if challenger is not None else ()
    made = next((one for one in reversed(found) if one.version == challenger), None)
    why = "" if made is None else why_set_aside(made, project.retraining, as_of=as_of)
    if made is None or not why or not registry.set_aside(project.name, str(made.version)):
        return
    if made.ending != "rejected":
        remark = f"Version {made.version} is the challenger no longer: {why}."
        records.change(made.number, at=as_of, remark=remark)


def begun(
    project: Project, number: int, *, records: Records, state: Path, as_of: datetime
) -> Decision:
    """Give the decision a run was begun for; where nobody has decided, decide.

    Nobody has where an orchestrator begins runs by its own clock. No process lives as long as
    such a run, so none holds its turn; what was begun lately is taken to be in work.

    Raises
    ------
    Refused
        If it is not due.
    """
    if number:
        found = records.decision(number)
        if found is None:
            raise RecordsError(f"There is no decision {number} about {project.name}.")
        return found
    lease = records.lease(turn(project.name), _DECIDING_SECONDS)
    with lease or contextlib.nullcontext():
        is_in_work = any(as_of - one.at < LEASE for one in records.running(project.name))
        made = decide_now(
            project,
            records=records,
            state=state,
            as_of=as_of,
            is_my_turn=lease is not None and not is_in_work,
        )
    if not made.is_due:
        raise Refused(made.told)
    return made


def take_aim(project: Project, *, home: Path, as_of: datetime) -> Aim:
    """Choose the rows to train on and to hold out; by evidence where that is declared.

    Raises
    ------
    Refused
        If there are no rows that neither version has seen.
    """
    stories = [_story(project.name, alias) for alias in (registry.CHAMPION, registry.CHALLENGER)]
    found = aim(
        project.data,
        project.split,
        project.retraining,
        as_of=as_of,
        seen_until=seen_until(*stories),
        first=first_row(*stories),
    )
    champion = stories[0]
    if project.retraining.window != "evidence" or champion is None or champion.version is None:
        return found
    candidate = registry.candidate_of(project.name, champion.version.number)
    dropped = champion.search.dropped if champion.search is not None else ()
    chosen = choose(project, found, candidate.state, home=home, dropped=dropped)
    return with_window(found, chosen, project.retraining, declared=project.data)


def settle(
    number: int,
    *,
    end: StoryEnd,
    version: str | None,
    policy: Retraining,
    records: Records,
    now: datetime,
    is_known: bool = False,
) -> Decision:
    """Write down what came of a retraining that was begun; see `finish`."""
    found = records.decision(number)
    if found is None:
        raise RecordsError(f"There is no decision {number}.")
    done = finish(found, end=end, version=version, policy=policy, now=now, is_known=is_known)
    return _change(records, done)


def give_up_on(number: int, *, records: Records, now: datetime, why: str) -> None:
    """Write down that a retraining broke, unless it has come to its end before."""
    found = records.decision(number)
    if found is not None and found.ending == "running":
        _change(records, give_up(found, now=now, why=why))


def keep(decision: Decision, *, records: Records) -> Decision:
    """Write down what a decision has become."""
    return _change(records, decision)


def _change(records: Records, decision: Decision) -> Decision:
    changes: dict[str, Any] = {
        name: getattr(decision, name)
        for name in ("ending", "version", "settled", "settled_by", "remark")
    }
    return records.change(decision.number, at=decision.settled, **changes)


def _story(project: str, alias: str) -> Story | None:
    number = registry.alias_of(project, alias)
    return None if number is None else registry.story_of(project, number)
