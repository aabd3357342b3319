"""What the router adds to a request, against asking the backend itself in the same run.

python -m benchmarks.routing [ROUNDS]

The backend answers a small fixed JSON document from a plain ASGI app (uvicorn, httptools, uvloop),
so that what is between it and the client weighs as much as it can. Direct and routed take turns,
and the median of the rounds is shown: the machine may be busy with something else.
"""

import socket
import statistics
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from adapters.routing import Part, Plan, Target, apply, withdraw
from adapters.supervision import Supervisor
from benchmarks.load import Load, closed_loop, cpu_seconds, open_loop, request

HOST = "127.0.0.1"
BODY = b'{"distance": 733, "carrier": "UA", "origin": "EWR", "time_hour": "2013-07-01T05:00:00"}'
ANSWER = b'{"request_id":"0123456789abcdef","version":"3","score":0.31,"decision":"true"}'


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        await receive()
        headers = [(b"content-length", str(len(ANSWER)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": ANSWER})


def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        state, supervisor = Path(folder), Supervisor(Path(folder))
        try:
            ports = [free_port(), free_port()]
            start_backend(supervisor, state, ports[0])
            target = Target(name="app", version="1", host=HOST, port=ports[0])
            part = Part(target="app", weight=10_000)
            where = {"project": "bench", "host": HOST, "port": ports[1]}
            apply(state, Plan(**where, targets=(target,), parts=(part,)))
            pids = {one.name: one.pid or 0 for one in supervisor.status()}
            compare(ports[0], ports[1], pids["app"], pids["router-bench"], rounds)
            withdraw(state, "bench")
        finally:
            supervisor.shutdown()


def start_backend(supervisor: Supervisor, state: Path, port: int) -> None:
    command = [sys.executable, "-m", "uvicorn", "benchmarks.routing:app", "--host", HOST]
    command += ["--port", str(port), "--no-access-log", "--log-level", "warning"]
    supervisor.start(
        "app",
        command,
        env={},
        folder=Path(__file__).resolve().parent.parent,
        log=state / "app.log",
        stop_seconds=5,
        is_ready=lambda: accepts(port),
    )


def compare(direct: int, routed: int, app_pid: int, router_pid: int, rounds: int) -> None:
    loads: dict[str, Callable[[int, int, list[bytes]], Load]] = {
        "closed, 8 clients": partial(closed_loop, clients=8, requests=4_000),
        "open, 500/s": partial(open_loop, rate=500, seconds=4, clients=64),
    }
    print(f"{'':<20}{'':>8}{'p50 ms':>9}{'p99 ms':>9}{'app us':>9}{'router us':>11}{'bad':>6}")
    for name, load in loads.items():
        found: dict[str, list[tuple[Load, float]]] = {"direct": [], "routed": []}
        for _ in range(rounds):
            for way, port in (("direct", direct), ("routed", routed)):
                message = request(HOST, port, "/predict", BODY, {})
                before = cpu_seconds(router_pid)
                result = load(app_pid, port, [message])
                spent = (cpu_seconds(router_pid) - before) / result.requests * 1e6
                found[way].append((result, spent))
        for way, results in found.items():
            print_row(name, way, results)


def print_row(name: str, way: str, results: list[tuple[Load, float]]) -> None:
    p50, p99, cpu = (
        statistics.median(getattr(load, figure) for load, _ in results)
        for figure in ("p50_ms", "p99_ms", "cpu_us")
    )
    router = statistics.median(spent for _, spent in results)
    bad = sum(load.bad for load, _ in results)
    print(f"{name:<20}{way:>8}{p50:>9.2f}{p99:>9.2f}{cpu:>9.0f}{router:>11.0f}{bad:>6}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
