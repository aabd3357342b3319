"""Which rows to retrain on: what evidence chooses on flights, and whether that was right.

For each month of 2013 the windows compete as they do in a retraining: the champion's configuration
is fitted on the rows of each, and the newest stretches before test judge. Afterwards each is fitted
up to the test rows, which no choice may look at, to see what the other would have been worth.

    python -m benchmarks.windows [month ...]        # by default 7 9 12: as of the first of July ...
"""

import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from adapters.declaration import load
from adapters.retraining.choosing import bring_in, choose, plan_of
from lifecycle.data.conform import resolve
from lifecycle.data.declaration import Schema
from lifecycle.data.label import classes
from lifecycle.data.split import split
from lifecycle.evaluation.answers import answer
from lifecycle.evaluation.metrics import compute
from lifecycle.modeling.calibration import Calibration
from lifecycle.modeling.candidate import CandidateState, Member
from lifecycle.project.project import Project
from lifecycle.retraining.aiming import Aim, aim
from lifecycle.retraining.declaration import Retraining
from lifecycle.retraining.refitting import refit
from lifecycle.retraining.windows import tell_window, windows_of

ROOT = Path(__file__).resolve().parent.parent
POLICY = Retraining(window="evidence", windows=("all", "90d", "30d"), test="14d")
PARAMS: dict[str, float | int | str | bool] = {
    "eta": 0.05, "max_depth": 8, "min_child_weight": 50.0, "subsample": 0.7, "colsample": 0.4,
    "reg_lambda": 10.0, "reg_alpha": 0.0,
}  # fmt: skip
ROUNDS, ROWS = 190, 160_000
"""What a search on January to June came to, and on how many rows."""


def champion_of(project: Project, rows: pa.Table, schema: Schema) -> CandidateState:
    """Give the configuration that is fitted anew, as a champion would be registered."""
    booster = Member(family="xgboost", kind="trees", weight=1.0, params=PARAMS, rounds=ROUNDS)
    return CandidateState(
        task=project.data.label.task,
        classes=classes(rows, project.data.label),
        label=project.data.label.column,
        schema_=schema,
        features=(),
        members=(booster,),
        calibration=Calibration(kind="none"),
        threshold=0.5,
        seed=project.search.seed,
        train_rows=ROWS,
    )


def hindsight(project: Project, aimed: Aim, champion: CandidateState, rows: pa.Table) -> str:
    """Fit each window up to the test rows and say how well it answers for them."""
    parts = split(rows, aimed.data, aimed.split, cut=aimed.choice.test_from)
    told = []
    for window in windows_of(POLICY):
        train = parts.train
        if isinstance(window, timedelta) and aimed.choice.test_from is not None:
            start = (aimed.choice.test_from - window).replace(tzinfo=None)
            train = train.filter(pc.greater_equal(train[str(aimed.data.time)], pa.scalar(start)))
        metric = project.search.metric_for(project.data.label.task)
        fitted = refit(
            champion, train, data=aimed.data, features=project.features, metric=metric, threads=2
        )
        answers = answer(fitted, parts.test, champion.label)
        figures = (compute(plan_of(project).primary, answers), compute("roc_auc", answers))
        told.append(f"{tell_window(window)} {figures[0]:.4f} / {figures[1]:.4f}")
    return ", ".join(told)


def main(months: list[int]) -> None:
    """Print a block a month."""
    loaded = load("flights", root=ROOT)
    project = loaded.project.model_copy(update={"retraining": POLICY})
    for month in months:
        as_of = datetime(2013, month, 1, 12, tzinfo=UTC)
        aimed = aim(project.data, project.split, POLICY, as_of=as_of)
        rows = bring_in(aimed.data, project.columns, home=loaded.folder)
        champion = champion_of(project, rows, resolve(rows, project.columns, project.data))
        wall, cpu = time.perf_counter(), time.process_time()
        choice = choose(project, aimed, champion, home=loaded.folder, threads=2)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        print(f"as of {as_of:%-d %b %Y}: {wall:.1f} s, {cpu:.1f} CPU s\n  {choice.reason}")
        for trial in choice.trials:
            against = (
                "does best" if trial.gain is None
                else f"gain {trial.gain:+.4f} [{trial.gain_low:+.4f}, {trial.gain_high:+.4f}]"
            )  # fmt: skip
            print(f"  {trial.window:>4} {trial.rows:>8,} rows  {trial.value:.4f}  {against}")
        print(f"  test {hindsight(project, aimed, champion, rows)} (log loss / AUC)")


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [7, 9, 12])
