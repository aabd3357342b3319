"""An issuer of tokens."""

import base64
import json
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")


class Issuer:
    """Signs tokens of `us` for the audience `shop`."""

    def __init__(self, algorithm: str = "ES256") -> None:
        self.algorithm = algorithm
        self._key = _new_key(algorithm)
        key = {**_public(self._key), "kid": "k1", "use": "sig", "alg": algorithm}
        self.keys = json.dumps({"keys": [key]})

    def token(self, **claims) -> str:
        head = {"alg": self.algorithm, "typ": "JWT", "kid": "k1"}
        whole = {"iss": "us", "aud": "shop", "sub": "me", "exp": time.time() + 60, **claims}
        text = b".".join(_encoded(json.dumps(part).encode()) for part in (head, whole))
        return b".".join((text, _encoded(self._signed(text)))).decode()

    def _signed(self, text: bytes) -> bytes:
        key = self._key
        if isinstance(key, ec.EllipticCurvePrivateKey):
            pair = decode_dss_signature(key.sign(text, ec.ECDSA(hashes.SHA256())))
            return b"".join(number.to_bytes(32, "big") for number in pair)
        if isinstance(key, ed25519.Ed25519PrivateKey):
            return key.sign(text)
        pad = padding.PKCS1v15()
        if self.algorithm == "PS256":
            pad = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
        return key.sign(text, pad, hashes.SHA256())


def _new_key(algorithm: str):
    if algorithm == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(65_537, 2_048)


def _public(key) -> dict[str, str]:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        numbers = key.public_key().public_numbers()
        point = {"x": _number(numbers.x, 32), "y": _number(numbers.y, 32)}
        return {"kty": "EC", "crv": "P-256", **point}
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return {
            "kty": "OKP",
            "crv": "Ed25519",
            "x": _encoded(key.public_key().public_bytes_raw()).decode(),
        }
    numbers = key.public_key().public_numbers()
    return {"kty": "RSA", "n": _number(numbers.n, 256), "e": _number(numbers.e, 3)}


def _number(value: int, length: int) -> str:
    return _encoded(value.to_bytes(length, "big")).decode()


def _encoded(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")
