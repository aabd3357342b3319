"""A real Docker engine, and a base image made here: no registry is needed, or asked."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import docker
import pytest

from adapters.images.engine import NoEngine, engine
from lifecycle.serving.declaration import Image
from tests.servers.process import running

PROGRAMS = {"dockerd": "docker.io", "iptables": "iptables", "debootstrap": "debootstrap"}
"""The programs an engine and a base image need, and Debian's packages they come from."""

PACKAGES = ("python3.11", "ca-certificates", "libstdc++6")
BASE = "perennial-tests-base"

_UNREAD = (
    "usr/share/doc", "usr/share/man", "usr/share/info", "usr/share/locale", "usr/share/lintian",
    "usr/share/bash-completion", "usr/share/common-licenses",
    "usr/lib/python3.11/test", "usr/lib/python3.11/idlelib", "usr/lib/python3.11/lib2to3",
    "usr/lib/python3.11/distutils", "usr/lib/python3.11/ensurepip", "usr/lib/python3.11/pydoc_data",
    "usr/lib/x86_64-linux-gnu/gconv", "usr/lib/x86_64-linux-gnu/perl-base",
    "var/lib/apt/lists", "var/cache", "var/log", "var/lib/dpkg/info",
)  # fmt: skip
"""What a base does not need to run Python, by what Debian calls it."""


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[str]:
    """Name the address of an engine, which `DOCKER_HOST` names too; start one where none is."""
    with _reachable() as address, pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", address)
        yield address


def _reachable() -> AbstractContextManager[str]:
    try:
        return nullcontext(engine().address)
    except NoEngine as absent:
        if os.geteuid() != 0:
            pytest.skip(f"only root starts an engine, and: {absent}")
    _have(*PROGRAMS)
    return _dockerd()


def _have(*programs: str) -> None:
    """Have programs installed; only CI installs what is lacking."""
    lacking = [name for name in programs if shutil.which(name) is None]
    if not lacking:
        return
    if os.environ.get("CI") != "true":
        pytest.skip(f"not installed: {', '.join(lacking)}")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    _run(["apt-get", "update", "-qq"], environment=quiet)
    command = ["apt-get", "install", "-qq", "-y", "--no-install-recommends"]
    _run([*command, *(PROGRAMS[name] for name in lacking)], environment=quiet)


@contextmanager
def _dockerd() -> Iterator[str]:
    """Run an engine of our own: its socket, images and containers are gone afterwards."""
    # A socket's path may have 108 characters, and pytest's folders are deep.
    folder = Path(tempfile.mkdtemp(prefix="perennial-docker-"))
    address = f"unix://{folder / 'socket'}"
    command = ["dockerd", "--host", address, "--pidfile", str(folder / "pid")]
    command += ["--data-root", str(folder / "data"), "--exec-root", str(folder / "exec")]
    try:
        with running(command, is_ready=lambda: _answers(address), log=folder / "log"):
            yield address
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _answers(address: str) -> bool:
    try:
        client = docker.DockerClient(base_url=address, timeout=2)
        return bool(client.ping())
    except docker.errors.DockerException:
        return False


@pytest.fixture(scope="session")
def base_image(docker_engine: str) -> str:
    """Name an image with Python 3.11 and little else, made from Debian's packages by root.

    Others take the base that is declared by default, where the engine has it.
    """
    client = docker.DockerClient(base_url=docker_engine, timeout=300)
    try:
        if os.geteuid() != 0:
            return _declared(client)
        content = _archive().read_bytes()
        client.api.import_image_from_data(content, repository=BASE, tag="latest")
        return f"{BASE}:latest"
    finally:
        client.close()


def _declared(client: docker.DockerClient) -> str:
    base = Image().base
    try:
        client.images.get(base)
    except docker.errors.ImageNotFound:
        pytest.skip(f"only root makes a base image, and the engine has no {base}")
    return base


def _archive() -> Path:
    """Give the base's files as an archive, made once and kept in the user's cache folder."""
    _have("debootstrap")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "perennial-tests"
    recipe = repr((PACKAGES, _UNREAD)).encode()
    archive = cache / f"base-{hashlib.sha256(recipe).hexdigest()[:12]}.tar"
    if not archive.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="perennial-base-") as folder:
            _make(Path(folder) / "root", Path(folder) / "base.tar")
            part = shutil.move(Path(folder) / "base.tar", archive.with_suffix(".part"))
            Path(part).replace(archive)
    return archive


def _make(root: Path, archive: Path) -> None:
    command = ["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", "bookworm"]
    _run([*command, str(root)])
    for name in _UNREAD:
        shutil.rmtree(root / name, ignore_errors=True)
    # The official images have no bytecode of the standard library either.
    for cached in root.rglob("__pycache__"):
        shutil.rmtree(cached)
    _run(
        [
            "tar",
            "-C",
            str(root),
            "--exclude=./dev/*",
            "--exclude=./proc/*",
            "-cf",
            str(archive),
            ".",
        ]
    )


def _run(command: list[str], *, environment: dict[str, str] | None = None) -> None:
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
