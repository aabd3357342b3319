"""Known vulnerabilities of what an SBOM lists, from a database that lies at hand (OSV)."""

import os
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from adapters.images.sbom import Package, read
from lifecycle.errors import DataError
from lifecycle.verdict import Outcome, Verdict, Verdicts

VARIABLE = "PERENNIAL_OSV"
"""Names the database: a folder or a zip of OSV records, as osv.dev offers them by ecosystem."""

RULE = "known vulnerabilities"
_UNCOMPARED = {"deb": "Debian packages", "generic": "programs"}
_TOLD = 5
"""Names a sentence lists before it only counts."""


class _Named(msgspec.Struct, frozen=True):
    name: str = ""
    ecosystem: str = ""


class _Range(msgspec.Struct, frozen=True):
    type: str = ""
    events: list[dict[str, Any]] = []  # msgspec copies it for every record


class _Affected(msgspec.Struct, frozen=True):
    package: _Named = _Named()
    ranges: list[_Range] = []
    versions: list[str] = []


class _Record(msgspec.Struct, frozen=True):
    """What is read of a record (https://ossf.github.io/osv-schema)."""

    id: str
    modified: str = ""
    summary: str = ""
    withdrawn: str | None = None
    aliases: list[str] = []
    affected: list[_Affected] = []
    database_specific: dict[str, Any] = {}


class _Match(NamedTuple):
    """A package that a record speaks of; `is_hit` is `None` where it cannot be told."""

    package: Package
    ids: frozenset[str]
    summary: str
    severity: str
    fixed: str | None
    is_hit: bool | None


def database(environment: Mapping[str, str] = os.environ) -> Path | None:
    """Give the database that is at hand; `None` if there is none."""
    given = environment.get(VARIABLE)
    return Path(given).expanduser() if given else None


def known_vulnerabilities(sbom: str, database: Path | None) -> Verdicts:
    """Hold the Python packages of an SBOM against a database of known vulnerabilities.

    The first verdict sums up; then follows one for each vulnerability, and one for each kind of
    package that was not compared. Where nothing could be looked up the answer is `unknown`,
    never that nothing was found.

    Parameters
    ----------
    sbom
        CycloneDX in JSON.
    database
        A folder or a zip of OSV records.

    Raises
    ------
    DataError
        If the SBOM or the database cannot be read.
    """
    packages = read(sbom)
    ours = [package for package in packages if package.kind == "pypi"]
    if database is None:
        return Verdicts((_unknown(f"No database at hand, so nothing was looked up. {_ADVICE}"),))
    found = _look_up(ours, database)
    if not found.records:
        reason = f"{database} holds no record of PyPI, so nothing was looked up. {_ADVICE}"
        return Verdicts((_unknown(reason),))
    return Verdicts((_summary(found, ours), *map(_tell, found.matches), *_uncompared(packages)))


_ADVICE = (
    f"Let ${VARIABLE} name a folder or zip of OSV records: PyPI/all.zip of osv.dev's data is one."
)


class _Found(NamedTuple):
    matches: Sequence[_Match]
    records: int
    newest: str
    unread: Sequence[str]


def _look_up(packages: Sequence[Package], database: Path) -> _Found:
    by_name: dict[str, list[Package]] = {}
    for package in packages:
        by_name.setdefault(canonicalize_name(package.name), []).append(package)
    decoder = msgspec.json.Decoder(_Record)
    matches: list[_Match] = []
    unread: list[str] = []
    records, newest = 0, ""
    for name, content in _records(database):
        try:
            record = decoder.decode(content)
        except msgspec.DecodeError:
            unread.append(name)
            continue
        if not any(_is_pypi(affected) for affected in record.affected):
            continue
        records, newest = records + 1, max(newest, record.modified)
        if record.withdrawn is None:
            matches += _match(record, by_name)
    return _Found(_joined(matches), records, newest, unread)


def _records(database: Path) -> Iterator[tuple[str, bytes]]:
    if database.is_dir():
        for path in sorted(database.rglob("*.json")):
            yield str(path.relative_to(database)), path.read_bytes()
        return
    try:
        with zipfile.ZipFile(database) as archive:
            for name in sorted(archive.namelist()):
                if name.endswith(".json"):
                    yield name, archive.read(name)
    except (OSError, zipfile.BadZipFile) as error:
        raise DataError(
            f"The database of vulnerabilities {database} cannot be read: {error}. {_ADVICE}"
        ) from error


def _is_pypi(affected: _Affected) -> bool:
    return affected.package.ecosystem.partition(":")[0] == "PyPI"


def _match(record: _Record, packages: Mapping[str, Sequence[Package]]) -> Iterator[_Match]:
    spoken: dict[str, list[_Affected]] = {}
    for affected in record.affected:
        if _is_pypi(affected):
            spoken.setdefault(canonicalize_name(affected.package.name), []).append(affected)
    for name, parts in spoken.items():
        for package in packages.get(name, ()):
            told = [_is_affected(package.version, part) for part in parts]
            is_hit = True if True in told else None if None in told else False
            if is_hit is False:
                continue
            severity = record.database_specific.get("severity")
            yield _Match(
                package=package,
                ids=frozenset((record.id, *record.aliases)),
                summary=record.summary,
                severity=severity if isinstance(severity, str) else "",
                fixed=_fixed(package.version, parts),
                is_hit=is_hit,
            )


def _is_affected(version: str, affected: _Affected) -> bool | None:
    """Tell whether a version is affected, by the algorithm of the OSV schema.

    `None`: it cannot be told, because a version is not of PEP 440, or the record only knows
    commits.
    """
    if version in affected.versions:
        return True
    try:
        ours = Version(Version(version).public)  # 1.0+cpu is 1.0, built otherwise
        if any(_is_same(listed, ours) for listed in affected.versions):
            return True
        ranges = [entry for entry in affected.ranges if entry.type == "ECOSYSTEM"]
        if any(_is_within(ours, entry.events) for entry in ranges):
            return True
    except InvalidVersion:
        return None
    return False if ranges or affected.versions else None


def _is_same(listed: str, ours: Version) -> bool:
    try:
        return Version(listed) == ours
    except InvalidVersion:  # of long ago; ours is none of those
        return False


def _is_within(ours: Version, events: Iterable[Mapping[str, Any]]) -> bool:
    steps = sorted(
        (Version("0.dev0") if value == "0" else Version(value), kind)
        for event in events
        for kind, value in event.items()
        if kind in ("introduced", "fixed", "last_affected")
    )
    is_within = False
    for version, kind in steps:
        if kind == "introduced" and ours >= version:
            is_within = True
        elif (kind == "fixed" and ours >= version) or (kind == "last_affected" and ours > version):
            is_within = False
    return is_within


def _fixed(version: str, parts: Iterable[_Affected]) -> str | None:
    """Give the next version without it, where one is told."""
    try:
        ours = Version(version)
        told = {
            Version(event["fixed"])
            for part in parts
            for entry in part.ranges
            if entry.type == "ECOSYSTEM"
            for event in entry.events
            if "fixed" in event
        }
    except InvalidVersion:
        return None
    return str(min((each for each in told if each > ours), default="")) or None


def _joined(matches: Iterable[_Match]) -> list[_Match]:
    """Join what several databases say of the same: they name one another's ids."""
    found: list[_Match] = []
    for match in matches:
        same = [
            other for other in found if other.package == match.package and other.ids & match.ids
        ]
        for other in same:
            found.remove(other)
            match = _one(other, match)
        found.append(match)
    return sorted(found, key=lambda match: (match.package, sorted(match.ids)))


def _one(first: _Match, second: _Match) -> _Match:
    versions = [match.fixed for match in (first, second) if match.fixed]
    return _Match(
        package=first.package,
        ids=first.ids | second.ids,
        summary=first.summary or second.summary,
        severity=first.severity or second.severity,
        fixed=max(versions, key=Version, default=None),
        is_hit=True if first.is_hit or second.is_hit else None,
    )


def _summary(found: _Found, packages: Sequence[Package]) -> Verdict:
    hits = [match for match in found.matches if match.is_hit]
    doubts = [match for match in found.matches if not match.is_hit]
    where = (
        f"{found.records} records of PyPI (the newest of {found.newest[:10] or 'an unknown day'})"
    )
    said = f"{len(hits)} known in {len(packages)} Python packages, by {where}"
    if hits:
        names = sorted({f"{match.package.name} {match.package.version}" for match in hits})
        said += f": {_few(names)}"
    if doubts:
        said += f"; of {len(doubts)} more it cannot be told"
    if found.unread:
        said += f"; {len(found.unread)} records cannot be read: {_few(found.unread)}"
    is_whole = not doubts and not found.unread
    outcome = Outcome.FAIL if hits else Outcome.PASS if is_whole else Outcome.UNKNOWN
    return Verdict(rule=RULE, outcome=outcome, measured=len(hits), limit=0, reason=f"{said}.")


def _tell(match: _Match) -> Verdict:
    # CVE before GHSA before PYSEC: the order in which people know them.
    first, *others = sorted(match.ids)
    known_as = f" ({', '.join(others)})" if others else ""
    severity = f", {match.severity.lower()}" if match.severity else ""
    ending = (
        f"Version {match.fixed} is without it" if match.fixed else "No version without it is known"
    )
    told = f"{match.summary.rstrip('.') or 'not described'}{known_as}{severity}. {ending}."
    if not match.is_hit:
        told = f"It cannot be told whether this version is affected: {told}"
    return Verdict(
        rule=f"{first} {match.package.name}",
        outcome=Outcome.FAIL if match.is_hit else Outcome.UNKNOWN,
        measured=match.package.version,
        limit=match.fixed,
        reason=told,
    )


def _uncompared(packages: Sequence[Package]) -> Iterator[Verdict]:
    for kind in sorted({package.kind for package in packages} - {"pypi"}):
        count = sum(package.kind == kind for package in packages)
        yield _unknown(
            f"{count} {_UNCOMPARED.get(kind, kind)} were not looked up: only records of PyPI are "
            "read. Scan the image by the SBOM with a scanner that knows them.",
            kind=kind,
        )


def _unknown(reason: str, *, kind: str = "") -> Verdict:
    return Verdict(rule=f"{RULE} {kind}".rstrip(), outcome=Outcome.UNKNOWN, reason=reason)


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - _TOLD} more" if len(names) > _TOLD else ""
    return ", ".join(names[:_TOLD]) + more
