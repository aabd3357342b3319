"""Serves a version in the foreground: for looking at it, not for others to rely on."""

import os
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

from adapters import bentos, registry
from adapters.declaration import LoadedProject
from adapters.hosting import environment, serve_command
from adapters.packaging import package, prove_parity
from adapters.precautions import require_free


def serve(loaded: LoadedProject, *, version: str | None, root: Path, state: Path) -> NoReturn:
    """Package a version, prove that it says what was trained, and become its service.

    Raises
    ------
    ProjectError
        If something listens already where it is declared to be served.
    Refused
        If what would be served says something else than was trained.
    RegistryError
        If there is no such version.
    """
    project = loaded.project
    require_free(project.serving.host, project.serving.port)
    number = registry.number_of(project.name, version or registry.standing(project.name))
    candidate = registry.candidate_of(project.name, number)
    packaged = package(
        candidate, registry.story_of(project.name, number), project.data, project.serving
    )
    parity = prove_parity(packaged, candidate, registry.holdout_of(project.name, number))
    parity.judge().require("What would be served")
    with tempfile.TemporaryDirectory(prefix="perennial-package-") as name:
        folder = Path(name) / "package"
        digest = packaged.write(folder)
        bento = bentos.build(folder, packaged.manifest, digest, root=root, store=state / "bentoml")
    settings = environment(
        project.serving, project.name, manifest=digest, folder=loaded.folder, state=state
    )
    host, port = project.serving.host, project.serving.port
    told = f"{project.name} version {number} at http://{host}:{port} (Ctrl-C ends it)\n"
    sys.stdout.write(told)
    sys.stdout.flush()
    words = serve_command(bento.folder, host, port)
    os.execve(words[0], words, {**os.environ, **settings})
