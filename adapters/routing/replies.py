"""What the router answers by itself: problem+json, like the service does."""

from typing import Any

_DETAILS: dict[int, tuple[str, str]] = {
    400: ("Bad Request", "The request is not valid HTTP."),
    404: ("Not Found", "There is nothing at this path."),
    408: ("Request Timeout", "The request did not arrive in time."),
    413: ("Content Too Large", "The body of the request is larger than is taken here."),
    426: ("Upgrade Required", "HTTP/1.1 or later is needed."),
    431: ("Request Header Fields Too Large", "The headers of the request are too large."),
}

_UNAVAILABLE = (
    "Service Unavailable",
    "No version answers right now. Try again in a moment.",
)

RETRY_AFTER = "1"
"""Seconds: about as long as a version that died takes to answer again."""


def local_replies() -> dict[str, Any]:
    """Describe every answer that is the router's own.

    Whatever goes wrong behind it, a broken connection, no connection, no answer in time, is a
    503 that says when to try again; what is wrong with the request keeps its status.
    """
    known = [_reply(status, title, detail) for status, (title, detail) in _DETAILS.items()]
    return {"mappers": [*known, _unavailable()], "body_format": _problem(None, "Error", "")}


def _reply(status: int, title: str, detail: str) -> dict[str, Any]:
    return {
        "filter": _by_status("EQ", status),
        "body_format_override": _problem(status, title, detail),
        "headers_to_add": [_header("x-request-id", "%REQ(x-request-id)%")],
    }


def _unavailable() -> dict[str, Any]:
    title, detail = _UNAVAILABLE
    return {
        "filter": _by_status("GE", 500),
        "status_code": 503,
        "body_format_override": _problem(503, title, detail),
        "headers_to_add": [
            _header("x-request-id", "%REQ(x-request-id)%"),
            _header("retry-after", RETRY_AFTER),
        ],
    }


def _by_status(operator: str, status: int) -> dict[str, Any]:
    compared = {"default_value": status, "runtime_key": f"perennial.reply_{status}"}
    return {"status_code_filter": {"comparison": {"op": operator, "value": compared}}}


def _problem(status: int | None, title: str, detail: str) -> dict[str, Any]:
    return {
        "content_type": "application/problem+json",
        "json_format": {
            "type": "about:blank",
            "title": title,
            "status": "%RESPONSE_CODE%" if status is None else status,
            "detail": detail,
            "request_id": "%REQ(x-request-id)%",
        },
    }


def _header(name: str, value: str) -> dict[str, Any]:
    return {
        "header": {"key": name, "value": value},
        "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
    }
