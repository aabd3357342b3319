"""Which family a trial is given to: the better one does, and the more there is to vary."""

from collections.abc import Mapping, Sequence

import numpy as np

from lifecycle.modeling.declaration import FamilyName

TOLERANCE = 0.01
"""A family whose best loss is behind by this share of it gets a third of the trials it had."""

APPETITE: dict[FamilyName, float] = {"linear": 0.15, "forest": 0.4, "xgboost": 1.0}
"""How much there is to vary in a family: one penalty, or seven knobs."""


def choose_family(
    families: Sequence[FamilyName], best: Mapping[FamilyName, float], *, seed: int, turn: int
) -> FamilyName:
    """Choose the family of the next trial: each once in the declared order, then by chance.

    The chance falls with the distance from the best loss so far, and never to zero. It
    depends on the seed and the turn alone, so that a search taken up again goes on alike.

    Parameters
    ----------
    best
        The lowest loss of each family that has a finished trial.
    turn
        How many trials are finished.

    Examples
    --------
    >>> choose_family(("linear", "xgboost"), {}, seed=0, turn=0)
    'linear'
    >>> choose_family(("linear", "xgboost"), {"linear": 0.6}, seed=0, turn=1)
    'xgboost'
    >>> choose_family(("linear", "xgboost"), {"linear": 0.6, "xgboost": 0.4}, seed=0, turn=2)
    'xgboost'
    """
    for name in families:
        if name not in best:
            return name
    losses = np.array([best[name] for name in families])
    behind = (losses - losses.min()) / max(abs(losses.min()), 1e-12)
    chances = np.array([APPETITE[name] for name in families]) * np.exp(-behind / TOLERANCE)
    chances = chances / chances.sum() + 1e-4
    draw = np.random.default_rng([seed, turn]).random() * chances.sum()
    return families[int(np.searchsorted(np.cumsum(chances), draw))]
