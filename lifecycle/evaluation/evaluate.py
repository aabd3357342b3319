"""Take all evidence about a candidate on the test rows, once."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from lifecycle.data.declaration import Data, Role, Schema
from lifecycle.data.split import overlap
from lifecycle.errors import DataError
from lifecycle.evaluation.answers import Answers, answer
from lifecycle.evaluation.baselines import constant_baseline, last_baseline
from lifecycle.evaluation.bootstrap import compare, measure, resample
from lifecycle.evaluation.calibration import expected_calibration_error, noise_floor
from lifecycle.evaluation.curves import count_decisions, draw_curves
from lifecycle.evaluation.diagnosis import diagnose
from lifecycle.evaluation.evidence import (
    Comparison,
    Diagnosis,
    Evaluation,
    Importance,
    Measure,
    Missing,
    Slice,
    SliceSearch,
)
from lifecycle.evaluation.fairness import measure_fairness
from lifecycle.evaluation.importance import measure_importance
from lifecycle.evaluation.latency import measure_latency
from lifecycle.evaluation.metric_names import METRICS
from lifecycle.evaluation.partitions import can_cut
from lifecycle.evaluation.plan import EvaluationPlan
from lifecycle.evaluation.resampling import Units, find_units
from lifecycle.evaluation.slices import find_slices, slice_groups
from lifecycle.evaluation.weighted import Numbers
from lifecycle.modeling.trials import SearchRecord
from lifecycle.ports import Predictor

_TRAIN_SAMPLE = 20_000
_CANDIDATE, _CHAMPION = "candidate", "champion"


def evaluate(
    candidate: Predictor,
    test: pa.Table,
    train: pa.Table,
    *,
    data: Data,
    schema: Schema,
    plan: EvaluationPlan,
    champion: Predictor | None = None,
    champion_version: str | None = None,
    record: SearchRecord | None = None,
    seed: int,
    clock: Callable[[], float],
) -> Evaluation:
    """Take all evidence about a candidate.

    What cannot be taken is left out and listed under `missing` with its reason, so that the
    gates that read it answer unknown. Only what makes every figure impossible is an error.

    Parameters
    ----------
    plan
        What to measure: see `lifecycle.evaluation.plan.plan_for`.
    champion, champion_version
        The version that holds the title. A version without a predictor says that there is one
        that could not be loaded, and leaves its comparison missing.
    record
        The search that made the candidate, for its validation figure.
    clock
        Seconds from any start, for example `time.perf_counter`.

    Raises
    ------
    DataError
        If there are no test rows, or the candidate cannot answer for them.
    """
    room = _Room(candidate, test, train, data, schema, plan, seed)
    answers = room.answers
    rivals = room.find_rivals(champion, champion_version)
    samples = room.resample(rivals)
    measures = room.measure(samples)
    trained, train_measures = room.measure_train()
    baselines = room.compare(rivals, samples, champion=None)
    compared = room.compare(rivals, samples, champion=champion_version or "unnamed")
    importance = room.weigh_columns()
    slices, searches = room.slice(importance)
    is_classification = answers.task.is_classification
    primary = next((each for each in measures if each.metric == plan.primary), None)
    return Evaluation(
        task=answers.task.value,
        classes=answers.classes,
        primary=plan.primary,
        rows=len(answers),
        train_rows=train.num_rows,
        threshold=getattr(candidate, "threshold", None),
        measures=measures,
        baselines=baselines,
        champion=compared,
        champion_version=champion_version or ("unnamed" if champion is not None else None),
        slices=slices,
        slice_searches=searches,
        fairness=measure_fairness(plan.fairness, answers, test),
        curves=draw_curves(answers),
        confusion=count_decisions(answers),
        calibration_error=(
            expected_calibration_error(answers).error if is_classification else None
        ),
        calibration_noise=noise_floor(answers, seed=seed) if is_classification else None,
        importance=importance,
        diagnosis=room.diagnose(primary, train_measures, baselines, record),
        latency=measure_latency(candidate, test, clock, seed=seed),
        size_bytes=room.read_size(),
        train_rows_in_test=overlap(train, test, data),
        train_measures=train_measures,
        resampled_by=room.units.name,
        missing=tuple(room.missing),
    )
