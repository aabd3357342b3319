"""Whether a service that is asked for ten minutes holds as much memory at the end as before.

python -m benchmarks.soak [PROJECT [MINUTES]]

With access, event log and reasons now and then; the first minute is for warming up.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import psutil

from benchmarks.load import open_loop, request
from benchmarks.serving import HOST, PORT, prepared, running

RATE = 300


def held_mb(pid: int) -> float:
    """Give what the worker holds for itself."""
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return max(one.memory_full_info().uss for one in family) / 1e6


def main(project: str, minutes: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        rows, server = prepared(project, Path(name))
        bodies = [json.dumps(row).encode() for row in rows]
        paths = ["/predict"] * 9 + ["/predict?reasons=5"]
        messages = [
            request(HOST, PORT, paths[at % 10], body, dict(server.headers or {}))
            for at, body in enumerate(bodies)
        ]
        messages += [
            request(
                HOST, PORT, "/predict", b"[" + b",".join(bodies) + b"]", dict(server.headers or {})
            ),
            request(HOST, PORT, "/predict", b'{"nothing": 1}', dict(server.headers or {})),
        ]
        held = []
        with running(server) as pid:
            for minute in range(minutes + 1):
                found = open_loop(pid, PORT, messages, rate=RATE, seconds=60)
                held.append(held_mb(pid))
                print(f"minute {minute:>2}: {held[-1]:6.1f} MB  {found}", flush=True)
                time.sleep(0.1)
        print(f"from {held[0]:.1f} to {held[-1]:.1f} MB: {held[-1] / held[0] - 1:+.1%}")


if __name__ == "__main__":
    words = sys.argv[1:]
    main(words[0] if words else "flights", int(words[1]) if len(words) > 1 else 10)
