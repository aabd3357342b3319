"""What a request is turned away with, before it reaches the model."""

from collections.abc import Sequence

from lifecycle.serving import problem
from lifecycle.serving.faults import Fault
from lifecycle.serving.problem import Kind

SOON = 1
"""Seconds after which a caller may come again where nothing says better."""

NOT_HTTP = Kind("not-http", "Not HTTP", 400, "What was sent is no request.")
"""No operation answers it: there is none before there is a request."""


class Gone(Exception):  # noqa: N818  (nothing went wrong: nobody is there to be answered)
    """The caller left."""


class Refused(Exception):  # noqa: N818  (a refusal is an answer)
    """A request is answered with a problem.

    Parameters
    ----------
    told
        For whoever asked: nothing internal.
    headers
        What the answer has to say beside it.
    """

    def __init__(
        self,
        kind: Kind,
        told: str,
        *,
        errors: Sequence[Fault] = (),
        headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> None:
        super().__init__(told)
        self.kind, self.errors = kind, errors
        if kind.waits and not headers:
            headers = ((b"retry-after", b"%d" % SOON),)
        self.headers = headers


def not_found(path: str) -> Refused:
    """Say that nothing is there; the address is told back, cut to what can be read."""
    shown = path if len(path) <= 80 else f"{path[:80]}…"
    return Refused(problem.NOT_FOUND, f"There is nothing at {shown}. GET /docs lists what is.")


def not_allowed(method: str, allowed: str) -> Refused:
    """Say that something is there, but not for this method."""
    return Refused(
        problem.METHOD,
        f"{method} is not for this address. Use {allowed}.",
        headers=((b"allow", allowed.encode("ascii")),),
    )


def too_large(limit: int) -> Refused:
    """Say that a body is larger than is taken."""
    return Refused(
        problem.TOO_LARGE,
        f"The body is larger than {limit // 1024:,} KB, the most that is taken. "
        "Send the rows in several requests.",
    )


def too_slow(seconds: float) -> Refused:
    """Say that a body did not arrive in time."""
    return Refused(
        problem.TOO_SLOW, f"The body was not complete after {seconds:g} s, the longest we wait."
    )


def too_long(seconds: float) -> Refused:
    """Say that an answer was not ready in time."""
    return Refused(
        problem.BUSY,
        f"The answer was not ready after {seconds:g} s, the longest a request may take. "
        "Come again, or send fewer rows.",
    )


def require_json(content_type: bytes) -> None:
    """Refuse a body that is said to be something else than JSON, or nothing at all.

    Raises
    ------
    Refused
        415.

    Examples
    --------
    >>> require_json(b"application/json; charset=utf-8")
    """
    if content_type == b"application/json":
        return
    if content_type.partition(b";")[0].strip().lower() != b"application/json":
        found = content_type.decode("latin-1")[:80] or "nothing"
        raise Refused(problem.MEDIA, f"Content-Type says {found}; it has to be application/json.")


def busy() -> Refused:
    """Say that too many requests wait already."""
    return Refused(problem.BUSY, "Too many requests are waiting already. Come again in a second.")


def broken() -> Refused:
    """Say that we failed; what happened is in our own log, under the request's id."""
    return Refused(
        problem.INTERNAL, "Something broke here. Tell us the request_id, and we can look it up."
    )


def unknown_query(name: str, allowed: str) -> Refused:
    """Say that a parameter does not exist, is there twice, or says what it cannot."""
    fault = Fault(None, name, "", f"?{name}", allowed, f'"{name}": {allowed}.')
    return Refused(problem.CONTRACT, f"The query of the address is not right. {fault.detail}",
                   errors=(fault,))  # fmt: skip
