"""The conductor: what it does with what it finds, and that nobody is overruled by it."""

import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from adapters.releasing import conducting
from adapters.releasing.beginning import require_not_barred
from adapters.releasing.conducting import Stage, conduct
from adapters.releasing.conductor import conductor_of, log_of, start_conductor
from adapters.releasing.context import write_context
from adapters.releasing.figures_traffic import mark
from adapters.releasing.following import latest_look
from adapters.releasing.gathering import Gatherer
from lifecycle.errors import PerennialError, Refused, RegistryError
from lifecycle.release.release import Look, Next, Release
from tests.adapters.releasing.stages import PROJECT, House, Names, a_project, asked, wait_until

pytestmark = pytest.mark.xdist_group("releasing conducting")

NOTHING = {"agreement": None, "distance": None}
"""These targets are no models: what they answer is not compared."""
LENIENT = {"error_rate": 0.1, "turned_away": 0.1, "slower": 1_000}
CANARY = {
    "strategy": "canary", "steps": [0.3, 0.6], "hold": "0.5s", "requests": 30, "keep": "0.5s",
    "evidence": NOTHING, "guard": LENIENT,
}  # fmt: skip


@pytest.fixture
def anew(house: House) -> House:
    """Version 1 answers, and nothing else is known."""
    for name in house.started:
        if house.pid(name) is not None:
            house.be(name, "good")
    house.empty()
    house.deploy("1")
    write_context(a_project(house), home=house.state, stack="local", state=house.state)
    return house


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conducting, "LOOK_SECONDS", 0.2)


def conducted(
    house: House, *, until: threading.Event | None = None, registry: Names | None = None
) -> None:
    """Look after the release until it has ended, or for 30 seconds at most."""
    end = until or threading.Event()
    timer = threading.Timer(30, end.set)
    timer.start()
    try:
        with house.records as records:
            stage = Stage(
                state=house.state, records=records, registry=registry or house.names,
                restart=house.restart, reports=house.state / "reports",
            )  # fmt: skip
            conduct(PROJECT, stage, until=end)
    finally:
        timer.cancel()


def looks(house: House, number: int = 1) -> tuple[Look, ...]:
    with house.records as records:
        return records.looks(number)


def verdicts_of(release: Release) -> dict[str, str]:
    return {one.rule: one.outcome.value for one in release.verdicts}


def test_a_canary_goes_through_its_steps_is_kept_and_ends_promoted(anew: House) -> None:
    anew.begin("1", "2", **CANARY)

    with asked(anew) as seen:
        conducted(anew)

    assert set(seen) == {"1", "2"}
    release = anew.the_release()
    assert (release.state, release.step) == ("promoted", 1)
    assert [kind for kind, _, state in anew.movements() if state == "done"] == [
        "deploy", "begin", "advance", "promote", "finish",
    ]  # fmt: skip
    assert (set(anew.answering(20)), anew.live) == ({"2"}, "2")
    assert anew.names.found == {"champion": "2"}
    assert anew.pid("stall.1") is None
    with anew.records as records:
        assert not records.unsettled(PROJECT)
        made = records.movements(PROJECT)
    assert all(verdict.outcome.value in ("pass", "warn") for verdict in made[2].verdicts)
    assert "Step 1 of 2 (30%) was held for" in made[2].reason
    assert {look.action for look in looks(anew)} >= {"advance", "promote", "finish"}
    assert (anew.state / "reports" / PROJECT / "releases" / "1.html").exists()


def test_a_challenger_that_fails_goes_back_and_no_user_sees_it(anew: House) -> None:
    anew.begin("1", "2", **{**CANARY, "hold": "1h", "guard": {**LENIENT, "error_rate": 0.01}})
    anew.be("stall.2", "broken")

    with asked(anew) as seen:
        conducted(anew)

    assert set(seen) == {"1"}
    release = anew.the_release()
    assert (release.state, verdicts_of(release)["error rate"]) == ("rolled back", "fail")
    assert "error rate:" in release.ending
    assert "requests to version 2 failed" in release.ending
    assert anew.movements()[-1] == ("roll back", "2", "done")
    assert (set(anew.answering(20)), anew.live) == ({"1"}, "1")
    assert anew.names.found == {"champion": "1"}
    assert anew.pid("stall.2") is None
    with anew.records as records, pytest.raises(Refused, match=r"rolled back .* by policy: error"):
        require_not_barred(PROJECT, "2", records=records)


def test_a_promoted_version_that_fails_while_it_is_kept_goes_back(anew: House) -> None:
    anew.begin("1", "2", **{**CANARY, "strategy": "blue-green", "keep": "1h"})
    assert anew.live == "2"
    anew.be("stall.2", "broken")

    with asked(anew) as seen:
        conducted(anew)

    assert set(seen) == {"1"}  # the version before is its spare
    assert (anew.the_release().state, anew.live) == ("rolled back", "1")
    assert anew.names.found == {"champion": "1"}


@pytest.mark.parametrize("error", [PerennialError("no figures"), RuntimeError("a fault")])
def test_evidence_that_cannot_be_taken_holds_and_goes_back_in_the_end(
    anew: House, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(self: Gatherer, now: Any) -> None:
        raise error

    monkeypatch.setattr(Gatherer, "look", fail)
    began = anew.begin("1", "2", **{**CANARY, "patience": "1s"}).stepped

    conducted(anew)

    release = anew.the_release()
    assert (release.state, release.step) == ("rolled back", 0)
    assert release.ended is not None
    assert (release.ended - began).total_seconds() > 1.5
    assert "could not be judged within" in release.ending
    assert str(error) in release.ending
    held = [look for look in looks(anew) if look.action == "hold"]
    assert held
    assert {verdict.outcome.value for verdict in held[0].verdicts} <= {"unknown", "warn"}
    assert anew.live == "1"


def test_nobody_asking_holds_and_goes_back_in_the_end(anew: House) -> None:
    anew.begin("1", "2", **{**CANARY, "patience": "0.5s"})

    conducted(anew)

    release = anew.the_release()
    assert release.state == "rolled back"
    assert "only 0 of 30 requests came" in release.ending


def test_a_shadow_is_compared_and_stopped_while_the_champion_answers_all(anew: House) -> None:
    shadow = {"hold": "0.5s", "requests": 20}
    anew.begin("1", "2", **{**CANARY, "strategy": "shadow", "shadow": shadow})

    with asked(anew) as seen:
        conducted(anew)

    assert set(seen) == {"1"}
    assert anew.the_release().state == "compared"
    assert anew.names.found == {"champion": "1", "challenger": "2"}
    assert anew.pid("stall.2") is None


def test_it_ends_when_the_release_was_ended_by_hand(anew: House) -> None:
    anew.begin("1", "2", **{**CANARY, "hold": "1h"})

    over = threading.Event()
    thread = threading.Thread(target=lambda: (conducted(anew), over.set()))
    thread.start()
    wait_until(lambda: looks(anew))
    anew.take_back(by="ann")
    thread.join(10)

    assert over.is_set()
    assert anew.the_release().ending == "it was wrong"
    assert anew.movements()[-1] == ("roll back", "2", "done")
    assert anew.names.found == {"champion": "1"}


@pytest.mark.parametrize("action", ["advance", "promote", "roll back", "finish"])
@pytest.mark.parametrize("strategy", ["canary", "blue-green"])
def test_what_it_decides_while_somebody_rolls_back_overrules_nobody(
    anew: House, monkeypatch: pytest.MonkeyPatch, action: str, strategy: str
) -> None:
    anew.deploy("0")
    anew.deploy("1")
    anew.begin("1", "2", **{**CANARY, "strategy": strategy, "hold": "1h", "keep": "1h"})
    hands = ["ann"]

    def late(release: Release, *_: Any, **__: Any) -> Next:
        if hands:
            anew.take_back(by=hands.pop())
        return Next(action=action, reason="So it was decided.")

    monkeypatch.setattr(conducting, "decide", late)
    conducted(anew)

    assert set(anew.answering(20)) == {"1"}
    assert anew.live == "1"
    assert anew.the_release().state == "rolled back"
    assert anew.names.found == {"champion": "1"}
    with anew.records as records:
        last = records.movements(PROJECT)[-1]
    assert (last.kind, last.version, last.by) == ("roll back", "2", "ann")


def test_what_the_registry_does_not_take_is_told_until_it_does(anew: House) -> None:
    class Moody(Names):
        refusals = 3

        def crown(self, project: str, number: str) -> None:
            if Moody.refusals:
                Moody.refusals -= 1
                raise RegistryError("the registry does not answer")
            super().crown(project, number)

    anew.begin("1", "2", **{**CANARY, "steps": [0.5], "keep": "2s"})

    with asked(anew):
        conducted(anew, registry=Moody(anew.names.file))

    assert Moody.refusals == 0
    assert anew.the_release().state == "promoted"
    assert anew.names.found == {"champion": "2"}


def test_what_cannot_be_done_is_shown_and_tried_again(
    anew: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    anew.begin("1", "2", **{**CANARY, "hold": "1h"})
    real, refusals = conducting.roll_back, [1, 2]

    def refuse(*words: Any, **more: Any) -> Any:
        if refusals:
            refusals.pop()
            raise Refused("Its Bento is gone.")
        return real(*words, **more)

    monkeypatch.setattr(conducting, "roll_back", refuse)
    monkeypatch.setattr(
        conducting, "decide", lambda *_, **__: Next(action="roll back", reason="It is slow.")
    )
    conducted(anew)

    assert anew.the_release().state == "rolled back"
    told = [look.reason for look in looks(anew)]
    assert "It is slow. That could not be done: Its Bento is gone." in told


def test_one_that_is_only_being_prepared_is_left_to_whoever_prepares_it(anew: House) -> None:
    anew.open("1", "2")

    conducted(anew)

    assert anew.the_release().is_open
    assert looks(anew) == ()


def test_it_first_repairs_what_was_broken_off(anew: House) -> None:
    release = anew.begin("1", "2", **{**CANARY, "hold": "1h"})
    with anew.records as records:
        records.intend(anew.step(release, step=1).model_copy(update={"before": anew.plan_in_force}))
    end = threading.Event()
    end.set()

    conducted(anew, until=end)

    assert anew.movements()[-1] == ("advance", "2", "undone")
    assert anew.the_release().step == 0


def test_what_was_killed_in_the_middle_of_a_step_goes_on_there_with_the_same_counts(
    anew: House, root: Path
) -> None:
    release = anew.begin("1", "2", **{**CANARY, "hold": "1h", "patience": "1h"})
    mark(anew.state, release)
    assert anew.answering(100).total() == 100
    start_conductor(PROJECT, root=root, state=anew.state, is_looked_after=lambda: False)
    first = wait_until(lambda: counted(anew) >= 100 and anew.pid(conductor_of(PROJECT)))
    before = counts(anew)

    os.kill(first, signal.SIGKILL)
    assert anew.answering(50).total() == 50
    second = wait_until(
        lambda: (found := anew.pid(conductor_of(PROJECT))) not in (None, first) and found
    )
    wait_until(lambda: counted(anew) >= 150)
    after = counts(anew)

    assert second != first
    assert anew.the_release() == release
    assert sum(after) == 150
    assert sum(before) == 100
    assert all(new >= old for new, old in zip(after, before, strict=True))
    assert latest(anew).findings.since == release.stepped
    assert "traffic" not in latest(anew).findings.missing
    anew.take_back()
    wait_until(lambda: anew.pid(conductor_of(PROJECT)) is None)
    assert anew.the_release().state == "rolled back"
    assert log_of(PROJECT, anew.state).exists()


def latest(house: House) -> Look:
    with house.records as records:
        found = latest_look(house.the_release(), records)
    assert found is not None
    return found


def counts(house: House) -> tuple[int, int]:
    found = latest(house).findings
    assert found.champion is not None
    assert found.challenger is not None
    return found.champion.requests, found.challenger.requests


def counted(house: House) -> int:
    """Requests both versions got, by the latest look; zero where there is none yet."""
    with house.records as records:
        found = latest_look(house.the_release(), records)
    return sum(counts(house)) if found and found.findings.champion else 0
