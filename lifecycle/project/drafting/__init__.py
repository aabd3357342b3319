"""A first declaration from a table somebody brings: pure, from rows to text."""

import pyarrow as pa

from lifecycle.project.drafting.columns import DraftColumn, draft_columns
from lifecycle.project.drafting.rewriting import Rewriting, rewrite
from lifecycle.project.drafting.rows import Draft, draft_rows
from lifecycle.project.drafting.target import Target, draft_target
from lifecycle.project.drafting.text import write

__all__ = [
    "Draft",
    "DraftColumn",
    "Rewriting",
    "Target",
    "draft_columns",
    "draft_rows",
    "draft_target",
    "draft_text",
    "rewrite",
]


def draft_text(
    rows: pa.Table,
    target: Target,
    *,
    arrived: int,
    refused: int = 0,
    name: str,
    table: str,
    url: str,
    query: str = "",
) -> str:
    """Write the declaration of a table.

    Parameters
    ----------
    rows
        The rows to train on: after the query, those that have a label.
    arrived, refused
        Rows that could be read, and that could not.
    table, url
        What the table is called in the declaration, and where it lies.
    query
        The SQL that made the rows; empty where there is none.
    """
    draft = draft_rows(rows, target, arrived=arrived, refused=refused)
    return write(draft, name=name, table=table, url=url, query=query)
