"""Simulated A/B tests, looked at every day, with outcomes that come late and more than once."""

from dataclasses import dataclass

import numpy as np

from lifecycle.release.evidence import (
    ArmFigures,
    ExperimentFigures,
    MetricFigures,
    SettledFigures,
)


@dataclass(frozen=True)
class World:
    """What units do.

    `units` come a day to each arm on average, for `days`. A `share` of them orders; how long
    after, is exponential with a mean of `delay` days, cut off at `within`. Each orders again with
    a probability of `again`, as often, on any later day. The logarithm of an order deviates by
    `spread`; without one each is worth 1. Every day all that was told is looked at.
    """

    units: int = 200
    days: int = 28
    share: float = 0.1
    delay: float = 2.0
    within: int = 7
    again: float = 0.0
    spread: float = 0.0


@dataclass(frozen=True)
class Days:
    """Sums at the end of each day, of shape (runs, arms, days); the first arm is the champion's."""

    units: np.ndarray
    total: np.ndarray
    squares: np.ndarray
    done: np.ndarray
    done_total: np.ndarray
    done_squares: np.ndarray

    def __len__(self):
        return len(self.units)

    def arms(self, run, day):
        """The champion's arm and the challenger's, by all that is known."""
        return [
            ArmFigures(
                units=self.units[run, arm, day],
                total=self.total[run, arm, day],
                squares=self.squares[run, arm, day],
            )
            for arm in (0, 1)
        ]

    def figures(self, run, day, name="booked"):
        champion, challenger = self.arms(run, day)
        settled = [
            ArmFigures(
                units=self.done[run, arm, day],
                total=self.done_total[run, arm, day],
                squares=self.done_squares[run, arm, day],
            )
            for arm in (0, 1)
        ]
        metric = MetricFigures(
            name=name, champion=champion, challenger=challenger,
            settled=SettledFigures(champion=settled[0], challenger=settled[1]),
        )  # fmt: skip
        return ExperimentFigures(metrics=(metric,))


def simulate(world, runs, *, lift=0.0, even=0.5, seed=1):
    """Simulate tests whose challenger has `lift` more units that order."""
    generator = np.random.default_rng(seed)
    came = 2 * world.units
    challenger = generator.binomial(came, even, size=(runs, world.days))
    joined = np.stack([came - challenger, challenger], axis=1)
    chance = np.array([world.share, world.share + lift])[None, :, None]
    buyers = generator.binomial(joined, chance)
    cell = np.repeat(np.arange(buyers.size), buyers.ravel())
    buyer, delay = _orders(world, len(cell), generator)
    value = np.exp(generator.normal(0, world.spread, len(buyer)) - world.spread**2 / 2)
    order = np.lexsort((delay, buyer))
    buyer, delay, value = buyer[order], delay[order], value[order]
    before = _before(buyer, value)
    squares = value * (2 * before + value)
    group, day = np.divmod(cell[buyer], world.days)

    def by_day(weights, moment):
        kept = moment < world.days
        place = group[kept] * world.days + moment[kept]
        sums = np.bincount(place, weights[kept], minlength=buyers.size)
        return sums.reshape(buyers.shape).cumsum(axis=2)

    done = np.zeros_like(joined)
    done[:, :, world.within :] = joined[:, :, : max(world.days - world.within, 0)]
    return Days(
        joined.cumsum(axis=2), by_day(value, day + delay), by_day(squares, day + delay),
        done.cumsum(axis=2), by_day(value, day + world.within), by_day(squares, day + world.within),
    )  # fmt: skip


def _orders(world, buyers, generator):
    """Give who orders, and how many days after they came."""
    cut = 1 - np.exp(-world.within / world.delay)
    first = (-world.delay * np.log1p(-cut * generator.uniform(size=buyers))).astype(int)
    times = generator.geometric(1 - world.again, size=buyers)
    buyer = np.repeat(np.arange(buyers), times)
    is_first = np.r_[True, buyer[1:] != buyer[:-1]] if len(buyer) else np.zeros(0, bool)
    later = np.where(is_first, 0, generator.integers(0, world.within, size=len(buyer)))
    delay = np.minimum(first[buyer], world.within - 1) + later
    kept = delay < world.within
    return buyer[kept], delay[kept]


def _before(buyer, value):
    """Give what a buyer had ordered before each order."""
    running = np.cumsum(value) - value
    begins = np.r_[True, buyer[1:] != buyer[:-1]] if len(buyer) else np.zeros(0, bool)
    return running - np.repeat(running[begins], np.diff(np.r_[np.flatnonzero(begins), len(buyer)]))
