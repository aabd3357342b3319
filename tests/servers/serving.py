"""A small version, fitted and packaged in a second, and the real service of it on loopback."""

import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow as pa

from adapters.graphs.export import export
from adapters.inference.package import write_package
from adapters.inference.reasons import reasons_file
from lifecycle.data.declaration import Schema
from lifecycle.features.declaration import Features
from lifecycle.serving.contract import Contract, Field
from lifecycle.serving.declaration import Serving
from lifecycle.serving.manifest import CARD, CONTRACT, REASONS, Manifest
from lifecycle.task import Task
from tests.lifecycle.serving.fitting import a_candidate
from tests.servers.process import LOOPBACK, free_port, running

ROOT = Path(__file__).resolve().parents[2]
SERVICE = "service.service:service"
OPEN = {"access": {"anonymous": True}}
ROW = {
    "distance": 1_372.0, "seats": 172, "origin": "EWR", "departs": "2013-07-01T13:00:00Z",
    "flight": 12, "whom": "Ada",
}  # fmt: skip
CLASSES = {
    Task.BINARY: ("no", "yes"),
    Task.MULTICLASS: ("a", "b", "c"),
    Task.REGRESSION: (),
}

_SCHEMA = Schema.model_validate(
    {
        "distance": {"type": "number"},
        "seats": {"type": "integer"},
        "origin": {"type": "category"},
        "departs": {"type": "time"},
    }
)


def a_package(
    folder: Path,
    *,
    task: Task = Task.BINARY,
    serving: Mapping[str, Any] = OPEN,
    version: str = "3",
    families: tuple[str, ...] = ("xgboost", "linear"),
) -> str:
    """Fit and package a version about made-up flights; give its digest.

    Its rows are like `ROW`, of which `flight` is the key, and `whom` personal and recorded.
    """
    table = _flights(400)
    distances = table["distance"].to_numpy() / 1_000
    cuts = [1.5] if task is Task.BINARY else [1.0, 2.0]
    labels = distances * 40
    if task is not Task.REGRESSION:
        labels = np.digitize(distances, cuts).astype(float)
    candidate = a_candidate(
        task, families, table=table, schema=_SCHEMA, features=Features(), labels=labels
    )
    graphs = export(candidate)
    contract = Contract(
        project="flights", label="late", task=task, classes=candidate.classes,
        threshold=candidate.threshold, key=("flight",), fields=_fields(),
    )  # fmt: skip
    files = {
        **graphs.files,
        CONTRACT: contract.model_dump_json().encode(),
        REASONS: reasons_file(candidate, contract, graphs.layout),
        CARD: b"# flights\n",
    }
    manifest = Manifest(
        project="flights", version=version, label="late", task=task, classes=candidate.classes,
        threshold=candidate.threshold, candidate=candidate.fingerprint, layout=graphs.layout,
        parts=graphs.parts, serving=Serving.model_validate(serving), files={},
    )  # fmt: skip
    return write_package(folder, manifest, files)


@dataclass(frozen=True)
class Served:
    """A service that runs.

    Parameters
    ----------
    pid
        Of the process that was started; its workers are its children.
    log
        What it said.
    """

    url: str
    port: int
    pid: int
    log: Path

    @property
    def workers(self) -> list[int]:
        """The processes that answer, oldest first."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return sorted(int(child) for child in children)

    def terminate(self) -> None:
        """Tell it to stop, without waiting for it."""
        os.kill(self.pid, signal.SIGTERM)

    @property
    def is_running(self) -> bool:
        """Whether its process is there and no zombie."""
        try:
            state = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return False
        return state != "Z"

    def wait_for_end(self, seconds: float = 20.0) -> None:
        """Wait until its process is gone, or nobody but us knows of it."""
        ends = time.monotonic() + seconds
        while self.is_running:
            if time.monotonic() > ends:
                raise TimeoutError(f"It still runs.\n{self.log.read_text()[-2000:]}")
            time.sleep(0.05)


@contextmanager
def serving(
    package: Path,
    *,
    home: Path,
    events: Path | None = None,
    keys: Path | None = None,
    jwks: Path | None = None,
    env: Mapping[str, str] | None = None,
    working_dir: Path = ROOT,
    target: str = SERVICE,
) -> Iterator[Served]:
    """Serve a package by a real `bentoml serve`; raises with what it said when it fails.

    Parameters
    ----------
    home
        A folder for what BentoML writes, and for the log; made where it is not there.
    events
        Where events go; `None`: nothing is kept.
    working_dir, target
        From where the service is imported, and its name there: our own code, or that in a Bento.
    """
    home.mkdir(parents=True, exist_ok=True)
    port = free_port()
    environment = service_environment(
        package, home=home, events=events, keys=keys, jwks=jwks, env=env
    )
    command = [sys.executable, "-m", "bentoml", "serve", target, "--port", str(port)]
    command += ["--host", LOOPBACK, "--working-dir", str(working_dir)]
    log, url = home / "log", f"http://{LOOPBACK}:{port}"
    with running(command, is_ready=lambda: _is_ready(url), log=log, environment=environment) as pid:
        yield Served(url, port, pid, log)


def service_environment(
    package: Path,
    *,
    home: Path,
    events: Path | None = None,
    keys: Path | None = None,
    jwks: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Give what the service has to be told by its environment."""
    files = {"PERENNIAL_KEYS": keys, "PERENNIAL_JWKS": jwks}
    return {
        "BENTOML_HOME": str(home / "bentoml"),
        "BENTOML_DO_NOT_TRACK": "true",
        "OMP_NUM_THREADS": "1",
        "PERENNIAL_PACKAGE": str(package),
        "PERENNIAL_EVENTS": "none" if events is None else str(events),
        **{name: str(file) for name, file in files.items() if file is not None},
        **(env or {}),
    }


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=1).status_code == 200
    except httpx.TransportError:
        return False


def _fields() -> tuple[Field, ...]:
    return (
        Field(name="distance", type="number", minimum=0, maximum=9_000, typical=900.0, unit="mile"),
        Field(name="seats", type="integer", minimum=1, typical=150),
        Field(name="origin", type="category", known=("EWR", "JFK", "LGA"), typical="JFK"),
        Field(name="departs", type="time", may_be_missing=False, typical="2013-07-01T12:00:00"),
        Field(name="flight", type="integer", use="key"),
        Field(name="whom", type="text", use="recorded", personal=True),
    )


def _flights(rows: int) -> pa.Table:
    generator = np.random.default_rng(0)
    start = datetime(2013, 7, 1)
    return pa.table(
        {
            "distance": generator.uniform(50, 3_000, rows),
            "seats": generator.integers(20, 400, rows),
            "origin": generator.choice(["EWR", "JFK", "LGA"], rows).tolist(),
            "departs": [start + timedelta(hours=number % 700) for number in range(rows)],
        }
    )
