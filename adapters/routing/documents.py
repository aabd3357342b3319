"""What Envoy is told: one fixed file, and three that are replaced while it runs.

Listeners, clusters and routes are files of their own so that moving traffic changes the routes
only. Envoy notices a file that is replaced, not one that is written in place.
"""

from pathlib import Path
from typing import Any

from adapters.routing.replies import local_replies
from adapters.routing.route import Backend, Route, is_address

_TYPES = "type.googleapis.com/envoy."
LISTENER, CLUSTER, ROUTES = (
    f"{_TYPES}config.listener.v3.Listener",
    f"{_TYPES}config.cluster.v3.Cluster",
    f"{_TYPES}config.route.v3.RouteConfiguration",
)
INGRESS = "ingress"
"""The name of the listener, of its statistics and of its routes."""

CONNECT_SECONDS = 1.0
KEPT_SECONDS = 3.0
"""An idle connection to a backend is closed before the backend closes it (uvicorn: after 5
seconds): a request sent into a connection that is just being closed is lost."""

ANSWER_SECONDS = 5.0
"""Longer than the service's own limit by so much, so that its answer comes first."""

MOST_CONNECTIONS = 10_000


def bootstrap(folder: Path, admin: Path) -> dict[str, Any]:
    """Describe the router itself: where its files and its admin socket are."""
    return {
        "node": {"id": "router", "cluster": "perennial"},
        "admin": {"address": {"pipe": {"path": str(admin), "mode": 0o600}}},
        "dynamic_resources": {
            "lds_config": _file(folder / "listeners.json"),
            "cds_config": _file(folder / "clusters.json"),
        },
        "overload_manager": {
            "resource_monitors": [
                {
                    "name": "envoy.resource_monitors.global_downstream_max_connections",
                    "typed_config": {
                        "@type": f"{_TYPES}extensions.resource_monitors.downstream_connections.v3"
                        ".DownstreamConnectionsConfig",
                        "max_active_downstream_connections": MOST_CONNECTIONS,
                    },
                }
            ]
        },
    }


def listeners(route: Route, folder: Path) -> list[dict[str, Any]]:
    """Describe the public port."""
    return [
        {
            "@type": LISTENER,
            "name": INGRESS,
            "address": _address(route.host, route.port),
            # Otherwise a second router could listen at the same port, and each would get
            # some of the connections.
            "enable_reuse_port": False,
            "filter_chains": [{"filters": [_connections(route, folder)]}],
        }
    ]


def _connections(route: Route, folder: Path) -> dict[str, Any]:
    return {
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": {
            "@type": f"{_TYPES}extensions.filters.network.http_connection_manager.v3"
            ".HttpConnectionManager",
            "stat_prefix": INGRESS,
            "rds": {"route_config_name": INGRESS, "config_source": _file(folder / "routes.json")},
            "http_filters": _filters(route),
            "local_reply_config": local_replies(),
            "use_remote_address": True,
            "normalize_path": True,
            "server_header_transformation": "PASS_THROUGH",
            "preserve_external_request_id": True,
            "request_id_extension": {
                "typed_config": {
                    "@type": f"{_TYPES}extensions.request_id.uuid.v3.UuidRequestIdConfig",
                    "pack_trace_reason": False,
                }
            },
            "request_timeout": _seconds(route.seconds),
            "request_headers_timeout": _seconds(min(route.seconds, 10)),
            "stream_idle_timeout": _seconds(route.seconds + 2 * ANSWER_SECONDS),
            "common_http_protocol_options": {"idle_timeout": "300s"},
        },
    }


def _filters(route: Route) -> list[dict[str, Any]]:
    """Take in the whole body before a backend is bothered with it, then pass it on."""
    return [
        {
            "name": "envoy.filters.http.buffer",
            "typed_config": {
                "@type": f"{_TYPES}extensions.filters.http.buffer.v3.Buffer",
                "max_request_bytes": route.body_kb * 1024,
            },
        },
        {
            "name": "envoy.filters.http.router",
            "typed_config": {
                "@type": f"{_TYPES}extensions.filters.http.router.v3.Router",
                "suppress_envoy_headers": True,
            },
        },
    ]


def clusters(route: Route) -> list[dict[str, Any]]:
    """Describe every backend, those without weight as well."""
    return [_cluster(backend, route) for backend in route.backends]


def _cluster(backend: Backend, route: Route) -> dict[str, Any]:
    endpoint = {"endpoint": {"address": _address(backend.host, backend.port)}}
    options = f"{_TYPES}extensions.upstreams.http.v3.HttpProtocolOptions"
    return {
        "@type": CLUSTER,
        "name": backend.name,
        "type": "STATIC" if is_address(backend.host) else "STRICT_DNS",
        "connect_timeout": _seconds(CONNECT_SECONDS),
        "load_assignment": {
            "cluster_name": backend.name,
            "endpoints": [{"lb_endpoints": [endpoint]}],
        },
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": options,
                "common_http_protocol_options": {"idle_timeout": _seconds(KEPT_SECONDS)},
                "explicit_http_config": {"http_protocol_options": {}},
            }
        },
        # A backend that does not live is not asked at all, even if it is the only one.
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
        "health_checks": [_health(route)],
        "circuit_breakers": {
            "thresholds": [
                {
                    "max_connections": MOST_CONNECTIONS,
                    "max_pending_requests": MOST_CONNECTIONS,
                    "max_requests": MOST_CONNECTIONS,
                    "max_retries": 100,
                }
            ]
        },
    }


def _health(route: Route) -> dict[str, Any]:
    """Ask seldom and patiently while it lives: busy is not dead. Ask often while it is dead."""
    return {
        "timeout": "5s",
        "interval": "2s",
        "no_traffic_interval": "2s",
        "unhealthy_interval": "0.25s",
        "unhealthy_threshold": 3,
        "healthy_threshold": 1,
        "http_health_check": {"path": route.health},
    }


def routes(route: Route) -> list[dict[str, Any]]:
    """Describe which backend gets which part of the requests.

    Mirroring and sticky assignment have their place in `_action`.
    """
    host = {"name": INGRESS, "domains": ["*"], "routes": [_catch_all(route)]}
    return [
        {
            "@type": ROUTES,
            "name": INGRESS,
            "validate_clusters": True,
            "virtual_hosts": [host],
        }
    ]


def _catch_all(route: Route) -> dict[str, Any]:
    everything = {"match": {"prefix": "/"}}
    if not route.backends:
        return {**everything, "direct_response": {"status": 503}}
    return {**everything, "route": _action(route)}


def _action(route: Route) -> dict[str, Any]:
    weights = [{"name": one.name, "weight": one.weight} for one in route.backends if one.weight]
    return {
        "weighted_clusters": {"clusters": weights},
        "timeout": _seconds(route.seconds + ANSWER_SECONDS),
        # Sent again is only what no backend can have seen: an event must not be written twice.
        "retry_policy": {
            "retry_on": "connect-failure,refused-stream,reset-before-request",
            "num_retries": 3,
            "retry_back_off": {"base_interval": "0.025s", "max_interval": "0.25s"},
        },
    }


def _file(path: Path) -> dict[str, Any]:
    return {
        "resource_api_version": "V3",
        "path_config_source": {"path": str(path)},
    }


def _address(host: str, port: int) -> dict[str, Any]:
    return {"socket_address": {"address": host, "port_value": port}}


def _seconds(value: float) -> str:
    return f"{value:g}s"
