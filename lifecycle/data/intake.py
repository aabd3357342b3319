"""What came in: how many rows, which were refused, and why."""

from lifecycle.section import Value


class Refusal(Value):
    """One row that could not be read, and where it stands."""

    table: str
    where: str
    reason: str
    text: str = ""


class TableIntake(Value):
    """What one declared table brought.

    Parameters
    ----------
    url
        Where it came from, without any secret.
    refusals
        The first of the refused rows; `refused` counts them all.
    fingerprint
        Hash of the table's content.
    """

    table: str
    url: str
    rows: int
    refused: int = 0
    refusals: tuple[Refusal, ...] = ()
    fingerprint: str


class Intake(Value):
    """What all tables brought and what the query made of them.

    Parameters
    ----------
    rows
        Rows that go on: inside the window, with a label, and readable.
    unlabelled
        Rows of the result without a label: kept out of training, counted here.
    outside_window
        Rows of the result outside the declared window.
    undeclared
        Columns of the result the schema does not name.
    start, end
        First and last time in ISO 8601, where the data has a time column.
    """

    tables: tuple[TableIntake, ...]
    rows: int
    unlabelled: int = 0
    outside_window: int = 0
    undeclared: tuple[str, ...] = ()
    refused: int = 0
    refusals: tuple[Refusal, ...] = ()
    start: str | None = None
    end: str | None = None
    fingerprint: str
