"""What Envoy is told: one fixed file, and three that are replaced while it runs.

Listeners, clusters and routes are files of their own so that moving traffic changes the routes
only. Envoy notices a file that is replaced, not one that is written in place.
"""

from pathlib import Path
from typing import Any, NamedTuple

from adapters.routing.clusters import clusters
from adapters.routing.errors import RoutingError
from adapters.routing.filters import filters
from adapters.routing.lint import lint
from adapters.routing.replies import local_replies
from adapters.routing.tables import ANSWER_SECONDS, routes
from adapters.routing.words import (
    ATTEMPTS,
    INGRESS,
    TYPES,
    UNIT_HEADER,
    address,
    file_source,
    seconds,
    typed,
)
from lifecycle.release.plan import ARM_HEADER, Plan

LISTENER = f"{TYPES}config.listener.v3.Listener"

FLUSH_SECONDS = 1
"""Envoy puts the histograms of its threads together so often."""

BUCKETS_MS = (
    1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 75, 100, 150, 200, 300, 500, 750, 1_000, 1_500, 2_000,
    3_000, 5_000, 7_500, 10_000, 15_000, 30_000, 60_000,
)  # fmt: skip
"""Milliseconds below which answers are counted."""

EVER_MS = 1_000_000_000
"""Eleven days: the bound of the last bucket, as Envoy needs one."""

MOST_CONNECTIONS = 100_000
"""However many a plan allows."""

Resources = list[dict[str, Any]]


class Documents(NamedTuple):
    """What is written for a plan."""

    clusters: Resources
    listeners: Resources
    routes: Resources


def documents(plan: Plan, folder: Path) -> Documents:
    """Write a plan in Envoy's words, and hold what was written against what is known to fail.

    Parameters
    ----------
    folder
        Where the routes will be.

    Raises
    ------
    PlanError
        If the plan, or what would be written for it, cannot be used.
    """
    plan.check()
    _check_tokens(plan)
    written = Documents(clusters(plan), listeners(plan, folder), routes(plan))
    lint(written.routes, written.clusters, written.listeners)
    return written


def _check_tokens(plan: Plan) -> None:
    if plan.sticky is not None and plan.sticky.kind == "claim" and plan.tokens is None:
        raise RoutingError(
            f'Requests of "{plan.project}" are to stick to the claim {plan.sticky.name} of a '
            "token, and no tokens are declared. Declare serving.access.tokens, or stick to a "
            "header or a cookie."
        )
    if plan.tokens is not None and not plan.tokens.keys.strip():
        raise RoutingError(
            f'The key set (JWKS) for the tokens of "{plan.project}" is empty: every token would '
            "be refused. Put the public keys of your identity provider into the file that "
            "serving.access.tokens.keys names."
        )


def bootstrap(folder: Path, admin: Path) -> dict[str, Any]:
    """Describe the router itself: where its files and its admin socket are, how it counts."""
    monitor = "envoy.resource_monitors.global_downstream_max_connections"
    most = typed(
        "extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
        max_active_downstream_connections=MOST_CONNECTIONS,
    )
    bounds = [*map(bound, BUCKETS_MS), EVER_MS]
    return {
        "node": {"id": "router", "cluster": "perennial"},
        "admin": {"address": {"pipe": {"path": str(admin), "mode": 0o600}}},
        "dynamic_resources": {
            "lds_config": file_source(folder / "listeners.json"),
            "cds_config": file_source(folder / "clusters.json"),
        },
        "stats_flush_interval": seconds(FLUSH_SECONDS),
        "stats_config": {
            "histogram_bucket_settings": [{"match": {"prefix": f"{ATTEMPTS}."}, "buckets": bounds}]
        },
        "overload_manager": {"resource_monitors": [{"name": monitor, "typed_config": most}]},
    }


def bound(ms: int) -> float:
    """Give the bound Envoy is told for a bucket of answers that took less than `ms`.

    Envoy rounds durations down to whole milliseconds and counts what is at most the bound: what
    took 1.9 ms is 1, which is not above 1. From 100 on it tells only tens of milliseconds apart.

    Examples
    --------
    >>> bound(1), bound(75), bound(100), bound(1_000)
    (0.5, 74.5, 100, 1000)
    """
    return ms - 0.5 if ms < 100 else ms


def listeners(plan: Plan, folder: Path) -> Resources:
    """Describe the public port."""
    return [
        {
            "@type": LISTENER,
            "name": INGRESS,
            "address": address(plan.host, plan.port),
            # Otherwise a second router could listen at the same port, and each would get
            # some of the connections.
            "enable_reuse_port": False,
            "filter_chains": [{"filters": [_most(plan), _connections(plan, folder)]}],
        }
    ]


def _most(plan: Plan) -> dict[str, Any]:
    return {
        "name": "envoy.filters.network.connection_limit",
        "typed_config": typed(
            "extensions.filters.network.connection_limit.v3.ConnectionLimit",
            stat_prefix=INGRESS,
            max_connections=plan.limits.connections,
        ),
    }


def _connections(plan: Plan, folder: Path) -> dict[str, Any]:
    limits = plan.limits
    return {
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": typed(
            "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            stat_prefix=INGRESS,
            rds={
                "route_config_name": INGRESS,
                "config_source": file_source(folder / "routes.json"),
            },
            early_header_mutation_extensions=[_stripped()],
            http_filters=filters(plan),
            local_reply_config=local_replies(limits.rate),
            use_remote_address=True,
            normalize_path=True,
            server_header_transformation="PASS_THROUGH",
            preserve_external_request_id=True,
            request_id_extension={
                "typed_config": typed(
                    "extensions.request_id.uuid.v3.UuidRequestIdConfig", pack_trace_reason=False
                )
            },
            request_timeout=seconds(limits.seconds),
            request_headers_timeout=seconds(min(limits.seconds, 10)),
            stream_idle_timeout=seconds(limits.seconds + 2 * ANSWER_SECONDS),
            common_http_protocol_options={"idle_timeout": "300s"},
        ),
    }


def _stripped() -> dict[str, Any]:
    """Take away, before anything is decided, what only the router may say."""
    return {
        "name": "envoy.http.early_header_mutation.header_mutation",
        "typed_config": typed(
            "extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
            mutations=[{"remove": ARM_HEADER}, {"remove": UNIT_HEADER}],
        ),
    }
