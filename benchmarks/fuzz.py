"""20,000 cases made from the OpenAPI document: none may end with a 5xx or an undocumented answer.

python -m benchmarks.fuzz [PROJECT [CASES]]
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.serving import HOST, PORT, prepared, running

PER_EXAMPLE = 10
"""Cases schemathesis makes for each example it is asked for, over all routes."""


def main(project: str, cases: int) -> int:
    with tempfile.TemporaryDirectory() as name:
        _, server = prepared(project, Path(name), roles=("admin",))
        with running(server):
            words = [str(Path(sys.executable).parent / "schemathesis"), "run"]
            words += [f"http://{HOST}:{PORT}/openapi.json", "--checks", "all"]
            for header, value in (server.headers or {}).items():
                words += ["-H", f"{header}: {value}"]
            words += ["--phases", "examples,coverage,fuzzing", "--continue-on-failure"]
            words += ["--max-examples", str(cases // PER_EXAMPLE)]
            words += ["--generation-database", ":memory:"]
            return subprocess.run(words, cwd=name).returncode


if __name__ == "__main__":
    words = sys.argv[1:]
    sys.exit(main(words[0] if words else "flights", int(words[1]) if len(words) > 1 else 20_000))
