"""Hold rows out, once and for ever."""

from typing import Annotated

import pyarrow as pa
from zenml import step

from lifecycle.data import split as splitting
from lifecycle.data.declaration import Data, Split
from lifecycle.data.partition import Cut, Partition
from steps.artifacts.table import TableMaterializer
from steps.caching import caching
from steps.progress import tell


@step(
    cache_policy=caching(__file__),
    output_materializers={"train": TableMaterializer, "test": TableMaterializer},
)
def divide(
    table: pa.Table, cut: Cut, data: Data, split: Split
) -> tuple[
    Annotated[pa.Table, "train"],
    Annotated[pa.Table, "test"],
    Annotated[Partition, "partition"],
]:
    """Divide the rows into train and test."""
    parts = splitting.split(table, data, split, cut=cut.moment)
    partition = Partition(
        description=parts.description,
        train_rows=len(parts.train),
        test_rows=len(parts.test),
        too_late=parts.too_late,
    )
    tell("divide", f"{len(parts.train):,} train, {len(parts.test):,} test, {parts.description}")
    train, test = parts.train, parts.test
    return train, test, partition
