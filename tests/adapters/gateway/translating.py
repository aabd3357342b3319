"""What Envoy Gateway makes of our manifests, as far as it decides who answers.

Envoy Gateway itself needs a cluster and its image. This follows what its translator writes
(envoyproxy/gateway, `internal/xds/translator/route.go`): a backend with filters of its own is a
cluster of its own, chosen by weight, and by the hash of the route where there is one (pull request
9629); early headers are changed before a route is looked for.
"""

from collections.abc import Mapping, Sequence
from typing import Any

Document = dict[str, Any]

_TYPES = "type.googleapis.com/envoy.extensions."
_MUTATION = f"{_TYPES}http.early_header_mutation.header_mutation.v3.HeaderMutation"
_MANAGER = f"{_TYPES}filters.network.http_connection_manager.v3.HttpConnectionManager"


def listener(manifests: Sequence[Document], name: str, port: int) -> Document:
    """Describe the listener of a Gateway with its route, at a port of ours."""
    by_kind = {one["kind"]: one for one in manifests}
    headers = by_kind["ClientTrafficPolicy"]["spec"]["headers"]["earlyRequestHeaders"]
    hashed = by_kind["BackendTrafficPolicy"]["spec"].get("loadBalancer", {}).get("consistentHash")
    routes = [
        route(rule, hashed, match)
        for rule in by_kind["HTTPRoute"]["spec"]["rules"]
        for match in rule["matches"]
    ]
    manager = {
        "@type": _MANAGER,
        "stat_prefix": name,
        "early_header_mutation_extensions": [
            {
                "name": "early",
                "typed_config": {"@type": _MUTATION, "mutations": mutations(headers)},
            }
        ],
        "http_filters": [
            {"name": "router", "typed_config": {"@type": f"{_TYPES}filters.http.router.v3.Router"}}
        ],
        "route_config": {
            "name": name,
            "virtual_hosts": [{"name": name, "domains": ["*"], "routes": routes}],
        },
    }
    return {
        "name": name,
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
    }


def mutations(headers: Document) -> list[Document]:
    changed = [{"append": appended(one)} for one in headers.get("set", ())]
    return [*changed, *({"remove": name} for name in headers.get("remove", ()))]


def appended(header: Document) -> Document:
    return {
        "header": {"key": header["name"], "value": header["value"]},
        "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
    }


def route(rule: Document, hashed: Document | None, match: Document) -> Document:
    """Describe a rule for one of its matches; more specific ones come first already."""
    action: Document = {
        "weighted_clusters": {"clusters": [weighted(one) for one in rule["backendRefs"]]},
        "timeout": rule["timeouts"]["request"],
    }
    if hashed is not None:
        action["weighted_clusters"]["use_hash_policy"] = True
        action["hash_policy"] = [hash_of(hashed)]
    headers = [
        {
            "name": one["name"],
            "string_match": {"safe_regex": {"regex": one["value"]}},
        }
        for one in match.get("headers", ())
    ]
    return {"match": {"prefix": match["path"]["value"], "headers": headers}, "route": action}


def hash_of(hashed: Document) -> Document:
    if hashed["type"] == "Cookie":
        return {"cookie": {"name": hashed["cookie"]["name"]}}
    return {"header": {"header_name": hashed["header"]["name"]}}


def weighted(backend: Document) -> Document:
    modified = backend["filters"][0]["requestHeaderModifier"]
    return {
        "name": backend["name"],
        "weight": backend["weight"],
        "request_headers_to_add": [appended(one) for one in modified.get("set", ())],
        "request_headers_to_remove": modified.get("remove", []),
    }


def configuration(listeners: Sequence[Document], ports: Mapping[str, int]) -> Document:
    """Describe an Envoy with listeners, and the clusters behind them at ports of ours."""
    clusters = [
        {
            "name": name,
            "type": "STATIC",
            "lb_policy": "MAGLEV",
            "load_assignment": {
                "cluster_name": name,
                "endpoints": [{"lb_endpoints": [{"endpoint": {"address": at(port)}}]}],
            },
        }
        for name, port in ports.items()
    ]
    return {"static_resources": {"listeners": [*listeners], "clusters": clusters}}


def at(port: int) -> Document:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}
