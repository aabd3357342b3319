"""20,000 cases made from the OpenAPI document: none may end with a 5xx or an undocumented answer.

python -m benchmarks.fuzz [PROJECT [CASES]]
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.serving import HOST, PORT, prepared, running

PER_EXAMPLE = 7
"""Cases schemathesis makes for each example it is asked for, over all routes."""

SETTINGS = """\
[checks]
negative_data_rejection.expected-statuses = [400, 401, 403, 404, 405, 408, 413, 415, 422, 429]
"""
"""Too many rows break the schema, and are answered with 413, which it does not expect by itself."""


def main(project: str, cases: int) -> int:
    with tempfile.TemporaryDirectory() as name:
        _, server = prepared(project, Path(name), roles=("admin",))
        (Path(name) / "schemathesis.toml").write_text(SETTINGS)
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
