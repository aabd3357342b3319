"""How the rows were divided, in words and numbers."""

from datetime import datetime

from lifecycle.section import Value


class Cut(Value):
    """The first moment that is test; `None` where the split is not by time."""

    moment: datetime | None = None


class Partition(Value):
    """What became of the rows at the split; see `lifecycle.data.split.Parts`."""

    description: str
    train_rows: int
    test_rows: int
    too_late: int = 0
