"""What is said of a deployed version as it stands."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from adapters.supervision.record import write_live
from adapters.surveying import survey
from lifecycle.serving.live import Live


class Sick(BaseHTTPRequestHandler):
    """A service that says why it takes no requests."""

    def do_GET(self) -> None:
        self.send_response(503)
        self.end_headers()
        self.wfile.write(b'{"status": "not ready", "faults": {"events": "the disk is full"}}')

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def sick() -> Iterator[int]:
    """Let a sick service listen, and give its port."""
    server = HTTPServer(("127.0.0.1", 0), Sick)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_service_that_takes_no_requests_is_shown_with_its_own_reason(
    tmp_path: Path, sick: int
) -> None:
    live = Live(
        project="flights", version="1", kind="process", name="flights.1", host="127.0.0.1",
        port=1, public_host="127.0.0.1", public_port=sick, manifest="", bento="", started="",
    )  # fmt: skip
    write_live(tmp_path, live)

    (found,) = survey(tmp_path)

    assert found.state == "not ready (503)"
    assert not found.is_ready
    assert found.remarks == ("the disk is full", "its process is gone; deploy it again")
