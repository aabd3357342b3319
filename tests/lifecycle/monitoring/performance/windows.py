"""Windows whose truth is known: rows of every task, alike or changed, single or by the hour."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.special import expit, softmax

from lifecycle.evaluation.answers import Answers
from lifecycle.evaluation.bootstrap import measure, resample
from lifecycle.evaluation.design_effect import residual_effect
from lifecycle.evaluation.evidence import Evaluation
from lifecycle.evaluation.metric_names import METRICS, primary_metric
from lifecycle.evaluation.resampling import Units
from lifecycle.evaluation.slices import slice_groups
from lifecycle.monitoring.declaration import Concept, Labels
from lifecycle.monitoring.evidence import Counted, Performance
from lifecycle.monitoring.performance.assess import assess
from lifecycle.task import Task

AS_OF = datetime(2013, 3, 1, 9, tzinfo=UTC)
CLASSES = {
    Task.BINARY: ("no", "yes"),
    Task.MULTICLASS: ("fog", "rain", "sun"),
    Task.REGRESSION: (),
}


@dataclass(frozen=True)
class Rows:
    """Answers beside their truth, the pieces they hang together in, and a group."""

    answers: Answers
    units: Units
    groups: dict[str, pa.Array]


def draw(
    task: Task,
    rows: int,
    *,
    seed: int,
    pieces: int = 0,
    storm: float = 0.0,
    blur: float = 0.0,
    shift: float = 0.0,
    unfair: float = 0.0,
) -> Rows:
    """Draw rows a model answers as well as can be, unless something has changed.

    Parameters
    ----------
    pieces, storm
        So many pieces share a push of that size, which the model does not know.
    blur
        The truth depends less on what the model knows: zero is as it was, one not at all.
    shift
        The truth is moved; the model does not know.
    unfair
        As `blur`, for the rows of group `b` only.
    """
    generator = np.random.default_rng(seed)
    codes = np.arange(rows) if not pieces else generator.integers(pieces, size=rows)
    push = storm * generator.normal(size=max(pieces, 1))[codes if pieces else np.zeros(rows, int)]
    group = generator.choice(["a", "b", "it's c"], size=rows)
    known = generator.normal(size=rows)
    keep = 1 - blur - unfair * (group == "b")
    classes = CLASSES[task]
    if task is Task.BINARY:
        truth = (generator.random(rows) < expit(1.5 * known * keep - 0.5 + shift + push)).astype(
            int
        )
        scores = expit(1.5 * known - 0.5)
        decisions = (scores >= 0.5).astype(np.int64)
    elif task is Task.MULTICLASS:
        pull = np.array([1.0, 0.2, -1.0])
        real = softmax(np.outer(known * keep + push, pull) + np.array([0, 0, shift]), axis=1)
        truth = (generator.random(rows)[:, None] > real.cumsum(axis=1)).sum(axis=1).clip(max=2)
        scores = softmax(np.outer(known, pull), axis=1)
        decisions = scores.argmax(axis=1)
    else:
        noise = generator.normal(size=rows) / np.maximum(keep, 0.1)
        truth, scores = 3 * known + noise + push + shift, 3 * known
        decisions = scores
    units = Units.of("hour" if pieces else "row", codes.astype(np.int64), pieces or rows)
    answers = Answers(task, classes, truth, scores, decisions)
    return Rows(answers, units, {"group": pa.array(group)})


def judge_version(
    rows: Rows, metrics: tuple[str, ...] | None = None, *, threshold: float | None = None
) -> Evaluation:
    """Evaluate a version on rows, as its own test did."""
    answers = rows.answers
    task = answers.task
    wanted = metrics or tuple(name for name, info in METRICS.items() if task in info.tasks)
    usable = {("", name): answers for name in wanted if METRICS[name].resampled}
    samples = resample(usable, rows.units, resamples=400, seed=1)
    slices, _ = slice_groups(
        primary_metric(task), answers, pa.table(rows.groups), ["group"], rows.units, 100
    )
    return Evaluation(
        task=task.value,
        classes=answers.classes,
        primary=primary_metric(task),
        rows=len(answers),
        train_rows=1,
        threshold=threshold,
        measures=tuple(
            measure(name, answers, samples.get(("", name)), confidence=0.95) for name in wanted
        ),
        slices=slices,
        residual_effect=residual_effect(answers, rows.units),
        resampled_by=rows.units.name,
    )


def look_at(
    rows: Rows,
    evaluation: Evaluation,
    *,
    concept: Concept | None = None,
    labels: Labels | None = None,
    counts: Counted | None = None,
    scores: NDArray[np.float64] | None = None,
    seed: int = 0,
) -> Performance:
    """Assess a window all of whose labels have come, unless told otherwise."""
    every = rows.answers.scores if scores is None else scores
    return assess(
        rows.answers,
        every,
        groups=rows.groups,
        units=rows.units,
        evaluation=evaluation,
        concept=concept or Concept(),
        labels=labels or Labels(),
        counts=counts or Counted(predictions=len(every), labelled=len(rows.answers)),
        as_of=AS_OF,
        seed=seed,
        label="y",
    )
