from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lifecycle.data.declaration import Data, GroupSplit, RandomSplit, TimeSplit, Window
from lifecycle.errors import ProjectError, Refused
from lifecycle.retraining.aiming import Aim, aim, find_room, with_window
from lifecycle.retraining.decision import WindowChoice
from lifecycle.retraining.declaration import Retraining
from lifecycle.retraining.windows import read_window, tell_window, windows_of

DAY = timedelta(days=1)
AS_OF = datetime(2013, 9, 1, 6, tzinfo=UTC)
BY_TIME, AT_RANDOM = TimeSplit(by="time"), RandomSplit(by="random")
BY_GROUP = GroupSplit(by="group", column="who")


def data(**given: Any) -> Data:
    usual = {
        "tables": {"t": "t.csv"}, "time": "at", "window": Window(start=datetime(2013, 1, 1)),
        "label": {"column": "y", "task": "binary", "arrives_after": "6h"},
    }  # fmt: skip
    return Data.model_validate({**usual, **given})


def aimed(policy: Retraining, split: Any = BY_TIME, rows: Data | None = None, **given: Any) -> Aim:
    return aim(data() if rows is None else rows, split, policy, as_of=AS_OF, **given)


def day(month: int, number: int) -> datetime:
    return datetime(2013, month, number, tzinfo=UTC)


def test_rows_end_where_their_label_could_not_be_known() -> None:
    found = aimed(Retraining(test="14d"))

    assert found.data.window == Window(start=day(1, 1), end=day(9, 1))
    assert found.split == TimeSplit(by="time", start=day(8, 18))
    assert found.choice.test_from == day(8, 18)


@pytest.mark.parametrize(
    ("policy", "start", "test_from"),
    [
        (Retraining(window="90d", test="14d"), day(5, 20), day(8, 18)),
        (Retraining(window="90d", test="10%"), day(5, 24), day(8, 22)),
        (Retraining(window="all", test="50%"), day(1, 1), datetime(2013, 5, 2, 12, tzinfo=UTC)),
        (Retraining(window="999d", test="14d"), day(1, 1), day(8, 18)),
        (Retraining(window="evidence", windows=("30d", "all"), test="14d"), day(1, 1), day(8, 18)),
        (Retraining(window="evidence", windows=("30d", "60d"), test="14d"), day(6, 19), day(8, 18)),
    ],
)
def test_a_window_is_what_lies_before_test(
    policy: Retraining, start: datetime, test_from: datetime
) -> None:
    found = aimed(policy).choice

    assert (found.start, found.test_from, found.end) == (start, test_from, day(9, 1))


def test_a_window_that_reaches_beyond_the_declared_beginning_says_so() -> None:
    found = aimed(Retraining(window="999d", test="14d")).choice

    assert "(999d reach further back than data.window.from)" in found.reason


def test_all_rows_there_are_have_no_beginning() -> None:
    found = aimed(Retraining(test="14d"), rows=data(window=Window()))

    assert found.data.window.start is None


def test_a_share_of_all_rows_is_taken_from_the_first_there_is() -> None:
    policy, rows = Retraining(test="25%"), data(window=Window())

    assert aimed(policy, rows=rows, first=day(9, 1) - 40 * DAY).choice.test_from == day(8, 22)
    with pytest.raises(ProjectError, match=r"Declare data\.window\.from"):
        aimed(policy, rows=rows)


def test_moments_without_a_zone_are_utc() -> None:
    found = aim(data(), BY_TIME, Retraining(test="14d"), as_of=AS_OF.replace(tzinfo=None))

    assert found.choice.end == day(9, 1)


@pytest.mark.parametrize(
    ("seen_until", "is_refused"), [(day(8, 17), False), (day(8, 18), True), (day(8, 31), True)]
)
def test_what_is_held_out_nobody_has_learnt_from(seen_until: datetime, is_refused: bool) -> None:
    policy = Retraining(test="14d")

    room = find_room(data(), BY_TIME, policy, as_of=AS_OF, seen_until=seen_until)

    assert room.outcome.blocks is is_refused
    assert room.rule == "rows"
    if is_refused:
        with pytest.raises(Refused):
            aimed(policy, seen_until=seen_until)


def test_a_refusal_says_when_there_will_be_room() -> None:
    room = find_room(data(), BY_TIME, Retraining(test="14d"), as_of=AS_OF, seen_until=day(8, 30))

    assert room.reason == (
        "There are no rows to judge by that neither version has learnt from: the newest 14 days "
        "begin 18 Aug 2013, and what stands has learnt from rows until 30 Aug 2013, and a label is "
        "known 6 hours after its row. There will be after 13 Sep 2013 06:00; or declare a shorter "
        "retraining.test than 14d."
    )


def test_there_is_room_from_the_moment_that_was_told() -> None:
    policy, seen = Retraining(test="14d"), day(8, 30)

    then = datetime(2013, 9, 13, 6, tzinfo=UTC)

    assert find_room(data(), BY_TIME, policy, as_of=then, seen_until=seen).outcome.blocks
    later = then + timedelta(seconds=1)
    assert not find_room(data(), BY_TIME, policy, as_of=later, seen_until=seen).outcome.blocks


@pytest.mark.parametrize("split", [AT_RANDOM, BY_GROUP])
def test_rows_held_out_by_hash_stay_where_they_are(split: Any) -> None:
    found = aimed(Retraining(window="90d", test="14d"), split, seen_until=day(8, 31))

    assert found.split == split
    assert found.data.window == Window(start=day(6, 3), end=day(9, 1))
    assert found.choice.test_from is None


def test_without_time_there_are_only_all_rows() -> None:
    rows = data(time=None, window=Window())

    found = aimed(Retraining(), AT_RANDOM, rows)

    assert (found.data, found.split, found.choice.window) == (rows, AT_RANDOM, "all")
    with pytest.raises(ProjectError, match=r"Declare data\.time"):
        aimed(Retraining(window="90d"), AT_RANDOM, rows)
    with pytest.raises(ProjectError, match=r"needs data\.time"):
        aimed(Retraining(), BY_TIME, rows)


def test_a_window_without_rows_is_refused() -> None:
    young = data(window=Window(start=day(8, 25)))

    with pytest.raises(Refused, match="no rows to train on"):
        aimed(Retraining(test="14d"), rows=young)


def test_an_aim_survives_being_written_down() -> None:
    for split in (BY_TIME, AT_RANDOM, BY_GROUP):
        found = aimed(Retraining(window="90d"), split)

        assert Aim.model_validate_json(found.model_dump_json()) == found


@pytest.mark.parametrize("test", ["14d", "10%"])
def test_the_chosen_window_leaves_what_is_held_out_as_it_was(test: str) -> None:
    policy = Retraining(window="evidence", windows=("all", "90d"), test=test)
    found = aimed(policy)
    chosen = found.choice.model_copy(update={"window": "90d", "reason": "It does best."})

    narrow = with_window(found, chosen, policy, declared=data())

    assert narrow.split == found.split
    assert narrow.data.window.end == found.data.window.end
    assert narrow.data.window.start == found.choice.test_from - 90 * DAY
    assert narrow.choice.reason.startswith("It does best. Trained on rows from ")


def test_an_unknown_window_is_refused() -> None:
    odd = WindowChoice(window="7d", start=None, end=AS_OF, test_from=None, reason="")
    policy = Retraining(window="evidence")

    with pytest.raises(ProjectError, match="known: all, 90d"):
        with_window(aimed(policy), odd, policy, declared=data())


def test_windows_are_named_as_they_are_written_and_ordered_by_length() -> None:
    policy = Retraining(window="36h", windows=("90s", "all", "2w", "90d"))

    assert [tell_window(one) for one in windows_of(policy)] == ["all", "90d", "14d", "90s"]
    assert read_window("36h", policy) == timedelta(hours=36)
