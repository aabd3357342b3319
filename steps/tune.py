"""Look for the best candidate."""

from typing import Annotated

import pyarrow as pa
from filelock import FileLock
from zenml import step

from adapters import studies
from adapters.stacks.environment import state
from lifecycle.data.declaration import Data, Schema, Split
from lifecycle.features.declaration import Features
from lifecycle.fingerprint import fingerprint, table_fingerprint
from lifecycle.modeling.candidate import Candidate
from lifecycle.modeling.declaration import Search
from lifecycle.modeling.trials import SearchRecord, TrialRecord
from steps.artifacts.candidate import CandidateMaterializer
from steps.caching import ROOT, caching, code
from steps.progress import Ticker


@step(
    cache_policy=caching(__file__),
    output_materializers={"candidate": CandidateMaterializer},
)
def tune(
    train: pa.Table, schema: Schema, data: Data, split: Split, features: Features, search: Search
) -> tuple[Annotated[Candidate, "candidate"], Annotated[SearchRecord, "search"]]:
    """Search families and parameters on folds of the training rows."""
    ticker = Ticker("tune")
    rows = table_fingerprint(train)
    study = fingerprint([rows, schema, data, split, features, search, code(__file__)])
    storage = state(ROOT) / "studies" / f"{study}.log"
    storage.parent.mkdir(parents=True, exist_ok=True)
    # Two runs of one search do not mix their trials: the second waits, and finds them done.
    with FileLock(storage.with_suffix(".guard")):
        candidate, record = studies.search(
            train,
            data=data,
            schema=schema,
            split=split,
            features=features,
            search=search,
            storage=storage,
            study=study,
            fingerprint=rows,
            on_trial=lambda trial, done, most, left: ticker.update(_line(trial, done, most, left)),
        )
    ticker.close(f"{record.winner} after {len(record.trials)} trials, {record.seconds:.0f} s")
    return candidate, record


def _line(trial: TrialRecord, done: int, most: int, left: float | None) -> str:
    loss = f"{trial.loss:.4f}" if trial.loss is not None else trial.state
    remaining = f", {left:.0f} s left" if left is not None else ""
    return f"trial {done} of at most {most}: {trial.family} {loss}{remaining}"
