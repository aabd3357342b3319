"""Holds what is to be written for the router against what is known to go wrong silently."""

from collections.abc import Iterator
from typing import Any

from adapters.routing.errors import RoutingError
from adapters.routing.words import INGRESS, UNIT_HEADER
from lifecycle.release.plan import ARM_HEADER, WHOLE

Document = dict[str, Any]


def lint(routes: list[Document], clusters: list[Document], listeners: list[Document]) -> None:
    """Refuse documents that Envoy would take, and that would do something else than was planned.

    Raises
    ------
    RoutingError
        Naming everything that is wrong with them.

    Examples
    --------
    >>> lint([], [], [])
    Traceback (most recent call last):
    adapters.routing.errors.RoutingError: The router would do something else than was planned:
      there are 0 tables of routes; exactly one has to be called ingress.
      there are 0 listeners; exactly one has to be called ingress.
    """
    faults = [*_of_routes(routes), *_of_names(routes, clusters), *_of_listeners(listeners)]
    if faults:
        listed = "".join(f"\n  {fault}" for fault in faults)
        raise RoutingError(f"The router would do something else than was planned:{listed}")


# -- routes


def _of_routes(routes: list[Document]) -> Iterator[str]:
    if [table.get("name") for table in routes] != [INGRESS]:
        yield f"there are {len(routes)} tables of routes; exactly one has to be called {INGRESS}."
    for table in routes:
        if not table.get("validate_clusters"):
            yield "Envoy is not told to refuse routes to nowhere (validate_clusters)."
        hosts = table.get("virtual_hosts", [])
        if not any("*" in host.get("domains", []) and _takes_all(host) for host in hosts):
            yield (
                "nothing answers requests to every host and path: they would be answered with 404."
            )
        for host in hosts:
            for route in host.get("routes", []):
                yield from _of_route(route)


def _takes_all(host: Document) -> bool:
    routes = host.get("routes", [])
    return bool(routes) and routes[-1].get("match") == {"prefix": "/"}


def _of_route(route: Document) -> Iterator[str]:
    action = route.get("route")
    if action is None:
        if route.get("direct_response") != {"status": 503}:
            yield "a route leads nowhere, and is not answered with 503 either."
        return
    weighted = action.get("weighted_clusters", {})
    parts = weighted.get("clusters", [])
    whole = sum(part["weight"] for part in parts)
    if whole != WHOLE:
        yield f"the weights of a route are {whole} of {WHOLE}."
    if any(part["weight"] <= 0 for part in parts):
        yield "a part of a route has no weight."
    for part in parts:
        if not _tells_arm(part):
            yield f"{part['name']} is not told the arm of its requests ({ARM_HEADER})."
    if bool(weighted.get("use_hash_policy")) != bool(action.get("hash_policy")):
        yield "a route is to stick to a unit, and does not say which, or the other way round."
    retried = action.get("retry_policy", {})
    if "5xx" in retried.get("retry_on", "") and not _is_prediction(route["match"]):
        yield "what a version has seen would be sent again, and it is not POST /predict."
    if {copy["cluster"] for copy in action.get("request_mirror_policies", [])} & _named(parts):
        yield "copies of requests would go where the requests go."


def _tells_arm(part: Document) -> bool:
    told = [
        one
        for one in part.get("request_headers_to_add", [])
        if one["header"]["key"] == ARM_HEADER
        and one.get("append_action") == "OVERWRITE_IF_EXISTS_OR_ADD"
        and (one["header"]["value"] or one.get("keep_empty_value"))
    ]
    return len(told) == 1


def _is_prediction(match: Document) -> bool:
    post = {"name": ":method", "string_match": {"exact": "POST"}}
    return match.get("path") == "/predict" and post in match.get("headers", [])


# -- names


def _of_names(routes: list[Document], clusters: list[Document]) -> Iterator[str]:
    names = [cluster["name"] for cluster in clusters]
    known = set(names)
    if len(known) < len(names):
        yield "two clusters have the same name."
    wanted = {name for table in routes for name in _wanted(table)}
    wanted |= {name for cluster in clusters for name in _members(cluster)}
    if wanted - known:
        yield (
            f"{', '.join(sorted(wanted - known))} is named, and there are "
            f"{', '.join(sorted(known)) or 'none'}."
        )
    for cluster in clusters:
        members = _members(cluster)
        if "cluster_type" in cluster and (not members or len(set(members)) < len(members)):
            yield f"{cluster['name']} leads to nobody, or to somebody twice."
        if "cluster_type" not in cluster and not cluster.get("health_checks"):
            yield f"{cluster['name']} is not asked whether it lives."


def _wanted(table: Document) -> Iterator[str]:
    for host in table.get("virtual_hosts", []):
        for route in host.get("routes", []):
            action = route.get("route", {})
            yield from _named(action.get("weighted_clusters", {}).get("clusters", []))
            yield from (copy["cluster"] for copy in action.get("request_mirror_policies", []))


def _named(parts: list[Document]) -> set[str]:
    return {part["name"] for part in parts}


def _members(cluster: Document) -> list[str]:
    kind: Document = cluster.get("cluster_type", {}).get("typed_config", {})
    return [*kind.get("clusters", [])]


# -- listeners


def _of_listeners(listeners: list[Document]) -> Iterator[str]:
    if [listener.get("name") for listener in listeners] != [INGRESS]:
        yield f"there are {len(listeners)} listeners; exactly one has to be called {INGRESS}."
    for listener in listeners:
        found = [_settings(chain) for chain in listener.get("filter_chains", [])]
        if not found:
            yield "the public port answers nothing."
        for settings in found:
            yield from _of_connections(settings)


def _settings(chain: Document) -> Document:
    filters: list[Document] = chain.get("filters", [{}])
    settings: Document = filters[-1].get("typed_config", {})
    return settings


def _of_connections(settings: Document) -> Iterator[str]:
    if settings.get("rds", {}).get("route_config_name") != INGRESS:
        yield f"the public port does not go by the routes {INGRESS}."
    removed = {
        change.get("remove")
        for extension in settings.get("early_header_mutation_extensions", [])
        for change in extension["typed_config"].get("mutations", [])
    }
    for header in (ARM_HEADER, UNIT_HEADER):
        if header not in removed:
            yield f"a client could say itself what only the router may say ({header})."
    names = [one.get("name") for one in settings.get("http_filters", [])]
    if names[-1:] != ["envoy.filters.http.router"]:
        yield "requests are not sent anywhere: the last filter has to be the router."
