import pytest

from adapters.supervision import SupervisionError, every_live, forget_live, read_live, write_live
from lifecycle.serving.live import Live


def live(project: str = "flights", version: str = "3") -> Live:
    return Live(
        project=project,
        version=version,
        kind="process",
        name=f"{project}-{version}",
        host="127.0.0.1",
        port=40001,
        public_host="127.0.0.1",
        public_port=3000,
        manifest="9f2c",
        bento=f"{project}:{version}",
        started="2026-01-01T00:00:00Z",
    )


def test_what_is_written_is_read_back(tmp_path) -> None:
    write_live(tmp_path, live(version="2"))
    write_live(tmp_path, live(version="3"))

    assert read_live(tmp_path, "flights") == live(version="3")


def test_every_project_has_its_own(tmp_path) -> None:
    write_live(tmp_path, live("weather"))
    write_live(tmp_path, live("flights"))

    assert [one.project for one in every_live(tmp_path)] == ["flights", "weather"]


def test_where_nothing_is_live_nothing_is_given(tmp_path) -> None:
    assert read_live(tmp_path, "flights") is None
    assert every_live(tmp_path) == ()


def test_what_is_forgotten_is_gone(tmp_path) -> None:
    write_live(tmp_path, live())

    forget_live(tmp_path, "flights")
    forget_live(tmp_path, "flights")

    assert read_live(tmp_path, "flights") is None


@pytest.mark.parametrize("content", ["", "{}", '{"project": "flights", "new": 1}'])
def test_a_record_that_cannot_be_read_is_never_nothing(tmp_path, content) -> None:
    write_live(tmp_path, live())
    (tmp_path / "serving" / "flights" / "live.json").write_text(content)

    with pytest.raises(SupervisionError, match=r"live\.json should say what is live"):
        read_live(tmp_path, "flights")
