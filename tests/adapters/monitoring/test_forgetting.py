"""What is kept of windows and looks, and for how long."""

from datetime import timedelta
from pathlib import Path

from adapters.monitoring.forgetting import forget
from adapters.monitoring.run import store_of
from adapters.records import Records
from lifecycle.monitoring.review import Review
from lifecycle.monitoring.span import Span
from tests.lifecycle.monitoring.alerts.days import DAY, JULY, day, review


def test_windows_looks_and_profiles_go_when_their_time_is_over(tmp_path: Path) -> None:
    store = store_of(tmp_path, "flights")
    with Records.open(tmp_path) as records:
        for number in range(3):
            records.keep(review(number, "x"))
            store.put("3", "predictions", day(number), b"a profile", rows=1)

    swept = forget("flights", keep=2 * DAY, state=tmp_path, now=JULY + 4 * DAY)

    assert swept.reviews == 1
    assert store.spans("3") == (day(1), day(2))
    with Records.open(tmp_path) as records:
        assert [found.span for found in records.reviews("flights")] == [day(1), day(2)]


def test_looks_between_windows_are_kept_for_a_week(tmp_path: Path) -> None:
    tricky = 'the column "is_look":true'
    with Records.open(tmp_path) as records:
        for days in (1, 8):
            records.keep(_look(days))
        records.keep(review(0, "x", columns=(tricky,)))

    forget("flights", keep=365 * DAY, state=tmp_path, now=JULY + 20 * DAY)

    with Records.open(tmp_path) as records:
        kept = records.reviews("flights")
    assert [(found.is_look, found.span) for found in kept] == [
        (False, day(0)),
        (True, _look(1).span),
    ]


def _look(days: int) -> Review:
    end = JULY + 20 * DAY - days * DAY
    return Review(
        project="flights",
        version="3",
        span=Span(start=end - timedelta(seconds=9), end=end),
        as_of=end,
        is_look=True,
    )
