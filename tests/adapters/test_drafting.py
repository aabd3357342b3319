from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from adapters import studies
from adapters.declaration import load
from adapters.drafting import draft, init, slug
from adapters.warehouse import gather
from lifecycle.data.conform import conform, resolve
from lifecycle.data.declaration import Role
from lifecycle.data.rules import check
from lifecycle.data.split import split
from lifecycle.errors import ProjectError

ROWS = 240
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=ROWS)
NOISE = RANDOM.normal(size=ROWS)
IS_HIGH = X + NOISE > 0
WEIRD = ["ä", "b", 'c"', "d,e", "f\ng", "😀", "no", "1.0", "~"]


def frame(**columns) -> pd.DataFrame:
    return pd.DataFrame({"x": X, "z": NOISE * RANDOM.normal(size=ROWS), **columns})


def days() -> pd.DatetimeIndex:
    return pd.date_range("2020-01-01", periods=ROWS, freq="D")


def wide() -> pd.DataFrame:
    values = RANDOM.normal(size=(ROWS, 2000))
    table = pd.DataFrame(values, columns=[f"column {at}" for at in range(2000)])
    return table.assign(y=(values[:, 0] > 0.1).astype(int))


def rare() -> np.ndarray:
    classes = RANDOM.choice(list("abcd"), ROWS).astype(object)
    classes[:3] = "it's rare"
    return classes


TABLES = {
    "two numbers": frame(y=np.where(IS_HIGH, 2.5, -1.0)),
    "zero and one": frame(y=IS_HIGH.astype(int)),
    "booleans": frame(y=IS_HIGH),
    "booleans, some missing": frame(y=np.where(np.arange(ROWS) % 7, IS_HIGH.astype(object), None)),
    "numbers, some missing": frame(y=np.where(np.arange(ROWS) % 7, X + NOISE, np.nan)),
    "classes": frame(y=RANDOM.choice(["sun", "rain", "fog"], ROWS)),
    "whole numbers as classes": frame(y=RANDOM.integers(1, 6, ROWS)),
    "a rare class": frame(y=rare()),
    "few of one class": frame(y=(np.arange(ROWS) < 5).astype(int)),
    "50 rows": frame(y=IS_HIGH).head(50),
    "50 rows, a number": frame(y=X + NOISE).head(50),
    "2,000 columns": wide(),
    "odd names": frame(y=IS_HIGH).rename(columns={"x": 'say "hi": #1', "z": "2nd größe\n😀"}),
    "reserved words": frame(y=IS_HIGH).rename(columns={"x": "select", "z": "null", "y": "from"}),
    "odd values": frame(c=RANDOM.choice(WEIRD, ROWS), y=np.where(IS_HIGH, "😀 'yes'\n", 'n"o')),
    "names that differ in case": frame(X=NOISE, y=IS_HIGH),
    "infinite numbers": frame(i=np.where(np.arange(ROWS) % 9, NOISE, np.inf), y=X + NOISE),
    "a copy of the label": frame(copy=3 * (X + NOISE), y=X + NOISE),
    "nothing but a leak": pd.DataFrame({"x": X, "y": X > 0}),
    "days in order": frame(day=days(), y=IS_HIGH),
    "days as elsewhere": frame(day=days().strftime("%d.%m.%Y"), y=X + NOISE),
    "empty and constant columns": frame(empty=[None] * ROWS, same=[3] * ROWS, y=IS_HIGH),
    "rows that repeat": pd.concat([frame(y=IS_HIGH)] * 2),
    "numbers of any size": frame(huge=X * 1e300, tiny=X * 1e-300, y=IS_HIGH),
}


def written(table: pd.DataFrame, folder: Path, name: str = "table.csv") -> Path:
    table.to_csv(folder / name, index=False)
    return folder / name


def column_of(text: str, name: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(f"  {name}: "))


@pytest.mark.parametrize("name", TABLES)
def test_a_draft_loads_passes_its_checks_and_trains_as_it_is(name, tmp_path):
    table = TABLES[name]
    path = written(table, tmp_path)
    file = init(path, table.columns[-1], name="drafted", root=tmp_path)

    quick = ["search.trials=1", "search.families=[linear]", "features.selection=none"]
    loaded = load("drafted", root=tmp_path, overrides=quick)
    project = loaded.project
    raw, intake = gather(project.data, project.columns, home=loaded.folder)
    rows, _, refused = conform(raw, project.columns, project.data)
    verdicts = check(rows, intake, project.columns, project.data, project.checks)
    parts = split(rows, project.data, project.split)
    candidate, _ = studies.search(
        parts.train,
        data=project.data,
        schema=resolve(rows, project.columns, project.data),
        split=project.split,
        features=project.features,
        search=project.search,
    )

    assert [verdict.reason for verdict in verdicts.blocking] == []
    assert refused == 0
    assert len(candidate.score(parts.test)) == len(parts.test) > 0
    assert file == tmp_path / "projects" / "drafted" / "project.yaml"


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (IS_HIGH, "binary"),
        (np.where(IS_HIGH, 1.0, 0.0), "binary"),
        (np.where(IS_HIGH, "yes", "no"), "binary"),
        (RANDOM.choice(["a", "b", "c"], ROWS), "multiclass"),
        (RANDOM.integers(0, 5, ROWS), "multiclass"),
        (RANDOM.integers(0, 500, ROWS), "regression"),
        (X, "regression"),
    ],
)
def test_the_task_is_told_from_the_values(values, task, tmp_path):
    text = draft(written(frame(y=values), tmp_path), "y", name="d")

    assert f"task: {task}" in text


def test_the_positive_class_is_named(tmp_path):
    text = draft(written(frame(y=np.where(IS_HIGH, "yes", "no")), tmp_path), "y", name="d")

    assert 'positive: "yes"' in text


def test_columns_get_roles_by_what_they_hold(tmp_path):
    table = frame(
        id=np.arange(ROWS) + 1000,
        email=[f"somebody{at}@example.org" for at in range(ROWS)],
        note=[f"free text {at} {RANDOM.integers(9)}" for at in range(ROWS)],
        outcome=np.where(IS_HIGH, 8.0, 1.0) + NOISE / 100,
        same=[1] * ROWS,
        store_id=RANDOM.integers(1, 9, ROWS),
        sex=RANDOM.choice(["f", "m"], ROWS),
        y=IS_HIGH,
    )
    text = draft(written(table, tmp_path), "y", name="d")

    assert "key: [id]" in text
    assert "role: ignore" in column_of(text, "id")
    assert "role: personal" in column_of(text, "email")
    assert "role: ignore" in column_of(text, "note")
    assert "role: leak" in column_of(text, "outcome")
    assert "role: ignore" in column_of(text, "same")
    assert "type: category" in column_of(text, "store_id")
    assert "# a group of people? role: [feature, sensitive]" in text


def test_limits_leave_room_on_both_sides(tmp_path):
    table = frame(age=RANDOM.integers(20, 61, ROWS), share=RANDOM.random(ROWS), y=IS_HIGH)
    table.loc[:11, "share"] = np.nan
    init(written(table, tmp_path), "y", name="d", root=tmp_path)
    columns = load("d", root=tmp_path).project.columns

    assert 0 <= columns["age"].min < 15
    assert 75 < columns["age"].max <= 120
    assert columns["share"].min == 0
    assert columns["share"].missing == 0.15


def test_a_time_orders_the_split_if_both_sides_have_all_classes(tmp_path):
    fair = draft(written(frame(day=days(), y=IS_HIGH), tmp_path), "y", name="d")
    late = np.arange(ROWS) > 0.9 * ROWS
    unfair = draft(written(frame(day=days(), y=late), tmp_path), "y", name="d")

    assert "split: {by: time" in fair
    assert "split: {by: random" in unfair


@pytest.mark.parametrize("columns", [{}, {"id": range(ROWS)}])
def test_what_may_be_declared_of_monitoring_holds_once_its_comment_is_taken_away(columns, tmp_path):
    path = init(written(frame(**columns, y=IS_HIGH), tmp_path), "y", name="d", root=tmp_path)
    text, _, shown = path.read_text().rpartition("# monitoring:")
    path.write_text(text + "monitoring:" + shown.replace("\n#", "\n").replace("\n r", "\nr"))

    found = load("d", root=tmp_path).project

    assert found.monitoring.alerts.to == ("json://localhost:8080/alerts",)
    assert found.monitoring.labels.query is ("id" in columns)
    assert found.retraining.approval == "manual"


def test_rare_classes_are_left_out_where_one_can_see_it(tmp_path):
    init(written(frame(y=rare()), tmp_path), "y", name="d", root=tmp_path)
    loaded = load("d", root=tmp_path)
    _, intake = gather(loaded.project.data, loaded.project.columns, home=loaded.folder)

    assert intake.unlabelled == 3
    assert "too few rows" in loaded.project.data.query


def test_the_only_predictor_stays_and_is_pointed_out(tmp_path):
    init(written(TABLES["nothing but a leak"], tmp_path), "y", name="d", root=tmp_path)
    loaded = load("d", root=tmp_path)

    assert loaded.project.checks.leakage.allow == ("x",)
    assert Role.LEAK not in loaded.project.columns["x"].role
    assert "A leak?" in loaded.source


def test_parquet_files_and_folders_of_them_are_drafted_too(tmp_path):
    folder = tmp_path / "parts"
    folder.mkdir()
    for part in range(2):
        pq.write_table(pa.Table.from_pandas(frame(y=IS_HIGH)), folder / f"{part}.parquet")

    assert "Drafted from 480 rows" in draft(folder, "y", name="d")
    assert "Drafted from 240 rows" in draft(folder / "0.parquet", "y", name="d")


def test_a_table_below_the_same_root_is_declared_by_a_relative_path(tmp_path):
    init(written(frame(y=IS_HIGH), tmp_path), "y", name="d", root=tmp_path)

    assert load("d", root=tmp_path).project.data.tables["table"].url == "../../table.csv"


def test_a_target_that_is_not_there_gets_a_suggestion(tmp_path):
    with pytest.raises(ProjectError, match=r'no column "lable".*Did you mean "label"\?'):
        draft(written(frame(label=IS_HIGH), tmp_path), "lable", name="d")


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (["a"] * ROWS, "one value only"),
        ([None] * ROWS, "Only 0 rows have a value"),
        ([f"text {at}" for at in range(ROWS)], "too many to be classes"),
        (["a"] * (ROWS - 2) + ["b"] * 2, "too few rows of each value"),
        (pd.date_range("2020-01-01", periods=ROWS), "holds times"),
    ],
)
def test_a_target_nothing_can_be_learnt_about_is_refused_with_the_reason(values, why, tmp_path):
    with pytest.raises(ProjectError, match=why):
        draft(written(frame(y=values), tmp_path), "y", name="d")


def test_a_table_without_features_is_refused_with_the_reason(tmp_path):
    table = pd.DataFrame({"id": np.arange(ROWS), "y": IS_HIGH})

    with pytest.raises(ProjectError, match=r"nothing to predict(.|\n)*id: another value in every"):
        draft(written(table, tmp_path), "y", name="d")


def test_a_project_is_never_written_over(tmp_path):
    path = written(frame(y=IS_HIGH), tmp_path)
    file = init(path, "y", root=tmp_path)
    file.write_text("mine", encoding="utf-8")

    with pytest.raises(ProjectError, match='a project "table" already'):
        init(path, "y", root=tmp_path)
    assert file.read_text(encoding="utf-8") == "mine"


def test_a_failed_draft_leaves_no_folder_behind(tmp_path):
    with pytest.raises(ProjectError):
        init(written(frame(y=IS_HIGH), tmp_path), "z z", root=tmp_path)

    assert not (tmp_path / "projects").exists()


@pytest.mark.parametrize("name", ["3x", "a b", "../x", ""])
def test_a_name_that_cannot_be_one_is_refused(name, tmp_path):
    with pytest.raises(ProjectError, match="cannot be a project's name"):
        init(written(frame(y=IS_HIGH), tmp_path), "y", name=name, root=tmp_path)


def test_names_are_made_of_any_file_name():
    assert [slug(text) for text in ("My Data (1)", "2013", "日本", "ok")] == [
        "my_data_1",
        "t_2013",
        "table_1",
        "ok",
    ]
