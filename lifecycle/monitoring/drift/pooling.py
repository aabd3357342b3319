"""Which categories are compared one by one, and which together: rare ones say little alone.

In a window of 200 rows each of 4,000 tail numbers is seen once or never, and the plain distance is
nearly one without any shift. So values are put together, by the rows that they have on both sides
*together*: that says nothing about which side they are on, so no choice is made in favour of a
difference. (To choose by the rows of the reference alone would be one: those that were frequent
there by luck are less so in any window.)
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from lifecycle.monitoring.summary import Summary

EXPECTED = 5
"""Rows a cell must let expect on either side, for its test to hold (W. G. Cochran, Some methods for
strengthening the common chi-square tests, Biometrics 10, 1954)."""

NOISE = 0.1
"""The largest distance that chance alone may be expected to make; half the usual limit."""

_SURELY = 4.0
"""Standard deviations by which a value has to be more frequent than one that may go unnamed."""

_CHANCE = 1e-4
"""A value this unlikely to be no more frequent than it was is surely so."""

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Named:
    """Values whose rows are known on both sides, and how many rows have any other.

    Parameters
    ----------
    then, now
        Rows with each value, shape ``(values,)``, the most frequent first.
    rest_then, rest_now
        Rows with a value that has no name here.
    slack
        By how much the distance can be too small, since some values may have had fewer rows.
    """

    then: Rows
    now: Rows
    rest_then: int
    rest_now: int
    slack: float = 0.0

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing to compare, but rows."""
        return not len(self.then)


@dataclass(frozen=True)
class Cells:
    """Rows of groups of values: few whose distance is measured, and more that are tested."""

    then: Rows
    now: Rows
    tested_then: Rows
    tested_now: Rows


def name_values(then: Summary, now: Summary) -> Named:
    """Find the values that are counted on both sides.

    Where the profile of the reference names all its values, those are all values. Where it names
    only the most frequent, a value is taken if it has so many rows on both sides together that it
    would surely be among them had nothing moved; and one without a name there if it surely has
    become frequent since, with the most rows that it may have had.
    """
    before = dict(then.counts)
    slack = 0
    if not names_all(then):
        least = _least_named(then, now)
        before = {
            value: rows for value, rows in before.items() if rows + now.counts.get(value, 0) > least
        }
        left = then.known - sum(before.values())
        for value in grown(then, now).frequent(_CHANCE):
            before[value] = min(hidden(then), left)
            left -= before[value]
            slack += before[value]
    else:
        before |= {value: 0 for value in now.counts if value not in before}
    both = {value: rows + now.counts.get(value, 0) for value, rows in before.items()}
    order = sorted(
        (value for value in both if both[value]), key=lambda value: (-both[value], value)
    )
    first, second = _rows(before, order), _rows(now.counts, order)
    rest = then.known - int(first.sum()), now.known - int(second.sum())
    return Named(first, second, max(rest[0], 0), max(rest[1], 0), slack / then.known)


@dataclass(frozen=True)
class Grown:
    """Values of a window that have no name in its reference, which names only some.

    Parameters
    ----------
    values, rows
        What they are, and how many rows they surely have, shape ``(values,)``.
    chances
        Bound of the probability that they have so many if nothing has moved: exact for a value
        with the most rows that it may have had, and corrected as in `single_p`.
    """

    values: tuple[str, ...]
    rows: Rows
    chances: NDArray[np.float64]

    def frequent(self, chance: float) -> list[str]:
        """Name those that are that unlikely to be no more frequent than they were."""
        found = zip(self.values, self.chances.tolist(), strict=True)
        return [value for value, p in found if p <= chance]


def grown(then: Summary, now: Summary) -> Grown:
    """Find the values of a window without a name in the reference; the most frequent first."""
    values = [value for value, rows in now.counts.items() if rows and not then.counts.get(value)]
    values.sort(key=lambda value: (-now.counts[value], value))
    error = int(np.ceil(now.error * now.known))
    rows = np.maximum(0, _rows(now.counts, values) - error)
    both, whole = np.maximum(1, rows + hidden(then)), then.known + now.known
    chances = stats.hypergeom.sf(rows - 1, whole, np.minimum(both, whole), now.known)
    return Grown(tuple(values), rows, np.minimum(1.0, chances * whole / both))


def pool(named: Named) -> Cells:
    """Put rare values together until they can be compared.

    A value with enough rows is a cell of its own; the others, from the most frequent to the rarest,
    are put together until there are enough, and what has no name is the last cell. To be tested,
    enough is what lets `EXPECTED` rows be expected on either side. To be measured it is more, until
    the distance that chance makes is `NOISE` at most, or two cells are left.
    """
    rows_then = int(named.then.sum()) + named.rest_then
    rows_now = int(named.now.sum()) + named.rest_now
    enough = EXPECTED * (rows_then + rows_now) / max(1, min(rows_then, rows_now))
    tested = cells = _gather(named, enough)
    while len(cells[0]) > 2 and noise(*cells) > NOISE:
        enough *= 1.5
        cells = _gather(named, enough)
    return Cells(*cells, *tested)


def noise(then: Rows, now: Rows) -> float:
    """Give the total variation that is to be expected of these cells when nothing has moved.

    The sum of the mean absolute deviations of normally distributed shares.
    """
    spread = _variances(then, now)
    return float(np.sqrt(2 / np.pi * spread).sum() / 2)


def squared_noise(then: Rows, now: Rows) -> float:
    """Give the expected square of that distance: exact of two cells, a little more of many."""
    return noise(then, now) ** 2 + float((1 / 2 - 1 / np.pi) * _variances(then, now).sum())


def _variances(then: Rows, now: Rows) -> NDArray[np.float64]:
    shares = (then + now) / (then.sum() + now.sum())
    found: NDArray[np.float64] = shares * (1 - shares) * (1 / then.sum() + 1 / now.sum())
    return found


def _gather(named: Named, enough: float) -> tuple[Rows, Rows]:
    both = named.then + named.now
    alone = both >= enough
    places = np.where(alone, np.arange(len(both)), 0)
    first = int(alone.sum())  # the values are in order, so those are the first
    rare = both[~alone]
    places[~alone] = first + (np.cumsum(rare) - rare) // max(enough, 1)
    cells = np.unique(places, return_inverse=True)[1] if len(places) else places
    then = np.bincount(cells, weights=named.then).astype(np.int64)
    now = np.bincount(cells, weights=named.now).astype(np.int64)
    if named.rest_then + named.rest_now:
        then, now = np.append(then, named.rest_then), np.append(now, named.rest_now)
    while len(then) > 1 and then[-1] + now[-1] < enough:
        then = np.append(then[:-2], then[-2] + then[-1])
        now = np.append(now[:-2], now[-2] + now[-1])
    return then, now


def _least_named(then: Summary, now: Summary) -> float:
    """Give the rows on both sides above which a value is surely named in the reference.

    The root of ``T (1 - w) - 4 sqrt(T w (1 - w)) = cap``, where `w` is the window's share of all
    rows and `cap` the rows that a value without a name may have.
    """
    cap = hidden(then)
    part = now.known / (then.known + now.known)
    spread = _SURELY * np.sqrt(part * (1 - part))
    root = (spread + np.sqrt(spread**2 + 4 * (1 - part) * cap)) / (2 * (1 - part))
    return float(root**2)


def names_all(then: Summary) -> bool:
    """Tell whether a value without a name in the reference was never seen there."""
    return then.other <= 0 and then.error * then.known < 1


def hidden(then: Summary) -> int:
    """Give the most rows that a value may have in the reference without being named there."""
    least = min(then.counts.values(), default=then.other)
    uncounted = int(np.ceil(then.error * then.known))
    return max(0, min(max(then.other, uncounted), least + uncounted))


def _rows(counts: Mapping[str, int], order: list[str]) -> Rows:
    return np.array([counts.get(value, 0) for value in order], dtype=np.int64)
