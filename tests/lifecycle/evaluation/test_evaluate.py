"""All evidence at once, on sound and on awkward rows."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pytest

from lifecycle.data.declaration import Schema
from lifecycle.errors import DataError
from lifecycle.evaluation.declaration import EvaluationSettings
from lifecycle.evaluation.evidence import Evaluation
from lifecycle.evaluation.gates import Gates
from lifecycle.evaluation.plan import plan_for
from lifecycle.modeling.trials import SearchRecord
from lifecycle.task import Task
from tests.lifecycle.evaluation.rehearsal import (
    SCHEMA,
    Linear,
    Logistic,
    Softmax,
    declare,
    draw_binary,
    draw_multiclass,
    draw_regression,
    take_evidence,
)

_CANDIDATES = {"binary": Logistic(), "multiclass": Softmax(), "regression": Linear()}


@pytest.fixture(scope="module", params=sorted(_CANDIDATES))
def evaluation(request):
    return take_evidence(_CANDIDATES[request.param], time="when")


def test_the_evidence_survives_storage(evaluation):
    assert Evaluation.model_validate_json(evaluation.model_dump_json()) == evaluation


def test_the_same_rows_and_seed_give_the_same_evidence(evaluation):
    candidate = _CANDIDATES[evaluation.task]

    assert take_evidence(candidate, time="when") == evaluation


def test_every_metric_of_the_task_is_measured_on_test_and_train(evaluation):
    plan = plan_for(task=Task(evaluation.task))

    assert tuple(each.metric for each in evaluation.measures) == plan.metrics
    assert tuple(each.metric for each in evaluation.train_measures) == plan.metrics
    assert all(
        each.low <= each.value <= each.high
        for each in evaluation.measures
        if each.metric != "expected_calibration_error"
    )


def test_both_baselines_are_beaten_by_the_truth(evaluation):
    constant = "mean" if evaluation.task == "regression" else "majority"

    assert [each.against for each in evaluation.baselines] == [constant, "last"]
    assert all(each.low > 0 for each in evaluation.baselines)


def test_nothing_is_missing_and_the_drawn_piece_is_named(evaluation):
    assert evaluation.missing == ()
    assert evaluation.resampled_by == "day"
    assert evaluation.train_rows_in_test == 0


def test_curves_stay_small(evaluation):
    assert evaluation.curves
    assert all(
        len(curve.x) == len(curve.y) <= 200 and all(np.isfinite(curve.x + curve.y))
        for curve in evaluation.curves
    )


def test_declared_groups_are_sliced(evaluation):
    groups = [part for part in evaluation.slices if part.kind == "group"]

    assert {part.value for part in groups} == {"left", "right", "top"}
    assert sum(part.rows for part in groups) == evaluation.rows


def test_the_columns_that_matter_come_first(evaluation):
    first = evaluation.importance[0]

    assert first.column == "a"
    assert first.loss > 5 * max(first.deviation, 1e-9)
    assert {each.column for each in evaluation.importance} == {"a", "b", "idle", "group"}


def test_a_column_nobody_reads_is_worth_nothing_and_a_category_has_no_direction():
    found = {each.column: each for each in take_evidence().importance}

    assert found["idle"].loss == 0
    assert found["a"].direction > 0.5
    assert abs(found["idle"].direction) < 0.1
    assert found["group"].direction is None


def test_latency_is_read_from_the_clock_and_size_from_the_candidate():
    evaluation = take_evidence(seconds=0.004)

    assert evaluation.latency.p50_ms == pytest.approx(4)
    assert evaluation.latency.p99_ms == pytest.approx(4)
    assert evaluation.size_bytes == 10_000


def test_a_slow_candidate_does_not_hold_the_evaluation_up():
    assert take_evidence(seconds=1.0).latency.calls == 30


def test_a_candidate_that_tells_no_size_has_none():
    assert take_evidence(Softmax()).size_bytes is None


def test_the_validation_figure_comes_from_the_search_of_the_same_metric():
    settings = {
        "seed": 0, "folds": 3, "fold_kind": "time", "trials": (), "winner": "linear",
        "validation": 0.51, "stopped_by": "trials", "seconds": 1.0,
    }  # fmt: skip
    same = SearchRecord.model_validate({"metric": "log_loss", **settings})
    other = SearchRecord.model_validate({"metric": "roc_auc", **settings})

    assert take_evidence(record=same).diagnosis.validation == 0.51
    assert take_evidence(record=other).diagnosis.validation is None


def test_a_champion_is_compared_on_the_same_rows():
    found = take_evidence(champion=Logistic(noise=1.5), champion_version="7").champion

    assert [(each.version, each.metric) for each in found] == [("7", "log_loss")]
    assert found[0].low > 0


@dataclass
class Broken(Logistic):
    def score(self, table):
        return super().score(table.select(["gone"]))


@dataclass
class Blind(Logistic):
    def score(self, table):
        return np.where(np.arange(table.num_rows) == 3, np.nan, super().score(table))


@pytest.mark.parametrize(
    ("champion", "version", "reason"),
    [
        (Broken(), "3", "gone"),
        (Blind(), "3", "1 of 2,000 scores are not numbers, first in row 3"),
        (None, "3", "could not be loaded"),
        (Linear(), "3", "answers regression questions"),
        (Logistic(classes=("yes", "no")), "3", "tells yes, no apart"),
        (Logistic(classes=("off", "on")), None, "holds no, yes"),
    ],
)
def test_a_champion_that_cannot_answer_is_missing_evidence(champion, version, reason):
    evaluation = take_evidence(champion=champion, champion_version=version)

    assert evaluation.champion == ()
    assert evaluation.champion_version is not None
    assert reason in evaluation.why_missing("champion")


def test_a_champion_that_numbers_several_classes_otherwise_is_compared():
    champion = Softmax(classes=("blue", "red", "green"))

    found = take_evidence(Softmax(), champion=champion, champion_version="2").champion

    assert found[0].gain == pytest.approx(0)


def test_a_candidate_without_numbers_is_an_error():
    with pytest.raises(DataError, match="scores are not numbers"):
        take_evidence(Blind())


def test_no_test_rows_are_an_error():
    with pytest.raises(DataError, match="no rows"):
        take_evidence(test=draw_binary(10, 1).slice(0, 0))


def test_a_missing_label_column_is_an_error():
    with pytest.raises(DataError, match='no label column "y"'):
        take_evidence(test=draw_binary(10, 1).drop_columns(["y"]))


def test_a_class_the_model_never_saw_counts_as_wrong():
    test = draw_multiclass(500, 2, start=1)
    labels = ["violet", *test["y"].to_pylist()[1:]]
    test = test.set_column(test.column_names.index("y"), "y", pa.array(labels))

    evaluation = take_evidence(Softmax(), test=test)

    assert evaluation.classes == ("red", "green", "blue", "violet")
    assert evaluation.confusion.counts[3][3] == 0
    assert sum(evaluation.confusion.counts[3]) == 1


def test_a_class_absent_from_test_leaves_the_area_missing():
    test = draw_multiclass(500, 2, start=1)
    test = test.filter(pa.array([label != "red" for label in test["y"].to_pylist()]))

    evaluation = take_evidence(Softmax(), test=test)

    assert evaluation.measure("roc_auc") is None
    assert "none is red" in evaluation.why_missing("metric roc_auc")
    assert evaluation.measure("log_loss") is not None


def constant(rows):
    test = draw_binary(rows, 2, start=1)
    return test.set_column(test.column_names.index("y"), "y", pa.array(["yes"] * rows))


@pytest.mark.parametrize("rows", [1, 2, 12, 50, 300])
def test_a_constant_label_in_test_is_survived(rows):
    evaluation = take_evidence(test=constant(rows), time="when")

    assert evaluation.measure("roc_auc") is None
    assert evaluation.measure("log_loss") is not None


@pytest.mark.parametrize(
    ("candidate", "draw"),
    [(Logistic(), draw_binary), (Softmax(), draw_multiclass), (Linear(), draw_regression)],
)
@pytest.mark.parametrize("rows", [1, 2, 10])
def test_a_tiny_table_is_survived(candidate, draw, rows):
    evaluation = take_evidence(
        candidate, test=draw(rows, 2, start=1), train=draw(40, 1), champion=candidate,
        champion_version="1", time="when",
    )  # fmt: skip

    assert evaluation.rows == rows
    assert evaluation.measure(evaluation.primary) is not None


def test_figures_of_very_few_rows_have_no_interval():
    measure = take_evidence(test=draw_binary(5, 2, start=1)).measure("log_loss")

    assert (measure.low, measure.high) == (None, None)


def test_a_column_of_nothing_but_missing_values_is_survived():
    test = draw_binary(500, 2, start=1)
    empty = pa.nulls(500, pa.float64())
    test = test.set_column(test.column_names.index("idle"), "idle", empty)

    assert take_evidence(test=test).missing == ()


def test_two_thousand_columns_cost_no_more_calls_than_they_must():
    calls = []

    @dataclass
    class Counting(Logistic):
        def score(self, table):
            calls.append(table.num_rows)
            return super().score(table)

    names = [f"x{index}" for index in range(2_000)]
    zeros = pa.array(np.zeros(400))
    tables = [
        pa.table(
            {
                **dict(zip(each.column_names, each.columns, strict=True)),
                **dict.fromkeys(names, zeros),
            }
        )
        for each in (draw_binary(400, 2, start=1), draw_binary(400, 1))
    ]
    schema = Schema.model_validate({**SCHEMA.root, **{name: {"type": "number"} for name in names}})

    evaluation = take_evidence(Counting(), test=tables[0], train=tables[1], schema=schema)

    assert len(evaluation.importance) == 200
    assert [each.column for each in evaluation.importance[:2]] == ["a", "b"]
    assert sum(calls) < 100_000


def test_a_group_declared_for_the_bootstrap_is_drawn_whole():
    plan = plan_for((), EvaluationSettings(unit="group"), task=Task.BINARY)
    test = draw_binary(500, 2, start=1)
    test = test.append_column("who", pa.array([f"c{row % 50}" for row in range(500)]))

    evaluation = take_evidence(test=test, plan=plan.model_copy(update={"unit": "who"}), time="when")

    assert evaluation.resampled_by == "group who"


def test_moving_a_limit_does_not_change_what_is_measured():
    def plan(at_least, better_by, p99_ms):
        gates = Gates.model_validate(
            [
                {"kind": "metric", "metric": "roc_auc", "at_least": at_least},
                {"kind": "baseline", "metric": "brier", "better_by": better_by},
                {"kind": "latency", "p99_ms": p99_ms},
            ]
        )
        return plan_for(gates, task=Task.BINARY)

    assert plan(0.7, "2%", 5) == plan(0.9, 0.1, 50)


def test_test_rows_that_were_trained_on_are_counted():
    train = draw_binary(500, 1)
    test = pa.concat_tables([draw_binary(500, 2, start=1), train.slice(0, 3)])

    assert take_evidence(test=test, train=train, data=declare()).train_rows_in_test == 3
