"""What has no word in the Gateway API is said, and never left out in silence."""

import pytest

from adapters.gateway import GatewayError, lacks, render
from lifecycle.release.plan import Limits, Sticky, Tokens
from tests.adapters.gateway.plans import KEYS, of_two


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({}, "spares"),
        ({"host": "127.0.0.1"}, "address"),
        ({"host": "192.0.2.7"}, "address"),
        ({"limits": Limits(rate=5)}, "rate"),
        ({"sticky": Sticky(kind="cookie", name="who", salt="s", without="old")}, "salt"),
        ({"tokens": Tokens(keys=KEYS, issuer="i", audience="a")}, "leeway"),
    ],
)
def test_what_is_lacking_is_refused_until_it_is_accepted_by_name(
    changed: dict[str, object], word: str
) -> None:
    plan = of_two(**changed)
    words = {lack.word for lack in lacks(plan)}

    with pytest.raises(GatewayError, match=f"--without {word}"):
        render(plan, namespace="models", without=words - {word})
    assert render(plan, namespace="models", without=words)
    assert word in words


def test_a_plan_that_asks_for_nothing_special_lacks_nothing() -> None:
    alone = tuple(one.model_copy(update={"spare": None}) for one in of_two().targets)
    sticky = Sticky(kind="header", name="who", salt="s", without="old")
    tokens = Tokens(keys=KEYS, issuer="i", audience="a", leeway_seconds=60)

    assert lacks(of_two(targets=alone, sticky=sticky, tokens=tokens)) == ()


def test_a_word_that_is_none_is_refused_with_what_there_is() -> None:
    with pytest.raises(GatewayError, match=r'Nothing is called "spare"[.].*mean "spares"'):
        render(of_two(), namespace="models", without={"spare"})


def test_what_was_left_out_is_noted_on_what_is_applied() -> None:
    manifests = render(of_two(release=7), namespace="models", without={"spares"})

    noted = manifests[-1]["metadata"]["annotations"]
    assert noted == {"perennial/release": "7", "perennial/without": "spares"}
