"""When a step's earlier result may stand in for a new one."""

import functools
import hashlib
import platform
from importlib.metadata import version
from pathlib import Path

from zenml.config.cache_policy import CachePolicy

from adapters.closure import code_below

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("lifecycle", "adapters", "steps")
NUMERIC = (
    "numpy", "pandas", "pyarrow", "scikit-learn", "scipy", "xgboost-cpu", "optuna", "onnx",
    "onnxruntime",
)  # fmt: skip


@functools.cache
def installed() -> str:
    """Say which libraries the figures come from: another version is another result."""
    found = [f"{name} {version(name)}" for name in NUMERIC]
    return hashlib.sha256("\n".join([platform.python_version(), *found]).encode()).hexdigest()


def code(module: str) -> str:
    """Hash all of our code below a module, and the libraries its figures come from."""
    files = code_below(Path(module), root=ROOT, rooms=ROOMS)
    texts = [(ROOT / file).read_bytes() for file in files]
    return hashlib.sha256(b"\0".join([installed().encode(), *texts])).hexdigest()


def caching(module: str) -> CachePolicy:
    """Let a step be cached on its inputs, its parameters and all of our code below it.

    ZenML by itself hashes the step's own source only, and then returns stale results when
    what it calls has changed.

    Parameters
    ----------
    module
        The step's `__file__`.
    """
    return CachePolicy(
        file_dependencies=list(code_below(Path(module), root=ROOT, rooms=ROOMS)),
        cache_func=installed,
    )
