"""The query of an address: `?reasons=5` and nothing else."""

from urllib.parse import parse_qsl

from service.refusals import unknown_query

MOST_REASONS = 100
"""As many as `serving.reasons` may be."""


def read_reasons(query: bytes, *, default: int) -> int:
    """Give how many reasons are asked for; 0 for none.

    Parameters
    ----------
    default
        How many `true` stands for.

    Raises
    ------
    Refused
        If the query says anything else, or says it twice.

    Examples
    --------
    >>> [read_reasons(query, default=5) for query in (b"", b"reasons=true", b"reasons=3")]
    [0, 5, 3]
    """
    if not query:
        return 0
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    for name, _ in pairs:
        if name != "reasons":
            raise unknown_query(name[:80], "there is only reasons")
    if not pairs:
        return 0
    if len(pairs) > 1:
        raise unknown_query("reasons", "say it once")
    value = pairs[0][1]
    if value in ("true", "false"):
        return default if value == "true" else 0
    if value.isascii() and value.isdigit() and len(value) <= 3 and int(value) <= MOST_REASONS:
        return int(value)
    raise unknown_query("reasons", f"true, false, or a whole number up to {MOST_REASONS}")


def forbid_query(query: bytes) -> None:
    """Refuse a query where there is none.

    Raises
    ------
    Refused
        If there is one.
    """
    for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        raise unknown_query(name[:80], "this address takes no parameters")
