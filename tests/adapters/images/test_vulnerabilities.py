import json
import zipfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from uuid import UUID

import pytest

from adapters.images.sbom import sbom
from adapters.images.vulnerabilities import VARIABLE, database, known_vulnerabilities
from lifecycle.errors import DataError
from lifecycle.verdict import Outcome
from tests.adapters.images.test_sbom import DPKG, HERE, install

GIVEN = {
    "name": "x",
    "version": "1",
    "serial": UUID(int=7),
    "made": datetime(2030, 1, 1, tzinfo=UTC),
}


def record(name="foo", *, id="PYSEC-1", events=(), versions=(), kind="ECOSYSTEM", **others):
    ranges = [{"type": kind, "events": list(events)}] if events else []
    affected = {"package": {"ecosystem": "PyPI", "name": name}, "ranges": ranges}
    return {
        "schema_version": "1.6.0",
        "id": id,
        "modified": "2029-12-24T00:00:00Z",
        "summary": "Anybody may read anything.",
        "affected": [{**affected, "versions": list(versions)}],
        **others,
    }


def introduced(start, **end):
    return [{"introduced": start}, *({kind: value} for kind, value in end.items())]


def store(folder: Path, *records: dict) -> Path:
    folder.mkdir(exist_ok=True)
    for number, one in enumerate(records):
        (folder / f"{number}.json").write_text(json.dumps(one))
    return folder


def judged(tmp_path, installed: str, *records: dict):
    text = sbom(install(tmp_path / "site", "foo", installed), **GIVEN)
    return known_vulnerabilities(text, store(tmp_path / "osv", *records))


def test_without_a_database_the_answer_is_unknown_and_says_how_to_give_one(tmp_path):
    (verdict,) = known_vulnerabilities(sbom(install(tmp_path, "foo", "1.0"), **GIVEN), None)

    assert verdict.outcome is Outcome.UNKNOWN
    assert verdict.measured is None
    assert verdict.reason.startswith("No database at hand, so nothing was looked up.")
    assert "PERENNIAL_OSV" in verdict.reason


@pytest.mark.parametrize(
    ("installed", "events", "is_affected"),
    [
        ("1.0", introduced("0"), True),
        ("0.0.1.dev1", introduced("0"), True),
        ("1.0", introduced("1.0"), True),
        ("0.9.9", introduced("1.0"), False),
        ("1.9", introduced("1.0", fixed="2.0"), True),
        ("2.0", introduced("1.0", fixed="2.0"), False),
        ("2.0.0", introduced("1.0", fixed="2.0"), False),
        ("2.0rc1", introduced("1.0", fixed="2.0"), True),
        ("2.0.post1", introduced("1.0", fixed="2.0"), False),
        ("1.10", introduced("1.2", fixed="1.9"), False),
        ("1.10", introduced("1.9", fixed="1.11"), True),
        ("2.0", introduced("1.0", last_affected="2.0"), True),
        ("2.0.1", introduced("1.0", last_affected="2.0"), False),
        ("2.0+cpu", introduced("1.0", last_affected="2.0"), True),
        ("2.0+cpu", introduced("1.0", fixed="2.0"), False),
        ("1!1.0", introduced("2.0", fixed="3.0"), False),
        ("2.5", [*introduced("1.0", fixed="2.0"), *introduced("2.4", fixed="2.6")], True),
        ("2.2", [*introduced("1.0", fixed="2.0"), *introduced("2.4", fixed="2.6")], False),
        ("2.5", [*introduced("2.4", fixed="2.6"), *introduced("1.0", fixed="2.0")], True),
    ],
)
def test_a_version_is_held_against_the_ranges_of_a_record(tmp_path, installed, events, is_affected):
    verdicts = judged(tmp_path, installed, record(events=events))

    assert verdicts.root[0].outcome is (Outcome.FAIL if is_affected else Outcome.PASS)
    assert verdicts.root[0].measured == is_affected
    assert len(verdicts) == 1 + is_affected


@pytest.mark.parametrize(
    ("installed", "versions", "is_affected"),
    [
        ("1.0", ["0.9", "1.0"], True),
        ("1.0", ["1.0.0"], True),
        ("1.0+cpu", ["1.0"], True),
        ("1.1", ["0.9", "1.0"], False),
        ("1.1", ["2004d", "1.0"], False),
        ("1.0", ["2004d", "1.0.0"], True),
        ("1.0-unheard-of", ["1.0-unheard-of"], True),
    ],
)
def test_a_version_is_held_against_the_list_of_a_record(tmp_path, installed, versions, is_affected):
    verdicts = judged(tmp_path, installed, record(versions=versions))

    assert verdicts.root[0].outcome is (Outcome.FAIL if is_affected else Outcome.PASS)


def test_a_vulnerability_of_what_is_installed_here_is_found(tmp_path):
    ours = version("numpy")
    text = sbom(HERE, **GIVEN)
    osv = store(tmp_path / "osv", record("NumPy", events=introduced("0", last_affected=ours)))

    summary, told = known_vulnerabilities(text, osv)

    assert summary.outcome is told.outcome is Outcome.FAIL
    assert f"numpy {ours}" in summary.reason
    assert (told.rule, told.measured) == ("PYSEC-1 numpy", ours)


def test_none_found_says_in_what_was_looked(tmp_path):
    verdicts = judged(tmp_path, "2.0", record(events=introduced("0", fixed="2.0")), record("bar"))

    (verdict,) = verdicts
    assert verdict.outcome is Outcome.PASS
    assert verdict.reason == (
        "0 known in 1 Python packages, by 2 records of PyPI (the newest of 2029-12-24)."
    )


def test_what_is_told_helps(tmp_path):
    known = record(
        events=[*introduced("0", fixed="1.5"), *introduced("2.0", fixed="2.4")],
        aliases=["CVE-2029-1"],
        database_specific={"severity": "HIGH"},
    )

    _, told = judged(tmp_path, "1.0", known)

    assert told.rule == "CVE-2029-1 foo"
    assert told.limit == "1.5"
    assert told.reason == ("Anybody may read anything (PYSEC-1), high. Version 1.5 is without it.")


def test_the_next_version_without_it_is_told(tmp_path):
    events = [*introduced("0", fixed="1.5"), *introduced("2.0", fixed="2.4")]

    _, told = judged(tmp_path, "2.2", record(events=events))

    assert told.limit == "2.4"


def test_where_no_version_is_without_it_that_is_said(tmp_path):
    _, told = judged(tmp_path, "1.0", record(events=introduced("0")))

    assert "No version without it is known" in told.reason


def test_what_several_databases_say_of_the_same_is_one(tmp_path):
    verdicts = judged(
        tmp_path,
        "1.0",
        record(id="PYSEC-1", events=introduced("0", fixed="1.2"), aliases=["CVE-2029-1"]),
        record(id="GHSA-x", events=introduced("0", fixed="1.3"), aliases=["CVE-2029-1"]),
        record(id="PYSEC-2", events=introduced("0")),
    )

    assert [verdict.rule for verdict in verdicts][1:] == ["CVE-2029-1 foo", "PYSEC-2 foo"]
    assert verdicts.root[0].measured == 2
    assert verdicts.root[1].limit == "1.3"


@pytest.mark.parametrize(
    "others",
    [
        {"withdrawn": "2029-12-30T00:00:00Z"},
        {"affected": [{"package": {"ecosystem": "npm", "name": "foo"}, "versions": ["1.0"]}]},
    ],
)
def test_withdrawn_records_and_other_ecosystems_do_not_count(tmp_path, others):
    verdicts = judged(
        tmp_path, "1.0", record(versions=["1.0"], **others), record("bar", id="PYSEC-2")
    )

    assert verdicts.root[0].outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("installed", "known"),
    [
        ("1.0", record(kind="GIT", events=introduced("0"))),
        ("1.0", record()),
        ("1.0", record(events=introduced("0", fixed="2004d"))),
        ("1.0-unheard-of", record(events=introduced("0", fixed="2.0"))),
    ],
)
def test_what_cannot_be_compared_is_unknown(tmp_path, installed, known):
    summary, told = judged(tmp_path, installed, known)

    assert summary.outcome is told.outcome is Outcome.UNKNOWN
    assert "cannot be told" in summary.reason
    assert "cannot be told" in told.reason


def test_a_record_that_cannot_be_read_leaves_it_unknown(tmp_path):
    text = sbom(install(tmp_path / "site", "foo", "1.0"), **GIVEN)
    osv = store(tmp_path / "osv", record("bar"))
    (osv / "broken.json").write_text("{")
    (osv / "strange.json").write_text('{"id": 3}')

    (verdict,) = known_vulnerabilities(text, osv)

    assert verdict.outcome is Outcome.UNKNOWN
    assert "2 records cannot be read: broken.json, strange.json" in verdict.reason


def test_a_database_without_a_record_of_pypi_tells_nothing(tmp_path):
    (verdict,) = judged(tmp_path, "1.0")

    assert verdict.outcome is Outcome.UNKNOWN
    assert "holds no record of PyPI" in verdict.reason


def test_packages_of_debian_are_said_not_to_be_looked_up(tmp_path):
    text = sbom(install(tmp_path / "site", "foo", "1.0"), **GIVEN, dpkg=DPKG, python="3.11.9")

    python, debian, programs = known_vulnerabilities(text, store(tmp_path / "osv", record("bar")))

    assert python.outcome is Outcome.PASS
    assert debian.outcome is programs.outcome is Outcome.UNKNOWN
    assert debian.reason.startswith("2 Debian packages were not looked up")


def test_a_zip_is_read_as_a_folder_is(tmp_path):
    text = sbom(install(tmp_path / "site", "foo", "1.0"), **GIVEN)
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("PYSEC-1.json", json.dumps(record(versions=["1.0"])))

    assert known_vulnerabilities(text, path).root[0].outcome is Outcome.FAIL


@pytest.mark.parametrize("content", [None, b"not a zip"])
def test_a_database_that_cannot_be_read_is_told(tmp_path, content):
    path = tmp_path / "all.zip"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(DataError, match=r"cannot be read.*PERENNIAL_OSV"):
        known_vulnerabilities(sbom(install(tmp_path / "site", "foo", "1.0"), **GIVEN), path)


def test_the_database_is_named_by_the_environment():
    assert database({VARIABLE: "/somewhere/all.zip"}) == Path("/somewhere/all.zip")
    assert database({}) is None
    assert database({VARIABLE: ""}) is None
