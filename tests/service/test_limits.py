"""How much the real service takes on, and how it turns the rest away."""

import json
import time
from contextlib import closing

import pytest

from tests.servers.serving import ROW
from tests.service.wire import ask, connect, read, request

SECONDS = 2
"""As the service is packaged with in conftest, and a body of 64 KB."""


def told(answer) -> tuple[int, str]:
    status, headers, body = answer
    assert headers["content-type"] == "application/problem+json"
    return status, json.loads(body)["type"].rpartition("/")[2]


def test_a_body_announced_as_too_large_is_refused_before_it_comes(served) -> None:
    sent = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"

    answer = ask(served.port, sent + b"Content-Length: 65537\r\n\r\n")

    assert told(answer) == (413, "too-large")


def test_a_body_that_turns_out_too_large_is_refused_while_it_comes(served) -> None:
    sent = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    piece = b"4000\r\n" + b" " * 0x4000 + b"\r\n"

    with closing(connect(served.port)) as connection:
        connection.sendall(sent + b"Transfer-Encoding: chunked\r\n\r\n" + piece * 4)
        connection.sendall(b"1\r\n \r\n")
        answer = read(connection)

    assert told(answer) == (413, "too-large")


def test_a_body_as_large_as_is_taken_is_taken(served) -> None:
    row = json.dumps(ROW).encode()

    assert ask(served.port, request(row + b" " * (65_536 - len(row))))[0] == 200


def test_more_rows_than_are_taken_are_refused(served) -> None:
    rows = json.dumps([{**ROW, "whom": ""}] * 501, separators=(",", ":")).encode()
    assert len(rows) < 65_536

    assert told(ask(served.port, request(rows))) == (413, "too-many-rows")


def test_a_body_that_comes_too_slowly_is_given_up(served) -> None:
    sent = request()
    began = time.monotonic()

    with closing(connect(served.port)) as connection:
        connection.sendall(sent[:-1])
        answer = read(connection)

    assert told(answer) == (408, "too-slow")
    assert answer[1]["connection"] == "close"
    assert SECONDS <= time.monotonic() - began < SECONDS + 1


@pytest.mark.parametrize("first", [b"", b"POST /predict HTTP/1.1\r\nHo", request()])
def test_headers_that_never_end_do_not_hold_a_connection(served, first) -> None:
    with closing(connect(served.port)) as connection:
        connection.sendall(first)
        if first.endswith(b"}"):  # a whole request, and then half a line of the next
            assert read(connection)[0] == 200
            connection.sendall(b"POST")

        assert read(connection)[0] == 0


def test_headers_without_end_are_cut_off(served) -> None:
    with closing(connect(served.port)) as connection, pytest.raises(OSError, match=r"reset|pipe"):
        connection.sendall(b"GET /healthz HTTP/1.1\r\n")
        for number in range(10_000):
            connection.sendall(b"X-%d: %s\r\n" % (number, b"x" * 1_000))
            if number % 100 == 0:
                time.sleep(0.005)


def test_a_connection_serves_one_request_after_the_other_also_when_they_come_together(
    served,
) -> None:
    with closing(connect(served.port)) as connection:
        connection.sendall(request() * 3)

        assert [read(connection)[0] for _ in range(3)] == [200, 200, 200]


def test_a_large_refused_body_is_read_to_its_end_so_that_the_answer_arrives(served) -> None:
    with closing(connect(served.port)) as connection:
        connection.sendall(request(b" " * 3_000_000))
        assert read(connection)[0] == 413

        connection.sendall(request())
        assert read(connection)[0] == 200


def test_a_refused_request_leaves_the_connection_usable(served) -> None:
    with closing(connect(served.port)) as connection:
        connection.sendall(request(b" " * 65_537))
        assert read(connection)[0] == 413

        connection.sendall(request())
        assert read(connection)[0] == 200


def test_what_is_no_http_is_refused(served) -> None:
    with closing(connect(served.port)) as connection:
        connection.sendall(b"\x16\x03\x01 hello\r\n\r\n")

        assert told(read(connection)) == (400, "not-http")
