"""Buckets, and what happened between two looks."""

from bisect import bisect_left
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from pydantic import ValidationError

from lifecycle.monitoring.health import Buckets, Snapshot, since

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
BOUNDS = (0.001, 0.01, 0.1, 1.0)


def a_snapshot(minutes: float = 0, **counted) -> Snapshot:
    told = {"version": "3", "manifest": "9f", "began": NOON - timedelta(hours=1)}
    return Snapshot(at=NOON + timedelta(minutes=minutes), **{**told, **counted})


def buckets(values) -> Buckets:
    counts = [sum(value <= bound for value in values) for bound in BOUNDS]
    return Buckets(bounds=BOUNDS, counts=counts, total=len(values))


@pytest.mark.parametrize("share", [0.01, 0.5, 0.9, 0.99, 1.0])
@pytest.mark.parametrize("count", [1, 2, 100, 997])
def test_a_quantile_lies_in_the_bucket_of_the_value_with_that_rank(count, share) -> None:
    values = np.random.default_rng(count).lognormal(-4, 2, count)
    exact = np.quantile(values, share, method="inverted_cdf")

    found = buckets(values).quantile(share)

    place = bisect_left(BOUNDS, exact)
    assert found == (
        0.0 if place == 0 else BOUNDS[place - 1],
        None if place == len(BOUNDS) else BOUNDS[place],
    )


def test_no_values_have_no_quantile() -> None:
    assert buckets([]).quantile(0.99) is None


@pytest.mark.parametrize(
    "wrong", [{"counts": (3, 2), "total": 3}, {"counts": (1, 2), "total": 1}, {"counts": (1,)}]
)
def test_counts_that_no_histogram_has_are_refused(wrong) -> None:
    with pytest.raises(ValidationError):
        Buckets(bounds=(0.1, 1.0), **wrong)


def test_between_two_looks_only_what_is_new_counts() -> None:
    before = a_snapshot(requests=10, failed=1, unwritten=2, seconds=buckets([0.5]), starts=2)
    now = a_snapshot(
        5, requests=14, failed=1, unwritten=3, turned_away=2, starts=3,
        seconds=buckets([0.5, 0.05, 0.05]),
    )  # fmt: skip

    found = since(before, now)

    assert (found.requests, found.failed, found.turned_away, found.unwritten) == (4, 0, 2, 1)
    assert found.seconds == buckets([0.05, 0.05])
    assert (found.length, found.restarts) == (300, 1)


def test_without_a_look_before_everything_since_it_began_counts() -> None:
    found = since(None, a_snapshot(requests=7))

    assert (found.requests, found.length, found.restarts) == (7, 3_600, 0)


@pytest.mark.parametrize(
    ("changed", "restarts"),
    [
        ({"manifest": "77", "version": "4", "requests": 12}, 0),
        ({"began": NOON + timedelta(minutes=1), "requests": 12}, 1),
        ({"requests": 3}, 0),
        ({"requests": 12, "seconds": buckets([0.05])}, 0),
        ({"requests": 12, "waits": Buckets(bounds=(2.0,), counts=(12,), total=12)}, 0),
    ],
    ids=["another version", "begun anew", "a count fell", "a bucket fell", "other bounds"],
)
def test_counters_that_began_anew_are_taken_whole(changed, restarts) -> None:
    before = a_snapshot(requests=10, seconds=buckets([0.05, 0.05]), waits=buckets([0.1]))
    now = a_snapshot(5, **changed)

    found = since(before, now)

    assert found.requests == now.requests
    assert found.seconds == now.seconds
    assert found.restarts == restarts


def test_a_clock_that_was_set_back_makes_no_negative_time() -> None:
    assert since(a_snapshot(5), a_snapshot(0)).length is None


def test_a_snapshot_survives_being_written_down() -> None:
    snapshot = a_snapshot(requests=3, seconds=buckets([0.05, 7.0]))

    assert Snapshot.model_validate_json(snapshot.model_dump_json()) == snapshot
