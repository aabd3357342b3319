"""Units, arms and outcomes at the real service."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from lifecycle.release.plan import ARM_HEADER
from lifecycle.serving.outcomes import UnitMask
from tests.servers.serving import ROW, Served, a_package, serving
from tests.service.test_answers import lines, problem
from tests.service.test_metrics import grown

SECRET = "correct horse battery staple"
HASH = UnitMask(SECRET.encode())(b"u17")
BOOKED = {"name": "booked", "unit": "u17"}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(scope="module")
def told_apart(kept: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A service that knows whom requests are of."""
    folder = tmp_path_factory.mktemp("apart")
    a_package(folder / "package", serving={"access": {"anonymous": True}, "limits": {"rows": 50}})
    said = {"PERENNIAL_UNIT": "header x-user-id", "PERENNIAL_MASK": SECRET}
    with serving(folder / "package", home=folder / "home", events=kept, env=said) as served:
        yield served


@pytest.fixture
def apart(told_apart: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=told_apart.url, timeout=10) as client:
        yield client


def test_each_row_is_written_with_the_unit_and_the_arm(apart, kept) -> None:
    headers = {"x-request-id": "a", "x-user-id": "u17", ARM_HEADER: "7:challenger"}

    answer = apart.post("/predict", json=[ROW, ROW], headers=headers)

    assert "arm" not in answer.text
    found = [line for line in lines(kept, "predictions") if line["id"] == "a"]
    assert [(line["unit"], line["arm"]) for line in found] == [(HASH, "7:challenger")] * 2
    assert "u17" not in json.dumps(found)


def test_nothing_is_added_to_the_line_of_a_request_that_says_nothing(apart, kept) -> None:
    headers = {"x-request-id": "b", ARM_HEADER: ""}
    apart.post("/predict", json=ROW, headers=headers)

    (found,) = [line for line in lines(kept, "predictions") if line["id"] == "b"]
    assert list(found)[-1] == "decision"


def test_outcomes_are_written_with_the_hash_of_their_unit(apart, kept) -> None:
    told = [{**BOOKED, "id": "order-991", "happened_at": "2013-07-02"},
            {"name": "paid", "request_id": "a", "value": 129.5}]  # fmt: skip

    answer = apart.post("/outcomes", json=told, headers={"x-request-id": "o-1"})

    assert (answer.status_code, answer.json()) == (202, {"request_id": "o-1", "accepted": 2})
    first, second = [line for line in lines(kept, "outcomes") if line["sent"] == "o-1"]
    assert (first["unit"], first["id"], first["value"]) == (HASH, "order-991", 1.0)
    assert first["happened"] == "2013-07-02T00:00:00.000000Z"
    assert (second["unit"], second["request"], second["value"]) == (None, "a", 129.5)
    assert "u17" not in json.dumps(lines(kept, "outcomes"))


def test_outcomes_are_counted(apart) -> None:
    told = grown(apart, lambda: apart.post("/outcomes", json=[BOOKED] * 3))

    assert told['perennial_requests_total{route="/outcomes",status="202"}'] == 1
    assert told['perennial_requests_total{route="/outcomes",status="503"}'] == 0
    assert told['perennial_events_total{outcome="written"}'] == 3


def test_an_outcome_that_cannot_be_is_refused_and_nothing_written(apart, kept) -> None:
    before = lines(kept, "outcomes")

    answer = apart.post("/outcomes", json=[BOOKED, {**BOOKED, "value": "much"}])

    (fault,) = problem(answer, 422, "contract")["errors"]
    assert fault["pointer"] == "/1/value"
    assert lines(kept, "outcomes") == before
    problem(apart.post("/outcomes", json=[BOOKED] * 51), 413, "too-many-rows")
    problem(apart.post("/outcomes", content=b"{"), 415, "media-type")
    problem(apart.post("/outcomes?x=1", json=BOOKED), 422, "contract")
    problem(apart.get("/outcomes"), 405, "method")


def test_without_a_declared_unit_outcomes_are_told_of_requests(client, events) -> None:
    told = problem(client.post("/outcomes", json=BOOKED), 422, "contract")
    answer = client.post("/outcomes", json={"name": "booked", "request_id": "r-7"})

    assert "Declare release.unit" in told["detail"]
    assert answer.status_code == 202
    assert "r-7" in {line["request"] for line in lines(events, "outcomes")}
    named = client.get("/openapi.json").json()["components"]["schemas"]
    assert "OutcomeOfRequest" in named
    assert "OutcomeOfUnit" not in named


def test_what_a_shadow_is_told_stays_with_the_shadow(kept, told_apart, tmp_path) -> None:
    shadow = kept / "shadow" / "7"
    before = {kind: lines(kept, kind) for kind in ("predictions", "labels", "outcomes")}
    a_package(tmp_path / "package", version="4")
    said = {"PERENNIAL_UNIT": "header x-user-id", "PERENNIAL_MASK": SECRET}

    with serving(tmp_path / "package", home=tmp_path / "home", events=shadow, env=said) as served:
        # As the router mirrors: the same headers, but for the host.
        headers = {"host": "127.0.0.1:3000-shadow", "x-request-id": "m-1", "x-user-id": "u17"}
        with httpx.Client(base_url=served.url, headers=headers) as client:
            answers = [
                client.post("/predict", json=ROW),
                client.post("/labels", json={"request_id": "m-1", "label": "yes"}),
                client.post("/outcomes", json=BOOKED),
            ]

    assert [answer.status_code for answer in answers] == [200, 202, 202]
    assert {answer.headers["x-request-id"] for answer in answers} == {"m-1"}
    (line,) = lines(shadow, "predictions")
    assert (line["id"], line["version"], line["unit"]) == ("m-1", "4", HASH)
    assert {kind: lines(kept, kind) for kind in before} == before
