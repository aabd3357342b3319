"""Two fitted versions in a state folder, and the log of what they answered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from adapters.events.log import EventLog
from adapters.graphs.export import export
from adapters.inference.package import write_package
from adapters.inference.reasons import reasons_file
from lifecycle.modeling.candidate import Candidate
from lifecycle.project.project import Project
from lifecycle.release.declaration import Releasing
from lifecycle.release.release import Release
from lifecycle.serving.asking import as_sent
from lifecycle.serving.contract import Contract, Field
from lifecycle.serving.declaration import Events, Serving
from lifecycle.serving.events import Mask, Truth, label_lines, prediction_lines
from lifecycle.serving.inputs import Answers
from lifecycle.serving.live import Live
from lifecycle.serving.manifest import CARD, CONTRACT, REASONS, Manifest
from lifecycle.task import Task
from tests.lifecycle.serving.fitting import SCHEMA, a_candidate, a_table, labels_of

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
PROJECT = "strange"


@dataclass
class Version:
    """A fitted version, packaged where its Bento would have it."""

    number: str
    candidate: Candidate
    contract: Contract
    live: Live

    def answers(self, table: pa.Table) -> Answers:
        scores = self.candidate.score(table)
        decides = self.candidate.task is not Task.REGRESSION
        return Answers(scores, self.candidate.decide(scores) if decides else None)


def a_version(
    state: Path,
    candidate: Candidate,
    number: str,
    *,
    port: int = 1,
    serving: Mapping[str, Any] | None = None,
    changes: Mapping[str, Mapping[str, Any]] | None = None,
    more: tuple[Field, ...] = (),
) -> Version:
    """Package a candidate; `changes` are made to the fields of its contract, `more` are added."""
    graphs = export(candidate)
    fields = tuple(
        Field(name=name, type=SCHEMA[name].type, **(changes or {}).get(name, {}))
        for name in candidate.columns
    )
    contract = Contract(
        project=PROJECT, label="y", task=candidate.task, classes=candidate.classes,
        threshold=candidate.threshold, fields=(*fields, *more),
    )  # fmt: skip
    files = {
        **graphs.files,
        CONTRACT: contract.model_dump_json().encode(),
        REASONS: reasons_file(candidate, contract, graphs.layout),
        CARD: b"# strange\n",
    }
    manifest = Manifest(
        project=PROJECT, version=number, label="y", task=candidate.task,
        classes=candidate.classes, threshold=candidate.threshold, candidate=candidate.fingerprint,
        layout=graphs.layout, parts=graphs.parts,
        serving=Serving.model_validate(serving or {}), files={},
    )  # fmt: skip
    folder = state / "bentoml" / "bentos" / PROJECT / f"{number}-x" / "src" / "package"
    digest = write_package(folder, manifest, files)
    live = Live(
        project=PROJECT, version=number, kind="process", name=f"{PROJECT}.{number}",
        host="127.0.0.1", port=port, public_host="127.0.0.1", public_port=1, manifest=digest,
        bento=f"{PROJECT}:{number}-x", started="2026-01-01T00:00:00Z",
    )  # fmt: skip
    return Version(number, candidate, contract, live)


def fitted(task: Task, kind: str = "xgboost", *, seed: int = 1) -> Candidate:
    """Fit one on made-up rows; another seed has learnt from other labels."""
    table = a_table()
    return a_candidate(task, (kind,), table=table, labels=labels_of(table, task, seed))


def a_project(task: Task, **sections: Any) -> Project:
    label = {"column": "y", "task": task.value}
    declared = {
        "name": PROJECT,
        "about": {"question": "?", "decision": "None.", "owner": "us"},
        "data": {"tables": {"t": "t.csv"}, "query": "SELECT * FROM t", "key": ["x"],
                 "label": label},
        **sections,
    }  # fmt: skip
    return Project.model_validate(declared)


def a_release(strategy: str = "canary", began: datetime = NOON, **policy: Any) -> Release:
    return Release(
        number=7, project=PROJECT, strategy=strategy, champion="1", challenger="2", by="ann",
        policy=Releasing.model_validate({"strategy": strategy, **policy}), began=began,
        stepped=began,
    )  # fmt: skip


@dataclass
class Log:
    """An event log, written as the service writes it."""

    folder: Path
    name: str = "predictions"
    _logs: dict[str, EventLog] = field(default_factory=dict)

    def answer(
        self,
        version: Version,
        table: pa.Table,
        *,
        ids: str = "r",
        at: datetime = NOON,
        personal: str = "drop",
        answers: Answers | None = None,
    ) -> None:
        """Write what a version answered about rows, each a request of its own."""
        mask = Mask(version.contract, personal, secret=b"0123456789abcdef")
        rows = as_sent(table, version.contract)
        found = version.answers(table) if answers is None else answers
        lines = [
            prediction_lines(
                request_id=f"{ids}-{place}", at=at + timedelta(milliseconds=place),
                version=version.number, by=None, rows=[row],
                answers=Answers(
                    found.scores[place : place + 1],
                    None if found.decisions is None else found.decisions[place : place + 1],
                ),
                contract=version.contract, mask=mask,
            )
            for place, row in enumerate(rows)
        ]  # fmt: skip
        self.write("predictions", b"".join(lines))

    def tell(self, version: Version, labels: Mapping[str, Any], *, at: datetime = NOON) -> None:
        """Write labels of requests."""
        truths = [Truth(label=label, request_id=name) for name, label in labels.items()]
        mask = Mask(version.contract, "drop")
        lines = label_lines(request_id="t", at=at, by=None, truths=truths, mask=mask)
        self.write("labels", lines)

    def write(self, kind: str, lines: bytes) -> None:
        if kind not in self._logs:
            self._logs[kind] = EventLog(self.folder, Events(), name=kind)
        self._logs[kind].write(lines)

    def close(self) -> None:
        for log in self._logs.values():
            log.close()
        self._logs.clear()


def truths(task: Task, table: pa.Table, classes: tuple[str, ...]) -> list[Any]:
    """Give labels of rows: those the first seed has learnt from."""
    labels = labels_of(table, task)
    if task is Task.REGRESSION:
        return labels.tolist()
    return [classes[int(label)] for label in np.asarray(labels)]
