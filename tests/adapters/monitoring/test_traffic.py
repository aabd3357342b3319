"""Which windows a run has to look at, read off the log and what was found before."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from adapters.events.segment import CLOSED
from adapters.monitoring.traffic import find_windows, first_prediction, last_label
from lifecycle.monitoring.review import Review
from lifecycle.monitoring.span import span_of
from lifecycle.monitoring.windows import Window
from lifecycle.serving.events import Truth
from tests.adapters.events.telling import DAY, HOUR, Told, a_contract

LATER = timedelta(minutes=5)
ONE = timedelta(days=1)
KEY = ("UA1", "2026-01-01T12:00:00Z")


@pytest.fixture
def log(tmp_path: Path) -> Told:
    return Told(tmp_path / "events", a_contract())


def review(
    number: int, *, predictions: int = 1, as_of: datetime | None = None, version: str = "3"
) -> Review:
    span = span_of(DAY + number * ONE, ONE)
    return Review(
        project="p",
        version=version,
        span=span,
        as_of=as_of or span.end + LATER,
        predictions=predictions,
    )


def find(
    log: Told,
    *reviews: Review,
    as_of: datetime,
    within: timedelta = 60 * ONE,
    keep: timedelta = 730 * ONE,
    live: str | None = None,
) -> tuple[Window, ...]:
    found = find_windows(
        log.folder, reviews, length=ONE, within=within, keep=keep, as_of=as_of, live=live
    )
    return found.windows


def truth(request: str) -> Truth:
    return Truth(label="yes", request_id=request, row=0)


def test_without_a_log_there_is_no_window(log: Told) -> None:
    assert find(log, as_of=DAY + 9 * ONE) == ()
    assert first_prediction(log.folder) is None
    assert last_label(log.folder, before=DAY) is None


def test_rehearsals_begin_no_window(log: Told) -> None:
    log.predict("smoke-1", KEY, at=DAY)

    assert find(log, as_of=DAY + 9 * ONE) == ()


def test_each_version_of_a_window_is_looked_at_by_itself(log: Told) -> None:
    log.predict("a", KEY, ("UA2", KEY[1]), at=DAY, version="3")
    log.predict("b", KEY, at=DAY + HOUR, version="4")

    found = find(log, as_of=DAY + ONE + LATER)

    assert [(window.version, window.predictions) for window in found] == [("3", 2), ("4", 1)]


def test_a_window_in_which_nobody_asked_is_one_of_what_answers(log: Told) -> None:
    log.predict("a", KEY, at=DAY)

    found = find(log, as_of=DAY + 2 * ONE + LATER, live="4")

    assert [(window.version, window.predictions) for window in found] == [("3", 1), ("4", 0)]


def test_where_nobody_asked_no_label_asks_for_another_look(log: Told) -> None:
    log.predict("a", KEY, at=DAY)
    log.tell(truth("a"), at=DAY + 2 * ONE)
    seen = (review(0), review(1, predictions=0, version="4"))

    found = find(log, *seen, as_of=DAY + 2 * ONE + HOUR, live="5")

    assert [(window.version, window.is_again) for window in found] == [("3", True)]


def test_what_was_found_by_a_clock_that_was_ahead_does_not_count(log: Told) -> None:
    log.predict("a", KEY, at=DAY)
    log.predict("b", KEY, at=DAY + ONE)
    wrong = DAY + 90 * ONE

    found = find(
        log, review(0), review(1, predictions=0, as_of=wrong), review(50, as_of=wrong),
        as_of=DAY + 2 * ONE + LATER,
    )  # fmt: skip

    assert [(window.span.start, window.predictions) for window in found] == [(DAY + ONE, 1)]


def test_machines_whose_clocks_differ_a_little_do_not_look_twice(log: Told) -> None:
    log.predict("a", KEY, at=DAY)

    assert find(log, review(0, as_of=DAY + ONE + HOUR), as_of=DAY + ONE + LATER) == ()


def test_a_clock_that_was_not_set_begins_no_thousand_windows(log: Told) -> None:
    log.predict("a", KEY, at=datetime.fromisoformat("1970-01-01T00:00:03+00:00"))
    log.predict("b", KEY, at=DAY)

    found = find(log, as_of=DAY + ONE + LATER, keep=3 * ONE)

    assert len(found) == 3
    assert found[-1].predictions == 1


def test_the_last_label_is_looked_for_in_the_files_of_all_processes(log: Told) -> None:
    log.tell(truth("a"), at=DAY + 5 * HOUR)
    log.tell(truth("b"), at=DAY + 2 * HOUR)
    (log.folder / "labels" / f"99999999-{CLOSED}").write_text("torn {")

    assert last_label(log.folder, before=DAY + ONE) == DAY + 5 * HOUR
    assert last_label(log.folder, before=DAY + 3 * HOUR) == DAY + 2 * HOUR


def test_a_label_that_is_dated_in_the_future_asks_for_no_look_before(log: Told) -> None:
    log.predict("a", KEY, at=DAY)
    log.tell(truth("a"), at=DAY + 30 * ONE)

    assert find(log, review(0), as_of=DAY + ONE + HOUR) == ()
