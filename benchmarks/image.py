"""The serving image: its size, how soon it answers, and what it holds in memory.

Beside it the same Bento as a process of this machine. Needs a Docker engine::

    python -m benchmarks.image                # the Bento that was built last
    python -m benchmarks.image --bento FOLDER --base IMAGE
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import docker
import httpx
import psutil

from adapters import images
from adapters.access.keys import FILE, KeyFile
from adapters.hosting import serve_command
from adapters.images.container import PORT
from adapters.inference.package import digest
from adapters.stacks.environment import state
from benchmarks.measuring import ROOT
from lifecycle.serving.contract import Contract
from lifecycle.serving.declaration import Image
from lifecycle.serving.manifest import CONTRACT

NAME, TAG, HOST = "perennial-benchmark", "perennial-benchmark:image", "127.0.0.1"
LOAD_SECONDS = 5.0


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    given.add_argument("--bento", type=Path, help="the folder of a built Bento")
    given.add_argument("--base", default=Image().base)
    given.add_argument("--starts", type=int, default=5)
    options = given.parse_args()
    bento = options.bento or last_bento()
    began = time.monotonic()
    built = images.build(
        bento, tag=TAG, base=options.base, labels={},
        lock=ROOT / "service" / "requirements.lock",
    )  # fmt: skip
    print(
        f"image        {built.size_mb:.0f} MB, {built.size_mb - base_mb(options.base):.0f} of them"
    )
    print(f"             on top of {options.base}; built in {time.monotonic() - began:.1f} s")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        _, key = KeyFile(place / "access" / FILE).create("benchmark", ["admin"])
        for told, run in (("container", container), ("process", process)):
            seconds, memory = [], ""
            for number in range(options.starts):
                begun = time.monotonic()
                with run(bento, place) as (url, processes):
                    until_ready(url)
                    seconds.append(time.monotonic() - begun)
                    if number == options.starts - 1:
                        load(url, key, typical(bento))
                        memory = tell(processes())
            print(f"{told:<12} ready in {median(seconds):.2f} s (slowest {max(seconds):.2f})")
            print(f"             memory after {LOAD_SECONDS:g} s of load: {memory}")
    images.remove_image(TAG)


def last_bento() -> Path:
    found = sorted(
        (state(ROOT) / "bentoml" / "bentos").glob("*/*/bento.yaml"), key=os.path.getmtime
    )
    if not found:
        raise SystemExit("No Bento was built yet: run a deployment first, or name one by --bento.")
    return found[-1].parent


def base_mb(base: str) -> float:
    client = docker.from_env()
    size = client.images.get(base).attrs["Size"] / 1e6
    client.close()
    return size


Processes = Callable[[], list[psutil.Process]]


@contextmanager
def container(bento: Path, place: Path) -> Iterator[tuple[str, Processes]]:
    started = images.start(
        TAG, name=NAME, host=HOST, port=0, events=place / "events", access=place / "access",
        env={"PERENNIAL_KEYS": f"/access/{FILE}", "PERENNIAL_MANIFEST": digest(package(bento))},
    )  # fmt: skip
    try:
        yield started.url, lambda: family(images.status(NAME).pid or 0)
    finally:
        images.stop(NAME, timeout=20)


@contextmanager
def process(bento: Path, place: Path) -> Iterator[tuple[str, Processes]]:
    port = int(PORT.partition("/")[0]) + 11_000
    told = {
        "PERENNIAL_EVENTS": str(place / "events-of-process"),
        "PERENNIAL_KEYS": str(place / "access" / FILE),
        "PERENNIAL_MANIFEST": digest(package(bento)),
        "BENTOML_HOME": str(place / "bentoml"),
        "BENTOML_DO_NOT_TRACK": "true",
        "OTEL_SDK_DISABLED": "true",
        "ORT_DISABLE_TELEMETRY": "1",
    }
    with (place / "log").open("wb") as log:
        served = subprocess.Popen(
            serve_command(str(bento), HOST, port),
            env={**os.environ, **told}, cwd=bento, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        yield f"http://{HOST}:{port}", lambda: family(served.pid)
    finally:
        served.terminate()
        served.wait(timeout=20)


def package(bento: Path) -> Path:
    return bento / "src" / "package"


def family(pid: int) -> list[psutil.Process]:
    first = psutil.Process(pid)
    return [first, *first.children(recursive=True)]


def until_ready(url: str) -> None:
    """Wait until `/readyz` says 200."""
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        try:
            if httpx.get(f"{url}/readyz", timeout=1).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.01)
    raise SystemExit(f"{url} did not become ready within a minute.")


def typical(bento: Path) -> dict[str, object]:
    contract = Contract.model_validate_json((package(bento) / CONTRACT).read_bytes())
    return {field.name: field.typical for field in contract.features}


def load(url: str, key: str, row: dict[str, object]) -> None:
    """Send single rows, and now and then a thousand, one after the other."""
    many = [row] * 1_000
    with httpx.Client(headers={"Authorization": f"Bearer {key}"}, timeout=30) as client:
        ends, number = time.monotonic() + LOAD_SECONDS, 0
        while time.monotonic() < ends:
            asked = many if number % 100 == 0 else row
            client.post(f"{url}/predict", json=asked).raise_for_status()
            number += 1


def tell(processes: list[psutil.Process]) -> str:
    """Tell what each process holds: the first keeps the others running."""
    sizes = [each.memory_info().rss / 1e6 for each in processes]
    workers = ", ".join(f"{size:.0f} MB" for size in sizes[1:])
    return f"workers {workers}; the process that keeps them {sizes[0]:.0f} MB"


if __name__ == "__main__":
    sys.exit(main())
