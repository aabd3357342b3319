"""Spans of the event log profiled: by one process, by several, and by a cluster."""

import pytest

from adapters import profiles
from adapters.profiles.cluster import profile_log_on
from lifecycle.errors import DataError
from lifecycle.monitoring.span import Span
from tests.adapters.profiles.requests import BINARY, DAY, HOUR, START, a_span, batches_of, put

DAYS = [a_span(day * DAY) for day in range(4)]


def a_log(folder):
    """Three files of 100 hours, each a day after the one before; two versions."""
    for number in range(3):
        put(folder, f"{number}", at=START + number * DAY, seed=number)
    put(folder, "other", rows=10, version="4")


def summaries(profiled):
    return {
        span: profiles.summarise(profile, BINARY) for span, profile in profiled.profiles.items()
    }


def counts(profiled):
    """What does not depend on how the log was shared out."""
    return {
        span: [
            (one.name, one.rows, one.missing, one.counts, one.edges, one.cumulative,
             pytest.approx(one.mean), pytest.approx(one.distinct, rel=0.02))
            for one in found.columns
        ]
        for span, found in summaries(profiled).items()
    }  # fmt: skip


def test_each_span_is_profiled_from_all_files_that_have_something_of_it(tmp_path):
    a_log(tmp_path)

    profiled = profiles.profile_log(tmp_path, BINARY, DAYS, version="3")

    assert [profiled.rows[day] for day in DAYS] == [24, 48, 72, 72]
    for day in DAYS:
        alone = batches_of(tmp_path, version="3", since=day.start, until=day.end)
        whole = profiles.profile_window(alone, BINARY)
        ours, expected = (
            profiles.summarise(one, BINARY) for one in (profiled.profiles[day], whole)
        )
        for one, other in zip(ours.columns, expected.columns, strict=True):
            assert one.model_dump(exclude={"distinct", "mean", "deviation"}) == other.model_dump(
                exclude={"distinct", "mean", "deviation"}
            )


def test_several_processes_find_what_one_does(tmp_path):
    a_log(tmp_path)

    alone = profiles.profile_log(tmp_path, BINARY, DAYS, version="3")
    shared = profiles.profile_log(tmp_path, BINARY, DAYS, version="3", processes=2)

    assert (shared.rows, shared.torn) == (alone.rows, alone.torn)
    assert counts(shared) == counts(alone)


def test_a_cluster_finds_what_one_process_does(tmp_path):
    from distributed import LocalCluster

    a_log(tmp_path)

    alone = profiles.profile_log(tmp_path, BINARY, DAYS, version="3")
    with LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
    ) as cluster:
        shared = profile_log_on(cluster.scheduler_address, tmp_path, BINARY, DAYS, version="3")

    assert shared.rows == alone.rows
    assert counts(shared) == counts(alone)


def test_what_lies_between_spans_is_in_none(tmp_path):
    put(tmp_path, "a", rows=72)

    profiled = profiles.profile_log(tmp_path, BINARY, [DAYS[0], DAYS[2], a_span(5 * DAY)])

    assert list(profiled.rows.values()) == [24, 24, 0]
    empty = profiles.summarise(profiled.profiles[a_span(5 * DAY)], BINARY)
    assert {one.rows for one in empty.columns} == {0}


def test_hours_merge_into_the_profile_of_their_day(tmp_path):
    a_log(tmp_path)
    hours = [a_span(DAY + hour * HOUR, HOUR) for hour in range(24)]
    parts = profiles.profile_log(tmp_path, BINARY, hours)

    merged = profiles.merge(parts.profiles.values())

    whole = profiles.profile_log(tmp_path, BINARY, DAYS[1:2]).profiles[DAYS[1]]
    for one, other in zip(
        profiles.summarise(merged, BINARY).columns,
        profiles.summarise(whole, BINARY).columns,
        strict=True,
    ):
        assert (one.rows, one.counts, one.cumulative) == (
            other.rows,
            other.counts,
            other.cumulative,
        )


def test_spans_that_overlap_would_count_twice_and_are_refused(tmp_path):
    with pytest.raises(DataError, match="overlap"):
        profiles.profile_log(tmp_path, BINARY, [DAYS[0], Span(start=START + HOUR, end=START + DAY)])


def test_torn_lines_and_values_of_another_type_are_told(tmp_path):
    put(tmp_path, "a", rows=5)
    path = tmp_path / "predictions" / "a.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"open":', b'"open":3,"shut":', 1) + b"half\n")

    profiled = profiles.profile_log(tmp_path, BINARY, DAYS[:1])

    assert (profiled.rows[DAYS[0]], profiled.torn, profiled.unread) == (5, 1, {"open": 1})


def test_of_no_log_every_span_has_an_empty_profile(tmp_path):
    profiled = profiles.profile_log(tmp_path / "nowhere", BINARY, DAYS)

    assert (set(profiled.rows.values()), len(profiled.profiles)) == ({0}, 4)
    assert profiles.profile_log(tmp_path, BINARY, []).profiles == {}
