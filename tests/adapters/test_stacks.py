import os
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.stacks.file import expand, load, stacks
from lifecycle.errors import StackError


def test_the_shipped_stacks_can_be_read(root: Path) -> None:
    assert {"local", "remote"} <= set(stacks(root))
    for name in stacks(root):
        assert load(name, root=root).stack_name == name


def test_a_name_that_does_not_exist_is_answered_with_the_nearest(root: Path) -> None:
    with pytest.raises(StackError, match='Did you mean "local"'):
        load("locl", root=root)


@pytest.mark.parametrize("text", ["stack_name: [", "stack_name: x", "- 1", ""])
def test_a_file_that_is_no_stack_is_refused_with_its_path(tmp_path: Path, text: str) -> None:
    (tmp_path / "stack_configs").mkdir()
    (tmp_path / "stack_configs/broken.yaml").write_text(text)

    with pytest.raises(StackError, match=r"broken\.yaml"):
        load("broken", root=tmp_path)


def test_a_missing_variable_is_named_before_anything_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PERENNIAL_BUCKET", raising=False)

    with pytest.raises(StackError, match="export PERENNIAL_BUCKET"):
        expand({"path": "s3://${PERENNIAL_BUCKET}/x"}, where="here")


def test_a_tracker_that_does_not_answer_is_refused(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from adapters.stacks.activation import point_at_tracker

    names = ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD")
    for name in names:
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")

    with pytest.raises(StackError, match="does not answer"):
        point_at_tracker("remote", root=root)


def test_nothing_is_written_outside_the_state_folder(root: Path, tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; from adapters.stacks.environment import prepare;"
        f"root = Path({str(root)!r}); prepare(root);"
        "from adapters.stacks.activation import activate; activate('local', root=root);"
        "from adapters.experiments import experiment; experiment('x')"
    )
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path / "home"),
        "PERENNIAL_STATE": str(tmp_path / "state"),
    }
    (tmp_path / "home").mkdir()

    subprocess.run([sys.executable, "-c", code], cwd=root, env=environment, check=True)

    left = [path for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert left == []
    assert (tmp_path / "state/mlflow.db").is_file()
    assert not (root / ".zen/config.yaml").exists()
