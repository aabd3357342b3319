"""A client that says no more than it is told to, byte by byte."""

import json
import socket
from contextlib import closing

from tests.servers.process import LOOPBACK
from tests.servers.serving import ROW


def request(body: bytes | None = None, *, path: str = "/predict", headers: str = "") -> bytes:
    body = json.dumps(ROW).encode() if body is None else body
    lines = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{headers}"
    return f"{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body


def connect(port: int, *, seconds: float = 10) -> socket.socket:
    return socket.create_connection((LOOPBACK, port), timeout=seconds)


def read(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Read one whole answer: status, headers, body; status 0 where the other side has closed."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)
        if not byte:
            return 0, {}, head
        head += byte
    first, *lines = head.decode().strip().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    length, body = int(headers["content-length"]), b""
    while len(body) < length:
        body += connection.recv(length - len(body))
    return int(first.split()[1]), headers, body


def ask(port: int, sent: bytes) -> tuple[int, dict[str, str], bytes]:
    with closing(connect(port)) as connection:
        connection.sendall(sent)
        return read(connection)
