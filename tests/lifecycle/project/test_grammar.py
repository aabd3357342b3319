from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from adapters.yaml_document import parse
from lifecycle.project.grammar import json_schema

ROOT = Path(__file__).resolve().parents[3]
PROJECTS = sorted((ROOT / "projects").glob("*/project.yaml"))
VALIDATOR = Draft202012Validator(json_schema())


def flights():
    return parse((ROOT / "projects/flights/project.yaml").read_text(encoding="utf-8")).data


def test_the_schema_is_itself_valid():
    Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("path", PROJECTS, ids=lambda path: path.parent.name)
def test_every_built_in_project_is_valid(path):
    document = parse(path.read_text(encoding="utf-8")).data

    assert [error.message for error in VALIDATOR.iter_errors(document)] == []


@pytest.mark.parametrize(
    "change",
    [
        lambda project: project.pop("name"),
        lambda project: project.update(serch={}),
        lambda project: project["search"].update(trials="many"),
        lambda project: project["search"].update(timeout=60),
        lambda project: project["search"].update(timeout="60 parsecs"),
        lambda project: project["data"]["label"].update(task="bin"),
        lambda project: project["data"]["window"].update({"from": "yesterday"}),
        lambda project: project["data"]["tables"].update(flights=3),
        lambda project: project["schema"]["origin"].update(role="feture"),
        lambda project: project["schema"]["carrier"].update(missing="120"),
        lambda project: project["schema"]["carrier"].update(missing=1.2),
        lambda project: project["split"].update(by="tiem"),
        lambda project: project["gates"].append({"kind": "metrc"}),
        lambda project: project["gates"].append({"kind": "size", "megabytes": -1}),
    ],
)
def test_a_planted_mistake_is_invalid(change):
    project = flights()
    change(project)

    assert not VALIDATOR.is_valid(project)


@pytest.mark.parametrize(
    "change",
    [
        lambda project: project["split"].update({"by": "time", "test": "20%", "from": None}),
        lambda project: project["schema"]["carrier"].update(missing=0.2),
        lambda project: project["schema"]["carrier"].update(role=["feature", "sensitive"]),
        lambda project: project["schema"]["origin"].update(values=["EWR", 1, True]),
        lambda project: project["data"]["label"].update(positive=1, arrives_after="1.5h"),
        lambda project: project["data"]["tables"].update(weather={"url": "w.csv"}),
        lambda project: project["about"].update(caveats="Only one."),
        lambda project: project["search"].update(threshold={"metric": "f1"}),
    ],
)
def test_every_written_form_is_valid(change):
    project = flights()
    change(project)

    assert [error.message for error in VALIDATOR.iter_errors(project)] == []


def test_sections_and_fields_are_described_for_editors():
    schema = json_schema()
    search = schema["$defs"]["Search"]

    assert search["description"] == "How a model is looked for."
    assert search["properties"]["trials"]["description"].startswith("How many configurations")
    assert "Parameters" not in str(schema)
