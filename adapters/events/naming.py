"""What a prediction is called by its labels: hashes of its request and row, and of its key.

A name is 64 bits of BLAKE2b, never zero; zero is no name. Among ten million predictions and as
many labels, the odds that one label finds a stranger are about 1 in 200,000.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import blake2b
from operator import attrgetter
from typing import Any, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from lifecycle.data.declaration import ColumnType
from lifecycle.fingerprint import fingerprint
from lifecycle.serving.contract import Contract
from lifecycle.serving.events import canonical

Names: TypeAlias = NDArray[np.uint64]
Picked: TypeAlias = Callable[[Sequence[Any]], list[list[Any]]]

NOBODY = np.uint64(0)

_encode = msgspec.json.Encoder().encode


def row_names(ids: Iterable[str], rows: Iterable[int]) -> Names:
    """Name predictions by their request and their place in it.

    Examples
    --------
    >>> first, second, again = row_names(["r-1", "r-1", "r-1"], [0, 1, 0])
    >>> bool(first == again), bool(first == second)
    (True, False)
    """
    return _hashes(
        f"r{row}\0{request}".encode("utf-8", "replace")
        for request, row in zip(ids, rows, strict=True)
    )


class KeyNames:
    """Names rows by the key of a contract.

    Parameters
    ----------
    contract
        Whose key it is. By a contract without one, nothing is named.

    Examples
    --------
    >>> from lifecycle.serving.contract import Field
    >>> when = Field(name="when", type="time")
    >>> contract = Contract(project="p", label="y", task="binary", key=("when",), fields=(when,))
    >>> noon, same, none = KeyNames(contract)([["2026-01-01T12:00Z", "2026-01-01 13:00+01", None]])
    >>> bool(noon == same), int(none)
    (True, 0)
    """

    def __init__(self, contract: Contract) -> None:
        types = {field.name: field.type for field in contract.fields}
        self.columns = contract.key
        self._kinds = [types.get(name, ColumnType.TEXT) for name in contract.key]
        self.fingerprint = fingerprint([list(contract.key), [kind.value for kind in self._kinds]])

    def __call__(self, columns: Sequence[Sequence[Any]], rows: int | None = None) -> Names:
        """Name rows by the values of their key, one sequence for each of its columns.

        A row whose key has a missing part, or one that was not kept because it is personal, has
        no name.
        """
        if not columns:
            return np.zeros(rows or 0, dtype=np.uint64)
        texts = [_texts(values, kind) for values, kind in zip(columns, self._kinds, strict=True)]
        names = _hashes(b"k" + _encode(parts) for parts in zip(*texts, strict=True))
        for values in texts:
            if None in values:
                names[[value is None for value in values]] = NOBODY
        return names

    def of(self, keys: Sequence[Mapping[str, Any]]) -> Names:
        """Name rows by keys as they are sent; what is not there is missing."""
        return self([[key.get(name) for key in keys] for name in self.columns], len(keys))


def picking(columns: Sequence[str]) -> tuple[type, Picked]:
    """Make a type that reads only some fields of an object, and a way to list them by column.

    A name JSON writes with an escape is not found by the quick way, so that all fields are read.

    Examples
    --------
    >>> kind, listed = picking(["a b", "id"])
    >>> listed([msgspec.json.decode(b'{"x": [1], "id": 7, "a b": "z"}', type=kind)])
    [['z'], [7]]
    """
    if not all(_is_plain(name) for name in columns):
        return dict, lambda objects: [[one.get(name) for one in objects] for name in columns]
    fields = [(f"f{place}", Any, None) for place in range(len(columns))]
    kind = msgspec.defstruct(
        "Picked", fields, rename={f"f{place}": name for place, name in enumerate(columns)}, gc=False
    )
    getters = [attrgetter(name) for name, *_ in fields]
    return kind, lambda objects: [list(map(getter, objects)) for getter in getters]


def _texts(values: Sequence[Any], kind: ColumnType) -> list[str | None]:
    if kind is not ColumnType.TIME:
        return [canonical(value, kind) for value in values]
    # Reading a time takes ten times as long as anything else here, and most are there often.
    known = {value: canonical(value, kind) for value in {v for v in values if isinstance(v, str)}}
    return [known[value] if isinstance(value, str) else canonical(value, kind) for value in values]


def _is_plain(name: str) -> bool:
    return not any(letter in '"\\' or letter < " " for letter in name)


def _hashes(contents: Iterable[bytes]) -> Names:
    joined = b"".join(blake2b(content, digest_size=8).digest() for content in contents)
    names = np.frombuffer(joined, dtype="<u8").astype(np.uint64)
    names[names == NOBODY] = 1
    return names
