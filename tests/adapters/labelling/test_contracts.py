"""The contract of a version, by which its events are read."""

import pyarrow as pa
import pytest

from adapters.labelling.contracts import as_served, contract_for, standing_contract
from adapters.supervision.record import write_live
from lifecycle.data.describe import describe
from lifecycle.errors import RegistryError
from lifecycle.project.project import Project
from lifecycle.serving.live import Live
from lifecycle.task import Task
from tests.adapters.events.telling import a_contract
from tests.lifecycle.governance import stories
from tests.lifecycle.serving.fitting import SCHEMA, a_candidate, a_table, labels_of


def declare(**more):
    return Project.model_validate(
        {
            "name": "p",
            "about": {"question": "Is it late?", "decision": "Warn.", "owner": "us"},
            "data": {
                "tables": {"t": "t.csv"}, "key": ["city", "note"],
                "label": {"column": "y", "task": "binary"},
            },
            **more,
        }
    )  # fmt: skip


def a_story():
    table = a_table()
    texts = ["yes" if value else "no" for value in labels_of(table, Task.BINARY)]
    table = table.append_column("y", pa.array(texts))
    description = describe(table, table, SCHEMA, declare().data)
    return stories.binary().model_copy(update={"description": description})


def keep(store, contract, version="3", project="p"):
    folder = store / "bentos" / project / f"{version}-0-0" / "src" / "package"
    folder.mkdir(parents=True)
    (folder / "contract.json").write_text(contract.model_dump_json())


def test_a_version_that_was_served_has_the_contract_it_was_served_with(tmp_path):
    keep(tmp_path, a_contract())

    assert contract_for("p", "3", declare(), store=tmp_path) == a_contract()


def test_the_contract_is_that_of_what_answers(tmp_path):
    keep(tmp_path / "bentoml", a_contract("regression"), "4")
    live = Live(
        project="p", version="4", kind="process", name="p.4", host="127.0.0.1", port=1,
        public_host="127.0.0.1", public_port=2, manifest="9", bento="p:4",
        started="2026-01-01T00:00:00Z",
    )  # fmt: skip
    write_live(tmp_path, live)

    assert standing_contract(declare(), state=tmp_path) == a_contract("regression")


def test_a_version_that_was_never_served_has_the_contract_it_would_be_served_with():
    candidate = a_candidate(Task.BINARY, ("linear",))
    contract = as_served(a_story(), candidate, declare())

    assert contract.key == ("city", "note")
    assert contract.classes == ("no", "yes")
    assert {field.name for field in contract.features} == set(candidate.columns)


def test_a_key_of_which_nothing_is_kept_is_none():
    schema = SCHEMA.model_copy(deep=True)
    city = schema["city"].model_copy(update={"role": ("feature", "personal")})
    schema.root["city"] = city
    candidate = a_candidate(Task.BINARY, ("linear",), schema=schema)
    pseudonyms = declare(serving={"events": {"personal": "pseudonym"}})

    assert as_served(a_story(), candidate, declare()).key == ()
    assert as_served(a_story(), candidate, pseudonyms).key == ("city", "note")


def test_without_a_description_there_is_no_contract():
    story = stories.binary().model_copy(update={"description": None})

    with pytest.raises(RegistryError, match="without a description"):
        as_served(story, a_candidate(Task.BINARY, ("linear",)), declare())
