"""How far stretches of the training rows are from the rest: the ups and downs there always are."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from lifecycle.monitoring.drift.comparing import distance_of
from lifecycle.monitoring.drift.shifts import FEWEST, missing_key
from lifecycle.monitoring.summary import Summaries, Summary

FEWEST_STRETCHES = 8
"""With fewer stretches nothing is known of a column."""

_LEVEL = 0.95


def usual(stretches: Sequence[Summaries], whole: Summaries) -> dict[str, float]:
    """Find, for each input and label, what 95 of 100 stretches stay below.

    Of each stretch the distance, free of the noise of small samples, from all *other* training
    rows, since a new window is no part of them either; and the change of the missing share. The
    quantile is the one that a further stretch like these exceeds with a probability of at most
    5 %; below 19 stretches there is none, and the largest is taken.

    Parameters
    ----------
    stretches
        Of the training rows, each about as long as a window, counted at the edges of `whole`.
    whole
        Of all training rows.

    Returns
    -------
    dict
        By the name of the column, and by `missing_key` of it. One with fewer than eight stretches
        of at least thirty known values (for missing ones: rows) is left out: nothing is known.

    References
    ----------
    .. [1] V. Vovk, A. Gammerman and G. Shafer, Algorithmic Learning in a Random World, Springer
       (2005), on the quantile.
    """
    found: dict[str, list[float]] = defaultdict(list)
    columns: dict[tuple[str, str], Summary] = {
        (column.subject, column.name): column
        for column in whole.columns
        if column.subject != "prediction"
    }
    names = {column.name for column in columns.values()}
    for stretch in stretches:
        for part in stretch.columns:
            if (column := columns.get((part.subject, part.name))) is not None:
                for key, value in _differences(column, part):
                    if key == part.name or key not in names:
                        found[key].append(value)
    return {name: _quantile(seen) for name, seen in found.items() if len(seen) >= FEWEST_STRETCHES}


def _differences(whole: Summary, part: Summary) -> Iterator[tuple[str, float]]:
    """Tell a stretch from the rest, as far as both have enough rows and values."""
    if min(part.rows, whole.rows - part.rows) < FEWEST:
        return
    rest = _without(whole, part)
    if whole.missing:
        yield missing_key(part.name), abs(part.missing / part.rows - rest.missing / rest.rows)
    if min(part.known, rest.known) >= FEWEST:
        distance = distance_of(rest, part)
        if distance is not None:
            yield part.name, distance


def _quantile(seen: list[float]) -> float:
    place = min(len(seen), int(np.ceil(_LEVEL * (len(seen) + 1))))
    return float(np.sort(seen)[place - 1])


def _without(whole: Summary, part: Summary) -> Summary:
    """Take a stretch out of all rows; what sketches got wrong is kept within bounds."""
    known = max(0, whole.known - part.known)
    left = {
        "rows": whole.rows - part.rows,
        "missing": whole.rows - part.rows - known,
    }
    if whole.kind == "number":
        shares = np.array(whole.cumulative) * whole.known - np.array(part.cumulative) * part.known
        cumulative = np.clip(np.maximum.accumulate(shares / max(known, 1)), 0.0, 1.0)
        return whole.model_copy(update=left | {"cumulative": tuple(cumulative.tolist())})
    counts = {
        value: max(0, rows - part.counts.get(value, 0)) for value, rows in whole.counts.items()
    }
    other = max(0, known - sum(counts.values()))
    return whole.model_copy(update=left | {"counts": counts, "other": other})
