"""Takes what a model reads out of decoded rows, and checks what decoding could not."""

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any, TypeAlias

import numpy as np
from msgspec import UNSET, UnsetType
from numpy.typing import NDArray

from lifecycle.data.declaration import ColumnType
from lifecycle.errors import DataError, suggest
from lifecycle.features.limits import LARGEST, MISSING
from lifecycle.serving.contract import Layout
from lifecycle.serving.inputs import Inputs
from lifecycle.serving.row_type import attributes, is_special
from lifecycle.serving.times import NoTimeError, read_times
from lifecycle.serving.values import Rule, write_category

_MANY = 16
"""From so many rows on, NumPy looks at a column faster than Python at its values."""

_LONG = 10_000
"""From so many bytes on, NumPy counts faster."""

_QUOTE = ord('"')
_CUT = float(LARGEST)

_NUMBERS = (ColumnType.NUMBER, ColumnType.INTEGER, ColumnType.BOOLEAN)
_TEXTS = (ColumnType.CATEGORY, ColumnType.TEXT, ColumnType.INTEGER, ColumnType.BOOLEAN)

Flat = Callable[[Sequence[Any]], Sequence[Any]]
"""Some fields of rows, row after row."""

Taken: TypeAlias = tuple[Inputs, dict[str, int], dict[str, int]]
"""Inputs, unseen and missing, as in `lifecycle.serving.reading.Request`."""


class Taker:
    """Takes the columns of a layout out of rows of the type that `row_type` makes.

    Raises
    ------
    DataError
        If the layout asks for what the contract does not have.
    """

    def __init__(self, rules: Mapping[str, Rule], layout: Layout) -> None:
        _require_columns(rules, layout)
        short = attributes(rules)
        self._fields = len(rules)
        self._layout = layout
        self._numbers, self._times, self._texts = (
            _flat([short[name] for name in names])
            for names in (layout.numbers, layout.times, layout.texts)
        )
        read = {*layout.numbers, *layout.times, *layout.texts}
        self._others = _flat([short[name] for name in rules if name not in read])
        self._are_texts = all(rules[name].kinds == {"string"} for name in layout.texts)
        self._whole = [
            place
            for place, name in enumerate(layout.numbers)
            if rules[name].field.type is ColumnType.INTEGER
        ]
        integers = [name for name, rule in rules.items() if rule.field.type is ColumnType.INTEGER]
        self._integers = _flat([short[name] for name in integers])
        self._other_integers = _flat(
            [short[name] for name in integers if name not in layout.numbers]
        )
        self._is_cut = not all(_is_small(rules[name]) for name in layout.numbers)
        self._checked = [
            (attrgetter(short[name]), rule)
            for name, rule in rules.items()
            if _is_checked(name, rule, layout)
        ]
        self._known = [
            (place, name, frozenset({*rules[name].field.known, MISSING}))
            for place, name in enumerate(layout.texts)
            if rules[name].field.known
        ]

    def take(self, rows: Sequence[Any], body: bytes | None) -> Taken | None:
        """Take the columns; `None` where a rule is broken that decoding does not check.

        Parameters
        ----------
        body
            What the rows were decoded from; `None` where no field of it is there twice.
        """
        times, texts = self._times(rows), self._texts(rows)
        if body is not None and self._repeats(rows, body, times, texts):
            return None
        for get, rule in self._checked:
            for value in map(get, rows):
                if value is not UNSET and rule.breach(value) is not None:
                    return None
        flat, is_few = self._numbers(rows), len(rows) < _MANY
        if not _are_whole(self._integers(rows) if is_few else self._other_integers(rows)):
            return None
        # Whether a number is whole, or beyond the cut, is seen at 64 bits only.
        kind = np.float32 if is_few and not self._is_cut else np.float64
        numbers: NDArray[Any] = np.fromiter(flat, kind, len(flat))
        numbers = numbers.reshape(len(rows), -1 if flat else 0)
        if not is_few and (numbers % 1 > 0)[:, self._whole].any():
            return None
        if self._is_cut:
            np.clip(numbers, -_CUT, _CUT, out=numbers)
        try:
            seconds = read_times(times)
        except NoTimeError:
            return None
        words: Sequence[str] = texts
        if None in texts or not self._are_texts:
            words = [_write(value) for value in texts]
        inputs = Inputs(
            numbers if kind is np.float32 else numbers.astype(np.float32),
            seconds.reshape(len(rows), len(self._layout.times)),
            np.array(words, dtype=object).reshape(len(rows), len(self._layout.texts)),
        )
        missing = self._count_missing(numbers, flat, times, words)
        return inputs, self._count_unseen(words), missing

    def _repeats(
        self, rows: Sequence[Any], body: bytes, times: Sequence[Any], texts: Sequence[Any]
    ) -> bool:
        """Tell whether any row has a field twice, of which decoding keeps the last.

        Then there are more quotes in the body than what was decoded has names and texts.
        """
        others = [*map(type, self._others(rows))]
        words = len(times) - times.count(None) + others.count(str)
        if self._are_texts:
            words += len(texts) - texts.count(None)
        else:
            words += [*map(type, texts)].count(str)
        names = len(rows) * self._fields - others.count(UnsetType)
        return _count_quotes(body) != 2 * (names + words)

    def _count_unseen(self, words: Sequence[str]) -> dict[str, int]:
        unseen = {}
        width = len(self._layout.texts)
        if len(words) == width:
            return {name: 1 for place, name, known in self._known if words[place] not in known}
        for place, name, known in self._known:
            column = words[place::width]
            if not known.issuperset(column):
                unseen[name] = sum(word not in known for word in column)
        return unseen

    def _count_missing(
        self,
        numbers: NDArray[Any],
        flat: Sequence[Any],
        times: Sequence[Any],
        words: Sequence[str],
    ) -> dict[str, int]:
        layout, is_few = self._layout, len(numbers) < _MANY
        if is_few and not (None in flat or None in times or MISSING in words):
            return {}
        missing: dict[str, int] = {}
        if is_few:
            _count(missing, layout.numbers, flat, None)
        else:
            counts = np.isnan(numbers).sum(axis=0).tolist()
            missing |= {name: n for name, n in zip(layout.numbers, counts, strict=True) if n}
        _count(missing, layout.times, times, None)
        _count(missing, layout.texts, words, MISSING)
        return missing


def _count(
    counts: dict[str, int], names: Sequence[str], flat: Sequence[Any], gone: str | None
) -> None:
    """Count by column how often `gone` is among values that stand row after row."""
    if gone not in flat:
        return
    if len(flat) == len(names):
        counts |= {name: 1 for name, value in zip(names, flat, strict=True) if value == gone}
        return
    for place, name in enumerate(names):
        count = flat[place :: len(names)].count(gone)
        if count:
            counts[name] = count


def _flat(names: Sequence[str]) -> Flat:
    """Make a function that lists some attributes of rows, row after row."""
    if not names:
        return lambda rows: ()
    get = attrgetter(*names)
    if len(names) == 1:
        return lambda rows: list(map(get, rows))

    def flat(rows: Sequence[Any]) -> Sequence[Any]:
        if len(rows) == 1:
            return get(rows[0])
        return list(chain.from_iterable(map(get, rows)))

    return flat


def _are_whole(values: Sequence[Any]) -> bool:
    if float not in {*map(type, values)}:
        return True
    return all(type(value) is not float or value.is_integer() for value in values)


def _count_quotes(body: bytes) -> int:
    """Count the quotes around names and texts, not those within them."""
    if b"\\" in body:
        body = body.replace(rb"\\", b"").replace(rb"\"", b"")
    if len(body) < _LONG:
        return body.count(b'"')
    return int(np.count_nonzero(np.frombuffer(body, np.uint8) == _QUOTE))


def _write(value: Any) -> str:
    """Write the value of a category as training does."""
    if isinstance(value, str):
        return value
    return MISSING if value is None else write_category(value)


def _is_small(rule: Rule) -> bool:
    """Tell whether every number a rule takes is far from where 32 bits end."""
    if rule.field.type is not ColumnType.NUMBER:
        return True
    low, high = rule.low, rule.high
    return low is not None and high is not None and low >= -_CUT and high <= _CUT


def _is_checked(name: str, rule: Rule, layout: Layout) -> bool:
    """Tell whether a value has to be looked at by itself, because nothing else looks at it."""
    return is_special(rule) or (rule.field.type is ColumnType.TIME and name not in layout.times)


def _require_columns(rules: Mapping[str, Rule], layout: Layout) -> None:
    wanted = (
        (layout.numbers, _NUMBERS, "a number"),
        (layout.times, (ColumnType.TIME,), "a time"),
        (layout.texts, _TEXTS, "text"),
    )
    for names, kinds, meaning in wanted:
        for name in names:
            if name not in rules or not rules[name].field.is_required:
                raise DataError(
                    f'The model reads "{name}", which is no feature of the contract. '
                    f"{suggest(name, rules)}"
                )
            if rules[name].field.type not in kinds:
                raise DataError(
                    f'The model reads "{name}" as {meaning}, '
                    f"but the contract says it is {rules[name].field.type.value}."
                )
