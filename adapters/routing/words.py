"""The names by which the router's documents speak of targets, and small words of Envoy's."""

from pathlib import Path
from typing import Any

TYPES = "type.googleapis.com/envoy."

INGRESS = "ingress"
"""The name of the listener, of its statistics and of its routes."""

UNIT_HEADER = "x-perennial-unit"
"""Carries the claim of a checked token that names the unit; never taken from a client."""

ATTEMPTS = "attempts"
"""The prefix of what is counted of every attempt to have a request answered."""


def way_to(target: str) -> str:
    """Name the cluster requests are sent to: a target, and its spare behind it.

    The target alone is a cluster of its own name; `/` is in no target's name.

    Examples
    --------
    >>> way_to("flights-3"), copies_for("flights-3")
    ('to/flights-3', 'copy/flights-3')
    """
    return f"to/{target}"


def copies_for(target: str) -> str:
    """Name the cluster that mirrored copies are sent to."""
    return f"copy/{target}"


def typed(kind: str, **settings: Any) -> dict[str, Any]:
    """Write the configuration of an extension."""
    return {"@type": f"{TYPES}{kind}", **settings}


def file_source(path: Path) -> dict[str, Any]:
    """Say that resources are in a file that is watched."""
    return {"resource_api_version": "V3", "path_config_source": {"path": str(path)}}


def address(host: str, port: int) -> dict[str, Any]:
    """Write an address."""
    return {"socket_address": {"address": host, "port_value": port}}


def seconds(value: float) -> str:
    """Write a length of time.

    Examples
    --------
    >>> seconds(0.3), seconds(10), seconds(1 / 3)
    ('0.3s', '10s', '0.333333s')
    """
    return f"{value:.6f}".rstrip("0").rstrip(".") + "s"
