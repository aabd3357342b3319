"""What the real service counts."""

import re
import time

import numpy as np
import pytest
from prometheus_client import CollectorRegistry, Histogram

from adapters import rehearsal
from adapters.events import reading
from lifecycle.serving.contract import Contract, Field, Layout
from lifecycle.serving.manifest import Manifest
from lifecycle.task import Task
from service import front
from service.metrics import Metrics, _observe_many
from tests.servers.serving import ROW

A_MANIFEST = Manifest(
    project="x", version="3", label="y", task=Task.REGRESSION, layout=Layout(), parts=(), files={}
)
A_CONTRACT = Contract(
    project="x", label="y", task=Task.REGRESSION, fields=(Field(name="z", type="number"),)
)


def figures(client) -> dict[str, float]:
    text = client.get("/metrics").text
    return {
        line.rpartition(" ")[0]: float(line.rpartition(" ")[2])
        for line in text.splitlines()
        if not line.startswith("#")
    }


def grown(client, ask) -> dict[str, float]:
    before = figures(client)
    ask()
    after = figures(client)
    return {name: value - before.get(name, 0) for name, value in after.items()}


def test_a_prediction_is_counted(client) -> None:
    row = {**ROW, "origin": "SFO", "distance": None}

    told = grown(client, lambda: client.post("/predict", json=row))

    version = 'version="3"'
    assert told['perennial_requests_total{route="/predict",status="200"}'] == 1
    assert told['perennial_request_seconds_count{route="/predict"}'] == 1
    assert told["perennial_request_bytes_count"] == 1
    assert told[f"perennial_rows_total{{{version}}}"] == 1
    decided = [
        told.get(f'perennial_predictions_total{{decision="{name}",{version}}}', 0)
        for name in ("no", "yes")
    ]
    assert sorted(decided) == [0, 1]
    assert told[f"perennial_score_count{{{version}}}"] == 1
    assert told['perennial_unseen_categories_total{column="origin"}'] == 1
    assert told['perennial_missing_values_total{column="distance"}'] == 1
    assert told['perennial_events_total{outcome="written"}'] == 1


def test_many_predictions_are_counted_row_by_row(client) -> None:
    rows = [{**ROW, "distance": 10.0 * n} for n in range(60)]

    told = grown(client, lambda: client.post("/predict", json=rows))

    assert told['perennial_rows_total{version="3"}'] == 60
    assert told['perennial_score_count{version="3"}'] == 60
    decided = [
        value for name, value in told.items() if name.startswith("perennial_predictions_total")
    ]
    assert sum(decided) == 60
    assert told['perennial_events_total{outcome="written"}'] == 60


def test_refusals_are_counted_by_their_problem(client) -> None:
    told = grown(client, lambda: client.post("/predict", json={}))

    assert told['perennial_refused_total{problem="/problems/contract"}'] == 1
    assert told['perennial_requests_total{route="/predict",status="422"}'] == 1


def test_what_callers_invent_makes_no_figure_of_its_own(client) -> None:
    told = grown(client, lambda: [client.get(f"/nothing/{n}") for n in range(5)])

    assert told['perennial_requests_total{route="other",status="404"}'] == 5
    assert not any("nothing" in name for name in told)


def test_how_it_is_can_be_seen(client) -> None:
    told = figures(client)

    assert told["perennial_ready"] == 1
    assert told["perennial_loop_lag_seconds"] >= 0
    build = next(name for name in told if name.startswith("perennial_build_info"))
    assert re.search(r'candidate="[0-9a-f]{64}".*manifest="[0-9a-f]{64}".*project="flights"', build)


def test_a_rehearsal_is_counted_as_one(client) -> None:
    ours = {"X-Request-Id": "smoke-1"}

    told = grown(client, lambda: client.post("/predict", json=ROW, headers=ours))

    assert told['perennial_requests_total{route="rehearsal",status="200"}'] == 1
    assert told['perennial_requests_total{route="/predict",status="200"}'] == 0
    assert told['perennial_request_seconds_count{route="rehearsal"}'] == 1


def test_what_goes_wrong_first_is_counted_from_zero(client) -> None:
    told = figures(client)

    assert told['perennial_requests_total{route="/labels",status="503"}'] == 0
    assert told['perennial_refused_total{problem="/problems/busy"}'] == 0


def test_since_when_it_counts_and_when_it_was_asked_last_can_be_seen(client) -> None:
    begun = time.time()
    client.post("/predict", json=ROW)

    told = figures(client)

    assert 0 <= begun - told["perennial_started_timestamp_seconds"] < 600
    assert 0 <= told["perennial_last_prediction_timestamp_seconds"] - begun < 5
    assert told["perennial_starts_total"] == 1
    assert 30e6 < told["perennial_memory_bytes"] < 2e9


def test_how_long_a_request_would_have_waited_is_counted_all_the_time(client) -> None:
    told = grown(client, lambda: time.sleep(0.5))

    assert 5 <= told["perennial_wait_seconds_count"] <= 30


@pytest.mark.parametrize(
    ("lag", "counted", "longest"),
    [(0.0, 1, 1), (0.04, 1, 1), (1.0, 20, 10), (3_600.0, 1_200, 1_200)],
)
def test_a_standstill_counts_for_everybody_it_keeps_waiting(lag, counted, longest) -> None:
    metrics = Metrics(A_MANIFEST, A_CONTRACT, digest="9f")

    metrics.waited(lag, every=0.05)

    told = metrics.expose().decode()
    assert f"perennial_wait_seconds_count {counted}.0" in told
    within = re.search(r'perennial_wait_seconds_bucket{le="0.5"} (\d+)', told)[1]
    assert counted - int(within) == (0 if lag < 1 else longest)


def test_our_own_requests_are_known_by_the_name_they_are_given() -> None:
    assert rehearsal.PREFIX == reading.REHEARSAL == front.OURS


@pytest.mark.parametrize("size", [2, 1_000])
def test_values_observed_together_are_those_observed_one_by_one(size) -> None:
    values = np.round(np.random.default_rng(0).uniform(-0.1, 1.1, size), 2)
    one, together = (
        Histogram(name, "x", registry=CollectorRegistry(), buckets=(0.05, 0.1, 0.5, 1))
        for name in ("one", "together")
    )
    for value in values.tolist():
        one.observe(value)

    _observe_many(together, values)

    expected = [sample.value for sample in one.collect()[0].samples if "created" not in sample.name]
    found = [
        sample.value for sample in together.collect()[0].samples if "created" not in sample.name
    ]
    assert found == pytest.approx(expected)
