"""Where the workers of one server share their figures, and no other server does.

BentoML gives every server of a machine's user the same folder, and empties it whenever one of
them starts: figures of two versions would be one, and vanish. So each server gets its own.
"""

import atexit
import os
import shutil
import tempfile
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from pathlib import Path

import psutil

from adapters.clock import now

BENTOMLS = "PROMETHEUS_MULTIPROC_DIR"
"""What prometheus_client reads, and BentoML sets for every worker, a single one as well."""

OURS, SINCE = "PERENNIAL_FIGURES", "PERENNIAL_FIGURES_SINCE"
"""What the parent process leaves for its workers: the folder, and when the counting began."""

_NAME = "perennial-figures-"


def begin_sharing(environment: MutableMapping[str, str]) -> Path:
    """Make the folder of a server that is about to start workers; it goes when the server ends.

    What servers that were killed have left is removed.
    """
    for left in Path(tempfile.gettempdir()).glob(f"{_NAME}*"):
        if not psutil.pid_exists(int(left.name.split("-")[2])):
            shutil.rmtree(left, ignore_errors=True)
    process = os.getpid()
    folder = Path(tempfile.mkdtemp(prefix=f"{_NAME}{process}-"))
    environment[OURS], environment[SINCE] = str(folder), str(now().timestamp())
    atexit.register(_remove, folder, process)
    return folder


def share(environment: MutableMapping[str, str], *, workers: int) -> None:
    """Point prometheus_client at our folder; has to come before its first figure is made.

    One process alone counts in its own memory, at half the cost.

    Examples
    --------
    >>> told = {"PROMETHEUS_MULTIPROC_DIR": "/all", "PERENNIAL_FIGURES": "/ours"}
    >>> share(told, workers=2); told["PROMETHEUS_MULTIPROC_DIR"]
    '/ours'
    >>> share(told, workers=1); "PROMETHEUS_MULTIPROC_DIR" in told
    False
    """
    if workers == 1:
        environment.pop(BENTOMLS, None)
    elif BENTOMLS in environment and OURS in environment:
        environment[BENTOMLS] = environment[OURS]


def shared_since(environment: Mapping[str, str]) -> float | None:
    """Say since when the workers of this server have counted together; `None`: this one alone.

    Examples
    --------
    >>> told = {"PROMETHEUS_MULTIPROC_DIR": "/ours", "PERENNIAL_FIGURES_SINCE": "17.5"}
    >>> shared_since(told), shared_since({"PERENNIAL_FIGURES_SINCE": "17.5"})
    (17.5, None)
    """
    if BENTOMLS not in environment:
        return None
    with suppress(KeyError, ValueError):
        return float(environment[SINCE])
    return None


def _remove(folder: Path, process: int) -> None:
    if os.getpid() == process:  # not in a child that was forked
        shutil.rmtree(folder, ignore_errors=True)
