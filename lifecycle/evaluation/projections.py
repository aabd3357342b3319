"""Rank metrics as weighted sums: their first-order projection, for tests with many rows.

A rank metric of a bootstrap sample needs the sample in order, which costs seconds for a thousand
samples of 50,000 rows. Its Hájek projection, the part linear in the weights, is a sum of one
number a row; what is left out shrinks as one over the number of rows, while the spread that is
to be measured shrinks as its root. (DeLong's variance of the area is that of the same
projection.) At unit weights the projection is the metric itself.
"""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]


def project_area(is_positive: Flags, scores: Numbers) -> Numbers:
    """Give each row's share of pairs in order, shape ``(n,)``.

    Of a positive the share of negatives below its score, of a negative the share of positives
    above its own; ties count half. The mean over the positives, and that over the negatives,
    are both the area.

    References
    ----------
    .. [1] E. DeLong et al., Biometrics 44 (1988).

    Examples
    --------
    >>> project_area(np.array([False, True, True]), np.array([0.2, 0.1, 0.7])).tolist()
    [0.5, 0.0, 1.0]
    """
    shares = np.empty(len(scores))
    for own, sign in ((is_positive, 1), (~is_positive, -1)):
        others = np.sort(sign * scores[~own])
        asked = sign * scores[own]
        below = np.searchsorted(others, asked, side="left")
        level = np.searchsorted(others, asked, side="right")
        shares[own] = (below + level) / (2 * max(len(others), 1))
    return shares


def project_average_precision(is_positive: Flags, scores: Numbers) -> tuple[Numbers, Numbers]:
    """Give what a row adds to average precision by its own place, and by changing others' places.

    Returns
    -------
    tuple
        The precision at each row's score (the metric is its mean over the positives), and the
        derivative of that mean by the row's weight, whose sum over all rows is zero.
    """
    order = np.argsort(-scores, kind="stable")
    falling, hits = -scores[order], is_positive[order].astype(np.float64)
    last = np.searchsorted(falling, falling, side="right") - 1
    true = np.cumsum(hits)[last]
    answered = last + 1.0
    false = answered - true
    count = max(hits.sum(), 1.0)
    # A row counts in the precision at every positive scored as it is or below.
    first = np.searchsorted(falling, falling, side="left")
    by_hit = _sum_from(hits * false / answered**2, first)
    by_miss = _sum_from(hits * true / answered**2, first)
    precision, effect = np.empty(len(scores)), np.empty(len(scores))
    precision[order] = true / answered
    effect[order] = np.where(hits > 0, by_hit, -by_miss) / count
    return precision, effect


def _sum_from(values: Numbers, start: NDArray[np.intp]) -> Numbers:
    rest = np.concatenate([np.cumsum(values[::-1])[::-1], [0.0]])
    return np.asarray(rest[start])
