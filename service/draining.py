"""The end of a worker: first it says so, then it takes no more, then it finishes what it has.

BentoML's parent process passes SIGTERM on, and holds the listening socket until all its workers
are gone. So closing the worker's copy of it does not stop the kernel from taking connections,
which nobody would ever answer: the last worker has to end the listening itself.
"""

import asyncio
import os
import signal
import socket
import struct
from collections.abc import Callable
from types import FrameType
from typing import Any

import psutil

from service.errorlog import warn

LINGER = 0.2
"""Seconds between two steps of the end: enough for what a loop has at hand to be taken up."""

_SO_ATTACH_FILTER = 26
"""From Linux's asm-generic/socket.h; Python does not name it."""

_DROP_SYN = (
    (0x30, 0, 0, 13),  # load the byte of the TCP header that holds the flags
    (0x45, 0, 1, 0x02),  # is SYN among them?
    (0x06, 0, 0, 0),  # yes: drop the packet, the caller's kernel repeats it in a second
    (0x06, 0, 0, 0xFFFFFFFF),  # no: it belongs to a connection that is already being made
)
"""Classic BPF: new connections wait outside while those already made are accepted."""


class Drain:
    """Wraps the server's own way of ending.

    Parameters
    ----------
    seconds
        How long requests are still taken after the signal.
    longest
        Seconds after which what is still being answered then is given up.
    begin
        Called at the signal.

    Attributes
    ----------
    server
        uvicorn's server; `None` where something else runs us.
    """

    def __init__(self, *, seconds: float, longest: float, begin: Callable[[], None]) -> None:
        self._seconds, self._longest, self._begin = seconds, longest, begin
        self._handlers: dict[int, Any] = {}
        self.server: Any = None
        self._ending: asyncio.Task[None] | None = None
        self.is_draining = False

    def wrap(self) -> None:
        """Take the signals over; the server has installed its handlers by now."""
        handler = signal.getsignal(signal.SIGTERM)
        self.server = getattr(handler, "__self__", None)
        if self.server is None or not hasattr(self.server, "should_exit"):
            return  # not under uvicorn: whoever runs us ends us as they do
        self.server.config.timeout_graceful_shutdown = self._longest
        self._loop = asyncio.get_running_loop()
        self._handlers[signal.SIGTERM] = handler
        signal.signal(signal.SIGTERM, self._on_signal)

    def end_at_once(self) -> None:
        """Finish what is being answered and end, without taking any more."""
        if self.server is not None:
            self._handlers[signal.SIGTERM](signal.SIGTERM, None)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.is_draining or self.server.should_exit:
            self._handlers[number](number, frame)
            return
        self.is_draining = True
        self._loop.call_soon_threadsafe(self._start, number)

    def _start(self, number: int) -> None:
        self._begin()
        self._ending = self._loop.create_task(self._end(number))

    async def _end(self, number: int) -> None:
        await asyncio.sleep(self._seconds)
        if is_youngest():
            for listener in self._listeners():
                await stop_listening(listener)
        await asyncio.sleep(LINGER)
        self._handlers[number](number, None)

    def _listeners(self) -> list[socket.socket]:
        found = [one for server in self.server.servers for one in server.sockets]
        return [socket.socket(fileno=os.dup(one.fileno())) for one in found]


async def stop_listening(listener: socket.socket) -> None:
    """Let a socket refuse new connections, in whatever process it is open, and lose none.

    Those that are already made lie in the kernel's queue, and would be reset. So first no new
    one is let in, then the loop accepts all there are, and only then the listening ends.
    """
    try:
        _hold_back(listener)
        await asyncio.sleep(LINGER)
    except OSError as error:
        warn("connections that come at the very end may be reset", error=error)
    try:
        listener.shutdown(socket.SHUT_RDWR)
    except OSError as error:
        warn("the port stays open until the parent process ends", error=error)
    finally:
        listener.close()


def is_youngest() -> bool:
    """Tell whether no other worker of the same parent began after this one.

    When all are to end, the youngest ends the listening for all of them. When younger ones have
    come to take over, the socket is theirs.
    """
    me = psutil.Process()
    parent = me.parent()
    if parent is None:
        return True
    born = me.create_time(), me.pid
    return all((one.create_time(), one.pid) <= born for one in _workers(parent, me))


def _workers(parent: psutil.Process, me: psutil.Process) -> list[psutil.Process]:
    """Children of the parent that are started as we are: not its resource trackers, say."""
    ours = me.cmdline()[:3]
    found = []
    for child in parent.children():
        try:
            if child.cmdline()[:3] == ours:
                found.append(child)
        except psutil.Error:
            continue  # it ended while we looked
    return found


def _hold_back(listener: socket.socket) -> None:
    import ctypes

    code = b"".join(struct.pack("=HBBI", *one) for one in _DROP_SYN)
    memory = ctypes.create_string_buffer(code)
    program = struct.pack("@HP", len(_DROP_SYN), ctypes.addressof(memory))
    listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)
