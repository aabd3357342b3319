"""Where no engine answers."""

from pathlib import Path

import pytest

from adapters import images


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    address = f"unix://{tmp_path / 'docker.sock'}"
    monkeypatch.setenv("DOCKER_HOST", address)
    return address


def test_an_absent_engine_says_where_it_was_looked_for_and_what_to_do(nowhere: str) -> None:
    with pytest.raises(images.NoEngine) as told:
        images.engine()

    assert f"No Docker engine answers at {nowhere}: nothing listens there." in str(told.value)
    assert "`serving.engine: process`" in str(told.value)


def test_an_address_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "carrier-pigeon://roof")

    with pytest.raises(images.NoEngine, match="carrier-pigeon"):
        images.engine()


def test_something_else_that_listens_there_is_no_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.servers.web import web

    with web(tmp_path, log=tmp_path / "log") as url:
        monkeypatch.setenv("DOCKER_HOST", url.replace("http", "tcp"))

        with pytest.raises(images.NoEngine):
            images.engine()


@pytest.mark.parametrize(
    "ask",
    [
        lambda folder: images.status("x"),
        lambda folder: images.stop("x", timeout=1),
        lambda folder: images.logs("x"),
        lambda folder: images.remove_image("x"),
        lambda folder: images.start("x", name="x", host="127.0.0.1", port=0, events=folder),
    ],
    ids=["status", "stop", "logs", "remove_image", "start"],
)
def test_without_an_engine_everything_says_so(ask, tmp_path: Path) -> None:
    with pytest.raises(images.NoEngine):
        ask(tmp_path / "events")
