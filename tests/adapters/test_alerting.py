"""From reviews to who has to hear of them, over several runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.alerting import alert
from adapters.records import Records, RecordsError
from lifecycle.monitoring.declaration import Alerts
from lifecycle.monitoring.review import Cause
from tests.lifecycle.monitoring.alerts.days import DAY, JULY, review
from tests.servers.receivers import Webhook, webhook


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with webhook() as hook:
        yield hook


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    with Records.open(tmp_path) as records:
        yield records


def test_it_is_told_again_only_if_it_stands_and_once_it_is_over(
    records: Records, hook: Webhook, tmp_path: Path
) -> None:
    policy = Alerts(to=(f"json://{hook.host}/in",), repeat="2d", resolve_after=2)

    for number, letter in enumerate("xxx.."):
        found = review(number, letter)
        records.keep(found)
        now = found.span.end
        alert(records, "flights", [found], policy, now=now, state=tmp_path)

    assert [body["alert"]["kind"] for body in hook.bodies] == ["opened", "again", "resolved"]
    assert records.open_alerts("flights") == ()


def test_the_same_run_again_tells_nothing(records: Records, tmp_path: Path) -> None:
    found = [review(number, "x") for number in range(3)]
    first = alert(records, "flights", found, Alerts(), now=JULY + 3 * DAY, state=tmp_path)

    again = alert(records, "flights", found, Alerts(), now=JULY + 3 * DAY, state=tmp_path)

    assert [telling.kind for telling in first.tellings] == ["opened"]
    assert again.tellings == ()
    assert again.standing == first.standing
    assert again.standing[0].windows == 3


def test_what_a_run_found_that_was_killed_is_told_by_the_next(
    records: Records, tmp_path: Path
) -> None:
    first = review(0, ".", Cause.CONCEPT)
    records.keep(first)
    alert(records, "flights", [first], Alerts(), now=JULY + DAY, state=tmp_path)
    records.keep(review(1, "x", Cause.CONCEPT))  # and killed here
    later = [review(number, "?", Cause.CONCEPT) for number in range(2, 9)]

    told = alert(records, "flights", later[-1:], Alerts(), now=JULY + 9 * DAY, state=tmp_path)

    assert [telling.kind for telling in told.tellings] == ["opened"]
    assert told.standing[0].span == review(1, "x").span


def test_labels_of_an_old_window_open_an_alert_today(records: Records, tmp_path: Path) -> None:
    policy = Alerts(unknown_after=50)
    for number in range(20):
        records.keep(review(number, "?", Cause.CONCEPT))
    now = JULY + 20 * DAY
    alert(records, "flights", [review(19, "?", Cause.CONCEPT)], policy, now=now, state=tmp_path)

    anew = review(4, "x", Cause.CONCEPT, as_of=now + DAY)
    records.keep(anew)
    told = alert(records, "flights", [anew], policy, now=now + DAY, state=tmp_path)

    assert [telling.title for telling in told.tellings] == [
        "flights version 3: concept drift since 5 Jul 2013 (critical)"
    ]


def test_two_runs_do_not_decide_at_once(records: Records, tmp_path: Path) -> None:
    assert records.lease("alerts flights") is not None

    with pytest.raises(RecordsError, match="Another run is deciding"):
        alert(records, "flights", [], Alerts(), now=JULY, state=tmp_path)


def test_a_receiver_that_is_down_stops_no_monitoring(records: Records, tmp_path: Path) -> None:
    policy = Alerts(to=("json://${NOT_SET_ANYWHERE}/in",))

    told = alert(records, "flights", [review(0, "x")], policy, now=JULY + DAY, state=tmp_path)

    assert len(told.tellings) == 1
    assert told.outcome.waiting == 1
    assert "NOT_SET_ANYWHERE is not set" in told.outcome.problems[0]


def test_what_a_clock_found_that_was_ahead_ends_no_alert(records: Records, tmp_path: Path) -> None:
    ahead = [review(number, ".") for number in (3, 4)]
    for found in ahead:
        records.keep(found)
    alert(records, "flights", ahead, Alerts(), now=JULY + 5 * DAY, state=tmp_path)
    today = review(0, "x")
    records.keep(today)

    told = alert(records, "flights", [today], Alerts(), now=JULY + DAY, state=tmp_path)

    assert [telling.kind for telling in told.tellings] == ["opened"]
    assert len(told.standing) == 1
