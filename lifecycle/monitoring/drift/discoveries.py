"""How many false alarms many columns may give together."""

from collections.abc import Mapping
from typing import TypeVar

import numpy as np
from scipy import stats

Key = TypeVar("Key")


def adjust(p_values: Mapping[Key, float]) -> dict[Key, float]:
    """Correct probabilities for how many were looked at, by Benjamini and Hochberg.

    Calling all those shifted whose corrected value is at most `q`, of the columns called so at
    most a share `q` is expected not to have moved; and when none has, one or more is called in at
    most a share `q` of the windows. It holds for independent columns and for those that move
    together. Of none there is nothing to correct.

    References
    ----------
    .. [1] Y. Benjamini and Y. Hochberg, Controlling the false discovery rate, Journal of the Royal
       Statistical Society B 57 (1995).
    .. [2] Y. Benjamini and D. Yekutieli, The control of the false discovery rate in multiple
       testing under dependency, Annals of Statistics 29 (2001).

    Examples
    --------
    >>> {key: round(p, 3) for key, p in adjust({"temp": 0.01, "hour": 0.04, "dest": 0.9}).items()}
    {'temp': 0.03, 'hour': 0.06, 'dest': 0.9}
    """
    if not p_values:
        return {}
    corrected = stats.false_discovery_control(np.clip(list(p_values.values()), 0.0, 1.0))
    return dict(zip(p_values, corrected.tolist(), strict=True))
