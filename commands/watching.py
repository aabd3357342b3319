"""Monitoring and retraining by the clock: `watch`."""

import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.place import ROOT, opened_state

if TYPE_CHECKING:
    from adapters.declaration import LoadedProject
    from adapters.turns import Runner

TURN = ("monitoring", "retraining")
"""What is run for a project when its schedule is due: first look, then ask whether to act."""

DONE, REFUSED = 0, 3


def watch(
    projects: Annotated[
        list[str] | None,
        typer.Option("--project", help="Which; may be repeated. By default all that are deployed."),
    ] = None,
    stack: Annotated[str, typer.Option(help="Where it runs.")] = "local",
    once: Annotated[bool, typer.Option(help="Do what is due now, and end.")] = False,
) -> None:
    """Monitor, and retrain where that is due, on the declared schedule until Ctrl-C.

    Where the stack's orchestrator has a clock of its own, it is told the schedule instead.
    """
    folder = opened_state()
    from adapters.clockwork import when_told_to_end
    from adapters.declaration import load
    from adapters.turns import Runner, alone
    from pipelines.scheduling import keeps_time

    watched = [
        Watched(name, load(name, root=ROOT), stack, folder)
        for name in projects or _deployed(folder)
    ]
    if not once and keeps_time(stack, root=ROOT):
        _hand_over(watched, stack)
        return
    runner = Runner()
    with alone(folder), when_told_to_end(runner.stop):
        broke = [one.name for one in watched if not one.catch_up(runner)]
        if not once and not runner.stopped.is_set():
            _keep_watch(watched, runner, folder)
    if once and broke:
        raise typer.Exit(1)


class Watched:
    """A project that is watched.

    Parameters
    ----------
    given
        How it was named: its name, folder or path.
    """

    def __init__(self, given: str, loaded: "LoadedProject", stack: str, folder: Path) -> None:
        self.loaded = loaded
        self.name, self.schedule = loaded.project.name, loaded.project.monitoring.schedule
        self._given, self._stack, self._folder = given, stack, folder

    def catch_up(self, runner: "Runner") -> bool:
        """Take its turn now if one was missed; say whether nothing broke."""
        from adapters.clock import now
        from adapters.clockwork import was_missed
        from adapters.turns import last_turn

        is_due = was_missed(self.schedule, last_turn(self._folder, self.name), now())
        return self.take_turn(runner) if is_due else True

    def take_turn(self, runner: "Runner") -> bool:
        """Monitor, and retrain where that is due; say whether nothing broke."""
        from adapters.turns import finish_turn

        is_sound = True
        for pipeline in TURN:
            # A process of its own each time: what it holds is given back, and what breaks in it
            # does not end the watch.
            status = runner.run(
                [
                    *(sys.executable, str(ROOT / "run.py"), "--pipeline", pipeline),
                    *("--project", self._given, "--stack", self._stack),
                ]
            )
            if status is None:
                return is_sound
            if status not in (DONE, REFUSED):
                is_sound = False
                print(f"{pipeline} {self.name} ended with {status}", file=sys.stderr, flush=True)
        finish_turn(self._folder, self.name)
        return is_sound


def _keep_watch(watched: Sequence[Watched], runner: "Runner", folder: Path) -> None:
    from adapters.clockwork import keep_time, next_after

    for port in {one.loaded.project.monitoring.metrics_port for one in watched} - {None}:
        from adapters.gauges import serve

        serve(port, folder)
        print(f"Figures for Prometheus at http://127.0.0.1:{port}/metrics")
    now = datetime.now().astimezone()
    for one in watched:
        due = next_after(one.schedule, now).astimezone(now.tzinfo)
        print(
            f"{one.name}: next at {due:%a %-d %b %H:%M}, then by {one.schedule!r} (UTC)", flush=True
        )
    keep_time(
        {one.name: (one.schedule, _turn_of(one, runner)) for one in watched}, until=runner.stopped
    )


def _turn_of(one: Watched, runner: "Runner") -> Callable[[], None]:
    def turn() -> None:
        one.take_turn(runner)

    return turn


def _hand_over(watched: Sequence[Watched], stack: str) -> None:
    """Tell the orchestrator the schedules."""
    from pipelines.scheduling import schedule

    for one in watched:
        for told in schedule(one.loaded, stack=stack, root=ROOT):
            print(f"{told.name}: by {told.cron!r} (UTC), kept by the orchestrator of {stack}")
            if told.remark:
                print(f"  {told.remark}")


def _deployed(folder: Path) -> Sequence[str]:
    from adapters.supervision.record import every_live
    from lifecycle.errors import ProjectError

    names = [live.project for live in every_live(folder)]
    if not names:
        raise ProjectError(
            "Nothing is deployed, so there is nothing to watch. Deploy a version, or name the "
            "projects: run.py watch --project NAME"
        )
    return names
