"""Bring the declared rows in."""

from typing import Annotated

import pyarrow as pa
from zenml import step

from adapters.warehouse import gather
from lifecycle.data.conform import conform, resolve
from lifecycle.data.declaration import Column, Data, Schema
from lifecycle.data.intake import Intake
from lifecycle.fingerprint import table_fingerprint
from steps.artifacts.table import TableMaterializer
from steps.caching import ROOT
from steps.progress import tell


@step(enable_cache=False, output_materializers={"table": TableMaterializer})
def ingest(
    data: Data, columns: dict[str, Column], home: str
) -> tuple[Annotated[pa.Table, "table"], Annotated[Schema, "schema"], Annotated[Intake, "intake"]]:
    """Read the tables, run the query, and bring every column to its declared type."""
    declared = Schema(root=columns)
    raw, gathered = gather(data, declared, home=ROOT / home)
    table, refusals, refused = conform(raw, declared, data)
    schema = resolve(raw, declared, data)
    intake = gathered.model_copy(
        update={
            "rows": len(table),
            "refused": gathered.refused + refused,
            "refusals": (*gathered.refusals, *refusals),
            "fingerprint": table_fingerprint(table),
        }
    )
    unread = intake.refused + sum(source.refused for source in intake.tables)
    tell("ingest", f"{len(table):,} rows x {table.num_columns} columns, {unread:,} refused")
    return table, schema, intake
