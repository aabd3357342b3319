"""A version takes over from another wholly, and is taken away wholly."""

import sys
import time
from collections.abc import Iterator

import pytest

from adapters.promotion import alone, take_away, take_over
from adapters.releasing.conductor import conductor_of, stop_conductor
from adapters.releasing.moving import deployment_lock
from adapters.supervision.record import read_live
from lifecycle.errors import Refused
from lifecycle.serving.live import Live
from lifecycle.verdict import Verdicts
from tests.adapters.releasing.stages import PROJECT, House, Names, in_child, wait_until
from tests.adapters.routing.conftest import _house

pytestmark = pytest.mark.xdist_group("promotion")

STOPPED = "It was stopped by bob, and nothing answers."


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with _house(tmp_path_factory.mktemp("house")) as house:
        yield House(house.state, house.supervisor)


@pytest.fixture
def anew(house: House) -> House:
    """Nothing has ever happened, and nothing answers."""
    house.empty()
    return house


def take(house: House, live: Live, registry: Names | None = None) -> Live:
    return take_over(
        live,
        house.entrance,
        verdicts=Verdicts(),
        by="ann",
        state=house.state,
        registry=registry or house.names,
    )


class Refusing(Names):
    """A registry that does not answer."""

    def crown(self, project: str, number: str) -> None:
        raise ConnectionError("the registry does not answer")


def test_who_takes_over_is_champion_and_whoever_answered_before_is_stopped(anew: House) -> None:
    take(anew, anew.version("1"))
    anew.names.are(champion="1", challenger="2")

    take(anew, anew.version("2"))

    assert set(anew.answering(10)) == {"2"}
    assert anew.live == "2"
    assert anew.names.found == {"champion": "2"}
    assert anew.pid("stall.1") is None
    with anew.records as records:
        assert not records.unsettled(PROJECT)


def test_who_cannot_be_crowned_does_not_take_over_and_is_stopped(anew: House) -> None:
    take(anew, anew.version("1"))

    with pytest.raises(ConnectionError, match="the registry does not answer"):
        take(anew, anew.version("2"), Refusing(anew.names.file))

    assert set(anew.answering(10)) == {"1"}
    assert anew.live == "1"
    assert anew.names.found == {"champion": "1"}
    assert anew.pid("stall.2") is None
    assert anew.movements()[-1] == ("deploy", "2", "undone")


def test_a_version_that_is_rolled_back_while_it_is_deployed_anew_does_not_take_over(
    anew: House,
) -> None:
    take(anew, anew.version("1"))
    take(anew, anew.version("2"))
    anew.take_back()
    again = anew.version("2").model_copy(update={"name": "stall.2"})

    with pytest.raises(Refused, match=r"Version 2 of stall was rolled back .* by ann"):
        take(anew, again)

    assert set(anew.answering(10)) == {"1"}


def test_what_the_registry_was_not_told_of_a_rollback_is_told_with_the_next_deployment(
    anew: House,
) -> None:
    take(anew, anew.version("1"))
    anew.begin("1", "2", strategy="canary", steps=[0.5])
    anew.take_back()  # and whoever did so was killed before anything followed from it

    take(anew, anew.version("3"))

    assert anew.names.found == {"champion": "3"}
    assert {name for name in ("stall.1", "stall.2", "stall.3") if anew.pid(name)} == {"stall.3"}


def test_what_is_taken_away_is_told_to_the_registry_later(anew: House) -> None:
    take(anew, anew.version("1"))
    anew.begin("1", "2", strategy="canary", steps=[0.5])
    anew.take_back()

    take_away(PROJECT, by="ann", state=anew.state)
    after_stop = anew.names.found
    take(anew, anew.version("1"))

    assert after_stop == {"champion": "1", "challenger": "2"}
    assert anew.names.found == {"champion": "1"}


def test_a_stop_ends_the_release_that_goes_on(anew: House) -> None:
    take(anew, anew.version("1"))
    anew.begin("1", "2", strategy="canary", steps=[0.5])

    take_away(PROJECT, by="bob", state=anew.state)

    release = anew.the_release()
    assert (release.state, release.ending, release.is_open) == ("stopped", STOPPED, False)
    assert set(anew.answering(4)) == {"nobody"}
    assert read_live(anew.state, PROJECT) is None
    assert {anew.pid(name) for name in ("stall.1", "stall.2", f"router-{PROJECT}")} == {None}
    assert (anew.state / "reports" / PROJECT / "releases" / "1.html").exists()


def test_a_stop_that_meets_a_rollback_leaves_the_release_as_it_ended(
    anew: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    from adapters import promotion

    take(anew, anew.version("1"))
    anew.begin("1", "2", strategy="canary", steps=[0.5])
    real, others = promotion.move, ["ann"]

    def late(movement, **more):
        if others:
            anew.take_back(by=others.pop())
        return real(movement, **more)

    monkeypatch.setattr(promotion, "move", late)
    take_away(PROJECT, by="bob", state=anew.state)

    assert anew.the_release().state == "rolled back"
    assert anew.live is None
    assert anew.movements()[-2:] == [("roll back", "2", "done"), ("stop", "1", "done")]


def test_what_is_not_there_can_be_taken_away(anew: House) -> None:
    take_away(PROJECT, by="ann", state=anew.state)

    assert anew.live is None


def test_only_one_at_a_time_changes_what_runs(anew: House) -> None:
    with alone(PROJECT, state=anew.state):
        told = in_child(lambda: alone(PROJECT, state=anew.state).__enter__())()

    assert told.startswith('HostingError: "stall" is being deployed or released by another command')
    with alone(PROJECT, state=anew.state):
        pass


def test_a_conductor_that_is_just_sweeping_up_is_waited_for(anew: House) -> None:
    anew.supervisor.start(
        conductor_of(PROJECT),
        [sys.executable, "-c", "import time; time.sleep(60)"],
        env={}, folder=anew.state, log=anew.state / "conductor.log", stop_seconds=2,
    )  # fmt: skip
    ready = anew.state / "held"

    def sweep_up() -> None:
        with deployment_lock(PROJECT, anew.state):
            ready.touch()
            time.sleep(0.7)

    swept = in_child(sweep_up)
    wait_until(ready.exists)
    try:
        with alone(PROJECT, state=anew.state):
            told = swept()
    finally:
        stop_conductor(PROJECT, state=anew.state)

    assert told == "did "


def test_what_is_broken_off_leaves_nothing_running_but_what_answers(anew: House) -> None:
    take(anew, anew.version("1"))

    with pytest.raises(KeyboardInterrupt), alone(PROJECT, state=anew.state):
        anew.version("2")
        raise KeyboardInterrupt

    assert anew.pid("stall.2") is None
    assert anew.pid("stall.1") is not None
