"""Target encoding: a category's value becomes what the label was where it occurred."""

import numpy as np
from numpy.typing import NDArray

FOLDS = 5
"""Parts the training rows are cut into, so that no row is encoded by its own label."""


def smoothing(counts: NDArray[np.float64], sums: NDArray[np.float64], variance: float) -> float:
    """How many rows of the overall mean are mixed into each value's own mean.

    The variance inside values over the variance between them, by moments (empirical Bayes):
    values that hardly differ are drawn together, values that differ are left alone.

    Parameters
    ----------
    counts, sums
        Rows and label total of each value, shape ``(values,)``.
    variance
        Of the label over all rows.

    Examples
    --------
    >>> alike = smoothing(np.array([50.0, 50.0]), np.array([25.0, 25.0]), 0.25)
    >>> apart = smoothing(np.array([50.0, 50.0]), np.array([5.0, 45.0]), 0.25)
    >>> alike > apart
    True
    """
    seen = counts > 0
    rows, values = counts[seen].sum(), int(seen.sum())
    if values < 2 or variance <= 0:
        return 1.0
    means = sums[seen] / counts[seen]
    spread = float((counts[seen] * (means - sums.sum() / rows) ** 2).sum())
    inside = max(rows * variance - spread, 1e-12 * rows * variance) / max(rows - values, 1)
    typical = (rows - (counts[seen] ** 2).sum() / rows) / (values - 1)
    between = (spread / (values - 1) - inside) / typical
    return float(np.clip(inside / max(between, 1e-12), 1.0, 300.0))


def encode_target(
    codes: NDArray[np.int64], size: int, labels: NDArray[np.float64], *, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Encode each code by the mean label of its rows, drawn towards the overall mean.

    Parameters
    ----------
    codes
        The value of each row as a code in ``[0, size)``, shape ``(rows,)``.
    labels
        Shape ``(rows, width)``: what is averaged; one column for each class, or one in all.

    Returns
    -------
    table
        The encoding of each code for rows to come, shape ``(size, width)``.
    training
        The encoding of the training rows, shape ``(rows, width)``: each computed without the
        rows of its own fold, because its own label would be looked up otherwise.
    """
    rows, width = labels.shape
    folds = min(FOLDS, rows)
    fold = np.random.default_rng(seed).permutation(rows) % folds
    cells = codes * folds + fold
    counts = np.bincount(cells, minlength=size * folds).reshape(size, folds).astype(float)
    table, training = np.empty((size, width)), np.empty((rows, width))
    for column in range(width):
        label = labels[:, column]
        sums = np.bincount(cells, weights=label, minlength=size * folds).reshape(size, folds)
        strength = smoothing(counts.sum(axis=1), sums.sum(axis=1), float(label.var()))
        table[:, column] = _mean(sums.sum(axis=1), counts.sum(axis=1), label.mean(), strength)
        if folds > 1:
            prior = (label.sum() - sums.sum(axis=0)) / (rows - counts.sum(axis=0))
        else:
            prior = np.full(1, label.mean())
        left_sums = sums.sum(axis=1, keepdims=True) - sums
        left_counts = counts.sum(axis=1, keepdims=True) - counts
        training[:, column] = _mean(left_sums, left_counts, prior, strength)[codes, fold]
    return table, training


def _mean(
    sums: NDArray[np.float64],
    counts: NDArray[np.float64],
    prior: NDArray[np.float64] | float,
    strength: float,
) -> NDArray[np.float64]:
    return np.asarray((sums + strength * prior) / (counts + strength))
