"""How long an answer for one row takes."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from lifecycle.evaluation.evidence import Latency
from lifecycle.ports import Predictor

_ROWS, _REPEATS, _WARM_UP = 70, 3, 5
_BUDGET_SECONDS = 3.0
_FEWEST_ROWS = 10


def measure_latency(
    candidate: Predictor, test: pa.Table, clock: Callable[[], float], *, seed: int
) -> Latency:
    """Ask for single rows, each three times, and take the fastest answer of each.

    Stops after three seconds, but not before ten rows.

    Parameters
    ----------
    clock
        Seconds from any start, for example `time.perf_counter`.
    """
    generator = np.random.default_rng(seed)
    picks = generator.choice(test.num_rows, size=min(_ROWS, test.num_rows), replace=False)
    rows = [test.slice(int(place), 1).combine_chunks() for place in picks]
    for row in (rows * _WARM_UP)[:_WARM_UP]:
        candidate.score(row)
    best: list[float] = []
    begin = clock()
    for row in rows:
        best.append(min(_time(candidate, row, clock) for _ in range(_REPEATS)))
        if clock() - begin > _BUDGET_SECONDS and len(best) >= _FEWEST_ROWS:
            break
    p50, p99 = np.quantile(best, [0.5, 0.99]) * 1_000
    return Latency(p50_ms=float(p50), p99_ms=float(p99), calls=len(best) * _REPEATS)


def _time(candidate: Predictor, row: pa.Table, clock: Callable[[], float]) -> float:
    start = clock()
    candidate.decide(candidate.score(row))
    return clock() - start
