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

CHANCES: dict[FamilyName, int] = {"linear": 1, "forest": 1, "xgboost": 2}
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
    for turn in range(max(CHANCES.values())):
        for name, count in starts.items():
            if len(tried[name]) <= turn < max(1, min(count, CHANCES[name])):
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


def find_contenders(
    finished: Sequence[TrialRecord], starts: Mapping[FamilyName, int]
) -> dict[str, TrialRecord]:
    """Find the trial that stands for each family, and the runners-up of the best family.

    They are named after their family, `xgboost 2` being a runner-up; the best comes first. A
    family is stood for by its best start, unless another is clearly better: the best of many
    trials is partly luck, the less rows there are the more. Of linear models there are no
    runners-up: they differ by one penalty.
    """
    heads, others = [], {}
    for name, count in starts.items():
        own = [one for one in finished if one.family == name]
        ranked = sorted(
            (one for one in own if one.loss is not None), key=lambda one: (_loss(one), one.number)
        )
        if not ranked:
            continue
        start = next((one for one in ranked if one in own[:count]), ranked[0])
        head = ranked[0] if _is_clearly_better(ranked[0], start) else start
        heads.append(head)
        others[name] = [one for one in ranked if one is not head]
    heads.sort(key=lambda one: (_loss(one), one.number))
    found = {head.family: head for head in heads}
    if heads and heads[0].family != "linear":
        name = family_of(heads[0])
        found |= {f"{name} {2 + place}": one for place, one in enumerate(others[name][:RUNNERS_UP])}
    return found


def _is_clearly_better(one: TrialRecord, other: TrialRecord) -> bool:
    """Say whether it is better over the folds by more than a standard error."""
    if len(one.fold_losses) != len(other.fold_losses) or len(one.fold_losses) < 2:
        return _loss(one) < _loss(other)
    gain = np.subtract(other.fold_losses, one.fold_losses)
    return bool(gain.mean() > gain.std(ddof=1) / np.sqrt(len(gain)))


def find_likely(contenders: Mapping[str, TrialRecord]) -> list[TrialRecord]:
    """Give the contenders near enough to the best that the winner may well be made of them.

    Time is set aside for these; an ensemble seldom wants the others.
    """
    best = min((_loss(one) for one in contenders.values()), default=0.0)
    furthest = best + 3 * TOLERANCE * abs(best)
    return [one for one in contenders.values() if _loss(one) <= furthest]


def family_of(record: TrialRecord) -> FamilyName:
    """Give a trial's family as what it is."""
    return cast(FamilyName, record.family)


def _loss(record: TrialRecord) -> float:
    return np.inf if record.loss is None else record.loss
