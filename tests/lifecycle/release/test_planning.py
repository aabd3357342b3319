"""Which plan each step of each strategy asks for."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from lifecycle.release.declaration import Releasing
from lifecycle.release.plan import WHOLE, Limits, Plan, Target
from lifecycle.release.planning import PATIENCE, Entrance, plan_of, steady
from lifecycle.release.release import Release
from tests.lifecycle.release.ledgers import release as a_release

ENTRANCE = Entrance(project="flights", host="127.0.0.1", port=3000)
OLD = Target(name="old", version="3", host="127.0.0.1", port=8003)
NEW = Target(name="new", version="4", host="127.0.0.1", port=8004)
TEST = {"metric": {"name": "booked"}, "effect": 0.01}
HEADER = {"header": "x-user-id"}


def planned(strategy: str, *, entrance: Entrance = ENTRANCE, **more: Any) -> Plan:
    """Plan a step; what is a field of the policy goes there, the rest into the release."""
    known = {name: more.pop(name) for name in [*more] if name in Releasing.model_fields}
    policy = Releasing.model_validate({"strategy": strategy, **known})
    release: Release = a_release(strategy=strategy, policy=policy, number=7, **more)
    found = plan_of(release, entrance, champion=OLD, challenger=NEW)
    found.check()
    return found


@pytest.mark.parametrize(("step", "share"), [(0, 500), (1, 2_500), (2, 5_000)])
def test_a_canary_gives_the_challenger_the_share_of_its_step_and_each_the_other_as_spare(
    step: int, share: int
) -> None:
    plan = planned("canary", steps=[0.05, 0.25, 0.5], step=step)

    assert [(part.target, part.weight, part.arm) for part in plan.parts] == [
        ("new", share, ""),
        ("old", WHOLE - share, ""),
    ]
    assert {target.name: target.spare for target in plan.targets} == {"new": "old", "old": "new"}
    assert (plan.release, plan.mirror, plan.sticky) == (7, None, None)


@pytest.mark.parametrize(
    ("unit", "kind", "name"),
    [
        (HEADER, "header", "x-user-id"),
        ({"cookie": "uid"}, "cookie", "uid"),
        ({"claim": "sub"}, "claim", "sub"),
    ],
)
def test_who_is_declared_as_unit_stays_where_it_is_and_is_dealt_anew_by_each_release(
    unit: dict[str, str], kind: str, name: str
) -> None:
    sticky = planned("canary", unit=unit).sticky

    assert sticky is not None
    assert (sticky.kind, sticky.name, sticky.salt, sticky.without) == (
        kind,
        name,
        "flights-7",
        "old",
    )


@given(some.floats(0.0002, 1), some.floats(0.0002, 1))
def test_an_arm_that_grows_takes_units_only_from_those_who_are_in_none(
    less: float, more: float
) -> None:
    less, more = min(less, more), max(less, more)

    def arms(share: float) -> tuple[range, range]:
        """The places among all ten-thousandths of the challenger's arm and the champion's."""
        parts = planned("ab", unit=HEADER, test={**TEST, "shares": [share]}).parts
        assert [part.target for part in parts] == ["new", "old", "old"]
        assert [part.arm for part in parts] == ["challenger", "", "champion"]
        first, _, last = (part.weight for part in parts)
        assert first == last >= 1
        return range(first), range(WHOLE - last, WHOLE)

    before, after = arms(less), arms(more)

    for small, large in zip(before, after, strict=True):
        assert set(small) <= set(large)
    assert not set(after[0]) & set(after[1])


def test_a_shadow_gets_copies_and_everybody_is_answered_by_the_champion() -> None:
    plan = planned("shadow", shadow={"share": 0.2}, entrance=_with(try_seconds=None))

    assert plan.weights == {"old": WHOLE, "new": 0}
    assert plan.mirror is not None
    assert (plan.mirror.target, plan.mirror.weight) == ("new", 2_000)
    assert {target.spare for target in plan.targets} == {None}
    assert plan.limits.try_seconds is None  # nobody could be asked instead
    assert plan.release == 7


@pytest.mark.parametrize("strategy", ["blue-green", "canary", "ab"])
def test_what_was_promoted_gets_everything_and_the_version_before_stands_by(
    strategy: str,
) -> None:
    more = {"unit": HEADER, "test": TEST} if strategy == "ab" else {}

    plan = planned(strategy, state="keeping", **more)

    assert plan.weights == {"new": WHOLE, "old": 0}
    assert {target.name: target.spare for target in plan.targets} == {"new": "old", "old": "new"}
    assert (plan.release, plan.sticky, plan.mirror) == (None, None, None)


def test_a_steady_plan_has_one_target_without_a_spare() -> None:
    plan = steady(ENTRANCE, NEW.model_copy(update={"spare": "old"}))

    assert plan.targets == (NEW,)
    assert plan.weights == {"new": WHOLE}
    plan.check()


@pytest.mark.parametrize(
    ("p99_ms", "seconds", "patience"),
    [
        (None, 10, PATIENCE),
        (50, 10, 1.0),  # half a second would be ten times; less than one is no sign of anything
        (300, 10, 3.0),
        (800, 10, 5.0),  # and then half of what a request may take is left for the spare
        (None, 1, 0.5),
    ],
)
def test_a_version_is_waited_for_ten_times_its_p99_and_its_spare_has_time_left(
    p99_ms: float | None, seconds: float, patience: float
) -> None:
    plan = planned("canary", guard={"p99_ms": p99_ms}, entrance=_with(seconds=seconds))

    assert plan.limits.try_seconds == patience


@pytest.mark.parametrize("strategy", ["canary", "shadow", "blue-green"])
def test_everything_else_is_that_of_the_entrance(strategy: str) -> None:
    entrance = _with(body_kb=7, rate=3.0, seconds=10)

    plan = planned(strategy, entrance=entrance)

    limits = plan.limits.model_copy(update={"try_seconds": None})
    assert limits == entrance.limits
    assert (plan.project, plan.host, plan.port) == ("flights", "127.0.0.1", 3000)


def _with(**limits: Any) -> Entrance:
    return ENTRANCE.model_copy(update={"limits": Limits(**limits)})
