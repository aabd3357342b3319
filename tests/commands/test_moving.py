"""`rollback` and `conduct` as they are typed."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from adapters import registry
from adapters.declaration import load
from adapters.releasing.context import ContextError, write_context
from adapters.stacks.activation import point_at_tracker
from adapters.stacks.environment import STATE
from commands import moving
from lifecycle.errors import ProjectError, Refused
from tests.adapters.releasing.stages import PROJECT, House, a_project
from tests.adapters.routing.conftest import _house
from tests.commands.test_serving import YAML, register

pytestmark = pytest.mark.xdist_group("moving")

app = typer.Typer()
for known in (moving.rollback, moving.conduct):
    app.command()(known)


@pytest.fixture(scope="module")
def registered(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Path:
    """Register three versions of a project that is declared elsewhere."""
    folder = tmp_path_factory.mktemp("projects") / PROJECT
    folder.mkdir()
    (folder / "project.yaml").write_text(YAML.format(name=PROJECT, port=3999))
    (folder / "rows.csv").write_text("x,the colour,y\n1,red,yes\n")
    point_at_tracker("local", root=root)
    loaded = load(str(folder), root=root)
    assert [register(loaded, seed) for seed in (1, 2, 3)] == ["1", "2", "3"]
    return folder


@pytest.fixture(scope="module")
def open_house() -> Iterator[House]:
    """A house in the state folder that commands look into."""
    with _house(Path(os.environ[STATE])) as house:
        yield House(house.state, house.supervisor)


@pytest.fixture
def house(open_house: House, registered: Path) -> Iterator[House]:
    """Nothing has ever happened, and nothing answers; the project is known by its name."""
    (open_house.state / "access" / PROJECT).mkdir(parents=True, exist_ok=True)
    open_house.empty()
    yield open_house
    open_house.empty()
    for file in (open_house.state / "serving" / PROJECT).glob("release.json"):
        file.unlink()


def run(*words: str) -> Result:
    return CliRunner().invoke(app, [*words], catch_exceptions=False)


def test_a_rollback_tells_what_answers_again_how_long_it_took_and_what_to_do_next(
    house: House,
) -> None:
    house.deploy("1")
    house.deploy("2")
    registry.crown(PROJECT, "2")

    told = run("rollback", "--project", PROJECT, "--by", "ada", "--why", "it is slow").stdout

    assert re.search(r"✓ stall: version 1 answers again, after \d\.\d\d s\.", told)
    assert 'readmit --project stall --version 2 --why "..."' in told
    assert (set(house.answering(10)), house.live) == ({"1"}, "1")
    assert registry.alias_of(PROJECT, registry.CHAMPION) == "1"
    assert house.pid("stall.2") is None
    with house.records as records:
        last = records.movements(PROJECT)[-1]
    assert (last.kind, last.by, last.reason, last.settled) == (
        "roll back", "ada", "it is slow.", True,
    )  # fmt: skip


def test_a_challenger_that_is_rolled_back_is_challenger_no_more(house: House) -> None:
    house.deploy("1")
    registry.crown(PROJECT, "1")
    house.begin("1", "3", strategy="canary", steps=[0.5])
    before = registry.alias_of(PROJECT, registry.CHALLENGER)

    run("rollback", "--project", PROJECT)

    assert before == "3"
    assert registry.alias_of(PROJECT, registry.CHALLENGER) is None
    assert registry.alias_of(PROJECT, registry.CHAMPION) == "1"
    assert house.the_release().ending == "It was taken back by hand."


def test_who_rolls_back_what_was_just_rolled_back_is_asked_whether_it_is_meant(
    house: House,
) -> None:
    for number in ("1", "2", "3"):
        house.deploy(number)
    run("rollback", "--project", PROJECT, "--by", "ann")

    with pytest.raises(Refused, match=r"Version 3 of stall was rolled back already, .* by ann"):
        run("rollback", "--project", PROJECT)
    after_one = house.live
    house.version("1")  # it has been stopped, and is no Bento that could be started again
    run("rollback", "--project", PROJECT, "--further")

    assert (after_one, house.live) == ("2", "1")


def test_a_shadow_that_is_taken_back_is_not_said_to_be_barred(house: House) -> None:
    house.deploy("1")
    house.begin("1", "2", strategy="shadow")

    told = run("rollback", "--project", PROJECT).stdout

    assert "version 1 answers again" in told
    assert "readmit" not in told


def test_where_nothing_answers_there_is_nothing_to_roll_back(house: House) -> None:
    with pytest.raises(Refused, match=r"Nothing was ever live.*run\.py releases --project stall"):
        run("rollback", "--project", PROJECT)


def test_a_project_nobody_knows_is_refused() -> None:
    with pytest.raises(ProjectError, match='There is no project "nobodys"'):
        run("rollback", "--project", "nobodys")


def test_what_is_started_again_goes_by_its_last_release_where_its_declaration_is_elsewhere(
    house: House,
) -> None:
    with pytest.raises(ProjectError, match='There is no project "stall"'):
        moving._declared(PROJECT, PROJECT, house.state)
    project = a_project(house)
    write_context(project, home=house.state, stack="local", state=house.state)

    assert moving._declared(PROJECT, PROJECT, house.state) == (project, house.state)


def test_a_declaration_that_is_found_counts_more_than_that_of_the_last_release(
    house: House, registered: Path
) -> None:
    write_context(a_project(house), home=house.state, stack="local", state=house.state)

    project, folder = moving._declared(str(registered), PROJECT, house.state)

    assert (project.serving.port, folder) == (3999, registered)


def test_a_conductor_without_a_release_ends_and_one_without_a_context_says_what_to_do(
    house: House,
) -> None:
    house.deploy("1")
    with pytest.raises(ContextError, match=r"release\.json .*rollback --project stall"):
        run("conduct", "--project", PROJECT)
    write_context(a_project(house), home=house.state, stack="local", state=house.state)

    assert run("conduct", "--project", PROJECT).exit_code == 0
