"""A real SMTP server and a real HTTP server on loopback that keep what arrives."""

import email
import email.policy
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from tests.servers.process import LOOPBACK, free_port


@dataclass
class Mailbox:
    port: int
    letters: list[EmailMessage] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        self.letters.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 taken"

    def let_in(self, _server: Any, _session: Any, _envelope: Any, _how: str, login: Any) -> Any:
        assert isinstance(login, LoginPassword)
        self.logins.append((login.login.decode(), login.password.decode()))
        return AuthResult(success=True)


@contextmanager
def mail() -> Iterator[Mailbox]:
    """Take letters, with or without a login."""
    box = Mailbox(free_port())
    server = Controller(
        box,
        hostname=LOOPBACK,
        port=box.port,
        authenticator=box.let_in,
        auth_require_tls=False,
        auth_required=False,
    )
    server.start()
    try:
        yield box
    finally:
        server.stop()


@dataclass
class Webhook:
    """What was posted; `status` is what the next request is answered with.

    While `hangs` is set an answer begins and never ends.
    """

    port: int
    status: int = 200
    hangs: threading.Event = field(default_factory=threading.Event)
    bodies: list[Any] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def host(self) -> str:
        return f"{LOOPBACK}:{self.port}"


@contextmanager
def webhook(*, port: int | None = None) -> Iterator[Webhook]:
    """Take JSON by POST."""
    hook = Webhook(port or free_port())

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if hook.hangs.is_set():
                hook.released.wait(30)
                return
            hook.paths.append(self.path)
            hook.bodies.append(json.loads(body))
            self.send_response(hook.status)
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_words: Any) -> None: ...

    server = ThreadingHTTPServer((LOOPBACK, hook.port), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield hook
    finally:
        hook.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
