"""One supervisor for each state folder: begins programs, keeps them running, ends them."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from adapters.supervision import launch
from adapters.supervision.daemon import PATIENCE, Daemon, RefusedError, wait_until
from adapters.supervision.place import SupervisionError
from adapters.supervision.program import Program, program_of
from adapters.supervision.programs import Programs
from lifecycle.section import Value

Condition = Literal["starting", "running", "failing", "stopping", "stopped", "failed", "orphaned"]

_CONDITIONS: dict[str, Condition] = {
    "STARTING": "starting",
    "RUNNING": "running",
    "BACKOFF": "failing",
    "STOPPING": "stopping",
    "STOPPED": "stopped",
    "EXITED": "failing",
    "FATAL": "failed",
    "UNKNOWN": "failed",
}
_ENDED = {"STOPPED", "EXITED", "FATAL", "UNKNOWN"}

TAIL = 20
"""Lines of a log that are shown when its program does not come up."""


class Process(Value):
    """What became of a program.

    Parameters
    ----------
    state
        `starting`: it has lived for less than a second; `running`; `failing`: it died and is
        begun again; `stopping`; `failed`: it died so often that it was given up; `stopped`: it
        does not run, for example since the machine was started anew; `orphaned`: it runs, but
        its supervisor was killed, and nobody would begin it again.
    pid, started
        Of its running process; the time in ISO 8601.
    restarts
        How often it was begun again since it was started.
    exit_status
        Of its last end, where it ended by itself and is not begun again yet.
    log
        Where it prints to.
    """

    name: str
    state: Condition
    pid: int | None = None
    started: str | None = None
    restarts: int = 0
    exit_status: int | None = None
    log: str


class Supervisor:
    """The supervisor of a state folder; a running process only while it is needed."""

    def __init__(self, state: Path) -> None:
        self._programs = Programs(state.absolute() / "serving" / "supervisor")
        self._daemon = Daemon(self._programs)

    def start(
        self,
        name: str,
        command: list[str],
        *,
        env: dict[str, str],
        folder: Path,
        log: Path,
        stop_seconds: float,
        is_ready: Callable[[], bool] | None = None,
        ready_seconds: float = 60.0,
        ends: bool = False,
    ) -> Process:
        """Start a program and keep it running: it is begun again whenever it dies.

        Parameters
        ----------
        name
            Letters, digits, dots, dashes and underscores.
        env
            Its environment, beside `PATH`, `HOME`, language and time zone. Values are kept in
            a file of its user, never on a command line.
        folder
            Where it runs.
        log
            What it prints goes there, and is rotated: at most 60 MB.
        stop_seconds
            How long it may take to end, once it is asked to, before it is killed.
        is_ready
            Asked several times a second whether it has come up; by default it has when it has
            lived for a second.
        ready_seconds
            How long that may take.
        ends
            Whether it comes to an end by itself: begun again only if that is a bad one.

        Raises
        ------
        SupervisionError
            If it already runs, or dies, or is not ready in time: then it is taken down again,
            and what it last printed is in the message.
        """
        program = program_of(name, command, env, folder, log, stop_seconds, ends)
        with self._programs.alone():
            self._refuse_second(name)
            self._take_down(name)
            printed = _size(log)
            self._programs.add(program)
            with self._taken_down_on_error(name):
                self._daemon.run()
                self._take_in(name)
        # The lock is free again: others need not wait until this one is ready.
        with self._taken_down_on_error(name, self._programs.alone):
            problem = self._wait_until_up(name, is_ready, ready_seconds)
            if problem:
                raise SupervisionError(_last_words(program, problem, since=printed))
        return self._describe(program)

    def stop(self, name: str) -> None:
        """Ask a program to end, wait until it has, and forget it; also one that is not there.

        The last program takes the supervisor along.
        """
        with self._programs.alone():
            self._take_down(name)
            if not [*self._programs]:
                self._daemon.end(PATIENCE)

    def resume(self) -> tuple[Process, ...]:
        """Begin again what ran when the machine, or the supervisor, went down."""
        with self._programs.alone():
            if [*self._programs]:
                self._daemon.run()
        return self.status()

    def status(self) -> tuple[Process, ...]:
        """Say what became of every program that was started and not stopped, by name."""
        return tuple(self._describe(program) for program in self._programs)

    def shutdown(self) -> None:
        """Stop every program and the supervisor itself, and forget them all."""
        if not self._programs.path.exists():
            return
        with self._programs.alone():
            longest = max((program.stop_seconds for program in self._programs), default=0)
            self._daemon.end(PATIENCE + longest)
            for program in [*self._programs]:
                self._take_down(program.name)
            self._programs.socket.unlink(missing_ok=True)

    def _describe(self, program: Program) -> Process:
        """Say what became of a program."""
        file = self._programs.file(program.name)
        process, trace, told = (
            launch.find(file),
            launch.read_trace(file),
            self._daemon.told(program.name),
        )
        state = _CONDITIONS[told["statename"]] if told else "orphaned" if process else "stopped"
        ended_by_itself = told is not None and not process and told["statename"] in _ENDED
        began = datetime.fromtimestamp(trace.began, UTC) if trace and process else None
        return Process(
            name=program.name,
            state=state,
            pid=process.pid if process else None,
            started=began.isoformat(timespec="seconds") if began else None,
            restarts=max(0, trace.starts - 1) if trace else 0,
            exit_status=told["exitstatus"] if told and ended_by_itself else None,
            log=program.log,
        )

    # -- one program

    def _refuse_second(self, name: str) -> None:
        for program in self._programs:
            found = self._describe(program)
            if program.name == name and found.state not in ("stopped", "failed"):
                raise SupervisionError(
                    f'"{name}" is {found.state} already, as process {found.pid}. Stop it first, '
                    "or start the other under another name."
                )

    @contextmanager
    def _taken_down_on_error(
        self, name: str, alone: Callable[[], AbstractContextManager[None]] = nullcontext
    ) -> Iterator[None]:
        try:
            yield
        except BaseException:
            with alone():
                self._take_down(name)
            raise

    def _take_in(self, name: str) -> None:
        """Have the supervisor begin a program that is in its file."""
        if (
            self._daemon.told(name) is None
        ):  # it is there already if it was begun with all the others
            self._daemon.ask("addProcessGroup", name)

    def _wait_until_up(
        self, name: str, is_ready: Callable[[], bool] | None, seconds: float
    ) -> str | None:
        """Wait until a program has come up, or say why it has not."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            state = (self._daemon.told(name) or {"statename": "UNKNOWN"})["statename"]
            trace = launch.read_trace(self._programs.file(name))
            # STOPPED: not begun yet. What died late may have been begun again between two looks.
            has_died = state not in ("STARTING", "RUNNING", "STOPPED")
            if has_died or (trace and trace.starts > 1):
                return "died"
            if is_ready() if is_ready else state == "RUNNING":
                return None
            time.sleep(0.05)
        return f"was not ready within {seconds:.0f} seconds"

    def _take_down(self, name: str) -> None:
        """End a program, whoever began it, and forget it."""
        program = next((one for one in self._programs if one.name == name), None)
        if program is None:
            return
        self._stop_supervised(program)
        file = self._programs.file(name)
        found = launch.find(file)
        launch.end([found] if found else [], seconds=program.stop_seconds)
        launch.end(launch.leftovers(file), seconds=1)
        self._programs.forget(name)
        if self._daemon.pid() is not None:
            self._daemon.ask("reloadConfig")

    def _stop_supervised(self, program: Program) -> None:
        def is_removed() -> bool:
            told = self._daemon.told(program.name)
            if told is None:
                return True
            # Between question and request it may die, or be begun again: then it is asked anew.
            with suppress(RefusedError):
                if told["statename"] in _ENDED:
                    self._daemon.ask("removeProcessGroup", program.name)
                elif told["statename"] != "STOPPING":
                    self._daemon.ask("stopProcess", program.name, False)
            return False

        wait_until(is_removed, program.stop_seconds + PATIENCE, f'"{program.name}"')


def _size(log: Path) -> int:
    return log.stat().st_size if log.exists() else 0


def _last_words(program: Program, problem: str, *, since: int) -> str:
    time.sleep(0.1)  # what it printed last is on its way through a pipe
    log = Path(program.log)
    printed = log.read_bytes()[since if _size(log) > since else 0 :] if log.exists() else b""
    lines = printed.decode(errors="replace").splitlines()[-TAIL:] or ["(nothing)"]
    said = "\n".join(f"  {line}" for line in lines)
    return f'"{program.name}" {problem}, and was taken down again. It printed ({log}):\n{said}'
