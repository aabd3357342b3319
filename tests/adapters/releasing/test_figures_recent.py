from datetime import UTC, datetime, timedelta
from math import inf

from adapters.releasing.figures_recent import SILENCE, WINDOW, Recent
from lifecycle.release.evidence import Bucket, Traffic

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def traffic(version: str, requests: int, **more) -> Traffic:
    took = (Bucket(ms=10, count=requests - 1), Bucket(ms=inf, count=requests))
    return Traffic(version=version, requests=requests, failed=requests // 10, took=took, **more)


def test_the_last_seconds_are_what_came_since_the_oldest_look_in_them() -> None:
    recent = Recent()

    found = [
        recent.look(
            NOON + timedelta(seconds=second),
            (traffic("1", 100 * second), traffic("2", second * 10)),
        )
        for second in range(1, 21)
    ]

    assert found[0] is None
    champion, challenger = found[-1]
    seconds = int(WINDOW.total_seconds())
    assert (champion.requests, challenger.requests) == (100 * seconds, 10 * seconds)
    assert champion.failed == 10 * seconds
    assert [bucket.count for bucket in champion.took] == [100 * seconds, 100 * seconds]


def test_a_lag_counts_only_as_long_as_it_lasted() -> None:
    recent = Recent()

    for second, lag in enumerate((300.0, 4.0, 300.0)):
        both = traffic("1", 10, lag_ms=1.0), traffic("2", 10, lag_ms=lag)
        found = recent.look(NOON + timedelta(seconds=second), both)

    assert found is not None
    assert found[1].lag_ms == 4.0


def test_one_is_silent_that_was_dead_at_every_look_of_some_seconds() -> None:
    recent, silent = Recent(), []

    for second in range(int(SILENCE.total_seconds()) + 2):
        both = traffic("1", 10, is_alive=True), traffic("2", 10, is_alive=False)
        found = recent.look(NOON + timedelta(seconds=second), both)
        silent.append(found is not None and found[1].is_silent)

    assert silent == [False] * int(SILENCE.total_seconds()) + [True, True]
    assert found is not None
    assert not found[0].is_silent
