"""Monitoring and retraining by the clock: `watch`."""

import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from commands.place import ROOT, opened_state

TURN = ("monitoring", "retraining")
"""What is run for a project when its schedule is due: first look, then ask whether to act."""


def watch(
    projects: Annotated[
        list[str] | None,
        typer.Option("--project", help="Which; may be repeated. By default all that are deployed."),
    ] = None,
    stack: Annotated[str, typer.Option(help="Where it runs.")] = "local",
    once: Annotated[bool, typer.Option(help="Do what is due now, and end.")] = False,
) -> None:
    """Monitor, and retrain where that is due, on the declared schedule until Ctrl-C."""
    folder = opened_state()
    from adapters.clockwork import keep_time, next_after
    from adapters.declaration import load
    from adapters.turns import alone

    names = projects or _deployed(folder)
    declared = {name: load(name, root=ROOT).project for name in names}
    with alone(folder):
        schedules = {name: found.monitoring.schedule for name, found in declared.items()}
        for name, schedule in schedules.items():
            _catch_up(name, schedule, stack, folder)
        if once:
            return
        for port in {found.monitoring.metrics_port for found in declared.values()} - {None}:
            from adapters.gauges import serve

            serve(port, folder)
            print(f"Figures for Prometheus at http://127.0.0.1:{port}/metrics")
        now = datetime.now().astimezone()
        for name, schedule in schedules.items():
            due = next_after(schedule, now).astimezone(now.tzinfo)
            print(f"{name}: next at {due:%a %-d %b %H:%M}, then by {schedule!r} (UTC)", flush=True)
        keep_time(
            {name: (schedule, _turn(name, stack, folder)) for name, schedule in schedules.items()}
        )


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


def _catch_up(name: str, schedule: str, stack: str, folder: Path) -> None:
    from adapters.clock import now
    from adapters.clockwork import was_missed
    from adapters.turns import last_turn

    if was_missed(schedule, last_turn(folder, name), now()):
        _turn(name, stack, folder)()


def _turn(name: str, stack: str, folder: Path):  # noqa: ANN202
    from adapters.turns import finish_turn

    def turn() -> None:
        for pipeline in TURN:
            # A process of its own each time: what it holds is given back, and what breaks in it
            # does not end the watch.
            done = subprocess.run(
                [
                    *(sys.executable, str(ROOT / "run.py"), "--pipeline", pipeline),
                    *("--project", name, "--stack", stack),
                ],
                env=os.environ,
            )
            if done.returncode not in (0, 3):
                print(f"{pipeline} {name} ended with {done.returncode}", file=sys.stderr)
        finish_turn(folder, name)

    return turn
