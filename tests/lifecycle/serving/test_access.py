from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from lifecycle.serving.access import (
    ANONYMOUS,
    ID_LETTERS,
    ROLES,
    SECRET_LETTERS,
    AccessError,
    Caller,
    Forbidden,
    KeyRecord,
    KeyRing,
    Principal,
    Rates,
    TooManyRequests,
    Unauthorized,
    digest,
    granted,
    read_key,
    read_roles,
    write_key,
)

NOW = datetime(2030, 1, 1, tzinfo=UTC)
SOMEBODY = Caller("key", "a")


def test_admin_is_all_roles_and_nobody_is_admin_by_asking():
    assert granted(["admin"]) == set(ROLES)
    assert granted(["predict", "label", "read"]) == set(ROLES) - {"admin"}
    assert "admin" not in ANONYMOUS.roles


def test_values_that_are_no_names_are_no_roles():
    assert granted([None, 3, ["admin"], {"admin": 1}, b"admin", "ADMIN", "admin "]) == frozenset()


@given(
    st.text(ID_LETTERS, min_size=12, max_size=12), st.text(SECRET_LETTERS, min_size=43, max_size=43)
)
def test_a_key_that_is_written_is_read(identifier, secret):
    assert read_key(write_key(identifier, secret).encode()) == identifier


@given(st.binary(max_size=80))
def test_anything_else_is_no_key(content):
    assert read_key(content) is None


@pytest.mark.parametrize(
    "change", [lambda key: key + "\n", lambda key: key + "x", lambda key: " " + key]
)
def test_a_key_with_something_around_it_is_none(change):
    assert read_key(change(write_key("a" * 12, "S" * 43)).encode()) is None


def test_the_hash_is_that_of_the_whole_key():
    assert digest(b"prn_a_b") != digest(b"prn_c_b")


@pytest.mark.parametrize(
    ("expires", "revoked", "state"),
    [
        (None, None, "active"),
        ("2030-01-01T00:00:01Z", None, "active"),
        ("2030-01-01T00:00:00Z", None, "expired"),
        ("2031-01-01T00:00:00Z", "2029-01-01T00:00:00Z", "revoked"),
        ("2029-01-01T00:00:00Z", "2029-01-01T00:00:00Z", "revoked"),
    ],
)
def test_a_record_tells_whether_its_key_is_taken(expires, revoked, state):
    record = KeyRecord(
        id="a" * 12, name="x", roles=("read",), hash="0" * 64, created=NOW,
        expires=expires, revoked=revoked,
    )  # fmt: skip

    assert record.state(NOW) == state


def test_a_ring_knows_each_key_once():
    record = KeyRecord(id="a" * 12, name="x", roles=("read",), hash="0" * 64, created=NOW)

    with pytest.raises(ValidationError, match="the same id"):
        KeyRing(keys=(record, record))


def test_roles_a_key_is_made_with_are_known():
    with pytest.raises(AccessError, match='Did you mean "label"'):
        read_roles(["lable"])


def test_refusals_carry_what_the_answer_needs():
    principal = Principal("a", granted(["read"]), "token")
    refusals = [
        Unauthorized("No.", reason="x"),
        Forbidden("label", principal),
        TooManyRequests(0.2),
        TooManyRequests(7.01),
    ]

    assert [refusal.status for refusal in refusals] == [401, 403, 429, 429]
    assert refusals[0].headers[0][0] == refusals[1].headers[0][0] == "WWW-Authenticate"
    assert [refusal.headers for refusal in refusals[2:]] == [
        (("Retry-After", "1"),),
        (("Retry-After", "8"),),
    ]


@pytest.mark.parametrize("rate", [0.1, 0.7, 1, 3, 10, 333.3, 5_000])
def test_a_second_may_come_at_once_and_no_more(rate):
    rates = Rates(rate)

    taken = sum(rates.take(SOMEBODY, 1.9e9) == 0.0 for _ in range(10_000))

    assert taken == max(1, int(rate))


@pytest.mark.parametrize("rate", [0.5, 2, 10, 250])
def test_over_a_long_time_the_rate_is_held_exactly(rate):
    rates, begun, seconds = Rates(rate), 1.9e9, 60

    moments = [begun + step * seconds / 30_000 for step in range(30_000)]
    taken = sum(rates.take(SOMEBODY, now) == 0.0 for now in moments)

    assert abs(taken - (max(1, rate) + rate * seconds)) <= 1


def test_waiting_as_long_as_told_is_enough():
    rates = Rates(3)
    now = 1.9e9
    for _ in range(50):
        wait = rates.take(SOMEBODY, now)
        if wait:
            now += wait
            assert rates.take(SOMEBODY, now) == 0.0


def test_what_is_refused_takes_nothing():
    rates = Rates(1)
    rates.take(SOMEBODY, 0.0)

    waits = [rates.take(SOMEBODY, 0.5) for _ in range(5)]

    assert waits == [0.5] * 5


def test_a_clock_that_is_set_back_locks_nobody_out():
    rates = Rates(2)
    rates.take(SOMEBODY, 1.9e9)

    assert rates.take(SOMEBODY, 1.9e9 - 86_400) <= 0.5


def test_the_bucket_used_least_recently_is_forgotten_first():
    rates = Rates(1, most=2)
    first, second, third = (Caller("token", name) for name in "abc")
    rates.take(first, 0.0)
    rates.take(second, 0.1)
    rates.take(first, 1.1)
    rates.take(third, 1.2)

    assert len(rates) == 2
    assert rates.take(first, 1.2) > 0
