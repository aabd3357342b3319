"""Windows of predictions with what has become true since."""

import random
import shutil
from datetime import datetime, timedelta

import pytest

from adapters.events.joining import join
from adapters.events.log import EventLog
from adapters.events.observing import unmatched_labels
from adapters.events.reading import read, sweep
from adapters.events.segment import Segment
from lifecycle.errors import DataError
from lifecycle.monitoring.evidence import Counted
from lifecycle.serving.contract import Field
from lifecycle.serving.declaration import Events
from lifecycle.serving.events import Truth
from tests.adapters.events.telling import DAY, HOUR, NEXT, Told, a_contract

NOON = "2026-01-01T12:00:00Z"
BY_KEY = {"flight": "UA1", "when": NOON}
LATER = NEXT + 40 * 24 * HOUR


@pytest.fixture
def log(tmp_path):
    return Told(tmp_path, a_contract())


def test_predictions_without_any_label_are_there_and_say_so(log):
    log.predict("r-1", ("UA1", NOON), ("UA2", NOON))

    found = log.observe()
    assert found.table.select(["@id", "@row", "@version", "@score", "@decision"]).to_pylist() == [
        {"@id": "r-1", "@row": 0, "@version": "3", "@score": 0.25, "@decision": "no"},
        {"@id": "r-1", "@row": 1, "@version": "3", "@score": 0.25, "@decision": "no"},
    ]
    assert found.table["@label"].null_count == 2
    assert found.counts == Counted(predictions=2)


def test_a_window_without_predictions_has_all_columns_and_no_share(log):
    found = log.observe(columns=("when",))

    assert found.table.column_names == [
        "@id", "@row", "@at", "@version", "@score", "@decision", "@label", "@known_at",
        "@labelled_at", "when",
    ]  # fmt: skip
    assert found.counts.share is None


def test_a_label_by_request_or_by_key_finds_its_prediction_long_after(log):
    log.predict("r-1", ("UA1", NOON), ("UA2", NOON))
    log.predict("r-2", ("UA3", NOON))
    log.tell(Truth(label="yes", request_id="r-1", row=1), at=LATER)
    log.tell(Truth(label="no", key={"when": NOON, "flight": "UA3"}), at=LATER)

    assert log.labels() == [None, "yes", "no"]
    assert log.counts() == Counted(predictions=3, labelled=2, told=2)


def test_a_label_told_before_its_prediction_is_its_label(log):
    log.tell(Truth(label="yes", key=BY_KEY), at=DAY - 30 * 24 * HOUR)
    log.predict("r-1", ("UA1", NOON))

    assert log.labels() == ["yes"]


@pytest.mark.parametrize(
    "written",
    ["2026-01-01 12:00", "2026-01-01T13:00:00+01:00", "2026-01-01T07:00:00.25-0500"],
)
def test_times_of_a_key_are_the_same_however_they_are_written(log, written):
    log.predict("r-1", ("UA1", NOON))
    log.tell(Truth(label="yes", key={"flight": "UA1", "when": written}))

    assert log.labels() == ["yes"]


def test_the_label_told_last_counts_and_both_its_times_are_kept(log):
    log.predict("r-1", ("UA1", NOON))
    log.tell(Truth(label="yes", key=BY_KEY, known_at="2025-01-01"), at=DAY + 9 * HOUR)
    log.tell(Truth(label="no", request_id="r-1", row=0), at=DAY + 3 * HOUR)

    (row,) = log.observe().table.select(["@label", "@known_at", "@labelled_at"]).to_pylist()
    assert row["@label"] == "yes"
    assert row["@known_at"].isoformat() == "2025-01-01T00:00:00+00:00"
    assert row["@labelled_at"] == DAY + 9 * HOUR


def test_where_nobody_said_when_it_was_known_it_was_when_it_was_told(log):
    log.predict("r-1", ("UA1", NOON))
    log.tell(Truth(label="yes", request_id="r-1"), at=DAY + 9 * HOUR)

    assert log.observe().table["@known_at"].to_pylist() == [DAY + 9 * HOUR]


def test_of_labels_told_at_once_the_later_line_counts(log):
    log.predict("r-1", ("UA1", NOON))
    log.tell(Truth(label="no", request_id="r-1"), Truth(label="yes", request_id="r-1"))

    assert log.labels() == ["yes"]


def test_what_is_told_later_is_not_known_yet(log):
    log.predict("r-1", ("UA1", NOON))
    log.tell(Truth(label="no", key=BY_KEY), at=DAY + 2 * HOUR)
    log.tell(Truth(label="yes", key=BY_KEY), at=DAY + 5 * HOUR)

    assert log.labels(as_of=DAY + 2 * HOUR) == [None]
    assert log.labels(as_of=DAY + 5 * HOUR) == ["no"]
    assert log.labels(as_of=DAY + 6 * HOUR) == ["yes"]


def test_repetitions_and_corrections_are_counted_apart(log):
    log.predict("r-1", ("UA1", NOON))
    for hour, label in enumerate(("no", "no", "yes", "yes", "no"), start=2):
        log.tell(Truth(label=label, key=BY_KEY), at=DAY + hour * HOUR)

    assert log.counts() == Counted(predictions=1, labelled=1, told=5, repeated=2, corrected=2)


def test_a_label_of_several_predictions_is_counted_once(log):
    log.predict("r-1", ("UA1", NOON))
    log.predict("r-2", ("UA1", NOON))
    log.tell(Truth(label="no", request_id="r-1"), at=DAY + 2 * HOUR)
    log.tell(Truth(label="yes", key=BY_KEY), at=DAY + 3 * HOUR)

    assert log.labels() == ["yes", "yes"]
    assert log.counts() == Counted(predictions=2, labelled=2, told=2, corrected=1)


def test_a_label_for_nobody_is_counted_in_the_window_it_was_told_in_only(log):
    log.predict("r-1", ("UA1", NOON))
    log.predict("r-2", ("UA1", NOON), at=NEXT + HOUR)
    log.tell(Truth(label="no", request_id="r-9", row=0), Truth(label="no", request_id="r-1", row=5))

    assert log.counts().unmatched == 2
    assert log.counts(since=NEXT, until=NEXT + 24 * HOUR).unmatched == 0


def test_labels_for_nobody_are_shown_as_they_were_told(log):
    log.predict("r-1", ("UA1", NOON))
    log.tell(Truth(label="no", request_id="r-1"), Truth(label="no", request_id="r-8", row=2))
    log.tell(Truth(label="yes", key={**BY_KEY, "flight": "UA7"}), at=DAY + 5 * HOUR)
    log.tell(Truth(label="yes", request_id="r-9"), at=NEXT)

    found = unmatched_labels(log.folder, log.contract, since=DAY, until=NEXT, as_of=LATER)
    assert found.count == 2
    assert [(one["id"], one["row"], one["key"]) for one in found.examples] == [
        ("r-8", 2, None),
        (None, None, {**BY_KEY, "flight": "UA7"}),
    ]


def test_the_label_of_a_prediction_in_another_window_is_not_unmatched(log):
    log.predict("r-0", ("UA1", NOON), at=DAY - HOUR)
    log.predict("r-1", ("UA2", NOON))
    log.predict("r-2", ("UA3", NOON), at=LATER)
    log.tell(
        Truth(label="no", key=BY_KEY),
        Truth(label="no", request_id="r-0", row=0),
        Truth(label="no", key={**BY_KEY, "flight": "UA3"}),
    )

    assert log.counts().unmatched == 0
    assert log.counts(as_of=LATER).unmatched == 1


def test_a_label_of_a_whole_request_is_that_of_one_with_one_row_only(log):
    log.predict("r-1", ("UA1", NOON))
    log.predict("r-2", ("UA2", NOON), ("UA3", NOON))
    log.predict("r-0", ("UA4", NOON), ("UA5", NOON), at=DAY - HOUR)
    log.tell(*(Truth(label="yes", request_id=request) for request in ("r-0", "r-1", "r-2")))

    assert log.labels() == ["yes", None, None]
    assert log.counts().unmatched == 2


@pytest.mark.parametrize("key", [{"flight": "UA1"}, {"flight": None, "when": NOON}, {}])
def test_a_key_with_a_missing_part_names_nothing(log, key):
    log.predict("r-1", ("UA1", NOON), (None, NOON), ("", NOON))
    log.tell(Truth(label="yes", key=key))

    assert log.counts() == Counted(predictions=3, unmatched=1)


def test_two_versions_at_once_are_observed_apart_and_together(log):
    log.predict("r-1", ("UA1", NOON), version="3")
    log.predict("r-2", ("UA1", NOON), version="4", at=DAY + 2 * HOUR)
    log.predict("r-3", ("UA2", NOON), version="4", at=DAY + 3 * HOUR)
    log.tell(Truth(label="yes", key=BY_KEY), Truth(label="no", request_id="r-3"))

    assert log.labels(version="3") == ["yes"]
    assert log.labels(version="4") == ["yes", "no"]
    assert log.labels() == ["yes", "yes", "no"]
    assert log.counts(version="3") == Counted(predictions=1, labelled=1, told=1)


def test_a_request_that_is_sent_again_is_asked_once(log):
    log.predict("r-1", ("UA1", NOON), version="3")
    log.predict("r-1", ("UA1", NOON), version="4", at=DAY + 2 * HOUR)

    assert log.observe().table["@version"].to_pylist() == ["4"]
    assert log.counts().predictions == 1


def test_rehearsals_are_nobodys_predictions(log):
    log.predict("smoke-1", ("UA1", NOON))
    log.tell(Truth(label="yes", request_id="smoke-1"))

    assert log.counts() == Counted()


@pytest.mark.parametrize(
    ("task", "good", "read", "bad"),
    [
        ("binary", "yes", "yes", ("Yes", 1, True, None)),
        ("multiclass", "a b", "a b", ("d", 2.5, None)),
        ("regression", 7, 7.0, ("seven", "nan", "inf", None)),
    ],
)
def test_a_label_that_is_none_is_counted_and_never_used(tmp_path, task, good, read, bad):
    log = Told(tmp_path, a_contract(task))
    log.predict("r-1", ("UA1", NOON))
    log.tell(Truth(label=good, key=BY_KEY))
    for wrong in bad:
        log.tell(Truth(label=wrong, key=BY_KEY), at=DAY + 3 * HOUR)

    assert log.labels() == [read]
    assert log.counts() == Counted(
        predictions=1, labelled=1, told=1 + len(bad), unreadable=len(bad)
    )


def test_numbers_that_are_equal_are_no_correction(tmp_path):
    log = Told(tmp_path, a_contract("regression"))
    log.predict("r-1", ("UA1", NOON))
    log.tell(*(Truth(label=label, key=BY_KEY) for label in (7, 7.0, "7.00")))

    assert log.labels() == [7.0]
    assert log.counts().repeated == 2


def test_several_classes_have_a_score_each(tmp_path):
    log = Told(tmp_path, a_contract("multiclass"))
    log.predict("r-1", ("UA1", NOON))

    table = log.observe().table
    assert [table[f"@score {name}"].to_pylist() for name in ("a b", "b", "c")] == [[1 / 3]] * 3
    assert "@score" not in table.column_names


def test_inputs_come_in_their_types_and_missing_ones_as_null(tmp_path):
    fields = (
        Field(name="a b", type="number"),
        Field(name="id", type="integer"),
        Field(name='q"uote', type="boolean"),
        Field(name="größe", type="category"),
        Field(name="score", type="text"),
    )
    names = [field.name for field in fields]
    log = Told(tmp_path, a_contract(fields=fields))
    log.predict("r-1", ("UA1", NOON), more=dict(zip(names, (1, 7.0, True, 2, "x"), strict=True)))
    log.predict("r-2", ("UA1", NOON), at=DAY + 2 * HOUR)

    table = log.observe(columns=("flight", "when", *names)).table
    assert table.select(["flight", "when", *names]).to_pylist() == [
        {"flight": "UA1", "when": datetime(2026, 1, 1, 12), "a b": 1.0, "id": 7, 'q"uote': True,
         "größe": "2", "score": "x"},
        {"flight": "UA1", "when": datetime(2026, 1, 1, 12), **dict.fromkeys(names)},
    ]  # fmt: skip


def test_a_column_that_has_another_type_by_now_is_missing_where_it_does_not_fit(tmp_path):
    log = Told(tmp_path, a_contract(fields=(Field(name="size", type="number"),)))
    log.predict("r-1", ("UA1", NOON), more={"size": "large"})
    log.predict("r-2", ("UA1", NOON), more={"size": 3}, at=DAY + 2 * HOUR)

    assert log.observe(columns=("size",)).table["size"].to_pylist() == [None, 3.0]


@pytest.mark.parametrize("name", ["fligth", "@score"])
def test_a_column_nobody_knows_or_that_is_ours_is_refused(tmp_path, name):
    log = Told(tmp_path, a_contract(fields=(Field(name="@score", type="number"),)))

    with pytest.raises(DataError, match=name):
        log.observe(columns=(name,))


def test_a_key_under_pseudonyms_finds_its_prediction_and_is_given_as_text(tmp_path):
    log = Told(tmp_path, a_contract(personal=True), "pseudonym")
    log.predict("r-1", ("UA1", NOON), ("UA2", NOON))
    log.tell(Truth(label="yes", key={"flight": "UA2", "when": NOON}))

    table = log.observe(columns=("flight",)).table
    assert table["@label"].to_pylist() == [None, "yes"]
    assert {len(name) for name in table["flight"].to_pylist()} == {32}


def test_a_clock_that_jumps_loses_nothing(log):
    with EventLog(log.folder, Events(), name="predictions") as one_file:
        log.write = lambda _, lines: one_file.write(lines)
        log.predict("r-1", ("UA1", NOON), at=DAY + 400 * 24 * HOUR)
        log.predict("r-2", ("UA2", NOON), at=DAY + HOUR)
        log.predict("r-3", ("UA3", NOON), at=DAY - 400 * 24 * HOUR)
    del log.write
    log.tell(Truth(label="yes", request_id="r-2"), at=DAY - 500 * 24 * HOUR)

    assert log.labels() == ["yes"]


def test_torn_lines_are_counted_and_the_others_read(log):
    log.predict("r-1", ("UA1", NOON))
    log.predict("r-2", ("UA2", NOON))
    log.tell(Truth(label="yes", key=BY_KEY))
    (path, _) = sorted((log.folder / "predictions").iterdir())
    (labels,) = (log.folder / "labels").iterdir()
    path.write_bytes(b'{"event":"prediction","v":1,"id":"r-\n' + path.read_bytes())
    labels.write_bytes(labels.read_bytes() + b"\xff\n{}\n")

    assert log.counts() == Counted(predictions=2, labelled=1, told=1, torn=3)


def test_torn_lines_of_other_days_are_not_counted(log):
    log.predict("r-1", ("UA1", NOON))
    (path,) = (log.folder / "predictions").iterdir()
    path.write_bytes(path.read_bytes() + b"{\n")

    assert log.counts().torn == 1
    assert log.counts(since=NEXT, until=NEXT + 24 * HOUR).torn == 0


def test_a_file_that_is_still_written_is_read_and_its_last_half_line_waits(log):
    log.predict("r-1", ("UA1", NOON))
    (path,) = (log.folder / "predictions").iterdir()
    segment = Segment.create(log.folder / "predictions", DAY)
    segment.append(path.read_bytes().replace(b"r-1", b"r-2") + b'{"event":"pred')

    assert log.counts() == Counted(predictions=2)
    segment.append(path.read_bytes().replace(b"r-1", b"r-3")[len(b'{"event":"pred') :])
    assert log.counts() == Counted(predictions=3)
    segment.release()


def test_a_line_of_an_unknown_form_is_told(log):
    log.predict("r-1", ("UA1", NOON))
    (path,) = (log.folder / "predictions").iterdir()
    path.write_bytes(path.read_bytes().replace(b'"v":1', b'"v":2'))

    with pytest.raises(DataError, match="form 2"):
        log.observe()


def test_looking_again_gives_the_same_with_and_without_what_was_kept(log):
    log.predict("r-1", ("UA1", NOON), ("UA2", NOON))
    log.tell(Truth(label="yes", key=BY_KEY), Truth(label="no", request_id="r-7", row=0))
    first = log.observe()
    kept = sorted((log.folder / "index").rglob("*.arrow"))
    second = log.observe()
    kept[0].write_bytes(b"broken")
    third = log.observe()
    shutil.rmtree(log.folder / "index")
    (log.folder / "index").write_text("in the way")

    assert len(kept) == 2
    for found in (second, third, log.observe()):
        assert found.table.equals(first.table)
        assert found.counts == first.counts


def test_another_key_is_not_read_by_what_was_kept_for_the_first(log):
    log.predict("r-1", ("UA1", NOON))
    log.tell(Truth(label="yes", key={"flight": "UA1"}))
    log.observe()
    log.contract = a_contract(key=("flight",))

    assert log.labels() == ["yes"]


def test_what_is_swept_away_is_gone_from_the_index_too(log):
    log.predict("r-1", ("UA1", NOON))
    log.tell(Truth(label="yes", key=BY_KEY))
    log.observe()
    sweep(log.folder, retention=timedelta(days=1), now=LATER)

    assert list((log.folder / "index").rglob("*.arrow")) == []
    assert log.counts() == Counted()


@pytest.mark.parametrize("seed", range(3))
def test_labels_are_those_a_plain_join_finds(tmp_path, seed):
    """Against `join`, which goes from label to label in plain Python."""
    choose = random.Random(seed)
    log = Told(tmp_path, a_contract("regression"))
    for number in range(30):
        keys = [(f"UA{choose.randrange(20)}", NOON) for _ in range(choose.randrange(1, 4))]
        log.predict(f"r-{number}", *keys, at=DAY + choose.random() * 24 * HOUR)
    for _ in range(15):
        by_key = Truth(
            label=choose.randrange(3), key={"flight": f"UA{choose.randrange(22)}", "when": NOON}
        )
        by_request = Truth(
            label=choose.randrange(3),
            request_id=f"r-{choose.randrange(33)}",
            row=choose.choice([None, 0, 1, 2]),
        )
        log.tell(by_key, by_request, at=DAY + choose.randrange(20) * HOUR)

    found, plain = log.observe(), join(read(log.folder), log.contract)
    texts = [None if label is None else f"{label:g}" for label in found.table["@label"].to_pylist()]
    assert found.table["@id"].to_pylist() == plain.table["id"].to_pylist()
    assert texts == plain.table["label"].to_pylist()
    assert found.counts.unmatched == plain.unmatched
    assert found.counts.told == 30 - plain.unmatched
