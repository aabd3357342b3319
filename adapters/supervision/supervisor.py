"""One supervisor for each state folder: begins programs, keeps them running, ends them."""

import http.client
import os
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import psutil

from adapters.supervision import launch
from adapters.supervision.channel import call
from adapters.supervision.place import SupervisionError
from adapters.supervision.program import KEPT, Program, program_of
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

PATIENCE = 10.0
"""Seconds the supervisor itself may take to begin or to end."""

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


class _AbsentError(SupervisionError):
    """No supervisor runs."""


class _Fault(SupervisionError):  # noqa: N818  (supervisor's own word)
    """The supervisor runs, and refuses."""


class Supervisor:
    """The supervisor of a state folder; a running process only while it is needed."""

    def __init__(self, state: Path) -> None:
        self._programs = Programs(state.absolute() / "serving" / "supervisor")

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

        Raises
        ------
        SupervisionError
            If it already runs, or dies, or is not ready in time: then it is taken down again,
            and what it last printed is in the message.
        """
        program = program_of(name, command, env, folder, log, stop_seconds)
        with self._programs.alone():
            self._refuse_second(name)
            self._take_down(name)
            printed = _size(log)
            self._programs.add(program)
            try:
                self._run()
                self._take_in(name)
                problem = self._wait_until_up(name, is_ready, ready_seconds)
                if problem:
                    raise SupervisionError(_last_words(program, problem, since=printed))
            except BaseException:
                self._take_down(name)
                raise
        return self.describe(program)

    def stop(self, name: str) -> None:
        """Ask a program to end, wait until it has, and forget it; also one that is not there.

        The last program takes the supervisor along.
        """
        with self._programs.alone():
            self._take_down(name)
            if not [*self._programs]:
                self._end(PATIENCE)

    def resume(self) -> tuple[Process, ...]:
        """Begin again what ran when the machine, or the supervisor, went down."""
        with self._programs.alone():
            if [*self._programs]:
                self._run()
        return self.status()

    def status(self) -> tuple[Process, ...]:
        """Say what became of every program that was started and not stopped, by name."""
        return tuple(self.describe(program) for program in self._programs)

    def shutdown(self) -> None:
        """Stop every program and the supervisor itself, and forget them all."""
        if not self._programs.path.exists():
            return
        with self._programs.alone():
            longest = max((program.stop_seconds for program in self._programs), default=0)
            self._end(PATIENCE + longest)
            for program in [*self._programs]:
                self._take_down(program.name)

    def describe(self, program: Program) -> Process:
        """Say what became of a program."""
        file = self._programs.file(program.name)
        process, trace, told = launch.find(file), launch.read_trace(file), self._told(program.name)
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

    # -- the supervisor itself

    def _ask(self, method: str, *arguments: str | bool) -> Any:
        try:
            return call(self._programs.socket, method, *arguments)
        except xmlrpc.client.Fault as fault:
            raise _Fault(f"The supervisor refused {method}: {fault.faultString}") from fault
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise _AbsentError(f"No supervisor listens at {self._programs.socket}.") from error
        except (OSError, http.client.HTTPException) as error:
            raise SupervisionError(
                f"The supervisor does not answer at {self._programs.socket} ({error!r}). Its "
                f"process id is in {self._programs.folder / 'supervisord.pid'}: end it with "
                "`kill -9`. What it keeps goes on running, and is taken over by the next one."
            ) from error

    def _told(self, name: str) -> dict[str, Any] | None:
        """Give what the supervisor knows of a program; `None` where either is not there."""
        try:
            told: dict[str, Any] = self._ask("getProcessInfo", name)
        except (_AbsentError, _Fault):
            return None
        return told

    def _pid(self) -> int | None:
        """Give the process id of the supervisor where it runs."""
        try:
            return int(self._ask("getPID"))
        except _AbsentError:
            return self._silent()

    def _silent(self) -> int | None:
        """Find a supervisor that runs without being reachable."""
        try:
            pid = int((self._programs.folder / "supervisord.pid").read_text())
            return pid if str(self._programs.settings) in psutil.Process(pid).cmdline() else None
        except (FileNotFoundError, ValueError, psutil.Error):
            return None

    def _run(self) -> None:
        """Begin the supervisor where it does not run, and have it read its file."""
        if self._pid() is None:
            self._programs.socket.unlink(missing_ok=True)
            self._begin()
        self._ask("reloadConfig")

    def _begin(self) -> None:
        # It turns itself into a process of its own session once it listens, and only then does
        # this call return: what is wrong until then is in its output.
        done = subprocess.run(
            [sys.executable, "-I", "-m", "supervisor.supervisord", "-c", self._programs.settings],
            cwd=self._programs.folder,
            env={**{key: os.environ[key] for key in KEPT if key in os.environ}, "PYTHONUTF8": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE * 3,
            check=False,
        )
        if done.returncode:
            raise SupervisionError(
                f"The supervisor of {self._programs.folder} does not start:\n"
                f"{(done.stdout + done.stderr).strip()[-2000:]}"
            )
        _wait(self._answers, PATIENCE, f"The supervisor of {self._programs.folder}")

    def _answers(self) -> bool:
        try:
            return bool(self._ask("getState")["statename"] == "RUNNING")
        except _AbsentError:
            return False

    def _end(self, patience: float) -> None:
        pid = self._pid()
        if pid is None:
            return
        process = psutil.Process(pid)
        self._ask("stopAllProcesses", False)  # together: a shutdown takes one after the other
        self._ask("shutdown")

        def has_ended() -> bool:
            with suppress(SupervisionError):
                self._pid()  # being asked wakes it: by itself it looks around once a second
            return not launch.is_alive(process)

        _wait(has_ended, patience, f"The supervisor (see {self._programs.log})")

    # -- one program

    def _refuse_second(self, name: str) -> None:
        for program in self._programs:
            found = self.describe(program)
            if program.name == name and found.state not in ("stopped", "failed"):
                raise SupervisionError(
                    f'"{name}" is {found.state} already, as process {found.pid}. Stop it first, '
                    "or start the other under another name."
                )

    def _take_in(self, name: str) -> None:
        """Have the supervisor begin a program that is in its file."""
        if self._told(name) is None:  # it is there already if it was begun with all the others
            self._ask("addProcessGroup", name)

    def _wait_until_up(
        self, name: str, is_ready: Callable[[], bool] | None, seconds: float
    ) -> str | None:
        """Wait until a program has come up, or say why it has not."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            state = (self._told(name) or {"statename": "UNKNOWN"})["statename"]
            if state not in ("STARTING", "RUNNING", "STOPPED"):  # STOPPED: not begun yet
                return "died at once"
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
        if self._pid() is not None:
            self._ask("reloadConfig")

    def _stop_supervised(self, program: Program) -> None:
        def is_removed() -> bool:
            told = self._told(program.name)
            if told is None:
                return True
            # Between question and request it may die, or be begun again: then it is asked anew.
            with suppress(_Fault):
                if told["statename"] in _ENDED:
                    self._ask("removeProcessGroup", program.name)
                elif told["statename"] != "STOPPING":
                    self._ask("stopProcess", program.name, False)
            return False

        _wait(is_removed, program.stop_seconds + PATIENCE, f'"{program.name}"')


def _wait(holds: Callable[[], bool], seconds: float, what: str) -> None:
    ends = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > ends:
            raise SupervisionError(f"{what} did not do what it was told within {seconds:.0f} s.")
        time.sleep(0.02)


def _size(log: Path) -> int:
    return log.stat().st_size if log.exists() else 0


def _last_words(program: Program, problem: str, *, since: int) -> str:
    time.sleep(0.1)  # what it printed last is on its way through a pipe
    log = Path(program.log)
    printed = log.read_bytes()[since if _size(log) > since else 0 :] if log.exists() else b""
    lines = printed.decode(errors="replace").splitlines()[-TAIL:] or ["(nothing)"]
    said = "\n".join(f"  {line}" for line in lines)
    return f'"{program.name}" {problem}, and was taken down again. It printed ({log}):\n{said}'
