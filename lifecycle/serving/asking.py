"""Rows of a table as somebody would send them, and answers as numbers again."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from lifecycle.serving.contract import Contract
from lifecycle.serving.inputs import Answers
from lifecycle.task import Task


def as_sent(table: pa.Table, contract: Contract) -> tuple[dict[str, Any], ...]:
    """Write rows as a client would: features and key, times in ISO 8601, missing as null."""
    names = [
        field.name
        for field in contract.fields
        if field.use != "recorded" and field.name in table.column_names
    ]
    return tuple(
        {name: _plain(value) for name, value in row.items()}
        for row in table.select(names).to_pylist()
    )


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def as_answers(predictions: Sequence[Mapping[str, Any]], contract: Contract) -> Answers:
    """Read predictions of a response as arrays; a class nobody knows is no class: -1.

    Raises
    ------
    KeyError, TypeError
        If a prediction has not the form the contract promises.
    """
    classes = contract.classes
    if contract.task is Task.MULTICLASS:
        scores = [[found["score"][name] for name in classes] for found in predictions]
    else:
        scores = [found["score"] for found in predictions]
    decisions = None
    if contract.task is not Task.REGRESSION:
        places = {name: place for place, name in enumerate(classes)}
        decided = [places.get(found["decision"], -1) for found in predictions]
        decisions = np.array(decided, dtype=np.int64)
    return Answers(np.array(scores, dtype=np.float64), decisions)


def unexplained(prediction: Mapping[str, Any]) -> float:
    """Say which share of what was answered its reasons leave unexplained.

    Zero where they add up to the score, and where there are none because the row is answered
    as the typical one is. The share is of the largest number among score, reference and
    contributions, so that it means the same for labels of any size.

    Raises
    ------
    KeyError
        If the answer holds no reasons.

    Examples
    --------
    >>> answer = {"score": 5e-7, "reference_score": 2e-7, "reasons": [{"contribution": 3e-7}]}
    >>> round(unexplained(answer), 6), round(unexplained({**answer, "reasons": []}), 6)
    (0.0, 0.6)
    """
    score, reference = prediction["score"], prediction["reference_score"]
    score = score[prediction["decision"]] if isinstance(score, dict) else score
    moved = [reason["contribution"] for reason in prediction["reasons"]]
    size = max(map(abs, (score, reference, *moved)))
    return abs(reference + sum(moved) - score) / size if size else 0.0


def broken(row: Mapping[str, Any], contract: Contract) -> Iterator[tuple[str, bytes]]:
    """Give bodies that break the contract, each with what is wrong with it."""
    name = contract.features[0].name
    yield "a field nobody knows", _body({**row, f"{name} of nobody": 1})
    yield f"no {name}", _body({key: value for key, value in row.items() if key != name})
    yield f"a list as {name}", _body({**row, name: [1]})
    yield "no JSON", _body(dict(row))[:-1]


def _body(row: Mapping[str, Any]) -> bytes:
    return json.dumps(row).encode()
