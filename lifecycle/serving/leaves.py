"""The leaves of a model's trees, and what each column adds through them, exactly.

See `lifecycle.serving.reasons` for what is computed and why it is right.
"""

from dataclasses import dataclass, replace
from functools import cache
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Row = NDArray[np.float32]
Flags = NDArray[np.bool_]
Places = NDArray[np.intp]
Bins = NDArray[np.unsignedinteger[Any]]

SLOTS_TOGETHER = 4
"""Slots of a leaf come in fours, so that four yes-or-no bytes are looked at as one word."""

CELLS = 16
"""Into how many stretches the table of reachable leaves cuts a column."""

MOST_FILTERED = 32
"""How many columns that table has: those that rule out most leaves."""

LEAVES_AT_ONCE = 8_192
"""Leaves looked at together on loading, so that little memory is needed besides."""

_OF_ROW, _OF_BOTH, _GOES_ON, _TAKES_MISSING = (np.uint8(1 << place) for place in range(4))
"""What is known of a slot before any row is seen. The typical row fails its player, so that a
row must not; the typical row does not fail it. Both are said by the last slot of a player."""


@dataclass(frozen=True)
class Leaves:
    """The leaves of all trees of a model as boxes; what `reasons.npz` holds of its trees.

    Values are compared by their bin: how many of the column's thresholds they reach. Slots of
    one player stand side by side; a slot that is not needed takes any value.

    Parameters
    ----------
    value
        What each leaf adds to its margin, shape ``(leaves,)``.
    margin
        Which margin that is, member by member.
    column
        Which of the used columns a slot is about, shape ``(leaves, slots)``.
    low, high
        The bins a slot takes, both included.
    takes_missing
        Whether a slot takes a missing value.
    used
        The place in the encoded row of each used column.
    player
        Whose column each of them is.
    thresholds, starts
        The thresholds of each used column, upwards, and where in them each column begins.
    """

    value: Vector
    margin: Places
    column: Bins
    low: Bins
    high: Bins
    takes_missing: Flags
    used: Places
    player: Places
    thresholds: Row
    starts: Places

    def bins(self, row: Row) -> tuple[Bins, Flags]:
        """Give the bin of each used column of an encoded row, and which of them are missing."""
        values = row.take(self.used)
        sizes = np.diff(self.starts, append=len(self.thresholds))
        reached = np.repeat(values, sizes) >= self.thresholds
        bins = np.add.reduceat(reached.view(np.uint8), self.starts, dtype=self.low.dtype)
        return bins, np.isnan(values)

    def pick(self, some: Places) -> "Leaves":
        """Give some of the leaves, in the order asked for."""
        rows = ("value", "margin", "column", "low", "high", "takes_missing")
        return replace(self, **{name: getattr(self, name)[some] for name in rows})


class TreeReasons:
    """Explains the trees of a model against one typical row.

    Parameters
    ----------
    leaves
        At least one.
    reference
        The typical row, encoded.
    players
        How many there are.
    """

    def __init__(self, leaves: Leaves, reference: Row, players: int) -> None:
        goes_on = _runs(leaves)
        self._players, self._longest = players, _longest_run(goes_on)
        failed = _spread(_refused(leaves, reference), goes_on, self._longest)
        is_last = np.ones_like(failed)
        is_last[:, :-1] = ~goes_on[:, 1:]
        of_row = failed & is_last
        self._shares = _shapley_shares(failed.shape[1])
        self._sort(leaves, of_row, is_last & ~failed, goes_on)

    def _sort(self, leaves: Leaves, of_row: Flags, of_both: Flags, goes_on: Flags) -> None:
        """Put leaves that need little of a row first: they are reached often.

        What is looked up together then stands together, and so do all the flags of a slot:
        most of the time goes into fetching them from memory.
        """
        needs = _count(of_row)
        order = np.argsort(needs, kind="stable")
        self._leaves, self._needs = leaves.pick(order), needs[order]
        flags = np.zeros(of_row.shape, dtype=np.uint8)
        for bit, which in (
            (_OF_ROW, of_row),
            (_OF_BOTH, of_both),
            (_GOES_ON, goes_on),
            (_TAKES_MISSING, leaves.takes_missing),
        ):
            flags[which] |= bit
        self._flags = flags[order]
        wanted = _spread_back(of_row, goes_on, self._longest)
        self._filter = _Filter(self._leaves, wanted[order])

    def explain(self, row: Row, slopes: Vector) -> Vector:
        """Give each player's part of a weighted sum of margins.

        Parameters
        ----------
        row
            Shape ``(columns,)``, encoded.
        slopes
            What each margin counts, shape ``(margins,)``.

        Returns
        -------
        contributions
            Shape ``(players,)``; they add up to ``slopes @ (margins - reference margins)``.
        """
        leaves = self._leaves
        bins, missing = leaves.bins(row)
        some = self._filter.reachable(bins, missing)
        flags = self._flags.take(some, axis=0)
        low, high = leaves.low.take(some, axis=0), leaves.high.take(some, axis=0)
        slots = _Slots(leaves.column.take(some, axis=0), low, high, flags & _TAKES_MISSING != 0)
        refused = slots.refuse(bins, missing)
        if self._longest:
            refused = _spread(refused, flags & _GOES_ON != 0, self._longest)
        of_row, of_reference = flags & _OF_ROW != 0, flags & _OF_BOTH != 0
        of_reference &= refused
        refused &= of_row
        value = leaves.value.take(some) * slopes.take(leaves.margin.take(some))
        value[_any(refused)] = 0.0
        a, b, size = self._needs.take(some), _count(of_reference), flags.shape[1] + 1
        gains = self._shares.take(a * size + b) * value
        losses = self._shares.take(b * size + a) * value
        columns = self._add_up(slots, of_row, np.repeat(gains, a))
        columns -= self._add_up(slots, of_reference, np.repeat(losses, b))
        return np.asarray(np.bincount(leaves.player, columns, self._players))

    def _add_up(self, slots: "_Slots", chosen: Flags, amounts: Vector) -> Vector:
        columns = slots.place.ravel().take(np.flatnonzero(chosen))
        total = np.bincount(columns, amounts, len(self._leaves.used))
        return total.astype(np.float64, copy=False)


class _Slots:
    """What the slots of some leaves take."""

    def __init__(self, column: Bins, low: Bins, high: Bins, takes_missing: Flags) -> None:
        self.place = column.astype(np.intp)
        self.low, self.high, self.takes_missing = low, high, takes_missing

    def refuse(self, bins: Bins, missing: Flags) -> Flags:
        """Tell which slots do not take a row's value."""
        found = bins.take(self.place)
        refused: Flags = found < self.low
        refused |= found > self.high
        if missing.any():
            is_missing = missing.take(self.place)
            refused &= ~is_missing
            refused |= is_missing & ~self.takes_missing
        return refused


class _Filter:
    """Tells which leaves a row can reach at all, all but a few of them rightly.

    For each column and each stretch of it, one bit for each leaf: whether the leaf takes
    some value of that stretch, or has the typical row's value there anyway.
    """

    def __init__(self, leaves: Leaves, wanted: Flags) -> None:
        columns = len(leaves.used)
        counts = np.bincount(leaves.column[wanted], minlength=columns)
        self._columns = np.argsort(-counts, kind="stable")[:MOST_FILTERED]
        sizes = np.diff(leaves.starts, append=len(leaves.thresholds)) + 1
        self._sizes = sizes[self._columns]
        words = -(-len(leaves.value) // 64)
        self._bits = np.empty((len(self._columns), CELLS + 1, words), dtype=np.uint64)
        for place, column in enumerate(self._columns):
            slots = np.nonzero(wanted & (leaves.column == column))
            takes = np.zeros((CELLS + 1, words * 64), dtype=np.bool_)
            takes[:, : len(leaves.value)] = True
            cells = np.arange(CELLS)[:, None]
            low, high = (
                side[slots].astype(np.int64) * CELLS // sizes[column]
                for side in (leaves.low, leaves.high)
            )
            takes[:CELLS, slots[0]] = (low <= cells) & (cells <= high)
            takes[CELLS, slots[0]] = leaves.takes_missing[slots]
            self._bits[place] = np.packbits(takes, axis=1, bitorder="little").view(np.uint64)
        self._rows = np.arange(len(self._columns))
        self._leaves = len(leaves.value)

    def reachable(self, bins: Bins, missing: Flags) -> Places:
        """Give the places of the leaves a row may reach."""
        cells = bins.take(self._columns).astype(np.intp) * CELLS // self._sizes
        cells[missing.take(self._columns)] = CELLS
        bits = np.bitwise_and.reduce(self._bits[self._rows, cells], axis=0)
        each = np.unpackbits(bits.view(np.uint8), count=self._leaves, bitorder="little")
        return np.flatnonzero(each.view(np.bool_))


def _refused(leaves: Leaves, row: Row) -> Flags:
    """Tell which slots of all leaves do not take a row's value, some leaves at a time."""
    bins, missing = leaves.bins(row)
    refused = np.empty(leaves.column.shape, dtype=np.bool_)
    for start in range(0, len(refused), LEAVES_AT_ONCE):
        some = slice(start, start + LEAVES_AT_ONCE)
        low, high = leaves.low[some], leaves.high[some]
        slots = _Slots(leaves.column[some], low, high, leaves.takes_missing[some])
        refused[some] = slots.refuse(bins, missing)
    return refused


def _runs(leaves: Leaves) -> Flags:
    """Tell which slots go on with the player of the slot before."""
    player, everything = leaves.player.take(leaves.column), np.iinfo(leaves.high.dtype).max
    is_needed = (leaves.low > 0) | (leaves.high < everything) | ~leaves.takes_missing
    goes_on = np.zeros(player.shape, dtype=np.bool_)
    goes_on[:, 1:] = (player[:, 1:] == player[:, :-1]) & is_needed[:, 1:]
    return goes_on


def _spread(flags: Flags, goes_on: Flags, times: int) -> Flags:
    """Carry the flag of a slot on to the last slot of its player."""
    flat, on = flags.reshape(-1).copy(), goes_on.reshape(-1)
    for _ in range(times):  # no slot goes on with that of another leaf
        flat[1:] |= flat[:-1] & on[1:]
    return flat.reshape(flags.shape)


def _spread_back(flags: Flags, goes_on: Flags, times: int) -> Flags:
    """Carry the flag of a slot back to the first slot of its player."""
    flat, on = flags.reshape(-1).copy(), goes_on.reshape(-1)
    for _ in range(times):
        flat[:-1] |= flat[1:] & on[1:]
    return flat.reshape(flags.shape)


def _longest_run(goes_on: Flags) -> int:
    left, longest = goes_on, 0
    while left.any():
        longest += 1
        left = left[:, 1:] & goes_on[:, : left.shape[1] - 1]
    return longest


def _count(flags: Flags) -> Places:
    """Count the flags of each row, a word of them at a time."""
    words = np.bitwise_count(flags.view(np.uint32))
    total = words[:, 0].astype(np.intp)
    for place in range(1, words.shape[1]):  # a reduction over so short an axis takes longer
        total += words[:, place]
    return total


def _any(flags: Flags) -> Flags:
    words = flags.view(np.uint32)
    found: Flags = words[:, 0] != 0
    for place in range(1, words.shape[1]):
        found |= words[:, place] != 0
    return found


@cache
def _shapley_shares(slots: int) -> Vector:
    """Give ``(a-1)! b! / (a+b)!``, row by row for each `a`; zero where `a` is."""
    size = range(slots + 1)
    return np.array([1 / (a * comb(a + b, a)) if a else 0.0 for a in size for b in size])
