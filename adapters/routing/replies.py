"""What the router answers by itself: problem+json, with the words of the service."""

from http import HTTPStatus
from typing import Any

from lifecycle.serving.problem import MEDIA_TYPE, NOT_READY, TOO_LARGE, TOO_SLOW, Kind

RETRY_AFTER = "1"
"""Seconds: about as long as a version that died takes to answer again."""

_UNAVAILABLE = "No version answers right now. Try again in a moment."

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


def local_replies() -> dict[str, Any]:
    """Describe every answer that is the router's own.

    Whatever goes wrong behind it, a broken connection, no connection, no answer in time, is a
    503 that says when to try again; what is wrong with the request keeps its status.
    """
    return {
        "mappers": [
            _of_kind(TOO_SLOW),
            _of_kind(TOO_LARGE),
            {
                "filter": _by_status("GE", 500),
                "status_code": NOT_READY.status,
                "body_format_override": _problem(NOT_READY, _UNAVAILABLE),
                "headers_to_add": _headers({**_GUARDS, "retry-after": RETRY_AFTER}),
            },
            *(_of_status(status) for status in _OF_HTTP),
            _of_status(HTTPStatus.BAD_REQUEST, "GE"),
        ]
    }


def _of_kind(kind: Kind) -> dict[str, Any]:
    return {
        "filter": _by_status("EQ", kind.status),
        "body_format_override": _problem(kind, kind.meaning),
        "headers_to_add": _headers(_GUARDS),
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
