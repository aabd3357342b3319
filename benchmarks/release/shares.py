"""Who gets which part of the requests: exactly the planned one, and users always the same.

python -m benchmarks.release.shares [REQUESTS]

Two services that say their names stand behind the router, so that 100,000 requests take a minute.
A request without a unit is assigned by chance; its share is held against the planned one by a
chi-square test, and the router's own counts against what the services answered. 2,000 users ask
again and again while their challenger's share goes from 10 to 30, 60 and 100 %: none may meet
both at one share, and none may go back.
"""

import asyncio
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scipy.stats import chi2

from adapters.routing import Part, Plan, Sticky, Target, apply, counted, withdraw
from adapters.supervision import Supervisor
from benchmarks.measuring import ROOT

HOST = "127.0.0.1"
CLIENTS = 16
USERS = 2_000
NEW, OLD = "challenger", "champion"
PROJECT = "shares"


def main(requests: int) -> None:
    """Measure both, and tell."""
    with services() as (state, port, targets):
        for share in (0.05, 0.25):
            by_chance(state, port, targets, share, requests)
        by_user(state, port, targets)


def by_chance(
    state: Path, port: int, targets: tuple[Target, ...], share: float, requests: int
) -> None:
    """Ask without a unit, and hold the parts against the planned ones."""
    apply(state, _plan(port, targets, share))
    before = _asked(state)
    began = time.perf_counter()
    answered = asyncio.run(ask(port, [b""] * requests))
    seconds = time.perf_counter() - began
    found = Counter(answered)
    new = found[NEW]
    square = sum(
        (count - planned) ** 2 / planned
        for count, planned in ((new, requests * share), (requests - new, requests * (1 - share)))
    )
    routed = {name: count - before.get(name, 0) for name, count in _asked(state).items()}
    same = {name: found[name] for name in (NEW, OLD)} == {name: routed[name] for name in (NEW, OLD)}
    print(
        f"{share:.0%} planned: {new:,} of {requests:,} ({new / requests:.2%}), chi-square "
        f"{square:.2f}, p = {chi2.sf(square, 1):.2f}; failed {found['']}; the router counts "
        f"{'the same' if same else f'something else: {routed}'}; {requests / seconds:,.0f} a second"
    )


def by_user(state: Path, port: int, targets: tuple[Target, ...]) -> None:
    """Ask for users while the challenger's share grows."""
    met: dict[int, str] = {}
    for share in (0.1, 0.3, 0.6, 1.0):
        apply(state, _plan(port, targets, share, is_sticky=True))
        users = [*range(USERS)] * 5
        answers = asyncio.run(ask(port, [f"X-User-Id: user-{user}\r\n".encode() for user in users]))
        seen: dict[int, set[str]] = {}
        for user, name in zip(users, answers, strict=True):
            seen.setdefault(user, set()).add(name)
        both = sum(len(names) > 1 for names in seen.values())
        new = sum(names == {NEW} for names in seen.values())
        back = sum(met.get(user) == NEW and names != {NEW} for user, names in seen.items())
        met = {user: next(iter(names)) for user, names in seen.items()}
        spread = (USERS * share * (1 - share)) ** 0.5
        print(
            f"{share:>4.0%} of the users planned: {new:,} of {USERS:,} ({new / USERS:.1%}, one "
            f"standard deviation is {spread / USERS:.1%}); met both: {both}; went back: {back}; "
            f"failed {sum(not name for name in answers)} of {len(answers):,}"
        )


async def ask(port: int, extras: list[bytes]) -> list[str]:
    """Ask from some clients at a time; give who answered each, empty where nobody did."""
    answers = [""] * len(extras)
    left = iter(range(len(extras)))

    async def client() -> None:
        reader, writer = await asyncio.open_connection(HOST, port)
        for at in left:
            writer.write(
                b"POST /predict HTTP/1.1\r\nHost: x\r\n" + extras[at] + b"Content-Length: 2\r\n"
                b"\r\n{}"
            )
            head = await reader.readuntil(b"\r\n\r\n")
            lower = head.lower()
            start = lower.index(b"content-length:") + 15
            body = await reader.readexactly(int(lower[start:].split(b"\r\n", 1)[0]))
            answers[at] = body.decode() if b" 200 " in head[:16] else ""
        writer.close()

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return answers


@contextmanager
def services() -> Iterator[tuple[Path, int, tuple[Target, ...]]]:
    """Start both services; give the state folder, the public port, and the targets."""
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        supervisor = Supervisor(state)
        try:
            targets = tuple(_started(supervisor, state, name) for name in (NEW, OLD))
            yield state, _free_port(), targets
            withdraw(state, PROJECT)
        finally:
            supervisor.shutdown()


def _started(supervisor: Supervisor, state: Path, name: str) -> Target:
    port = _free_port()
    command = [sys.executable, "-m", "uvicorn", "benchmarks.release.backend:app", "--host", HOST]
    command += ["--port", str(port), "--no-access-log", "--log-level", "warning"]
    supervisor.start(
        name, command, env={"NAME": name}, folder=ROOT, log=state / f"{name}.log",
        stop_seconds=5, is_ready=lambda: _accepts(port),
    )  # fmt: skip
    return Target(name=name, version=name, host=HOST, port=port)


def _plan(port: int, targets: tuple[Target, ...], share: float, *, is_sticky: bool = False) -> Plan:
    weight = round(share * 10_000)
    sticky = Sticky(kind="header", name="x-user-id", salt="s-1", without=OLD)
    return Plan(
        project=PROJECT,
        host=HOST,
        port=port,
        targets=targets,
        parts=(Part(target=NEW, weight=weight), Part(target=OLD, weight=10_000 - weight)),
        sticky=sticky if is_sticky else None,
    )


def _asked(state: Path) -> dict[str, int]:
    return {name: found.requests for name, found in counted(state, PROJECT).targets.items()}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
