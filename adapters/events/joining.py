"""Labels that came later, joined to what had been predicted."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import pyarrow as pa

from adapters.events.naming import NOBODY, KeyNames
from adapters.events.reading import LABEL_COLUMNS, Window, labels_at
from adapters.events.twins import label_twins
from lifecycle.data.declaration import ColumnType
from lifecycle.serving.contract import Contract
from lifecycle.serving.events import canonical

Key: TypeAlias = tuple[str, ...]


@dataclass(frozen=True)
class Observations:
    """Predictions with their labels.

    Parameters
    ----------
    table
        The predictions, each once and in their order, with `label`, `known_at` (when it came to
        be known, where that was said) and `labelled_at` (when it was told); null where there is
        no label yet.
    unmatched
        How many labels name no prediction of the window.
    """

    table: pa.Table
    unmatched: int


def join(window: Window, contract: Contract) -> Observations:
    """Give each prediction its label: of those that name it, the one told last.

    A label names a row of a request, or the whole request where that had one row only; or it
    gives the whole key, and then names every prediction of that row. A key of which a part is
    missing, or was not kept because it is personal, names nothing.
    """
    index = _Index(window.predictions, contract)
    chosen: dict[int, int] = {}
    unmatched = 0
    labels = window.labels.select(["id", "row", "key"]).to_pylist()
    for number, label in enumerate(labels):  # in the order of their times: the last one stays
        places = index.places(label)
        unmatched += not places
        chosen.update(dict.fromkeys(places, number))
    taken = pa.array([chosen.get(place) for place in range(len(window.predictions))], pa.int64())
    table = window.predictions
    for name, column in (("label", "label"), ("known_at", "known_at"), ("labelled_at", "at")):
        table = table.append_column(name, window.labels[column].take(taken))
    return Observations(table, unmatched)


def labels_by_key(folder: Path, prediction: Mapping[str, Any], contract: Contract) -> pa.Table:
    """Give the labels that name a prediction by its key, in the order they were told.

    It does not matter whether they were told before it was made.

    Parameters
    ----------
    prediction
        One event, as `find` gives it.
    """
    name = KeyNames(contract).of([prediction["inputs"]])
    tables = [
        labels_at(twin.path, set(twin.numbers("line")[twin.numbers("name") == name].tolist()))
        for twin in label_twins(folder, contract)
        if name != NOBODY
    ]
    return pa.concat_tables([LABEL_COLUMNS.empty_table(), *tables]).sort_by("at")


class _Index:
    """Where the predictions are, by request and by key."""

    def __init__(self, predictions: pa.Table, contract: Contract) -> None:
        types = {field.name: field.type for field in contract.fields}
        self._key = [(name, types.get(name, ColumnType.TEXT)) for name in contract.key]
        self._predictions = predictions
        self._by_request: dict[str, list[int]] = defaultdict(list)
        for place, request in enumerate(predictions["id"].to_pylist()):
            self._by_request[request].append(place)
        self._rows: list[int] = predictions["row"].to_pylist()
        self._by_key: dict[Key, list[int]] | None = None

    def places(self, label: dict[str, Any]) -> list[int]:
        """Find the predictions a label names."""
        if label["key"] is not None:
            key = self._read_key(label["key"])
            return [] if key is None else self._keys().get(key, [])
        places = self._by_request.get(label["id"], [])
        if label["row"] is not None:
            return [place for place in places if self._rows[place] == label["row"]]
        return places if all(self._rows[place] == 0 for place in places) else []

    def _keys(self) -> dict[Key, list[int]]:
        if self._by_key is None:
            self._by_key = defaultdict(list)
            for place, inputs in enumerate(self._predictions["inputs"].to_pylist()):
                key = self._read_key(inputs)
                if key is not None:
                    self._by_key[key].append(place)
        return self._by_key

    def _read_key(self, text: str) -> Key | None:
        values = msgspec.json.decode(text, type=dict[str, Any])
        parts = [canonical(values.get(name), kind) for name, kind in self._key]
        known = tuple(part for part in parts if part is not None)
        return known if known and len(known) == len(parts) else None
