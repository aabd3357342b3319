"""What the real service answers to a real client."""

import json
from pathlib import Path

import httpx
import pytest
from jsonschema import Draft202012Validator

from adapters.inference.engine import Engine
from lifecycle.serving.reading import Reader
from lifecycle.task import Task
from tests.servers.serving import ROW, a_package, serving


def lines(folder: Path, kind: str) -> list[dict]:
    files = sorted((folder / kind).glob("*.jsonl*"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def problem(answer: httpx.Response, status: int, slug: str) -> dict:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["type"] == f"/problems/{slug}"
    assert told["status"] == status
    assert told["request_id"] == answer.headers["x-request-id"]
    return told


def test_one_row_gets_one_answer_that_is_the_engines(client, package) -> None:
    engine = Engine.load(package)
    reader = Reader(engine.contract, engine.manifest.layout, most_rows=1)
    expected = engine.score(reader.read(json.dumps(ROW).encode()).inputs)

    answer = client.post("/predict", json=ROW)

    assert answer.status_code == 200
    told = answer.json()
    assert told.pop("request_id") == answer.headers["x-request-id"]
    decision = engine.contract.classes[expected.decisions.item()]
    assert told == {"version": "3", "score": expected.scores.item(), "decision": decision}


@pytest.mark.parametrize("task", [Task.MULTICLASS, Task.REGRESSION])
def test_every_kind_of_question_is_answered(task, tmp_path) -> None:
    a_package(tmp_path / "package", task=task)

    with serving(tmp_path / "package", home=tmp_path / "home", events=tmp_path / "ev") as served:
        document = httpx.get(f"{served.url}/openapi.json").json()
        one = httpx.post(f"{served.url}/predict?reasons=2", json=ROW).json()
        many = httpx.post(f"{served.url}/predict", json=[ROW] * 40).json()
        figures = httpx.get(f"{served.url}/metrics").text

    for name, told in (("Answer", one), ("Answers", many)):
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        Draft202012Validator(schema).validate(told)
    assert ("decision" in one) is task.is_classification
    assert 'perennial_score_count{version="3"} 41.0' in figures
    score = one["score"] if task is Task.REGRESSION else one["score"][one["decision"]]
    moved = score - one["reference_score"]
    assert len(one["reasons"]) == 2
    assert moved != 0


def test_many_rows_get_their_answers_in_order(client) -> None:
    rows = [{**ROW, "distance": float(miles)} for miles in range(0, 3_000, 60)]

    told = client.post("/predict", json=rows).json()

    alone = [client.post("/predict", json=row).json()["score"] for row in rows[::10]]
    assert [one["score"] for one in told["predictions"]][::10] == pytest.approx(alone, abs=1e-6)


def test_a_large_request_is_answered_beside_the_loop_and_the_same(client) -> None:
    rows = [{**ROW, "distance": float(miles)} for miles in range(200)]
    assert len(json.dumps(rows)) > 16_384

    told = client.post("/predict", json=rows)

    assert len(told.json()["predictions"]) == 200
    few = client.post("/predict", json=rows[:30]).json()["predictions"]
    scores = [one["score"] for one in told.json()["predictions"]]
    assert scores[:30] == pytest.approx([one["score"] for one in few], abs=1e-9)


def test_reasons_are_given_on_request_and_add_up(client) -> None:
    told = client.post("/predict?reasons=100", json=ROW).json()

    moved = sum(reason["contribution"] for reason in told["reasons"])
    assert moved == pytest.approx(told["score"] - told["reference_score"], abs=1e-6)
    values = {reason["column"]: reason["value"] for reason in told["reasons"]}
    assert values["distance"] == ROW["distance"]


@pytest.mark.parametrize(
    ("query", "count"),
    [("", None), ("?reasons=1", 1), ("?reasons=0", None), ("?reasons=false", None)],
)
def test_as_many_reasons_are_given_as_are_asked_for(client, query, count) -> None:
    told = client.post(f"/predict{query}", json=ROW).json()

    assert (len(told["reasons"]) if "reasons" in told else None) == count


@pytest.mark.parametrize(
    "query",
    [
        "?reasons=-1",
        "?reasons=101",
        "?reasons=x",
        "?reasons=1&reasons=2",
        "?reason=1",
        "?a",
        "?reasons=",
    ],
)
def test_any_other_query_is_refused(client, query) -> None:
    problem(client.post(f"/predict{query}", json=ROW), 422, "contract")


def test_all_faults_are_told_at_once(client) -> None:
    answer = client.post("/predict", json={**ROW, "distance": "far", "origni": "JFK"})

    told = problem(answer, 422, "contract")
    assert {fault["pointer"] for fault in told["errors"]} == {"/distance", "/origni"}


def test_what_is_no_json_is_told_so(client) -> None:
    headers = {"content-type": "application/json"}

    problem(client.post("/predict", content=b'{"a":', headers=headers), 400, "not-json")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_what_is_not_said_to_be_json_is_refused(client, kind) -> None:
    answer = client.post("/predict", content=json.dumps(ROW), headers={"content-type": kind})

    problem(answer, 415, "media-type")


def test_a_media_type_may_have_parameters(client) -> None:
    headers = {"content-type": "Application/JSON; charset=utf-8"}

    assert client.post("/predict", content=json.dumps(ROW), headers=headers).status_code == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"])
def test_another_method_is_told_which_there_is(client, method) -> None:
    answer = client.request(method, "/predict")

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    "path", ["/", "/predict/", "/schema.json", "/livez", "/static_content/x", "/%2e"]
)
def test_what_is_not_ours_is_not_found_and_never_bentomls(client, path) -> None:
    problem(client.get(path), 404, "not-found")


def test_an_id_that_was_sent_is_taken_over_and_an_unfit_one_replaced(client) -> None:
    fit = client.post("/predict", json=ROW, headers={"x-request-id": "order-7"})
    unfit = client.post("/predict", json=ROW, headers={"x-request-id": "x" * 129})

    assert fit.headers["x-request-id"] == fit.json()["request_id"] == "order-7"
    assert len(unfit.headers["x-request-id"]) == 32


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/contract", "/docs", "/nothing"])
def test_every_answer_is_guarded(client, path) -> None:
    headers = client.get(path).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert "server" not in headers


def test_the_page_runs_only_files_that_are_served_here(client) -> None:
    page = client.get("/docs").text

    files = [part.split('"')[0] for part in page.split('="docs/')[1:]]
    assert {"docs.js", "docs.css", "swagger-ui-bundle.js", "swagger-ui.css"} <= set(files)
    assert all(client.get(f"/docs/{file}").status_code == 200 for file in files)
    assert "<script>" not in page
    assert "http" not in page.replace("http-equiv", "")


def test_the_openapi_document_describes_what_is_answered(client) -> None:
    document = client.get("/openapi.json").json()

    schema = {"$ref": "#/components/schemas/Answer", "components": document["components"]}
    Draft202012Validator(schema).validate(client.post("/predict?reasons=3", json=ROW).json())
    assert set(document["paths"]) == {
        "/predict", "/labels", "/outcomes", "/contract", "/openapi.json", "/docs", "/healthz",
        "/readyz", "/metrics",
    }  # fmt: skip


def test_what_was_answered_was_written_with_personal_values_masked(client, events) -> None:
    told = client.post("/predict", json=[ROW, ROW], headers={"x-request-id": "written-1"}).json()

    found = [line for line in lines(events, "predictions") if line["id"] == "written-1"]
    assert [line["row"] for line in found] == [0, 1]
    assert found[0]["inputs"] == {**ROW, "whom": None}
    assert [line["score"] for line in found] == [one["score"] for one in told["predictions"]]
    assert found[0]["by"] is None


def test_labels_are_written_down(client, events) -> None:
    labels = [
        {"request_id": "written-1", "row": 1, "label": "yes"},
        {"key": {"flight": 12}, "label": "no", "known_at": "2013-07-02"},
    ]

    answer = client.post("/labels", json=labels)

    assert (answer.status_code, answer.json()["accepted"]) == (202, 2)
    found = [
        line for line in lines(events, "labels") if line["request"] == answer.json()["request_id"]
    ]
    assert [(line["id"], line["key"], line["label"]) for line in found] == [
        ("written-1", None, "yes"),
        (None, {"flight": 12}, "no"),
    ]


def test_a_label_that_cannot_be_is_refused_and_nothing_written(client, events) -> None:
    before = lines(events, "labels")

    answer = client.post(
        "/labels", json=[{"request_id": "r", "label": "yes"}, {"label": "perhaps"}]
    )

    problem(answer, 422, "contract")
    assert lines(events, "labels") == before
