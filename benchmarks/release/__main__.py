"""Releases under continuous traffic: what users notice, and how quickly it is undone.

python -m benchmarks.release [--rate 150] [--only canary,slow] [--keep FOLDER]

A small shop is trained three times (twice well, once the wrong way round) and deployed; 2,000
users ask at a fixed rate all the time while every kind of release is made by the real commands,
with the real router and the real service: `run.py --pipeline release`, `rollback`, `readmit`. A
request failed that was answered with anything but 200, not at all, not in 15 seconds, with a body
that is no answer, or with another score than the same version gave to the same row before.
Beside them, what the router adds to a request: the service itself and the router in turns.
"""

import argparse
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.load import request
from benchmarks.measuring import ROOT
from benchmarks.release.asking import HOST
from benchmarks.release.heard import Heard, between, failures, times
from benchmarks.release.scenarios import APART, SCENES, Scene
from benchmarks.release.stage import Stage, prepared

TURNS = 1_500


def main() -> None:
    """Play every scenario, and tell."""
    options = _options()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(options.keep or made) / "release"
        shop = prepared(folder, free_port())
        print(f"prepared in {time.monotonic() - began:.0f} s", flush=True)
        try:
            stage = Stage(shop, options.rate)
            overhead(stage)
            with stage.asked():
                time.sleep(2)
                scenes = [_play(scene, stage) for scene in _wanted(options.only)]
            tell(scenes, stage.answers())
        finally:
            subprocess.run(
                [sys.executable, str(ROOT / "run.py"), "stop", "--all"],
                cwd=ROOT, env={**shop.environment}, check=False, capture_output=True,
            )  # fmt: skip
    print(f"\n{time.monotonic() - began:.0f} s in all")


def _wanted(only: str) -> list[object]:
    every = [*SCENES, *APART]
    return [one for one in every if not only or one.__name__ in only.split(",")]


def _play(scene: object, stage: Stage) -> Scene:
    played: Scene = scene(stage)  # type: ignore[operator]
    asked = between(stage.answers(), played.start, played.end)
    print(_row(played, asked), flush=True)
    return played


def _row(scene: Scene, asked: list[Heard]) -> str:
    p50, p99, worst = times(asked)
    back = ", ".join(f"{one:.2f}" for one in scene.back_s) or "-"
    bad = sum(failures(asked).values())
    return f"{scene.name:<42}{len(asked):>9,}{bad:>8}{back:>22}{p50:>9.1f}{p99:>9.1f}{worst:>10.0f}"


def tell(scenes: list[Scene], answers: list[Heard]) -> None:
    """Print a table of all scenarios, and below it what else there is to know of each."""
    print(f"\n{'':<42}{'requests':>9}{'failed':>8}{'back on champion, s':>22}{'p50 ms':>9}"
          f"{'p99 ms':>9}{'worst ms':>10}")  # fmt: skip
    total = bad = 0
    for scene in scenes:
        asked = between(answers, scene.start, scene.end)
        print(_row(scene, asked))
        if not scene.is_apart:
            total, bad = total + len(asked), bad + sum(failures(asked).values())
    print(f"{'together, without what is apart':<42}{total:>9,}{bad:>8}\n")
    for scene in scenes:
        asked = between(answers, scene.start, scene.end)
        notes = [line for note in scene.notes for line in note(answers)]
        notes += [f"{many} failed: {what}" for what, many in failures(asked).items()]
        if not scene.is_apart:
            notes += [_when(one, scene) for one in asked if one.problem][:8]
        print(scene.name, *(f"\n    {line}" for line in notes), sep="")


def _when(bad: Heard, scene: Scene) -> str:
    """Say what had been done to the shop before a request that failed."""
    before = [event for event in scene.events if event[0] <= bad.due + bad.ms / 1_000]
    at, what = max(before, default=(scene.start, "the scenario began"))
    return f"  {bad.problem}: asked {bad.due - at:+.2f} s after {what}, took {bad.ms:.0f} ms"


def overhead(stage: Stage) -> None:
    """Ask the service itself and the router in turns, over one connection each."""
    target = stage.plan().targets[0]
    row = stage.shop.rows.read_bytes().splitlines()[0]
    took: dict[str, list[float]] = {"direct": [], "routed": []}
    ways = {"direct": target.port, "routed": stage.shop.port}
    sockets = {way: socket.create_connection((HOST, port)) for way, port in ways.items()}
    headers = {"Authorization": f"Bearer {stage.key}", "X-User-Id": "user-1"}
    for turn in range(TURNS):
        for way, port in ways.items():
            message = request(HOST, port, "/predict", row, headers)
            start = time.perf_counter()
            _ask(sockets[way], message)
            if turn >= TURNS // 10:
                took[way].append((time.perf_counter() - start) * 1_000)
    direct, routed = (statistics.median(took[way]) for way in ways)
    print(f"the median of {len(took['direct'])} requests in turns: {direct:.3f} ms the service "
          f"itself, {routed:.3f} ms through the router, {routed - direct:+.3f} ms")  # fmt: skip
    for one in sockets.values():
        one.close()


def _ask(connection: socket.socket, message: bytes) -> None:
    connection.sendall(message)
    answer = b""
    while True:
        answer += connection.recv(65_536)
        head, found, body = answer.partition(b"\r\n\r\n")
        lower = head.lower()
        at = lower.find(b"content-length:")
        if found and len(body) >= int(lower[at + 15 :].split(b"\r\n", 1)[0]):
            assert b" 200 " in head[:16], head
            return


def free_port() -> int:
    """Find a port nobody listens at."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=150.0, help="requests a second")
    parser.add_argument("--only", default="", help="scenarios by name, with commas")
    parser.add_argument("--keep", default="", help="a folder that is kept, for looking at it")
    return parser.parse_args()


if __name__ == "__main__":
    main()
