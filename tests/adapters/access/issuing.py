"""An identity provider of our own: key pairs, the key set it publishes, the tokens it signs."""

import base64
import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from lifecycle.serving.declaration import Tokens

NOW = 1_900_000_000.0
ISSUER, AUDIENCE = "https://identity.example", "flights"
DECLARED = Tokens(keys="jwks.json", issuer=ISSUER, audience=AUDIENCE)
CLAIMS = {
    "iss": ISSUER,
    "aud": AUDIENCE,
    "sub": "somebody",
    "exp": int(NOW) + 600,
    "roles": ["predict"],
}

PAIRS: dict[str, Any] = {
    "RS256": rsa.generate_private_key(65537, 2048),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}
PAIRS["PS256"] = PAIRS["RS256"]
KIDS = {"RS256": "rsa", "PS256": "rsa", "ES256": "ec", "EdDSA": "ed"}


class Clock:
    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def encoded(content: bytes | dict[str, Any]) -> str:
    if isinstance(content, dict):
        content = json.dumps(content).encode()
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def whole(number: int, length: int | None = None) -> str:
    return encoded(number.to_bytes(length or (number.bit_length() + 7) // 8, "big"))


def public(algorithm: str, pair: Any = None, **others: Any) -> dict[str, Any]:
    key = (pair or PAIRS[algorithm]).public_key()
    entry = {"kid": KIDS[algorithm], "use": "sig", **others}
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        return {"kty": "RSA", "n": whole(numbers.n), "e": whole(numbers.e), **entry}
    if isinstance(key, ec.EllipticCurvePublicKey):
        point = key.public_numbers()
        return {
            "kty": "EC",
            "crv": "P-256",
            "x": whole(point.x, 32),
            "y": whole(point.y, 32),
            **entry,
        }
    return {"kty": "OKP", "crv": "Ed25519", "x": encoded(key.public_bytes_raw()), **entry}


def key_set(*entries: dict[str, Any]) -> str:
    return json.dumps(
        {"keys": list(entries) or [public(name) for name in ("RS256", "ES256", "EdDSA")]}
    )


def publish(folder: Path, *entries: dict[str, Any]) -> Path:
    path = folder / "jwks.json"
    path.write_text(key_set(*entries))
    return path


def sign(message: bytes, algorithm: str, pair: Any = None) -> bytes:
    key = pair or PAIRS[algorithm]
    if algorithm == "RS256":
        return key.sign(message, padding.PKCS1v15(), hashes.SHA256())
    if algorithm == "PS256":
        return key.sign(message, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
    if algorithm == "ES256":
        r, s = decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")
    return key.sign(message)


def issue(
    algorithm: str = "ES256",
    *,
    pair: Any = None,
    header: dict[str, Any] | None = None,
    without: tuple[str, ...] = (),
    **claims: Any,
) -> bytes:
    head = {"alg": algorithm, "kid": KIDS[algorithm], "typ": "JWT", **(header or {})}
    body = {name: value for name, value in {**CLAIMS, **claims}.items() if name not in without}
    head = {name: value for name, value in head.items() if value is not None}
    message = f"{encoded(head)}.{encoded(body)}"
    return f"{message}.{encoded(sign(message.encode(), algorithm, pair))}".encode()
