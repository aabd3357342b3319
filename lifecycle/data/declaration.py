"""The `data` and `schema` sections: what is predicted, from which tables, in which types."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field, RootModel, model_validator

from lifecycle.section import Duration, Section, Share
from lifecycle.task import Task


class Label(Section):
    """The column to predict.

    Parameters
    ----------
    positive
        Binary only: the class whose probability is the score. By default the one that reads
        as yes (`true`, `1`, `yes`), else the rarer one.
    arrives_after
        How long after the row's time its label is known.
    """

    column: str
    task: Task
    positive: str | None = None
    arrives_after: Duration | None = None


class Window(Section):
    """Rows with `from` <= time < `to`; an open end is left out."""

    model_config = {**Section.model_config, "populate_by_name": True}

    start: datetime | None = Field(default=None, alias="from")
    end: datetime | None = Field(default=None, alias="to")


class TableSource(Section):
    """Where the rows of one table come from.

    Parameters
    ----------
    url
        A path relative to the project's folder, or `package://`, `http(s)://`, `s3://`, or a
        SQLAlchemy URL (`postgresql://`, `mysql://`, `sqlite:///`). `${NAME}` is read from the
        environment, so that no secret is written down.
    format
        `csv` or `parquet`; by default read off the ending of the path.
    query
        SQL sources: what to select there; by default the whole table `table`.
    table
        SQL sources: the table to read; by default the name it is declared under.
    delimiter
        CSV: the character between fields; by default found from the file.
    missing
        CSV: what stands for a missing value.
    """

    url: str
    format: str | None = Field(default=None, pattern="^(csv|parquet)$")
    query: str | None = None
    table: str | None = None
    delimiter: str | None = None
    missing: tuple[str, ...] = ("", "NA", "NaN", "nan", "null", "NULL")


class Data(Section):
    """The tables, the query over them, and the role of its key, time and label.

    Parameters
    ----------
    tables
        Each a URL, or a mapping as in `TableSource`.
    query
        SQL (DuckDB's) over the tables. Its rows, less the label, are the contract of a
        prediction request. May be left out when there is one table.
    key
        Columns that together name a row; by default the whole row does.
    time
        When the row's question was asked.
    """

    tables: dict[str, TableSource] = Field(min_length=1)
    query: str | None = None
    window: Window = Window()
    key: tuple[str, ...] = ()
    time: str | None = None
    label: Label

    @model_validator(mode="before")
    @classmethod
    def _read_bare_urls(cls, values: object) -> object:
        if isinstance(values, dict) and isinstance(values.get("tables"), dict):
            tables = {
                name: {"url": source} if isinstance(source, str) else source
                for name, source in values["tables"].items()
            }
            return {**values, "tables": tables}
        return values


class ColumnType(StrEnum):
    """What the values of a column are, independent of how a file stores them."""

    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    CATEGORY = "category"
    TEXT = "text"
    TIME = "time"


class Role(StrEnum):
    """What a column is there for."""

    FEATURE = "feature"
    IGNORE = "ignore"
    LEAK = "leak"
    SENSITIVE = "sensitive"
    PERSONAL = "personal"


class Column(Section):
    """One column of the query's result.

    Parameters
    ----------
    values
        The only values a category may have.
    min, max
        The allowed range of a number, both ends included.
    missing
        The largest allowed share of missing values.
    role
        `feature` is seen by the model; `ignore` is not; `leak` is known only afterwards and is
        kept out; `sensitive` is kept out of the model and used to judge fairness; `personal`
        is kept out and masked wherever rows are stored. `[feature, sensitive]` is both.
    """

    type: ColumnType
    role: tuple[Role, ...] = (Role.FEATURE,)
    values: tuple[str, ...] | None = None
    min: float | None = None
    max: float | None = None
    missing: Share = 1.0
    unit: str | None = None
    description: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _read_scalars(cls, values: object) -> object:
        if not isinstance(values, dict):
            return values
        values = dict(values)
        if isinstance(values.get("role"), str):
            values["role"] = (values["role"],)
        if isinstance(values.get("values"), list | tuple):
            values["values"] = tuple(
                str(value).lower() if isinstance(value, bool) else str(value)
                for value in values["values"]
            )
        return values

    @property
    def is_feature(self) -> bool:
        """Whether the model sees it."""
        return Role.FEATURE in self.role


class Schema(RootModel[dict[str, Column]]):
    """The declared columns by name, in the order of the declaration."""

    root: dict[str, Column] = Field(default_factory=dict)

    def __getitem__(self, name: str) -> Column:
        return self.root[name]

    def __contains__(self, name: str) -> bool:
        return name in self.root

    def names(self, role: Role | None = None) -> tuple[str, ...]:
        """Give the columns' names, of one role or all."""
        return tuple(
            name for name, column in self.root.items() if role is None or role in column.role
        )
