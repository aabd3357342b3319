"""How strongly a column goes with the label, on one scale for all types.

Both measures compare the label between bins of the column (or its categories, with missing as
one of them), so that a relation which rises and falls again counts as well. Both are corrected
for chance: a column of noise is near zero, however many bins it has.
"""

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.float64]


def cramers_v(counts: Counts) -> float:
    """Cramér's V of a table of counts, corrected for bias: zero is none, one is perfect.

    Parameters
    ----------
    counts
        Rows by bin and class, shape ``(bins, classes)``.

    References
    ----------
    .. [1] W. Bergsma, "A bias-correction for Cramér's V and Tschuprow's T", Journal of the
       Korean Statistical Society 42 (2013).

    Examples
    --------
    >>> cramers_v(np.array([[50.0, 0.0], [0.0, 50.0]]))
    1.0
    >>> cramers_v(np.array([[25.0, 25.0], [25.0, 25.0]]))
    0.0
    """
    counts = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    rows, columns = counts.shape
    total = counts.sum()
    if min(rows, columns) < 2 or total < 2:
        return 0.0
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / total
    phi2 = ((counts - expected) ** 2 / expected).sum() / total
    phi2 = max(0.0, phi2 - (rows - 1) * (columns - 1) / (total - 1))
    rows_left = rows - (rows - 1) ** 2 / (total - 1)
    columns_left = columns - (columns - 1) ** 2 / (total - 1)
    most = min(rows_left, columns_left) - 1
    return float(min(1.0, np.sqrt(phi2 / most))) if most > 0 else 0.0


def correlation_ratio(rows: Counts, sums: Counts, squares: float) -> float:
    """Correlation ratio of a number over bins, corrected for bias: zero is none, one perfect.

    The square root of the share of the number's variance that lies between the bins, with the
    within-bin variance over its degrees of freedom (epsilon squared [1]_), which takes off what
    chance alone would explain.

    Parameters
    ----------
    rows, sums
        Rows and sum of the number in each bin, shape ``(bins,)``.
    squares
        Sum of the squared number over all rows.

    References
    ----------
    .. [1] T. L. Kelley, "An unbiased correlation ratio measure", PNAS 21 (1935).

    Examples
    --------
    >>> correlation_ratio(np.array([50.0, 50.0]), np.array([0.0, 50.0]), 50.0)
    1.0
    """
    sums, rows = sums[rows > 0], rows[rows > 0]
    total, bins = rows.sum(), len(rows)
    if bins < 2 or total <= bins:
        return 0.0
    centre = sums.sum() ** 2 / total
    spread = squares - centre
    if spread <= 1e-12 * max(squares, 1e-300):
        return 0.0
    within = squares - (sums**2 / rows).sum()
    epsilon2 = 1 - (within / (total - bins)) / (spread / (total - 1))
    return float(np.sqrt(np.clip(epsilon2, 0.0, 1.0)))
