import json

import pytest

from lifecycle.serving import problem
from lifecycle.serving.faults import Fault, Faults, NotJson, TooManyRows, pointer

FAULT = Fault(0, "a/b", "/a~1b", '"x"', "a number", "a/b is a number.")


def test_a_problem_is_written_as_the_standard_says():
    body = json.loads(problem.problem(problem.BUSY, "Come again.", "r1").body())

    assert body == {
        "type": "/problems/busy",
        "title": "Busy",
        "status": 503,
        "detail": "Come again.",
        "request_id": "r1",
    }


def test_faults_become_a_problem_that_lists_them():
    body = json.loads(problem.problem_of(Faults([FAULT]), "r1").body())

    assert (body["status"], body["type"]) == (422, "/problems/contract")
    assert body["detail"] == "a/b is a number."
    assert body["errors"] == [
        {"row": 0, "field": "a/b", "pointer": "/a~1b", "found": '"x"', "allowed": "a number",
         "detail": "a/b is a number."}
    ]  # fmt: skip


def test_a_fault_of_the_whole_body_says_so_with_null():
    whole = Fault(None, None, "", "null", "an object", "The body is null.")

    error = json.loads(problem.problem_of(Faults([whole])).body())["errors"][0]

    assert (error["row"], error["field"], error["pointer"]) == (None, None, "")


@pytest.mark.parametrize(
    ("error", "status"), [(NotJson("The body is empty."), 400), (TooManyRows(3, 2), 413)]
)
def test_what_is_wrong_with_a_body_has_its_status(error, status):
    found = problem.problem_of(error)

    assert (found.status, found.detail) == (status, str(error))


def test_every_type_of_problem_is_told_from_the_others():
    names = {
        "not-json", "contract", "too-large", "too-many-rows", "too-slow", "unauthorized",
        "forbidden", "not-found", "method", "media-type", "rate", "busy", "cannot-record",
        "not-ready", "draining", "internal",
    }  # fmt: skip

    assert {kind.slug for kind in problem.KINDS} == names
    assert len({kind.title for kind in problem.KINDS}) == len(problem.KINDS) == len(names)
    assert [kind.status for kind in problem.KINDS] == sorted(kind.status for kind in problem.KINDS)


def test_whoever_may_come_again_is_told_when():
    assert {kind.status for kind in problem.KINDS if kind.waits} == {429, 503}
    assert all(kind.waits for kind in problem.KINDS if kind.status in (429, 503))


def test_no_type_names_an_address_elsewhere():
    assert all(kind.uri.startswith("/problems/") for kind in problem.KINDS)


def test_pointers_are_escaped():
    assert pointer(3, "a/b~c", "") == "/3/a~1b~0c/"
