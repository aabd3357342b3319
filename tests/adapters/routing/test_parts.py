"""Which request goes to which part: exact shares, and units that keep to theirs."""

import itertools
import json
import time
from collections import Counter

import pytest
from scipy.stats import chisquare

from adapters.routing import Part, Plan, RoutingError, Sticky, Tokens, apply
from lifecycle.release.plan import ARM_HEADER
from tests.adapters.routing.asking import ask_all
from tests.adapters.routing.conftest import House
from tests.adapters.routing.signing import Issuer

USERS = [f"user-{number}" for number in range(2_000)]


def by_header(salt: str = "7") -> Sticky:
    return Sticky(kind="header", name="x-user-id", salt=salt, without="shop-1")


def test_exactly_the_declared_share_goes_to_each(house: House) -> None:
    apply(house.state, house.pair(1_237))

    names = Counter(told.name for told in ask_all(house.port, [{}] * 10_000))

    # Once in 10,000 runs it would be this far off by chance.
    assert chisquare([names["shop-2"], names["shop-1"]], [1_237, 8_763]).pvalue > 1e-4


def test_a_user_keeps_to_a_version_and_moves_one_way_only(house: House) -> None:
    seen = []
    for share in (1_000, 3_000):
        apply(house.state, house.pair(share, sticky=by_header()))
        first, again = (
            [told.name for told in ask_all(house.port, [{"x-user-id": user} for user in USERS])]
            for _ in range(2)
        )
        assert first == again
        seen.append({user for user, name in zip(USERS, first, strict=True) if name == "shop-2"})

    few, more = seen
    assert few < more
    # Four standard deviations of a share among 2,000.
    assert abs(len(few) - 200) < 54
    assert abs(len(more) - 600) < 82


def test_the_arms_of_a_test_never_flip_while_it_grows(house: House) -> None:
    arms = []
    for share in (2_000, 6_000, 10_000):
        apply(house.state, in_a_test(house, share))
        told = ask_all(house.port, [{"x-user-id": user} for user in USERS[:1_000]])
        assert {(one.header(ARM_HEADER), one.name) for one in told} <= {
            ("7:challenger", "shop-2"),
            ("7:champion", "shop-1"),
            ("", "shop-1"),
        }
        arms.append([one.header(ARM_HEADER) for one in told])

    for before, after in itertools.pairwise(arms):
        assert all(one in ("", other) for one, other in zip(before, after, strict=True))
    assert "" not in arms[-1]
    assert abs(Counter(arms[-1])["7:champion"] - 500) < 64


def test_another_salt_chooses_other_users(house: House) -> None:
    chosen = []
    for salt in ("7", "8\\1 $"):
        apply(house.state, house.pair(5_000, sticky=by_header(salt)))
        told = ask_all(house.port, [{"x-user-id": user} for user in USERS[:400]])
        chosen.append([one.name for one in told])

    same = sum(one == other for one, other in zip(*chosen, strict=True))
    assert abs(same - 200) < 40


def test_the_arm_cannot_be_said_by_a_client(house: House) -> None:
    apply(house.state, in_a_test(house, 10_000))
    forged = {"X-Perennial-Arm": "7:champion", "x-perennial-unit": "me"}

    named = ask_all(house.port, [{"x-user-id": user, **forged} for user in USERS[:50]])
    unnamed = ask_all(house.port, [forged, {"x-user-id": "", **forged}])

    assert all(
        one.header(ARM_HEADER) == {"shop-1": "7:champion", "shop-2": "7:challenger"}[one.name]
        for one in named
    )
    assert {one.name for one in named} == {"shop-1", "shop-2"}
    assert [(one.name, one.header(ARM_HEADER)) for one in unnamed] == [("shop-1", "")] * 2
    assert not any(one.header("x-perennial-unit") for one in (*named, *unnamed))


def test_what_is_asked_besides_keeps_to_the_same_part(house: House) -> None:
    apply(house.state, in_a_test(house, 10_000))
    units = [{"x-user-id": user} for user in USERS[:40]]

    asked = [ask_all(house.port, units, path=path) for path in ("/predict", "/predict?x=1", "/o")]

    assert len({tuple(one.name for one in told) for told in asked}) == 1


def test_a_cookie_is_found_among_others(house: House) -> None:
    sticky = Sticky(kind="cookie", name="u.id", salt="7", without="shop-1")
    apply(house.state, house.pair(5_000, sticky=sticky))
    forms = ("u.id={}", "a=1; u.id={}; b=2", "xu.id=9; u.id={}; u.id=7", "uxid=3;u.id={}")

    asked = [
        ask_all(house.port, [{"cookie": form.format(user)} for user in USERS[:60]])
        for form in forms
    ]
    without = ask_all(house.port, [{"cookie": "xu.id=1; a=u.id=2"}, {"cookie": "u.id="}] * 20)

    assert len({tuple(one.name for one in told) for told in asked}) == 1
    assert {one.name for one in asked[0]} == {"shop-1", "shop-2"}
    assert {one.name for one in without} == {"shop-1"}


def test_a_claim_is_taken_from_a_token_that_was_checked(house: House) -> None:
    issuer = Issuer()
    sticky = Sticky(kind="claim", name="sub", salt="7", without="shop-1")
    tokens = Tokens(keys=issuer.keys, issuer="us", audience="shop")
    apply(house.state, house.pair(5_000, sticky=sticky, tokens=tokens))
    now = time.time()

    asked = [
        ask_all(
            house.port,
            [
                {"authorization": f"Bearer {issuer.token(sub=user, exp=now + 60 + late)}"}
                for user in USERS[:60]
            ],
        )
        for late in (0, 1)
    ]
    without = ask_all(house.port, [{"x-perennial-unit": user} for user in USERS[:20]])

    first, again = ([one.name for one in told] for told in asked)
    assert first == again
    assert {*first} == {"shop-1", "shop-2"}
    assert {one.name for one in without} == {"shop-1"}


def test_a_claim_without_tokens_is_refused(house: House) -> None:
    sticky = Sticky(kind="claim", name="sub", salt="7", without="shop-1")

    with pytest.raises(RoutingError, match="no tokens are declared"):
        apply(house.state, house.pair(5_000, sticky=sticky))


def test_a_target_in_two_parts_is_told_which(house: House) -> None:
    apply(house.state, in_a_test(house, 5_000))

    told = ask_all(house.port, [{"x-user-id": user} for user in USERS[:1_000]])

    found = Counter(json.loads(one.body)["headers"][ARM_HEADER] for one in told)
    assert abs(found["7:challenger"] - 250) < 60
    assert abs(found["7:champion"] - 250) < 60
    assert abs(found[""] - 500) < 66


def in_a_test(house: House, share: int) -> Plan:
    """Give the plan of an A/B test in which a share of the units is."""
    parts = [
        Part(target="shop-2", weight=share // 2, arm="challenger"),
        Part(target="shop-1", weight=10_000 - share),
        Part(target="shop-1", weight=share - share // 2, arm="champion"),
    ]
    return house.pair().model_copy(
        update={"parts": tuple(parts), "sticky": by_header(), "release": 7}
    )
