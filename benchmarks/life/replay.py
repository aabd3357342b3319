"""Flights asked about on their day, through the real service, and their truth told later."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from adapters.access import command
from adapters.declaration import LoadedProject
from adapters.warehouse import gather
from benchmarks.life.place import set_clock
from lifecycle.data.conform import conform

ROWS = 2_000
DAY = timedelta(days=1)
NOON, MORNING = timedelta(hours=12), timedelta(hours=6)
LATE, LATE_DAYS = 0.1, 3
"""A tenth of the labels come three days later than the others."""


class Replay:
    """The rows of a project, day by day.

    Parameters
    ----------
    url
        Where the service answers.
    """

    def __init__(self, loaded: LoadedProject, *, state: Path, url: str) -> None:
        project = loaded.project
        raw, _ = gather(project.data, project.columns, home=loaded.folder)
        table, _, _ = conform(raw, project.columns, project.data)
        self._time, self._label = project.data.time, project.data.label.column
        self.table = table.sort_by(self._time)
        self._state, self._waiting = state, {}  # type: ignore[var-annotated]
        self.asked = self.told = 0
        _, token = command.create(project.name, "life", ["predict", "label"], None, state=state)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._client = httpx.Client(base_url=url, headers=headers, timeout=60)

    def play(self, since: datetime, until: datetime) -> None:
        """Ask about every flight of some days at its noon; tell what is known each morning."""
        day = since
        while day < until:
            set_clock(self._state, day + MORNING)
            self._tell(day)
            set_clock(self._state, day + NOON)
            for number, rows in enumerate(self._rows(day)):
                self._ask(day, f"{day:%Y-%m-%d}-{number}", rows)
            day += DAY
        set_clock(self._state, until + MORNING)
        self._tell(until)

    def between(self, since: datetime, until: datetime) -> pa.Table:
        """Give the rows of a stretch of time."""
        start, end = (
            pa.scalar(moment.replace(tzinfo=None), pa.timestamp("us")) for moment in (since, until)
        )
        times = self.table[self._time]
        return self.table.filter(pc.and_(pc.greater_equal(times, start), pc.less(times, end)))

    def _rows(self, day: datetime) -> Iterator[pa.Table]:
        table = self.between(day, day + DAY)
        for start in range(0, len(table), ROWS):
            yield table.slice(start, ROWS)

    def _ask(self, day: datetime, request: str, rows: pa.Table) -> None:
        inputs = rows.drop_columns([self._label]).to_pylist()
        self._post("/predict", inputs, {"X-Request-Id": request})
        self.asked += len(rows)
        random = np.random.default_rng(int(day.timestamp()))
        for row, label in enumerate(rows[self._label].to_pylist()):
            wait = LATE_DAYS if random.random() < LATE else 1
            truth = {"request_id": request, "row": row, "label": label}
            self._waiting.setdefault(day + wait * DAY, []).append(truth)

    def _tell(self, day: datetime) -> None:
        truths = self._waiting.pop(day, [])
        for start in range(0, len(truths), ROWS):
            self._post("/labels", truths[start : start + ROWS], {})
        self.told += len(truths)

    def _post(self, path: str, body: Any, headers: dict[str, str]) -> None:
        answered = self._client.post(path, content=msgspec.json.encode(body), headers=headers)
        if answered.is_error:
            raise RuntimeError(f"{path} answered {answered.status_code}: {answered.text[:1000]}")
