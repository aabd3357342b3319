"""What Gateway API has no word for, and Envoy Gateway has: limits, retries, hashes, tokens."""

from collections.abc import Iterator
from math import isclose
from typing import Any

from adapters.gateway.naming import ENVOY_GATEWAY, GatewayError, Manifest, duration, reference
from adapters.gateway.unit import UNIT_HEADER, claimed, hashed, salted
from lifecycle.release.plan import ARM_HEADER, Plan

CONNECT_SECONDS = 1.0
KEPT_SECONDS = 3.0
"""An idle connection is closed before the version closes it (uvicorn: after 5 seconds): a request
sent into a connection that is just being closed is lost."""

MOST_RETRIES = 100

UNITS = {"Second": 1, "Minute": 60, "Hour": 3_600}

MOST_REQUESTS = 2**32 - 1


def policies(plan: Plan, metadata: Manifest) -> Iterator[Manifest]:
    """Describe how requests are taken in, passed on, and who may ask."""
    name = metadata["name"]
    yield _policy("ClientTrafficPolicy", metadata, reference("Gateway", name), _taking_in(plan))
    on_route = reference("HTTPRoute", name)
    if plan.parts:
        yield _policy("BackendTrafficPolicy", metadata, on_route, _passing_on(plan))
    if plan.tokens is not None:
        yield _policy("SecurityPolicy", metadata, on_route, {"jwt": _tokens(plan)})
    else:
        claimed(plan)  # refuses a claim that nobody could read


def _policy(kind: str, metadata: Manifest, about: Manifest, spec: Manifest) -> Manifest:
    return {
        "apiVersion": f"{ENVOY_GATEWAY}/v1alpha1",
        "kind": kind,
        "metadata": metadata,
        "spec": {"targetRefs": [about], **spec},
    }


def _taking_in(plan: Plan) -> Manifest:
    """Take from requests what only the proxy may say, and bound what they take up."""
    early: Manifest = {"remove": [ARM_HEADER, UNIT_HEADER]}
    if plan.sticky is not None and (salt := salted(plan.sticky)):
        early = {"set": salt, "remove": [ARM_HEADER]}
    return {
        "headers": {"requestID": "PreserveOrGenerate", "earlyRequestHeaders": early},
        "timeout": {"http": {"requestReceivedTimeout": duration(plan.limits.seconds)}},
        "connection": {
            "connectionLimit": {"value": plan.limits.connections},
            "bufferLimit": f"{plan.limits.body_kb}Ki",
        },
    }


def _passing_on(plan: Plan) -> Manifest:
    limits, told = plan.limits, _health(plan)
    spec: Manifest = {
        "healthCheck": told,
        "timeout": {
            "tcp": {"connectTimeout": duration(CONNECT_SECONDS)},
            "http": {"connectionIdleTimeout": duration(KEPT_SECONDS)},
        },
        "requestBuffer": {"limit": f"{limits.body_kb}Ki"},
        "circuitBreaker": {
            "maxConnections": limits.connections,
            "maxPendingRequests": limits.connections,
            "maxParallelRequests": limits.connections,
            "maxParallelRetries": MOST_RETRIES,
        },
    }
    if limits.retries:
        spec["retry"] = _retry(plan)
    if limits.rate is not None:
        spec["rateLimit"] = {"type": "Local", "local": {"rules": [{"limit": _rate(limits.rate)}]}}
    if plan.sticky is not None:
        spec["loadBalancer"] = {"type": "ConsistentHash", "consistentHash": hashed(plan.sticky)}
    return spec


def _health(plan: Plan) -> Manifest:
    """Ask seldom and patiently: busy is not dead. One that is dead is not asked at all."""
    return {
        "active": {
            "type": "HTTP",
            "http": {"path": plan.health, "method": "GET"},
            "timeout": "5s",
            "interval": "2s",
            "unhealthyThreshold": 3,
            "healthyThreshold": 1,
        },
        "panicThreshold": 0,
    }


def _retry(plan: Plan) -> Manifest:
    """Send again only what no version can have seen: an event must not be written twice."""
    return {
        "numRetries": plan.limits.retries,
        "retryOn": {"triggers": ["connect-failure", "refused-stream", "reset-before-request"]},
        "perRetry": {"backOff": {"baseInterval": "25ms", "maxInterval": "250ms"}},
    }


def _rate(rate: float) -> dict[str, Any]:
    """Write a number of requests a second as a whole number of the shortest time there is.

    Raises
    ------
    GatewayError
        If it is no whole number of an hour either.
    """
    for unit, seconds in UNITS.items():
        requests = rate * seconds
        is_whole = isclose(requests, round(requests), rel_tol=1e-9)
        if is_whole and 1 <= round(requests) <= MOST_REQUESTS:
            return {"requests": round(requests), "unit": unit}
    raise GatewayError(
        f"{rate:g} requests a second are let through, which is no whole number of requests in a "
        f"second, a minute or an hour, or more than {MOST_REQUESTS:,}. Choose another "
        "serving.router.rate."
    )


def _tokens(plan: Plan) -> Manifest:
    tokens = plan.tokens
    assert tokens is not None
    provider = {
        "name": "declared",
        "issuer": tokens.issuer,
        "audiences": [tokens.audience],
        "localJWKS": {"type": "Inline", "inline": tokens.keys},
        **claimed(plan),
    }
    return {"optional": not tokens.required, "providers": [provider]}
