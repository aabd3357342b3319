"""What a run begins with."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.clock import CLOCK
from adapters.declaration import load
from lifecycle.data.intake import Intake
from pipelines.running import lineage_of
from steps.register import complete


def test_in_a_replay_of_the_past_a_training_begins_in_the_past(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, root: Path
) -> None:
    clock = tmp_path / "clock"
    clock.write_text("2013-04-01T07:00:00Z")
    monkeypatch.setenv(CLOCK, str(clock))
    loaded = load("weather", root=root)

    lineage = lineage_of("training", loaded, stack="local", root=root)
    clock.write_text("2013-04-01T07:00:09Z")
    done = complete(lineage, intake=Intake(tables=(), rows=0, fingerprint="f"))

    assert lineage.started == "2013-04-01T07:00:00+00:00"
    assert f"{datetime.now(UTC):%Y}" in lineage.run
    assert done.seconds == 9
