"""Run a command and say what it cost."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Cost:
    """What one process and its children took; `peak_mb` is that of the largest of them."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    output: str


_PROBE = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], capture_output=True, text=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(done.stdout, done.stderr, sep="", end="")
print(f"\\n@@ {used.ru_utime + used.ru_stime} {used.ru_maxrss / 1024} {done.returncode}")
"""


def measure(*words: str, environment: dict[str, str] | None = None) -> Cost:
    """Run a Python command in a fresh process; raise if it broke."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _PROBE, sys.executable, *words],
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=True,
    )
    wall = time.perf_counter() - started
    output, _, figures = done.stdout.rpartition("@@ ")
    cpu, peak, status = figures.split()
    if status not in ("0", "3"):
        raise SystemExit(f"{' '.join(words)} ended with {status}:\n{output}")
    return Cost(wall_s=wall, cpu_s=float(cpu), peak_mb=float(peak), output=output)
