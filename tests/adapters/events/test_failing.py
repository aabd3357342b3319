"""The event log where writing is impossible: full disks, lost folders, files at their limit."""

import errno
import os
import resource
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

from adapters.events.log import CannotRecordError, EventLog
from lifecycle.serving.declaration import Events

LINE = b"x" * 999 + b"\n"
SETTINGS = Events()
NOBODY = 65_534


def lines_in(folder):
    """Read all lines; a half one is a mistake."""
    content = b"".join(path.read_bytes() for path in (folder / "predictions").iterdir())
    assert content == LINE * (len(content) // len(LINE))
    return len(content) // len(LINE)


@pytest.fixture
def small_disk():
    """Give a file system of 1 MB."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    folder = Path(tempfile.mkdtemp(prefix="perennial-disk-"))
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True)
    if done.returncode != 0:
        folder.rmdir()
        pytest.skip(f"a small file system cannot be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
    folder.rmdir()


@pytest.fixture
def ordinary_user():
    """Root may do anything, so it acts as nobody; give a folder of whoever it is."""
    was_root = os.geteuid() == 0
    if was_root:
        os.seteuid(NOBODY)
    folder = Path(tempfile.mkdtemp(prefix="perennial-events-"))
    yield folder
    folder.chmod(0o700)
    shutil.rmtree(folder)
    if was_root:
        os.seteuid(0)


@contextmanager
def largest_file(size):
    """Let no file of this process grow beyond `size` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def fill(folder, *, but):
    """Take all space of a disk, `but` so many bytes."""
    filler = folder / "filler"
    filler.unlink(missing_ok=True)
    room = os.statvfs(folder)
    filler.write_bytes(bytes(room.f_bavail * room.f_frsize - but))


def test_on_a_full_disk_nothing_half_written_stays_and_the_state_says_why(small_disk):
    log = EventLog(small_disk, SETTINGS)
    log.write(LINE)
    fill(small_disk, but=20_000)
    with pytest.raises(CannotRecordError, match=r"No space left on device \(ENOSPC\).*Make room"):
        log.write(LINE * 100)

    assert not log.state.is_healthy
    assert log.state.reason == "events cannot be written: No space left on device (ENOSPC)"
    assert log.state.since is not None
    assert lines_in(small_disk) == 1


def test_what_still_fits_on_a_nearly_full_disk_is_written_but_it_is_not_ready(small_disk):
    log = EventLog(small_disk, SETTINGS)
    fill(small_disk, but=20_000)
    log.check()
    log.write(LINE)

    assert not log.state.is_healthy
    assert lines_in(small_disk) == 1


def test_a_disk_that_has_room_again_is_noticed_by_the_next_check(small_disk):
    log = EventLog(small_disk, SETTINGS)
    fill(small_disk, but=0)
    with pytest.raises(CannotRecordError):
        log.write(LINE)
    since = log.state.since
    still = log.check()
    (small_disk / "filler").unlink()

    assert still.since == since
    assert log.check().is_healthy
    log.write(LINE)
    log.close()
    assert lines_in(small_disk) == 1


def test_a_disk_that_has_room_again_is_noticed_by_the_next_line(small_disk):
    log = EventLog(small_disk, SETTINGS)
    log.write(LINE)
    fill(small_disk, but=0)
    with pytest.raises(CannotRecordError):
        log.write(LINE * 10)
    (small_disk / "filler").unlink()
    log.write(LINE)

    assert log.state.is_healthy
    assert lines_in(small_disk) == 2


def test_a_line_that_fits_again_forgives_no_check_that_found_too_little_room(small_disk):
    log = EventLog(small_disk, SETTINGS)
    log.write(LINE)
    fill(small_disk, but=0)
    with pytest.raises(CannotRecordError):
        log.write(LINE * 10)
    log.check()
    fill(small_disk, but=20_000)
    log.write(LINE * 10)

    assert "ENOSPC" in str(log.state.reason)
    assert lines_in(small_disk) == 11


def test_a_log_that_goes_on_failing_says_since_when(small_disk):
    log = EventLog(small_disk, SETTINGS)
    fill(small_disk, but=0)
    moments = []
    for _ in range(3):
        with pytest.raises(CannotRecordError):
            log.write(LINE)
        log.check()
        moments.append(log.state.since)

    assert len({*moments}) == 1


def test_a_failing_log_leaves_no_empty_files(small_disk):
    log = EventLog(small_disk, SETTINGS)
    fill(small_disk, but=0)
    for _ in range(5):
        with pytest.raises(CannotRecordError):
            log.write(LINE)

    assert list((small_disk / "predictions").iterdir()) == []


def test_a_log_that_starts_on_a_full_disk_does_not_break_and_is_not_ready(small_disk):
    fill(small_disk, but=0)
    log = EventLog(small_disk, SETTINGS)

    assert "ENOSPC" in str(log.state.reason)


def test_a_disk_that_is_read_only_is_told_and_recovers_when_it_is_not(small_disk):
    remount = ["mount", "-o", "remount,{}", str(small_disk)]
    subprocess.run([word.format("ro") for word in remount], check=True)
    log = EventLog(small_disk, SETTINGS)
    before = log.state
    with pytest.raises(CannotRecordError, match="EROFS"):
        log.write(LINE)
    subprocess.run([word.format("rw") for word in remount], check=True)

    assert before.reason == "events cannot be written: Read-only file system (EROFS)"
    assert log.check().is_healthy
    log.write(LINE)
    assert lines_in(small_disk) == 1


def test_a_file_that_may_not_grow_gives_way_to_the_next_one(tmp_path):
    log = EventLog(tmp_path, SETTINGS)
    with largest_file(100_500):
        for _ in range(250):
            log.write(LINE)
    log.close()

    assert log.state.is_healthy
    assert lines_in(tmp_path) == 250
    assert len(list((tmp_path / "predictions").iterdir())) == 3


def test_where_no_file_may_grow_nothing_is_acknowledged_until_it_may_again(tmp_path):
    log = EventLog(tmp_path, SETTINGS)
    log.write(LINE)
    with largest_file(500):
        for _ in range(3):
            with pytest.raises(CannotRecordError, match=r"File too large \(EFBIG\)"):
                log.write(LINE)
        failing = log.check()
    log.write(LINE)
    log.close()

    assert "EFBIG" in str(failing.reason)
    assert log.check().is_healthy
    assert lines_in(tmp_path) == 2


def test_a_folder_that_takes_no_new_file_is_not_ready_while_the_present_one_works(ordinary_user):
    log = EventLog(ordinary_user, SETTINGS)
    log.write(LINE)
    (ordinary_user / "predictions").chmod(0o500)
    log.check()
    log.write(LINE)
    while_unwritable = log.state
    (ordinary_user / "predictions").chmod(0o700)

    assert while_unwritable.reason == "events cannot be written: Permission denied (EACCES)"
    assert log.check().is_healthy
    log.close()
    assert lines_in(ordinary_user) == 2


def test_a_file_that_is_due_goes_on_where_no_new_one_can_be_made(ordinary_user):
    log = EventLog(ordinary_user, Events(rotate_mb=0.0005))
    log.write(LINE)
    (ordinary_user / "predictions").chmod(0o500)
    log.write(LINE)
    unwritable = log.state
    (ordinary_user / "predictions").chmod(0o700)
    log.write(LINE)
    log.close()

    assert "EACCES" in str(unwritable.reason)
    assert lines_in(ordinary_user) == 3
    assert len(list((ordinary_user / "predictions").glob("*.jsonl"))) == 2


def test_a_log_without_access_to_its_folder_starts_and_is_not_ready(ordinary_user):
    ordinary_user.chmod(0o500)
    log = EventLog(ordinary_user, SETTINGS)

    assert "EACCES" in str(log.state.reason)
    with pytest.raises(CannotRecordError):
        log.write(LINE)


def test_a_line_after_the_files_were_deleted_goes_to_a_file_that_is_there(tmp_path):
    log = EventLog(tmp_path, SETTINGS)
    log.write(LINE)
    shutil.rmtree(tmp_path / "predictions")
    log.write(LINE)

    assert lines_in(tmp_path) == 1
    log.close()


def test_where_the_events_folder_itself_is_gone_nothing_is_written_elsewhere(tmp_path):
    folder = tmp_path / "mounted"
    log = EventLog(folder, SETTINGS)
    log.write(LINE)
    shutil.rmtree(folder)
    with pytest.raises(CannotRecordError, match="ENOENT"):
        log.write(LINE)
    gone = log.check()
    folder.mkdir()

    assert not gone.is_healthy
    assert log.check().is_healthy
    log.write(LINE)
    assert lines_in(folder) == 1


def test_a_line_that_does_not_reach_the_disk_is_not_acknowledged_and_not_asked_again(
    tmp_path, monkeypatch
):
    # The kernel reports a lost page once; no disk here loses one on demand, so this is played.
    log = EventLog(tmp_path, Events(sync="disk"))
    log.write(LINE)
    (broken,) = (tmp_path / "predictions").iterdir()

    def lose(descriptor):
        if Path(f"/proc/self/fd/{descriptor}").readlink() == broken:
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", lose)
    log.write(LINE)
    log.close()

    assert lines_in(tmp_path) == 2
    assert len(list((tmp_path / "predictions").glob("*.jsonl"))) == 2


def test_the_message_for_the_log_names_the_folder_and_the_state_does_not(tmp_path):
    folder = tmp_path / "events"
    log = EventLog(folder, SETTINGS)
    shutil.rmtree(folder)
    with pytest.raises(CannotRecordError, match=str(folder)):
        log.write(LINE)

    assert str(tmp_path) not in str(log.state.reason)
