"""What the router answers by itself: problem+json, with the words of the service."""

import math
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from lifecycle.serving.problem import (
    MEDIA_TYPE,
    NOT_READY,
    RATE,
    TOO_LARGE,
    TOO_SLOW,
    UNAUTHORIZED,
    Kind,
)

RETRY_AFTER = "1"
"""Seconds: about as long as a version that died takes to answer again."""

_UNAVAILABLE = "No version answers right now. Try again in a moment."

_TOO_MANY = "Too many requests of all who ask together. Ask again in {wait} s."
_TOKEN = "The token is not valid: %LOCAL_REPLY_BODY%."
_CHALLENGE = 'Bearer realm="perennial", error="invalid_token"'

_OF_HTTP = (
    HTTPStatus.NOT_FOUND,
    HTTPStatus.UPGRADE_REQUIRED,
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
)
"""What may be wrong with a request before anything of it is understood, beside 400."""

_GUARDS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-request-id": "%REQ(x-request-id)%",
}


def local_replies(rate: float | None = None) -> dict[str, Any]:
    """Describe every answer that is the router's own.

    Whatever goes wrong behind it, a broken connection, no connection, no answer in time, is a
    503 that says when to try again; what is wrong with the request keeps its status.

    Parameters
    ----------
    rate
        Requests a second of all together, if that is limited.
    """
    wait = 1 if rate is None else max(1, math.ceil(1 / rate))
    return {
        "mappers": [
            _of_kind(TOO_SLOW),
            _of_kind(TOO_LARGE),
            _of_kind(RATE, _TOO_MANY.format(wait=wait), {"retry-after": str(wait)}),
            # A token meant for somebody else is 403 to Envoy, and 401 to the service.
            *(
                _of_kind(UNAUTHORIZED, _TOKEN, {"www-authenticate": _CHALLENGE}, found=status)
                for status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
            ),
            _of_kind(NOT_READY, _UNAVAILABLE, {"retry-after": RETRY_AFTER}, found=500, by="GE"),
            *(_of_status(status) for status in _OF_HTTP),
            _of_status(HTTPStatus.BAD_REQUEST, "GE"),
        ]
    }


def _of_kind(
    kind: Kind,
    told: str = "",
    headers: Mapping[str, str] = MappingProxyType({}),
    *,
    found: int | None = None,
    by: str = "EQ",
) -> dict[str, Any]:
    """Describe an answer of one kind, in place of what Envoy would answer with status `found`."""
    return {
        "filter": _by_status(by, found or kind.status),
        "status_code": kind.status,
        "body_format_override": _problem(kind, told or kind.meaning),
        "headers_to_add": _headers({**_GUARDS, **headers}),
    }


def _of_status(status: HTTPStatus, operator: str = "EQ") -> dict[str, Any]:
    return {
        "filter": _by_status(operator, status),
        "body_format_override": _problem(None, "The request cannot be taken.", status.phrase),
        "headers_to_add": _headers(_GUARDS),
    }


def _by_status(operator: str, status: int) -> dict[str, Any]:
    compared = {"default_value": status, "runtime_key": f"perennial.reply.{operator}.{status}"}
    return {"status_code_filter": {"comparison": {"op": operator, "value": compared}}}


def _problem(kind: Kind | None, detail: str, title: str = "") -> dict[str, Any]:
    return {
        "content_type": MEDIA_TYPE,
        "json_format": {
            # Without a kind of its own a problem is named by its status (RFC 9457, 4.2.1).
            "type": kind.uri if kind else "about:blank",
            "title": kind.title if kind else title,
            "status": kind.status if kind else "%RESPONSE_CODE%",
            "detail": detail,
            "request_id": "%REQ(x-request-id)%",
        },
    }


def _headers(added: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "header": {"key": name, "value": value},
            "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
        }
        for name, value in added.items()
    ]
