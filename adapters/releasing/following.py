"""Tells at the terminal how a release goes, until it has ended."""

import time
from pathlib import Path

from adapters.records import Records
from adapters.release_terminal import print_look_line, print_release
from adapters.releasing.keeping import SNAPSHOT
from lifecycle.release.release import Look, Release

PAUSE = 0.5
LINE_SECONDS = 30


def follow(release: Release, *, state: Path, once: bool = False) -> Release:
    """Print each change of a release until it has ended; give it as it is then.

    Parameters
    ----------
    once
        Print how it is now, and return.
    """
    from rich.console import Console

    console = Console()
    with Records.open(state) as records:
        told: object = None
        while not once and release.is_open:
            look = latest_look(release, records)
            if look is not None and (news := _news(look)) != told:
                print_look_line(release, look, console=console)
                told = news
            time.sleep(PAUSE)
            release = records.release(release.number) or release
        print_release(release, console=console)
    return release


def _news(look: Look) -> object:
    """Give what of a look is worth a line; where nothing changes there is one now and then."""
    outcomes = tuple((verdict.rule, verdict.outcome) for verdict in look.verdicts)
    quarter = int(look.at.timestamp()) // LINE_SECONDS
    return look.release, look.step, look.action, outcomes, quarter


def latest_look(release: Release, records: Records) -> Look | None:
    """Give the latest look at a release, however little it changed."""
    found = records.snapshot(release.project, SNAPSHOT)
    look = Look.model_validate(found) if found is not None else None
    return look if look is not None and look.release == release.number else None
