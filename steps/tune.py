"""Look for the best candidate."""

from typing import Annotated

import pyarrow as pa
from zenml import step

from adapters import studies
from lifecycle.data.declaration import Data, Schema, Split
from lifecycle.features.declaration import Features
from lifecycle.fingerprint import fingerprint, table_fingerprint
from lifecycle.modeling.candidate import Candidate
from lifecycle.modeling.declaration import Search
from lifecycle.modeling.trials import SearchRecord, TrialRecord
from steps.artifacts.candidate import CandidateMaterializer
from steps.caching import caching
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
    study = fingerprint([table_fingerprint(train), schema, data.label, split, features, search])
    candidate, record = studies.search(
        train,
        data=data,
        schema=schema,
        split=split,
        features=features,
        search=search,
        storage=studies.folder(),
        study=study,
        on_trial=lambda trial, done, total, left: ticker.update(_line(trial, done, total, left)),
    )
    ticker.close(f"{record.winner} after {len(record.trials)} trials, {record.seconds:.0f} s")
    return candidate, record


def _line(trial: TrialRecord, done: int, total: int | None, left: float | None) -> str:
    of = f"/{total}" if total else ""
    loss = f"{trial.loss:.4f}" if trial.loss is not None else trial.state
    remaining = f", {left:.0f} s left" if left is not None else ""
    return f"trial {done}{of} {trial.family} {loss}{remaining}"
