"""`outcomes add` and `outcomes status` as they are typed."""

import os
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapters.admission import MASK as SECRET
from adapters.outcomes.reading import outcomes
from adapters.stacks.environment import STATE
from commands.outcomes import app
from lifecycle.errors import DataError
from lifecycle.serving.outcomes import UnitMask

PROJECT = """
name: trips
about: {question: q, decision: d, owner: o}
data:
  tables: {trips: trips.csv}
  label: {column: late, task: binary}
"""


@pytest.fixture
def project(tmp_path):
    def declared(more: str = "release: {unit: {header: x-user-id}}\n") -> Path:
        folder = tmp_path / "trips"
        folder.mkdir()
        (folder / "trips.csv").write_text("a,late\n1,yes\n")
        (folder / "project.yaml").write_text(PROJECT + more)
        return folder

    yield declared
    for place in ("events/trips", "access/trips"):
        shutil.rmtree(Path(os.environ[STATE]) / place, ignore_errors=True)


def run(*words):
    done = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert done.exit_code == 0
    return [" ".join(line.split()) for line in done.stdout.splitlines()]


def test_outcomes_are_added_from_a_file_and_are_there(project, tmp_path):
    folder, path = project(), tmp_path / "told.csv"
    path.write_text("name,unit,id\nbooked,u17,1\nbooked,u18,2\npaid,u17,\n")
    added, again = run("add", path, "--project", folder), run("add", path, "--project", folder)
    told = run("status", "--project", folder)

    state = Path(os.environ[STATE])
    secret = (state / "access" / "trips" / SECRET).read_bytes()
    assert next(outcomes(state / "events" / "trips")).unit == UnitMask(secret)(b"u17")
    assert added == ["3 of 3 outcomes of told.csv were added."]
    assert again[1:] == ["3 known already by their name and id, and not written again"]
    assert told[0].startswith("outcome told again units of requests last told")
    assert [line.split()[:5] for line in told[1:]] == [
        ["booked", "2", "0", "2", "0"],
        ["paid", "1", "0", "1", "0"],
    ]


def test_without_a_declared_unit_it_is_said_what_to_declare(project, tmp_path):
    folder, path = project(""), tmp_path / "told.csv"
    path.write_text("name,unit\nbooked,u17\n")

    with pytest.raises(DataError, match=r"Declare release\.unit"):
        run("add", path, "--project", folder)


def test_where_nothing_was_told_it_says_how_to_tell(project):
    (told,) = run("status", "--project", project())

    assert 'No outcome was told for "trips" so far.' in told
    assert "run.py outcomes add FILE --project trips" in told
