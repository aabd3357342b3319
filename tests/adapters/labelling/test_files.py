"""Labels added from files."""

import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from adapters.events.reading import read
from adapters.labelling.files import add_file
from lifecycle.errors import DataError, SourceError
from lifecycle.serving.contract import Field
from lifecycle.serving.declaration import Events
from lifecycle.serving.events import Truth
from tests.adapters.events.telling import DAY, HOUR, Told, a_contract

NOON = "2026-01-01T12:00:00Z"
NOW = DAY + 20 * HOUR


@pytest.fixture
def log(tmp_path):
    return Told(tmp_path / "events", a_contract())


def add(log, text, *, name="labels.csv", now=NOW, **how):
    path = log.folder.parent / name
    if isinstance(text, pa.Table):
        pq.write_table(text, path)
    else:
        path.write_text(text)
    return add_file(
        path, log.contract, folder=log.folder, mask=log.mask, now=now, settings=Events(), **how
    )


def test_labels_by_request_find_their_rows(log):
    log.predict("r-1", ("UA1", NOON), ("UA2", NOON))
    log.predict("r-2", ("UA3", NOON), at=DAY + 2 * HOUR)
    added = add(log, "request_id,row,late\nr-1,1,yes\nr-2,0,no\n")

    assert log.labels() == [None, "yes", "no"]
    assert (added.rows, added.recorded.written, added.recorded.unmatched) == (2, 2, 0)


def test_labels_by_key_find_their_rows_whatever_notation_the_file_has(log):
    log.predict("r-1", ("UA1", NOON), ("0042", NOON))
    add(log, "when;flight;other;label\n2026-01-01 12:00:00;UA1;x;yes\n")
    add(log, "flight,when,label\n0042,2026-01-01T13:00:00+01:00,no\n", name="zoned.csv")

    assert log.labels() == ["yes", "no"]


def test_a_parquet_file_does_as_well(log):
    log.predict("r-1", ("UA1", NOON))
    add(log, pa.table({"request_id": ["r-1"], "late": ["yes"]}), name="labels.parquet")

    assert log.labels() == ["yes"]


def test_both_times_and_where_it_came_from_are_kept(log):
    log.predict("r-1", ("UA1", NOON))
    add(log, "request_id,late,known_at\nr-1,yes,2026-01-01 15:00:00\n")

    (line,) = read(log.folder).labels.to_pylist()
    assert (line["known_at"], line["at"], line["by"]) == (DAY + 15 * HOUR, NOW, "file:labels.csv")


def test_adding_a_file_again_adds_nothing(log):
    log.predict("r-1", ("UA1", NOON), ("UA2", NOON))
    text = "request_id,row,late\nr-1,0,yes\nr-1,1,no\n"
    add(log, text)
    again = add(log, text, now=NOW + HOUR)

    assert (again.recorded.written, again.recorded.known) == (0, 2)
    assert (log.counts().told, log.counts().repeated) == (2, 0)


def test_a_file_that_corrects_another_is_a_correction_and_may_be_taken_back(log):
    log.predict("r-1", ("UA1", NOON))
    for hour, label in enumerate(("yes", "no", "yes")):
        add(log, f"request_id,late\nr-1,{label}\n", now=NOW + hour * HOUR)

    assert log.labels() == ["yes"]
    assert log.counts().corrected == 2


def test_the_same_row_twice_is_written_once(log):
    added = add(log, "request_id,row,late\nr-1,0,yes\nr-1,0,yes\n")

    assert (added.recorded.written, added.recorded.known, added.recorded.unmatched) == (1, 1, 1)


def test_a_row_without_a_label_waits_for_it(log):
    added = add(log, "request_id,late\nr-1,yes\n,\nr-3,NA\n")

    assert (added.rows, added.recorded.written, added.without, added.faulty) == (3, 1, 2, 0)


FAULTY = """flight,when,late,known_at
UA1,2026-01-01,yes,
UA2,noon,yes,
,2026-01-01,yes,
UA4,2026-01-01,cancelled,
UA5,2026-01-01,no,soon
UA6,2026-01-01,no,
UA6,2026-01-01T00:00:00Z,yes,
UA7,2026-01-01,no,2026-02-01
"""


def test_a_file_with_faulty_rows_adds_nothing_and_tells_the_first_of_them(log):
    with pytest.raises(DataError) as told:
        add(log, FAULTY)

    assert str(told.value).splitlines() == [
        "6 of 8 rows of labels.csv cannot be right, so that nothing was added. Repair them, or "
        "leave them out with --skip-faulty.",
        '  row 2: when is "noon", which is not a time in ISO 8601.',
        "  row 3: flight is missing, and part of a key names no row.",
        "  row 4: label is none of the values it may have. Known: no, yes.",
        '  row 5: known_at is "soon", which is not a time in ISO 8601.',
        "  row 6: rows 6 and 7 say different things of the same; keep the one that is right.",
        "  and 1 more",
    ]
    assert read(log.folder).labels.num_rows == 0


def test_faulty_rows_may_be_left_out(log):
    added = add(log, FAULTY, skip_faulty=True)

    assert (added.recorded.written, added.faulty, len(added.faults)) == (2, 6, 5)


def test_a_record_that_is_broken_counts_as_faulty(log):
    with pytest.raises(DataError, match="1 of 3 rows"):
        add(log, "request_id,row,late\nr-1,0,yes\nr-2,0\nr-3,0,no\n")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("request_id,outcome\nr-1,yes\n", 'no column "late" or "label"'),
        ("flight,late\nUA1,yes\n", "there is no when"),
        ("late\nyes\n", "request_id"),
        ("request_id,late\nr 1,yes\n", "visible ASCII"),
        ("request_id,row,late\nr-1,-1,yes\n", "out of its range"),
    ],
)
def test_what_is_missing_or_wrong_is_named(log, text, told):
    with pytest.raises(DataError, match=told):
        add(log, text)


def test_a_file_that_is_not_there_is_named(log):
    with pytest.raises(SourceError, match=r"There is no file nowhere\.csv"):
        add_file(
            log.folder.parent / "nowhere.csv", log.contract, folder=log.folder, mask=log.mask,
            now=NOW, settings=Events(),
        )  # fmt: skip


def test_numbers_are_read_as_numbers_and_classes_as_training_writes_them(tmp_path):
    numbers = Told(tmp_path / "one" / "events", a_contract("regression"))
    numbers.predict("7", ("UA1", NOON))
    classes = a_contract().model_copy(update={"classes": ("0", "1")})
    yes_or_no = Told(tmp_path / "two" / "events", classes)
    yes_or_no.folder.parent.mkdir()
    yes_or_no.predict("8", ("UA1", NOON))
    add(numbers, "request_id,late\n7,1e3\n")
    add(yes_or_no, "request_id,late\n8,1.0\n")

    assert (numbers.labels(), yes_or_no.labels()) == ([1000.0], ["1"])


def test_personal_parts_of_a_key_are_masked_and_never_told(tmp_path):
    log = Told(tmp_path / "events", a_contract(personal=True), "pseudonym")
    log.predict("r-1", ("UA1", NOON), ("UA2", NOON))
    add(log, f"flight,when,late\nUA2,{NOON},yes\n")
    add(log, f"flight,when,late\nUA2,{NOON},yes\n")

    assert log.labels() == [None, "yes"]
    assert log.counts().told == 1
    assert b"UA2" not in b"".join(path.read_bytes() for path in log.folder.glob("*/*.jsonl"))


def test_a_model_whose_rows_have_no_key_takes_labels_by_request_only(tmp_path):
    log = Told(tmp_path / "events", a_contract(key=()))

    with pytest.raises(DataError, match="rows of this model have no key"):
        add(log, "flight,late\nUA1,yes\n")


def test_a_key_may_have_columns_called_as_ours(tmp_path):
    fields = tuple(Field(name=name, type="text") for name in ("request_id", "label", "known_at"))
    names = tuple(field.name for field in fields)
    log = Told(tmp_path / "events", a_contract(key=names, fields=fields))
    log.predict("r-1", ("UA1", NOON), more=dict.fromkeys(names, "a b"))
    add(log, "request_id,label,known_at,late\na b,a b,a b,yes\n")

    assert log.labels() == ["yes"]


KILLED = """
import os, sys
from pathlib import Path
from adapters.events.log import EventLog
from adapters.labelling import files, recording
from lifecycle.serving.declaration import Events
from tests.adapters.events.telling import DAY, Told, a_contract

recording.BLOCK = 10
log = Told(Path(sys.argv[1]), a_contract())
write = EventLog.write
def dying(self, lines, written=[]):
    written.append(lines)
    if len(written) == 3:
        os.write(self._current()._descriptor, lines[: len(lines) // 2])
        os._exit(9)
    write(self, lines)
EventLog.write = dying
files.add_file(
    Path(sys.argv[2]), log.contract, folder=log.folder, mask=log.mask, now=DAY, settings=Events()
)
"""


def test_killed_half_way_and_run_again_each_label_is_there_once(log, root):
    log.predict("r-1", *[(f"UA{number}", NOON) for number in range(50)])
    rows = "".join(f"r-1,{number},yes\n" for number in range(50))
    path = log.folder.parent / "labels.csv"
    path.write_text(f"request_id,row,late\n{rows}")
    done = subprocess.run([sys.executable, "-c", KILLED, log.folder, path], cwd=root, check=False)
    before = log.counts()
    added = add(log, path.read_text())

    assert done.returncode == 9
    assert 20 <= before.labelled < 30
    assert added.recorded.written + added.recorded.known == 50
    assert log.counts().model_dump(exclude={"torn"}) == {
        **before.model_dump(exclude={"torn"}), "labelled": 50, "told": 50,
    }  # fmt: skip


def test_a_label_the_service_was_told_already_is_not_written_again(log):
    log.predict("r-1", ("UA1", NOON))
    log.tell(Truth(label="yes", key={"flight": "UA1", "when": NOON}))
    added = add(log, f"flight,when,late\nUA1,{NOON},yes\n")

    assert added.recorded.known == 1
