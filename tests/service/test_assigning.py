"""Of whom a request is, and which arm of a test it belongs to."""

import pytest

from lifecycle.release.declaration import Unit
from lifecycle.release.plan import ARM_HEADER
from lifecycle.serving.access import Principal
from lifecycle.serving.outcomes import UnitMask
from service.assigning import Assigning
from service.exchange import Exchange
from service.settings import StartError, read_unit

MASK = UnitMask(b"0123456789abcdef")
SOMEBODY = Principal("k1", frozenset({"predict"}), "key")


def asked(unit, *headers, principal=SOMEBODY):
    scope = {
        "method": "POST",
        "path": "/predict",
        "query_string": b"",
        "headers": [(b"x-request-id", b"r-1"), *headers],
    }
    assigning = Assigning(unit, None if unit is None else MASK)
    return assigning(Exchange(scope, None, None), principal)


HEADER, COOKIE, CLAIM = Unit(header="x-user-id"), Unit(cookie="uid"), Unit(claim="sub")


@pytest.mark.parametrize(
    ("unit", "headers", "name"),
    [
        (HEADER, [(b"x-user-id", b"u17")], b"u17"),
        (HEADER, [(b"x-user-id", "ü 17".encode())], "ü 17".encode()),
        (HEADER, [(b"x-user-id", b"a"), (b"x-user-id", b"b")], b"a,b"),
        (HEADER, [(b"x-user-id", b"")], None),
        (HEADER, [(b"x-user-ids", b"u17")], None),
        (COOKIE, [(b"cookie", b"a=1; uid=u17; b=2")], b"u17"),
        (COOKIE, [(b"cookie", b"a=1"), (b"cookie", b'uid="u=17"')], b"u=17"),
        (COOKIE, [(b"cookie", b"uid=first; uid=second")], b"first"),
        (COOKIE, [(b"cookie", b"myuid=1; x=uid")], None),
        (COOKIE, [(b"cookie", b"uid=")], None),
        (COOKIE, [(b"cookie", b"uid")], None),
        (COOKIE, [(b"uid", b"u17")], None),
        (COOKIE, [], None),
        (CLAIM, [(b"sub", b"u17")], None),
        (None, [(b"x-user-id", b"u17"), (b"cookie", b"uid=u17")], None),
    ],
)
def test_a_unit_is_found_where_it_was_declared_and_kept_as_its_hash(unit, headers, name):
    assert asked(unit, *headers).unit == (name and MASK(name))


def test_a_claim_is_that_of_the_verified_token():
    verified = Principal("ada", frozenset({"predict"}), "token", unit="u17")

    assert asked(CLAIM, principal=verified).unit == MASK(b"u17")


@pytest.mark.parametrize(
    ("said", "arm"),
    [
        (b"7:challenger", "7:challenger"),
        (b"123456789012345678:champion", "123456789012345678:champion"),
        (b"", None),
        (b"7:", None),
        (b"challenger", None),
        (b"-7:champion", None),
        (b"7:champion ", None),
        (b"7:champion\n", None),
        (b"7:Champion", None),
        ("٧:champion".encode(), None),
        (b"1" * 19 + b":champion", None),
        (b'7:champion","version":"9', None),
    ],
)
def test_an_arm_is_kept_where_it_has_the_routers_form(said, arm):
    assert asked(None, (ARM_HEADER.encode(), said)).arm == arm


def test_a_request_that_says_nothing_is_kept_as_before():
    assert asked(None) == ("r-1", "k1", None, None)


@pytest.mark.parametrize(
    "text", ["x-user-id", "header", "header X-User-Id", "cookie a b", "body id", "claim  sub"]
)
def test_a_unit_that_there_cannot_be_stops_the_start(text):
    with pytest.raises(StartError, match="PERENNIAL_UNIT"):
        read_unit(text)
