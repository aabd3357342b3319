"""Train and test: rows held out once, for one final look, and never given back."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lifecycle.data.declaration import Data, GroupSplit, RandomSplit, TimeSplit
from lifecycle.data.declaration import Split as Split
from lifecycle.data.keys import as_share, hash_rows, key_columns
from lifecycle.errors import DataError, suggest


@dataclass(frozen=True)
class Parts:
    """The two sides of a split.

    Parameters
    ----------
    cut
        By time: the first moment that is test.
    description
        One sentence for the report.
    too_late
        By time, where the label arrives late: rows before the cut whose label was not yet
        known at the cut. They are on neither side.
    """

    train: pa.Table
    test: pa.Table
    cut: datetime | None
    description: str
    too_late: int = 0


def split(table: pa.Table, data: Data, split: Split, *, cut: datetime | None = None) -> Parts:
    """Divide the rows into train and test.

    By time, every row at or after the cut is test. A training row whose label arrives only
    after the cut (`label.arrives_after`) is left out and counted: on the day of the cut nobody
    could have trained on it. At random and by group, a row is test by the hash of its key or
    group, whichever rows are around it; the declared share is met on average, and rows with
    the same key are on the same side.

    Parameters
    ----------
    cut
        By time: where an earlier run has cut, so that its test rows stay test.

    Raises
    ------
    DataError
        If a side would be empty, or a column the split needs is missing.
    """
    if isinstance(split, TimeSplit):
        return _split_by_time(table, data, split, cut)
    if isinstance(split, GroupSplit):
        _require_column(table, split.column, "split.column")
        columns: tuple[str, ...] = (split.column,)
        how = f"by group: all rows of one {split.column} on one side"
    else:
        columns = key_columns(table, data)
        how = f"at random: by the hash of {', '.join(data.key) or 'the whole row'}"
    hashes = hash_rows(table, columns)
    is_test = as_share(hashes) < split.test
    _require_both_sides(is_test, split, different=len(np.unique(hashes)))
    return Parts(
        train=table.filter(pa.array(~is_test)),
        test=table.filter(pa.array(is_test)),
        cut=None,
        description=f"{how}, {is_test.mean():.1%} test",
    )


def choose_cut(table: pa.Table, data: Data, split: TimeSplit) -> datetime:
    """Give the first moment that is test: the declared one, or the one nearest the share.

    Rows of one moment are never divided, so the share is met as nearly as they allow.

    Raises
    ------
    DataError
        If there are not at least two different times to cut between.
    """
    if split.moment is not None:
        return split.moment
    moments, counts = np.unique(_times(table, data), return_counts=True)
    if len(moments) < 2:
        raise DataError(
            f'A split by time needs rows of at least 2 different times, and "{data.time}" '
            f"has {len(moments)} in {len(table)} rows. Declare split: {{by: random, test: 20%}}."
        )
    test_shares = 1 - np.cumsum(counts)[:-1] / counts.sum()  # when cutting at moments[1:]
    nearest = int(np.argmin(np.abs(test_shares - split.share)))
    return _as_datetime(int(moments[1 + nearest]))


def _split_by_time(table: pa.Table, data: Data, split: TimeSplit, cut: datetime | None) -> Parts:
    cut = choose_cut(table, data, split) if cut is None else _as_utc(cut)
    times = _times(table, data)
    moment = _as_microseconds(cut)
    is_test = times >= moment
    is_train = ~is_test
    if data.label.arrives_after is not None:
        is_train = times + int(data.label.arrives_after.total_seconds() * 1e6) <= moment
        is_train &= ~is_test
    too_late = int((~is_test & ~is_train).sum())
    if not is_test.any() or not is_train.any():
        raise DataError(_tell_empty_side(times, cut, is_train, too_late))
    return Parts(
        train=table.filter(pa.array(is_train)),
        test=table.filter(pa.array(is_test)),
        cut=cut,
        description=_describe_time(data, cut, float(is_test.mean()), too_late),
        too_late=too_late,
    )


def _describe_time(data: Data, cut: datetime, share: float, too_late: int) -> str:
    moment = cut.isoformat(" ").removesuffix(" 00:00:00")
    text = f"by time: {data.time} from {moment} is test, {share:.1%} of the rows"
    if too_late:
        text += f"; {too_late:,} rows before it left out, their labels arrived after it"
    return text


def _tell_empty_side(
    times: NDArray[np.int64], cut: datetime, is_train: NDArray[np.bool_], too_late: int
) -> str:
    if not len(times):
        return "There are no rows to split. See what the sources and the query bring."
    side = "test" if is_train.any() else "training"
    first, last = _as_datetime(int(times.min())), _as_datetime(int(times.max()))
    late = f"; {too_late} rows before it have labels that arrived after it" if too_late else ""
    return (
        f"No {side} rows: the cut is {cut.isoformat(' ')} and the rows reach from "
        f"{first.isoformat(' ')} to {last.isoformat(' ')}{late}. "
        "Change split.from or split.test, or widen data.window."
    )


def _times(table: pa.Table, data: Data) -> NDArray[np.int64]:
    if data.time is None:
        raise DataError("A split by time needs data.time: name the column that holds it.")
    _require_column(table, data.time, "data.time")
    column = table[data.time]
    if column.null_count:
        raise DataError(
            f'{column.null_count} rows have no "{data.time}", so they are neither before nor '
            "after the cut. Leave them out in the query (WHERE it IS NOT NULL)."
        )
    if not pa.types.is_timestamp(column.type):
        raise DataError(f'"{data.time}" holds {column.type}, not times. Conform the table first.')
    return np.asarray(column.cast(pa.timestamp("us")).cast(pa.int64()).to_numpy())


def _as_utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)


def _as_microseconds(moment: datetime) -> int:
    return int(np.datetime64(moment, "us").astype(np.int64))


def _as_datetime(microseconds: int) -> datetime:
    moment: datetime = np.datetime64(microseconds, "us").item()
    return moment


def _require_column(table: pa.Table, name: str, where: str) -> None:
    if name not in table.column_names:
        raise DataError(
            f'{where} is "{name}", which is not in the table. {suggest(name, table.column_names)}'
        )


def _require_both_sides(
    is_test: NDArray[np.bool_], split: RandomSplit | GroupSplit, *, different: int
) -> None:
    if is_test.any() and not is_test.all():
        return
    side = "training" if is_test.any() else "test"
    what = f'groups in "{split.column}"' if isinstance(split, GroupSplit) else "rows"
    alike = "" if different == len(is_test) else f", of which {different} are different,"
    raise DataError(
        f"No {side} rows: {len(is_test)} rows{alike} are too few {what} for split.test of "
        f"{split.test:.0%}. What is alike stays on one side. Declare a larger share, or bring "
        "more rows; where rows that look alike are different ones, declare data.key."
    )
