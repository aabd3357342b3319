"""BentoML's store: a packaged version and the code that serves it become one Bento."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from adapters.closure import code_below
from lifecycle.errors import PerennialError
from lifecycle.section import Value
from lifecycle.serving.contract import Contract
from lifecycle.serving.manifest import CONTRACT, MANIFEST, Manifest

SERVICE = "service/service.py"
ROOMS = ("service", "adapters", "lifecycle")
PACKAGE = "package"
LOCK = "service/requirements.lock"

_CONFIG = """\
service: "service.service:service"
name: {name}
description: "{project} version {version}, served by Perennial"
labels:
  project: "{project}"
  version: "{version}"
  manifest: "{digest}"
include: ["**"]
python:
  requirements_txt: {lock}
  lock_packages: false
"""


class BentoError(PerennialError):
    """A Bento could not be built."""


class Bento(Value):
    """A built Bento.

    Parameters
    ----------
    tag
        `name:version`, as `bentoml list` shows it.
    folder
        Where it lies.
    manifest
        SHA-256 of the manifest of the package in it.
    """

    tag: str
    folder: str
    manifest: str


def bento_name(project: str) -> str:
    """Name the Bento, container and program of a project: lower case, as BentoML wants it.

    Examples
    --------
    >>> bento_name("Flights_NYC")
    'flights_nyc'
    """
    return re.sub(r"[^a-z0-9_.-]", "-", project.lower())


def contract_of(project: str, version: str, *, store: Path) -> Contract | None:
    """Give the contract a version was served with, as its newest Bento has it."""
    found = (store / "bentos" / bento_name(project)).glob(f"{version}-*/src/{PACKAGE}/{CONTRACT}")
    newest = max(found, key=lambda path: path.stat().st_mtime, default=None)
    return None if newest is None else Contract.model_validate_json(newest.read_bytes())


def build(package: Path, manifest: Manifest, digest: str, *, root: Path, store: Path) -> Bento:
    """Build the Bento of a packaged version, or give the one that was built of the same.

    Its version is the version's number, the package and the code in it: the same content is
    the same Bento.

    Parameters
    ----------
    package
        The folder of the package.
    digest
        SHA-256 of its manifest.
    root
        Where our own code lies.
    store
        BentoML's home.

    Raises
    ------
    BentoError
        If BentoML refuses; its own words are in the message.
    """
    with tempfile.TemporaryDirectory(prefix="perennial-bento-") as name:
        stage = Path(name)
        code = _lay_out(stage, package, root)
        name, version = bento_name(manifest.project), f"{manifest.version}-{digest[:8]}-{code[:8]}"
        folder = store / "bentos" / name / version
        if not (folder / "bento.yaml").is_file():
            config = _CONFIG.format(
                name=name, project=manifest.project, version=manifest.version, digest=digest,
                lock=LOCK,
            )  # fmt: skip
            (stage / "bentofile.yaml").write_text(config, encoding="utf-8")
            _run(stage, version, store)
    if not (folder / "src" / PACKAGE / MANIFEST).is_file():
        raise BentoError(f"BentoML built {name}:{version}, but {folder} holds no package.")
    return Bento(tag=f"{name}:{version}", folder=str(folder), manifest=digest)


def _lay_out(stage: Path, package: Path, root: Path) -> str:
    """Copy the code that serves, and the package; give the hash of the code."""
    import hashlib

    hasher = hashlib.sha256()
    for file in (*code_below(root / SERVICE, root=root, rooms=ROOMS), LOCK):
        target = stage / file
        target.parent.mkdir(parents=True, exist_ok=True)
        content = (root / file).read_bytes()
        target.write_bytes(content)
        hasher.update(f"{file}:{len(content)}:".encode() + content)
    shutil.copytree(package, stage / PACKAGE)
    return hasher.hexdigest()


def _run(stage: Path, version: str, store: Path) -> None:
    """Build in a process of its own: BentoML imports the service as it will be in the Bento."""
    store.mkdir(parents=True, exist_ok=True)
    environment = {
        **os.environ,
        "BENTOML_HOME": str(store),
        "BENTOML_DO_NOT_TRACK": "true",
        "PYTHONPATH": "",
    }
    done = subprocess.run(
        [sys.executable, "-m", "bentoml", "build", ".", "--version", version, "-o", "tag"],
        cwd=stage,
        env=environment,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        told = (done.stderr or done.stdout).strip()[-2_000:]
        raise BentoError(f"BentoML could not build version {version} of the service:\n{told}")
