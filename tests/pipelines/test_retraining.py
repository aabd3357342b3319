"""Retraining as a whole: from what was found to a successor, or to the reason why there is none."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from adapters import registry
from adapters.access import command
from adapters.clock import CLOCK
from adapters.declaration import LoadedProject
from adapters.experiments import client
from adapters.promotion import take_away
from adapters.records import Records
from adapters.retraining.situation import turn
from adapters.supervision.record import read_live
from lifecycle.errors import Refused
from lifecycle.retraining.decision import Decision
from lifecycle.retraining.origin import learnt_until, read_moment
from pipelines import approving, running, succeeding
from tests.pipelines.shop import DAY, Shop, empty, open_shop, orders, sent

pytestmark = pytest.mark.xdist_group("retraining")

HOUR = timedelta(hours=1)
APRIL = datetime(2026, 4, 10, tzinfo=UTC)
JUNE = datetime(2026, 6, 10, tzinfo=UTC)
"""By then the answers have been wrong for a month, and a month of right rows is there to learn."""


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Shop:
    return open_shop(tmp_path_factory.mktemp("retrained") / "store", root)


@pytest.fixture
def shop(opened: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    _begin_again(opened)
    monkeypatch.setenv(CLOCK, str(opened.clock))
    yield opened
    _begin_again(opened)


def _begin_again(shop: Shop) -> None:
    """Leave one version, which is the champion, and no traces of anything else."""
    take_away(shop.name, by="ann", state=shop.state)
    empty(shop)
    mlflow = client()
    for version in mlflow.search_model_versions(f"name = '{shop.name}'"):
        if version.version != int(shop.version):
            mlflow.delete_model_version(shop.name, version.version)
    registry.crown(shop.name, shop.version)


def go_wrong(shop: Shop, until: datetime = JUNE) -> None:
    """Let the newest windows have been looked at, with labels that show other answers are right."""
    since = until - 4 * DAY
    rows = orders(since, 3, a_day=150, seed=1)
    shop.tell(shop.ask(rows), at=since + 3 * DAY)
    shop.look(until)


def retrain(
    shop: Shop, as_of: datetime, *changes: str, by: str = "", loaded: LoadedProject | None = None
) -> tuple[Decision, running.Ending | None]:
    shop.at(as_of)
    declared = loaded or shop.declared(*changes)
    return succeeding.run(declared, stack="local", root=shop.root, by=by)


def decisions(shop: Shop) -> tuple[Decision, ...]:
    with Records.open(shop.state) as records:
        return records.decisions(shop.name)


def blocking(decision: Decision) -> set[str]:
    return {check.rule for check in decision.checks if check.outcome.blocks}


def challenger(shop: Shop) -> str | None:
    return registry.alias_of(shop.name, registry.CHALLENGER)


def champion(shop: Shop) -> str | None:
    return registry.alias_of(shop.name, registry.CHAMPION)


def test_not_due_is_no_failure_and_says_why(shop: Shop) -> None:
    shop.tell(shop.ask(orders(APRIL, 1, a_day=400, seed=1)), at=APRIL + DAY)
    shop.look(APRIL + DAY + HOUR)

    done = subprocess.run(
        [sys.executable, "run.py", "--pipeline", "retraining",
         "--project", str(shop.loaded.folder)],
        cwd=shop.root, env={**os.environ}, capture_output=True, text=True,
    )  # fmt: skip

    (decision,) = decisions(shop)
    assert done.returncode == 0, done.stderr
    assert "store: not due: no drift of rows or scores in the newest window" in done.stdout
    assert decision.ending == "not due"
    assert decision.as_of == APRIL + DAY + HOUR
    assert {verdict.rule for verdict in decision.checks} >= {"cooldown", "labels", "one at a time"}


def test_concept_drift_is_followed_by_a_successor_judged_on_rows_neither_has_seen(
    shop: Shop,
) -> None:
    go_wrong(shop)
    before = registry.story_of(shop.name, shop.version)

    decision, ending = retrain(shop, JUNE)

    assert ending is not None
    assert [reason.kind for reason in decision.reasons] == ["concept"]
    assert decision.ending == "awaiting"
    story = registry.story_of(shop.name, str(decision.version))
    window = decision.window
    assert window is not None
    assert window.test_from == JUNE - 12 * HOUR - 10 * DAY
    assert window.start == window.test_from - 30 * DAY
    assert window.end == JUNE - 12 * HOUR
    old, new = learnt_until(before), learnt_until(story)
    assert old is not None
    assert new is not None
    assert old < new < window.test_from
    assert story.intake is not None
    assert story.intake.start is not None
    assert window.start <= read_moment(story.intake.start)
    assert story.evaluation is not None
    assert story.evaluation.champion_version == shop.version
    assert story.evaluation.rows == pytest.approx(10 * 40, abs=21)
    assert story.lineage.reason == decision.reasons[0].told
    assert "oncept drift" in story.lineage.reason
    assert story.lineage.run == decision.run
    assert challenger(shop) == decision.version
    assert champion(shop) == shop.version


def test_what_waits_is_approved_deployed_and_answers(shop: Shop) -> None:
    go_wrong(shop)
    decision, _ = retrain(shop, JUNE)
    waiting, _ = retrain(shop, JUNE + HOUR)

    approved = approving.approve(
        shop.loaded, by="ada", why="looks right", stack="local", root=shop.root, state=shop.state
    )

    assert not waiting.is_due
    assert "approval" in blocking(waiting)
    assert (approved.number, approved.ending) == (decision.number, "approved")
    assert (approved.settled_by, approved.remark) == ("ada", "looks right")
    assert champion(shop) == decision.version
    assert challenger(shop) is None
    assert _answering_version(shop) == decision.version


def _answering_version(shop: Shop) -> str:
    live = read_live(shop.state, shop.name)
    assert live is not None
    _, token = command.create(shop.name, "tests", ["predict"], state=shop.state)
    answer = httpx.post(
        f"{live.url}/predict",
        json=sent(orders(JUNE, 1, a_day=1), shop.contract)[0],
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 200, answer.text
    version: str = answer.json()["version"]
    return version


def test_where_nobody_has_to_be_asked_what_wins_is_deployed(shop: Shop, tmp_path: Path) -> None:
    go_wrong(shop)
    shop.at(JUNE)

    decision = succeeding.retrain(
        shop.declared("retraining.approval=automatic"),
        stack="local", root=shop.root, reports=tmp_path,
    )  # fmt: skip

    assert decision.ending == "approved"
    assert decision.settled_by == "policy"
    assert champion(shop) == decision.version != shop.version
    assert _answering_version(shop) == decision.version


def test_a_successor_that_cannot_be_deployed_is_the_challenger_no_longer(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_wrong(shop)
    shop.at(JUNE)
    declared = shop.declared("retraining.approval=automatic")
    monkeypatch.setattr(succeeding, "bring", lambda *_, **__: False)

    decision = succeeding.retrain(declared, stack="local", root=shop.root, reports=tmp_path)

    assert decision.ending == "rejected"
    assert challenger(shop) is None
    assert champion(shop) == shop.version


def test_a_successor_that_is_no_better_has_lost_and_the_champion_stays(shop: Shop) -> None:
    decision, ending = retrain(shop, APRIL, by="ada")
    at_once, _ = retrain(shop, APRIL + 8 * DAY)

    assert ending is not None
    assert [reason.kind for reason in decision.reasons] == ["by hand"]
    assert decision.ending == "lost"
    assert ending.story.gates.blocks
    assert (champion(shop), challenger(shop)) == (shop.version, None)
    assert at_once.ending == "not due"
    assert "cooldown" in blocking(at_once)


def test_what_has_lost_is_not_tried_again_on_the_same_evidence(shop: Shop) -> None:
    go_wrong(shop)
    hard = "gates.0.at_least=0.999"
    first, _ = retrain(shop, JUNE, hard)
    again, _ = retrain(shop, JUNE + 40 * DAY, hard, "retraining.cooldown=1h")

    assert first.ending == "lost"
    assert again.ending == "not due"
    assert "was the answer to that" in again.told


def test_a_data_check_that_fails_stops_it_and_that_is_written_down(shop: Shop) -> None:
    go_wrong(shop)

    decision, ending = retrain(shop, JUNE, "schema.price.max=10")

    assert ending is not None
    assert ending.story.end == "stopped"
    assert decision.ending == "stopped"
    assert decision.version is None
    assert decisions(shop)[-1].ending == "stopped"


DIES = """
import importlib, os, sys
from adapters.stacks.environment import prepare
from pathlib import Path
prepare(Path.cwd())
from adapters.declaration import load
from pipelines import succeeding
module, name = sys.argv[2].split(":")
setattr(importlib.import_module(module), name, lambda *_, **__: os._exit(9))
succeeding.run(load(sys.argv[1], root=Path.cwd()), stack="local", root=Path.cwd())
"""


def test_one_that_was_killed_once_its_version_was_registered_has_won(shop: Shop) -> None:
    go_wrong(shop)
    killed = subprocess.run(
        [sys.executable, "-c", DIES, str(shop.loaded.folder), "steps.settle:write_down"],
        cwd=shop.root, env={**os.environ}, capture_output=True, text=True,
    )  # fmt: skip
    (dead,) = decisions(shop)
    meanwhile, _ = retrain(shop, JUNE + HOUR)
    _let_leases_end(shop)

    after, _ = retrain(shop, JUNE + 2 * HOUR)

    assert killed.returncode == 9, killed.stderr
    assert dead.ending == "running"
    assert "one at a time" in blocking(meanwhile)
    found = decisions(shop)[0]
    assert found.ending == "awaiting"
    assert found.version == challenger(shop) is not None
    assert "approval" in blocking(after)


def test_one_that_was_killed_before_is_followed_by_another(shop: Shop) -> None:
    go_wrong(shop)
    with Records.open(shop.state) as records:
        begun = Decision(
            project=shop.name, at=JUNE, as_of=JUNE, champion=shop.version, is_due=True,
            ending="running", run="retraining-of-the-dead",
        )  # fmt: skip
        dead = records.add(begun)

    after, _ = retrain(shop, JUNE + 15 * DAY)

    first = decisions(shop)[0]
    assert (first.number, first.ending) == (dead.number, "broke")
    assert after.ending == "awaiting"


def test_one_that_breaks_says_so_and_leaves_the_turn_to_the_next(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_wrong(shop)

    def lost(*_: object, **__: object) -> None:
        raise OSError("the disk is gone")

    with monkeypatch.context() as broken, pytest.raises(OSError, match="disk is gone"):
        broken.setattr(registry, "register", lost)
        retrain(shop, JUNE)
    (first,) = decisions(shop)
    second, _ = retrain(shop, JUNE + HOUR)

    assert first.ending == "broke"
    assert "the disk is gone" in first.remark
    assert "one at a time" not in blocking(second)


def _let_leases_end(shop: Shop) -> None:
    """Let the two minutes pass after which a dead one's turn is another's."""
    import sqlite3

    with sqlite3.connect(shop.state / "records.db") as connection:
        connection.execute("DELETE FROM lease")


def test_of_two_at_once_one_is_not_due(shop: Shop) -> None:
    go_wrong(shop)

    with Records.open(shop.state) as records:
        lease = records.lease(turn(shop.name), 60)
        assert lease is not None
        with lease:
            decision, ending = retrain(shop, JUNE)

    assert ending is None
    assert decision.ending == "not due"
    assert "one at a time" in blocking(decision)


def test_a_rejected_version_need_not_be_beaten_by_the_next(shop: Shop) -> None:
    go_wrong(shop)
    first, _ = retrain(shop, JUNE)

    rejected = approving.reject(shop.name, by="ada", why="not now", state=shop.state)
    none_left = challenger(shop)
    with pytest.raises(Refused, match="rejected by ada"):
        approving.approve(
            shop.loaded, by="eve", why="", stack="local", root=shop.root, state=shop.state
        )
    second, _ = retrain(shop, JUNE + 15 * DAY, by="ada")

    assert (rejected.number, rejected.ending) == (first.number, "rejected")
    assert none_left is None
    story = registry.story_of(shop.name, str(second.version))
    assert story.evaluation is not None
    assert story.evaluation.champion_version == shop.version
    assert story.lineage.reason.startswith("Asked for by ada.")
    assert "warn" in {check.outcome.value for check in second.checks}


def test_a_version_that_waited_for_too_long_is_set_aside_before_the_next(shop: Shop) -> None:
    go_wrong(shop)
    first, _ = retrain(shop, JUNE)

    second, _ = retrain(shop, JUNE + 15 * DAY, "retraining.approve_within=14d", by="ada")

    with Records.open(shop.state) as records:
        found = records.decision(first.number)
    assert found is not None
    assert "challenger no longer" in found.remark
    story = registry.story_of(shop.name, str(second.version))
    assert story.evaluation is not None
    assert story.evaluation.champion_version == shop.version
    assert challenger(shop) == second.version


def test_a_challenger_somebody_trained_by_hand_stays(shop: Shop) -> None:
    window = "data.window={from: 2026-05-01, to: 2026-06-01}"
    ending = running.run(
        "training",
        shop.declared(window, "split={by: time, from: 2026-05-22}"),
        stack="local",
        root=shop.root,
    )
    assert ending.story.version is not None

    decision, _ = retrain(shop, JUNE, "retraining.approve_within=1h")

    assert decision.ending == "not due"
    assert challenger(shop) == ending.story.version.number


def test_begun_by_a_schedule_it_decides_in_its_first_step(shop: Shop) -> None:
    go_wrong(shop)
    loaded, home = shop.loaded, str(shop.loaded.folder)
    purpose = running.purpose_of(loaded)
    lineage = running.lineage_of("retraining", loaded, stack="local", root=shop.root)

    first = running.launch(
        "retraining", "by schedule", loaded.project, home, purpose, lineage, 0, ""
    )
    second = running.launch("retraining", "again", loaded.project, home, purpose, lineage, 0, "")

    due, not_due = decisions(shop)
    assert first.status.value == "completed"
    assert (due.ending, due.run, due.as_of) == ("awaiting", "by schedule", JUNE)
    assert registry.story_of(shop.name, str(due.version)).lineage.run == "by schedule"
    assert second.status.value == "failed"
    assert not_due.ending == "not due"
    assert "approval" in blocking(not_due)
