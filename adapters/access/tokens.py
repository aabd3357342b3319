"""Tokens of an identity provider (JWT), through joserfc; nothing else may import it.

Imported only where a project declares `tokens`: joserfc and cryptography take time and memory.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.errors import (
    ClaimError,
    ExpiredTokenError,
    InvalidClaimError,
    InvalidKeyTypeError,
    JoseError,
    UnsupportedAlgorithmError,
    UnsupportedHeaderError,
)
from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from adapters.access.watched import Watched
from lifecycle.serving.access import AccessError, Principal, Unauthorized, granted
from lifecycle.serving.declaration import Tokens

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
"""Signed with a private key and checked with a public one: whoever reads the key set can make no
token. `none` and the HMAC algorithms are not here, whatever a token says of itself."""

TYPES = ("jwt", "at+jwt", "application/at+jwt")
"""What a token may call itself (RFC 8725, section 3.11; RFC 9068)."""

WEAKEST_RSA = 2048
"""Bits: NIST SP 800-131A."""

KINDS = ("RSA", "EC", "OKP")
CURVES = ("P-256", "Ed25519")

LONGEST_SUBJECT = 255
"""Characters: OpenID Connect Core, section 2."""

PublicKey = RSAKey | ECKey | OKPKey
KeySet = dict[str | None, PublicKey]


class _Registry(JWSRegistry):
    """What joserfc may take. Its own list warns at every EdDSA, and knows more than we allow."""

    max_header_length = 4096

    def get_alg(self, name: str) -> Any:
        if name not in ALGORITHMS:
            raise UnsupportedAlgorithmError("not allowed here")
        return self.algorithms[name]

    def check_header(self, header: dict[str, Any]) -> None:
        # RFC 7515, section 4.1.11: what we do not understand and have to, we refuse. That is
        # every extension, `b64` among them, which joserfc would understand.
        if "crit" in header or "b64" in header:
            raise UnsupportedHeaderError("an extension")
        if str(header.get("typ", TYPES[0])).lower() not in TYPES:
            raise UnsupportedHeaderError("another type of token")
        super().check_header(header)


_REGISTRY = _Registry(strict_check_header=False)


class Verifier:
    """Checks tokens against a declaration and a key set.

    Parameters
    ----------
    path
        The key set (JWKS); read again when it changes.
    claim
        The claim that names whom a request is of; `None`: that is not asked.
    """

    def __init__(self, declared: Tokens, path: Path, *, claim: str | None = None) -> None:
        self._declared, self._claim = declared, claim
        self._leeway = int(declared.leeway.total_seconds())
        self._file = Watched(path, _read_keys, kind="key set of the tokens (JWKS)")

    def look(self) -> bool:
        """Read the key set again if it changed; tell whether it did."""
        return self._file.look()

    @property
    def fault(self) -> str | None:
        """Why every token is denied; `None` while the key set can be read."""
        return self._file.fault

    def recognise(self, token: bytes, now: float) -> tuple[Principal, float]:
        """Give whose token it is, and until when that may be remembered.

        Parameters
        ----------
        now
            Seconds since 1970.

        Raises
        ------
        Unauthorized
            Unless the token is signed by a key of the set and meant for us, now.
        """
        keys = self._file.content
        if keys is None:
            raise Unauthorized("The token cannot be checked now.", reason="tokens unreadable")
        try:
            claims = self._verify(token, keys, now)
        except ExpiredTokenError as error:
            raise Unauthorized("The token has expired.", reason="expired token") from error
        except ClaimError as error:
            # Its signature is right, so whoever sends it may hear what is wrong with it.
            raise Unauthorized(_tell(error), reason=f"claim {error.claim}") from error
        except JoseError as error:
            raise Unauthorized("The token is not valid.", reason=f"token {error.error}") from error
        except Exception as error:  # whatever its parsers trip over in what a stranger sent
            raise Unauthorized("The token is not valid.", reason="token malformed") from error
        roles = granted(_listed(claims.get(self._declared.roles_claim)))
        unit = "" if self._claim is None else _named(claims.get(self._claim))
        return Principal(claims["sub"], roles, "token", unit), claims["exp"] + self._leeway

    def _verify(self, token: bytes, keys: KeySet, now: float) -> dict[str, Any]:
        def find(signature: Any) -> PublicKey:
            return _find(keys, signature.headers())

        claims = jwt.decode(token, find, registry=_REGISTRY).claims
        jwt.JWTClaimsRegistry(
            now=int(now),
            leeway=self._leeway,
            iss={"essential": True, "value": self._declared.issuer},
            aud={"essential": True, "value": self._declared.audience},
            sub={"essential": True},
            exp={"essential": True},
        ).validate(claims)
        if len(claims["sub"]) > LONGEST_SUBJECT:
            raise InvalidClaimError("sub")
        return claims


def _tell(error: ClaimError) -> str:
    names = [name for name in error.claim.split(",") if name in _WRONG]
    return _WRONG[names[0]] if names else "The token is not valid."


_WRONG = {
    "iss": "The token is of another issuer.",
    "aud": "The token is meant for another audience.",
    "sub": "The token names no subject that can be used.",
    "exp": "The token does not say when it expires.",
    "nbf": "The token is not valid yet.",
    "iat": "The token is not valid yet.",
}


def _named(claim: object) -> str:
    """Read a claim that names somebody: text, or a whole number; anything else names nobody."""
    is_name = isinstance(claim, str | int) and not isinstance(claim, bool)
    return str(claim) if is_name else ""


def _listed(claim: object) -> list[Any]:
    """Read a claim that lists names: as a list, or as a text with spaces."""
    if isinstance(claim, str):
        return claim.split()
    return claim if isinstance(claim, list) else []


def _find(keys: KeySet, header: Mapping[str, Any]) -> PublicKey:
    """Give the key a token names; the only one there is, where it names none."""
    if "kid" in header:
        found = keys.get(header["kid"])
    else:
        found = next(iter(keys.values())) if len(keys) == 1 else None
    if found is None:
        raise InvalidKeyTypeError("no such key")
    return found


def _read_keys(content: bytes) -> KeySet:
    """Read the keys that can check a signature; others of the set are passed over (RFC 7517)."""
    try:
        listed = json.loads(content)["keys"]
        entries = [dict(entry) for entry in listed]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise AccessError('is broken: it is not JSON of the form {"keys": [...]}') from None
    found: KeySet = {}
    for entry in entries:
        key = _read_key(entry)
        if key is None:
            continue
        identifier = entry.get("kid")
        if identifier in found:
            raise AccessError(f"names two keys {identifier!r}")
        found[identifier] = key
    if not found:
        raise AccessError(f"holds no public key that can check {', '.join(ALGORITHMS)}")
    return found


def _read_key(entry: dict[str, Any]) -> PublicKey | None:
    if entry.get("use", "sig") != "sig" or entry.get("alg", ALGORITHMS[0]) not in ALGORITHMS:
        return None
    if entry.get("kty") not in KINDS:
        return None
    try:
        key = JWKRegistry.import_key(entry)
    except Exception:  # whatever its parsers trip over
        raise AccessError(f"is broken: key {entry.get('kid')!r} cannot be read") from None
    if not isinstance(key, RSAKey | ECKey | OKPKey):
        return None
    if key.is_private:
        raise AccessError(
            f"holds the private half of key {entry.get('kid')!r}: whoever reads it can make "
            "tokens. Replace that key pair, and give the public half only"
        )
    return key if _is_fit(key) else None


def _is_fit(key: PublicKey) -> bool:
    if isinstance(key, RSAKey):
        return key.raw_value.key_size >= WEAKEST_RSA
    return key.curve_name in CURVES
