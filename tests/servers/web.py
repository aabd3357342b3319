"""A real web server and moto's S3 server, on loopback."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.process import LOOPBACK, accepts, free_port, running

S3_KEYS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing-secret",
    "AWS_DEFAULT_REGION": "us-east-1",
}


@contextmanager
def web(folder: Path, *, log: Path) -> Iterator[str]:
    """Serve the files of a folder."""
    port = free_port()
    command = [sys.executable, "-m", "http.server", str(port), "--bind", LOOPBACK]
    command += ["--directory", str(folder)]
    with running(command, is_ready=lambda: accepts(port), log=log):
        yield f"http://{LOOPBACK}:{port}"


@contextmanager
def s3(*, log: Path) -> Iterator[str]:
    """Run an S3 server without buckets; its keys are `S3_KEYS`."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", LOOPBACK, "-p", str(port)]
    with running(command, is_ready=lambda: accepts(port), log=log, environment=S3_KEYS):
        yield f"http://{LOOPBACK}:{port}"
