"""Which columns a candidate's graphs read, and as what."""

from adapters.graphs.writer import GraphError
from lifecycle.data.declaration import ColumnType
from lifecycle.features.encoders import Calendar, Encoder, Lookup, Presence, Raw, Scaled, Waves
from lifecycle.modeling.candidate import CandidateState
from lifecycle.serving.contract import Layout

TEXTS = (ColumnType.CATEGORY, ColumnType.TEXT)
WHOLE = (ColumnType.INTEGER, ColumnType.BOOLEAN)
"""Numbers that stand for a category without loss in 32 bits; see `adapters.graphs.streams`."""


def layout_of(state: CandidateState) -> Layout:
    """Give the columns the candidate reads, in the order of its schema.

    Raises
    ------
    GraphError
        If an encoder is of a kind no graph is known for, or reads a column it cannot read
        in a graph.
    """
    read: dict[str, set[str]] = {"numbers": set(), "times": set(), "texts": set()}
    for features in state.features:
        for encoder in features.encoders:
            for column in columns_of(encoder):
                read[_input_of(encoder, column, state)].add(column)
    return Layout(
        **{
            name: tuple(column for column in state.schema_.names() if column in columns)
            for name, columns in read.items()
        }
    )


def columns_of(encoder: Encoder) -> tuple[str, ...]:
    """Name the columns an encoder reads.

    Examples
    --------
    >>> columns_of(Raw(kind="raw", column="x"))
    ('x',)
    """
    return encoder.columns if isinstance(encoder, Lookup) else (encoder.column,)


def _input_of(encoder: Encoder, column: str, state: CandidateState) -> str:
    if column not in state.schema_:
        raise GraphError(f'The candidate reads a column "{column}" that its schema does not have.')
    kind = state.schema_[column].type
    match encoder:
        case Raw() | Scaled():
            return "numbers"
        case Calendar() | Waves():
            return "times"
        case Presence():
            return "texts"
        case Lookup():
            return _input_of_lookup(encoder, column, kind)
    raise GraphError(
        f"There is no graph for an encoder of kind {getattr(encoder, 'kind', type(encoder))!r}. "
        "Known kinds: calendar, lookup, presence, raw, scaled, waves. Write one in "
        "adapters/graphs/matrix.py."
    )


def _input_of_lookup(encoder: Lookup, column: str, kind: ColumnType) -> str:
    if len(encoder.columns) > 2:
        names = " × ".join(encoder.columns)
        raise GraphError(f"{names} crosses more than two columns; graphs cross two.")
    if kind in TEXTS:
        return "texts"
    if kind in WHOLE:
        return "numbers"
    raise GraphError(
        f'"{column}" is a {kind.value}, and is read as a category in '
        f'"{" × ".join(encoder.columns)}": a graph cannot write a {kind.value} as text the way '
        "training did. Declare it as integer, boolean or category in `schema`, or take it out "
        "of `features.crosses`."
    )
