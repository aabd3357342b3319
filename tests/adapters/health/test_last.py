"""The last predictions of a log, found from its end."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.health.last import PIECE, Last, last

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def line(minutes: float, name: str = "r", version: str = "3", size: int = 0) -> str:
    told = {
        "event": "prediction", "v": 1, "id": name, "row": 0, "at": at(minutes).isoformat(),
        "version": version, "by": None, "inputs": {"text": "é" * size}, "score": 0.5,
        "decision": None,
    }  # fmt: skip
    return json.dumps(told, ensure_ascii=False)


def write(folder: Path, name: str, lines: list[str], *, end: str = "\n") -> Path:
    path = folder / "predictions" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(lines) + end, encoding="utf-8")
    moments = [datetime.fromisoformat(json.loads(one)["at"]) for one in lines if one[-1:] == "}"]
    changed = max(moments, default=NOON).timestamp()
    os.utime(path, (changed, changed))
    return path


def test_the_last_line_counts_whichever_file_it_is_in(tmp_path) -> None:
    write(tmp_path, "a.jsonl.open", [line(1), line(9)])
    write(tmp_path, "b.jsonl", [line(2), line(8)])
    write(tmp_path, "c.jsonl", [line(3)])

    assert last(tmp_path, version="3") == Last(at(9), at(9))


def test_rehearsals_are_written_but_nobody_asked_them(tmp_path) -> None:
    write(tmp_path, "a.jsonl.open", [line(5), line(6, "smoke-1"), line(7, "smoke-2")])
    write(tmp_path, "b.jsonl", [line(4)])

    assert last(tmp_path, version="3") == Last(asked=at(5), written=at(7))


def test_of_a_version_its_own_lines_count_and_of_questions_all(tmp_path) -> None:
    write(tmp_path, "a.jsonl", [line(1)])
    write(tmp_path, "b.jsonl.open", [line(9, version="4")])

    assert last(tmp_path, version="3") == Last(asked=at(9), written=at(1))
    assert last(tmp_path, version="3", since=at(5)) == Last(asked=at(9), written=None)
    assert last(tmp_path, version=None) == Last(asked=at(9), written=None)


@pytest.mark.parametrize("size", [0, PIECE // 2, PIECE * 3], ids=["short", "half", "long"])
def test_lines_are_whole_wherever_pieces_end(tmp_path, size) -> None:
    write(tmp_path, "a.jsonl", [line(1), line(2, size=size), line(3, "smoke-1", size=size)])

    assert last(tmp_path, version="3") == Last(at(2), at(3))


def test_a_line_that_was_cut_off_does_not_count(tmp_path) -> None:
    write(tmp_path, "a.jsonl.open", [line(1), line(2), line(3)[:40]], end="")

    assert last(tmp_path, version="3") == Last(at(2), at(2))


@pytest.mark.parametrize("content", ["", "\n", "no json\n", "{}\n", '{"at": 1}\n', "\xff"])
def test_what_is_no_event_is_passed_over(tmp_path, content) -> None:
    write(tmp_path, "a.jsonl", [line(1)])
    odd = tmp_path / "predictions" / "b.jsonl"
    odd.write_bytes(content.encode("latin-1"))

    assert last(tmp_path, version="3") == Last(at(1), at(1))


def test_no_log_has_no_last_line(tmp_path) -> None:
    assert last(tmp_path / "nowhere", version="3") == Last(None, None)


def test_old_files_are_not_read(tmp_path) -> None:
    write(tmp_path, "new.jsonl", [line(9)])
    old = write(tmp_path, "old.jsonl", [line(1)])
    old.chmod(0)
    unread = old.stat().st_atime_ns

    last(tmp_path, version="3")

    assert old.stat().st_atime_ns == unread


def test_a_large_file_is_read_from_its_end(tmp_path) -> None:
    path = write(tmp_path, "a.jsonl", [line(1)])
    path.write_bytes(b"x" * 30_000_000 + b"\n" + line(5).encode() + b"\n")
    before = _read_by_us()

    found = last(tmp_path, version="3")

    assert found.asked == at(5)
    assert _read_by_us() - before < 1_000_000


def _read_by_us() -> int:
    told = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(told["rchar"])
