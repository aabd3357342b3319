"""The running `supervisord`: begun, asked and ended."""

import http.client
import os
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psutil

from adapters.supervision import launch
from adapters.supervision.channel import call
from adapters.supervision.place import SupervisionError
from adapters.supervision.program import KEPT
from adapters.supervision.programs import Programs

PATIENCE = 10.0
"""Seconds it may take to begin or to end."""


class AbsentError(SupervisionError):
    """No supervisor runs."""


class RefusedError(SupervisionError):
    """A supervisor runs, and refuses."""


class Daemon:
    """The process that keeps the programs of a folder running, where there is one."""

    def __init__(self, programs: Programs) -> None:
        self._programs = programs

    def ask(self, method: str, *arguments: str | bool) -> Any:
        """Call a method of it.

        Raises
        ------
        AbsentError
            If it does not run.
        RefusedError
            If it runs, and refuses.
        SupervisionError
            If it runs, and does not answer.
        """
        try:
            return call(self._programs.socket, method, *arguments)
        except xmlrpc.client.Fault as fault:
            raise RefusedError(f"The supervisor refused {method}: {fault.faultString}") from fault
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise AbsentError(f"No supervisor listens at {self._programs.socket}.") from error
        except (OSError, http.client.HTTPException) as error:
            raise SupervisionError(
                f"The supervisor does not answer at {self._programs.socket} ({error!r}). Its "
                f"process id is in {self._programs.folder / 'supervisord.pid'}: end it with "
                "`kill -9`. What it keeps goes on running, and is taken over by the next one."
            ) from error

    def told(self, name: str) -> dict[str, Any] | None:
        """Give what the supervisor knows of a program; `None` where either is not there."""
        try:
            told: dict[str, Any] = self.ask("getProcessInfo", name)
        except (AbsentError, RefusedError):
            return None
        return told

    def pid(self) -> int | None:
        """Give the process id of the supervisor where it runs."""
        try:
            return int(self.ask("getPID"))
        except AbsentError:
            return self._silent()

    def _silent(self) -> int | None:
        """Find a supervisor that runs without being reachable."""
        try:
            pid = int((self._programs.folder / "supervisord.pid").read_text())
            return pid if str(self._programs.settings) in psutil.Process(pid).cmdline() else None
        except (FileNotFoundError, ValueError, psutil.Error):
            return None

    def run(self) -> None:
        """Begin it where it does not run, and have it read its file."""
        if self.pid() is None:
            self._programs.socket.unlink(missing_ok=True)
            self._begin()
        self.ask("reloadConfig")

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
        wait_until(self._answers, PATIENCE, f"The supervisor of {self._programs.folder}")

    def _answers(self) -> bool:
        try:
            return bool(self.ask("getState")["statename"] == "RUNNING")
        except AbsentError:
            return False

    def end(self, patience: float) -> None:
        """End it, and everything it keeps, and wait until it has ended."""
        pid = self.pid()
        if pid is None:
            return
        process = psutil.Process(pid)
        self.ask("stopAllProcesses", False)  # together: a shutdown takes one after the other
        self.ask("shutdown")

        def has_ended() -> bool:
            with suppress(SupervisionError):
                self.pid()  # being asked wakes it: by itself it looks around once a second
            return not launch.is_alive(process)

        wait_until(has_ended, patience, f"The supervisor (see {self._programs.log})")


def wait_until(holds: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait until something holds, or raise."""
    ends = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > ends:
            raise SupervisionError(f"{what} did not do what it was told within {seconds:.0f} s.")
        time.sleep(0.02)
