"""The Gateway and its route: which version gets which part of the requests."""

from collections.abc import Iterator

from adapters.gateway.naming import (
    ENVOY_GATEWAY,
    GATEWAY_API,
    GatewayError,
    Manifest,
    duration,
    reference,
)
from adapters.gateway.targets import Backends
from adapters.gateway.unit import names_a_unit
from lifecycle.release.plan import ARM_HEADER, WHOLE, Part, Plan

LISTENER = "http"

ANSWER_SECONDS = 5.0
"""Longer than the version's own limit by so much, so that its answer comes first."""

MOST_BACKENDS = 16
"""Of one rule, by the Gateway API."""


def gateway(plan: Plan, metadata: Manifest, gateway_class: str) -> Manifest:
    """Describe where requests come in."""
    listener = {
        "name": LISTENER,
        "port": plan.port,
        "protocol": "HTTP",
        "allowedRoutes": {"namespaces": {"from": "Same"}},
    }
    return {
        "apiVersion": f"{GATEWAY_API}/v1",
        "kind": "Gateway",
        "metadata": metadata,
        "spec": {"gatewayClassName": gateway_class, "listeners": [listener]},
    }


def route(plan: Plan, metadata: Manifest, backends: Backends) -> Manifest:
    """Describe where they go."""
    parent = {**reference("Gateway", metadata["name"]), "sectionName": LISTENER}
    return {
        "apiVersion": f"{GATEWAY_API}/v1",
        "kind": "HTTPRoute",
        "metadata": metadata,
        "spec": {"parentRefs": [parent], "rules": [*_rules(plan, metadata["name"], backends)]},
    }


def _rules(plan: Plan, name: str, backends: Backends) -> Iterator[Manifest]:
    if not plan.parts:
        yield {"matches": [_everything()], "filters": [_nobody(name)]}
        return
    if len(plan.parts) > MOST_BACKENDS:
        raise GatewayError(
            f"The requests are in {len(plan.parts)} parts, and a rule of a route knows "
            f"{MOST_BACKENDS} at most."
        )
    if plan.sticky is None:
        yield _rule(plan, backends, _everything(), plan.parts)
        return
    named = {**_everything(), "headers": [names_a_unit(plan.sticky)]}
    yield _rule(plan, backends, named, plan.parts)
    yield _rule(plan, backends, _everything(), (Part(target=plan.sticky.without, weight=WHOLE),))


def _rule(plan: Plan, backends: Backends, match: Manifest, parts: tuple[Part, ...]) -> Manifest:
    rule = {
        "matches": [match],
        "backendRefs": [_part(plan, backends, part) for part in parts],
        "timeouts": {"request": duration(plan.limits.seconds + ANSWER_SECONDS)},
    }
    if plan.mirror is not None:
        rule["filters"] = [_mirror(plan, backends)]
    return rule


def _part(plan: Plan, backends: Backends, part: Part) -> Manifest:
    """Send a part to its target, which is told the arm by a header, or that there is none.

    A filter of its own makes each part a cluster of its own for Envoy Gateway, which chooses
    among clusters, and not among pods, by their weights and by the hash of the unit.
    """
    arm: Manifest = {"remove": [ARM_HEADER]}
    if part.arm:
        arm = {"set": [{"name": ARM_HEADER, "value": f"{plan.release}:{part.arm}"}]}
    return {
        **backends.reference(part.target),
        "weight": part.weight,
        "filters": [{"type": "RequestHeaderModifier", "requestHeaderModifier": arm}],
    }


def _mirror(plan: Plan, backends: Backends) -> Manifest:
    assert plan.mirror is not None
    copied: Manifest = {"backendRef": backends.reference(plan.mirror.target)}
    if plan.mirror.weight < WHOLE:
        copied["fraction"] = {"numerator": plan.mirror.weight, "denominator": WHOLE}
    return {"type": "RequestMirror", "requestMirror": copied}


def _everything() -> Manifest:
    return {"path": {"type": "PathPrefix", "value": "/"}}


def _nobody(name: str) -> Manifest:
    found = {"group": ENVOY_GATEWAY, "kind": "HTTPRouteFilter", "name": name}
    return {"type": "ExtensionRef", "extensionRef": found}


def nobody(metadata: Manifest) -> Manifest:
    """Answer 503 where no version is there to answer."""
    return {
        "apiVersion": f"{ENVOY_GATEWAY}/v1alpha1",
        "kind": "HTTPRouteFilter",
        "metadata": metadata,
        "spec": {"directResponse": {"statusCode": 503}},
    }
