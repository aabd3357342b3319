"""What one prediction costs through the shipped Bento, beside other ways to serve the same model.

python -m benchmarks.serving [PROJECT]

The newest version of the project is served; train it first. Every server runs alone, with one
worker, on the same machine, in the same run.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pyarrow as pa

from adapters import bentos, registry
from adapters.access.keys import KeyFile
from adapters.declaration import load
from adapters.hosting import serve_command
from adapters.packaging import Packaged, package
from adapters.stacks.activation import point_at_tracker
from adapters.stacks.environment import prepare
from benchmarks.load import Load, closed_loop, open_loop, request
from benchmarks.measuring import ROOT
from lifecycle.modeling.candidate import Candidate
from lifecycle.modeling.families import TreeModel
from lifecycle.serving.asking import as_sent
from lifecycle.serving.declaration import Access, Serving

PORT = 3900
HOST = "127.0.0.1"
PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


@dataclass(frozen=True)
class Server:
    """A way to serve: its command, its environment, and how a request for it is written."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    path: str = "/predict"
    wrap: str | None = None
    headers: Mapping[str, str] | None = None
    requests: int = 6_000


@contextmanager
def running(server: Server) -> Iterator[int]:
    """Run a server until the block ends; give its process id once it answers."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            server.command,
            cwd=ROOT,
            env={**os.environ, "PATH": PATH, "PYTHONPATH": str(ROOT), **server.environment},
            stdout=log,
            stderr=log,
        )
        try:
            _wait(process, log)
            yield process.pid
        finally:
            if process.poll() is None:
                children = psutil.Process(process.pid).children(recursive=True)
                process.terminate()
                process.wait(timeout=30)
                psutil.wait_procs(children, timeout=20)


def _wait(process: "subprocess.Popen[bytes]", log: "tempfile._TemporaryFileWrapper[bytes]") -> None:
    for _ in range(1_200):
        try:
            httpx.get(f"http://{HOST}:{PORT}/", timeout=1)
            return
        except httpx.HTTPError:
            time.sleep(0.05)
        if process.poll() is not None:
            break
    log.seek(0)
    raise SystemExit(log.read().decode(errors="replace")[-3_000:])


def measure(server: Server, rows: list[dict[str, object]]) -> tuple[Load, Load, float]:
    """Load a server in both ways; give also its memory afterwards, in MB."""
    bodies = [json.dumps((server.wrap and {server.wrap: row}) or row) for row in rows]
    if server.wrap == "dataframe_records":
        bodies = [json.dumps({server.wrap: [row]}) for row in rows]
    messages = [
        request(HOST, PORT, server.path, body.encode(), dict(server.headers or {}))
        for body in bodies
    ]
    with running(server) as pid:
        closed_loop(pid, PORT, messages, requests=min(500, server.requests))
        closed = closed_loop(pid, PORT, messages, requests=server.requests)
        opened = open_loop(pid, PORT, messages, rate=min(500, closed.rate * 0.7), seconds=15)
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        worker = max(one.memory_full_info().uss for one in family) / 1e6
    return closed, opened, worker


def rivals(folder: Path, *, candidate_folder: Path, bento: bentos.Bento) -> Iterator[Server]:
    """Name the other ways to serve, and the shipped Bento without access and event log."""
    packages = {"PERENNIAL_PACKAGE": str(Path(bento.folder) / "src" / "package")}
    fitted = {"PERENNIAL_CANDIDATE": str(candidate_folder)}
    serve = [sys.executable, "-m", "bentoml", "serve"]
    at = ["--host", HOST, "--port", str(PORT)]
    model = str(folder / "mlflow")
    subprocess.run(
        [sys.executable, "-m", "benchmarks.rivals.tracked", model],
        cwd=ROOT, env={**os.environ, **fitted}, check=True, capture_output=True,
    )  # fmt: skip
    yield Server(
        "mlflow models serve",
        [str(Path(sys.executable).parent / "mlflow"), "models", "serve", "-m", model,
         "--env-manager", "local", "-h", HOST, "-p", str(PORT)],
        fitted, "/invocations", "dataframe_records", requests=300,
    )  # fmt: skip
    yield Server(
        "BentoML, pandas and the fitted model",
        [*serve, "benchmarks.rivals.frames:Frames", *at], fitted, wrap="row", requests=600,
    )  # fmt: skip
    yield Server(
        "BentoML, typed route, the same graph",
        [*serve, "benchmarks.rivals.typed:Typed", *at], packages, wrap="row", requests=2_000,
    )  # fmt: skip
    yield Server(
        "Starlette, msgspec, the same graph",
        [sys.executable, "-m", "uvicorn", "benchmarks.rivals.bare:app", *at, "--no-access-log",
         "--log-level", "warning"],
        packages,
    )  # fmt: skip
    yield Server(
        "Perennial's Bento, no access, no events",
        serve_command(bento.folder, HOST, PORT),
        {"PERENNIAL_EVENTS": "none"},
    )


def built(packaged: Packaged, state: Path, access: Access) -> bentos.Bento:
    """Build the Bento of a version with other rules of access."""
    serving = packaged.manifest.serving.model_copy(update={"access": access})
    manifest = packaged.manifest.model_copy(update={"serving": serving})
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "package"
        changed = Packaged(manifest, packaged.contract, packaged.files)
        digest = changed.write(folder)
        return bentos.build(folder, manifest, digest, root=ROOT, store=state / "bentoml")


def ask_for_many(
    server: Server, rows: list[dict[str, object]], candidate: Candidate, table: pa.Table
) -> None:
    """Ask for 1,000 rows at once, and set it beside the boosters' own time on a ready matrix."""
    body = json.dumps((rows * 5)[:1_000]).encode()
    message = request(HOST, PORT, server.path, body, dict(server.headers or {}))
    with running(server) as pid:
        closed_loop(pid, PORT, [message], clients=1, requests=20)
        found = closed_loop(pid, PORT, [message], clients=1, requests=200)
    some = pa.concat_tables([table.slice(0, 200)] * 5).combine_chunks()
    matrices = {one.view: one.transform(some) for one in candidate.state.features}
    trees = [model.booster for model in candidate.models if isinstance(model, TreeModel)]
    for booster in trees:
        booster.set_param({"nthread": 1})
        booster.inplace_predict(matrices["trees"], predict_type="margin")
    began = time.process_time()
    for _ in range(100):
        for booster in trees:
            booster.inplace_predict(matrices["trees"], predict_type="margin")
    own = (time.process_time() - began) / 100 * 1e6
    print(f"1,000 rows in one request  {found}")
    print(f"  the boosters alone take {own:.0f} us CPU: {found.cpu_us / own:.2f} times")


def registered(project: str) -> tuple[Packaged, Candidate, list[dict[str, object]], Path]:
    """Package the version that stands; give also its model, rows to ask, and the state folder."""
    state = prepare(ROOT)
    point_at_tracker("local", root=ROOT)
    declared = load(project, root=ROOT).project
    number = registry.number_of(project, registry.standing(project))
    candidate = registry.candidate_of(project, number)
    packaged = package(candidate, registry.story_of(project, number), declared.data, Serving())
    rows = list(as_sent(registry.holdout_of(project, number).slice(0, 200), packaged.contract))
    return packaged, candidate, rows, state


def prepared(
    project: str, folder: Path, *, roles: Sequence[str] = ("predict",)
) -> tuple[list[dict[str, object]], Server]:
    """Give rows to ask, and the shipped Bento with access and event log on."""
    packaged, _, rows, state = registered(project)
    _, token = KeyFile(folder / "keys.json").create("benchmark", roles)
    return rows, complete(built(packaged, state, Access()), folder, token)


def complete(bento: bentos.Bento, folder: Path, token: str) -> Server:
    """Serve a Bento with everything on."""
    return Server(
        "Perennial's Bento, with everything",
        serve_command(bento.folder, HOST, PORT),
        {
            "PERENNIAL_EVENTS": str(folder / "events"),
            "PERENNIAL_KEYS": str(folder / "keys.json"),
        },
        headers={"Authorization": f"Bearer {token}"},
    )


def main(project: str) -> None:
    packaged, candidate, rows, state = registered(project)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "events").mkdir()
        candidate.save(folder / "candidate")
        _, token = KeyFile(folder / "keys.json").create("benchmark", ["predict"])
        bare = built(packaged, state, Access(keys=False, anonymous=True))
        whole = complete(built(packaged, state, Access()), folder, token)
        for server in (*rivals(folder, candidate_folder=folder / "candidate", bento=bare), whole):
            closed, opened, memory = measure(server, rows)
            print(f"{server.name}: {memory:.0f} MB a worker")
            print(f"  closed, 8 clients       {closed}")
            print(f"  open, {min(500, closed.rate * 0.7):3.0f} requests/s  {opened}", flush=True)
        number = packaged.manifest.version
        ask_for_many(whole, rows, candidate, registry.holdout_of(project, number))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "flights")
