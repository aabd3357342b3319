"""Outcomes: what units did after they were answered, which an A/B test counts.

Each names the unit it is of, or a request that was answered. A line of one in the event log is a
JSON object; `v` is the version of its form:

`outcome`
    `name`: what happened. `unit`: the keyed hash of whom it is told of, or null. `request`: the
    request it is told of, or null. `value`: a number. `id`: the sender's own, or null; of lines
    of one name that have the same, one counts. `happened`: when, ISO 8601 in UTC, or null: when it
    was told. `at`, `by`: when it was told, and by whom. `sent`: the request that told it.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

import msgspec

from lifecycle.data.declaration import ColumnType
from lifecycle.errors import ProjectError
from lifecycle.serving.contract import Field
from lifecycle.serving.entries import Wrong, broken, read_entries, repeated
from lifecycle.serving.events import FORM, SHORTEST_SECRET, write_time
from lifecycle.serving.labels import is_request_id
from lifecycle.serving.telling import kind_of, meaning, show, show_name, suggest_name
from lifecycle.serving.times import read_time
from lifecycle.serving.values import Rule

NAMES = r"^[A-Za-z][A-Za-z0-9_.-]{0,62}$"
"""A pattern of what an outcome may be called; that of a metric of a test is the same."""

LONGEST = {"unit": 1_024, "id": 200}
"""Characters of what is told; a header or a token that names a unit is not longer either."""

NAME = Field(
    name="name", type=ColumnType.TEXT, may_be_missing=False, typical="booked",
    description="What happened, as the metric of the test is called",
)  # fmt: skip
UNIT = Field(
    name="unit", type=ColumnType.TEXT, may_be_missing=False, typical="u17", personal=True,
    description="Of whom it is told, as their requests name them",
)  # fmt: skip
VALUE = Field(
    name="value", type=ColumnType.NUMBER, may_be_missing=False, typical=1.0,
    description="What it is worth; without it, 1",
)  # fmt: skip
ID = Field(
    name="id", type=ColumnType.TEXT, may_be_missing=False, typical="order-991",
    description="Your own id of it: told again under it, it counts once, as it was told last",
)  # fmt: skip
HAPPENED_AT = Field(
    name="happened_at", type=ColumnType.TIME,
    description="When it happened; without it, when it is told",
)  # fmt: skip

FIELDS = ("name", "unit", "request_id", "value", "id", "happened_at")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NO_UNIT = (
    "Nothing says whom requests are of, so that no outcome finds its unit. Declare release.unit (a "
    "header, a cookie or a claim) and deploy again, or name the request by request_id."
)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """An outcome as it was sent: of a unit, or of a request."""

    name: str
    unit: str | None = None
    request_id: str | None = None
    value: float = 1.0
    id: str | None = None
    happened_at: str | None = None


class OutcomeLine(msgspec.Struct, tag_field="event", tag="outcome", frozen=True, gc=False):
    """A line of an outcome; see this module."""

    v: int
    name: str
    unit: str | None
    request: str | None
    value: float
    id: str | None
    happened: str | None
    at: str
    by: str | None
    sent: str


class UnitMask:
    """What is kept of the name of a unit: a keyed hash of 128 bits (BLAKE2b).

    Under the same secret equal names are found again, and without it none is. No hash of a unit
    is that of a personal value, even where the column is called the same.

    Raises
    ------
    ProjectError
        If the secret is missing or short.

    Examples
    --------
    >>> mask = UnitMask(b"correct horse battery")
    >>> mask(b"u17"), mask("ü".encode()) == mask(b"u17")
    ('3c9d82a582d98537bfa34f2e97da448f', False)
    """

    def __init__(self, secret: bytes | None) -> None:
        if secret is None or len(secret) < SHORTEST_SECRET:
            found = "there is no secret" if secret is None else f"it has {len(secret)} bytes"
            raise ProjectError(
                "Requests are told apart by whom they are of (release.unit), which is kept as a "
                f"hash under a secret, and {found}. Give the service one of at least "
                f"{SHORTEST_SECRET} bytes (PERENNIAL_MASK), for example what "
                "`openssl rand -base64 32` prints."
            )
        root = blake2b(secret).digest()
        self._keyed = blake2b(key=root, digest_size=16, person=b"perennial unit")

    def __call__(self, unit: bytes) -> str:
        """Give the hash of a unit's name, which is UTF-8."""
        keyed = self._keyed.copy()
        keyed.update(unit)
        return keyed.hexdigest()


class OutcomeReader:
    """Reads bodies of outcomes.

    Parameters
    ----------
    most
        Most outcomes in one request.
    has_unit
        Whether units are known; otherwise outcomes are told of requests only.

    Examples
    --------
    >>> reader = OutcomeReader(most=10, has_unit=True)
    >>> reader.read(b'{"name": "booked", "unit": "u17"}')
    [Outcome(name='booked', unit='u17', request_id=None, value=1.0, id=None, happened_at=None)]
    """

    def __init__(self, *, most: int, has_unit: bool) -> None:
        self._most, self._has_unit = most, has_unit
        fields = (NAME, UNIT, VALUE, ID, HAPPENED_AT)
        self._rules = {field.name: Rule(field) for field in fields}

    def read(self, body: bytes) -> list[Outcome]:
        """Read a body: one outcome, or an array of them.

        Raises
        ------
        NotJson
            If it is not JSON.
        TooManyRows
            If it has more outcomes than are taken.
        Faults
            If one cannot be right: all that is wrong with it.
        """
        sent = read_entries(body, self.check, what="outcome", most=self._most)
        return [self.outcome(entry) for entry in sent]

    def outcome(self, entry: Mapping[str, Any]) -> Outcome:
        """Give an entry with which nothing is wrong."""
        return Outcome(**{**entry, "value": float(entry.get("value", 1.0))})

    def check(self, entry: Any) -> Iterator[Wrong]:
        """Tell all that is wrong with an entry."""
        if not isinstance(entry, dict):
            told = f"An outcome is an object, not {show(entry)}."
            yield Wrong((), show(entry), "an object", told)
            return
        yield from repeated(entry, ())
        for name in entry:
            if name not in FIELDS:
                hint = suggest_name(name, FIELDS)
                detail = f"{show_name(name)} is no field of an outcome. {hint}"
                yield Wrong((name,), "the field", "no such field", detail)
        yield from self._check_place(entry)
        for name, rule in self._rules.items():
            if name in entry:
                yield from _checked(rule, entry[name])
        if "name" not in entry:
            told = "name is missing: it says what happened."
            yield Wrong(("name",), "nothing", meaning(self._rules["name"]), told)

    def _check_place(self, entry: Mapping[str, Any]) -> Iterator[Wrong]:
        """Check what says of whom, or of which request, it is told."""
        named = [name for name in ("unit", "request_id") if name in entry]
        if len(named) != 1:
            found = "both" if named else "neither"
            detail = f"An outcome names its unit or its request_id; there is {found}."
            yield Wrong((), found, "unit, or request_id", detail)
        if "unit" in entry and not self._has_unit:
            yield Wrong(("unit",), kind_of(entry["unit"]), "no such field", _NO_UNIT)
        if "request_id" in entry and not is_request_id(entry["request_id"]):
            found = show(entry["request_id"])
            detail = f"request_id is {found}; it is what the prediction was answered with."
            yield Wrong(("request_id",), found, "1 to 128 visible ASCII characters", detail)


def _checked(rule: Rule, value: Any) -> Iterator[Wrong]:
    name = rule.field.name
    wrongs = [*broken(rule, value, (name,))]
    yield from wrongs
    if wrongs or not isinstance(value, str):
        return
    if name == NAME.name and not re.fullmatch(NAMES[1:-1], value):
        allowed = "a letter, then up to 62 letters, digits, dots, dashes or underscores"
        yield Wrong((name,), show(value), allowed, f"name is {show(value)}; it is {allowed}.")
    longest = LONGEST.get(name)
    if longest is not None and len(value) > longest:
        found, allowed = f"{len(value):,} characters", f"at most {longest:,} characters"
        yield Wrong((name,), found, allowed, f"{name} has {found}; {allowed} are taken.")


def outcome_lines(
    *,
    request_id: str,
    at: datetime,
    by: str | None,
    outcomes: Sequence[Outcome],
    mask: Callable[[bytes], str] | None,
) -> bytes:
    """Write the lines of the outcomes of one request; each ends with a line break.

    Parameters
    ----------
    mask
        What is kept of a unit's name; needed where an outcome is told of one.

    Raises
    ------
    ProjectError
        If it is needed and not there.
    """
    moment = write_time(at)
    return _ENCODER.encode_lines(
        [
            OutcomeLine(
                FORM,
                outcome.name,
                _hash(outcome.unit, mask),
                outcome.request_id,
                outcome.value,
                outcome.id,
                None if outcome.happened_at is None else _write(outcome.happened_at),
                moment,
                by,
                request_id,
            )
            for outcome in outcomes
        ]
    )


def _hash(unit: str | None, mask: Callable[[bytes], str] | None) -> str | None:
    if unit is None:
        return None
    if mask is None:
        raise ProjectError(_NO_UNIT)
    return mask(unit.encode())


def _write(text: str) -> str:
    return write_time(_EPOCH + timedelta(seconds=read_time(text)))


_ENCODER = msgspec.json.Encoder()
