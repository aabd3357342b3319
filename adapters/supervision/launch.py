"""Becomes a program that is to be kept running; `supervisord` starts this, never the program.

Supervisor's files know no way to write down every command and every secret, and a program
started by it gets whatever was in the environment of the command that happened to start the
supervisor. So each program lies in a JSON file of its own, private to its user; this script
reads it, writes down its process id, and turns into the program.

When the supervisor itself is killed, what it kept goes on running without it. The next one
finds the process by what was written down: then this script does not start a second one, but
keeps watch over the first, passes signals on to it, and takes its place when it dies.

It runs as a file of its own: nothing of Perennial is imported here.
"""

import json
import os
import resource
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType

import psutil

MARK = "PERENNIAL_PROGRAM"
"""By this in its environment a process is known as a part of a program."""

MOST_FILES = 65_536


@dataclass(frozen=True)
class Trace:
    """What a started program left: its process, when that began, and how often it was begun."""

    pid: int
    began: float
    starts: int


def trace_of(program: Path) -> Path:
    """Name the file in which the last process of a program is written down."""
    return program.with_suffix(".pid")


def read_trace(program: Path) -> Trace | None:
    """Give what the last process of a program left; `None` where it was never begun."""
    try:
        return Trace(**json.loads(trace_of(program).read_bytes()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def find(program: Path) -> psutil.Process | None:
    """Find the running process of a program, whoever its parent is."""
    trace = read_trace(program)
    if trace is None:
        return None
    try:
        process = psutil.Process(trace.pid)
        # The same number may long belong to somebody else; two seconds is what a corrected
        # clock may move the beginning of a process by.
        is_same = abs(process.create_time() - trace.began) < 2
        return process if is_same and is_alive(process) else None
    except psutil.NoSuchProcess:
        return None


def is_alive(process: psutil.Process) -> bool:
    """Whether a process runs; one that only waits for its parent to take note does not."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def leftovers(program: Path) -> list[psutil.Process]:
    """Find what the last process of a program left of its process group: its workers."""
    trace = read_trace(program)
    if trace is None:
        return []
    return [*filter(partial(_is_part_of, program, trace.pid), psutil.process_iter())]


def end(processes: list[psutil.Process], *, seconds: float) -> None:
    """Ask processes to end, and kill those that have not after so many seconds."""
    for how, patience in ((signal.SIGTERM, seconds), (signal.SIGKILL, 10.0)):
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(how)
        _, processes = psutil.wait_procs(processes, timeout=patience)


def main(program: Path) -> None:
    """Become a program, or keep watch over the process that is it already."""
    running = find(program)
    if running is not None:
        _keep_watch(running)
    described = json.loads(program.read_bytes())
    end(leftovers(program), seconds=5)
    _leave_trace(program)
    _allow_many_files()
    environment = {**described["environment"], MARK: _mark(program)}
    try:
        os.chdir(described["folder"])
        os.execvpe(described["command"][0], described["command"], environment)
    except OSError as error:
        sys.exit(
            f"{described['command'][0]} cannot be run in {described['folder']}: {error.strerror}"
        )


def _is_part_of(program: Path, group: int, process: psutil.Process) -> bool:
    try:
        return (
            process.pid != os.getpid()
            and os.getpgid(process.pid) == group
            and process.environ().get(MARK) == _mark(program)
        )
    except (psutil.Error, OSError):
        return False


def _mark(program: Path) -> str:
    return str(program.resolve())


def _keep_watch(process: psutil.Process) -> None:
    """Wait until a process ends; where that was asked for, end as well."""
    asked: list[int] = []

    def pass_on(number: int, frame: FrameType | None) -> None:
        asked.append(number)
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, pass_on)
    print(f"process {process.pid} has outlived its supervisor; watching it", flush=True)  # noqa: T201  (into its log)
    while is_alive(process):
        time.sleep(0.1)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    if asked:
        sys.exit(0)


def _leave_trace(program: Path) -> None:
    before = read_trace(program)
    trace = {
        "pid": os.getpid(),
        "began": psutil.Process().create_time(),
        "starts": (before.starts if before else 0) + 1,
    }
    new = trace_of(program).with_suffix(".new")
    new.write_text(json.dumps(trace))
    new.replace(trace_of(program))


def _allow_many_files() -> None:
    """Allow as many open files as may be: each connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
