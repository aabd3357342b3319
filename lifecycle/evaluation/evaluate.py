"""Take all evidence about a candidate on the test rows, once."""

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa

from lifecycle.data.declaration import Data, Role, Schema
from lifecycle.data.keys import overlap
from lifecycle.errors import DataError
from lifecycle.evaluation.answers import Answers, answer
from lifecycle.evaluation.bootstrap import measure, resample
from lifecycle.evaluation.calibration import expected_calibration_error, noise_floor
from lifecycle.evaluation.curves import count_decisions, draw_curves
from lifecycle.evaluation.design_effect import residual_effect
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
from lifecycle.evaluation.metrics import compute
from lifecycle.evaluation.partitions import can_cut
from lifecycle.evaluation.plan import EvaluationPlan
from lifecycle.evaluation.resampling import Units, find_units
from lifecycle.evaluation.rivals import (
    CANDIDATE,
    CHAMPION,
    Samples,
    align,
    answer_baselines,
    answer_champion,
    compare_all,
)
from lifecycle.evaluation.slices import find_slices, slice_groups
from lifecycle.modeling.trials import SearchRecord
from lifecycle.ports import Predictor

_TRAIN_SAMPLE = 20_000
_SLICED_COLUMNS = 100
"""The slices of more columns would be so many that hardly any gap could be told from chance."""


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
    label = data.label.column
    version = champion_version or (None if champion is None else "without a number")
    answers = answer(candidate, test, label)
    units = find_units(test, group=plan.unit, time=data.time)
    rivals, missing = answer_baselines(answers, train, test, data)
    reigning, gone = answer_champion(champion, version, answers, test, label)
    measures, baselines, compared, undefined = _measure_and_compare(
        answers, rivals, reigning, plan, units, version=version, seed=seed
    )
    train_measures, train_gone = _measure_train(candidate, train, label, plan, seed)
    columns = _read_columns(candidate, test, schema)
    importance, weightless = _weigh(candidate, answers, test, columns, plan, seed)
    ordered = [each.column for each in importance] or columns
    slices, searches, unsliced = _slice(answers, test, schema, ordered, plan, units)
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
        champion_version=version,
        slices=slices,
        slice_searches=searches,
        fairness=measure_fairness(plan.fairness, answers, test),
        curves=draw_curves(answers),
        confusion=count_decisions(answers),
        importance=importance,
        diagnosis=_diagnose(measures, train_measures, baselines, record, plan, train, columns),
        latency=measure_latency(candidate, test, clock, seed=seed),
        size_bytes=getattr(candidate, "size_bytes", None),
        train_rows_in_test=overlap(train, test, data),
        train_measures=train_measures,
        resampled_by=units.name,
        residual_effect=residual_effect(answers, units),
        missing=(*missing, *gone, *undefined, *train_gone, *weightless, *unsliced),
        **_calibrate(answers, seed),
    )


def _measure_and_compare(
    answers: Answers,
    baselines: dict[str, Answers],
    reigning: Answers | None,
    plan: EvaluationPlan,
    units: Units,
    *,
    version: str | None,
    seed: int,
) -> tuple[
    tuple[Measure, ...], tuple[Comparison, ...], tuple[Comparison, ...], tuple[Missing, ...]
]:
    """Take figures, and comparisons with baselines and champion, from one set of samples."""
    mine, champions, missing = answers, dict[str, Answers](), list[Missing]()
    if reigning is not None:
        try:
            mine, champions[CHAMPION] = align(answers, reigning)
        except DataError as error:
            missing.append(Missing(evidence=CHAMPION, reason=str(error)))
    asked = {
        (CANDIDATE, metric): answers for metric in plan.metrics if _can_resample(metric, answers)
    }
    for name, theirs in (*baselines.items(), *champions.items()):
        for metric in plan.compared:
            if (CANDIDATE, metric) in asked:
                asked[name, metric] = theirs
    samples = resample(asked, units, resamples=plan.resamples, seed=seed)
    measures, undefined = _measure(answers, samples, plan)
    found, no_baseline = compare_all(
        answers, baselines, samples, plan.compared, version=None, confidence=plan.confidence
    )
    compared, no_champion = compare_all(
        mine, champions, samples, plan.compared, version=version, confidence=plan.confidence
    )
    return measures, found, compared, (*missing, *undefined, *no_baseline, *no_champion)


def _can_resample(metric: str, answers: Answers) -> bool:
    try:
        compute(metric, answers)
    except DataError:
        return False
    return METRICS[metric].resampled


def _measure(
    answers: Answers, samples: Samples, plan: EvaluationPlan
) -> tuple[tuple[Measure, ...], list[Missing]]:
    found: list[Measure] = []
    missing: list[Missing] = []
    for metric in plan.metrics:
        drawn = samples.get((CANDIDATE, metric))
        try:
            found.append(measure(metric, answers, drawn, confidence=plan.confidence))
        except DataError as error:
            missing.append(Missing(evidence=f"metric {metric}", reason=str(error)))
    return tuple(found), missing


def _measure_train(
    candidate: Predictor, train: pa.Table, label: str, plan: EvaluationPlan, seed: int
) -> tuple[tuple[Measure, ...], list[Missing]]:
    rows = np.random.default_rng(seed).permutation(train.num_rows)[:_TRAIN_SAMPLE]
    answers = answer(candidate, train.take(np.sort(rows)), label)
    measures, missing = _measure(answers, {}, plan)
    return measures, [
        Missing(evidence=gap.evidence.replace("metric", "train", 1), reason=gap.reason)
        for gap in missing
    ]


def _read_columns(candidate: Predictor, test: pa.Table, schema: Schema) -> list[str]:
    """Name the columns the candidate reads, as it says itself or else as they are declared."""
    named: Sequence[str] = getattr(candidate, "columns", schema.names(Role.FEATURE))
    return [name for name in named if name in test.column_names]


def _weigh(
    candidate: Predictor,
    answers: Answers,
    test: pa.Table,
    columns: list[str],
    plan: EvaluationPlan,
    seed: int,
) -> tuple[tuple[Importance, ...], list[Missing]]:
    try:
        found = measure_importance(
            candidate, answers, test, columns, metric=plan.primary, seed=seed
        )
    except DataError as error:
        return (), [Missing(evidence="importance", reason=str(error))]
    return found, []


def _slice(
    answers: Answers,
    test: pa.Table,
    schema: Schema,
    columns: Sequence[str],
    plan: EvaluationPlan,
    units: Units,
) -> tuple[tuple[Slice, ...], tuple[SliceSearch, ...], list[Missing]]:
    """Slice by the declared groups in every metric asked for, and look for the worst slices."""
    groups = dict.fromkeys((*plan.over, *schema.names(Role.SENSITIVE)))
    looked_at = [
        name
        for name in columns
        if name in schema and can_cut(schema[name].type) and name in test.column_names
    ][:_SLICED_COLUMNS]
    slices: list[Slice] = []
    searches: list[SliceSearch] = []
    missing: list[Missing] = []
    for metric in plan.sliced:
        try:
            found, search = find_slices(metric, answers, test, looked_at, units, plan.min_rows)
            told, absent = slice_groups(metric, answers, test, [*groups], units, plan.min_rows)
        except DataError as error:
            missing.append(Missing(evidence="slices", reason=str(error)))
            continue
        slices += [*told, *found]
        searches.append(search)
        missing += absent
    return tuple(slices), tuple(searches), missing


def _diagnose(
    measures: Sequence[Measure],
    train_measures: Sequence[Measure],
    baselines: Sequence[Comparison],
    record: SearchRecord | None,
    plan: EvaluationPlan,
    train: pa.Table,
    columns: Sequence[str],
) -> Diagnosis | None:
    """Put training beside test error, where both could be measured."""
    test = next((each for each in measures if each.metric == plan.primary), None)
    own = next((each for each in train_measures if each.metric == plan.primary), None)
    guess = next((each for each in baselines if each.metric == plan.primary), None)
    if test is None or own is None or guess is None:
        return None
    is_same = record is not None and record.metric == plan.primary
    return diagnose(
        test,
        own.value,
        record.validation if is_same and record is not None else None,
        guess,
        train_rows=train.num_rows,
        columns=len(columns),
    )


def _calibrate(answers: Answers, seed: int) -> dict[str, float]:
    if not answers.task.is_classification:
        return {}
    return {
        "calibration_error": expected_calibration_error(answers).error,
        "calibration_noise": noise_floor(answers, seed=seed),
    }
