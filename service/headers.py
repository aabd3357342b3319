"""The headers of answers: what a browser must not make of them."""

from typing import TypeAlias

Headers: TypeAlias = tuple[tuple[bytes, bytes], ...]

GUARDS: Headers = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
)
"""On every answer."""

SEALED: Headers = ((b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),)
"""On every answer that is no page: nothing of it may run, and nobody may frame it."""

JSON: Headers = ((b"content-type", b"application/json"), *GUARDS, *SEALED)
PROBLEM: Headers = ((b"content-type", b"application/problem+json"), *GUARDS, *SEALED)
