"""Let the rows go on, or stop here."""

from typing import Annotated

import pyarrow as pa
from zenml import step

from adapters.registry import settled_cut
from lifecycle.data.declaration import Data, Split, TimeSplit
from lifecycle.data.partition import Cut
from lifecycle.data.split import choose_cut
from lifecycle.fingerprint import fingerprint
from lifecycle.verdict import Verdicts


@step(enable_cache=False)
def admit(
    table: pa.Table, checks: Verdicts, data: Data, split: Split, project: str
) -> Annotated[Cut, "cut"]:
    """Refuse rows that a check blocks; else settle where test begins, for ever."""
    checks.require("The data")
    if not isinstance(split, TimeSplit):
        return Cut()
    key = fingerprint([split, data.window, data.time])[:16]
    return Cut(moment=settled_cut(project, key, lambda: choose_cut(table, data, split)))
