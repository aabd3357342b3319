"""Schedules kept by an orchestrator: here Airflow's, which only has to be given its files."""

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.declaration import LoadedProject, load
from adapters.stacks.activation import activate
from lifecycle.errors import ProjectError
from pipelines import scheduling
from tests.pipelines.shop import write_project

pytestmark = pytest.mark.xdist_group("monitoring")


@pytest.fixture
def house(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A root with a stack of its own, whose steps run in an image that is there already."""
    from zenml.config import DockerSettings

    local = (root / "stack_configs" / "local.yaml").read_text()
    airflow = local.replace("stack_name: local", "stack_name: airflow")
    airflow = airflow.replace("}/artifacts", "}/zenml/stores/artifacts")
    airflow = airflow.replace(
        "flavor: local\n      configuration: {}",
        f"flavor: airflow\n      configuration: {{dag_output_dir: {tmp_path / 'dags'}}}",
        1,
    )
    (tmp_path / "stack_configs").mkdir()
    (tmp_path / "stack_configs" / "airflow.yaml").write_text(airflow)
    (tmp_path / "stack_configs" / "local.yaml").write_text(local)
    image = {"docker": DockerSettings(parent_image="perennial:tests", skip_build=True)}
    plain = scheduling.pipeline_of
    monkeypatch.setattr(
        scheduling, "pipeline_of", lambda name: plain(name).with_options(settings=image)
    )
    yield tmp_path
    activate("local", root=root)


@pytest.fixture
def loaded(tmp_path: Path, root: Path) -> LoadedProject:
    return load(str(write_project(tmp_path / "timed")), root=root)


def given(house: Path) -> dict[str, Any]:
    """What Airflow was given, by name."""
    found = {}
    for file in sorted((house / "dags").glob("*.zip")):
        with zipfile.ZipFile(file) as packed:
            found[file.stem] = json.loads(packed.read("config.json"))
    return found


def schedules() -> dict[str, str]:
    from zenml.client import Client

    found = Client().list_schedules()
    return {one.name: one.cron_expression for one in found if one.name.startswith("timed ")}


def test_only_an_orchestrator_with_a_clock_keeps_time(house: Path) -> None:
    assert scheduling.keeps_time("airflow", root=house)
    assert not scheduling.keeps_time("local", root=house)


def test_both_pipelines_are_given_to_it_with_the_declared_line_and_no_moment(
    house: Path, loaded: LoadedProject
) -> None:
    from zenml.client import Client

    told = scheduling.schedule(loaded, stack="airflow", root=house)

    dags = given(house)
    assert [(one.name, one.cron, one.remark) for one in told] == [
        ("timed monitoring", "15 * * * *", ""),
        ("timed retraining", "15 * * * *", ""),
    ]
    assert {name: dag["schedule"] for name, dag in dags.items()} == {
        "timed_monitoring": "15 * * * *",
        "timed_retraining": "15 * * * *",
    }
    assert not any(dag["catchup"] for dag in dags.values())
    first = dags["timed_monitoring"]["tasks"][0]
    assert first["id"] == "relabel"
    arguments = dict(zip(first["arguments"][::2], first["arguments"][1::2], strict=True))
    snapshot = Client().get_snapshot(arguments["--snapshot_id"])
    assert snapshot.step_configurations["relabel"].config.parameters["as_of"] == ""


def test_what_is_scheduled_again_takes_the_place_of_what_was(
    house: Path, loaded: LoadedProject, root: Path
) -> None:
    scheduling.schedule(loaded, stack="airflow", root=house)
    daily = load(str(loaded.folder), root=root, overrides=["monitoring.schedule=0 6 * * *"])

    scheduling.schedule(daily, stack="airflow", root=house)

    assert {dag["schedule"] for dag in given(house).values()} == {"0 6 * * *"}
    assert schedules() == {"timed monitoring": "0 6 * * *", "timed retraining": "0 6 * * *"}


def test_a_line_that_is_none_is_refused_before_anything_is_changed(
    house: Path, loaded: LoadedProject, root: Path
) -> None:
    wrong = load(str(loaded.folder), root=root, overrides=["monitoring.schedule=99 * * * *"])

    with pytest.raises(ProjectError, match="is no cron line"):
        scheduling.schedule(wrong, stack="airflow", root=house)

    assert given(house) == {}
