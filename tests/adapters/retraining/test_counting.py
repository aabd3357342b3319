import os
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.events.segment import OPEN
from adapters.retraining.counting import count_labels
from tests.adapters.retraining.labels_told import HOUR, NOON, line, log


def count(folder: Path, since: datetime | None = None, until: datetime = NOON + 99 * HOUR) -> int:
    return count_labels(folder, since=since, until=until)


def test_labels_are_counted_where_they_begin_and_before_they_end(tmp_path: Path) -> None:
    log(tmp_path, *(line(place) for place in range(10)))

    assert count(tmp_path) == 10
    assert count(tmp_path, since=NOON + 3 * HOUR) == 7
    assert count(tmp_path, since=NOON + 3 * HOUR, until=NOON + 5 * HOUR) == 2


def test_files_that_are_still_written_count(tmp_path: Path) -> None:
    log(tmp_path, line(0))
    log(tmp_path, line(1), name=f"b{OPEN}")

    assert count(tmp_path) == 2


@pytest.mark.parametrize(
    ("also", "counted"),
    [
        (line(0), 1),
        (line(0, label="no"), 1),
        (line(0, row=1), 2),
        (line(1, id=None, row=None, key={"a b": 1, "id": "x"}), 2),
        (line(1, label=None), 1),
        (line(1, id="smoke-1"), 1),
        ("{torn", 1),
    ],
)
def test_a_prediction_counts_once(tmp_path: Path, also: Any, counted: int) -> None:
    log(tmp_path, line(0), also)

    assert count(tmp_path) == counted


def test_a_key_counts_once_in_whatever_order_it_is_written(tmp_path: Path) -> None:
    keys = ({"a": 1, "ü": "2"}, {"ü": "2", "a": 1})
    log(tmp_path, *(line(0, id=None, row=None, key=key) for key in keys))

    assert count(tmp_path) == 1


def test_a_file_that_was_finished_before_is_not_opened(tmp_path: Path) -> None:
    path = log(tmp_path, "not even JSON")
    os.utime(path, (0, 0))
    path.chmod(0)

    assert count(tmp_path, since=NOON) == 0


def test_where_there_is_no_log_nothing_was_told(tmp_path: Path) -> None:
    assert count(tmp_path / "none") == 0
