"""Addresses: understood or refused early, and never shown with what is secret in them."""

import pytest

from adapters.notifying import check, receivers
from adapters.notifying.address import AddressError, fill, receiver_of, show
from lifecycle.errors import ProjectError

TOKENS = "T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"


@pytest.mark.parametrize(
    ("declared", "shown"),
    [
        ("json://hooks.example.com", "json://hooks.example.com"),
        ("jsons://hooks.example.com:8443/services/s3cret", "jsons://hooks.example.com:8443/…"),
        ("json://me:s3cret@host/path", "json://host/…"),
        ("json://host?+Authorization=s3cret", "json://host/…"),
        ("mailto://me:s3cret@host:25?to=you@example.com", "mailto://host:25/…"),
        ("mailto://me:s3c@ret@host", "mailto://host/…"),
        ("slack://s3cret/s3cret/s3cret", "slack://…"),
        ("slack://${A}/${B}/${C}", "slack://${A}/${B}/${C}"),
        ("slack://${A}/s3cret", "slack://…"),
        ("${WHOLE}", "${WHOLE}"),
        ("s3cret", "…"),
    ],
)
def test_an_address_is_shown_without_secrets(declared: str, shown: str) -> None:
    assert show(declared) == shown
    assert receiver_of(declared).shown == shown


def test_a_password_that_is_written_down_is_not_even_in_the_name_of_its_address() -> None:
    one, other = receivers(["json://me:one@host", "json://me:two@host"])[1:]

    assert one.key == other.key
    assert receivers(["json://host/a"])[1].key != receivers(["json://host/b"])[1].key


def test_a_password_of_any_characters_is_encoded() -> None:
    filled = fill("mailto://me:${PW}@host?to=${TO}", {"PW": "p@/:?#% ü", "TO": "a&b"})

    assert filled.url == "mailto://me:p%40%2F%3A%3F%23%25%20%C3%BC@host?to=a%26b"
    assert "p@/" not in repr(filled)


def test_tokens_may_be_in_one_variable_or_the_whole_address_may() -> None:
    assert fill("slack://${T}", {"T": TOKENS}).url == f"slack://{TOKENS}"
    assert fill("${ALL}", {"ALL": f"slack://{TOKENS}"}).url == f"slack://{TOKENS}"


@pytest.mark.parametrize("declared", [f"slack://{TOKENS}", "${ALL}", "json://me:${PW}@host/${P}"])
def test_secrets_are_taken_out_of_what_is_said(declared: str) -> None:
    environment = {"ALL": f"slack://{TOKENS}", "PW": "p@ss", "P": "s3cret/path"}
    filled = fill(declared, environment)

    said = filled.redact(f"No answer from {filled.url}, {TOKENS} or p%40ss or p@ss")

    for secret in ("T1JJ3T3L2", "A1BRTD4JD", "TIiajkdnlazkcOXrIdevi7FQ", "s3cret"):
        assert secret not in said or secret not in filled.url
    assert "p@ss" not in said or "PW" not in declared


@pytest.mark.parametrize(
    "declared",
    [
        "json://host/path",
        "jsons://me:pass@host:8443/path",
        "mailto://me:pass@host?to=you@example.com&from=me@example.com",
        f"slack://{TOKENS}/#ops",
        "slack://${TOKENS}",
        "${WHOLE}",
    ],
)
def test_what_apprise_understands_is_let_through(declared: str) -> None:
    check([declared])


@pytest.mark.parametrize(
    ("declared", "problem"),
    [
        ("slak://${TOKENS}", "Apprise knows no such kind of address"),
        ("slack://too/few", "Apprise does not understand it"),
        ("nonsense", "Apprise does not understand it"),
        ("json://${NAME", "is not a variable"),
        ("json://${a b}/", "is not a variable"),
    ],
)
def test_what_cannot_be_sent_to_is_refused_with_its_place(declared: str, problem: str) -> None:
    with pytest.raises(ProjectError) as raised:
        check(["json://host", declared])

    assert str(raised.value).startswith("monitoring.alerts.to[1] is ")
    assert problem in str(raised.value)


def test_at_the_start_of_a_run_variables_have_to_be_set() -> None:
    check(["slack://${TOKENS}"], environment={"TOKENS": TOKENS})

    with pytest.raises(AddressError, match="the environment variable TOKENS is not set"):
        check(["slack://${TOKENS}"], environment={"TOKENS": ""})
    with pytest.raises(AddressError, match="Apprise does not understand it") as raised:
        check(["slack://${TOKENS}"], environment={"TOKENS": "s3cret/words"})
    assert "s3cret" not in str(raised.value)
