"""Holds what is to be written for the router against what is known to go wrong silently."""

from typing import Any

from adapters.routing.route import RoutingError


def lint(routes: list[dict[str, Any]], clusters: list[dict[str, Any]]) -> None:
    """Refuse routes that Envoy would take, and answer with 404 or 503 whatever is asked.

    Raises
    ------
    RoutingError
        If nothing is routed, something is left over, or a backend that is named is not there.

    Examples
    --------
    >>> lint([{"name": "ingress", "virtual_hosts": []}], [])
    Traceback (most recent call last):
    adapters.routing.route.RoutingError: Nothing in the routes "ingress" answers requests to every \
host and path; they would be answered with 404.
    """
    known = {cluster["name"] for cluster in clusters}
    for table in routes:
        hosts = table.get("virtual_hosts", [])
        if not any("*" in host.get("domains", []) and _takes_all(host) for host in hosts):
            raise RoutingError(
                f'Nothing in the routes "{table["name"]}" answers requests to every host and '
                "path; they would be answered with 404."
            )
        missing = {name for host in hosts for name in _named(host)} - known
        if missing:
            raise RoutingError(
                f'The routes "{table["name"]}" name {", ".join(sorted(missing))}, and the backends '
                f"are {', '.join(sorted(known)) or 'none'}."
            )
    if not routes:
        raise RoutingError("There are no routes: every request would be answered with 404.")


def _takes_all(host: dict[str, Any]) -> bool:
    routes = host.get("routes", [])
    return bool(routes) and routes[-1].get("match") == {"prefix": "/"}


def _named(host: dict[str, Any]) -> list[str]:
    actions = [route["route"] for route in host["routes"] if "route" in route]
    return [part["name"] for action in actions for part in action["weighted_clusters"]["clusters"]]
