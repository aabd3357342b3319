"""The few storage details that all sources agree on before a query sees them."""

import pyarrow as pa


def plain_type(kind: pa.DataType) -> pa.DataType:
    """Give a type without time zone (times become UTC) and without dictionary.

    DuckDB shows times with a zone in the zone of the machine, and a query would then answer
    differently on each.

    Examples
    --------
    >>> plain_type(pa.timestamp("us", tz="America/New_York"))
    TimestampType(timestamp[us])
    """
    if pa.types.is_dictionary(kind):
        return plain_type(kind.value_type)
    if pa.types.is_timestamp(kind):
        return pa.timestamp(kind.unit)
    return kind


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """Give a schema of plain types, without what a file's writer noted beside it."""
    return pa.schema([pa.field(field.name, plain_type(field.type)) for field in schema])


def plain_table(table: pa.Table) -> pa.Table:
    """Give a table in plain types; columns that have one are not copied."""
    return table.cast(plain_schema(table.schema))
