import json
import os
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from adapters.access.tokens import ALGORITHMS, Verifier
from lifecycle.serving.access import ROLES, Unauthorized
from tests.adapters.access.issuing import (
    AUDIENCE,
    DECLARED,
    NOW,
    PAIRS,
    encoded,
    issue,
    key_set,
    public,
    publish,
)


@pytest.fixture
def verifier(tmp_path):
    return Verifier(DECLARED, publish(tmp_path))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_token_of_each_algorithm_tells_who_asks(verifier, algorithm):
    principal, until = verifier.recognise(issue(algorithm), NOW)

    assert (principal.id, principal.roles, principal.via) == ("somebody", {"predict"}, "token")
    assert until == NOW + 600 + 30


@pytest.mark.parametrize(
    ("claim", "said", "unit"),
    [
        ("sub", "u17", "u17"),
        ("customer", "ü 7", "ü 7"),
        ("customer", 17, "17"),
        ("customer", None, ""),
        ("customer", True, ""),
        ("customer", ["u17"], ""),
        (None, "u17", ""),
    ],
)
def test_whom_a_request_is_of_is_read_from_the_declared_claim(tmp_path, claim, said, unit):
    verifier = Verifier(DECLARED, publish(tmp_path), claim=claim)

    principal, _ = verifier.recognise(issue(**{claim or "customer": said}), NOW)

    assert principal.unit == unit


@pytest.mark.parametrize(
    ("claim", "roles"),
    [
        (["predict", "label"], {"predict", "label"}),
        ("read  label", {"read", "label"}),
        (["admin"], set(ROLES)),
        (["Predict", "owner", 3, None, {}], set()),
        ({"predict": True}, set()),
        (7, set()),
        (None, set()),
    ],
)
def test_roles_are_read_from_the_claim_and_unknown_ones_are_none(verifier, claim, roles):
    principal, _ = verifier.recognise(issue(roles=claim), NOW)

    assert principal.roles == roles


def test_the_claim_of_the_roles_is_declared(tmp_path):
    declared = DECLARED.model_copy(update={"roles_claim": "https://example/roles"})
    token = issue(roles=["admin"], **{"https://example/roles": "read"})

    principal, _ = Verifier(declared, publish(tmp_path)).recognise(token, NOW)

    assert principal.roles == {"read"}


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": ["others", AUDIENCE]},
        {"exp": NOW - 29},
        {"exp": NOW + 0.5},
        {"nbf": NOW + 30},
        {"iat": NOW + 30},
        {"exp": 10**300},
        {"sub": "s" * 255},
        {"anything": {"else": [1, 2]}},
    ],
)
def test_what_is_within_the_rules_is_taken(verifier, claims):
    principal, until = verifier.recognise(issue(**claims), NOW)

    assert principal.via == "token"
    assert until > NOW


@pytest.mark.parametrize("kind", ["JWT", "at+jwt", "application/at+jwt", None])
def test_types_of_access_tokens_are_taken(verifier, kind):
    assert verifier.recognise(issue(header={"typ": kind}), NOW)


def test_headers_nobody_has_to_understand_are_passed_over(verifier):
    assert verifier.recognise(issue(header={"nonce": "x", "x5t": "abc"}), NOW)


def test_a_token_that_names_no_key_is_checked_with_the_only_one(tmp_path):
    only = Verifier(DECLARED, publish(tmp_path, public("ES256")))

    assert only.recognise(issue(header={"kid": None}), NOW)


def test_keys_for_other_uses_are_passed_over(tmp_path):
    others = [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "shared"},
        {"kty": "AKP", "alg": "ML-DSA-44", "pub": "x", "kid": "tomorrow"},
        public("RS256", kid="encrypts", use="enc"),
        public("RS256", kid="other algorithm", alg="RS512"),
        public("RS256", rsa.generate_private_key(65537, 1024), kid="weak"),
    ]

    verifier = Verifier(DECLARED, publish(tmp_path, *others, public("ES256")))

    assert verifier.fault is None
    assert verifier.recognise(issue(header={"kid": None}), NOW)


PRIVATE = {**public("ES256"), "d": "AAAA"}
BROKEN = {
    "nothing": "",
    "no JSON": "{",
    "no keys": "{}",
    "a list": "[]",
    "keys that are none": '{"keys": ["a", 3]}',
    "an empty set": '{"keys": []}',
    "only a secret": json.dumps({"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}),
    "a number that is none": json.dumps({"keys": [{"kty": "RSA", "n": "!", "e": "AQAB"}]}),
    "a name that is none": key_set(public("ES256", kid=7)),
    "the same name twice": key_set(public("ES256"), public("RS256", kid="ec")),
    "not UTF-8": b"\xff\xfe",
    "nested without end": "[" * 100_000,
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_key_set_that_makes_no_sense_lets_nobody_in(tmp_path, name):
    content = BROKEN[name]
    path = tmp_path / "jwks.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    verifier = Verifier(DECLARED, path)

    with pytest.raises(Unauthorized, match="cannot be checked now") as refused:
        verifier.recognise(issue(), NOW)

    assert refused.value.reason == "tokens unreadable"
    assert verifier.fault.startswith("The key set of the tokens (JWKS) ")


def test_a_private_key_in_the_set_is_told_and_lets_nobody_in(tmp_path):
    numbers = PAIRS["ES256"].private_numbers()
    leaked = public("ES256", d=encoded(numbers.private_value.to_bytes(32, "big")))

    verifier = Verifier(DECLARED, publish(tmp_path, leaked))

    assert "private half of key 'ec'" in verifier.fault


def test_a_key_taken_out_of_the_set_is_no_longer_believed(tmp_path):
    path = publish(tmp_path)
    verifier = Verifier(DECLARED, path)
    token = issue("ES256")
    verifier.recognise(token, NOW)
    publish(tmp_path, public("RS256"))

    assert verifier.look()
    with pytest.raises(Unauthorized):
        verifier.recognise(token, NOW)


def test_a_key_replaced_under_its_name_is_noticed(tmp_path):
    verifier = Verifier(DECLARED, publish(tmp_path))
    new = ec.generate_private_key(ec.SECP256R1())
    publish(tmp_path, public("ES256", new))

    assert verifier.look()
    assert verifier.recognise(issue(pair=new), NOW)


def test_checking_warns_of_nothing():
    code = (
        "import pathlib, sys, tempfile;"
        "from tests.adapters.access.issuing import *;"
        "from adapters.access.tokens import Verifier;"
        "v = Verifier(DECLARED, publish(pathlib.Path(tempfile.mkdtemp())));"
        "v.recognise(issue('EdDSA'), NOW)"
    )

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": "."},
    )

    assert done.returncode == 0, done.stderr
