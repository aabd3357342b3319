"""What time it is."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.clock import CLOCK, ClockError, clock, now


def test_without_a_replay_it_is_what_the_machine_says() -> None:
    assert abs(now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_a_replay_says_what_time_it_is_each_time_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "clock"
    monkeypatch.setenv(CLOCK, str(file))
    told = clock()
    file.write_text("2013-07-01T02:00:00+02:00\n")
    first = told()
    file.write_text("2013-08-01T00:00:00Z")

    assert first == datetime(2013, 7, 1, tzinfo=UTC)
    assert told() == datetime(2013, 8, 1, tzinfo=UTC)


@pytest.mark.parametrize(("text", "reason"), [("noon", "noon"), ("2013-07-01", "no zone")])
def test_a_replay_that_does_not_say_the_time_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, reason: str
) -> None:
    file = tmp_path / "clock"
    file.write_text(text)
    monkeypatch.setenv(CLOCK, str(file))

    with pytest.raises(ClockError, match=reason):
        now()
