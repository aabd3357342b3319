"""The lines of the event log: what is written of a prediction and of a label, and what is masked.

Each line is one JSON object. `v` is the version of its form, 1 up to now:

`prediction`
    `id` and `row`: the request, and the place of the row in it, from 0. `at`: when it was asked,
    ISO 8601 in UTC with microseconds. `version`: which version answered. `by`: who asked, or
    null. `inputs`: the row as sent, personal columns masked. `score`: a number; of several
    classes, an object from class to probability. `decision`: a class, null in regression.
    `unit`: the keyed hash of whom the request is of, and `arm`: the release and the arm of its test
    that the request was assigned to (`7:challenger`). Both are absent where there is none.
`label`
    `id` and `row`, or `key`: which prediction it is the truth of; the others are null. `label`:
    the truth. `known_at`: when it came to be known, as sent, or null. `at`, `by`: when it was
    told, and by whom. `request`: the request that told it.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Literal, TypeAlias

import msgspec

from lifecycle.data.declaration import ColumnType
from lifecycle.errors import DataError, ProjectError
from lifecycle.serving.contract import Contract
from lifecycle.serving.inputs import Answers
from lifecycle.serving.times import NoTimeError, read_time

FORM = 1
"""The version of the lines' form."""

SHORTEST_SECRET = 16
"""Bytes of a secret for pseudonyms: with fewer than 128 bits, all of them could be tried."""

Row: TypeAlias = Mapping[str, Any]
Score: TypeAlias = float | dict[str, float]


class PredictionLine(
    msgspec.Struct,
    tag_field="event",
    tag="prediction",
    frozen=True,
    gc=False,
    omit_defaults=True,
):
    """A line of a prediction; see this module."""

    v: int
    id: str
    row: int
    at: str
    version: str
    by: str | None
    inputs: Row
    score: Score
    decision: str | None
    unit: str | None = None
    arm: str | None = None


class Truth(msgspec.Struct, frozen=True, kw_only=True):
    """A label as it was sent: of a row of a request, or of the row with that key."""

    label: bool | int | float | str
    request_id: str | None = None
    row: int | None = None
    key: dict[str, Any] | None = None
    known_at: str | None = None


class LabelLine(msgspec.Struct, tag_field="event", tag="label", frozen=True, gc=False):
    """A line of a label; see this module."""

    v: int
    id: str | None
    row: int | None
    key: Row | None
    label: bool | int | float | str
    known_at: str | None
    at: str
    by: str | None
    request: str


class Mask:
    """What is kept of the columns of a contract wherever rows are stored.

    Parameters
    ----------
    personal
        `drop`: nothing, the value becomes null. `pseudonym`: a keyed hash of 128 bits
        (BLAKE2b), by which equal values of a column are found again under the same secret, and
        without it nothing is found.
    secret
        Only pseudonyms need one; a project keeps its own for as long as its values have to be
        found again.

    Raises
    ------
    ProjectError
        If there are personal columns to be given pseudonyms, and the secret is missing or short.

    Examples
    --------
    >>> from lifecycle.serving.contract import Field
    >>> name = Field(name="name", type="text", use="recorded", personal=True)
    >>> age = Field(name="age", type="integer")
    >>> contract = Contract(project="p", label="y", task="regression", fields=(name, age))
    >>> Mask(contract, "drop")({"name": "Ada", "age": 36})
    {'name': None, 'age': 36}
    >>> mask = Mask(contract, "pseudonym", secret=b"correct horse battery")
    >>> mask({"name": "Ada", "age": 36})
    {'name': '69352f2ea5fdc07ca1652f4a62d7a09c', 'age': 36}
    """

    def __init__(
        self,
        contract: Contract,
        personal: Literal["drop", "pseudonym"],
        *,
        secret: bytes | None = None,
    ) -> None:
        self._known = frozenset(field.name for field in contract.fields)
        self._columns: dict[str, Callable[[Any], str | None]] = {}
        for field in contract.fields:
            if field.personal:
                self._columns[field.name] = (
                    _nothing
                    if personal == "drop"
                    else _pseudonyms(field.name, field.type, _require_secret(field.name, secret))
                )
        self.lost_keys = tuple(
            name for name in contract.key if personal == "drop" and name in self._columns
        )
        """Parts of the key nothing is kept of: by it, no label finds its prediction."""

    def __call__(self, row: Row) -> Row:
        """Give a row, or a part of one, as it may be stored; see `rows`."""
        return self.rows((row,))[0]

    def rows(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Give rows as they may be stored.

        Raises
        ------
        DataError
            If one has a column the contract does not know: nobody said whether it is personal.
        """
        if not all(map(self._known.issuperset, rows)):
            unknown = ", ".join(sorted({name for row in rows for name in row} - self._known))
            raise DataError(
                f"Rows to be recorded have columns the contract does not know: {unknown}. "
                "Only rows that were held against the contract are recorded."
            )
        return [self._masked(row) for row in rows] if self._columns else rows

    def _masked(self, row: Row) -> Row:
        masked = dict(row)
        for name, kept in self._columns.items():
            if name in masked:
                masked[name] = kept(masked[name])
        return masked


def prediction_lines(
    *,
    request_id: str,
    at: datetime,
    version: str,
    by: str | None,
    rows: Sequence[Row],
    answers: Answers,
    contract: Contract,
    mask: Mask,
    unit: str | None = None,
    arm: str | None = None,
) -> bytes:
    """Write the lines of the answers to one request; each ends with a line break."""
    moment = write_time(at)
    scores: list[Score] = answers.scores.tolist()
    if answers.scores.ndim == 2:
        scores = [dict(zip(contract.classes, shares, strict=True)) for shares in scores]  # type: ignore[arg-type]
    decisions: Sequence[str | None] = [None] * len(rows)
    if answers.decisions is not None:
        decisions = [contract.classes[index] for index in answers.decisions.tolist()]
    answered = zip(mask.rows(rows), scores, decisions, strict=True)
    return _ENCODER.encode_lines(
        [
            PredictionLine(
                FORM, request_id, row, moment, version, by, inputs, score, decision, unit, arm
            )
            for row, (inputs, score, decision) in enumerate(answered)
        ]
    )


def label_lines(
    *,
    request_id: str,
    at: datetime,
    by: str | None,
    truths: Sequence[Truth],
    mask: Mask,
) -> bytes:
    """Write the lines of the labels of one request; each ends with a line break."""
    moment = write_time(at)
    return _ENCODER.encode_lines(
        [
            LabelLine(
                FORM,
                truth.request_id,
                truth.row,
                None if truth.key is None else mask(truth.key),
                truth.label,
                truth.known_at,
                moment,
                by,
                request_id,
            )
            for truth in truths
        ]
    )


def write_time(moment: datetime) -> str:
    """Write a moment in UTC, so that the order of texts is that of moments.

    Raises
    ------
    ValueError
        If it has no zone.

    Examples
    --------
    >>> write_time(datetime(2026, 1, 1, tzinfo=UTC))
    '2026-01-01T00:00:00.000000Z'
    """
    if moment.tzinfo is not UTC:
        if moment.tzinfo is None:
            raise ValueError(f"{moment.isoformat()} has no zone; give a moment in UTC.")
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="microseconds")[:-6] + "Z"


def canonical(value: Any, kind: ColumnType) -> str | None:
    """Write a value so that equal ones read the same, however they were sent.

    `None` is missing, as is the empty text.

    Examples
    --------
    >>> canonical(7, ColumnType.NUMBER), canonical(7.0, ColumnType.NUMBER)
    ('7', '7')
    >>> {canonical(t, ColumnType.TIME) for t in ("2026-01-01", "2026-01-01T01:00:00+01:00")}
    {'1767225600'}
    """
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if kind is ColumnType.TIME:
        return _canonical_time(str(value))
    return str(value)


def _canonical_time(text: str) -> str:
    try:
        return str(read_time(text))
    except NoTimeError:
        return text  # a pseudonym: it equals itself


def _nothing(value: Any) -> None:
    return None


def _pseudonyms(column: str, kind: ColumnType, secret: bytes) -> Callable[[Any], str | None]:
    """Hash values under a key of the column's own, so that no two columns can be compared."""
    root = blake2b(secret).digest()
    keyed = blake2b(column.encode(), key=root).digest()

    def pseudonym(value: Any) -> str | None:
        plain = canonical(value, kind)
        if plain is None:
            return None
        return blake2b(plain.encode(), key=keyed, digest_size=16).hexdigest()

    return pseudonym


def _require_secret(column: str, secret: bytes | None) -> bytes:
    if secret is None or len(secret) < SHORTEST_SECRET:
        found = "there is no secret" if secret is None else f"the secret has {len(secret)} bytes"
        raise ProjectError(
            f'serving.events.personal is "pseudonym", "{column}" is personal, and {found}. '
            f"Give the service one of at least {SHORTEST_SECRET} bytes (PERENNIAL_MASK), "
            'for example what `openssl rand -base64 32` prints, or declare "drop".'
        )
    return secret


_ENCODER = msgspec.json.Encoder()
