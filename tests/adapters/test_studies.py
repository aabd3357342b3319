"""A search finds what is there, keeps its time, and goes on where it was killed."""

import os
import signal
import subprocess
import sys
import time
import warnings
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from adapters.studies import search
from lifecycle.data.declaration import Data, Schema
from lifecycle.errors import DataError
from lifecycle.features.declaration import Features
from lifecycle.modeling.candidate import Candidate
from lifecycle.modeling.declaration import Search
from lifecycle.modeling.trials import SearchRecord, TrialRecord


def a_table(rows: int = 600, seed: int = 0) -> pa.Table:
    generator = np.random.default_rng(seed)
    x, noise = generator.normal(size=(2, rows))
    kind = generator.choice(["a", "b", "c"], rows)
    odds = 2 * x * np.where(kind == "a", 1, -1)
    hours = np.arange(rows)
    return pa.table(
        {
            "x": pa.array([None if i % 9 == 0 else float(v) for i, v in enumerate(x)]),
            "noise": noise,
            "kind": kind.tolist(),
            "when": pa.array(
                [datetime(2020, 1, 1) + timedelta(hours=int(h)) for h in hours], pa.timestamp("us")
            ),
            "running": hours.astype(float),
            "y": np.where(generator.random(rows) < 1 / (1 + np.exp(-odds)), "yes", "no").tolist(),
            "value": odds * 100 + noise,
        }
    )


SCHEMA = {
    "x": {"type": "number"},
    "noise": {"type": "number"},
    "kind": {"type": "category"},
    "when": {"type": "time"},
    "running": {"type": "number"},
}


def run(
    table: pa.Table, *, label: dict | None = None, time: str | None = None, **options: object
) -> tuple[Candidate, SearchRecord]:
    label = label or {"column": "y", "task": "binary"}
    settings = {"trials": 4, "timeout": "120s", "threads": 1, **options.pop("settings", {})}
    data = {"tables": {"t": "t.csv"}, "time": time, "label": label}
    return search(
        table,
        data=Data.model_validate(data),
        schema=Schema.model_validate(SCHEMA),
        split=None,
        features=options.pop("features", Features()),
        search=Search.model_validate(settings),
        **options,
    )


def same_work(record: SearchRecord) -> list[tuple[object, ...]]:
    return [(trial.family, trial.params, trial.loss) for trial in record.trials]


def test_each_familys_defaults_are_tried_first() -> None:
    _, record = run(a_table())

    assert [trial.family for trial in record.trials][:3] == ["linear", "xgboost", "forest"]
    assert record.trials[1].params["eta"] == 0.3


def test_trees_win_where_only_trees_can_see_it() -> None:
    candidate, record = run(a_table(2000))

    assert "linear" not in record.members
    scores = candidate.score(a_table(2000, seed=1))
    truth = np.array(a_table(2000, seed=1)["y"].to_pylist()) == "yes"
    assert ((scores >= 0.5) == truth).mean() > 0.7  # a line gets 0.57 right


def test_the_same_seed_finds_the_same_candidate() -> None:
    first, second = (run(a_table(), settings={"trials": 7})[0] for _ in range(2))

    assert first.fingerprint == second.fingerprint


def test_another_seed_looks_elsewhere() -> None:
    first, second = (
        run(a_table(), settings={"trials": 14, "seed": seed, "families": ["forest"]})[1]
        for seed in (1, 2)
    )

    assert [trial.params for trial in first.trials] != [trial.params for trial in second.trials]


def test_a_candidate_answers_the_same_after_it_was_stored(tmp_path: Path) -> None:
    candidate, _ = run(a_table())

    candidate.save(tmp_path)
    again = Candidate.load(tmp_path)

    np.testing.assert_array_equal(again.score(a_table(50)), candidate.score(a_table(50)))
    assert again.fingerprint == candidate.fingerprint
    assert candidate.size_bytes == sum(file.stat().st_size for file in tmp_path.iterdir())
    assert {file.suffix for file in tmp_path.iterdir()} == {".json", ".model"}


def test_a_row_alone_scores_as_it_does_among_others() -> None:
    candidate, _ = run(a_table())
    table = a_table(20, seed=5)

    alone = np.concatenate([candidate.score(table.slice(i, 1)) for i in range(20)])

    np.testing.assert_allclose(alone, candidate.score(table), rtol=1e-5)


def test_a_row_with_nothing_in_it_and_no_row_at_all_are_answered() -> None:
    candidate, _ = run(a_table())
    nothing = pa.Table.from_pylist([{}], schema=a_table(1).schema)

    assert 0 < candidate.score(nothing)[0] < 1
    assert candidate.score(nothing.slice(0, 0)).shape == (0,)


def test_a_missing_column_is_named() -> None:
    candidate, _ = run(a_table())

    with pytest.raises(DataError, match='no column "x"'):
        candidate.score(a_table(5).rename_columns({"x": "xx"}))


def test_regression_of_large_values_is_found() -> None:
    candidate, record = run(a_table(1500), label={"column": "value", "task": "regression"})

    test = a_table(1500, seed=2)
    error = candidate.score(test) - test["value"].to_numpy()
    assert np.sqrt((error**2).mean()) < 0.5 * test["value"].to_numpy().std()
    assert record.threshold is None
    np.testing.assert_array_equal(candidate.decide(np.array([1.5])), [1.5])


def test_several_classes_come_as_shares_of_each() -> None:
    label = {"column": "kind", "task": "multiclass"}
    candidate, _ = run(a_table().drop_columns(["value"]), label=label)

    scores = candidate.score(a_table(30))

    assert candidate.classes == ("a", "b", "c")
    assert scores.shape == (30, 3)
    assert "kind" not in candidate.columns
    assert set(candidate.decide(scores)) <= {0, 1, 2}


def test_over_time_a_running_number_is_left_out() -> None:
    _, record = run(a_table(), time="when")

    assert record.fold_kind == "expanding over time"
    assert "running" in record.dropped


def test_a_feature_that_is_noise_is_left_out_and_one_that_helps_is_not() -> None:
    _, record = run(a_table(3000))

    assert not {"x", "kind"} & set(record.dropped)


def test_nothing_is_left_out_where_selection_is_off() -> None:
    assert run(a_table(), time="when", features=Features(selection="none"))[1].dropped == ()


def test_progress_is_told_trial_by_trial() -> None:
    told: list[tuple[int, int, int]] = []

    def on_trial(trial: TrialRecord, done: int, most: int, left: float | None) -> None:
        told.append((trial.number, done, most))

    run(a_table(), on_trial=on_trial)

    assert told == [(0, 1, 4), (1, 2, 4), (2, 3, 4), (3, 4, 4)]


def test_a_search_stops_at_its_time_and_still_answers() -> None:
    started = time.monotonic()
    settings = {"trials": 10_000, "timeout": "8s"}
    candidate, record = run(a_table(4000), settings=settings)

    assert record.stopped_by == "timeout"
    assert 4 < time.monotonic() - started < 10  # 8.8 is the promise; the rest is a busy machine
    assert candidate.score(a_table(5)).shape == (5,)


class Ticking:
    """A clock that moves on by a moment whenever it is looked at, and tells nothing else."""

    def __init__(self, moment: float) -> None:
        self.now, self.moment = 0.0, moment

    def __call__(self) -> float:
        self.now += self.moment
        return self.now


@pytest.mark.parametrize("timeout", [20, 60])
@pytest.mark.parametrize("task", ["binary", "regression"])
def test_no_part_of_a_search_goes_past_its_time(task: str, timeout: int) -> None:
    label = {"column": "y" if task == "binary" else "value", "task": task}
    settings = {"trials": 200, "timeout": f"{timeout}s"}

    candidate, record = run(a_table(1200), label=label, settings=settings, clock=Ticking(0.02))

    assert record.stopped_by == "timeout"
    assert 0.5 * timeout < record.seconds <= 1.1 * timeout
    assert np.isfinite(candidate.score(a_table(5))).all()


def test_the_first_trial_is_run_whatever_it_takes_and_the_record_says_so() -> None:
    candidate, record = run(a_table(), settings={"timeout": "5s"}, clock=Ticking(2.0))

    assert [trial.family for trial in record.trials] == ["linear"]
    assert any("first trial" in note for note in record.notes)
    assert any("more than search.timeout" in note for note in record.notes)
    assert candidate.score(a_table(5)).shape == (5,)


def test_a_search_out_of_time_is_not_given_it_again(tmp_path: Path) -> None:
    settings, storage = {"trials": 200, "timeout": "20s"}, tmp_path / "studies.log"
    _, record = run(a_table(), settings=settings, storage=storage, clock=Ticking(0.02))

    _, again = run(a_table(), settings=settings, storage=storage, clock=Ticking(0.02))

    assert [trial.state for trial in again.trials].count("stopped") == 1
    assert again.trials == record.trials
    assert again.seconds < record.seconds


def test_answers_that_were_lost_are_worked_out_again(tmp_path: Path) -> None:
    storage = tmp_path / "studies.log"
    first, _ = run(a_table(), storage=storage)
    kept = sorted(tmp_path.rglob("*.npy"))
    for file in kept:
        file.write_bytes(file.read_bytes()[:50])

    second, _ = run(a_table(), storage=storage)

    assert kept
    assert second.fingerprint == first.fingerprint


def test_no_warning_of_optuna_reaches_the_user() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(a_table(), settings={"trials": 1})


def test_nothing_to_learn_from_is_refused() -> None:
    table = a_table().select(["y"]).append_column("x", pa.array([1.0] * 600))

    with pytest.raises(DataError, match="No column is left"):
        run(table)


def test_a_finished_search_is_not_done_again(tmp_path: Path) -> None:
    storage = tmp_path / "studies.log"
    first, record = run(a_table(), storage=storage)
    told: list[TrialRecord] = []

    second, again = run(a_table(), storage=storage, on_trial=lambda trial, *_: told.append(trial))

    assert told == []
    assert same_work(again) == same_work(record)
    assert second.fingerprint == first.fingerprint


def test_a_killed_search_goes_on_and_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    settings, storage = {"trials": 12}, tmp_path / "studies.log"
    whole, record = run(a_table(), settings=settings)
    victim = subprocess.Popen(
        [sys.executable, "-c", _KILLED, str(storage)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(["", *sys.path])},
        cwd=Path(__file__).parents[2],
    )
    assert victim.stdout is not None
    while "5" not in (line := victim.stdout.readline()):
        assert line, "the search ended by itself"
    victim.send_signal(signal.SIGKILL)
    victim.wait()

    told: list[int] = []
    resumed, again = run(
        a_table(),
        settings=settings,
        storage=storage,
        on_trial=lambda trial, done, *_: told.append(done),
    )

    assert told[0] > 5
    assert same_work(again) == same_work(record)
    assert resumed.fingerprint == whole.fingerprint


_KILLED = """
import pathlib, sys
from tests.adapters.test_studies import a_table, run
run(
    a_table(),
    settings={"trials": 12},
    storage=pathlib.Path(sys.argv[1]),
    on_trial=lambda trial, done, *_: print(done, flush=True),
)
"""
