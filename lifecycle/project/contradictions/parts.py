"""The parts of a declaration that could be read, though others could not."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import TypeAdapter

from lifecycle.data.declaration import Column, Data, RandomSplit, Role, Split, TimeSplit
from lifecycle.evaluation.declaration import EvaluationSettings
from lifecycle.evaluation.gates import Gate
from lifecycle.features.declaration import Features
from lifecycle.modeling.declaration import Search
from lifecycle.monitoring.declaration import Monitoring
from lifecycle.project.places import Path
from lifecycle.release.declaration import Releasing
from lifecycle.retraining.declaration import Retraining
from lifecycle.serving.declaration import Serving

T = TypeVar("T")


@dataclass(frozen=True)
class Parts:
    """The sections without a fault of their own; those with one are `None`.

    Parameters
    ----------
    columns
        By name; a column with a fault of its own is known by name only.
    gates
        Those that could be read, by their position.
    """

    data: Data | None = None
    columns: Mapping[str, Column | None] = field(default_factory=dict)
    split: Split | None = None
    features: Features | None = None
    search: Search | None = None
    evaluation: EvaluationSettings | None = None
    gates: Mapping[int, Gate] = field(default_factory=dict)
    serving: Serving | None = None
    release: Releasing | None = None
    monitoring: Monitoring | None = None
    retraining: Retraining | None = None

    def role_of(self, name: str) -> tuple[Role, ...]:
        """Give the roles a column is declared in; none if it is not declared or not readable."""
        column = self.columns.get(name)
        return column.role if column else ()


def parts_of(document: Mapping[str, Any], faulty: Iterable[Path]) -> Parts:
    """Read each section of a document by itself, without those that are faulty."""
    paths = set(faulty)

    def readable(path: Path, kind: Any, default: T | None = None) -> Any:
        value: Any = document
        for step in path:
            if isinstance(value, Mapping) and step not in value:
                return default
            value = value[step]
        if any(other[: len(path)] == path for other in paths):
            return None
        return TypeAdapter(kind).validate_python(value, by_alias=True, by_name=False)

    columns = document.get("schema")
    gates = document.get("gates")
    data: Data | None = readable(("data",), Data)
    by_time = TimeSplit(by="time") if data is not None and data.time else None
    return Parts(
        data=data,
        columns={str(name): readable(("schema", name), Column) for name in columns or ()}
        if isinstance(columns, dict)
        else {},
        split=readable(("split",), Split, by_time or RandomSplit(by="random")),
        features=readable(("features",), Features, Features()),
        search=readable(("search",), Search, Search()),
        evaluation=readable(("evaluation",), EvaluationSettings, EvaluationSettings()),
        gates={
            at: gate
            for at in range(len(gates) if isinstance(gates, list) else 0)
            if (gate := readable(("gates", at), Gate)) is not None
        },
        serving=readable(("serving",), Serving, Serving()),
        release=readable(("release",), Releasing, Releasing()),
        monitoring=readable(("monitoring",), Monitoring, Monitoring()),
        retraining=readable(("retraining",), Retraining, Retraining()),
    )
