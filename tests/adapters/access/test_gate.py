import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from statistics import median

import pytest

from adapters.access import gate as gates
from adapters.access.gate import Gate
from adapters.access.keys import KeyFile
from lifecycle.serving.access import AccessError, Forbidden, TooManyRequests, Unauthorized
from lifecycle.serving.declaration import Access
from tests.adapters.access.issuing import DECLARED, NOW, Clock, issue, public, publish

KEYS = Access()
ANYBODY = Access(anonymous=True)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "keys.json"


@pytest.fixture
def file(path) -> KeyFile:
    return KeyFile(path, now=lambda: datetime.fromtimestamp(NOW, UTC))


@pytest.fixture
def token(file) -> bytes:
    return file.create("warehouse", ["predict"])[1].encode()


def bearer(token: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"host", b"here"), (b"authorization", b"Bearer " + token), (b"accept", b"*/*")]


def api_key(token: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"x-api-key", token)]


def test_a_key_comes_in_by_either_header(path, token, clock):
    gate = Gate(KEYS, keys=path, clock=clock)

    by_bearer, by_key = gate.check(bearer(token), "predict"), gate.check(api_key(token), "predict")

    assert by_bearer == by_key
    assert by_bearer.id == token.decode().split("_")[1]


@pytest.mark.parametrize("scheme", [b"bearer ", b"BEARER ", b"Bearer   "])
def test_the_scheme_may_be_written_in_any_case(path, token, clock, scheme):
    assert Gate(KEYS, keys=path, clock=clock).check([(b"authorization", scheme + token)], "predict")


def test_both_headers_may_say_the_same(path, token, clock):
    gate = Gate(KEYS, keys=path, clock=clock)

    assert gate.check(bearer(token) + api_key(token), "predict")


def test_a_token_and_a_key_are_told_apart_by_how_they_begin(path, token, clock, tmp_path):
    access = Access(tokens=DECLARED)
    gate = Gate(access, keys=path, jwks=publish(tmp_path), clock=clock)

    found = [gate.check(bearer(given), "predict").via for given in (token, issue())]

    assert found == ["key", "token"]


UNCLEAR = {
    "two Authorization headers": lambda token: bearer(token) + bearer(token),
    "two X-API-Key headers": lambda token: api_key(token) + api_key(token),
    "the headers differ": lambda token: bearer(token) + api_key(token[:-1] + b"!"),
    "the second header is empty": lambda token: bearer(token) + api_key(b""),
    "the first header is empty": lambda token: [(b"authorization", b""), *api_key(token)],
    "no scheme": lambda token: [(b"authorization", token)],
    "another scheme": lambda token: [(b"authorization", b"Basic dXNlcjpwYXNz")],
    "only the scheme": lambda token: [(b"authorization", b"Bearer")],
    "only the scheme and a space": lambda token: [(b"authorization", b"Bearer ")],
    "a tab": lambda token: [(b"authorization", b"Bearer\t" + token)],
    "something after it": lambda token: bearer(token + b" x"),
    "a space after it": lambda token: bearer(token + b" "),
    "two in one header": lambda token: bearer(token + b", Bearer " + token),
    "quotes": lambda token: bearer(b'"' + token + b'"'),
    "not ASCII": lambda token: bearer(token[:-2] + "é".encode()),
    "an empty key": lambda token: api_key(b""),
    "too long": lambda token: bearer(token * 200),
}


@pytest.mark.parametrize("access", [KEYS, ANYBODY], ids=["keys", "anonymous"])
@pytest.mark.parametrize("name", UNCLEAR)
def test_what_is_unclear_is_refused_even_where_anybody_may_ask(path, token, clock, name, access):
    gate = Gate(access, keys=path, clock=clock)

    with pytest.raises(Unauthorized) as refused:
        gate.check(UNCLEAR[name](token), "predict")

    assert refused.value.error == "invalid_request"


def test_nothing_at_all_is_asked_for_a_key_without_an_error(path, token, clock):
    with pytest.raises(Unauthorized) as refused:
        Gate(KEYS, keys=path, clock=clock).check([(b"host", b"here")], "predict")

    assert refused.value.headers == (("WWW-Authenticate", 'Bearer realm="perennial"'),)


def test_a_role_that_is_lacking_is_named(path, token, clock):
    with pytest.raises(Forbidden, match='needs the role "label"; the key has: predict') as refused:
        Gate(KEYS, keys=path, clock=clock).check(bearer(token), "label")

    assert refused.value.status == 403
    assert 'error="insufficient_scope", scope="label"' in refused.value.challenge


def test_a_token_without_roles_may_do_nothing(tmp_path, clock):
    gate = Gate(Access(keys=False, tokens=DECLARED), keys=None, jwks=publish(tmp_path), clock=clock)

    with pytest.raises(Forbidden, match="the token has: none"):
        gate.check(bearer(issue(without=("roles",))), "predict")


def test_admin_may_do_all(file, path, clock):
    token = file.create("us", ["admin"])[1].encode()
    gate = Gate(KEYS, keys=path, clock=clock)

    for role in ("predict", "label", "read", "admin"):
        assert gate.check(bearer(token), role)


def test_anybody_may_ask_where_that_is_declared_but_not_govern(clock):
    gate = Gate(ANYBODY, keys=None, clock=clock)

    for role in ("predict", "label", "read"):
        assert gate.check([], role).id == "anonymous"
    with pytest.raises(Forbidden):
        gate.check([], "admin")


def test_a_wrong_key_is_refused_even_where_anybody_may_ask(path, token, clock):
    gate = Gate(ANYBODY, keys=path, clock=clock)

    with pytest.raises(Unauthorized):
        gate.check(bearer(token[:-1] + b"0"), "predict")


def test_a_revoked_key_stops_within_a_second_without_a_restart(file, path, token, clock):
    gate = Gate(KEYS, keys=path, clock=clock)
    gate.check(bearer(token), "predict")
    file.revoke(token.decode())
    clock.now += 1.0

    with pytest.raises(Unauthorized, match="revoked"):
        gate.check(bearer(token), "predict")


def test_a_file_is_looked_at_once_a_second_at_most(file, path, token, clock):
    gate = Gate(KEYS, keys=path, clock=clock)
    gate.check(bearer(token), "predict")
    file.revoke(token.decode())
    clock.now += 0.99

    assert gate.check(bearer(token), "predict")


def test_a_clock_that_is_set_back_does_not_keep_a_revoked_key_alive(file, path, token, clock):
    gate = Gate(KEYS, keys=path, clock=clock)
    gate.check(bearer(token), "predict")
    file.revoke(token.decode())
    clock.now -= 3600

    with pytest.raises(Unauthorized, match="revoked"):
        gate.check(bearer(token), "predict")


def test_a_new_key_is_taken_within_a_second(file, path, token, clock):
    gate = Gate(KEYS, keys=path, clock=clock)
    other = file.create("new", ["read"])[1].encode()
    clock.now += 1

    assert gate.check(bearer(other), "read")


def test_a_key_that_was_taken_is_refused_once_it_has_expired(file, path, clock):
    soon = datetime.fromtimestamp(NOW, UTC) + timedelta(seconds=10)
    token = file.create("x", ["predict"], soon)[1].encode()
    gate = Gate(KEYS, keys=path, clock=clock)
    clock.now += 9.9
    gate.check(bearer(token), "predict")
    clock.now += 0.1

    with pytest.raises(Unauthorized, match="expired"):
        gate.check(bearer(token), "predict")


@pytest.mark.parametrize("end", ["removed", "broken", "unreadable"])
def test_a_file_that_breaks_shuts_the_gate_until_it_is_whole(path, token, clock, end):
    gate = Gate(KEYS, keys=path, clock=clock)
    gate.check(bearer(token), "predict")
    whole = path.read_bytes()
    if end == "unreadable":
        path.unlink()
        path.mkdir()
    else:
        path.unlink() if end == "removed" else path.write_text("{")
    clock.now += 1
    with pytest.raises(Unauthorized, match="cannot be checked now"):
        gate.check(bearer(token), "predict")
    (fault,) = gate.faults()
    path.rmdir() if end == "unreadable" else None
    path.write_bytes(whole)
    clock.now += 1

    assert gate.check(bearer(token), "predict")
    assert gate.faults() == ()
    assert fault.startswith("The key file")
    assert str(path.parent) not in fault


def test_faults_are_noticed_where_nobody_asks(path, token, clock):
    gate = Gate(KEYS, keys=path, clock=clock)
    path.unlink()
    clock.now += 1

    assert len(gate.faults()) == 1


def test_a_key_set_that_changes_is_asked_anew(tmp_path, clock):
    gate = Gate(Access(keys=False, tokens=DECLARED), keys=None, jwks=publish(tmp_path), clock=clock)
    gate.check(bearer(issue("ES256")), "predict")
    publish(tmp_path, public("RS256"))
    clock.now += 1

    with pytest.raises(Unauthorized):
        gate.check(bearer(issue("ES256")), "predict")
    assert gate.check(bearer(issue("RS256")), "predict")


def test_a_broken_key_set_shuts_out_tokens_and_no_keys(tmp_path, path, token, clock):
    jwks = publish(tmp_path)
    gate = Gate(Access(tokens=DECLARED), keys=path, jwks=jwks, clock=clock)
    gate.check(bearer(issue()), "predict")
    jwks.write_text("{")
    clock.now += 1

    with pytest.raises(Unauthorized, match="cannot be checked now"):
        gate.check(bearer(issue()), "predict")
    assert gate.check(bearer(token), "predict")


def test_a_token_where_only_keys_are_taken_is_refused(path, token, clock):
    with pytest.raises(Unauthorized, match="not valid"):
        Gate(KEYS, keys=path, clock=clock).check(bearer(issue()), "predict")


def test_a_key_where_only_tokens_are_taken_is_refused(tmp_path, token, clock):
    access = Access(keys=False, tokens=DECLARED)
    gate = Gate(access, keys=None, jwks=publish(tmp_path), clock=clock)

    with pytest.raises(Unauthorized, match="Keys are not taken here"):
        gate.check(bearer(token), "predict")


def test_a_key_that_was_just_made_is_taken_at_once(path, file, token, clock):
    gate = Gate(KEYS, keys=path, clock=clock)
    made = file.create("just now", ["predict"])[1].encode()
    clock.now += 2 * gates.LOOK_AGAIN

    assert gate.check(bearer(made), "predict")


def test_keys_nobody_knows_do_not_make_the_file_be_read_again_and_again(path, file, token, clock):
    gate = Gate(KEYS, keys=path, clock=clock)
    made = file.create("just now", ["predict"])[1].encode()
    clock.now += gates.LOOK_AGAIN / 2

    with pytest.raises(Unauthorized):
        gate.check(bearer(made), "predict")


def test_a_gate_nobody_could_pass_is_not_made():
    with pytest.raises(AccessError, match=r"Nobody could ask.*PERENNIAL_KEYS.*PERENNIAL_JWKS"):
        Gate(Access(tokens=DECLARED), keys=None)


def test_a_file_that_is_declared_and_not_given_is_a_fault(path, token):
    assert "PERENNIAL_JWKS" in Gate(Access(tokens=DECLARED), keys=path).faults()[0]


def test_what_is_declared_open_is_open():
    gate = Gate(Access(anonymous=True, open=("docs",)), keys=None)

    assert gate.is_open("docs")
    assert not gate.is_open("metrics")


def test_each_caller_has_a_rate_of_their_own(file, path, token, clock):
    other = file.create("other", ["predict"])[1].encode()
    gate = Gate(KEYS, keys=path, rate=5, clock=clock)
    for _ in range(5):
        gate.check(bearer(token), "predict")

    with pytest.raises(TooManyRequests) as refused:
        gate.check(bearer(token), "predict")

    assert refused.value.headers == (("Retry-After", "1"),)
    assert gate.check(bearer(other), "predict")
    clock.now += 0.2
    assert gate.check(bearer(token), "predict")


def test_a_subject_called_like_a_key_does_not_use_up_its_rate(path, token, tmp_path, clock):
    access = Access(tokens=DECLARED)
    gate = Gate(access, keys=path, jwks=publish(tmp_path), rate=1, clock=clock)
    gate.check(bearer(issue(sub=token.decode().split("_")[1])), "predict")

    assert gate.check(bearer(token), "predict")


def test_what_is_refused_uses_up_nobodys_rate(path, token, clock):
    gate = Gate(KEYS, keys=path, rate=1, clock=clock)
    for _ in range(3):
        with pytest.raises(Forbidden):
            gate.check(bearer(token), "label")

    assert gate.check(bearer(token), "predict")


def test_memory_stays_bounded_whoever_comes(tmp_path, clock, monkeypatch):
    monkeypatch.setattr(gates, "REMEMBERED", 10)
    access = Access(keys=False, tokens=DECLARED)
    gate = Gate(access, keys=None, jwks=publish(tmp_path), clock=clock)

    for number in range(30):
        gate.check(bearer(issue("EdDSA", sub=str(number))), "predict")

    assert len(gate._known) == 10


def test_no_secret_is_kept_in_memory(path, token, clock):
    gate = Gate(KEYS, keys=path, clock=clock)
    gate.check(bearer(token), "predict")

    assert token.rpartition(b"_")[2] not in repr(vars(gate)).encode()
    assert all(len(remembered) == 32 for remembered in gate._known)


def cost_us(check, rounds=2_000) -> float:
    """CPU of one call, in microseconds: the median of several stretches."""
    taken = []
    for _ in range(5):
        begun = time.process_time()
        for _ in range(rounds):
            check()
        taken.append((time.process_time() - begun) / rounds * 1e6)
    return median(taken)


def test_a_remembered_caller_costs_a_fraction_of_a_verified_one(tmp_path, path, token):
    access = Access(tokens=DECLARED)
    gate = Gate(access, keys=path, jwks=publish(tmp_path), rate=1e9, clock=Clock())
    headers = {"key": bearer(token), "token": bearer(issue("RS256"))}

    def verify():
        gate._known.clear()
        gate.check(headers["token"], "predict")

    fresh = cost_us(verify, rounds=200)
    known = {name: cost_us(lambda h=h: gate.check(h, "predict")) for name, h in headers.items()}

    assert known["key"] < fresh / 4
    assert known["token"] < fresh / 4


def test_where_only_keys_are_taken_nothing_of_tokens_is_loaded(path, token):
    code = (
        "import sys, pathlib; from adapters.access.gate import Gate;"
        "from lifecycle.serving.declaration import Access;"
        f"gate = Gate(Access(), keys=pathlib.Path({str(path)!r}));"
        f"gate.check([(b'x-api-key', {token!r})], 'predict');"
        "print(sorted({name.split('.')[0] for name in sys.modules}))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": "."},
    )

    loaded = set(json.loads(done.stdout.replace("'", '"')))
    heavy = {"joserfc", "cryptography", "filelock", "zenml", "mlflow", "pandas", "sqlalchemy"}
    assert "pydantic" in loaded
    assert not loaded & heavy
