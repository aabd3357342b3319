"""What this process runs on: the commit, whether the tree was dirty, and what is installed."""

import hashlib
import platform
import subprocess
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_DECISIVE = (
    "numpy", "pandas", "pyarrow", "scikit-learn", "scipy", "xgboost-cpu", "optuna", "mlflow",
    "zenml", "whylogs", "duckdb",
)  # fmt: skip


def commit(root: Path) -> tuple[str | None, bool | None]:
    """Give the commit of the code and whether files differ from it; nothing without git."""
    revision = _git(root, "rev-parse", "HEAD")
    if revision is None:
        return None, None
    status = _git(root, "status", "--porcelain", "--untracked-files=no")
    return revision.strip(), status is None or bool(status.strip())


def _git(root: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *words], capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout


def lock_fingerprint(root: Path) -> str | None:
    """Hash the lock file, where there is one."""
    path = root / "requirements.lock"
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def packages() -> dict[str, str]:
    """Name the versions installed of what the figures come from."""
    return dict(_installed())


def _installed() -> Iterator[tuple[str, str]]:
    for name in _DECISIVE:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            continue


def python() -> str:
    """Name the running Python."""
    return platform.python_version()
