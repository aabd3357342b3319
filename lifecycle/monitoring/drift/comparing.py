"""One column of a window against the same column of the training rows."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import special

from lifecycle.errors import DataError
from lifecycle.monitoring.drift import distances, pooling, testing
from lifecycle.monitoring.summary import Summary

_Z = float(special.ndtri(0.95))
_SUPREMUM = np.pi**2 / 12
"""Mean square of Kolmogorov's distribution: of a distance by chance, times the rows."""

_CREDIBLE = 0.05
"""A value this likely to be frequent by chance is not called new."""

_NOTHING = 1e-9
"""What is left over when shares are taken from one another."""

_BINS = 10
"""Into which numbers are put for the distances that need bins; the field's custom."""

_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Comparison:
    """How far a column has moved, before it is known how many columns were looked at.

    Parameters
    ----------
    distance, highest, p_value, figures
        As in `Shift`; `None` where there is nothing to compare.
    unseen, unseen_most, unseen_p
        Categories: as in `Shift`; not yet corrected.
    outside, outside_p
        Numbers: as in `Shift`; not yet corrected.
    cells
        Categories: how many groups of values were compared.
    """

    distance: float | None = None
    highest: float | None = None
    p_value: float | None = None
    figures: dict[str, float] = field(default_factory=dict)
    unseen: float | None = None
    unseen_most: float | None = None
    unseen_p: float | None = None
    outside: float | None = None
    outside_p: float | None = None
    cells: int | None = None


def compare(then: Summary, now: Summary) -> Comparison:
    """Compare a column of a window with that of the training rows; both have known values.

    Raises
    ------
    DataError
        If the two were not counted alike.
    """
    check_alike(then, now)
    if then.kind == "number" and not then.edges:
        return Comparison()  # no finite value in training
    return _numbers(then, now) if then.kind == "number" else _categories(then, now)


def distance_of(then: Summary, now: Summary) -> float | None:
    """Give the distance alone, which is cheaper."""
    check_alike(then, now)
    if then.kind == "number":
        return _number_distance(then, now) if then.edges else None
    named = pooling.name_values(then, now)
    if named.is_nothing:
        return None
    cells = pooling.pool(named)
    return _category_distance(cells.then, cells.now)


def check_alike(then: Summary, now: Summary) -> None:
    """Refuse to compare what was counted at different places."""
    if then.kind != now.kind or (then.known and now.known and then.edges != now.edges):
        raise DataError(
            f'"{then.name}" was counted as {then.kind} at {len(then.edges)} edges in the training '
            f"rows and as {now.kind} at {len(now.edges)} other edges in the window. Take the "
            "window's profile again, at the edges of its reference."
        )


def _numbers(then: Summary, now: Summary) -> Comparison:
    rows = {"then": then.known, "now": now.known}
    before, after = _steps(then, now)
    plain = distances.kolmogorov_smirnov(before, after)
    both = (before * then.known + after * now.known) / (then.known + now.known)
    sure = max(0.0, plain - then.error - now.error)
    outside = _outside(now) - _outside(then)  # of the reference only what is infinite
    outside = outside if outside > _NOTHING else 0.0
    beyond = round(max(0.0, outside - now.error) * now.known)
    return Comparison(
        distance=_number_distance(then, now),
        highest=_number_highest(before, after, then, now),
        p_value=min(
            testing.kolmogorov_smirnov_p(sure, **rows), testing.steps_p(sure, both, **rows)
        ),
        figures=_number_figures(then, now),
        outside=outside,
        outside_p=testing.outside_p(beyond, **rows),
    )


def _steps(then: Summary, now: Summary) -> tuple[_Floats, _Floats]:
    """Give both cumulative shares, with what is below the first edge before it."""
    return np.array([then.below, *then.cumulative]), np.array([now.below, *now.cumulative])


def _outside(column: Summary) -> float:
    return column.below + max(0.0, 1 - column.cumulative[-1])


def _number_distance(then: Summary, now: Summary) -> float:
    before, after = _steps(then, now)
    plain = distances.kolmogorov_smirnov(before, after)
    both = (before * then.known + after * now.known) / (then.known + now.known)
    chance = min(_SUPREMUM, float((both * (1 - both)).sum())) * (1 / then.known + 1 / now.known)
    return float(np.sqrt(max(0.0, plain**2 - chance)))


def _number_highest(before: _Floats, after: _Floats, then: Summary, now: Summary) -> float:
    spread = before * (1 - before) / then.known + after * (1 - after) / now.known
    bounds = np.abs(before - after) + _Z * np.sqrt(spread)
    return float(min(1.0, bounds.max() + then.error + now.error))


def _number_figures(then: Summary, now: Summary) -> dict[str, float]:
    before, after = _bins(then, now)
    found = _binned(before, after)
    finite = bool(np.isfinite(then.edges).all())
    if finite and then.deviation and np.isfinite(then.deviation):
        found["wasserstein"] = distances.wasserstein(
            then.edges, then.cumulative, now.cumulative, deviation=then.deviation
        )
    return found


def _bins(then: Summary, now: Summary) -> tuple[_Floats, _Floats]:
    """Cut at about every tenth of the reference; what is beyond its range is in the end bins."""
    places = np.searchsorted(then.cumulative, np.arange(1, _BINS) / _BINS - 1e-9)
    places = np.unique(np.minimum(places, len(then.cumulative) - 1))
    before = np.diff(np.array(then.cumulative)[places], prepend=0.0, append=1.0)
    after = np.diff(np.array(now.cumulative)[places], prepend=0.0, append=1.0)
    return np.maximum(before, 0.0), np.maximum(after, 0.0)


def _binned(before: _Floats, after: _Floats) -> dict[str, float]:
    return {
        "population_stability_index": distances.population_stability_index(before, after),
        "jensen_shannon": distances.jensen_shannon(before, after),
        "hellinger": distances.hellinger(before, after),
    }


def _categories(then: Summary, now: Summary) -> Comparison:
    unseen, most, unseen_p = _unseen(then, now)
    named = pooling.name_values(then, now)
    if named.is_nothing:
        return Comparison(unseen=unseen, unseen_most=most, unseen_p=unseen_p)
    cells = pooling.pool(named)
    before, after = cells.then, cells.now
    return Comparison(
        distance=_category_distance(before, after),
        highest=_category_highest(before, after, then.error + now.error + named.slack),
        p_value=_category_p(named, cells, then, now),
        figures=_binned(before.astype(np.float64), after.astype(np.float64)),
        unseen=unseen,
        unseen_most=most,
        unseen_p=unseen_p,
        cells=len(before),
    )


def _category_distance(before: pooling.Rows, after: pooling.Rows) -> float:
    plain = distances.total_variation(before, after)
    return float(np.sqrt(max(0.0, plain**2 - pooling.squared_noise(before, after))))


def _category_highest(before: pooling.Rows, after: pooling.Rows, error: float) -> float:
    """Bound the distance: it is the difference of one set of cells, whose shares are known."""
    first, second = before / before.sum(), after / after.sum()
    grown = second > first
    spread = sum(
        shares[grown].sum() * shares[~grown].sum() / rows.sum()
        for shares, rows in ((first, before), (second, after))
    )
    plain = distances.total_variation(before, after)
    return float(min(1.0, plain + _Z * np.sqrt(spread) + error))


def _category_p(named: pooling.Named, cells: pooling.Cells, then: Summary, now: Summary) -> float:
    """Ask the most striking value alone and all cells together; the better answer counts twice.

    A shift spread over many values shows in the sum only, one of a single value alone far better.
    """
    whole = {"rows_then": then.known, "rows_now": now.known}
    values = np.append(named.then, named.rest_then), np.append(named.now, named.rest_now)
    error = then.error + now.error
    alone = testing.single_p(values[0], _nearer(*values, error), **whole)
    if len(cells.tested_then) <= 2:
        return alone
    together = testing.homogeneity_p(
        cells.tested_then, _nearer(cells.tested_then, cells.tested_now, error)
    )
    return min(1.0, 2 * min(together, alone))


def _nearer(before: pooling.Rows, after: pooling.Rows, error: float) -> pooling.Rows:
    """Move the rows of the window towards what is expected, as far as the sketches allow."""
    if not error:
        return after
    expected = before / before.sum() * after.sum()
    gap = after - expected
    moved = expected + np.sign(gap) * np.maximum(0.0, np.abs(gap) - error * after.sum())
    rounded: pooling.Rows = np.rint(moved).astype(np.int64)
    return rounded


def _unseen(then: Summary, now: Summary) -> tuple[float, float, float]:
    """Give the share of rows with a new value, the most it can be, and its probability by chance.

    Where the reference names only its most frequent values, a value without a name there may have
    been seen. It had at most so many rows as the rarest that has one; it counts as new, or as good
    as new, where it has more rows now than that can explain, and only with what it has more. So
    the share is the least there is.
    """
    new = pooling.grown(then, now)
    most = (sum(now.counts[value] for value in new.values) + max(0, now.other)) / now.known
    if pooling.names_all(then):
        other = max(0, now.other - int(np.ceil(now.error * now.known)))
        unseen = [*new.rows.tolist(), *[1] * other]
        seen = [rows + now.counts.get(value, 0) for value, rows in then.counts.items() if rows]
        p_value = testing.unseen_p(seen, unseen, then=then.known, now=now.known)
        return sum(unseen) / now.known, most, p_value
    more = new.rows / now.known - pooling.hidden(then) / then.known
    least = more[(new.chances <= _CREDIBLE) & (more > 0)].sum()
    return float(least), most, float(new.chances.min(initial=1.0))
