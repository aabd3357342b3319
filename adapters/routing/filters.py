"""What a request passes before it is sent to a version: rate, tokens, its body, counting."""

import math
from typing import Any

from adapters.routing.words import ATTEMPTS, UNIT_HEADER, typed
from lifecycle.release.plan import Plan, Tokens

FILL_SECONDS = 0.05
"""Envoy adds to what the rate allows not more often."""

CHECKED = 1_000
"""Tokens that are remembered as checked."""

_KEY = "prn_"
"""How API keys begin: the version knows them, the router does not."""


def filters(plan: Plan) -> list[dict[str, Any]]:
    """Describe them in their order."""
    found = []
    if plan.limits.rate is not None:
        found.append(_rate(plan.limits.rate))
    if plan.tokens is not None:
        found.append(_tokens(plan.tokens, _claim(plan)))
    return [*found, _body(plan.limits.body_kb), _router()]


def _rate(rate: float) -> dict[str, Any]:
    """Let a second's requests come at once, at least one, and refuse what is more with 429."""
    each = max(1, math.ceil(rate * FILL_SECONDS))
    always = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}
    return {
        "name": "envoy.filters.http.local_ratelimit",
        "typed_config": typed(
            "extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
            stat_prefix="rate",
            token_bucket={
                "max_tokens": max(1, math.ceil(rate)),
                "tokens_per_fill": each,
                "fill_interval": f"{each / rate:.6f}s",
            },
            filter_enabled=always,
            filter_enforced=always,
        ),
    }


def _tokens(tokens: Tokens, claim: str | None) -> dict[str, Any]:
    """Check the tokens of requests that a version would be asked with, and leave API keys to it.

    Only what is certainly wrong is refused: signature, issuer, audience, time. The version checks
    everything itself, and is the one to say what a role may do.
    """
    provider: dict[str, Any] = {
        "issuer": tokens.issuer,
        "audiences": [tokens.audience],
        "local_jwks": {"inline_string": tokens.keys},
        "clock_skew_seconds": tokens.leeway_seconds,
        "from_headers": [
            {"name": "Authorization", "value_prefix": "Bearer "},
            {"name": "X-API-Key"},
        ],
        "forward": True,
        "jwt_cache_config": {"jwt_cache_size": CHECKED},
    }
    if claim is not None:
        provider["claim_to_headers"] = [{"header_name": UNIT_HEADER, "claim_name": claim}]
        provider["clear_route_cache"] = True
    asked: dict[str, Any] = {"provider_name": "issuer"}
    if not tokens.required:
        asked = {"requires_any": {"requirements": [asked, {"allow_missing": {}}]}}
    post = {"name": ":method", "string_match": {"exact": "POST"}}
    rules = [
        *({"match": {"prefix": "/", "headers": [header]}} for header in _keys()),
        {"match": {"prefix": "/", "headers": [post]}, "requires": asked},
    ]
    return {
        "name": "envoy.filters.http.jwt_authn",
        "typed_config": typed(
            "extensions.filters.http.jwt_authn.v3.JwtAuthentication",
            providers={"issuer": provider},
            rules=rules,
        ),
    }


def _keys() -> list[dict[str, Any]]:
    bearer = {"safe_regex": {"regex": rf"(?i:bearer) +{_KEY}.*"}}
    return [
        {"name": "authorization", "string_match": bearer},
        {"name": "x-api-key", "string_match": {"prefix": _KEY}},
    ]


def _claim(plan: Plan) -> str | None:
    return plan.sticky.name if plan.sticky and plan.sticky.kind == "claim" else None


def _body(kilobytes: int) -> dict[str, Any]:
    """Take in the whole body before a version is bothered with it."""
    return {
        "name": "envoy.filters.http.buffer",
        "typed_config": typed(
            "extensions.filters.http.buffer.v3.Buffer", max_request_bytes=kilobytes * 1024
        ),
    }


def _router() -> dict[str, Any]:
    return {
        "name": "envoy.filters.http.router",
        "typed_config": typed(
            "extensions.filters.http.router.v3.Router",
            suppress_envoy_headers=True,
            upstream_log=[_made(), _took()],
        ),
    }


_TARGET = {"name": "target", "value_format": "%UPSTREAM_HOST_NAME%"}


def _made() -> dict[str, Any]:
    """Count every attempt by whom it was sent to, copies too, and by what became of it.

    Envoy's own figures of a cluster are of requests, whoever answered them in the end.
    """
    became = [
        {"name": "code", "value_format": "%RESPONSE_CODE%"},
        {"name": "flags", "value_format": "%RESPONSE_FLAGS%"},
        {"name": "way", "value_format": "%UPSTREAM_CLUSTER%"},
        _TARGET,
    ]
    return _counting(counters=[{"stat": {"name": "made", "tags": became}, "value_fixed": 1}])


def _took() -> dict[str, Any]:
    """Count how long attempts took that were answered, or not in time.

    What was refused or reset took no time, and would make a version look fast that is not there.
    """
    any_status = {"default_value": 1, "runtime_key": "perennial.took.answered"}
    answered = {"status_code_filter": {"comparison": {"op": "GE", "value": any_status}}}
    late = {"response_flag_filter": {"flags": ["UT"]}}
    took = {"stat": {"name": "took", "tags": [_TARGET]}, "unit": "Milliseconds"}
    counting = _counting(histograms=[{**took, "value_format": "%DURATION%"}])
    return {**counting, "filter": {"or_filter": {"filters": [answered, late]}}}


def _counting(**figures: Any) -> dict[str, Any]:
    return {
        "name": "envoy.access_loggers.stats",
        "typed_config": typed(
            "extensions.access_loggers.stats.v3.Config",
            stats_scope={"prefix": ATTEMPTS},
            **figures,
        ),
    }
