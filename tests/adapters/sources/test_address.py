import pytest

from adapters.sources.address import parse_address
from lifecycle.errors import SourceError


@pytest.mark.parametrize(
    ("declared", "environment", "url", "shown"),
    [
        ("data/t.csv", {}, "data/t.csv", "data/t.csv"),
        ("s3://${BUCKET}/t.csv", {"BUCKET": "b"}, "s3://b/t.csv", "s3://${BUCKET}/t.csv"),
        ("${URL}", {"URL": "mysql://u:p@h/d"}, "mysql://u:p@h/d", "${URL}"),
        ("mysql://u:${P}@h/d", {"P": "a@b/c"}, "mysql://u:a%40b%2Fc@h/d", "mysql://u:${P}@h/d"),
        ("mysql://u:hunter2@h/d", {}, "mysql://u:hunter2@h/d", "mysql://u:***@h/d"),
        ("mysql://u:hunt/er@2@h/d", {}, "mysql://u:hunt/er@2@h/d", "mysql://u:***@h/d"),
        ("https://t0ken@h/t.csv", {}, "https://t0ken@h/t.csv", "https://***@h/t.csv"),
        ("https://h/a@b.csv", {}, "https://h/a@b.csv", "https://h/a@b.csv"),
        ("https://h:80/a@b.csv", {}, "https://h:80/a@b.csv", "https://h:80/a@b.csv"),
        (
            "https://h/t.csv?year=2013&api_key=abc&sig=x",
            {},
            "https://h/t.csv?year=2013&api_key=abc&sig=x",
            "https://h/t.csv?year=2013&api_key=***&sig=***",
        ),
    ],
)
def test_variables_are_filled_in_and_secrets_are_not_shown(declared, environment, url, shown):
    address = parse_address(declared, environment)

    assert (address.url, address.shown) == (url, shown)


@pytest.mark.parametrize(
    ("declared", "environment"),
    [
        ("postgresql://u:hunter2@h/d", {}),
        ("postgresql://u:${P}@h/d", {"P": "hunter2"}),
        ("${URL}", {"URL": "postgresql://u:hunter2@h/d"}),
        ("https://h/t.csv?token=hunter2", {}),
        ("https://h/${P}/t.csv", {"P": "hunter2"}),
    ],
)
def test_a_message_of_a_driver_loses_its_secrets(declared, environment):
    address = parse_address(declared, environment)

    for message in ("login hunter2 failed", f"cannot open {address.url}", repr(address)):
        assert "hunter2" not in address.redact(message)


def test_a_secret_is_found_in_every_spelling():
    address = parse_address("postgresql://u:${P}@h/d", {"P": "p@ss w%rd"})

    for spelling in ("p@ss w%rd", "p%40ss%20w%25rd", "p%40ss+w%25rd"):
        assert address.redact(f"<{spelling}>") == "<${P}>"


def test_the_address_itself_can_be_printed():
    assert "hunter2" not in repr(parse_address("mysql://u:${P}@h/d", {"P": "hunter2"}))


def test_a_variable_that_is_not_set_is_named():
    with pytest.raises(SourceError, match="The environment variable SHOP_PASSWORD is not set"):
        parse_address("mysql://u:${SHOP_PASSWORD}@h/d", {})


@pytest.mark.parametrize("declared", ["${", "${A", "a/${}/b", "${A-B}", "${A B}"])
def test_a_variable_that_is_not_one_is_an_error(declared):
    with pytest.raises(SourceError, match=r"is not a variable. Write \$\{NAME\}"):
        parse_address(declared, {"A": "a"})


def test_a_dollar_alone_is_a_dollar():
    assert parse_address("cost in $.csv", {}).url == "cost in $.csv"
