"""What is measured follows from what is read."""

import pytest

from lifecycle.errors import ProjectError
from lifecycle.evaluation.declaration import EvaluationSettings
from lifecycle.evaluation.gates import Gates
from lifecycle.evaluation.plan import EvaluationPlan, plan_for
from lifecycle.task import Task


def gates(*declared):
    return Gates.model_validate(declared)


def test_without_gates_the_primary_metric_is_compared_and_sliced():
    plan = plan_for(task=Task.REGRESSION)

    assert (plan.primary, plan.compared, plan.sliced) == ("rmse", ("rmse",), ("rmse",))


def test_the_metric_of_the_search_is_primary_and_the_section_overrules_it():
    assert plan_for(task=Task.BINARY, primary="roc_auc").primary == "roc_auc"
    assert (
        plan_for((), EvaluationSettings(metric="f1"), task=Task.BINARY, primary="roc_auc").primary
        == "f1"
    )


def test_what_is_no_mean_over_rows_is_sliced_by_the_usual_metric():
    assert plan_for(task=Task.BINARY, primary="roc_auc").sliced == ("log_loss",)


def test_gates_add_what_they_read_and_their_order_does_not_matter():
    champion = {"kind": "champion", "metric": "brier"}
    slices = {"kind": "slices", "metric": "accuracy", "worse_by": "10%", "over": ["x"]}

    plan = plan_for(gates(champion, slices), task=Task.BINARY)

    assert plan.compared == ("log_loss", "brier")
    assert plan.sliced == ("log_loss", "accuracy")
    assert plan.over == ("x",)
    assert plan == plan_for(gates(slices, champion), task=Task.BINARY)


def test_the_section_can_narrow_the_metrics_but_not_below_what_gates_read():
    plan = plan_for(
        gates({"kind": "metric", "metric": "f1", "at_least": 0.5}),
        EvaluationSettings(metrics=("brier",)),
        task=Task.BINARY,
    )

    assert plan.metrics == ("log_loss", "brier", "f1")


def test_a_gates_metric_of_another_task_is_left_to_its_gate():
    plan = plan_for(gates({"kind": "metric", "metric": "rmse", "at_most": 1}), task=Task.BINARY)

    assert "rmse" not in plan.metrics


def test_a_metric_the_section_names_wrongly_is_an_error_with_a_suggestion():
    with pytest.raises(ProjectError, match='Did you mean "log_loss"'):
        plan_for((), EvaluationSettings(metric="logloss"), task=Task.BINARY)


def test_a_plan_survives_storage():
    plan = plan_for(
        gates(
            {
                "kind": "fairness",
                "metric": "demographic_parity_ratio",
                "over": ["x", "y"],
                "at_least": 0.8,
            }
        ),
        task=Task.BINARY,
        group="who",
    )

    assert EvaluationPlan.model_validate_json(plan.model_dump_json()) == plan
    assert plan.unit == "who"
    assert [need.column for need in plan.fairness] == ["x", "y"]
