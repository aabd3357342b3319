"""Challengers with faults, and conductors that are killed: users notice neither."""

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from adapters.releasing import conducting
from adapters.releasing.conducting import Stage, conduct
from adapters.releasing.context import write_context
from lifecycle.release.ledger import moves
from tests.adapters.releasing.stages import (
    PROJECT,
    House,
    a_project,
    asked,
    begun,
    wait_until,
)
from tests.adapters.routing.conftest import _house

pytestmark = pytest.mark.xdist_group("planted releases")

POLICY = {
    "strategy": "canary", "steps": [0.2, 0.5], "hold": "1s", "requests": 50, "keep": "0.5s",
    "evidence": {"agreement": None, "distance": None},
    "guard": {"error_rate": 0.05, "turned_away": 0.05, "p99_ms": 200, "slower": 1_000},
}  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with _house(tmp_path_factory.mktemp("house")) as house:
        yield House(house.state, house.supervisor)


@pytest.fixture
def house(built: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """Version 1 answers, nothing else is known, and a conductor looks five times a second."""
    monkeypatch.setattr(conducting, "LOOK_SECONDS", 0.2)
    for name in built.started:
        if built.pid(name) is not None:
            built.be(name, "good")
    built.empty()
    built.deploy("1")
    write_context(a_project(built), home=built.state, stack="local", state=built.state)
    return built


def conducted(house: House) -> None:
    end = threading.Event()
    timer = threading.Timer(40, end.set)
    timer.start()
    try:
        with house.records as records:
            stage = Stage(
                state=house.state, records=records, registry=house.names, restart=house.restart,
                reports=house.state / "reports",
            )  # fmt: skip
            conduct(PROJECT, stage, until=end)
    finally:
        timer.cancel()


def behaving(mode: str) -> Callable[[House], None]:
    return lambda house: house.be("stall.2", mode)


def kill(house: House) -> None:
    """End it while it is asked, and let nobody begin it again."""
    house.supervisor.stop("stall.2")


@pytest.mark.parametrize(
    ("fault", "rules"),
    [
        (behaving("broken"), {"error rate"}),
        (behaving("resetting"), {"error rate"}),
        (behaving("hanging"), {"error rate", "latency"}),
        (behaving("busy"), {"turned away"}),
        (behaving("slow"), {"latency"}),
        (kill, {"alive", "error rate"}),
    ],
    ids=["answers with 500", "resets", "hangs", "is busy", "is slow", "is dead"],
)
def test_a_challenger_with_a_fault_is_found_out_and_no_request_fails(
    house: House, fault: Callable[[House], None], rules: set[str]
) -> None:
    house.begin("1", "2", **{**POLICY, "hold": "1h", "patience": "1h"})
    after = threading.Timer(0.5, fault, (house,))
    began = time.monotonic()

    with asked(house, pause=0.02) as seen:
        after.start()
        conducted(house)

    print(f"back after {time.monotonic() - began:.1f} s: {dict(seen)}")
    release = house.the_release()
    failed = {one.rule for one in release.verdicts if one.outcome == "fail"}
    assert (release.state, bool(rules & failed)) == ("rolled back", True), release.ending
    assert set(seen) <= {"1", "2"}
    assert (set(house.answering(20)), house.live) == ({"1"}, "1")


def test_a_challenger_without_a_fault_is_not_found_guilty(house: House) -> None:
    house.begin("1", "2", **POLICY)

    with asked(house) as seen:
        conducted(house)

    assert house.the_release().state == "promoted", house.the_release().ending
    assert set(seen) == {"1", "2"}


def test_a_conductor_that_is_killed_again_and_again_brings_the_release_to_its_end(
    house: House,
) -> None:
    chance, killed = random.Random(5), 0
    house.begin("1", "2", **POLICY)

    with asked(house) as seen:
        for _ in range(60):
            child = begun(lambda: conducted(house))
            time.sleep(chance.uniform(0.2, 0.9))
            os.kill(child, signal.SIGKILL)
            _, status = os.waitpid(child, 0)
            killed += os.WIFSIGNALED(status)
            if not house.the_release().is_open:
                break
        conducted(house)  # whoever comes last makes up for what is left

    assert set(seen) == {"1", "2"}
    assert killed >= 3
    release = house.the_release()
    assert release.state == "promoted", release.ending
    with house.records as records:
        made = moves(records.movements(PROJECT))
        assert records.unfinished(PROJECT) is None
        assert not records.unsettled(PROJECT)
    assert [one.kind for one in made] == ["deploy", "begin", "advance", "promote", "finish"]
    assert (set(house.answering(20)), house.live) == ({"2"}, "2")
    assert house.names.found == {"champion": "2"}
    wait_until(lambda: house.pid("stall.1") is None)


def test_people_who_roll_back_while_conductors_are_killed_have_the_last_word(
    house: House,
) -> None:
    chance = random.Random(6)
    for round_ in range(3):
        house.empty()
        house.deploy("1")
        house.begin("1", "2", **POLICY)
        with asked(house) as seen:
            child = begun(lambda: conducted(house))
            time.sleep(chance.uniform(0.2, 3))
            back: Any = house.take_back()
            time.sleep(chance.uniform(0, 0.3))
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            conducted(house)

        assert set(seen) <= {"1", "2"}, round_
        assert back.version == "2"
        assert (set(house.answering(20)), house.live) == ({"1"}, "1"), round_
        assert house.movements()[-1] == ("roll back", "2", "done")
        assert house.the_release().state in ("rolled back", "promoted")
