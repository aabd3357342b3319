"""The same rows answered by both versions: one answer from the log, the other computed here.

While requests go to both, each row is answered by one of them. What the other would have said is
computed from its package, in this process, so that no service is asked anything for it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import numpy as np

from adapters.events.naming import row_names
from adapters.releasing.pairing_sample import Sample
from adapters.releasing.pairing_sides import Answer, NotToldError, Pair, Side, Sides
from adapters.releasing.pairing_tail import Line, Tail

MOST_ROWS = 10_000
"""Rows that are compared: an agreement of 99 % is told to 0.2 points then. Of more, a sample."""

AT_ONCE = 2_000
"""Most rows whose other answer is computed in one look."""


@dataclass(slots=True)
class Row:
    """A row of the log.

    Parameters
    ----------
    inputs
        As they lie in the log.
    champion, challenger
        What they answered, as far as it is known.
    pair
        Both, once both are known.
    is_refused
        Whether the version that did not answer would have refused the row.
    """

    at: datetime
    inputs: bytes
    champion: Answer | None = None
    challenger: Answer | None = None
    pair: Pair | None = None
    is_refused: bool = False


@dataclass(frozen=True)
class Compared:
    """Rows with the answers of both versions; a uniform sample of all there were.

    Parameters
    ----------
    pairs, inputs
        Row by row.
    lost
        Rows of the sample that only one version has answered.
    """

    pairs: Sequence[Pair] = ()
    inputs: Sequence[bytes] = ()
    lost: int = 0


class Compares(Protocol):
    """Whatever finds rows that both versions have answered."""

    def compare(self, now: datetime) -> Compared:
        """Go on, and give what there is by now."""


class Pairing:
    """Rows that went to one of two versions; the other one's answer is computed.

    Parameters
    ----------
    log
        The event log from the moment on that counts.
    most
        Rows that are kept.

    Raises
    ------
    NotToldError
        If what a version reads is masked in the log.
    """

    def __init__(self, sides: Sides, log: Tail, *, most: int = MOST_ROWS) -> None:
        sides.require_plain()
        self._sides, self._log = sides, log
        self._rows: Sample[Row] = Sample(most)

    def compare(self, now: datetime) -> Compared:
        """Read what has come, and answer for it.

        Raises
        ------
        NotToldError
            If one of them would refuse every row the other has answered.
        """
        for name, line in named(self._log.read()):
            if self._rows.wants(name) and self._sides.of(line.version) is not None:
                add(self._rows, name, line, self._sides)
        self._answer()
        rows = self._rows.rows.values()
        found = compared(rows, lost=sum(row.is_refused for row in rows))
        if found.lost and not found.pairs:
            raise NotToldError(self._why_none())
        return found

    def _answer(self) -> None:
        waiting = [r for r in self._rows.rows.values() if r.pair is None and not r.is_refused]
        for side in (self._sides.champion, self._sides.challenger):
            is_champion = side is self._sides.champion
            asked = [
                row for row in waiting if (row.champion if is_champion else row.challenger) is None
            ][:AT_ONCE]
            answers = side.answer([row.inputs for row in asked])
            for row, answer in zip(asked, answers, strict=True):
                if answer is None:
                    row.is_refused = True
                elif is_champion:
                    row.champion = answer
                else:
                    row.challenger = answer
                settle(row, self._sides)

    def _why_none(self) -> str:
        row = next(row for row in self._rows.rows.values() if row.is_refused)
        side: Side = self._sides.champion if row.champion is None else self._sides.challenger
        other = self._sides.other(side.version)
        return (
            f"Version {side.version} would refuse every row that version {other.version} has "
            f"answered: {side.refusal(row.inputs)}. Their contracts do not fit one another, and "
            "clients of the one would be refused by the other."
        )


@dataclass
class Apart:
    """What each version answered about the rows it was asked about, where there are no pairs.

    Parameters
    ----------
    log
        The event log from the moment on that counts.
    """

    sides: Sides
    log: Tail
    most: int = MOST_ROWS
    _rows: dict[str, Sample[Answer]] = field(default_factory=dict)

    def look(self) -> tuple[list[Answer], list[Answer]]:
        """Read what has come; give answers of the champion, and of the challenger."""
        versions = self.sides.champion.version, self.sides.challenger.version
        for version in versions:
            self._rows.setdefault(version, Sample(self.most))
        for name, line in named(self.log.read()):
            sample = self._rows.get(line.version)
            if sample is not None and sample.wants(name):
                sample[name] = Answer(line.score, line.decision)
        mine, theirs = ([*self._rows[version].rows.values()] for version in versions)
        return mine, theirs


def named(lines: Iterator[Line]) -> Iterator[tuple[int, Line]]:
    """Give each line with its name: a hash of its request and its place in it."""
    found = [*lines]
    names = row_names([line.id for line in found], [line.row for line in found])
    return zip(np.asarray(names).tolist(), found, strict=True)


def add(rows: Sample[Row], name: int, line: Line, sides: Sides) -> None:
    """Put a line where it belongs; of a row that one version was asked about twice, the first."""
    row = rows.rows.get(name)
    if row is None:
        # Its inputs are copied: the line's own are a piece of the whole block, and keep it.
        row = rows[name] = Row(line.at, bytes(line.inputs))
    answer = Answer(line.score, line.decision)
    if line.version == sides.champion.version:
        row.champion = row.champion or answer
    else:
        row.challenger = row.challenger or answer
    settle(row, sides)


def settle(row: Row, sides: Sides) -> None:
    """Put both answers side by side, once they are there."""
    if row.champion is not None and row.challenger is not None:
        row.pair = sides.pair(row.champion, row.challenger)


def compared(rows: Iterable[Row], *, lost: int) -> Compared:
    """Gather the rows both have answered."""
    both = [row for row in rows if row.pair is not None]
    return Compared([row.pair for row in both if row.pair], [row.inputs for row in both], lost)
