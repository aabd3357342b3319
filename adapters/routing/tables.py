"""Which request goes where: the routes of a plan.

What a version may be asked a second time is `POST /predict` alone: its last answer to a request
id counts. Everything else (labels, outcomes) is sent again only where no version can have seen
it.
"""

import re
from typing import Any

from adapters.routing.words import INGRESS, TYPES, UNIT_HEADER, copies_for, seconds, typed, way_to
from lifecycle.release.plan import ARM_HEADER, WHOLE, Part, Plan, Sticky

ROUTES = f"{TYPES}config.route.v3.RouteConfiguration"

ANSWER_SECONDS = 5.0
"""Longer than the service's own limit by so much, so that its answer comes first."""

PREDICT: dict[str, Any] = {
    "path": "/predict",
    "headers": [{"name": ":method", "string_match": {"exact": "POST"}}],
}
UNSEEN = "connect-failure,refused-stream,reset-before-request"
"""What no version can have seen: sent again, an event cannot be written twice."""

FAILED = "5xx"
"""Any answer of 5xx, and none at all: reset, refused, not in time."""


def routes(plan: Plan) -> list[dict[str, Any]]:
    """Describe which target gets which part of the requests."""
    host = {"name": INGRESS, "domains": ["*"], "routes": _routes(plan)}
    return [
        {
            "@type": ROUTES,
            "name": INGRESS,
            "validate_clusters": True,
            "virtual_hosts": [host],
        }
    ]


def _routes(plan: Plan) -> list[dict[str, Any]]:
    everything: dict[str, Any] = {"prefix": "/"}
    if not plan.parts:
        return [{"match": everything, "direct_response": {"status": 503}}]
    return [
        route
        for match, is_prediction in ((PREDICT, True), (everything, False))
        for route in _of_match(match, plan, is_prediction)
    ]


def _of_match(match: dict[str, Any], plan: Plan, is_prediction: bool) -> list[dict[str, Any]]:
    """Give the route of those who name a unit, if they stick to anything, and of all others."""
    if plan.sticky is None:
        return [{"match": match, "route": _action(plan, plan.parts, is_prediction)}]
    named = {**match, "headers": [*match.get("headers", []), *_has_unit(plan.sticky)]}
    sticking: dict[str, Any] = {
        **_action(plan, plan.parts, is_prediction),
        "hash_policy": [{"header": _unit(plan.sticky)}],
    }
    sticking["weighted_clusters"]["use_hash_policy"] = True
    without = (Part(target=plan.sticky.without, weight=WHOLE),)
    return [
        {"match": named, "route": sticking},
        {"match": match, "route": _action(plan, without, is_prediction)},
    ]


def _action(plan: Plan, parts: tuple[Part, ...], is_prediction: bool) -> dict[str, Any]:
    has_spare = any(plan.target(part.target).spare for part in parts if part.weight)
    action = {
        "weighted_clusters": {"clusters": [_part(part, plan) for part in parts if part.weight]},
        **(_twice if has_spare and is_prediction else _once)(plan, has_spare),
    }
    if plan.mirror is not None and is_prediction:
        share = {"numerator": plan.mirror.weight, "denominator": "TEN_THOUSAND"}
        action["request_mirror_policies"] = [
            {
                "cluster": copies_for(plan.mirror.target),
                "runtime_fraction": {"default_value": share},
                "disable_shadow_host_suffix_append": True,
            }
        ]
    return action


def _part(part: Part, plan: Plan) -> dict[str, Any]:
    arm = f"{plan.release}:{part.arm}" if part.arm else ""
    told = {
        "header": {"key": ARM_HEADER, "value": arm},
        "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
        "keep_empty_value": True,
    }
    return {
        "name": way_to(part.target),
        "weight": part.weight,
        "request_headers_to_add": [told],
    }


def _twice(plan: Plan, has_spare: bool) -> dict[str, Any]:
    """Send a failed prediction to the spare, at once and only once.

    Were both versions busy, each would be asked about everything twice at most. Who is only slow
    is not given up when the spare is asked: whichever answers first is right.
    """
    limits = plan.limits
    return {
        "timeout": seconds(limits.seconds + ANSWER_SECONDS),
        "hedge_policy": {"hedge_on_per_try_timeout": True},
        "retry_policy": {
            "retry_on": FAILED,
            "num_retries": min(limits.retries, 1),
            "per_try_timeout": seconds(min(limits.try_seconds or limits.seconds, limits.seconds)),
            **_elsewhere(has_spare),
        },
    }


def _once(plan: Plan, has_spare: bool) -> dict[str, Any]:
    """Send again what no version can have seen.

    An attempt has a limit of its own, a little before that of the request: only so it is told
    from one that nobody waited for any more.
    """
    limit = plan.limits.seconds + ANSWER_SECONDS
    return {
        "timeout": seconds(limit + 0.1),
        "retry_policy": {
            "retry_on": UNSEEN,
            "num_retries": plan.limits.retries,
            "per_try_timeout": seconds(limit),
            **_elsewhere(has_spare),
        },
    }


def _elsewhere(has_spare: bool) -> dict[str, Any]:
    """Ask somebody else the next time, at once if there is anybody."""
    first, longest = (0.001, 0.025) if has_spare else (0.025, 0.25)
    others = typed(
        "extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig",
        update_frequency=1,
    )
    return {
        "retry_back_off": {"base_interval": seconds(first), "max_interval": seconds(longest)},
        "retry_priority": {
            "name": "envoy.retry_priorities.previous_priorities",
            "typed_config": others,
        },
    }


# -- the unit a part sticks to


def _has_unit(sticky: Sticky) -> list[dict[str, Any]]:
    """Match requests that name a unit, and not an empty one."""
    name = _header(sticky)
    if sticky.kind == "cookie":
        return [{"name": name, "string_match": {"safe_regex": {"regex": _cookie(sticky.name)}}}]
    return [
        {"name": name, "present_match": True},
        {"name": name, "string_match": {"exact": ""}, "invert_match": True},
    ]


def _unit(sticky: Sticky) -> dict[str, Any]:
    """Say what is hashed: the salt, and the unit."""
    salt = sticky.salt.replace("\\", "\\\\") + ":"
    pattern, put = (_cookie(sticky.name), "\\1") if sticky.kind == "cookie" else ("^", "")
    rewrite = {"pattern": {"regex": pattern}, "substitution": salt + put}
    return {"header_name": _header(sticky), "regex_rewrite": rewrite}


def _header(sticky: Sticky) -> str:
    if sticky.kind == "header":
        return sticky.name
    return "cookie" if sticky.kind == "cookie" else UNIT_HEADER


def _cookie(name: str) -> str:
    r"""Write what finds a cookie among the others: the first of its name that is not empty.

    Examples
    --------
    >>> found = re.fullmatch(_cookie("uid").replace(r"\C", "."), "fluid=1; uid=7; uid=8")
    >>> found[1]
    '7'
    """
    return rf"^(?:\C*?;)?[ \t]*{re.escape(name)}=([^;]+)(?:;\C*)?$"
