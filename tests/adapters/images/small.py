"""A small version, trained in a second, as a Bento."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

from adapters import bentos
from adapters.bentos import Bento
from adapters.graphs import export
from adapters.inference.package import write_package
from adapters.inference.reasons import reasons_file
from adapters.studies import search
from lifecycle.data.declaration import Data, Schema
from lifecycle.data.describe import describe
from lifecycle.features.declaration import Features
from lifecycle.modeling.declaration import Search
from lifecycle.serving.declaration import Serving
from lifecycle.serving.drawing_up import draw_up
from lifecycle.serving.manifest import CARD, CONTRACT, REASONS, Manifest
from lifecycle.task import Task

ROW = {"order": 1, "price": 30.0, "shop": "a", "placed": "2026-01-05T10:00:00Z"}

_DATA = Data.model_validate(
    {
        "tables": {"orders": "orders.csv"},
        "key": ["order"],
        "label": {"column": "returned", "task": "binary"},
    }
)
_SCHEMA = Schema.model_validate(
    {
        "order": {"type": "integer", "role": "ignore"},
        "price": {"type": "number", "min": 0, "max": 500},
        "shop": {"type": "category"},
        "placed": {"type": "time"},
    }
)


def a_bento(folder: Path, *, root: Path, version: str = "1") -> tuple[Bento, Manifest]:
    """Train, package and build a version of a made-up project; give its manifest, too."""
    table = _orders(400)
    candidate, _ = search(
        table, data=_DATA, schema=_SCHEMA, split=None, features=Features(),
        search=Search.model_validate({"trials": 3, "timeout": "60s", "threads": 1}),
    )  # fmt: skip
    graphs = export(candidate)
    described = describe(table, table, candidate.state.schema_, _DATA)
    contract = draw_up(
        candidate.state,
        described,
        _DATA,
        project="orders",
        question="Does it come back?",
        unit=None,
    )
    files = {
        **graphs.files,
        CONTRACT: contract.model_dump_json().encode(),
        REASONS: reasons_file(candidate, contract, graphs.layout),
        CARD: b"# orders\n",
    }
    manifest = Manifest(
        project="orders", version=version, label="returned", task=Task.BINARY,
        classes=candidate.classes, threshold=candidate.threshold, candidate=candidate.fingerprint,
        data="d1", commit="c1", trained="2026-01-01T00:00:00+00:00", layout=graphs.layout,
        parts=graphs.parts, serving=Serving.model_validate({"drain": "0.5s"}), files={},
    )  # fmt: skip
    digest = write_package(folder / f"package-{version}", manifest, files)
    package = folder / f"package-{version}"
    return bentos.build(package, manifest, digest, root=root, store=folder / "store"), manifest


def _orders(rows: int) -> pa.Table:
    random = np.random.default_rng(0)
    price = random.uniform(5, 400, rows)
    shop = random.choice(["a", "b", "c"], rows)
    odds = price / 100 - 2 + (shop == "a")
    returned = random.random(rows) < 1 / (1 + np.exp(-odds))
    start = datetime(2025, 1, 1)
    return pa.table(
        {
            "order": np.arange(rows),
            "price": price,
            "shop": shop.tolist(),
            "placed": [start + timedelta(hours=number) for number in range(rows)],
            "returned": np.where(returned, "yes", "no").tolist(),
        }
    )
