"""Rows that both versions were really asked about: the log of a shadow joined with the real one."""

from datetime import datetime, timedelta

from adapters.releasing.pairing import MOST_ROWS, Compared, Row, add, compared, named
from adapters.releasing.pairing_sample import Sample
from adapters.releasing.pairing_sides import Sides
from adapters.releasing.pairing_tail import MOST_BYTES, Tail

MOST_KEPT = 50_000
"""Rows that are kept where only a part of the requests is copied, and few find their twin."""


class Shadowing:
    """Pairs the answers users got with those of a version that got a copy of their requests.

    Parameters
    ----------
    real, shadow
        The log of what users were answered, and that of the shadow.
    share
        Which part of the requests is copied.
    longest
        How long a request may take: an answer that has not come by then is lost.
    """

    def __init__(
        self, sides: Sides, real: Tail, shadow: Tail, *, share: float, longest: timedelta
    ) -> None:
        self._sides, self._logs = sides, (real, shadow)
        self._longest, self._is_whole = longest, share >= 1
        self._rows: Sample[Row] = Sample(min(MOST_KEPT, round(MOST_ROWS / share)))

    def compare(self, now: datetime) -> Compared:
        """Read what has come to both logs, and join it by request and row.

        A row that only one of them has by `longest` after it was asked is lost. Where only a part
        of the requests is copied, a row that is in the real log only was not copied, as far as
        anybody can tell from there: such rows are not counted.
        """
        for log, side in zip(
            self._logs, (self._sides.champion, self._sides.challenger), strict=True
        ):
            for name, line in named(log.read(MOST_BYTES // 2)):
                if self._rows.wants(name) and line.version == side.version:
                    add(self._rows, name, line, self._sides)
        return compared(self._rows.rows.values(), lost=self._lost(now))

    def _lost(self, now: datetime) -> int:
        if any(log.is_behind for log in self._logs):
            return 0  # what seems to be lost may stand in the part that was not read yet
        return sum(
            row.pair is None
            and row.at < now - self._longest
            and (self._is_whole or row.champion is None)
            for row in self._rows.rows.values()
        )
