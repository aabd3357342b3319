"""What the reasons for one prediction cost, beside XGBoost's own explanation of the same trees.

python -m benchmarks.reasons [PROJECT [VERSION]]

By default the version that would be deployed is asked; train it first. Everything runs in one
thread of one process; times are CPU times, alternating between blocks of rows. `pred_contribs` is
path-dependent TreeSHAP: it answers a slightly different question, of margins, not the score.
"""

import sys
import time

import numpy as np
import pyarrow as pa
import xgboost as xgb

from adapters.inference.engine import Engine
from benchmarks.bulk import served
from lifecycle.modeling.candidate import Candidate
from lifecycle.modeling.families import TreeModel
from lifecycle.serving.tables import inputs_of

ROWS, BLOCK = 500, 50


def compare(candidate: Candidate, engine: Engine, table: pa.Table) -> None:
    """Print what a prediction takes without reasons, with them, and explained by XGBoost."""
    places = np.random.default_rng(0).permutation(table.num_rows)[:ROWS]
    some = table.take(pa.array(places)).combine_chunks()
    inputs = [inputs_of(some.slice(place, 1), engine.manifest.layout) for place in range(len(some))]
    trees = [model.booster for model in candidate.models if isinstance(model, TreeModel)]
    matrices = {one.view: one.transform(some) for one in candidate.state.features}
    for booster in trees:
        booster.set_param({"nthread": 1})

    def explain(place: int) -> None:
        for booster in trees:
            row = xgb.DMatrix(matrices["trees"][place : place + 1], nthread=1)
            booster.predict(row, pred_contribs=True)

    def answer(place: int) -> None:
        engine.score(inputs[place])

    def answer_and_say_why(place: int) -> None:
        engine.score(inputs[place])
        engine.reasons(inputs[place], 0, 5)

    ways = {"answer": answer, "answer with reasons": answer_and_say_why}
    if trees:
        ways["pred_contribs"] = explain
    took = {name: np.empty(len(inputs)) for name in ways}
    for start in range(0, len(inputs), BLOCK):
        for name, way in ways.items():
            for place in range(start, min(start + BLOCK, len(inputs))):
                began = time.process_time_ns()
                way(place)
                took[name][place] = (time.process_time_ns() - began) / 1e3
    print(f"{candidate.family}, {len(inputs)} rows one by one: us CPU, median and 99th of 100")
    took["reasons alone"] = took["answer with reasons"] - took["answer"]
    for name, times in took.items():
        print(f"  {name:20}{np.median(times):10,.0f}{np.quantile(times, 0.99):10,.0f}")
    if trees:
        ratio = np.median(took["pred_contribs"]) / np.median(took["reasons alone"])
        print(f"  XGBoost's own takes {ratio:.1f} times as long")


if __name__ == "__main__":
    compare(*served(*sys.argv[1:]))
