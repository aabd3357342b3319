"""What is answered when something is wrong: problem documents, and the catalogue of their types.

A `type` such as `/problems/contract` is a relative reference (RFC 9457, section 3.1.1): the same
for every service of ours, a name to be compared, not a page to be fetched.
"""

from collections.abc import Sequence

import msgspec

from lifecycle.serving.faults import Fault, Faults, NotJson, TooManyRows

MEDIA_TYPE = "application/problem+json"


class Kind(msgspec.Struct, frozen=True):
    """A type of problem.

    Parameters
    ----------
    meaning
        One sentence for whoever meets it in the documentation.
    waits
        Whether `Retry-After` tells when to come again.
    """

    slug: str
    title: str
    status: int
    meaning: str
    waits: bool = False

    @property
    def uri(self) -> str:
        """How it is named in a problem document."""
        return f"/problems/{self.slug}"


NOT_JSON = Kind("not-json", "Not JSON", 400, "The body cannot be read as JSON.")
UNAUTHORIZED = Kind("unauthorized", "Who asks is not known", 401, "Give a valid key or token.")
FORBIDDEN = Kind("forbidden", "Not allowed", 403, "The key or token lacks the role for this.")
NOT_FOUND = Kind("not-found", "Not found", 404, "There is nothing at this address.")
METHOD = Kind("method", "Method not allowed", 405, "`Allow` lists the methods there are.")
TOO_SLOW = Kind("too-slow", "Too slow", 408, "The body did not arrive in time.")
TOO_LARGE = Kind("too-large", "Too large", 413, "The body is larger than is taken.")
TOO_MANY_ROWS = Kind(
    "too-many-rows", "Too many rows", 413, "Send the rows in several requests instead."
)
MEDIA = Kind("media-type", "Not JSON by its media type", 415, "Send application/json.")
CONTRACT = Kind(
    "contract", "Not what the contract asks for", 422, "`errors` lists every fault of every row."
)
RATE = Kind("rate", "Too many requests", 429, "Whoever asks has used up their rate.", waits=True)
INTERNAL = Kind("internal", "Something broke here", 500, "The request was not the cause.")
BUSY = Kind("busy", "Busy", 503, "Too many requests are waiting already.", waits=True)
CANNOT_RECORD = Kind(
    "cannot-record", "Cannot be recorded", 503, "What cannot be written down is not answered.",
    waits=True,
)  # fmt: skip
NOT_READY = Kind("not-ready", "Not ready", 503, "The service is not ready yet.", waits=True)
DRAINING = Kind("draining", "Stopping", 503, "The service is being stopped.", waits=True)

KINDS = (
    NOT_JSON, UNAUTHORIZED, FORBIDDEN, NOT_FOUND, METHOD, TOO_SLOW, TOO_LARGE, TOO_MANY_ROWS, MEDIA,
    CONTRACT, RATE, INTERNAL, BUSY, CANNOT_RECORD, NOT_READY, DRAINING,
)  # fmt: skip
"""All there are, in the order of their status."""


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """A problem document (RFC 9457).

    Parameters
    ----------
    errors
        The faults of the request, the first hundred of them.

    Examples
    --------
    >>> print(problem(NOT_FOUND, "There is no /predcit.", "r1").body().decode())
    {"type":"/problems/not-found","title":"Not found","status":404,\
"detail":"There is no /predcit.","request_id":"r1"}
    """

    type: str
    title: str
    status: int
    detail: str
    request_id: str | None = None
    errors: tuple[Fault, ...] = ()

    def body(self) -> bytes:
        """Write it as JSON."""
        return _ENCODER.encode(self)


def problem(
    kind: Kind, detail: str, request_id: str | None = None, errors: Sequence[Fault] = ()
) -> Problem:
    """Make a problem document of one type."""
    return Problem(kind.uri, kind.title, kind.status, detail, request_id, tuple(errors))


def problem_of(error: Faults | NotJson | TooManyRows, request_id: str | None = None) -> Problem:
    """Tell what was wrong with a body."""
    if isinstance(error, Faults):
        return problem(CONTRACT, str(error), request_id, error.faults)
    return problem(
        NOT_JSON if isinstance(error, NotJson) else TOO_MANY_ROWS, str(error), request_id
    )


_ENCODER = msgspec.json.Encoder()
