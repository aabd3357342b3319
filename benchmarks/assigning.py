"""What it costs to keep of a request whom it is of, and which arm of a test it belongs to.

python -m benchmarks.assigning [PROJECT]

With a project, whose newest version has to be there, also through its shipped Bento: the same
process is asked with and without the headers, in turns.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from adapters.events.log import EventLog
from benchmarks.events import ID, REPEATS, ROW, a_contract
from lifecycle.release.declaration import Unit
from lifecycle.release.plan import ARM_HEADER
from lifecycle.serving.access import Principal
from lifecycle.serving.declaration import Events
from lifecycle.serving.events import Mask, prediction_lines
from lifecycle.serving.inputs import Answers
from lifecycle.serving.outcomes import UnitMask
from service.assigning import Assigning
from service.exchange import Exchange

TURNS = 3_000
ROUNDS = 5
SECRET = "0123456789abcdef0123456789abcdef"
SAID = {"x-user-id": "customer-1234567", ARM_HEADER: "7:challenger"}
PLAIN = [
    (b"host", b"127.0.0.1:3000"), (b"user-agent", b"client/1"), (b"accept", b"*/*"),
    (b"content-type", b"application/json"), (b"content-length", b"480"),
    (b"authorization", b"Bearer prn_abcdefghijkl_" + b"S" * 43), (b"x-request-id", ID.encode()),
    (b"x-forwarded-proto", b"http"),
]  # fmt: skip
"""What a request through the router comes with."""

ASSIGNED = [(name.encode(), value.encode()) for name, value in SAID.items()]
COOKIE = [(b"cookie", b"consent=all; uid=customer-1234567; seen=1"), ASSIGNED[1]]
SOMEBODY = Principal("k1", frozenset({"predict"}), "token", unit="customer-1234567")

Way = Callable[[], None]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        ways = _ways(EventLog(folder, Events()))
        best = dict.fromkeys(ways, float("inf"))
        for _ in range(REPEATS):
            for name, ask in ways.items():
                started = time.process_time()
                for _ in range(TURNS):
                    ask()
                best[name] = min(best[name], (time.process_time() - started) / TURNS * 1e6)
    plain = best["no unit declared, no arm"]
    print(f"{'request taken up, its line written':<42}{'CPU µs':>8}{'more':>8}{'ratio':>8}")
    for name, cost in best.items():
        print(f"{name:<42}{cost:>8.1f}{cost - plain:>8.2f}{cost / plain:>8.3f}")


def _ways(log: EventLog) -> dict[str, Way]:
    contract, mask = a_contract(()), UnitMask(SECRET.encode())
    rows_mask, answers = Mask(contract, "drop"), Answers(np.full(1, 0.31), np.ones(1, np.int64))

    def way(unit: Unit | None, headers: list[tuple[bytes, bytes]]) -> Way:
        assigning = Assigning(unit, mask if unit else None)
        scope = {"method": "POST", "path": "/predict", "query_string": b"", "headers": headers}

        def ask() -> None:
            asked = assigning(Exchange(scope, None, None), SOMEBODY)  # type: ignore[arg-type]
            lines = prediction_lines(
                request_id=asked.id, at=datetime.now(UTC), version="3", by=asked.by, rows=[ROW],
                answers=answers, contract=contract, mask=rows_mask, unit=asked.unit, arm=asked.arm,
            )  # fmt: skip
            log.write(lines)

        return ask

    header = Unit(header="x-user-id")
    return {
        "no unit declared, no arm": way(None, PLAIN),
        "a header declared, none sent": way(header, PLAIN),
        "a header and an arm": way(header, [*PLAIN, *ASSIGNED]),
        "a cookie and an arm": way(Unit(cookie="uid"), [*PLAIN, *COOKIE]),
        "a claim and an arm": way(Unit(claim="sub"), [*PLAIN, ASSIGNED[1]]),
    }


def through(project: str) -> None:
    """Ask the shipped Bento with and without the headers, in turns."""
    from benchmarks.load import closed_loop, request
    from benchmarks.serving import HOST, PORT, prepared, running

    with tempfile.TemporaryDirectory() as folder:
        rows, server = prepared(project, Path(folder))
        told = {"PERENNIAL_UNIT": "header x-user-id", "PERENNIAL_MASK": SECRET}
        server = replace(server, environment={**server.environment, **told})

        bodies = [json.dumps(row).encode() for row in rows]
        own = dict(server.headers or {})
        plain, assigned = (
            [request(HOST, PORT, server.path, body, {**own, **more}) for body in bodies]
            for more in ({}, SAID)
        )
        with running(server) as pid:
            closed_loop(pid, PORT, plain, requests=500)
            costs: dict[str, list[float]] = {"without": [], "with": []}
            for _ in range(ROUNDS):
                for name, messages in (("without", plain), ("with", assigned)):
                    found = closed_loop(pid, PORT, messages, requests=2_000)
                    costs[name].append(found.cpu_us)
    without, with_them = min(costs["without"]), min(costs["with"])
    print(
        f"through the Bento: {without:.0f} µs CPU without, {with_them:.0f} with unit and arm "
        f"({with_them / without:.3f} times)"
    )


if __name__ == "__main__":
    main()
    if len(sys.argv) > 1:
        through(sys.argv[1])
