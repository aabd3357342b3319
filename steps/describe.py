"""Describe the rows, for people and for monitoring."""

from typing import Annotated

import pyarrow as pa
from zenml import step

from adapters import profiles
from lifecycle.data.declaration import Data, Role, Schema
from lifecycle.data.describe import describe as take_figures
from lifecycle.data.description import Description
from lifecycle.data.partition import Partition
from lifecycle.monitoring.usual import Usual, find_usual
from steps.caching import caching
from steps.progress import tell


@step(cache_policy=caching(__file__))
def describe(
    train: pa.Table, test: pa.Table, schema: Schema, partition: Partition, data: Data
) -> tuple[
    Annotated[Description, "description"],
    Annotated[bytes, "profile"],
    Annotated[Usual, "usual"],
]:
    """Take the figures behind the report's pictures, and the profile monitoring compares with."""
    description = take_figures(train, test, schema, data)
    description = description.model_copy(update={"split": partition.description})
    profile = profiles.profile(train, schema)
    usual = find_usual(_as_watched(train, data), _watched(schema, data), data.time)
    tell("describe", f"{len(description.columns)} columns described and profiled")
    return description, profile, usual


def _watched(schema: Schema, data: Data) -> tuple[str, ...]:
    """Name the columns whose shifts are told; time itself always moves."""
    others = (data.time, data.label.column)
    return (*(name for name in schema.names(Role.FEATURE) if name not in others), others[1])


def _as_watched(train: pa.Table, data: Data) -> pa.Table:
    """Make categories of the classes, as labels that come are counted."""
    name = data.label.column
    if not data.label.task.is_classification:
        return train
    classes = train[name].cast(pa.string())
    return train.set_column(train.column_names.index(name), name, classes)
