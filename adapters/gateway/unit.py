"""How a unit that an assignment sticks to is found in a request, and hashed."""

import re
from typing import Any

from adapters.gateway.naming import GatewayError
from lifecycle.release.plan import Plan, Sticky

UNIT_HEADER = "x-perennial-unit"
"""What is hashed: the unit with the salt mixed in. Only the proxy says it."""


def names_a_unit(sticky: Sticky) -> dict[str, str]:
    """Match requests that name a unit; a regular expression has to match the whole value.

    Examples
    --------
    >>> names_a_unit(Sticky(kind="header", name="x-user-id", salt="s", without="one"))["value"]
    '.+'
    """
    if sticky.kind == "cookie":
        name, value = "cookie", f"(.*; ?)?{re.escape(sticky.name)}=[^;]+(;.*)?"
    else:
        name, value = (UNIT_HEADER if sticky.kind == "claim" else sticky.name), ".+"
    return {"type": "RegularExpression", "name": name, "value": value}


def hashed(sticky: Sticky) -> dict[str, Any]:
    """Say what is hashed."""
    if sticky.kind == "cookie":
        return {"type": "Cookie", "cookie": {"name": sticky.name}}
    return {"type": "Header", "header": {"name": UNIT_HEADER}}


def salted(sticky: Sticky) -> list[dict[str, str]]:
    """Give the header the salt is mixed in by, before a route is chosen.

    Raises
    ------
    GatewayError
        If the salt cannot be a part of a header.
    """
    if sticky.kind != "header":
        return []
    if not sticky.salt.isascii() or not sticky.salt.isprintable():
        raise GatewayError(f"The salt {sticky.salt!r} cannot be a part of a header.")
    # A percent sign begins a command of Envoy's, and two of them are one.
    salt = sticky.salt.replace("%", "%%")
    return [{"name": UNIT_HEADER, "value": f"{salt}:%REQ({sticky.name})%"}]


def claimed(plan: Plan) -> dict[str, Any]:
    """Have a claim written into the header that is hashed, and the route chosen once more.

    Raises
    ------
    GatewayError
        If no tokens are checked that could hold the claim.
    """
    sticky = plan.sticky
    if sticky is None or sticky.kind != "claim":
        return {}
    if plan.tokens is None:
        raise GatewayError(
            f'The assignment sticks to the claim "{sticky.name}", and no tokens are checked by '
            "the router. Declare serving.access.tokens, or a header or cookie as the unit."
        )
    header = {"header": UNIT_HEADER, "claim": sticky.name}
    return {"claimToHeaders": [header], "recomputeRoute": True}
