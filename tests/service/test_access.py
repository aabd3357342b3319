"""Who may do what, asked of the real service."""

from pathlib import Path

import httpx
import pytest

from adapters.access.keys import KeyFile
from tests.servers.serving import ROW, Served, a_package, serving

LABEL = {"request_id": "r", "label": "yes"}
NEEDS = {
    ("POST", "/predict"): "predict",
    ("POST", "/labels"): "label",
    ("POST", "/outcomes"): "label",
    ("GET", "/contract"): "read",
    ("GET", "/openapi.json"): "read",
    ("GET", "/metrics"): "read",
}
OUTCOME = {"request_id": "r", "name": "booked"}
BODIES = {"/predict": ROW, "/labels": LABEL, "/outcomes": OUTCOME}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    file = tmp_path_factory.mktemp("keys") / "keys.json"
    made = {role: KeyFile(file).create(role, [role], None) for role in ("predict", "label", "read")}
    made["admin"] = KeyFile(file).create("admin", ["admin"], None)
    return file, {role: key for role, (_, key) in made.items()}


@pytest.fixture(scope="module")
def guarded(keys, tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("guarded")
    a_package(folder / "package", serving={"limits": {"rate": 5}})
    with serving(
        folder / "package", home=folder / "home", events=folder / "events", keys=keys[0]
    ) as served:
        yield served


def ask(served: Served, method: str, path: str, key: str | None) -> httpx.Response:
    headers = {} if key is None else {"authorization": f"Bearer {key}"}
    return httpx.request(method, served.url + path, json=BODIES.get(path), headers=headers)


@pytest.mark.parametrize(("method", "path"), NEEDS)
def test_each_route_takes_the_role_it_needs_and_no_other(guarded, keys, method, path) -> None:
    answers = {role: ask(guarded, method, path, key).status_code for role, key in keys[1].items()}

    may = {role for role, status in answers.items() if status in (200, 202)}
    assert may == {NEEDS[method, path], "admin"}
    assert {answers[role] for role in set(answers) - may} == {403}


@pytest.mark.parametrize(("method", "path"), NEEDS)
@pytest.mark.parametrize("key", [None, "prn_abcdefghijkl_" + "S" * 43, "nonsense"])
def test_nobody_gets_in_without_a_key(guarded, method, path, key) -> None:
    answer = ask(guarded, method, path, key)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith('Bearer realm="perennial"')
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/docs", "/docs/docs.js"])
def test_health_and_the_empty_page_are_open(guarded, path) -> None:
    assert ask(guarded, "GET", path, None).status_code == 200


def test_who_asks_too_often_is_told_when_to_come_again(guarded, keys) -> None:
    answers = [ask(guarded, "POST", "/predict", keys[1]["predict"]) for _ in range(20)]

    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert all(answer.headers["retry-after"] == "1" for answer in refused)


def test_the_body_of_a_stranger_is_never_read(guarded) -> None:
    answer = httpx.post(f"{guarded.url}/predict", content=b"{", headers={"content-type": "x/y"})

    assert answer.status_code == 401


def test_what_was_asked_is_written_down_with_the_id_of_the_key(guarded, keys) -> None:
    headers = {"x-api-key": keys[1]["admin"], "x-request-id": "by-admin"}
    httpx.post(f"{guarded.url}/predict", json=ROW, headers=headers)

    folder = guarded.log.parent.parent / "events" / "predictions"
    lines = [line for file in folder.iterdir() for line in file.read_text().splitlines()]
    (line,) = [line for line in lines if '"id":"by-admin"' in line]
    identifier = keys[1]["admin"].split("_")[1]
    assert f'"by":"{identifier}"' in line
    assert keys[1]["admin"] not in line
