"""The built-in projects, on their real rows."""

from datetime import datetime
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from adapters import studies
from adapters.declaration import LoadedProject, load, projects
from adapters.warehouse import gather
from lifecycle.data.conform import conform, resolve
from lifecycle.data.declaration import Role
from lifecycle.data.intake import Intake
from lifecycle.data.rules import check
from lifecycle.data.split import Parts, split
from lifecycle.task import Task

ROOT = Path(__file__).resolve().parent.parent
NAMES = [found.name for found in projects(ROOT)]


@cache
def loaded(name: str) -> LoadedProject:
    return load(name, root=ROOT)


@cache
def rows(name: str) -> tuple[pa.Table, Intake, int]:
    project = loaded(name).project
    raw, intake = gather(project.data, project.columns, home=loaded(name).folder)
    table, _, refused = conform(raw, project.columns, project.data)
    return table, intake, refused


@cache
def parts(name: str) -> Parts:
    project = loaded(name).project
    return split(rows(name)[0], project.data, project.split)


def test_there_is_one_of_each_kind():
    assert set(NAMES) >= {"airfares", "flights", "mortgages", "weather"}
    assert {loaded(name).project.data.label.task for name in NAMES} == set(Task)


@pytest.mark.parametrize("name", NAMES)
def test_every_table_arrives_through_a_package(name):
    urls = [source.url for source in loaded(name).project.data.tables.values()]

    assert all(url.startswith("package://") for url in urls)


@pytest.mark.parametrize("name", NAMES)
def test_every_row_can_be_read_and_every_check_is_passed(name):
    project = loaded(name).project
    table, intake, refused = rows(name)

    verdicts = check(table, intake, project.columns, project.data, project.checks)

    assert refused == sum(came.refused for came in intake.tables) == 0
    assert [verdict.reason for verdict in verdicts.blocking] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_column_is_declared(name):
    assert rows(name)[1].undeclared == ()


@pytest.mark.parametrize("name", NAMES)
def test_what_is_known_only_afterwards_or_says_who_somebody_is_is_no_feature(name):
    columns = loaded(name).project.columns

    hidden = {*columns.names(Role.LEAK), *columns.names(Role.SENSITIVE)}
    assert not hidden & set(columns.names(Role.FEATURE))


@pytest.mark.parametrize("name", ["airfares", "mortgages", "weather"])
def test_small_projects_promise_the_same_result_for_the_same_seed(name):
    search = loaded(name).project.search

    assert search.timeout is None
    assert search.trials <= 20


def test_flights_uses_all_rows_and_loses_none_in_its_joins():
    _, intake, _ = rows("flights")
    came = {table.table: table.rows for table in intake.tables}

    assert came["flights"] == 336_776
    assert intake.rows + intake.outside_window == 336_776
    assert 7_000 < intake.unlabelled < 8_000


def test_flights_finds_the_weather_of_nearly_every_hour():
    table, _, _ = rows("flights")

    assert table["temp"].null_count / len(table) < 0.01


def test_flights_knows_nothing_of_what_happens_after_departure():
    features = set(rows("flights")[0].column_names)

    assert not features & {"dep_time", "dep_delay", "arr_time", "arr_delay", "air_time"}


def test_flights_trains_on_half_a_year_and_is_tested_on_the_summer():
    train, test = parts("flights").train, parts("flights").test

    assert pc.max(train["time_hour"]).as_py() < datetime(2013, 7, 1)
    assert pc.min(test["time_hour"]).as_py() == datetime(2013, 7, 1)
    assert pc.max(test["time_hour"]).as_py() < datetime(2013, 9, 1)


def test_airfares_asks_about_routes_it_has_never_seen():
    known, asked = (
        set(side["id"].to_pylist()) for side in (parts("airfares").train, parts("airfares").test)
    )

    assert not known & asked


def test_mortgages_has_enough_approved_applications_of_each_group_to_judge_fairness():
    test = parts("mortgages").test
    approved = test.filter(pc.equal(test["approved"], "true"))
    groups = pc.value_counts(approved["race"]).to_pylist()

    assert len(groups) == 3
    assert min(group["counts"] for group in groups) >= 30


@pytest.mark.parametrize("name", ["airfares", "mortgages", "weather"])
def test_a_small_project_trains(name):
    project = loaded(name).project
    candidate, record = studies.search(
        parts(name).train,
        data=project.data,
        schema=resolve(rows(name)[0], project.columns, project.data),
        split=project.split,
        features=project.features,
        search=project.search.model_copy(update={"trials": 1, "families": ("linear",)}),
    )

    assert record.winner == "linear"
    assert len(candidate.score(parts(name).test)) == len(parts(name).test)
