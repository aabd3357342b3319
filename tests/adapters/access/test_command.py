from datetime import UTC, datetime

import pytest

from adapters.access.command import create, listing, place, read_expiry, revoke
from adapters.access.gate import Gate
from lifecycle.serving.access import AccessError
from lifecycle.serving.declaration import Access

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)


def test_a_key_is_made_listed_used_and_taken_back(tmp_path):
    record, token = create("flights", "warehouse", ["predict"], "90d", state=tmp_path)
    gate = Gate(Access(), keys=place(tmp_path, "flights"))

    assert listing("flights", state=tmp_path) == (record,)
    assert gate.check([(b"x-api-key", token.encode())], "predict").id == record.id
    assert revoke("flights", record.id, state=tmp_path).revoked
    assert [found.state(NOW) for found in listing("flights", state=tmp_path)] == ["revoked"]


def test_projects_have_keys_of_their_own(tmp_path):
    record, _ = create("flights", "x", ["predict"], state=tmp_path)

    assert listing("weather", state=tmp_path) == ()
    with pytest.raises(AccessError, match="There is none yet"):
        revoke("weather", record.id, state=tmp_path)


@pytest.mark.parametrize(
    ("word", "moment"),
    [
        ("90s", "2030-01-01T12:01:30+00:00"),
        ("1.5h", "2030-01-01T13:30:00+00:00"),
        ("2w", "2030-01-15T12:00:00+00:00"),
        ("2030-12-31", "2031-01-01T00:00:00+00:00"),
        ("2030-12-31T18:00:00Z", "2030-12-31T18:00:00+00:00"),
        ("2030-12-31T18:00:00+02:00", "2030-12-31T18:00:00+02:00"),
        ("2030-12-31T18:00:00", "2030-12-31T18:00:00+00:00"),
    ],
)
def test_expiry_is_read_as_a_length_a_date_or_a_time(word, moment):
    assert read_expiry(word, NOW).isoformat() == moment


@pytest.mark.parametrize(
    "word", ["", "soon", "90", "1.2.3d", "2030-13-01", "99999999w", "9999-12-31"]
)
def test_what_is_no_time_is_told(word):
    with pytest.raises(AccessError, match="is not a time a key could expire"):
        read_expiry(word, NOW)


def test_an_expiry_in_the_past_makes_no_key(tmp_path):
    with pytest.raises(AccessError, match="past"):
        create("flights", "x", ["predict"], "2001-01-01", state=tmp_path)

    assert listing("flights", state=tmp_path) == ()
