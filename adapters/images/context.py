"""What a build is given: the Bento, its packages and nothing else, fetched and checked here."""

import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from adapters.images.engine import ImageError

HERE = Path(__file__).resolve().parent
SITE = "site-packages"
SBOM = "sbom.cdx.json"
PYTHON = "3.11"

DEAD_WEIGHT = (
    "bin",  # commands, each with the path of this machine's Python in its first line
    "**/tests",
    "**/*.a",
    "numpy/f2py",
    "onnxruntime/capi/libonnxruntime.so.*",  # for C++: Python's module has its own, linked in
    "onnxruntime/datasets",
    "onnxruntime/quantization",
    "onnxruntime/tools",
    "onnxruntime/transformers",
    "tornado/test",
    "xgboost/dask",
    "xgboost/spark",
    "xgboost/testing",
)
"""What packages bring and serving never reads."""

_EPOCH = 315_532_800  # 1980: the same content is the same layer, whenever it was copied


def install(lock: Path, target: Path, *, architecture: str) -> None:
    """Install the packages a lock file pins, each checked against its hash, for the image.

    Parameters
    ----------
    architecture
        The machine the image runs on, which need not be this one.

    Raises
    ------
    ImageError
        If uv is not installed, or a package cannot be had as it was pinned.
    """
    command = [_uv(), "pip", "install", "--quiet", "--target", str(target)]
    command += ["--python", sys.executable, "--python-version", PYTHON]
    command += ["--python-platform", f"{architecture}-manylinux_2_28"]
    command += ["--no-deps", "--require-hashes", "--only-binary", ":all:", "-r", str(lock)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise ImageError(
            f"The packages of {lock.name} could not be fetched for the image:\n"
            f"{done.stderr.strip()[-2_000:]}"
        )
    _strip(target)


def _uv() -> str:
    beside = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    if (found := shutil.which("uv", path=beside)) is None:
        raise ImageError(
            "uv, which fetches the image's packages, is not installed. `make install` does it."
        )
    return found


def _strip(target: Path) -> None:
    for pattern in DEAD_WEIGHT:
        for path in list(target.glob(pattern)):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def copy_bento(bento: Path, target: Path) -> None:
    """Copy what `bentoml serve` reads of a built Bento.

    Its `env` folder stays behind: it tells how BentoML would build an image.

    Raises
    ------
    ImageError
        If the folder is not a Bento.
    """
    if not (bento / "bento.yaml").is_file():
        raise ImageError(f"{bento} is no Bento: there is no bento.yaml in it.")
    target.mkdir()
    shutil.copy(bento / "bento.yaml", target)
    shutil.copytree(bento / "src", target / "src", ignore=shutil.ignore_patterns("__pycache__"))


@contextmanager
def packed(folder: Path) -> Iterator[IO[bytes]]:
    """Pack a folder as the engine takes it: owned by root, readable by all, without times."""
    with TemporaryFile() as file:
        with tarfile.open(fileobj=file, mode="w") as archive:
            for path in sorted(folder.rglob("*")):
                archive.add(path, str(path.relative_to(folder)), recursive=False, filter=_plain)
        file.seek(0)
        yield file


def _plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mtime = _EPOCH
    entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
    return entry
