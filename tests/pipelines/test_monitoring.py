"""Monitoring as a whole: from an event log to what is recorded, shown and told."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pandas as pd
import pytest
from typer.testing import CliRunner

from adapters.access import command
from adapters.clock import CLOCK
from adapters.monitoring.run import store_of
from adapters.promotion import take_away
from adapters.records import Records
from adapters.supervision import Supervisor
from adapters.supervision.record import forget_live, write_live
from commands import labelling
from lifecycle.monitoring.review import Cause, Review
from lifecycle.serving.live import Live
from lifecycle.verdict import Outcome
from pipelines import deploying, running
from tests.pipelines.shop import DAY, Shop, empty, open_shop, orders, sent
from tests.servers.receivers import webhook

pytestmark = pytest.mark.xdist_group("monitoring")

HOUR = timedelta(hours=1)
APRIL = datetime(2026, 4, 10, tzinfo=UTC)
MAY = datetime(2026, 5, 10, tzinfo=UTC)
ENOUGH = 600


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Shop:
    return open_shop(tmp_path_factory.mktemp("watched") / "shop", root)


@pytest.fixture
def shop(opened: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    empty(opened)
    monkeypatch.setenv(CLOCK, str(opened.clock))
    opened.at(APRIL)
    yield opened
    empty(opened)


def day(since: datetime = APRIL, *, price: float = 1.0, rows: int = ENOUGH) -> pd.DataFrame:
    return orders(since, 1, a_day=rows, price=price, seed=1)


def only(reviews: tuple[Review, ...]) -> Review:
    (found,) = reviews
    return found


def standing(shop: Shop, cause: Cause) -> list[int]:
    with Records.open(shop.state) as records:
        return [alert.number for alert in records.open_alerts(shop.name) if alert.cause is cause]


def told(shop: Shop) -> list[str]:
    """What was sent about data drift."""
    with Records.open(shop.state) as records:
        found = [sent.telling.title for sent in records.deliveries(shop.name)]
    return [title for title in found if "data drift" in title]


def pages(shop: Shop) -> list[str]:
    folder = shop.state / "reports" / shop.name / "monitoring"
    return sorted(page.name for page in folder.glob("2026-*.html"))


def test_where_nobody_asked_there_is_no_window_and_nobody_is_told(shop: Shop) -> None:
    found = shop.monitor(APRIL + DAY)

    assert shop.reviews() == ()
    assert only(found.reviews.reviews).is_look
    assert found.alarm.titles == ()
    assert Path(found.index).is_file()


def test_a_window_of_one_row_says_that_it_cannot_tell(shop: Shop) -> None:
    shop.ask(day(rows=1))

    found = shop.look(APRIL + DAY + HOUR)

    review = only(shop.reviews())
    assert review.predictions == 1
    assert review.outcome(Cause.DATA) is Outcome.UNKNOWN
    assert review.outcome(Cause.CONCEPT) is Outcome.UNKNOWN
    assert found.alarm.titles == ()


def test_a_window_like_the_training_rows_passes_in_silence(shop: Shop) -> None:
    shop.tell(shop.ask(day()), at=APRIL + DAY)

    found = shop.look(APRIL + DAY + HOUR)

    review = only(shop.reviews())
    assert review.predictions == review.labels.labelled == ENOUGH
    assert {review.outcome(cause) for cause in (Cause.DATA, Cause.PREDICTION, Cause.CONCEPT)} == {
        Outcome.PASS
    }
    assert found.alarm.titles == ()


def test_a_window_that_is_not_over_is_left_for_later(shop: Shop) -> None:
    shop.ask(day())

    shop.look(APRIL + DAY - HOUR)

    assert shop.reviews() == ()


def test_a_shift_is_told_once_at_a_real_receiver(shop: Shop) -> None:
    shop.ask(day(price=2.0))

    with webhook() as hook:
        to = f"monitoring.alerts.to=['json://{hook.host}/alerts']"
        first = shop.monitor(APRIL + DAY + HOUR, to)
        heard = len(hook.bodies)
        second = shop.monitor(APRIL + DAY + 2 * HOUR, to)

    assert only(shop.reviews()).outcome(Cause.DATA) is Outcome.FAIL
    assert len(standing(shop, Cause.DATA)) == 1
    assert [title for title in first.alarm.titles if "data drift" in title]
    assert heard == len(first.alarm.titles)
    assert first.alarm.delivered == 2 * heard  # the log is a receiver as well
    assert second.alarm.titles == ()
    assert len(hook.bodies) == heard
    assert any("price" in str(body) for body in hook.bodies)


def test_a_receiver_that_is_down_gets_the_alert_later(shop: Shop) -> None:
    shop.ask(day(price=2.0))

    with webhook() as hook:
        port = hook.port
    to = f"monitoring.alerts.to=['json://127.0.0.1:{port}/alerts']"
    first = shop.look(APRIL + DAY + HOUR, to)

    assert first.alarm.waiting == len(first.alarm.titles)
    assert first.alarm.problems


def test_labels_that_come_later_change_the_figures_of_their_window(shop: Shop) -> None:
    rows = shop.ask(day())
    shop.monitor(APRIL + DAY + HOUR)
    before = only(shop.reviews())
    shop.tell(rows, at=APRIL + DAY + 2 * HOUR)

    shop.monitor(APRIL + DAY + 3 * HOUR)

    after = only(shop.reviews())
    assert before.labels.share == 0
    assert before.outcome(Cause.CONCEPT) is Outcome.UNKNOWN
    assert after.labels.share == 1
    assert after.outcome(Cause.CONCEPT) is Outcome.PASS
    assert after.as_of == APRIL + DAY + 3 * HOUR
    assert (before.predictions, before.shifts) == (after.predictions, after.shifts[:-1])


def test_labels_told_twice_count_once_and_without_new_ones_nothing_is_looked_at_again(
    shop: Shop,
) -> None:
    rows = shop.ask(day())
    shop.tell(rows, at=APRIL + DAY)
    shop.tell(rows, at=APRIL + DAY + HOUR, by="request")
    shop.look(APRIL + DAY + 2 * HOUR)
    counted = only(shop.reviews()).labels

    again = shop.look(APRIL + DAY + 3 * HOUR)

    assert (counted.labelled, counted.repeated, counted.corrected) == (ENOUGH, ENOUGH, 0)
    assert all(review.is_look for review in again.reviews.reviews)


def test_answers_that_are_wrong_are_concept_drift(shop: Shop) -> None:
    shop.tell(shop.ask(day(MAY)), at=MAY + DAY)

    found = shop.look(MAY + DAY + HOUR)

    review = only(shop.reviews())
    assert review.outcome(Cause.DATA) is Outcome.PASS
    assert review.outcome(Cause.CONCEPT) is Outcome.FAIL
    assert len(standing(shop, Cause.CONCEPT)) == 1
    assert any("concept" in title for title in found.alarm.titles)


DIES = """
import importlib, os, sys
from adapters.stacks.environment import prepare
from pathlib import Path
prepare(Path.cwd())
from adapters.declaration import load
from pipelines import reviewing
module, name = sys.argv[2].split(":")
setattr(importlib.import_module(module), name, lambda *_, **__: os._exit(9))
reviewing.run(load(sys.argv[1], root=Path.cwd()), stack="local", root=Path.cwd())
"""


def test_a_run_that_was_killed_before_it_told_is_made_up_for(shop: Shop) -> None:
    shop.tell(shop.ask(day(price=2.0)), at=APRIL + DAY)
    shop.at(APRIL + DAY + HOUR)
    killed = subprocess.run(
        [sys.executable, "-c", DIES, str(shop.loaded.folder), "adapters.monitoring.run:alert"],
        cwd=shop.root, env={**os.environ}, capture_output=True, text=True,
    )  # fmt: skip
    before = only(shop.reviews())
    unheard = told(shop)

    shop.monitor(APRIL + DAY + 2 * HOUR)
    shop.monitor(APRIL + DAY + 3 * HOUR)

    assert killed.returncode == 9, killed.stderr
    assert unheard == []
    assert only(shop.reviews()) == before
    assert len(standing(shop, Cause.DATA)) == len(told(shop)) == 1
    assert len(pages(shop)) == 1


def test_a_run_that_died_once_it_had_told_tells_nothing_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.tell(shop.ask(day(price=2.0)), at=APRIL + DAY)

    def lost(*_: object, **__: object) -> None:
        raise OSError("the disk is gone")

    with monkeypatch.context() as broken, pytest.raises(OSError, match="disk is gone"):
        broken.setattr("steps.picture.write_pages", lost)
        shop.monitor(APRIL + DAY + HOUR)
    unwritten = pages(shop)
    shop.monitor(APRIL + DAY + 2 * HOUR)

    assert unwritten == []
    assert only(shop.reviews()).predictions == ENOUGH
    assert len(standing(shop, Cause.DATA)) == len(told(shop)) == 1
    assert len(pages(shop)) == 1


def test_two_versions_in_one_window_have_a_review_each(shop: Shop) -> None:
    other = running.run("training", shop.declared("search.seed=4"), stack="local", root=shop.root)
    assert other.story.version is not None
    number = other.story.version.number
    rows = day()
    shop.ask(rows[::2])
    shop.ask(rows[1::2], version=number)

    shop.look(APRIL + DAY + HOUR)

    found = shop.reviews()
    assert number != shop.version
    assert {review.version for review in found} == {shop.version, number}
    assert [review.predictions for review in found] == [ENOUGH // 2] * 2
    assert {review.outcome(Cause.DATA) for review in found} == {Outcome.PASS}


def test_a_version_that_is_not_in_the_registry_stops_no_other(shop: Shop) -> None:
    rows = day()
    shop.ask(rows[::2])
    shop.ask(rows[1::2], version="99")

    shop.look(APRIL + DAY + HOUR)

    lost, known = sorted(shop.reviews(), key=lambda review: review.version == shop.version)
    assert lost.version == "99"
    assert lost.predictions == ENOUGH // 2
    assert lost.outcome(Cause.MONITORING) is Outcome.UNKNOWN
    assert known.outcome(Cause.DATA) is Outcome.PASS


def test_a_version_that_answers_and_is_not_in_the_registry_stops_nothing(shop: Shop) -> None:
    shop.ask(day())
    live = Live(
        project=shop.name, version="99", kind="process", name="gone", host="127.0.0.1", port=9,
        public_host="127.0.0.1", public_port=9, manifest="9f2c", bento="shop:99",
        started=APRIL.isoformat(),
    )  # fmt: skip
    write_live(shop.state, live)

    try:
        found = shop.look(APRIL + DAY + HOUR)
    finally:
        forget_live(shop.state, shop.name)

    assert only(shop.reviews()).outcome(Cause.DATA) is Outcome.PASS
    assert found.reviews.reviews[-1].outcome(Cause.SERVICE) is Outcome.FAIL
    assert found.reviews.reviews[-1].outcome(Cause.AGE) in (None, Outcome.UNKNOWN)


def test_without_any_labels_that_is_told_once(shop: Shop) -> None:
    heard = []
    for number in range(6):
        shop.ask(day(APRIL + number * DAY))
        heard.append(shop.look(APRIL + (number + 1) * DAY + HOUR).alarm.titles)

    about = [title for titles in heard for title in titles if "concept drift" in title]
    assert {review.outcome(Cause.CONCEPT) for review in shop.reviews()} == {Outcome.UNKNOWN}
    assert len(about) == 1
    assert "nothing can be told of concept drift" in about[0]
    assert any(about[0] in titles for titles in heard[2:3])


def test_a_column_that_vanished_is_data_drift_that_names_it(shop: Shop) -> None:
    shop.ask(day(), missing=["price"])

    shop.look(APRIL + DAY + HOUR)

    review = only(shop.reviews())
    failed = [verdict for verdict in review.of(Cause.DATA) if verdict.outcome is Outcome.FAIL]
    assert any('"price"' in verdict.reason for verdict in failed)
    assert review.outcome(Cause.DATA) is Outcome.FAIL


def test_a_clock_that_was_ahead_for_a_while_loses_no_window(shop: Shop) -> None:
    shop.ask(day())
    shop.look(APRIL + 9 * DAY)
    empty_ones = [review for review in shop.reviews() if not review.predictions]
    shop.ask(day(APRIL + DAY))

    shop.look(APRIL + 2 * DAY + HOUR)
    shop.ask(day(APRIL + 2 * DAY, price=2.0))
    back = shop.look(APRIL + 3 * DAY + HOUR)

    asked = [review for review in shop.reviews() if review.predictions]
    assert len(empty_ones) == 7
    assert [review.span.start for review in asked] == [APRIL, APRIL + DAY, APRIL + 2 * DAY]
    assert [review.outcome(Cause.DATA) for review in asked[1:]] == [Outcome.PASS, Outcome.FAIL]
    assert any("data drift" in title for title in back.alarm.titles)


def test_a_clock_that_was_put_back_makes_nothing_twice(shop: Shop) -> None:
    shop.ask(day(price=2.0))
    shop.look(APRIL + DAY + 3 * HOUR)
    before = only(shop.reviews())

    back = shop.look(APRIL + DAY + HOUR)

    after = only(shop.reviews())
    assert (after.predictions, after.shifts) == (before.predictions, before.shifts)
    assert back.alarm.titles == ()
    assert len(standing(shop, Cause.DATA)) == 1


def test_a_damaged_profile_is_made_anew_from_the_log(shop: Shop) -> None:
    rows = shop.ask(day())
    shop.look(APRIL + DAY + HOUR)
    before = only(shop.reviews())
    (kept,) = (shop.state / "monitoring" / shop.name / "profiles").rglob("*.profile")
    whole = kept.read_bytes()
    kept.write_bytes(whole[:-50])
    shop.tell(rows, at=APRIL + DAY + HOUR)

    shop.look(APRIL + DAY + 2 * HOUR)

    after = only(shop.reviews())
    assert after.as_of > before.as_of
    assert after.shifts[: len(before.shifts)] == before.shifts
    store = store_of(shop.state, shop.name)
    assert store.get(shop.version, "predictions", after.span)


def test_labels_are_found_by_running_the_query_again(shop: Shop) -> None:
    table = pd.read_csv(shop.loaded.folder / "orders.csv", parse_dates=["at"])
    shop.ask(table[(table["at"] >= "2026-04-10") & (table["at"] < "2026-04-11")])
    changes = ("monitoring.labels.query=true", "monitoring.labels.rows=30")

    shop.look(APRIL + DAY + HOUR, *changes)
    first = only(shop.reviews())
    shop.look(APRIL + DAY + 13 * HOUR, *changes)
    second = only(shop.reviews())
    third = shop.look(APRIL + DAY + 14 * HOUR, *changes)

    # A label is known twelve hours after its order, so of the second half of the day none was.
    assert first.labels.share == pytest.approx(0.55, abs=0.02)
    assert second.labels.share == 1
    assert second.outcome(Cause.CONCEPT) is Outcome.PASS
    assert all(review.is_look for review in third.reviews.reviews)


def test_labels_from_a_file_give_their_window_its_figures(shop: Shop, tmp_path: Path) -> None:
    rows = shop.ask(day())
    shop.look(APRIL + DAY + HOUR)
    file = tmp_path / "labels.csv"
    rows[["order", "returned"]].to_csv(file, index=False)

    added = _add_labels(shop, file)
    shop.look(APRIL + DAY + 2 * HOUR)

    review = only(shop.reviews())
    assert f"{ENOUGH} of {ENOUGH} rows" in added
    assert review.labels.labelled == ENOUGH
    assert review.outcome(Cause.CONCEPT) is Outcome.PASS


def _add_labels(shop: Shop, file: Path) -> str:
    words = ["add", str(file), "--project", str(shop.loaded.folder)]
    done = CliRunner().invoke(labelling.app, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_what_is_old_is_forgotten_with_its_page_and_profile(shop: Shop) -> None:
    shop.ask(day())
    shop.ask(day(APRIL + 12 * DAY))
    keep = "monitoring.keep=10d"
    shop.look(APRIL + DAY + HOUR, keep)
    there = len(shop.reviews())

    shop.look(APRIL + 13 * DAY + HOUR, keep)

    starts = [review.span.start for review in shop.reviews()]
    assert there == 1
    assert min(starts) > APRIL
    assert max(starts) == APRIL + 12 * DAY
    assert min(store_of(shop.state, shop.name).spans(shop.version)).start > APRIL
    assert min(pages(shop)) > "2026-04-11"


def test_windows_nobody_looked_at_are_all_caught_up_with(shop: Shop) -> None:
    shop.ask(day())
    shop.ask(day(APRIL + 3 * DAY, price=2.0))

    found = shop.look(APRIL + 6 * DAY + HOUR)

    assert [review.predictions for review in shop.reviews()] == [ENOUGH, 0, 0, ENOUGH, 0, 0]
    assert len([title for title in found.alarm.titles if "data drift" in title]) == 1


def test_without_a_moment_it_is_now_for_all_steps(shop: Shop) -> None:
    shop.ask(day())
    shop.at(APRIL + DAY + HOUR)

    done = running.launch("monitoring", "now", shop.loaded.project, str(shop.loaded.folder), "")

    assert done.status.value == "completed"
    assert only(shop.reviews()).as_of == APRIL + DAY + HOUR


@pytest.fixture
def url(shop: Shop) -> Iterator[str]:
    """Deploy the shop's version, by the clock of the replay."""
    deployed = deploying.run(
        shop.loaded, version=shop.version, stack="local", root=shop.root, by="ann"
    )
    assert deployed.url is not None
    yield deployed.url
    take_away(shop.name, by="ann", state=shop.state)


def test_a_real_service_is_looked_at_and_missed_when_it_is_down(shop: Shop, url: str) -> None:
    rows = day(rows=ENOUGH)
    _, token = command.create(shop.name, "tests", ["predict", "label"], state=shop.state)
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}) as client:
        shop.at(APRIL + 12 * HOUR)
        answered = client.post(
            "/predict", json=sent(rows, shop.contract), headers={"X-Request-Id": "all"}
        )
        shop.at(APRIL + DAY)
        truths = [
            {"request_id": "all", "row": row, "label": bool(label)}
            for row, label in enumerate(rows["returned"])
        ]
        taken = client.post("/labels", json=truths)
    well = shop.monitor(APRIL + DAY + HOUR)
    first = only(shop.reviews())
    for process in Supervisor(shop.state).status():
        if process.name.startswith(f"{shop.name}."):
            Supervisor(shop.state).stop(process.name)
    down = shop.monitor(APRIL + DAY + 2 * HOUR)
    still = shop.monitor(APRIL + DAY + 3 * HOUR)

    assert (answered.status_code, taken.status_code) == (200, 202), (answered.text, taken.text)
    assert first.predictions == first.labels.labelled == ENOUGH
    assert first.outcome(Cause.CONCEPT) is Outcome.PASS
    assert first.outcome(Cause.SERVICE) is Outcome.PASS
    assert first.health is not None
    assert first.health.requests == 2
    assert well.alarm.titles == ()
    assert len(down.alarm.titles) == 1
    assert "(critical)" in down.alarm.titles[0]
    assert len(standing(shop, Cause.SERVICE)) == 1
    assert still.alarm.titles == ()
