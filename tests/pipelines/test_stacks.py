"""The same training on both stacks: embedded, and with S3 and an MLflow server on loopback."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
import pytest

from lifecycle.governance.story import Story
from tests.pipelines.conftest import Write, orders
from tests.servers import web
from tests.servers.process import LOOPBACK, accepts, free_port, running


@contextmanager
def mlflow_server(folder: Path) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--host", LOOPBACK, "--port", str(port)]
    command += ["--workers", "1", "--backend-store-uri", f"sqlite:///{folder}/server.db"]
    command += ["--artifacts-destination", str(folder / "files")]
    environment = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    log = folder / "log"
    with running(command, is_ready=lambda: accepts(port), log=log, environment=environment):
        yield f"http://{LOOPBACK}:{port}"


def train(root: Path, stack: str, project: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "run.py", "--pipeline", "training", "--project", str(project),
         "--stack", stack],
        cwd=root, env={**os.environ, **environment}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def story(uri: str, project: str) -> Story:
    from mlflow.tracking import MlflowClient

    client = MlflowClient(uri, uri)
    version = client.get_model_version_by_alias(project, "challenger")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(client.download_artifacts(version.run_id, "story.json", folder))
        return Story.model_validate_json(path.read_text())


@pytest.mark.xdist_group("processes")
def test_the_remote_stack_finds_the_same_version_figures_and_gates(
    write: Write, tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write("both")
    local, remote = tmp_path / "local", tmp_path / "remote"
    remote.mkdir()
    train(root, "local", folder, {"PERENNIAL_STATE": str(local)})

    with web.s3(log=tmp_path / "s3") as endpoint, mlflow_server(remote) as server:
        environment = {
            **web.S3_KEYS,
            "AWS_ENDPOINT_URL": endpoint,
            "PERENNIAL_STATE": str(remote),
            "PERENNIAL_BUCKET": "perennial",
            "MLFLOW_TRACKING_URI": server,
            "MLFLOW_TRACKING_USERNAME": "tester",
            "MLFLOW_TRACKING_PASSWORD": "t0p-s3cret-word",
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        boto3.client("s3").create_bucket(Bucket="perennial")
        train(root, "remote", folder, environment)
        again = train(root, "remote", folder, environment)
        there = story(server, "both")
        stored = boto3.client("s3").list_objects_v2(Bucket="perennial")["KeyCount"]
    here = story(f"sqlite:///{local}/mlflow.db", "both")

    assert there.evaluation is not None
    assert here.evaluation is not None
    assert there.evaluation.measures == here.evaluation.measures
    assert there.gates == here.gates
    assert there.lineage.data_fingerprint == here.lineage.data_fingerprint
    assert there.search is not None
    assert here.search is not None
    assert there.search.winner_params == here.search.winner_params
    assert stored > 10
    assert "tune" in next(line for line in again.splitlines() if "cached" in line)
    assert not (remote / "artifacts").exists()
    secrets = [
        path for path in remote.rglob("*")
        if path.is_file() and b"t0p-s3cret-word" in path.read_bytes()
    ]  # fmt: skip
    assert secrets == []


@pytest.mark.xdist_group("processes")
def test_a_half_configured_stack_is_refused_before_anything_runs(
    write: Write, tmp_path: Path, root: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "run.py", "--pipeline", "training", "--project", str(write("half")),
         "--stack", "remote"],
        cwd=root,
        env={"PATH": os.environ["PATH"], "PERENNIAL_STATE": str(tmp_path / "state")},
        capture_output=True,
        text=True,
    )  # fmt: skip

    assert done.returncode == 2
    assert "export PERENNIAL_BUCKET=" in done.stderr
    assert not (tmp_path / "state" / "zenml").exists()


@pytest.mark.xdist_group("processes")
def test_what_a_declaration_names_from_the_environment_is_not_stored(
    write: Write, tmp_path: Path, root: Path
) -> None:
    import sqlite3

    database = tmp_path / "t0p-s3cret-place.db"
    orders().to_sql("orders", sqlite3.connect(database), index=False)
    source = "{url: 'sqlite:///${ORDERS_DATABASE}', table: orders}"
    folder = write("hidden", replaced={"orders: orders.csv": f"orders: {source}"})
    state = tmp_path / "state"

    train(root, "local", folder, {"PERENNIAL_STATE": str(state), "ORDERS_DATABASE": str(database)})

    told = [
        path.relative_to(state) for path in state.rglob("*")
        if path.is_file() and b"t0p-s3cret-place" in path.read_bytes()
    ]  # fmt: skip
    assert told == []
