"""The `data`, `schema` and `split` sections: what is predicted, from which tables and types."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, RootModel, model_validator

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

    model_config = ConfigDict(populate_by_name=True)

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


def _read_category(value: object) -> str:
    """Write a category as the conformed table does: `true`, and `1` for both 1 and 1.0."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


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
            values["values"] = tuple(_read_category(value) for value in values["values"])
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


TestShare = Annotated[Share, Field(gt=0, lt=1)]
"""The part of the rows held out; neither none of them nor all."""


class TimeSplit(Section):
    """Rows at or after a moment are test: either that moment (`from`) or the share after it.

    Parameters
    ----------
    test
        Share of the rows that is test, by default the latest fifth.
    start
        Declared as `from`: the first moment that is test.
    """

    model_config = ConfigDict(populate_by_name=True)

    by: Literal["time"]
    test: TestShare | None = None
    start: datetime | None = Field(default=None, alias="from")

    @model_validator(mode="after")
    def _declare_one(self) -> Self:
        if self.test is not None and self.start is not None:
            raise ValueError("declare `test` (a share) or `from` (a moment), not both")
        return self

    @property
    def share(self) -> float:
        """The declared share of test rows, or the default."""
        return 0.2 if self.test is None else self.test

    @property
    def moment(self) -> datetime | None:
        """The declared first moment of test in UTC without zone, as times are in tables."""
        if self.start is None or self.start.tzinfo is None:
            return self.start
        return self.start.astimezone(UTC).replace(tzinfo=None)


class RandomSplit(Section):
    """Rows are test by the hash of their key, so that a row stays where it once was."""

    by: Literal["random"]
    test: TestShare = 0.2


class GroupSplit(Section):
    """All rows of one group (a customer, a machine) are on the same side, by the group's hash."""

    by: Literal["group"]
    column: str
    test: TestShare = 0.2


Split = Annotated[TimeSplit | RandomSplit | GroupSplit, Field(discriminator="by")]
"""How rows are held out for the one final test."""
