"""A small shop in a state folder of its own: its versions, its service, and the commands on it."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.measuring import ROOT

NAME = "shop"
ROWS = 64
"""Different orders that are asked about; each version has one answer to each."""

YAML = """\
name: shop
about: {question: Will this order come back?, decision: Ask before it is sent., owner: sales}
data:
  tables: {orders: orders.csv}
  key: [order]
  label: {column: returned, task: binary}
schema:
  order: {type: integer, role: ignore}
  price: {type: number, min: 0, max: 500}
  items: {type: integer, min: 0, max: 20}
  shop: {type: category, values: [a, b, c]}
split: {by: random, test: 25%}
search: {metric: log_loss, families: [linear, xgboost], trials: 4, seed: 3}
gates:
  - {kind: metric, metric: roc_auc, at_least: 0.6}
serving: {engine: process, port: PORT, drain: 0.2s}
release:
  strategy: canary
  steps: [10%, 30%, 60%]
  hold: 8s
  requests: 60
  patience: 90s
  keep: 12s
  unit: {header: x-user-id}
  guard: {error_rate: 1%, p99_ms: 150, slower: 4}
  shadow: {hold: 15s, requests: 500}
  test:
    metric: {name: booked, within: 1m}
    effect: 0.05
    baseline: 0.2
    shares: [10%, 30%, 100%]
"""


def orders(rows: int, seed: int, *, is_reversed: bool = False) -> pd.DataFrame:
    """Orders that come back the more often the dearer they are, or the cheaper."""
    random = np.random.default_rng(seed)
    price, items = random.uniform(5, 400, rows).round(2), random.integers(1, 9, rows)
    shop = random.choice(["a", "b", "c"], rows)
    sign = -1 if is_reversed else 1
    logit = sign * (price - 200) / 50 + (items - 4) * 0.3 + (shop == "b") * 0.8
    returned = random.random(rows) < 1 / (1 + np.exp(-logit))
    return pd.DataFrame(
        {"order": np.arange(rows), "price": price, "items": items, "shop": shop,
         "returned": returned}
    )  # fmt: skip


@dataclass(frozen=True)
class Done:
    """A command that has ended: when it began and ended, in seconds since 1970."""

    began: float
    ended: float
    status: int
    output: str

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.ended - self.began


class Shop:
    """The shop, its folder and its state; commands are run as a user runs them."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder / NAME, port
        self.state = folder / "state"
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "project.yaml").write_text(YAML.replace("PORT", str(port)))
        asked = orders(ROWS, seed=99)[["price", "items", "shop"]].to_dict("records")
        self.rows = folder / "rows.jsonl"
        self.rows.write_text("".join(json.dumps(row) + "\n" for row in asked))

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment of a command."""
        return {**os.environ, "PERENNIAL_STATE": str(self.state), "PYTHONUNBUFFERED": "1"}

    def train(self, seed: int, *, is_reversed: bool = False) -> None:
        """Train a version on a table of its own."""
        table = orders(1_600, seed, is_reversed=is_reversed)
        table.to_csv(self.folder / "orders.csv", index=False)
        self.run("--pipeline", "training", "--project", str(self.folder), "--set",
                 f"search.seed={seed}")  # fmt: skip

    def release(self, version: str, strategy: str, *changes: str) -> subprocess.Popen[str]:
        """Begin a release and follow it in the background."""
        words = ["--pipeline", "release", "--project", str(self.folder), "--version", version]
        words += ["--strategy", strategy, "--why", "benchmark"]
        return self.begin(*words, *(word for change in changes for word in ("--set", change)))

    def begin(self, *words: str) -> subprocess.Popen[str]:
        """Begin a command in the background."""
        return subprocess.Popen(
            [sys.executable, str(ROOT / "run.py"), *words], cwd=ROOT, env=self.environment,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def run(self, *words: str) -> Done:
        """Run a command to its end; raise with what it said where it broke."""
        began = time.time()
        process = self.begin(*words)
        output, _ = process.communicate(timeout=600)
        done = Done(began, time.time(), process.returncode, output)
        if done.status:
            raise SystemExit(f"run.py {' '.join(words)} ended with {done.status}:\n{output}")
        return done
