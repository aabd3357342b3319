import json
import os
import re
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.access.keys import KeyFile, Keys
from lifecycle.serving.access import AccessError, Unauthorized, digest

NOW = datetime(2030, 1, 1, tzinfo=UTC)
SECONDS = NOW.timestamp()


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "access" / "flights" / "keys.json"


@pytest.fixture
def file(path) -> KeyFile:
    return KeyFile(path, now=lambda: NOW)


def recognise(path, token, now=SECONDS):
    raw = token.encode()
    return Keys.load(path).recognise(raw, digest(raw), now)[0]


def test_a_key_tells_whose_it_is(file, path):
    record, token = file.create("warehouse", ["predict", "label"])

    principal = recognise(path, token)

    assert (principal.id, principal.roles, principal.via) == (
        record.id,
        {"predict", "label"},
        "key",
    )


def test_a_key_has_its_form_and_256_random_bits(file):
    tokens = [file.create("x", ["predict"])[1] for _ in range(20)]

    secrets = [re.fullmatch(r"prn_[a-z0-9]{12}_([A-Za-z0-9]{43})", token)[1] for token in tokens]
    assert len(set(secrets)) == 20
    assert 62**43 >= 2**256
    assert len(set("".join(secrets))) == 62


def test_the_secret_is_kept_nowhere(file, path):
    record, token = file.create("x", ["predict"])

    assert token.rpartition("_")[2] not in path.read_text()
    assert record.hash == digest(token.encode()).hex()
    assert record.hash not in repr(record)


def test_only_the_owner_reads_the_file(file, path):
    file.create("x", ["predict"])

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="giving a file away takes root")
def test_the_file_belongs_to_whoever_owns_its_folder(file, path):
    path.parent.mkdir(parents=True)
    os.chown(path.parent, 10_001, 10_002)

    file.create("x", ["predict"])

    assert (path.stat().st_uid, path.stat().st_gid) == (10_001, 10_002)


@pytest.mark.parametrize(
    ("name", "roles", "expires", "told"),
    [
        ("x", [], None, "at least one role. Known: admin, label, predict, read"),
        ("x", ["predcit"], None, 'no role "predcit". Known: .* Did you mean "predict"'),
        ("", ["read"], None, "1 to 100 printable"),
        ("  ", ["read"], None, "1 to 100 printable"),
        ("x" * 101, ["read"], None, "1 to 100 printable"),
        ("a\nb", ["read"], None, "1 to 100 printable"),
        ("x", ["read"], NOW, "past"),
        ("x", ["read"], NOW - timedelta(days=1), "past"),
        ("x", ["read"], datetime(2031, 1, 1), "no time zone"),
    ],
)
def test_a_key_of_no_use_is_not_made(file, path, name, roles, expires, told):
    with pytest.raises(AccessError, match=told):
        file.create(name, roles, expires)

    assert not path.exists()


def test_a_revoked_key_is_refused_and_stays_in_the_list(file, path):
    record, token = file.create("x", ["predict"])
    _, other = file.create("y", ["read"])

    revoked = file.revoke(record.id)

    with pytest.raises(Unauthorized, match="revoked"):
        recognise(path, token)
    assert revoked.revoked == NOW
    assert [found.state(NOW) for found in file.list()] == ["revoked", "active"]
    assert recognise(path, other).roles == {"read"}


def test_revoking_twice_keeps_the_first_time(path):
    times = iter([NOW, NOW, NOW + timedelta(days=1)])
    file = KeyFile(path, now=lambda: next(times))
    record, _ = file.create("x", ["predict"])

    first, second = file.revoke(record.id), file.revoke(record.id)

    assert first == second


def test_an_unknown_id_suggests_a_near_one(file):
    record, _ = file.create("x", ["predict"])
    wrong = record.id[:-1] + ("a" if record.id[-1] != "a" else "b")

    with pytest.raises(AccessError, match=f'no key "{wrong}".*Did you mean "{record.id}"'):
        file.revoke(wrong)


def test_a_name_in_place_of_an_id_is_understood(file):
    record, _ = file.create("warehouse", ["predict"])

    with pytest.raises(AccessError, match=f"is the name of a key. Give its id: {record.id}"):
        file.revoke("warehouse")


def test_a_whole_key_names_itself_and_its_secret_is_not_shown(file):
    record, token = file.create("x", ["predict"])
    stranger = token.replace(record.id, "a" * 12)

    with pytest.raises(AccessError) as refused:
        file.revoke(stranger)

    assert token.rpartition("_")[2] not in str(refused.value)
    assert file.revoke(token).id == record.id


def test_revoking_where_there_is_no_key_says_so(file):
    with pytest.raises(AccessError, match="There is none yet"):
        file.revoke("abcdefghijkl")


def test_a_key_is_refused_from_the_second_it_expires(file, path):
    _, token = file.create("x", ["predict"], NOW + timedelta(hours=1))

    assert recognise(path, token, SECONDS + 3599.9)
    with pytest.raises(Unauthorized, match="expired"):
        recognise(path, token, SECONDS + 3600)


def test_a_known_id_with_another_secret_is_as_unknown_as_any(file, path):
    record, token = file.create("x", ["predict"])
    other = token[:-1] + ("a" if token[-1] != "a" else "b")

    refusals = []
    for wrong in (other, token.replace(record.id, "a" * 12)):
        with pytest.raises(Unauthorized) as refused:
            recognise(path, wrong)
        refusals.append((str(refused.value), refused.value.reason))

    assert refusals == [("The key is not valid.", "unknown key")] * 2


def test_keys_made_at_the_same_time_are_all_kept(path):
    makers = [
        threading.Thread(target=lambda: KeyFile(path).create("x", ["predict"])) for _ in range(12)
    ]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()

    assert len(KeyFile(path).list()) == 12


def record(**changes):
    whole = {
        "id": "abcdefghijkl", "name": "x", "roles": ["predict"], "hash": "0" * 64,
        "created": "2030-01-01T00:00:00Z", "expires": None, "revoked": None,
    }  # fmt: skip
    return {**whole, **changes}


def ring(*records, **others):
    return json.dumps({"format": 1, "keys": list(records), **others})


BROKEN = {
    "empty": "",
    "cut off": ring(record())[:-9],
    "not UTF-8": b"\xff\xff",
    "a list": "[]",
    "another format": ring(record(), format=2),
    "an unknown field": ring(record(), more=1),
    "an unknown role": ring(record(roles=["owner"])),
    "no role": ring(record(roles=[])),
    "a short hash": ring(record(hash="0" * 63)),
    "an id of another form": ring(record(id="ABCDEFGHIJKL")),
    "a time without a zone": ring(record(expires="2031-01-01T00:00:00")),
    "a field missing": ring({key: value for key, value in record().items() if key != "roles"}),
    "the same id twice": ring(record(), record(hash="1" * 64)),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_denies_everybody_and_says_so(path, name):
    content = BROKEN[name]
    path.parent.mkdir(parents=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    keys = Keys.load(path)

    with pytest.raises(Unauthorized, match="cannot be checked now"):
        keys.recognise(b"prn_", b"", SECONDS)

    assert keys.state.startswith("The key file is broken")
    assert "0" * 20 not in keys.state
    assert str(path.parent) not in keys.state


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_not_written_over(file, path, name):
    content = BROKEN[name]
    path.parent.mkdir(parents=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    before = path.read_bytes()

    with pytest.raises(AccessError, match=r"Nothing was changed\. Restore it"):
        file.create("x", ["predict"])

    assert path.read_bytes() == before


def test_a_missing_file_denies_everybody_until_it_is_there(file, path):
    keys = Keys.load(path)
    missing = keys.state
    _, token = file.create("x", ["predict"])

    assert "cannot be read (No such file or directory)" in missing
    assert keys.look()
    assert keys.state == "1 keys."
    assert keys.recognise(token.encode(), digest(token.encode()), SECONDS)


def test_a_file_that_was_out_of_reach_is_read_again_once_it_is_back(file, path):
    file.create("x", ["predict"])
    keys = Keys.load(path)
    away = path.parent.rename(path.parent.with_name("away"))
    keys.look()
    lost = keys.fault
    away.rename(path.parent)

    assert "cannot be read" in lost
    assert keys.look()
    assert keys.fault is None


def test_a_folder_in_place_of_the_file_denies_everybody(path):
    path.mkdir(parents=True)

    assert "cannot be read" in Keys.load(path).state


def test_a_file_too_large_to_be_one_is_not_read(path):
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        file.truncate(2**30)

    assert "larger than 16 MB" in Keys.load(path).state


def test_a_file_that_did_not_change_is_not_read_again(file, path):
    file.create("x", ["predict"])
    keys = Keys.load(path)

    assert not keys.look()


def test_a_file_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "access").write_text("a file where a folder should be")

    with pytest.raises(AccessError, match="cannot be made"):
        KeyFile(tmp_path / "access" / "keys.json").create("x", ["predict"])
