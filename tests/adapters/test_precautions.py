"""Where a version could be served, and that one deployment of a project goes on at a time."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.hosting import HostingError
from adapters.precautions import require_free, require_place
from adapters.promotion import alone
from adapters.supervision.record import write_live
from lifecycle.errors import ProjectError, StackError
from lifecycle.serving.declaration import Access, Serving, Tokens
from lifecycle.serving.live import Live


@pytest.fixture
def taken() -> Iterator[int]:
    """Listen at a port, and give it."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        found.listen()
        yield int(found.getsockname()[1])


def live(project: str, port: int) -> Live:
    return Live(
        project=project, version="1", kind="process", name=f"{project}.1", host="127.0.0.1",
        port=1, public_host="127.0.0.1", public_port=port, manifest="", bento="", started="",
    )  # fmt: skip


def test_a_port_where_another_program_listens_is_refused_with_what_to_do(taken: int) -> None:
    with pytest.raises(ProjectError, match=rf"port {taken} \(Address already in use\).*--set"):
        require_free("127.0.0.1", taken)


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(ProjectError, match=r"192\.0\.2\.1, port 3000 \(Cannot assign"):
        require_free("192.0.2.1", 3000)


def test_a_port_that_another_project_answers_at_is_refused_by_its_name(tmp_path: Path) -> None:
    write_live(tmp_path, live("weather", 3000))

    with pytest.raises(ProjectError, match='port is 3000, and "weather" answers there'):
        require_place(Serving(port=3000), "flights", folder=tmp_path, state=tmp_path)


def test_a_declared_file_of_keys_that_is_not_there_is_refused_before_anything_is_built(
    tmp_path: Path,
) -> None:
    tokens = Tokens(keys="keys.json", issuer="https://ids.example", audience="flights")
    serving = Serving(access=Access(tokens=tokens))

    with pytest.raises(ProjectError, match=r"names keys\.json, and there is no such file"):
        require_place(serving, "flights", folder=tmp_path, state=tmp_path)


def test_a_second_deployment_of_a_project_is_refused_while_one_goes_on(tmp_path: Path) -> None:
    with (
        alone("flights", state=tmp_path),
        pytest.raises(HostingError, match="is being deployed or released by another command"),
        alone("flights", state=tmp_path),
    ):
        pass

    with alone("flights", state=tmp_path), alone("weather", state=tmp_path):
        pass  # it can be deployed again, and another project at any time


def test_a_deployment_that_was_killed_keeps_nobody_out(tmp_path: Path, root: Path) -> None:
    dies = (
        "import os; from pathlib import Path; from adapters.promotion import alone\n"
        f"with alone('flights', state=Path({str(tmp_path)!r})): os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", dies], cwd=root, env={**os.environ}, check=False)
    assert done.returncode == -9

    with alone("flights", state=tmp_path):
        pass


def test_a_place_where_no_answers_can_be_kept_is_refused_before_anything_is_built(
    tmp_path: Path,
) -> None:
    (tmp_path / "events").write_text("in the way")

    with pytest.raises(StackError, match=r"flights cannot be kept in .*events/flights \("):
        require_place(Serving(), "flights", folder=tmp_path, state=tmp_path)
