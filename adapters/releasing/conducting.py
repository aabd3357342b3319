"""Looks after the release of a project: looks every second, judges, and moves the traffic."""

import contextlib
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from adapters.clock import now
from adapters.records import Records
from adapters.releasing.beginning import told
from adapters.releasing.context import Context, read_context
from adapters.releasing.entrance import entrance_of, target_of
from adapters.releasing.figures_traffic import mark
from adapters.releasing.gathering import Gatherer
from adapters.releasing.keeping import Keeper, tell_ending
from adapters.releasing.moving import (
    OvertakenError,
    Registry,
    last_move,
    move,
    repair_alone,
    settle,
    with_idle,
)
from adapters.releasing.undoing import roll_back
from adapters.routing import current
from adapters.supervision.record import read_instance
from lifecycle.errors import PerennialError
from lifecycle.project.project import Project
from lifecycle.release.deciding import decide, judge
from lifecycle.release.evidence import Findings
from lifecycle.release.plan import Plan
from lifecycle.release.planning import Entrance, plan_of, steady
from lifecycle.release.release import Movement, MovementKind, Next, Release, State
from lifecycle.release.testing.concluding import conclude, judge_test
from lifecycle.serving.live import Live
from lifecycle.verdict import Verdicts

LOOK_SECONDS = 1.0

_log = logging.getLogger("perennial.release")


class LostError(PerennialError):
    """Nothing is known of a version that traffic goes to."""


@dataclass(frozen=True)
class Stage:
    """What a release plays on.

    Parameters
    ----------
    restart
        Starts something again that does not run any more.
    """

    state: Path
    records: Records
    registry: Registry
    restart: Callable[[Live], Live]
    reports: Path


def conduct(project: str, stage: Stage, *, until: threading.Event) -> None:
    """Look after the open release of a project until it has ended, or an event is set.

    It may be killed at any time and begun again: what it knows is in the ledger and in the logs.
    """
    repair_alone(project, records=stage.records, state=stage.state)
    context = read_context(project, state=stage.state)
    conductor: _Conductor | None = None
    while not until.is_set():
        seen = last_move(project, stage.records)  # first, so that what is moved from now on shows
        release = stage.records.open_one(project)
        # One without names is still being prepared; who begins it begins a conductor as well.
        if release is None or not release.champion_name:
            break
        try:
            if conductor is None or conductor.is_over(release):
                if conductor is not None:
                    conductor.close()
                conductor = _Conductor(release, context, stage)
            conductor.look(seen)
        except OvertakenError as overtaken:
            _log.info("%s", overtaken)
        except Exception:
            # Of any kind: what goes wrong at one look must not end all those that are to come.
            _log.exception("A look at release %s could not be finished.", release.number)
        until.wait(LOOK_SECONDS)
    if conductor is not None:
        conductor.close()
    _settle(project, stage)
    tell_ending(project, records=stage.records, state=stage.state, reports=stage.reports)


class _Conductor:
    """Looks after one step of a release."""

    def __init__(self, release: Release, context: Context, stage: Stage) -> None:
        self._release, self._stage = release, stage
        self._project: Project = context.project
        self._champion = _instance(release.project, release.champion_name, stage)
        self._challenger = _instance(release.project, release.challenger_name, stage)
        self._entrance: Entrance = entrance_of(
            self._project.serving, release.project, folder=Path(context.home)
        )
        self._gatherer = Gatherer(
            stage.state,
            self._project,
            release,
            champion=self._champion,
            challenger=self._challenger,
        )
        self._keeper = Keeper(stage.records, state=stage.state, reports=stage.reports)

    def is_over(self, release: Release) -> bool:
        """Whether the step it looks after is a thing of the past."""
        mine = self._release
        return (release.number, release.state, release.step) != (
            mine.number, mine.state, mine.step,
        )  # fmt: skip

    def close(self) -> None:
        """Let go of what it looked with."""
        self._gatherer.close()

    def look(self, seen: int) -> None:
        """Look once, and do what follows, unless anybody has moved the traffic since `seen`."""
        release, moment = self._release, now()
        findings = self._findings()
        verdicts = judge(release, findings)
        conclusion, of_test = _conclude(release, findings, now=moment)
        found = decide(release, findings, verdicts, now=moment, conclusion=conclusion)
        found = found.model_copy(update={"verdicts": Verdicts((*verdicts, *of_test))})
        try:
            self._act(found, seen)
        except OvertakenError:
            raise
        except (PerennialError, OSError) as error:
            told = f"{found.reason} That could not be done: {error}"
            undone = found.model_copy(update={"action": "hold", "reason": told})
            self._keeper.keep(release, findings, undone)
            raise
        self._keeper.keep(release, findings, found)
        _settle(release.project, self._stage)

    def _findings(self) -> Findings:
        moment = now()
        try:
            return self._gatherer.look(moment)
        except Exception as error:
            # Missing evidence, whatever it misses for, is never a pass: it is told, holds, and in
            # the end goes back.
            _log.exception("The evidence of release %s is not told.", self._release.number)
            told = str(error) if isinstance(error, PerennialError) else repr(error)
            return Findings(at=moment, since=self._release.stepped, missing={"traffic": told})

    def _act(self, found: Next, seen: int) -> None:
        if found.action == "roll back":
            roll_back(
                self._release.project,
                by="policy",
                why=found.reason,
                records=self._stage.records,
                state=self._stage.state,
                restart=self._stage.restart,
                verdicts=found.verdicts,
                only=self._release.number,
            )
        elif found.action == "finish":
            self._finish(found, seen)
        elif found.action in ("advance", "promote"):
            self._go_on(found, seen)

    def _go_on(self, found: Next, seen: int) -> None:
        is_promoted = found.action == "promote"
        changes = {"state": "keeping"} if is_promoted else {"step": self._release.step + 1}
        then = self._release.model_copy(update={**changes, "stepped": now()})
        plan = plan_of(
            then,
            self._entrance,
            champion=target_of(self._champion),
            challenger=target_of(self._challenger),
        )
        main = self._challenger if is_promoted else self._champion
        kind: MovementKind = "promote" if is_promoted else "advance"
        reason = f"{found.reason} {told(then, plan)}"
        self._move(kind, found.model_copy(update={"reason": reason}), then, plan, main, seen)
        with contextlib.suppress(PerennialError, OSError):  # then the next look begins to count
            mark(self._stage.state, then)

    def _finish(self, found: Next, seen: int) -> None:
        stays = self._challenger if self._release.state == "keeping" else self._champion
        ending: State = "kept"
        if self._release.state == "keeping":
            ending = "promoted"
        elif self._release.strategy == "shadow":
            ending = "compared"
        then = self._release.model_copy(
            update={"state": ending, "ended": now(), "ending": found.reason, "waits": ""}
        )
        self._move("finish", found, then, steady(self._entrance, target_of(stays)), stays, seen)

    def _move(
        self, kind: MovementKind, found: Next, then: Release, plan: Plan, main: Live, seen: int
    ) -> None:
        then = then.model_copy(update={"verdicts": found.verdicts, "judged": now()})
        movement = Movement(
            project=then.project,
            release=then.number,
            kind=kind,
            version=then.challenger,
            at=now(),
            by="policy",
            reason=found.reason,
            verdicts=found.verdicts,
            after=with_idle(plan, current(self._stage.state, then.project)),
            main=main.name,
            then=then,
        )
        move(movement, records=self._stage.records, state=self._stage.state, seen=seen)


def _conclude(
    release: Release, findings: Findings, *, now: datetime
) -> tuple[Next | None, Verdicts]:
    """Judge the test of a release, where it is one: what is decided, and on which verdicts."""
    design, test, figures = release.design, release.policy.test, findings.test
    if release.state != "moving" or design is None or test is None or figures is None:
        return None, Verdicts()
    found = conclude(figures, design, test, began=release.began, now=now)
    return found, judge_test(figures, design, test)


def _settle(project: str, stage: Stage) -> None:
    """Make up for what follows from moves; what does not succeed is tried at the next look."""
    try:
        settle(project, records=stage.records, state=stage.state, registry=stage.registry)
    except (PerennialError, OSError):
        _log.exception("What follows from a move of %s could not be done yet.", project)


def _instance(project: str, name: str, stage: Stage) -> Live:
    found = read_instance(stage.state, project, name)
    if found is None:
        raise LostError(
            f"Traffic of {project} goes to {name}, and nothing is known of it. Deploy the project "
            f"again: python run.py --pipeline deployment --project {project}"
        )
    return found
