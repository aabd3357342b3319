"""The situation a decision about retraining is taken in, gathered from where it is kept."""

from datetime import datetime
from pathlib import Path

from adapters import registry
from adapters.records import Records
from adapters.retraining.counting import count_labels
from adapters.supervision.record import read_live
from lifecycle.governance.story import Story
from lifecycle.project.project import Project
from lifecycle.retraining.aiming import find_room
from lifecycle.retraining.decision import Decision
from lifecycle.retraining.origin import learnt_until, read_moment, trained_at
from lifecycle.retraining.situation import Champion, Running, Situation, looked_at
from lifecycle.verdict import Verdict


def turn(project: str) -> str:
    """Name the lease whoever decides about a project's retraining holds, until it has ended."""
    return f"retraining {project}"


def situation(
    project: Project,
    *,
    records: Records,
    state: Path,
    as_of: datetime,
    now: datetime,
    by: str = "",
    is_my_turn: bool = False,
) -> Situation:
    """Gather what a decision about retraining is taken on.

    Parameters
    ----------
    state
        The folder of all local state; the event log is below it.
    as_of
        Until when events are looked at.
    by
        Who asks by hand.
    is_my_turn
        Whether the caller holds the lease `turn(project)`: then nobody else is at work, and what
        has not ended has died.
    """
    champion, challenger = (
        None if number is None else registry.story_of(project.name, number)
        for number in (
            registry.alias_of(project.name, registry.CHAMPION),
            registry.alias_of(project.name, registry.CHALLENGER),
        )
    )
    return situation_of(
        project, champion, challenger, records=records, state=state, as_of=as_of, now=now, by=by,
        is_my_turn=is_my_turn,
    )  # fmt: skip


def situation_of(
    project: Project,
    champion: Story | None,
    challenger: Story | None,
    *,
    records: Records,
    state: Path,
    as_of: datetime,
    now: datetime,
    by: str = "",
    is_my_turn: bool = False,
) -> Situation:
    """Gather a situation where the stories of champion and challenger are known already."""
    decisions = records.decisions(project.name, begun=True)
    reigning = _champion(project.name, champion, decisions, state=state, as_of=as_of)
    reviews = (
        ()
        if reigning is None
        else records.reviews(project.name, version=reigning.version, light=True)
    )
    found = Situation(
        project=project.name,
        as_of=as_of,
        champion=reigning,
        windows=() if reigning is None else looked_at(reviews, version=reigning.version),
        decisions=decisions,
        running=_running(project.name, records, now=now, is_my_turn=is_my_turn),
        challenger=challenger.version.number if challenger and challenger.version else None,
        room=_room(project, champion, challenger, as_of),
        by=by,
    )
    events = state / "events" / project.name
    labels = count_labels(events, since=found.counted_since, until=as_of)
    return found.model_copy(update={"labels": labels})


def seen_until(*stories: Story | None) -> datetime | None:
    """Give the moment none of several versions has learnt from a later row than."""
    known = [learnt_until(story) for story in stories if story is not None]
    return max((moment for moment in known if moment is not None), default=None)


def first_row(*stories: Story | None) -> datetime | None:
    """Give the earliest row any of several versions was made from."""
    starts = [story.intake.start for story in stories if story is not None and story.intake]
    return min((read_moment(start) for start in starts if start), default=None)


def _champion(
    project: str,
    story: Story | None,
    decisions: tuple[Decision, ...],
    *,
    state: Path,
    as_of: datetime,
) -> Champion | None:
    if story is None or story.version is None:
        return None
    number = story.version.number
    made = next((one for one in reversed(decisions) if one.version == number), None)
    live = read_live(state, project)
    since = read_moment(live.started) if live is not None and live.version == number else None
    return Champion(
        version=number,
        trained_at=trained_at(story, as_of=as_of) if made is None else made.as_of,
        trained_until=learnt_until(story),
        # In a replay of the past a version goes live long after the windows it answered in.
        live_since=since if since is not None and since <= as_of else None,
    )


def _running(project: str, records: Records, *, now: datetime, is_my_turn: bool) -> Running | None:
    begun = records.running(project)
    holder = None if is_my_turn else records.holder(turn(project))
    if holder is None and not begun:
        return None
    if holder is not None:
        run = begun[-1].run if begun else f"A retraining by {holder.owner}"
        return Running(run=run, since=holder.since, heard=now)
    last = begun[-1]
    return Running(
        run=last.run or f"Retraining {last.number}",
        since=last.at,
        heard=last.at,
        is_dead=is_my_turn,
    )


def _room(
    project: Project, champion: Story | None, challenger: Story | None, as_of: datetime
) -> Verdict:
    return find_room(
        project.data,
        project.split,
        project.retraining,
        as_of=as_of,
        seen_until=seen_until(champion, challenger),
        first=first_row(champion, challenger),
    )
