"""HTTP over a unix socket, and the supervisor's XML-RPC over that."""

import http.client
import socket
import xmlrpc.client
from pathlib import Path
from typing import Any

SECONDS = 20.0
"""No answer for so long, and whoever listens hangs: each call here is answered at once."""


class UnixConnection(http.client.HTTPConnection):
    """An HTTP connection to a unix socket; every answer has to come within `seconds`."""

    def __init__(self, path: Path, seconds: float = SECONDS) -> None:
        super().__init__("localhost", timeout=seconds)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class _UnixTransport(xmlrpc.client.Transport):
    """As supervisor's own transport, which waits for ever when nobody answers."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        return UnixConnection(self._path)


def call(path: Path, method: str, *arguments: str | bool) -> Any:
    """Call a method of the supervisor that listens at a socket.

    Raises
    ------
    OSError
        If nobody listens, or nobody answers.
    xmlrpc.client.Fault
        If the supervisor refuses.
    """
    with xmlrpc.client.ServerProxy("http://localhost", transport=_UnixTransport(path)) as proxy:
        return getattr(proxy.supervisor, method)(*arguments)
