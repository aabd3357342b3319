"""Where two versions differ most: parts of the rows, by the values of their columns."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import numpy as np

from adapters.events.naming import picking
from adapters.events.typed import typed
from adapters.releasing.distributions import Comparing, Numbers
from lifecycle.data.declaration import Role
from lifecycle.project.project import Project
from lifecycle.release.evidence import PairSlice
from lifecycle.serving.contract import Contract, Field

LEAST = 30
"""Rows of a part a figure is given for."""

SHOWN = 5
_MOST_COLUMNS = 40
_QUARTERS = 4
_CHANCE = 0.05
"""How probable it may be that any bound at all is too high by chance."""


def columns_of(contract: Contract, project: Project) -> tuple[Field, ...]:
    """Name the columns whose parts are looked at: declared ones first, masked ones never."""
    from lifecycle.evaluation.partitions import can_cut

    declared = {*project.evaluation.over, *project.monitoring.concept.over}
    declared |= {*project.columns.names(Role.SENSITIVE)}
    shown = [field for field in contract.fields if not field.personal]
    first = [field for field in shown if field.name in declared]
    others = [f for f in shown if f.use == "feature" and can_cut(f.type) and f not in first]
    return (*first, *others)[:_MOST_COLUMNS]


class Slicing:
    """Finds the parts of the rows where two versions differ most.

    Parameters
    ----------
    columns
        The columns whose parts are looked at: numbers by quarters, others by value.
    """

    def __init__(self, columns: Sequence[Field]) -> None:
        self._columns = columns
        kind, self._listed = picking([field.name for field in columns])
        self._decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(kind)

    def worst(self, found: Comparing) -> tuple[PairSlice, ...]:
        """Give the parts where they differ most, the worst first.

        Parts are ordered by what their difference is at least: the lower end of the interval of
        the share of rows they disagree on (exact, by the binomial), then that of the mean
        absolute difference of the scores. Both are corrected for the number of parts looked at
        (Bonferroni), so that of many small ones none comes first by chance alone. Parts in which
        nothing differs are left out.

        References
        ----------
        .. [1] C. J. Clopper and E. S. Pearson, "The use of confidence or fiducial limits",
           Biometrika 26 (1934).
        """
        parts = [*self._parts(found)]
        sizes, misses = np.abs(found.differences), ~found.agrees
        ranked = []
        for column, value, rows in parts:
            apart, size = misses[rows], sizes[rows]
            if not apart.any() and size.max() <= 1e-6 * (1 + np.abs(found.champion[rows]).max()):
                continue
            bounds = _least_share(int(apart.sum()), len(rows), len(parts)), _least(size, len(parts))
            told = PairSlice(
                column=column,
                value=value,
                rows=len(rows),
                agreement=1 - float(apart.mean()),
                difference=float(size.mean()),
            )
            ranked.append((bounds, told))
        ranked.sort(key=lambda each: each[0], reverse=True)
        return tuple(told for _, told in ranked[:SHOWN])

    def _parts(self, found: Comparing) -> Iterator[tuple[str, str, np.ndarray[Any, Any]]]:
        """Cut the rows by each column; a part is neither too small nor all of them."""
        import pyarrow as pa

        from lifecycle.evaluation.partitions import cut

        listed = self._listed([self._decoder.decode(inputs) for inputs in found.inputs])
        for field, values in zip(self._columns, listed, strict=True):
            partition = cut(pa.table({"part": typed(values, field)}), "part", ranges=_QUARTERS)
            order = np.argsort(partition.codes, kind="stable")
            ends = np.searchsorted(partition.codes[order], np.arange(len(partition.labels) + 1))
            for place, label in enumerate(partition.labels):
                rows = order[ends[place] : ends[place + 1]]
                if LEAST <= len(rows) < len(order):
                    yield field.name, label, rows


def _least_share(hits: int, rows: int, looks: int) -> float:
    """Give the lower end of the interval of a share."""
    from scipy import stats

    return float(stats.beta.ppf(_CHANCE / looks, hits, rows - hits + 1)) if hits else 0.0


def _least(values: Numbers, looks: int) -> float:
    """Give the lower end of the interval of a mean."""
    from scipy import stats

    error = float(values.std(ddof=1)) / len(values) ** 0.5
    return float(values.mean() - stats.t.isf(_CHANCE / looks, len(values) - 1) * error)
