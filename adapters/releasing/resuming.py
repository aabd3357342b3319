"""Takes up what was broken off: moves half made, and releases nobody looks after."""

from pathlib import Path

from adapters.records import Records
from adapters.releasing.conductor import start_conductor
from adapters.releasing.moving import MOVING_LOCK, repair_alone


def take_up(state: Path, *, root: Path) -> tuple[str, ...]:
    """Repair every move that was broken off, and look after every release that goes on.

    One that is only being prepared is left to whoever prepares it.

    Returns
    -------
    tuple[str, ...]
        The projects whose releases go on.
    """
    names = sorted(lock.parent.name for lock in (state / "serving").glob(f"*/{MOVING_LOCK}"))
    if not names:
        return ()
    with Records.open(state) as records:
        for name in names:
            repair_alone(name, records=records, state=state)
        found = [records.open_one(name) for name in names]
    begun = tuple(one.project for one in found if one is not None and one.champion_name)
    for name in begun:
        start_conductor(name, root=root, state=state, is_looked_after=lambda: True)
    return begun
