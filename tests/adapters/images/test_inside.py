"""What runs inside the image, tried outside."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from adapters.images import prepare
from adapters.images.healthcheck import answers
from tests.servers.process import LOOPBACK, free_port


@contextmanager
def answering(status: int) -> Iterator[int]:
    class Health(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/healthz" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer((LOOPBACK, 0), Health) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False), (500, False)])
def test_only_200_is_healthy(status: int, healthy: bool) -> None:
    with answering(status) as port:
        assert answers(port) is healthy


def test_nobody_there_is_not_healthy() -> None:
    assert not answers(free_port())


def test_what_could_install_something_is_removed_and_nothing_else(tmp_path: Path) -> None:
    for name in (
        "pip",
        "pip-24.0.dist-info",
        "setuptools",
        "wheel",
        "ensurepip",
        "pipeline",
        "json",
    ):
        (tmp_path / name).mkdir()

    prepare.remove_installers([tmp_path, tmp_path / "absent"])

    assert {path.name for path in tmp_path.iterdir()} == {"pipeline", "json"}


def test_a_base_without_glibc_is_refused_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare.platform, "libc_ver", lambda: ("", ""))

    with pytest.raises(SystemExit, match=r"The base has no glibc .*; glibc from 2\.28 on"):
        prepare.require_python()


def test_a_base_with_another_python_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare.sys, "version_info", (3, 12, 1))

    with pytest.raises(SystemExit, match=r"CPython 3\.11 is needed"):
        prepare.require_python()
