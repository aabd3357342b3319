"""The champion's configuration fitted on other rows, without another search."""

import math
from collections.abc import Callable

import numpy as np
import pyarrow as pa

from lifecycle.data.declaration import Data
from lifecycle.data.label import encode
from lifecycle.errors import DataError
from lifecycle.features.columns import encode_categories
from lifecycle.features.declaration import Features
from lifecycle.features.fitting import FittedFeatures, View, fit_features
from lifecycle.features.plan import plan_features
from lifecycle.modeling.calibration import Calibration
from lifecycle.modeling.candidate import Candidate, CandidateState
from lifecycle.modeling.declaration import Metric
from lifecycle.modeling.families import FAMILIES, Model
from lifecycle.modeling.families.family import Question, Sample
from lifecycle.modeling.workbench import target_columns
from lifecycle.task import Task


def refit(
    champion: CandidateState,
    rows: pa.Table,
    *,
    data: Data,
    features: Features,
    metric: Metric,
    dropped: tuple[str, ...] = (),
    threads: int = 1,
    check: Callable[[], None] = lambda: None,
) -> Candidate:
    """Fit all members of a champion anew: the same parameters, weights and threshold.

    The rounds of boosted trees grow with the square root of the rows, as they do from the folds
    of a search to all its rows. The scores are not corrected: a calibration is learnt on folds,
    and there are none here.

    Parameters
    ----------
    rows
        With labels, all of classes the champion knows.
    metric
        What the search that made the champion looked at.
    dropped
        Features its selection left out.
    check
        Called between the rounds; what it raises ends the fit.

    Raises
    ------
    DataError
        If nothing can be learnt from the rows.
    """
    _require_differing(rows, data)
    labels = encode(rows, data.label, champion.classes).astype(np.float64)
    table = encode_categories(rows)
    plan = plan_features(table.drop_columns([data.label.column]), champion.schema_, features)
    plan = tuple(feature for feature in plan if feature.name not in dropped)
    if not plan:
        raise DataError("No column is left to learn from in these rows.")
    question = Question(
        task=champion.task,
        classes=max(len(champion.classes), 1),
        metric=metric,
        seed=champion.seed,
        threads=threads,
        check=check,
    )
    views: dict[View, tuple[FittedFeatures, Sample]] = {}
    models: list[Model] = []
    for member in champion.members:
        family = FAMILIES[member.family]
        if family.view not in views:
            target = target_columns(question, labels)
            fitted, matrix = fit_features(
                table, target, plan, view=family.view, features=features, seed=champion.seed
            )
            views[family.view] = fitted, Sample(matrix, labels)
        rounds = _rounds(member.rounds, len(labels), champion.train_rows)
        fit = family.fit(member.params, question, views[family.view][1], rounds=rounds)
        models.append(fit.model)
    state = champion.model_copy(
        update={
            "features": tuple(views[view][0] for view in sorted(views)),
            "calibration": Calibration(kind="none"),
            "train_fingerprint": "",
            "train_rows": len(labels),
        }
    )
    return Candidate(state, tuple(models))


def _rounds(made: int | None, rows: int, before: int) -> int | None:
    if made is None or not before:
        return made
    return max(1, round(made * math.sqrt(rows / before)))


def _require_differing(rows: pa.Table, data: Data) -> None:
    """Refuse rows that all have one label: whatever is fitted on them says nothing."""
    if len(rows) < 2 or len(rows[data.label.column].unique()) < 2:
        what = "one label" if data.label.task is not Task.REGRESSION else "one value of the label"
        raise DataError(f"Its {len(rows):,} rows hold {what} only.")
