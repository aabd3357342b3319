"""What is looked at before a worker is started, without loading a model."""

import os
from pathlib import Path

from adapters.inference.package import read_package
from lifecycle.serving.manifest import MANIFEST, Manifest
from service.settings import Settings, StartError


def count_workers(package: Path) -> int:
    """Say how many processes are to answer; one where there is no package yet.

    Whether the package is what it should be is not asked here, but before the server starts.
    """
    try:
        content = (package / MANIFEST).read_bytes()
        return Manifest.model_validate_json(content).serving.workers
    except (OSError, ValueError):
        return 1


def check(settings: Settings) -> None:
    """Refuse a package that changed, and files and folders that cannot be used.

    Raises
    ------
    PerennialError
        Whatever a worker would find as well.
    """
    read_package(settings.package, manifest_sha256=settings.manifest)
    for name, file in {"PERENNIAL_KEYS": settings.keys, "PERENNIAL_JWKS": settings.jwks}.items():
        if file is not None and not os.access(file, os.R_OK):
            raise StartError(f"{name} names {file}, which cannot be read. Is the path right?")
    if settings.events is not None:
        _require_writable(settings.events)


def _require_writable(folder: Path) -> None:
    there = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise StartError(
            f"PERENNIAL_EVENTS names {folder}, and {there} cannot be written to. Name a folder "
            "that can, or change whose it is."
        )
