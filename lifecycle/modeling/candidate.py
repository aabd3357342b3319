"""A candidate: fitted features, models, calibration and threshold, as one thing that answers."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic_core import core_schema

from lifecycle.data.declaration import Schema
from lifecycle.errors import DataError, suggest
from lifecycle.features.fitting import FittedFeatures, View
from lifecycle.modeling.calibration import Calibration
from lifecycle.modeling.declaration import FamilyName
from lifecycle.modeling.families import FAMILIES, MODELS, Model
from lifecycle.section import Value
from lifecycle.task import Task

STATE = "candidate.json"


class Member(Value):
    """One model of a candidate: how it was made and how much it weighs.

    Parameters
    ----------
    kind
        What its stored form is read as.
    """

    family: FamilyName
    kind: str
    weight: float
    params: dict[str, float | int | str | bool]
    rounds: int | None = None

    @property
    def view(self) -> View:
        """The form of the features it reads."""
        return FAMILIES[self.family].view


class CandidateState(Value):
    """All of a candidate but its models' numbers.

    Parameters
    ----------
    train_fingerprint, train_rows
        The rows it was fitted on.
    threshold
        Binary: from which probability on the answer is the second class.
    """

    task: Task
    classes: tuple[str, ...]
    label: str
    schema_: Schema
    features: tuple[FittedFeatures, ...]
    members: tuple[Member, ...]
    calibration: Calibration
    threshold: float | None = None
    seed: int
    train_fingerprint: str = ""
    train_rows: int = 0


@dataclass(frozen=True)
class Candidate:
    """What answers for rows; fulfils `lifecycle.ports.Predictor`.

    Parameters
    ----------
    models
        One for each member of the state, in its order.
    """

    state: CandidateState
    models: tuple[Model, ...]

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Let pydantic take a candidate as it is: it has been validated when it was made."""
        return core_schema.is_instance_schema(cls)

    @property
    def task(self) -> Task:
        """Kind of answer."""
        return self.state.task

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names; binary: (negative, positive); regression: empty."""
        return self.state.classes

    @property
    def threshold(self) -> float | None:
        """Binary: from which probability on the answer is the second class."""
        return self.state.threshold

    @property
    def family(self) -> str:
        """In words: `xgboost`, or `ensemble of xgboost 0.7, linear 0.3`.

        Members are named from the heaviest down.
        """
        weights: dict[FamilyName, float] = {}
        for one in self.state.members:
            weights[one.family] = weights.get(one.family, 0.0) + one.weight
        if len(weights) == 1 and len(self.state.members) > 1:
            return f"ensemble of {len(self.state.members)} {self.state.members[0].family}"
        return name_members(weights)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The columns of the table it reads, in the order of the schema."""
        read: set[str] = set()
        for features in self.state.features:
            for encoder in features.encoders:
                read |= set(encoder.columns if encoder.kind == "lookup" else (encoder.column,))
        return tuple(name for name in self.state.schema_.names() if name in read)

    @cached_property
    def size_bytes(self) -> int:
        """Size of all it is stored as."""
        return sum(len(content) for content in self._files.values())

    @cached_property
    def fingerprint(self) -> str:
        """Hash of all it is stored as: the same candidate has the same one."""
        digest = hashlib.sha256()
        for name, content in sorted(self._files.items()):
            digest.update(f"{name}:{len(content)}:".encode())
            digest.update(content)
        return digest.hexdigest()

    def score(self, table: pa.Table) -> NDArray[np.float64]:
        """Score rows: binary P(positive) ``(n,)``; multiclass ``(n, k)``; regression ``(n,)``.

        Raises
        ------
        DataError
            If a column it reads is not there.
        """
        self._require_columns(table)
        if table.num_rows == 0:
            return np.empty((0, len(self.classes)) if self.task is Task.MULTICLASS else 0)
        encoded = {features.view: features.transform(table) for features in self.state.features}
        total: Any = 0.0
        for member, model in zip(self.state.members, self.models, strict=True):
            total = total + member.weight * model.predict(encoded[member.view])
        return self.state.calibration.apply(np.asarray(total, dtype=np.float64))

    def decide(self, scores: NDArray[np.float64]) -> NDArray[Any]:
        """Turn scores into class indices (classification) or leave them (regression)."""
        if self.task is Task.REGRESSION:
            return scores
        if self.task is Task.MULTICLASS:
            return np.asarray(scores.argmax(axis=1))
        return (scores >= (0.5 if self.threshold is None else self.threshold)).astype(np.int64)

    def save(self, folder: Path) -> None:
        """Write it into a folder: one JSON file, and one file for each model. No pickle."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in self._files.items():
            (folder / name).write_bytes(content)

    @classmethod
    def load(cls, folder: Path) -> "Candidate":
        """Read what `save` wrote.

        Raises
        ------
        DataError
            If the folder holds no candidate.
        """
        if not (folder / STATE).is_file():
            raise DataError(f"{folder} holds no candidate: there is no {STATE} in it.")
        state = CandidateState.model_validate_json((folder / STATE).read_bytes())
        models = tuple(
            MODELS[member.kind].load((folder / _file_name(place, member)).read_bytes())
            for place, member in enumerate(state.members)
        )
        return cls(state, models)

    @cached_property
    def _files(self) -> dict[str, bytes]:
        files = {STATE: self.state.model_dump_json().encode()}
        for place, (member, model) in enumerate(zip(self.state.members, self.models, strict=True)):
            files[_file_name(place, member)] = model.dump()
        return files

    def _require_columns(self, table: pa.Table) -> None:
        present = set(table.column_names)
        if not present.issuperset(self.columns):
            missing = [name for name in self.columns if name not in present]
            raise DataError(
                f'The rows have no column "{missing[0]}", which the model reads '
                f"({len(missing)} missing in all). {suggest(missing[0], present)}"
            )


def name_members(weights: dict[FamilyName, float]) -> str:
    """Tell in words which families a candidate is made of.

    Examples
    --------
    >>> name_members({"linear": 0.3, "xgboost": 0.7})
    'ensemble of xgboost 0.7, linear 0.3'
    >>> name_members({"linear": 1.0})
    'linear'
    """
    if len(weights) == 1:
        return next(iter(weights))
    ordered = sorted(weights.items(), key=lambda item: -item[1])
    return "ensemble of " + ", ".join(f"{name} {weight:.2g}" for name, weight in ordered)


def _file_name(place: int, member: Member) -> str:
    return f"{place}-{member.family}.model"
