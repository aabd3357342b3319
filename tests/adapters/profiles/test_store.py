"""Profiles on disk: whole or not at all, merged, swept, and made anew from the log."""

import os
import threading
from datetime import UTC, datetime, timedelta

import pytest

from adapters import profiles
from adapters.profiles import DamagedProfileError, Store, filling, profile_log
from lifecycle.errors import DataError
from lifecycle.monitoring.span import Span
from tests.adapters.profiles.requests import BINARY, DAY, HOUR, START, a_span, put

LATER = START + 100 * DAY
HOURS = [a_span(hour * HOUR, HOUR) for hour in range(24)]
P = "predictions"


def made(folder, spans):
    return profile_log(folder, BINARY, spans)


def file_of(folder):
    (path,) = folder.rglob("*.profile")
    return path


def rows_of(profile):
    return profiles.summarise(profile, BINARY).columns[0].rows


@pytest.mark.parametrize("version", ["3", "a/b", "..", "é \n"])
def test_a_profile_is_found_again_under_its_version_subject_and_span(tmp_path, version):
    store = Store(tmp_path / "p")

    store.put(version, P, HOURS[0], b"one", rows=1)
    store.put(version, "labels", HOURS[0], b"two", rows=1)
    store.put(version, P, HOURS[0], b"three", rows=2)

    assert store.get(version, P, HOURS[0]) == b"three"
    assert store.get(version, "labels", HOURS[0]) == b"two"
    assert store.versions() == (version,)
    assert store.spans(version) == (HOURS[0],)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["p"]


def test_where_nothing_was_stored_there_is_nothing(tmp_path):
    store = Store(tmp_path / "nowhere")

    assert (store.get("3", P, HOURS[0]), store.window("3", P, HOURS[0])) == (None, None)
    assert (store.spans("3"), store.versions(), store.rows("3", P, HOURS[0])) == ((), (), None)
    assert store.sweep(keep=DAY, now=LATER) == ()


@pytest.mark.parametrize("place", [0, 5, 25, 60, -1])
def test_a_file_with_any_byte_changed_is_damaged_and_never_used(tmp_path, place):
    store = Store(tmp_path)
    store.put("3", P, HOURS[0], b"a profile" * 9, rows=1)
    content = bytearray(file_of(tmp_path).read_bytes())
    content[place] ^= 1
    file_of(tmp_path).write_bytes(content)

    try:
        assert store.get("3", P, HOURS[0]) == b"a profile" * 9  # a digit of the rows
    except DamagedProfileError as error:
        assert "Make it anew" in str(error)


@pytest.mark.parametrize("size", [0, 3, 40, 120])
def test_a_file_that_was_cut_is_damaged(tmp_path, size):
    store = Store(tmp_path)
    store.put("3", P, HOURS[0], os.urandom(99), rows=1)
    os.truncate(file_of(tmp_path), size)

    with pytest.raises(DamagedProfileError, match="damaged"):
        store.window("3", P, HOURS[0])


def test_a_larger_span_is_merged_from_the_smaller_ones_that_fill_it(tmp_path):
    put(tmp_path, "a", rows=24)
    store = Store(tmp_path / "p")
    day = a_span(0 * DAY)
    six = a_span(6 * HOUR, 6 * HOUR)
    parts = [*HOURS[:6], six, *HOURS[12:]]
    for span, profile in made(tmp_path, parts).profiles.items():
        store.put("3", P, span, profile, rows=1)
    store.put("3", P, HOURS[6], b"leads nowhere, as hour 7 is missing", rows=1)

    assert rows_of(store.window("3", P, day)) == 24
    assert store.window("3", P, Span(start=START, end=START + 2 * DAY)) is None
    assert store.window("3", P, Span(start=START + HOUR / 2, end=START + DAY)) is None


def test_a_span_that_is_there_itself_is_not_merged_with_its_parts(tmp_path):
    store = Store(tmp_path)
    store.put("3", P, a_span(0 * DAY), b"the whole day", rows=24)
    for hour in HOURS:
        store.put("3", P, hour, b"an hour", rows=1)

    assert store.window("3", P, a_span(0 * DAY)) == b"the whole day"


def test_old_profiles_and_the_drafts_of_killed_writers_are_swept(tmp_path):
    store = Store(tmp_path)
    for span in HOURS:
        store.put("3", P, span, b"x", rows=1)
    draft = tmp_path / "3" / P / ".draft"
    draft.write_bytes(b"half")
    fresh = draft.with_name(".fresh")
    fresh.write_bytes(b"half")
    os.utime(draft, (0, 0))

    now = datetime.now(UTC)
    assert len(store.sweep(keep=now - HOURS[12].end, now=now)) == 12
    assert store.spans("3") == tuple(HOURS[12:])
    assert (draft.exists(), fresh.exists()) == (False, True)


def test_several_writers_of_one_profile_leave_one_whole_file(tmp_path):
    store = Store(tmp_path)
    contents = [bytes([number]) * 100_000 for number in range(8)]

    def write(content):
        store.put("3", P, HOURS[0], content, rows=1)

    threads = [threading.Thread(target=write, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert store.get("3", P, HOURS[0]) in contents
    assert [path.suffix for path in (tmp_path / "3" / P).iterdir()] == [".profile"]


def fill(folder, spans=HOURS, *, now=LATER, **how):
    return filling.fill(Store(folder / "p"), folder, BINARY, spans, version="3", now=now, **how)


def test_what_is_stored_is_not_read_again(tmp_path):
    put(tmp_path, "a", rows=24)
    first = fill(tmp_path)

    second = fill(tmp_path, make=pytest.fail)

    assert second.profiles == first.profiles and set(first.rows.values()) == {1}


def test_a_run_that_was_killed_half_way_and_run_again_counts_nothing_twice(tmp_path, monkeypatch):
    put(tmp_path, "a", rows=24)
    expected = profile_log(tmp_path, BINARY, HOURS, version="3")
    monkeypatch.setattr(filling, "AT_ONCE", 5)
    passes = []

    def killed(spans):
        if len(passes) == 2:
            raise KeyboardInterrupt
        passes.append(spans)
        return profile_log(tmp_path, BINARY, spans, version="3")

    with pytest.raises(KeyboardInterrupt):
        fill(tmp_path, make=killed)

    assert len(Store(tmp_path / "p").spans("3")) == 10
    found = fill(tmp_path)
    assert {span: rows_of(one) for span, one in found.profiles.items()} == expected.rows


def test_events_that_came_after_a_profile_was_made_are_in_the_next_one(tmp_path):
    put(tmp_path, "a", rows=24)
    now = HOURS[3].end + timedelta(minutes=1)
    assert sum(fill(tmp_path, HOURS[:4], now=now).rows.values()) == 4
    put(tmp_path, "late", rows=1, at=HOURS[3].start)
    put(tmp_path, "too late", rows=1, at=HOURS[0].start)

    again = fill(tmp_path, HOURS[:4])
    assert [again.rows[hour] for hour in HOURS[:4]] == [1, 1, 1, 2]


def test_a_damaged_profile_is_told_and_made_anew(tmp_path):
    put(tmp_path, "a", rows=24)
    fill(tmp_path, HOURS[:1])
    os.truncate(file_of(tmp_path), 200)

    again = fill(tmp_path, HOURS[:1])

    assert again.rows == {HOURS[0]: 1}
    assert len(again.told) == 1 and "is damaged" in again.told[0]
    assert fill(tmp_path, HOURS[:1]).told == ()
    assert Store(tmp_path / "p").get("3", P, HOURS[0]) == again.profiles[HOURS[0]]


def test_a_damaged_profile_whose_events_are_gone_is_not_made_anew_of_nothing(tmp_path):
    put(tmp_path, "a", rows=24)
    fill(tmp_path, HOURS[:1])
    os.truncate(file_of(tmp_path), 200)
    (tmp_path / "predictions" / "a.jsonl").unlink()

    with pytest.raises(DataError, match="only 0 of them left"):
        fill(tmp_path, HOURS[:1])


def test_a_span_without_events_has_a_profile_too(tmp_path):
    found = fill(tmp_path, [a_span(50 * DAY)])

    assert rows_of(found.profiles[a_span(50 * DAY)]) == 0
