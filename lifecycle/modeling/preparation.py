"""From training rows and a declaration to a workbench trials can be tried on."""

import numpy as np
import pyarrow as pa

from lifecycle.data.declaration import Data, Schema, Split
from lifecycle.data.label import classes as classes_of
from lifecycle.data.label import encode
from lifecycle.errors import DataError
from lifecycle.features.columns import encode_categories
from lifecycle.features.declaration import Features
from lifecycle.features.plan import plan_features
from lifecycle.modeling.declaration import Search
from lifecycle.modeling.families.family import Question
from lifecycle.modeling.folds import make_folds
from lifecycle.modeling.workbench import Workbench

SMALL_CELLS = 100_000
"""Rows times columns up to which one thread does: for them, more only wait for one another."""


def prepare(
    train: pa.Table,
    *,
    data: Data,
    schema: Schema,
    split: Split | None,
    features: Features,
    search: Search,
    cores: int,
) -> tuple[Workbench, tuple[str, ...]]:
    """Encode the label, plan the features and cut the folds; also name the classes.

    Raises
    ------
    DataError
        If nothing can be learned from the rows.
    """
    task = data.label.task
    classes = classes_of(train, data.label)
    labels = encode(train, data.label, classes).astype(np.float64)
    table = encode_categories(train)
    plan = plan_features(table.drop_columns([data.label.column]), schema, features)
    if not plan:
        raise DataError(
            "No column is left to learn from: each is missing in all rows, has one value, or "
            "has a role other than feature. See schema, or bring more columns in the query."
        )
    is_small = train.num_rows * len(plan) < SMALL_CELLS
    question = Question(
        task=task,
        classes=max(len(classes), 1),
        metric=search.metric_for(task),
        seed=search.seed,
        threads=1 if is_small else search.threads or cores,
        check=lambda: None,
    )
    folds = make_folds(table, labels, data, split, folds=search.folds, seed=search.seed)
    bench = Workbench(table, labels, plan, features, folds, question, search.rows)
    return bench, classes
