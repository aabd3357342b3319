"""Names, durations and references as Kubernetes writes them."""

import hashlib
import re
from typing import Any

from lifecycle.errors import PerennialError

Manifest = dict[str, Any]

GATEWAY_API = "gateway.networking.k8s.io"
ENVOY_GATEWAY = "gateway.envoyproxy.io"

LONGEST = 63
"""Characters of a DNS label (RFC 1123), which names of Services have to be."""

_LABEL = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")


class GatewayError(PerennialError):
    """A plan cannot be said in the words of the Gateway API."""


def label_name(text: str) -> str:
    """Make a name of a Service out of a text; two texts never become the same.

    Lower-case letters, digits and dashes, a letter first (RFC 1035).

    Examples
    --------
    >>> label_name("flights-v3"), label_name("Flights.3")
    ('flights-v3', 'flights-3-a7ae5b62')
    """
    name = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    if not name[:1].isalpha():
        name = f"v-{name}".rstrip("-")
    if name == text and len(name) <= LONGEST:
        return name
    mark = hashlib.sha256(text.encode()).hexdigest()[:8]
    return f"{name[: LONGEST - 9].rstrip('-')}-{mark}"


def label_value(text: str, what: str) -> str:
    """Give a text that is to be the value of a label.

    Raises
    ------
    GatewayError
        If it cannot be one.
    """
    if len(text) > LONGEST or not _LABEL.fullmatch(text):
        raise GatewayError(
            f'{what} is "{text}", and a label of Kubernetes has up to {LONGEST} letters, digits, '
            "dashes, underscores and dots. Rename it."
        )
    return text


def duration(seconds: float) -> str:
    """Write a length of time as Gateway API does (GEP-2257): whole parts, to the millisecond.

    Rounded up, so that a limit above zero never becomes none.

    Examples
    --------
    >>> duration(10), duration(1.5), duration(0.0001), duration(200_000)
    ('10s', '1s500ms', '1ms', '55h33m20s')

    Raises
    ------
    GatewayError
        If it is longer than it can be written: 99,999 hours.
    """
    left = -int(-seconds * 1000 // 1)
    if left >= 100_000 * 3_600_000:
        raise GatewayError(f"{seconds:g} seconds are more than the 99,999 hours that can be said.")
    if left < 100_000 * 1_000:
        whole = [("s", left // 1_000), ("ms", left % 1_000)]
    else:
        minutes = left // 60_000
        whole = [("h", minutes // 60), ("m", minutes % 60), ("s", left // 1_000 % 60)]
        whole.append(("ms", left % 1_000))
    return "".join(f"{number}{unit}" for unit, number in whole if number) or "0s"


def reference(kind: str, name: str) -> dict[str, str]:
    """Say what a policy is about."""
    return {"group": GATEWAY_API, "kind": kind, "name": name}
