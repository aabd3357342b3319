"""Describe the rows, for people and for monitoring."""

from typing import Annotated

import pyarrow as pa
from zenml import step

from adapters import profiles
from lifecycle.data.declaration import Data, Schema
from lifecycle.data.describe import describe as take_figures
from lifecycle.data.description import Description
from lifecycle.data.partition import Partition
from steps.caching import caching
from steps.progress import tell


@step(cache_policy=caching(__file__))
def describe(
    train: pa.Table, test: pa.Table, schema: Schema, partition: Partition, data: Data
) -> tuple[Annotated[Description, "description"], Annotated[bytes, "profile"]]:
    """Take the figures behind the report's pictures, and the profile monitoring compares with."""
    description = take_figures(train, test, schema, data)
    description = description.model_copy(update={"split": partition.description})
    profile = profiles.profile(train, schema)
    tell("describe", f"{len(description.columns)} columns described and profiled")
    return description, profile
