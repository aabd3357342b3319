"""Whom the router may ask: every target, the way to it and its spare, and where copies go."""

from typing import Any

from adapters.routing.words import TYPES, address, copies_for, seconds, typed, way_to
from lifecycle.release.plan import Plan, Target, is_address

CLUSTER = f"{TYPES}config.cluster.v3.Cluster"

CONNECT_SECONDS = 1.0
KEPT_SECONDS = 3.0
"""An idle connection to a target is closed before the target closes it (uvicorn: after 5
seconds): a request sent into a connection that is just being closed is lost."""

MOST = 100_000
"""More at a time than `limits.connections` lets in: what is let in is never refused here."""

MOST_AGAIN = 1_000
"""Most requests that are asked for a second time at any moment. When a version dies, as many as
it was just answering, which its own waiting line limits to far fewer."""

FAILED_RUNNING = 5
"""So many bulk requests that take too long may follow one another without being a fault."""

PASSED_OVER = "3s"

COPIES_CONNECTIONS, COPIES_WAITING = 64, 64
"""Most connections for copies, and copies that wait for one. More are not made: a shadow that
hangs holds this much of the router's memory, and nothing of anybody's time."""


def clusters(plan: Plan) -> list[dict[str, Any]]:
    """Describe everybody a plan names, in the order of their names."""
    found = [cluster for target in plan.targets for cluster in clusters_of(target, plan)]
    if plan.mirror is not None:
        found.append(_for_copies(plan.target(plan.mirror.target), plan))
    return sorted(found, key=lambda cluster: str(cluster["name"]))


def clusters_of(target: Target, plan: Plan) -> list[dict[str, Any]]:
    """Describe a target, and the way to it that goes on to its spare."""
    return [_cluster(target.name, target, plan), way(target.name, target.spare)]


def way(target: str, spare: str | None) -> dict[str, Any]:
    """Describe the way to a target: to its spare while it does not live.

    A retry goes on to the next of the members too; see `tables.retried`. Requests, connections
    and health belong to the members, so those who share one share what is known of it.
    """
    members = [target] if spare is None else [target, spare]
    return {
        "@type": CLUSTER,
        "name": way_to(target),
        "connect_timeout": seconds(CONNECT_SECONDS),
        "lb_policy": "CLUSTER_PROVIDED",
        "cluster_type": {
            "name": "envoy.clusters.aggregate",
            "typed_config": typed(
                "extensions.clusters.aggregate.v3.ClusterConfig", clusters=members
            ),
        },
        # Retries are limited where they are decided: here, not at the members.
        "circuit_breakers": _most(MOST, again=MOST_AGAIN),
    }


def _cluster(name: str, target: Target, plan: Plan) -> dict[str, Any]:
    # Only the first, the newest: were all passed over at once, nobody would be left to ask.
    is_newest = target.spare is not None and target == plan.targets[0]
    passed_over = {"outlier_detection": _passing_over()} if is_newest else {}
    return {
        **passed_over,
        "@type": CLUSTER,
        "name": name,
        "type": "STATIC" if is_address(target.host) else "STRICT_DNS",
        "connect_timeout": seconds(CONNECT_SECONDS),
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [_endpoint(name, target)]}],
        },
        "typed_extension_protocol_options": _protocol(idle_timeout=seconds(KEPT_SECONDS)),
        # A target that does not live is not asked at all, even if it is the only one.
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
        "health_checks": [_health(plan)],
        "circuit_breakers": _most(MOST, again=MOST_AGAIN),
    }


def _endpoint(name: str, target: Target) -> dict[str, Any]:
    """Give its address, and as its hostname what attempts are counted by."""
    return {"endpoint": {"hostname": name, "address": address(target.host, target.port)}}


def _for_copies(target: Target, plan: Plan) -> dict[str, Any]:
    """Describe a target once more, with connections, limits and figures of its own."""
    name = copies_for(target.name)
    limit = {"max_stream_duration": seconds(plan.limits.seconds)}
    thresholds = {
        "max_connections": COPIES_CONNECTIONS,
        "max_pending_requests": COPIES_WAITING,
        "max_requests": COPIES_CONNECTIONS + COPIES_WAITING,
        "max_retries": 0,
    }
    return {
        **_cluster(name, target, plan),
        "typed_extension_protocol_options": _protocol(idle_timeout=seconds(KEPT_SECONDS), **limit),
        "circuit_breakers": {"thresholds": [thresholds]},
    }


def _protocol(**common: str) -> dict[str, Any]:
    options = typed(
        "extensions.upstreams.http.v3.HttpProtocolOptions",
        common_http_protocol_options=common,
        explicit_http_config={"http_protocol_options": {}},
    )
    return {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options}


def _most(number: int, *, again: int) -> dict[str, Any]:
    names = ("max_connections", "max_pending_requests", "max_requests")
    return {"thresholds": [{**dict.fromkeys(names, number), "max_retries": again}]}


def _passing_over() -> dict[str, Any]:
    """Ask the spare alone for a while, where a target refused, reset or hung some times running.

    One that was killed and is begun again takes connections some seconds before it answers; one
    that hangs lets every request wait for `limits.try_seconds`. Asking whether it lives finds
    both too late. What it answers, 5xx included, is no reason to pass it over.
    """
    off = ("consecutive_5xx", "consecutive_gateway_failure", "success_rate", "failure_percentage")
    return {
        "split_external_local_origin_errors": True,
        "consecutive_local_origin_failure": FAILED_RUNNING,
        "enforcing_consecutive_local_origin_failure": 100,
        "enforcing_local_origin_success_rate": 0,
        **{f"enforcing_{name}": 0 for name in off},
        "interval": "1s",
        "base_ejection_time": PASSED_OVER,
        "max_ejection_time": PASSED_OVER,
        "max_ejection_percent": 100,
    }


def _health(plan: Plan) -> dict[str, Any]:
    """Ask seldom and patiently while it lives: busy is not dead. Ask often while it is dead."""
    return {
        "timeout": "5s",
        "interval": "2s",
        "no_traffic_interval": "2s",
        "unhealthy_interval": "0.25s",
        "unhealthy_threshold": 3,
        "healthy_threshold": 1,
        "http_health_check": {"path": plan.health},
    }
