"""A small project that trains in seconds, written anew for each test."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

YAML = """\
name: {name}
about:
  question: Will this order come back?
  decision: Ask before it is sent.
  owner: tests
data:
  tables: {{orders: orders.csv}}
  key: [order]
  label: {{column: returned, task: binary}}
schema:
  order: {{type: integer, role: ignore}}
  price: {{type: number, min: 0, max: 500}}
  items: {{type: integer, min: 0, max: 20}}
  shop: {{type: category, values: [a, b, c]}}
split: {{by: random, test: 25%}}
search: {{metric: log_loss, families: [linear, xgboost], trials: 4, seed: 3}}
gates:
  - {{kind: metric, metric: roc_auc, at_least: 0.6}}
  - {{kind: baseline, metric: log_loss, better_by: 1%}}
  - {{kind: champion, metric: log_loss, confidence: 0.95}}
"""

Write = Callable[..., Path]


def orders(rows: int = 1200, seed: int = 0) -> pd.DataFrame:
    """Rows whose label depends on price, items and shop, with some noise and missing values."""
    random = np.random.default_rng(seed)
    price = random.uniform(5, 400, rows)
    items = random.integers(1, 9, rows)
    shop = random.choice(["a", "b", "c"], rows)
    logit = (price - 200) / 60 + (items - 4) * 0.3 + (shop == "b") * 0.8
    returned = random.random(rows) < 1 / (1 + np.exp(-logit))
    price[random.random(rows) < 0.03] = np.nan
    return pd.DataFrame(
        {"order": np.arange(rows), "price": price, "items": items, "shop": shop,
         "returned": returned}
    )  # fmt: skip


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a project of its own name; words of the declaration may be replaced."""

    def _write(
        name: str, frame: pd.DataFrame | None = None, replaced: dict[str, str] | None = None
    ) -> Path:
        folder = tmp_path / "projects" / name
        folder.mkdir(parents=True, exist_ok=True)
        (orders() if frame is None else frame).to_csv(folder / "orders.csv", index=False)
        text = YAML.format(name=name)
        for old, new in (replaced or {}).items():
            assert old in text, f"{old} is not in the declaration"
            text = text.replace(old, new)
        (folder / "project.yaml").write_text(text)
        return folder

    return _write
