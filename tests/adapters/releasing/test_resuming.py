"""What was broken off is taken up again."""

import os
import signal
from pathlib import Path

import pytest

from adapters.releasing.conductor import conductor_of, stop_conductor
from adapters.releasing.context import write_context
from adapters.releasing.resuming import take_up
from adapters.routing.router import _Router
from tests.adapters.releasing.stages import (
    PROJECT,
    House,
    a_project,
    dies,
    killing,
    wait_until,
)

pytestmark = pytest.mark.xdist_group("releasing resuming")


def test_a_release_that_nobody_looks_after_is_looked_after_again(fresh: House, root: Path) -> None:
    fresh.deploy("1")
    write_context(a_project(fresh), home=fresh.state, stack="local", state=fresh.state)
    fresh.begin("1", "2", strategy="canary", steps=[0.5])
    assert fresh.pid(conductor_of(PROJECT)) is None  # killed before it was begun

    taken_up = take_up(fresh.state, root=root)
    first = fresh.pid(conductor_of(PROJECT))
    again = take_up(fresh.state, root=root)

    assert taken_up == again == (PROJECT,)
    assert fresh.pid(conductor_of(PROJECT)) == first is not None
    os.kill(first, signal.SIGSTOP)  # it is left alone, whatever it does
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: fresh.pid(conductor_of(PROJECT)) not in (None, first))
    stop_conductor(PROJECT, state=fresh.state)


def test_moves_that_were_broken_off_are_repaired(fresh: House, root: Path) -> None:
    fresh.deploy("1")
    movement = fresh.deployment(fresh.version("2"))
    assert dies(lambda: fresh.make(movement), at=killing(_Router, "_remember"))

    taken_up = take_up(fresh.state, root=root)

    assert taken_up == ()
    assert fresh.movements()[-1] == ("deploy", "2", "undone")
    assert set(fresh.answering(10)) == {"1"}


def test_where_nothing_ever_moved_there_is_nothing_to_take_up(tmp_path: Path, root: Path) -> None:
    assert take_up(tmp_path, root=root) == ()
    assert not (tmp_path / "records.db").exists()


def test_a_release_that_is_being_prepared_is_left_to_whoever_prepares_it(
    fresh: House, root: Path
) -> None:
    fresh.deploy("1")
    fresh.open("1", "2")

    assert take_up(fresh.state, root=root) == ()
    assert fresh.the_release().is_open
