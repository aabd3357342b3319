"""What a program is, and how supervisor is told of it."""

import math
import os
import pwd
import re
import shlex
import sys
from pathlib import Path

from adapters.supervision import launch
from adapters.supervision.place import SupervisionError
from lifecycle.section import Value

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")

KEPT = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR")
"""What a program gets of the environment of the command that starts it; nothing else."""

LOG_MB, LOG_BACKUPS = 10, 5

RETRIES = 60
"""How often what dies at once is begun again, a second later each time: half an hour in all."""


class Program(Value):
    """A command that is to be kept running.

    Parameters
    ----------
    environment
        All of its environment.
    folder
        Where it runs.
    stop_seconds
        How long it may take to end before it is killed.
    ends
        Whether it comes to an end by itself: then it is not begun again when it ends well.
    """

    name: str
    command: tuple[str, ...]
    environment: dict[str, str]
    folder: str
    log: str
    stop_seconds: int
    ends: bool = False


def program_of(
    name: str,
    command: list[str],
    env: dict[str, str],
    folder: Path,
    log: Path,
    seconds: float,
    ends: bool = False,
) -> Program:
    """Describe a program.

    Raises
    ------
    SupervisionError
        If its name or its log could not be written into supervisor's file.
    """
    if not NAME.fullmatch(name):
        raise SupervisionError(
            f'"{name}" cannot be the name of a program. It may have up to 100 letters, digits, '
            "dots, dashes and underscores, and begins with a letter or a digit."
        )
    kept = {key: os.environ[key] for key in KEPT if key in os.environ}
    return Program(
        name=name,
        command=tuple(command),
        environment={**kept, **env},
        folder=str(folder.absolute()),
        log=str(log.absolute()),
        stop_seconds=max(1, math.ceil(seconds)),
        ends=ends,
    )


def configuration(programs: list[Program], *, folder: Path, socket: Path) -> str:
    """Write supervisor's file for programs.

    Paths in it are relative to its folder where they can be: an ini file has no way to quote.
    """
    user = f"user = {pwd.getpwuid(0).pw_name}\n" if os.geteuid() == 0 else ""
    head = f"""\
[unix_http_server]
file = {_written(str(socket))}
chmod = 0700

[supervisord]
logfile = supervisord.log
logfile_maxbytes = 1MB
logfile_backups = 2
pidfile = supervisord.pid
nocleanup = true
umask = 077
minfds = 256
minprocs = 50
{user}
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
"""
    return head + "".join(_section(program, folder) for program in programs)


def _section(program: Program, folder: Path) -> str:
    words = [sys.executable, "-I", launch.__file__, f"programs/{program.name}.json"]
    return f"""
[program:{program.name}]
command = {_written(shlex.join(words))}
autostart = true
autorestart = {"unexpected" if program.ends else "true"}
exitcodes = 0
startsecs = 1
startretries = {RETRIES}
stopsignal = TERM
stopwaitsecs = {program.stop_seconds}
killasgroup = true
redirect_stderr = true
stdout_logfile = {_written(os.path.relpath(program.log, folder))}
stdout_logfile_maxbytes = {LOG_MB}MB
stdout_logfile_backups = {LOG_BACKUPS}
"""


def _written(value: str) -> str:
    """Write a value as supervisor reads it back.

    Examples
    --------
    >>> _written("100%/log")
    '100%%/log'
    """
    # `;` and `#` after a blank begin a comment, and nothing takes that meaning away.
    if re.search(r"\s[;#]|[\r\n]|^[;#]", value):
        raise SupervisionError(
            f"{value!r} cannot be written into supervisor's file: ; and # after a blank begin a "
            "comment there. Rename the folder."
        )
    return value.replace("%", "%%")
