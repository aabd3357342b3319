"""A small shop whose orders are dated: trained on a quarter, asked about day by day afterwards.

From `CHANGE` on what a price means is the other way round, so a model of the first months is wrong.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa

from adapters import registry
from adapters.declaration import LoadedProject, load
from adapters.events.log import EventLog
from adapters.events.reading import LABELS, PREDICTIONS
from adapters.hosting import events_folder
from adapters.labelling.contracts import contract_for
from adapters.records import Records
from adapters.stacks.environment import state
from lifecycle.modeling.candidate import Candidate
from lifecycle.monitoring.review import Review
from lifecycle.serving.contract import Contract
from lifecycle.serving.events import Mask, Truth, label_lines, prediction_lines
from lifecycle.serving.inputs import Answers
from pipelines import reviewing, running
from pipelines.reviewing import Monitored
from steps.alarm import alarm
from steps.look import look
from steps.picture import picture
from steps.relabel import relabel
from steps.review import review
from steps.survey import survey
from tests.servers.process import free_port

DAY = timedelta(days=1)
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
TRAINED = datetime(2026, 4, 1, tzinfo=UTC)
CHANGE = datetime(2026, 5, 1, tzinfo=UTC)
LAST = datetime(2026, 7, 1, tzinfo=UTC)
A_DAY = 40
"""Orders a day in the table."""

YAML = """\
name: {name}
about:
  question: Will this order come back?
  decision: Ask before it is sent.
  owner: tests
data:
  tables: {{orders: orders.csv}}
  window: {{to: 2026-04-01}}
  key: [order]
  time: at
  label: {{column: returned, task: binary, arrives_after: 12h}}
schema:
  order: {{type: integer, role: ignore}}
  at: {{type: time, role: ignore}}
  price: {{type: number, min: 0, max: 5000}}
  items: {{type: integer, min: 0, max: 20}}
  shop: {{type: category, values: [a, b, c]}}
split: {{by: time, from: 2026-03-18}}
features: {{calendar: []}}
search: {{metric: log_loss, families: [linear], trials: 1, folds: 3, seed: 3}}
gates:
  - {{kind: metric, metric: roc_auc, at_least: 0.6}}
  - {{kind: champion, metric: log_loss, confidence: 0.95}}
serving: {{engine: process, port: {port}, drain: 0.2s}}
monitoring:
  window: 1d
  drift: {{rows: 100}}
  labels: {{rows: 100, share: 50%}}
  health: {{disk: 0%}}
retraining:
  when: [drift, concept]
  after: 2
  window: 30d
  test: 10d
  cooldown: 7d
  min_labels: 100
"""


def orders(
    start: datetime, days: int, *, a_day: int = A_DAY, seed: int = 0, price: float = 1.0
) -> pd.DataFrame:
    """Orders of some days, spread evenly over each; `price` multiplies what they cost.

    An order's number follows from its day, so that any stretch can be made by itself.
    """
    first = (start - FIRST) // DAY * 1_000
    numbers = np.concatenate([first + 1_000 * day + np.arange(a_day) for day in range(days)])
    random = np.random.default_rng([seed, first])
    at = [start + day * DAY + DAY * (n + 0.5) / a_day for day in range(days) for n in range(a_day)]
    cost, items = random.uniform(5, 400, len(at)), random.integers(1, 9, len(at))
    shop = random.choice(["a", "b", "c"], len(at))
    sign = np.where(np.array(at) < CHANGE, 1, -1)
    logit = sign * (cost - 200) / 40 + (items - 4) * 0.3 + (shop == "b") * 0.8
    return pd.DataFrame(
        {
            "order": numbers,
            "at": pd.to_datetime(at).tz_localize(None).as_unit("s"),
            "price": (cost * price).round(2),
            "items": items,
            "shop": shop,
            "returned": random.random(len(at)) < 1 / (1 + np.exp(-logit)),
        }
    )


def write_project(folder: Path, *, port: int = 3999, **replaced: str) -> Path:
    """Write the shop's declaration and its orders from January to June.

    Parameters
    ----------
    replaced
        By a name of its own each: words of the declaration, `=>`, and what takes their place.
    """
    folder.mkdir(parents=True, exist_ok=True)
    text = YAML.format(name=folder.name, port=port)
    for change in replaced.values():
        old, _, new = change.partition("=>")
        assert old in text, f"{old} is not in the declaration"
        text = text.replace(old, new)
    (folder / "project.yaml").write_text(text)
    table = orders(FIRST, (LAST - FIRST) // DAY)
    table.to_csv(folder / "orders.csv", index=False)
    return folder


@dataclass(frozen=True)
class Shop:
    """The shop with one registered version, and a way to fill its event log as a service would.

    Parameters
    ----------
    clock
        The file that says what time it is.
    """

    loaded: LoadedProject
    version: str
    state: Path
    root: Path
    clock: Path

    @property
    def name(self) -> str:
        return self.loaded.project.name

    @property
    def events(self) -> Path:
        return events_folder(self.state, self.name)

    @property
    def contract(self) -> Contract:
        return contract_for(self.name, self.version, self.loaded.project)

    def at(self, moment: datetime) -> None:
        """Let it be that time, in this process and in those it starts."""
        self.clock.write_text(moment.isoformat())

    def ask(
        self,
        rows: pd.DataFrame,
        *,
        version: str | None = None,
        missing: Sequence[str] = (),
        id_prefix: str = "r",
    ) -> pd.DataFrame:
        """Answer orders when they are made, as the service does; give them back.

        Parameters
        ----------
        version
            Under which the answers are written down.
        missing
            Columns a client sends as null.
        """
        contract, candidate = self.contract, self._candidate()
        asked = rows.assign(**dict.fromkeys(missing))
        scores = candidate.score(_table(asked))
        decisions = np.asarray(candidate.decide(scores))
        mask = Mask(contract, "drop")
        with EventLog(self.events, self.loaded.project.serving.events, name=PREDICTIONS) as log:
            for place, (row, inputs) in enumerate(
                zip(asked.to_dict("records"), sent(asked, contract), strict=True)
            ):
                log.write(
                    prediction_lines(
                        request_id=f"{id_prefix}-{row['order']}",
                        at=row["at"].to_pydatetime().replace(tzinfo=UTC),
                        version=version or self.version,
                        by=None,
                        rows=[inputs],
                        answers=Answers(scores[[place]], decisions[[place]]),
                        contract=contract,
                        mask=mask,
                    )
                )
        return rows

    def tell(
        self,
        rows: pd.DataFrame,
        *,
        at: datetime,
        by: Literal["key", "request"] = "key",
        wrong: bool = False,
    ) -> None:
        """Tell what became of orders, all at one moment."""
        truths = [
            Truth(
                label=bool(row["returned"]) != wrong,
                **(
                    {"key": {"order": row["order"]}}
                    if by == "key"
                    else {"request_id": f"r-{row['order']}", "row": 0}
                ),
            )
            for row in rows.to_dict("records")
        ]
        mask = Mask(self.contract, "drop")
        with EventLog(self.events, self.loaded.project.serving.events, name=LABELS) as log:
            log.write(label_lines(request_id="t", at=at, by=None, truths=truths, mask=mask))

    def look(self, as_of: datetime, *changes: str) -> Monitored:
        """Monitor step by step, as of a moment, which it is from then on.

        The same as `monitor` in a quarter of the time, which goes into ZenML's bookkeeping.
        """
        self.at(as_of)
        project = self.declared(*changes).project
        found, moment = relabel.entrypoint(project, str(self.loaded.folder), as_of.isoformat())
        windows = survey.entrypoint(project.monitoring, found, project.name, moment)
        reviews = review.entrypoint(windows, project, moment)
        looked = look.entrypoint(reviews, project, moment)
        told = alarm.entrypoint(looked, project.monitoring, project.name, moment)
        index = picture.entrypoint(looked, told, project, moment)
        return Monitored(reviews=looked, alarm=told, index=index)

    def monitor(self, as_of: datetime, *changes: str) -> Monitored:
        """Run the pipeline, as of a moment, which it is from then on."""
        self.at(as_of)
        return reviewing.run(self.declared(*changes), stack="local", root=self.root)

    def declared(self, *changes: str) -> LoadedProject:
        """Give the declaration with some values changed, as `--set` does."""
        return load(str(self.loaded.folder), root=self.root, overrides=changes)

    def reviews(self) -> tuple[Review, ...]:
        """Give all recorded reviews of windows."""
        with Records.open(self.state) as records:
            found = records.reviews(self.name)
        return tuple(review for review in found if not review.is_look)

    def _candidate(self) -> Candidate:
        return registry.candidate_of(self.name, self.version)


def open_shop(folder: Path, root: Path, **replaced: str) -> Shop:
    """Write the shop and train its first version."""
    loaded = load(str(write_project(folder, port=free_port(), **replaced)), root=root)
    ending = running.run("training", loaded, stack="local", root=root)
    assert ending.story.version is not None, ending.story.blocking
    registry.crown(loaded.project.name, ending.story.version.number)
    return Shop(loaded, ending.story.version.number, state(root), root, folder / "clock")


def empty(shop: Shop) -> None:
    """Take away all that was answered, found and decided; what was trained stays."""
    for kept in ("events", "monitoring", "reports"):
        shutil.rmtree(shop.state / kept / shop.name, ignore_errors=True)
    for file in shop.state.glob("records.db*"):
        file.unlink()


def sent(rows: pd.DataFrame, contract: Contract) -> list[dict[str, Any]]:
    """Give rows as a client sends them."""
    names = [field.name for field in contract.fields]
    return [{name: _sent(row[name]) for name in names} for row in rows.to_dict("records")]


def _table(rows: pd.DataFrame) -> pa.Table:
    columns = {
        "order": pa.int64(),
        "at": pa.timestamp("us"),
        "price": pa.float64(),
        "items": pa.int64(),
        "shop": pa.string(),
    }
    return pa.table({name: pa.array(rows[name].tolist(), kind) for name, kind in columns.items()})


def _sent(value: Any) -> Any:
    if value is None or value != value:
        return None
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    return value.item() if hasattr(value, "item") else value
