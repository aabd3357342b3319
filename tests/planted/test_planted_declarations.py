"""Mistakes people make in declarations, planted into the built-in projects: each is caught."""

from pathlib import Path
from shutil import copytree

import pytest

from adapters.declaration import load
from lifecycle.errors import ProjectError

ROOT = Path(__file__).resolve().parents[2]

MISTAKES = {
    "a misspelt section": ("flights", "\nsearch:", "\nserch:", 'Did you mean "search"?'),
    "a misspelt key": ("flights", "trials: 60", "trails: 60", 'Did you mean "trials"?'),
    "a key in the wrong section": (
        "flights",
        "  time: time_hour",
        "  time: time_hour\n  trials: 3",
        "There is search.trials.",
    ),
    "a key twice": ("flights", "  folds: 4", "  folds: 4\n  trials: 5", "declared a second time"),
    "a tab": ("flights", "  folds: 4", "\tfolds: 4", "spaces, never with tabs"),
    "a time without a unit": ("flights", "arrives_after: 6h", "arrives_after: 6", "90s, 10m, 6h"),
    "a share above one": ("weather", "test: 20%", "test: 200%", "a share such as 20%"),
    "a percentage without its sign": ("weather", "test: 20%", "test: 20", "a share such as 20%"),
    "a window the wrong way round": ("flights", "to: 2013-09-01", "to: 2012-09-01", "not before"),
    "a cut outside of the window": (
        "flights",
        "from: 2013-07-01",
        "from: 2014-07-01",
        "split.from",
    ),
    "a split by a time that is not declared": (
        "weather",
        "\n  time: date",
        "",
        "no data.time is declared",
    ),
    "a metric of another task": (
        "airfares",
        "{metric: rmse, families",
        "{metric: roc_auc, families",
        "Known: mae, r2, rmse",
    ),
    "a gate on a metric of another task": (
        "airfares",
        "kind: metric, metric: r2",
        "kind: metric, metric: roc_auc",
        "gates[0].metric",
    ),
    "a limit in percent where a share is meant": (
        "flights",
        "at_least: 0.70",
        "at_least: 70",
        "Is 0.7 meant?",
    ),
    "fairness over an undeclared column": (
        "mortgages",
        "over: [race]",
        "over: [rase]",
        'Did you mean "race"?',
    ),
    "groups told by a leak": ("flights", "over: [carrier, origin]", "over: [late]", "is the label"),
    "a positive class that is none of the values": (
        "mortgages",
        "approved: {type: boolean}",
        "approved: {type: category, values: [yes, no]}",
        "not among the values",
    ),
    "a range on a category": (
        "flights",
        "carrier: {type: category",
        "carrier: {type: category, min: 1",
        "A range is for type number",
    ),
    "values on a number": (
        "flights",
        "seats: {type: integer",
        "seats: {type: integer, values: [1]",
        "A list of values is for type category",
    ),
    "a range the wrong way round": (
        "flights",
        "min: 10, max: 5500",
        "min: 10, max: 5",
        "min <= max",
    ),
    "a label that is also a feature": (
        "flights",
        "late: {type: boolean}",
        "late: {type: boolean, role: feature}",
        "this column is the label",
    ),
    "a leak that is also a feature": (
        "airfares",
        "lfare: {type: number, role: leak}",
        "lfare: {type: number, role: [feature, leak]}",
        "Declare role: leak alone",
    ),
    "a threshold for a number": (
        "airfares",
        "timeout: null, seed",
        "timeout: null, threshold: 0.5, seed",
        "Only a binary answer has a threshold",
    ),
    "probabilities calibrated that are none": (
        "airfares",
        "{kind: latency, p99_ms: 100}",
        "{kind: calibration, at_most: 0.1}",
        "Only probabilities are calibrated",
    ),
    "several tables and no query": (
        "airfares",
        "  key: [id",
        "    more: more.csv\n  key: [id",
        "several tables",
    ),
    "a section nothing obeys": ("flights", "\nsplit:", "\nparade: {}\nsplit:", "is not known"),
    "two folds over time": ("flights", "folds: 4", "folds: 2", "at least 3"),
}


def plant(mistake: str, house: Path) -> str:
    name, right, wrong, _ = MISTAKES[mistake]
    copytree(ROOT / "projects" / name, house / "projects" / name)
    file = house / "projects" / name / "project.yaml"
    text = file.read_text(encoding="utf-8")
    assert right in text
    file.write_text(text.replace(right, wrong, 1), encoding="utf-8")
    return name


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_planted_mistake_is_caught_with_its_line_and_a_way_out(mistake, tmp_path):
    name = plant(mistake, tmp_path)

    with pytest.raises(ProjectError) as caught:
        load(name, root=tmp_path)

    assert f"projects/{name}/project.yaml, line " in str(caught.value)
    assert MISTAKES[mistake][3] in str(caught.value)


def test_no_project_stands_in_for_one_that_is_misspelt():
    with pytest.raises(ProjectError, match='no project "flihgts"'):
        load("flihgts", root=ROOT)
