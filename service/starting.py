"""What is looked at before a worker is started, without loading a model."""

import os
from pathlib import Path

from adapters.access.gate import Gate
from adapters.inference.package import read_package
from lifecycle.serving.contract import Contract
from lifecycle.serving.declaration import Serving
from lifecycle.serving.events import Mask
from lifecycle.serving.manifest import MANIFEST, Manifest
from lifecycle.serving.outcomes import UnitMask
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
        Whatever a worker would find as well, save for a graph that cannot be loaded.
    """
    package = read_package(settings.package, manifest_sha256=settings.manifest)
    open_gate(settings, package.manifest.serving)
    open_mask(settings, package.manifest.serving, package.contract)
    open_unit_mask(settings)
    if settings.events is not None:
        _require_writable(settings.events)


def open_gate(settings: Settings, serving: Serving) -> Gate:
    """Make the gate; where its files cannot be read, nobody would come in.

    Raises
    ------
    PerennialError
        If so.
    """
    for name, file in {"PERENNIAL_KEYS": settings.keys, "PERENNIAL_JWKS": settings.jwks}.items():
        if file is not None and not os.access(file, os.R_OK):
            raise StartError(f"{name} names {file}, which cannot be read. Is the path right?")
    gate = Gate(
        serving.access,
        keys=settings.keys,
        jwks=settings.jwks,
        rate=serving.limits.rate,
        claim=settings.unit.claim if settings.unit else None,
    )
    if faults := gate.faults():
        raise StartError(" ".join(faults))
    return gate


def open_mask(settings: Settings, serving: Serving, contract: Contract) -> Mask:
    """Make what masks personal values wherever rows are stored.

    Raises
    ------
    PerennialError
        If it needs a secret and there is none.
    """
    return Mask(contract, serving.events.personal, secret=_secret(settings))


def open_unit_mask(settings: Settings) -> UnitMask | None:
    """Make what masks the names of units; nothing where none are told apart.

    Raises
    ------
    PerennialError
        If it needs a secret and there is none.
    """
    return None if settings.unit is None else UnitMask(_secret(settings))


def _secret(settings: Settings) -> bytes | None:
    return None if settings.mask is None else settings.mask.encode()


def _require_writable(folder: Path) -> None:
    there = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise StartError(
            f"PERENNIAL_EVENTS names {folder}, and {there} cannot be written to. Name a folder "
            "that can, or change whose it is."
        )
