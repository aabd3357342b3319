"""`labels add` and `labels status` as they are typed."""

import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapters.stacks.environment import STATE
from adapters.supervision.record import write_live
from commands.labelling import app
from lifecycle.errors import DataError
from lifecycle.serving.live import Live
from tests.adapters.events.telling import Told, a_contract

NOON = "2026-01-01T12:00:00Z"
LIVE = Live(
    project="flights", version="4", kind="process", name="flights.4", host="127.0.0.1", port=1,
    public_host="127.0.0.1", public_port=2, manifest="9", bento="flights:4", started=NOON,
)  # fmt: skip


@pytest.fixture
def log():
    """A version of flights that answers, with a contract of our own, and two answers of it."""
    state = Path(os.environ[STATE])
    folder = state / "bentoml" / "bentos" / "flights" / "4-0-0" / "src" / "package"
    folder.mkdir(parents=True)
    (folder / "contract.json").write_text(a_contract().model_dump_json())
    write_live(state, LIVE)
    made = Told(state / "events" / "flights", a_contract())
    yesterday = datetime.now(UTC) - timedelta(days=1)
    made.predict("r-1", ("UA1", NOON), ("UA2", NOON), at=yesterday)
    yield made
    for place in ("bentoml", "serving/flights", "events/flights"):
        shutil.rmtree(state / place)


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)


def test_labels_are_added_from_a_file_and_are_there(log, tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text(f"flight,when,late\nUA1,{NOON},yes\nUA9,{NOON},no\nUA2,{NOON},\n")
    added = run("add", path)
    told = run("status", "--unmatched")

    assert added.exit_code == told.exit_code == 0
    assert added.stdout.splitlines() == [
        "2 of 3 rows of labels.csv were added.",
        "  1 without a label so far",
        "  1 of those added name nothing that was predicted so far",
    ]
    assert "50.0%" in told.stdout
    assert "1 labels told since" in told.stdout
    assert "by file:labels.csv: key {'flight': 'UA9'" in told.stdout


def test_faulty_rows_stop_it_unless_they_are_to_be_skipped(log, tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("request_id,row,late\nr-1,0,perhaps\nr-1,1,no\n")

    with pytest.raises(DataError, match="--skip-faulty"):
        run("add", path)
    done = run("add", path, "--skip-faulty")
    assert done.stdout.splitlines()[:2] == [
        "1 of 2 rows of labels.csv were added.",
        "  1 faulty, and left out:",
    ]
