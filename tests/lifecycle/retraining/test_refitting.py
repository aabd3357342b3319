import numpy as np
import pytest

from lifecycle.errors import DataError
from lifecycle.features.declaration import Features
from lifecycle.modeling.candidate import Candidate
from lifecycle.retraining.refitting import refit
from lifecycle.task import Task
from tests.lifecycle.retraining.changing import CLASSES, a_table, champion, declared

METRIC = {Task.BINARY: "log_loss", Task.MULTICLASS: "log_loss", Task.REGRESSION: "rmse"}


def refitting(task: Task = Task.BINARY, rows: int = 500, **given: object) -> Candidate:
    table = a_table(task, rows=rows)
    return refit(
        champion(task), table, data=declared(task), features=Features(), metric=METRIC[task],
        **given,
    )  # fmt: skip


@pytest.mark.parametrize("task", list(Task))
def test_all_members_are_fitted_anew_with_the_same_parameters(task: Task) -> None:
    fitted = refitting(task)

    assert [member.params for member in fitted.state.members] == [
        member.params for member in champion(task).members
    ]
    assert fitted.classes == CLASSES[task]
    assert fitted.state.train_rows == 500
    assert fitted.state.calibration.kind == "none"
    assert np.isfinite(fitted.score(a_table(task, rows=20, seed=9))).all()


def test_it_learns_from_the_rows_it_is_given() -> None:
    turned = a_table(rows=500, turns_on=((0, 200),))
    fitted = refit(champion(), turned, data=declared(), features=Features(), metric="log_loss")
    asked = a_table(rows=200, seed=5)

    told = np.corrcoef(fitted.score(asked), asked["größe, m"].to_numpy())[0, 1]

    assert told < -0.7


def test_rounds_grow_with_the_square_root_of_the_rows() -> None:
    few = refitting(rows=500)
    many = refit(
        champion(rows=500), a_table(rows=2_000), data=declared(), features=Features(),
        metric="log_loss",
    )  # fmt: skip

    assert len(few.models[0].dump()) < len(many.models[0].dump()) / 2


def test_features_the_champion_left_out_stay_out() -> None:
    assert "score" not in refitting(dropped=("score",)).columns
    assert "score" in refitting().columns


def test_rows_that_teach_nothing_are_refused() -> None:
    rows = a_table(rows=500)
    alike = rows.filter([label == "yes" for label in rows["y"].to_pylist()])

    with pytest.raises(DataError, match="hold one label only"):
        refit(champion(), alike, data=declared(), features=Features(), metric="log_loss")
    with pytest.raises(DataError, match="No column is left"):
        refitting(dropped=("score", "größe, m", 'the "id"'))
