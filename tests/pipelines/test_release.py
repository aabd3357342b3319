"""Whole releases: two real versions behind a real router, users who ask, and a conductor."""

import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pytest
import typer
from typer.testing import CliRunner

from adapters import registry
from adapters.clock import now
from adapters.declaration import LoadedProject, load
from adapters.promotion import take_away
from adapters.records import Records
from adapters.releasing.beginning import require_not_barred
from adapters.releasing.conductor import conductor_of
from adapters.releasing.units import figures
from adapters.stacks.activation import point_at_tracker
from adapters.stacks.environment import state
from adapters.supervision import Supervisor, read_live
from commands import moving, releasing
from lifecycle.data.describe import describe
from lifecycle.errors import PerennialError, ProjectError, Refused
from lifecycle.features.declaration import Features
from lifecycle.governance.lineage import Lineage
from lifecycle.governance.story import Story
from lifecycle.monitoring.usual import Usual
from lifecycle.release.release import Look, Release
from lifecycle.release.testing.concluding import judge_test
from lifecycle.task import Task
from pipelines import deploying
from pipelines import releasing as pipeline
from tests.adapters.releasing.stages import wait_until
from tests.lifecycle.serving.fitting import a_candidate
from tests.servers.process import free_port

pytestmark = pytest.mark.xdist_group("releases")

LOADING = Path(__file__).with_name("loading.py")
GOOD, WRONG = "2", "3"
YAML = """\
name: {name}
about: {{question: Is x more than nothing?, decision: Look closer., owner: tests}}
data:
  tables: {{rows: rows.csv}}
  label: {{column: y, task: binary}}
schema:
  x: {{type: number}}
  the colour: {{type: category}}
  y: {{type: category, values: ["no", "yes"]}}
serving: {{engine: process, port: {port}, drain: 0.2s, access: {{anonymous: true}}}}
release:
  strategy: canary
  steps: [30%]
  hold: 1s
  requests: 60
  patience: 1m
  keep: 1h
  unit: {{header: x-user-id}}
  guard: {{error_rate: 5%, turned_away: 10%, slower: 50, lag_ms: 240}}
  shadow: {{hold: 1s, requests: 60}}
  test: {{metric: {{name: booked}}, effect: 0.1, baseline: 0.5}}
"""

app = typer.Typer()
for command in (moving.rollback, releasing.releases, releasing.readmit):
    app.command()(command)


def run(*words: str) -> str:
    """Type a command; give what it printed."""
    done = CliRunner().invoke(app, [*words], catch_exceptions=False)
    assert done.exit_code == 0, done.stdout
    return done.stdout


def register(loaded: LoadedProject, seed: int, *, is_wrong: bool = False) -> str:
    """Register a version fitted to made rows, a wrong one to the opposite; give its number."""
    generator = np.random.default_rng(seed)
    colours = generator.choice(["red", "green"], 200)
    table = pa.table({"x": generator.normal(size=200), "the colour": colours})
    labels = ((table["x"].to_numpy() > 0) != is_wrong).astype(float)
    project = loaded.project
    told = table.append_column("y", pa.array(np.where(labels > 0, "yes", "no")))
    candidate = a_candidate(
        Task.BINARY, ("linear",), table=table, schema=project.columns, labels=labels,
        features=Features(),
    )  # fmt: skip
    story = Story(
        name=project.name, label="y", task=Task.BINARY, positive="yes",
        description=describe(told, told, project.columns, project.data),
        lineage=Lineage(project=project.name, run=f"run {seed}", data_fingerprint=str(seed)),
    )  # fmt: skip
    kept = registry.register(story, candidate, b"", Usual(), table, lock=None)
    assert kept.version is not None
    return kept.version.number


@dataclass
class Asked:
    """What came of the users' requests, once they are over."""

    lines: list[dict[str, Any]]

    @property
    def statuses(self) -> set[int]:
        return {line["status"] for line in self.lines}

    @property
    def versions(self) -> set[str]:
        return {line["version"] for line in self.lines}


@dataclass
class House:
    """A project with a version that answers, one as good, and one that says the opposite."""

    folder: Path
    root: Path
    home: Path

    @property
    def state(self) -> Path:
        return state(self.root)

    @property
    def name(self) -> str:
        return self.folder.name

    def declared(self, *changes: str) -> LoadedProject:
        return load(str(self.folder), root=self.root, overrides=changes)

    def deploy(self, version: str) -> None:
        ended = deploying.run(
            self.declared(), version=version, stack="local", root=self.root, by="ann"
        )
        assert ended.is_live, ended.blocking

    def release(self, version: str, strategy: str, *changes: str) -> Release:
        loaded = self.declared(f"release.strategy={strategy}", *changes)
        return pipeline.run(
            loaded, version=version, by="ann", why="", stack="local", root=self.root
        )

    def now(self, number: int) -> Release:
        with Records.open(self.state) as records:
            found = records.release(number)
        assert found is not None
        return found

    def ended(self, release: Release, *states: str, seconds: float = 45) -> Release:
        """Wait until a release is in one of some states."""
        wait_until(
            lambda: self.now(release.number).state in states, seconds,
            f"{self.now(release.number).state}: {self.last(release.number)}",
        )  # fmt: skip
        return self.now(release.number)

    def last(self, number: int) -> Look | None:
        with Records.open(self.state) as records:
            return records.last_look(number)

    @property
    def live(self) -> str | None:
        found = read_live(self.state, self.name)
        return None if found is None else found.version

    @property
    def aliases(self) -> tuple[str | None, str | None]:
        """The champion and the challenger."""
        names = (registry.CHAMPION, registry.CHALLENGER)
        champion, challenger = (registry.alias_of(self.name, name) for name in names)
        return champion, challenger

    def answering(self, times: int = 20) -> set[str]:
        live = read_live(self.state, self.name)
        assert live is not None
        with httpx.Client(base_url=live.url) as client:
            row = {"x": 1.0, "the colour": "red"}
            return {
                client.post("/predict", json=row).json()["version"] for _ in range(times)
            }  # fmt: skip

    def running(self) -> set[str]:
        """The versions that run."""
        names = (one.name for one in Supervisor(self.state).status() if one.pid is not None)
        return {name.split(".")[1][0] for name in names if name.startswith(f"{self.name}.")}

    @contextmanager
    def users(self) -> Iterator[Asked]:
        """Let users ask without a pause."""
        live = read_live(self.state, self.name)
        assert live is not None
        for name in ("over", "told"):
            (self.home / name).unlink(missing_ok=True)
        command = [sys.executable, "-I", str(LOADING), str(live.public_port), str(self.home)]
        asking, asked = subprocess.Popen(command), Asked([])
        try:
            yield asked
        finally:
            (self.home / "over").touch()
            asking.wait(20)
            told = (self.home / "told").read_text().splitlines()
            asked.lines.extend(json.loads(line) for line in told)

    def logged(self, *below: str) -> list[dict[str, Any]]:
        """The lines of predictions, of users only."""
        folder = self.state.joinpath("events", self.name, *below, "predictions")
        lines = [line for file in folder.glob("*") for line in file.read_text().splitlines()]
        found = [json.loads(line) for line in lines]
        return [line for line in found if not line["id"].startswith("smoke-")]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("projects") / f"moves{free_port()}"
    folder.mkdir()
    (folder / "project.yaml").write_text(YAML.format(name=folder.name, port=free_port()))
    (folder / "rows.csv").write_text("x,the colour,y\n1,red,yes\n")
    house = House(folder, root, tmp_path_factory.mktemp("users"))
    point_at_tracker("local", root=root)
    registered = [register(house.declared(), seed) for seed in (1, 2)]
    assert [*registered, register(house.declared(), 3, is_wrong=True)] == ["1", GOOD, WRONG]
    try:
        yield house
    finally:
        take_away(house.name, by="tests", state=house.state)


@pytest.fixture
def house(made: House) -> Iterator[House]:
    """Version 1 answers, no release goes on, and no version is barred."""
    if made.live != "1":
        made.deploy("1")
    yield made
    if made.live not in (None, "1") or _open(made):
        run("rollback", "--project", made.name)
    for version in (GOOD, WRONG):
        CliRunner().invoke(
            app, ["readmit", "--project", made.name, "--version", version, "--why", "tests"]
        )


def _open(house: House) -> bool:
    with Records.open(house.state) as records:
        return records.open_one(house.name) is not None


def test_a_canary_is_promoted_under_traffic_without_a_failed_request_and_taken_back(
    house: House,
) -> None:
    began = now()
    with house.users() as asked:
        time.sleep(0.5)
        before = now()
        release = house.release(GOOD, "canary", "release.keep=1s")
        moving = now()
        ended = house.ended(release, "promoted", "rolled back")
        time.sleep(0.5)
        after = now()

    assert ended.state == "promoted", ended.ending
    assert len(asked.lines) > 500
    assert asked.statuses == {200}
    assert asked.versions == {"1", GOOD}
    assert (house.live, house.answering(), house.aliases[0]) == (GOOD, {GOOD}, GOOD)
    look = _looks(house, release, "promote")[-1]
    assert look.findings.pairs is not None
    assert look.findings.pairs.rows > 60
    assert look.findings.pairs.agreeing / look.findings.pairs.rows > 0.9
    assert {verdict.rule for verdict in look.verdicts} >= {"agreement", "error rate", "slower"}
    wait_until(lambda: house.running() == {GOOD})

    for moment, told in (
        (before, "all to version 1"),
        (moving, f"30% to version {GOOD}, 70% to version 1"),
        (after, f"all to version {GOOD}"),
    ):
        at = moment.astimezone(UTC).isoformat()
        assert told in run("releases", "--project", house.name, "--at", at)

    clock = time.monotonic()
    told = run("rollback", "--project", house.name, "--by", "ada", "--why", "users complain")
    print(f"rollback with a restart, {time.monotonic() - clock:.2f} s in all: {told}")

    assert "version 1 answers again, after" in told
    assert (house.live, house.answering(), house.aliases[0]) == ("1", {"1"}, "1")
    assert house.running() == {"1"}
    assert began < before


def test_a_challenger_that_says_the_opposite_goes_back_and_stays_back_until_readmitted(
    house: House,
) -> None:
    with house.users() as asked:
        release = house.release(WRONG, "canary", "release.hold=1h")
        ended = house.ended(release, "promoted", "rolled back")

    assert ended.state == "rolled back"
    assert asked.statuses == {200}
    assert "agreement:" in ended.ending
    assert {verdict.rule: verdict.outcome for verdict in ended.verdicts}["agreement"] == "fail"
    assert (house.live, house.answering()) == ("1", {"1"})
    wait_until(lambda: conductor_of(house.name) not in _alive(house))
    assert house.aliases == ("1", None)
    assert house.running() == {"1"}
    for refused in (lambda: house.release(WRONG, "shadow"), lambda: house.deploy(WRONG)):
        with pytest.raises(Refused, match=rf"by policy: .*readmit --project {house.name}"):
            refused()
    run("readmit", "--project", house.name, "--version", WRONG, "--why", "it was meant to be")
    with Records.open(house.state) as records:
        require_not_barred(house.name, WRONG, records=records)


def test_a_shadow_is_compared_pair_by_pair_and_leaves_nothing_in_the_real_log(
    house: House,
) -> None:
    with house.users() as asked:
        release = house.release(GOOD, "shadow")
        ended = house.ended(release, "compared", "stopped", "rolled back")

    assert ended.state == "compared"
    assert asked.statuses == {200}
    assert asked.versions == {"1"}
    pairs = _looks(house, release, "finish")[-1].findings.pairs
    assert pairs is not None
    assert pairs.rows >= 60
    assert pairs.agreeing / pairs.rows > 0.9
    ids = {line["id"] for line in asked.lines}
    real = [line for line in house.logged() if line["id"] in ids]
    shadow = house.logged("shadow", str(release.number))
    assert {line["version"] for line in real} == {"1"}
    assert {line["version"] for line in shadow} == {GOOD}
    assert {line["id"] for line in shadow} <= {line["id"] for line in house.logged()}
    assert (house.live, house.aliases[0]) == ("1", "1")
    wait_until(lambda: house.running() == {"1"})


def test_blue_and_green_flip_and_flip_back_without_a_failed_request(house: House) -> None:
    with house.users() as asked:
        release = house.release(GOOD, "blue-green")
        flipped = (house.answering(), house.aliases[0], house.running())
        began = time.monotonic()
        told = run("rollback", "--project", house.name)
        took = time.monotonic() - began
        back = (house.answering(), house.aliases[0])

    print(f"rollback while it stands by, {took:.2f} s in all: {told}")
    assert flipped == ({GOOD}, GOOD, {"1", GOOD})
    assert back == ({"1"}, "1")
    assert asked.statuses == {200}
    assert asked.versions == {"1", GOOD}
    assert house.now(release.number).state == "rolled back"
    assert took < 15


def test_what_answers_already_is_not_released_against_itself(house: House) -> None:
    with pytest.raises(ProjectError, match="Version 1 is what answers already"):
        house.release("1", "canary")


def test_while_a_test_goes_on_units_stay_in_their_arms_and_nobody_else_moves(
    house: House,
) -> None:
    with house.users() as asked:
        release = house.release(GOOD, "ab", "release.test.shares=[60%]")
        refusals = [
            _refusal(lambda: house.release(WRONG, "canary")),
            _refusal(lambda: house.deploy(WRONG)),
        ]
        time.sleep(4)

    found = figures(house.state, house.now(release.number), now())
    assert release.design is not None
    assert release.policy.test is not None
    assert release.design.metric == "booked"
    assert release.design.told
    assert asked.statuses == {200}
    for told in refusals:
        assert f"Release {release.number} of {house.name} goes on since" in told
        assert "begun by ann" in told
        assert f"rollback --project {house.name}" in told

    since = release.stepped + timedelta(seconds=0.5)
    lines = {line["id"]: line for line in house.logged()}
    arms, versions = defaultdict(set), defaultdict(set)
    for one in asked.lines:
        line = lines[one["id"]]
        assert line["unit"]
        assert one["user"] not in json.dumps(line)
        if datetime.fromisoformat(line["at"]) > since:
            arms[one["user"]].add(line.get("arm"))
            versions[line.get("arm")].add(one["version"])
    assert len(arms) > 200
    assert all(len(of_one) == 1 for of_one in arms.values())
    number = release.number
    challenger, champion = f"{number}:challenger", f"{number}:champion"
    assert versions == {challenger: {GOOD}, champion: {"1"}, None: {"1"}}
    share = sum(of_one == {challenger} for of_one in arms.values()) / len(arms)
    assert 0.2 < share < 0.4

    (metric,) = found.metrics
    assert found.crossed == 0
    assert metric.challenger.units == pytest.approx(share * len(arms), rel=0.3)
    judged = {one.rule: one for one in judge_test(found, release.design, release.policy.test)}
    ratio = next(one for rule, one in judged.items() if "ratio" in rule or "mismatch" in rule)
    assert not ratio.outcome.blocks, ratio.reason

    take_away(house.name, by="bob", state=house.state)

    ended = house.now(number)
    assert (ended.state, ended.ending) == ("stopped", "It was stopped by bob, and nothing answers.")
    assert house.live is None
    assert conductor_of(house.name) not in _alive(house)
    with pytest.raises(ProjectError, match=r"Nothing of .* answers yet.*--pipeline deployment"):
        house.release(GOOD, "canary")


def _refusal(do: Any) -> str:
    with pytest.raises(PerennialError) as raised:
        do()
    return str(raised.value)


def _alive(house: House) -> set[str]:
    return {one.name for one in Supervisor(house.state).status() if one.pid is not None}


def _looks(house: House, release: Release, action: str) -> list[Look]:
    with Records.open(house.state) as records:
        return [look for look in records.looks(release.number) if look.action == action]
