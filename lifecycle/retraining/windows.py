"""The windows a declaration names: what they are called, and which is the longest."""

from datetime import timedelta
from typing import Literal

from lifecycle.errors import ProjectError
from lifecycle.retraining.declaration import Retraining

WindowLength = Literal["all"] | timedelta


def tell_window(window: WindowLength) -> str:
    """Name a window as people write it.

    Examples
    --------
    >>> tell_window("all"), tell_window(timedelta(days=90)), tell_window(timedelta(hours=36))
    ('all', '90d', '36h')
    """
    if isinstance(window, str):
        return window
    seconds = window.total_seconds()
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds % size == 0:
            return f"{seconds / size:g}{unit}"
    return f"{seconds:g}s"


def read_window(name: str, policy: Retraining) -> WindowLength:
    """Give the declared window that has a name."""
    declared = (policy.window, *policy.windows)
    known = {tell_window(one): one for one in declared if one != "evidence"}
    found = known.get(name)
    if found is None:
        raise ProjectError(f'No training window is called "{name}"; known: {", ".join(known)}.')
    return "all" if isinstance(found, str) else found


def windows_of(policy: Retraining) -> tuple[WindowLength, ...]:
    """Give the windows to choose from, the longest first, each once."""
    lengths = dict.fromkeys(policy.windows)
    return tuple(sorted(lengths, key=lambda one: _length(one), reverse=True))


def _length(window: WindowLength) -> timedelta:
    return timedelta.max if isinstance(window, str) else window
