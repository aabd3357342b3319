"""Keeps what is deployed running: the only door to `supervisor`.

One `supervisord` for each state folder, started on first need. It outlives the command that
started it, restarts what dies, and rotates its logs. ::

    supervisor = Supervisor(state)
    supervisor.start(name, command, env=..., folder=..., log=..., stop_seconds=..., is_ready=...)
    supervisor.stop(name)          # the last one to stop takes the supervisor along
    supervisor.status()            # -> tuple[Process, ...], also when nothing runs
    supervisor.resume()            # after a reboot: everything that was running, again
    supervisor.shutdown()          # everything ends

    write_live(state, live); read_live(state, project); forget_live(state, project)
    every_live(state)              # -> tuple[Live, ...]
"""

from adapters.supervision.channel import UnixConnection as UnixConnection
from adapters.supervision.place import SupervisionError as SupervisionError
from adapters.supervision.place import private_folder as private_folder
from adapters.supervision.place import replace_file as replace_file
from adapters.supervision.place import socket_path as socket_path
from adapters.supervision.record import every_live as every_live
from adapters.supervision.record import forget_live as forget_live
from adapters.supervision.record import read_live as read_live
from adapters.supervision.record import write_live as write_live
from adapters.supervision.supervisor import Process as Process
from adapters.supervision.supervisor import Supervisor as Supervisor
