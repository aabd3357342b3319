"""Which family a trial is given to, and which trials may make up the winner."""

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np

from lifecycle.modeling.declaration import FamilyName
from lifecycle.modeling.trials import TrialRecord

TOLERANCE = 0.01
"""A family whose best loss is behind by this share of it gets a third of the trials it had."""

APPETITE: dict[FamilyName, float] = {"linear": 0.15, "forest": 0.4, "xgboost": 1.0}
"""How much there is to vary in a family: one penalty, or seven knobs."""

CHANCES = 2
"""Starts of a family that are tried before its losses are held against it: the defaults of
boosted trees are known to learn too fast, and say little about the family."""

RUNNERS_UP = 2
"""Trials of the best family that may join the ensemble beside its best: the difference
between them is often noise."""


def choose_family(
    starts: Mapping[FamilyName, int], finished: Sequence[TrialRecord], *, rows: int, seed: int
) -> FamilyName:
    """Choose the family of the next trial: the first starts of each in turn, then by chance.

    The chance falls with the distance from the best loss so far, and never to zero; with few
    rows it falls slowly, as a loss on few rows tells little. It depends on the seed and the
    number of finished trials alone, so that a search taken up again goes on alike.

    Parameters
    ----------
    starts
        How many configurations each family is to begin with, in the declared order.
    finished
        The trials so far, pruned ones included.

    Examples
    --------
    >>> choose_family({"linear": 2, "xgboost": 4}, [], rows=600, seed=0)
    'linear'
    """
    tried = {name: [one for one in finished if one.family == name] for name in starts}
    for turn in range(CHANCES):
        for name, count in starts.items():
            if len(tried[name]) <= turn < max(count, 1):
                return name
    losses = np.array(
        [min((_loss(one) for one in trials), default=np.inf) for trials in tried.values()]
    )
    lowest = losses.min() if np.isfinite(losses.min()) else 0.0
    tolerance = max(TOLERANCE, 1 / np.sqrt(rows))
    behind = (losses - lowest) / max(abs(lowest), 1e-12)
    chances = np.array([APPETITE[name] for name in starts]) * np.exp(-behind / tolerance)
    chances = chances / max(chances.sum(), 1e-12) + 1e-4
    draw = np.random.default_rng([seed, len(finished)]).random() * chances.sum()
    return list(starts)[int(np.searchsorted(np.cumsum(chances), draw))]


def find_contenders(finished: Sequence[TrialRecord]) -> dict[str, TrialRecord]:
    """Find the best trial of each family, and the runners-up of the best family.

    They are named after their family, `xgboost 2` being a runner-up; the best comes first.
    Of linear models there are no runners-up: they differ by one penalty.
    """
    ranked = sorted(
        (one for one in finished if one.loss is not None), key=lambda one: (_loss(one), one.number)
    )
    places: dict[str, int] = {}
    found = {}
    for record in ranked:
        name = record.family
        place = places[name] = places.get(name, 0) + 1
        is_best = name == ranked[0].family and name != "linear"
        if place == 1:
            found[name] = record
        elif is_best and place <= 1 + RUNNERS_UP:
            found[f"{name} {place}"] = record
    return found


def family_of(record: TrialRecord) -> FamilyName:
    """Give a trial's family as what it is."""
    return cast(FamilyName, record.family)


def _loss(record: TrialRecord) -> float:
    return np.inf if record.loss is None else record.loss
