"""The event log where all goes well: who writes where, and when a file is finished."""

import os
import stat
import threading
from datetime import UTC, datetime, timedelta

import pytest

from adapters.events.log import EventLog
from adapters.events.segment import Segment, take_over
from lifecycle.serving.declaration import Events

LINE = b'{"event":"prediction"}\n'
SETTINGS = Events()


class Clock:
    """A clock that is put forward by hand."""

    def __init__(self):
        self.time = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self):
        return self.time


def names(folder):
    return sorted(path.name for path in (folder / "predictions").iterdir())


def content(folder):
    return b"".join(path.read_bytes() for path in sorted((folder / "predictions").iterdir()))


def test_a_line_is_in_the_file_when_write_returns(tmp_path):
    log = EventLog(tmp_path, SETTINGS)
    log.write(LINE)

    (name,) = names(tmp_path)
    assert name.endswith(f"-{os.getpid()}-0.jsonl.open")
    assert content(tmp_path) == LINE
    log.close()


def test_closing_gives_the_file_its_final_name(tmp_path):
    with EventLog(tmp_path, SETTINGS) as log:
        log.write(LINE)

    (name,) = names(tmp_path)
    assert name.endswith(".jsonl")
    assert content(tmp_path) == LINE


def test_a_log_that_wrote_nothing_leaves_no_file(tmp_path):
    with EventLog(tmp_path, SETTINGS) as log:
        log.check()

    assert names(tmp_path) == []


def test_the_log_goes_on_after_it_was_closed(tmp_path):
    log = EventLog(tmp_path, SETTINGS)
    log.close()
    log.write(LINE)
    log.close()

    assert content(tmp_path) == LINE


def test_nobody_else_may_read_folder_or_files(tmp_path):
    folder = tmp_path / "events"
    log = EventLog(folder, SETTINGS)
    log.write(LINE)

    modes = [stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.glob("**/*"))]
    assert modes == [0o700, 0o700, 0o600]
    log.close()


def test_a_block_without_its_last_line_break_is_a_mistake_of_the_caller(tmp_path):
    log = EventLog(tmp_path, SETTINGS)

    with pytest.raises(ValueError, match="line break"):
        log.write(LINE + b'{"half":')
    assert names(tmp_path) == []


def test_predictions_and_labels_have_a_folder_each(tmp_path):
    with EventLog(tmp_path, SETTINGS) as log, EventLog(tmp_path, SETTINGS, name="labels") as other:
        log.write(LINE)
        other.write(LINE)

    assert len(list((tmp_path / "labels").iterdir())) == len(names(tmp_path)) == 1


@pytest.mark.parametrize("sync", ["process", "disk"])
def test_a_file_is_finished_once_it_is_large_enough(tmp_path, sync):
    with EventLog(tmp_path, Events(rotate_mb=0.001, sync=sync)) as log:
        for _ in range(100):
            log.write(LINE)

    sizes = [path.stat().st_size for path in (tmp_path / "predictions").iterdir()]
    assert len(sizes) == 3
    assert sum(sizes) == 100 * len(LINE)
    assert all(name.endswith(".jsonl") for name in names(tmp_path))


def test_a_file_is_finished_once_it_is_old_enough_also_without_traffic(tmp_path):
    clock = Clock()
    log = EventLog(tmp_path, Events(rotate_after=timedelta(minutes=10)), now=clock)
    log.write(LINE)
    clock.time += timedelta(minutes=9)
    log.rotate_if_due()
    before = names(tmp_path)
    clock.time += timedelta(minutes=1)
    log.rotate_if_due()
    log.close()

    assert before == [f"20260101T000000.000000Z-{os.uname().nodename}-{os.getpid()}-0.jsonl.open"]
    assert names(tmp_path) == [before[0].removesuffix(".open")]


def test_a_line_that_comes_late_goes_to_a_new_file(tmp_path):
    clock = Clock()
    log = EventLog(tmp_path, Events(rotate_after=timedelta(minutes=10)), now=clock)
    log.write(b"1\n")
    clock.time += timedelta(minutes=10)
    log.write(b"2\n")
    log.close()

    assert [path.read_bytes() for path in sorted((tmp_path / "predictions").iterdir())] == [
        b"1\n",
        b"2\n",
    ]


def test_two_writers_have_a_file_each_even_at_the_same_moment(tmp_path):
    clock = Clock()
    logs = [EventLog(tmp_path, SETTINGS, now=clock) for _ in range(2)]
    for log in logs * 2:
        log.write(LINE)
    there = names(tmp_path)
    for log in logs:
        log.close()

    assert [name.rsplit("-", 1)[1] for name in there] == ["0.jsonl.open", "1.jsonl.open"]
    assert content(tmp_path) == LINE * 4


def test_rotation_under_load_from_several_threads_loses_and_tears_nothing(tmp_path):
    log = EventLog(tmp_path, Events(rotate_mb=0.002))

    def load(thread):
        for number in range(300):
            log.write(f"{thread}:{number}\n".encode() * 2)

    threads = [threading.Thread(target=load, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.close()

    lines = content(tmp_path).decode().splitlines()
    assert len(names(tmp_path)) > 5
    assert all(name.endswith(".jsonl") for name in names(tmp_path))
    assert sorted(lines) == sorted(f"{t}:{n}" for t in range(4) for n in range(300) for _ in "ab")


def test_the_file_of_a_dead_writer_is_finished_and_its_torn_tail_kept_beside_it(tmp_path):
    folder = tmp_path / "predictions"
    folder.mkdir()
    (folder / "a.jsonl.open").write_bytes(LINE * 3 + b'{"event":"predi')
    EventLog(tmp_path, SETTINGS)

    assert names(tmp_path) == ["a.jsonl", "a.jsonl.torn"]
    assert (folder / "a.jsonl").read_bytes() == LINE * 3
    assert (folder / "a.jsonl.torn").read_bytes() == b'{"event":"predi'


def test_a_tail_longer_than_what_is_read_at_once_is_cut_off_whole(tmp_path):
    folder = tmp_path / "predictions"
    folder.mkdir()
    (folder / "a.jsonl.open").write_bytes(LINE + b"x" * 200_000)
    EventLog(tmp_path, SETTINGS)

    assert (folder / "a.jsonl").read_bytes() == LINE
    assert (folder / "a.jsonl.torn").stat().st_size == 200_000


@pytest.mark.parametrize("left", [b"", b'{"half'])
def test_a_dead_writer_without_a_whole_line_leaves_no_finished_file(tmp_path, left):
    folder = tmp_path / "predictions"
    folder.mkdir()
    (folder / "a.jsonl.open").write_bytes(left)
    EventLog(tmp_path, SETTINGS)

    assert names(tmp_path) == (["a.jsonl.torn"] if left else [])


def test_the_file_of_a_living_writer_is_not_taken_over(tmp_path):
    living = EventLog(tmp_path, SETTINGS)
    living.write(b"1\n")
    EventLog(tmp_path, SETTINGS).close()
    between = names(tmp_path)
    living.write(b"2\n")
    living.close()

    assert between[0].endswith(".open")
    assert content(tmp_path) == b"1\n2\n"


def test_a_writer_that_dies_is_taken_over_by_a_neighbour_that_changes_its_file(tmp_path):
    log = EventLog(tmp_path, SETTINGS)
    log.write(LINE)
    (tmp_path / "predictions" / "a.jsonl.open").write_bytes(LINE)
    log.close()

    assert "a.jsonl" in names(tmp_path)


def test_a_file_between_its_making_and_its_locking_is_not_lost_to_an_heir(tmp_path):
    ended = threading.Event()

    def inherit():
        while not ended.is_set():
            take_over(tmp_path)

    heirs = [threading.Thread(target=inherit) for _ in range(2)]
    for heir in heirs:
        heir.start()
    for number in range(300):
        segment = Segment.create(tmp_path, datetime.now(UTC))
        segment.append(f"{number}\n".encode())
        segment.finish()
    ended.set()
    for heir in heirs:
        heir.join()

    found = [int(path.read_text()) for path in tmp_path.glob("*.jsonl")]
    assert sorted(found) == list(range(300))
    assert len(list(tmp_path.iterdir())) == 300


def test_a_request_without_rows_writes_nothing(tmp_path):
    with EventLog(tmp_path, SETTINGS) as log:
        log.write(b"")

    assert names(tmp_path) == []


def test_a_forked_child_that_closes_leaves_the_file_of_its_parent_alone(tmp_path):
    log = EventLog(tmp_path, SETTINGS)
    log.write(LINE)
    child = os.fork()
    if child == 0:
        log.close()
        os._exit(0)
    os.waitpid(child, 0)

    (name,) = names(tmp_path)
    assert name.endswith(".open")
    log.close()


def test_a_forked_child_writes_to_a_file_of_its_own(tmp_path):
    log = EventLog(tmp_path, SETTINGS)
    log.write(b"parent\n")
    child = os.fork()
    if child == 0:
        log.write(b"child\n")
        os._exit(0)
    os.waitpid(child, 0)
    log.write(b"parent\n")
    log.close()

    contents = sorted(path.read_bytes() for path in (tmp_path / "predictions").iterdir())
    assert contents == [b"child\n", b"parent\nparent\n"]
