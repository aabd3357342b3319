"""How much room there is, and how much the event log takes."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from adapters.events.reading import LABELS, PREDICTIONS


class Room(NamedTuple):
    """What of a disk is free, to users who are not root.

    Parameters
    ----------
    share
        In [0, 1].
    gb
        In 10⁹ bytes.
    """

    share: float
    gb: float


def room(*folders: Path) -> Room | None:
    """Give the room of the disk with the smallest free share; `None` of no folder that is there."""
    found = [_room(folder) for folder in folders if folder.is_dir()]
    return min(found, default=None)


def _room(folder: Path) -> Room:
    told = os.statvfs(folder)
    return Room(told.f_bavail / max(1, told.f_blocks), told.f_bavail * told.f_frsize / 1e9)


def size_mb(folder: Path) -> float | None:
    """Give what the events of a project take, in 10⁶ bytes; `None` where there is no log."""
    if not folder.is_dir():
        return None
    return sum(_sizes(folder)) / 1e6


def _sizes(folder: Path) -> Iterator[int]:
    for name in (PREDICTIONS, LABELS):
        if not (folder / name).is_dir():
            continue
        for entry in os.scandir(folder / name):
            try:
                yield entry.stat().st_size
            except FileNotFoundError:  # finished, which gives it another name, or swept
                continue
