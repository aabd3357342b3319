"""The manifests of a plan say what the plan says, and what the specification takes."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from hypothesis import given, settings

from adapters.gateway import GatewayError, lacks, render, written
from adapters.gateway.naming import label_name
from lifecycle.release.plan import (
    ARM_HEADER,
    WHOLE,
    Limits,
    Mirror,
    Part,
    Plan,
    Sticky,
    Target,
    Tokens,
)
from tests.adapters.gateway.plans import KEYS, of_two, plans
from tests.adapters.gateway.specification import Rule, read


def rendered(plan: Plan) -> tuple[dict[str, Any], ...]:
    return render(plan, namespace="models", without={lack.word for lack in lacks(plan)})


def kinds(plan: Plan) -> dict[str, Any]:
    """The manifests as the specification reads them; of Services there may be several."""
    return {one["kind"]: read(one) for one in rendered(plan)}


def services(plan: Plan) -> dict[str, str]:
    """Which Service each target is reached by, read from what was made of the plan."""
    found = {}
    for target in plan.targets:
        if target.host in ("127.0.0.1", "::1", "localhost"):
            found[target.name] = label_name(f"{plan.project}-v{target.version}")
        elif target.host[0].isdigit():
            found[target.name] = label_name(target.name)
        else:
            found[target.name] = target.host.split(".")[0]
    return found


def parts_of(rule: Rule, plan: Plan) -> Iterator[tuple[str, int, str]]:
    """What a rule says of parts, in a plan's words."""
    for backend in rule.backends:
        [modified] = backend.filters
        told = {header.name: header.value for header in modified.header.set}
        assert told.keys() <= {ARM_HEADER}
        assert modified.header.remove == ([] if told else [ARM_HEADER])
        number, _, arm = told.get(ARM_HEADER, f"{plan.release}:").partition(":")
        assert number == str(plan.release)
        yield backend.name, backend.weight, arm


@settings(max_examples=150, deadline=None)
@given(plan=plans())
def test_any_plan_renders_to_what_the_specification_takes_and_says_the_same(plan: Plan) -> None:
    found, called = kinds(plan), services(plan)

    rules = found["HTTPRoute"].spec.rules
    said = [(called[part.target], part.weight, part.arm) for part in plan.parts]
    assert found["Gateway"].spec.listeners[0].port == plan.port
    if not plan.parts:
        assert [rule.filters[0].type for rule in rules] == ["ExtensionRef"]
        assert found["HTTPRouteFilter"].spec.direct_response.status == 503
        assert "BackendTrafficPolicy" not in found
        return
    assert [*parts_of(rules[0], plan)] == said
    if plan.sticky is None:
        assert len(rules) == 1
        assert rules[0].matches[0].headers == []
    else:
        assert len(rules) == 2
        assert len(rules[0].matches[0].headers) == 1
        assert [*parts_of(rules[1], plan)] == [(called[plan.sticky.without], WHOLE, "")]
        assert rules[1].matches[0].headers == []
    for rule in rules:
        mirrors = [one.mirror for one in rule.filters]
        if plan.mirror is None:
            assert mirrors == []
        else:
            [mirror] = mirrors
            copied = mirror.fraction.numerator if mirror.fraction else WHOLE
            assert (mirror.backend.name, copied) == (called[plan.mirror.target], plan.mirror.weight)


@settings(max_examples=100, deadline=None)
@given(plan=plans())
def test_the_limits_of_any_plan_are_said_as_they_are(plan: Plan) -> None:
    found = kinds(plan)

    client = found["ClientTrafficPolicy"].spec
    assert client.connection.limit.value == plan.limits.connections
    assert 0 <= seconds(client.timeout.http.received) - plan.limits.seconds < 0.0011
    assert ("SecurityPolicy" in found) == (plan.tokens is not None)
    if plan.tokens is not None:
        jwt = found["SecurityPolicy"].spec.jwt
        assert jwt.optional is not plan.tokens.required
        assert jwt.providers[0].keys.inline == plan.tokens.keys
        assert jwt.providers[0].issuer == plan.tokens.issuer
        assert jwt.providers[0].audiences == [plan.tokens.audience]
    if not plan.parts:
        return
    backend = found["BackendTrafficPolicy"].spec
    assert backend.buffer.limit == f"{plan.limits.body_kb}Ki"
    assert (backend.retry.number if backend.retry else 0) == plan.limits.retries
    assert (backend.balancer is None) == (plan.sticky is None)
    assert (backend.rate is None) == (plan.limits.rate is None)
    if backend.rate is not None:
        limit = backend.rate.local.rules[0].limit
        per = {"Second": 1, "Minute": 60, "Hour": 3_600}[limit.unit]
        assert limit.requests / per == pytest.approx(plan.limits.rate)


def seconds(duration: str) -> float:
    whole, number = 0.0, ""
    units = {"h": 3_600, "m": 60, "s": 1, "ms": 0.001}
    rest = duration
    while rest:
        number = ""
        while rest[0].isdigit():
            number, rest = number + rest[0], rest[1:]
        unit = "ms" if rest.startswith("ms") else rest[0]
        rest = rest[len(unit) :]
        whole += int(number) * units[unit]
    return whole


@settings(max_examples=60, deadline=None)
@given(plan=plans())
def test_what_is_written_reads_the_same_for_a_reader_of_yaml_1_1(plan: Plan) -> None:
    """As kubectl is one: there `on`, `1e3` and `8:30` are no text."""
    manifests = rendered(plan)

    assert tuple(yaml.safe_load_all(written(manifests))) == manifests


@pytest.mark.parametrize(
    "word",
    [
        "on",
        "NO",
        "y",
        "1e3",
        "8:30",
        "0x1F",
        "~",
        ".inf",
        "2026-01-01",
    ],
)
def test_words_that_look_like_something_else_stay_text(word: str) -> None:
    assert yaml.safe_load(written([{word: word}])) == {word: word}


def test_an_arm_is_told_and_what_is_in_none_is_told_nothing() -> None:
    parts = (
        Part(target="new", weight=1_500, arm="challenger"),
        Part(target="old", weight=7_000),
        Part(target="old", weight=1_500, arm="champion"),
    )
    sticky = Sticky(kind="header", name="x-user-id", salt="flights-8", without="old")
    found = kinds(of_two(parts=parts, sticky=sticky, release=8))

    backends = found["HTTPRoute"].spec.rules[0].backends
    told = [one.filters[0].header for one in backends]
    early = found["ClientTrafficPolicy"].spec.headers.early
    assert [[header.value for header in one.set] for one in told] == [
        ["8:challenger"], [], ["8:champion"],
    ]  # fmt: skip
    assert told[1].remove == early.remove == [ARM_HEADER]
    assert [(one.name, one.value) for one in early.set] == [
        ("x-perennial-unit", "flights-8:%REQ(x-user-id)%")
    ]


@pytest.mark.parametrize(
    ("kind", "hashed", "matched"),
    [
        ("header", {"header": "x-perennial-unit"}, ("who", ".+")),
        ("cookie", {"cookie": "who"}, ("cookie", "(.*; ?)?who=[^;]+(;.*)?")),
        ("claim", {"header": "x-perennial-unit"}, ("x-perennial-unit", ".+")),
    ],
)
def test_a_unit_is_hashed_and_requests_without_one_are_known(
    kind: str, hashed: dict[str, str], matched: tuple[str, str]
) -> None:
    sticky = Sticky.model_validate({"kind": kind, "name": "who", "salt": "s", "without": "old"})
    tokens = Tokens(keys=KEYS, issuer="i", audience="a", leeway_seconds=60)
    found = kinds(of_two(sticky=sticky, tokens=tokens, release=1))

    balancer = found["BackendTrafficPolicy"].spec.balancer.hash
    told = {
        key: one.name
        for key, one in (("header", balancer.header), ("cookie", balancer.cookie))
        if one
    }
    match = found["HTTPRoute"].spec.rules[0].matches[0].headers[0]
    claims = [
        (one.claim, one.header) for one in found["SecurityPolicy"].spec.jwt.providers[0].claims
    ]
    assert told == hashed
    assert (match.name, match.value) == matched
    assert claims == ([("who", "x-perennial-unit")] if kind == "claim" else [])


def test_a_shadow_gets_its_part_of_copies_and_no_requests() -> None:
    plan = of_two(
        parts=(Part(target="old", weight=WHOLE),), mirror=Mirror(target="new", weight=2_500)
    )
    [rule] = kinds(plan)["HTTPRoute"].spec.rules

    assert [one.name for one in rule.backends] == ["flights-v3"]
    mirror = rule.filters[0].mirror
    assert mirror.backend.name == "flights-v4"
    assert (mirror.fraction.numerator, mirror.fraction.denominator) == (2_500, WHOLE)


def test_a_target_with_an_address_is_an_endpoint_and_a_named_one_is_taken_as_it_is() -> None:
    targets = (
        Target(name="new", version="4", host="2001:db8::7", port=8004),
        Target(name="old", version="3", host="flights-old.models.svc.cluster.local", port=81),
    )
    manifests = rendered(of_two(targets=targets))

    made = [(one["kind"], one["metadata"]["name"]) for one in manifests][:2]
    rule = kinds(of_two(targets=targets))["HTTPRoute"].spec.rules[0]
    assert made == [("Service", "new"), ("EndpointSlice", "new")]
    assert [(one.name, one.port) for one in rule.backends] == [("new", 8004), ("flights-old", 81)]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"targets": (Target(name="new", version="4", host="models.example.com", port=1),
                      Target(name="old", version="3", host="b", port=1))}, "is no Service of"),
        ({"targets": (Target(name="new", version="4", host="a.elsewhere.svc", port=1),
                      Target(name="old", version="3", host="b", port=1))}, "is no Service of"),
        ({"targets": (Target(name="new", version="4", host="169.254.0.1", port=1),
                      Target(name="old", version="3", host="b", port=1))}, "no pod can have"),
        ({"targets": (Target(name="new", version="4", host="127.0.0.1", port=1),
                      Target(name="old", version="4", host="127.0.0.1", port=2))}, "tell their"),
        ({"targets": (Target(name="new", version="4 b", host="127.0.0.1", port=1),
                      Target(name="old", version="3", host="b", port=2))}, "a label of Kubernetes"),
        ({"targets": (Target(name="new", version="v", host="127.0.0.1", port=1),
                      Target(name="old", version="3", host="b", port=2)),
          "parts": tuple([Part(target="new", weight=1)] * 16 + [Part(target="old", weight=9_984)])},
         "17 parts"),
        ({"sticky": Sticky(kind="claim", name="sub", salt="s", without="old")}, "no tokens"),
        ({"sticky": Sticky(kind="header", name="who", salt="ä", without="old")}, "a part of"),
        ({"limits": Limits(rate=0.0001)}, "no whole number"),
        ({"limits": Limits(seconds=1e9)}, "99,999 hours"),
    ],
)  # fmt: skip
def test_what_cannot_be_said_is_refused_with_its_reason(changed: dict[str, Any], told: str) -> None:
    with pytest.raises(GatewayError, match=told):
        rendered(of_two(**changed))


@pytest.mark.parametrize("namespace", ["", "Models", "a_b", "-a", "a" * 64])
def test_a_namespace_has_to_be_one(namespace: str) -> None:
    with pytest.raises(GatewayError, match="cannot be a namespace"):
        render(of_two(), namespace=namespace, without={"spares"})
