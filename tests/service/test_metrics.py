"""What the real service counts."""

import re

import numpy as np
import pytest
from prometheus_client import CollectorRegistry, Histogram

from service.metrics import _observe_many
from tests.servers.serving import ROW


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
