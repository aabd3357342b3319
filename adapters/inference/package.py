"""Writes a packaged version into a folder, and reads it back if not a byte of it has changed."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from lifecycle.errors import PerennialError
from lifecycle.serving.contract import Contract
from lifecycle.serving.manifest import CONTRACT, MANIFEST, ROW, Manifest

FORMAT = 1


class PackageError(PerennialError):
    """A package cannot be written, or is none."""


class TamperedError(PackageError):
    """A package is not what was packaged: nothing of it is loaded."""


@dataclass(frozen=True)
class Package:
    """A package whose every byte has been checked.

    Parameters
    ----------
    files
        What each file holds, by name; all but the manifest.
    """

    manifest: Manifest
    contract: Contract
    files: Mapping[str, bytes]

    def __getitem__(self, name: str) -> bytes:
        """Give the content of a file the package has to have."""
        if name not in self.files:
            raise PackageError(
                f"The package has no {name}. It has: {', '.join(sorted(self.files))}. "
                "Package the version again."
            )
        return self.files[name]


def digest(folder: Path) -> str:
    """Give the SHA-256 of a package's manifest, which stands for all of the package."""
    return _hash(_read(folder, MANIFEST))


def read_package(folder: Path, *, manifest_sha256: str | None = None) -> Package:
    """Read a package; each file's hash is checked before any byte of it is parsed.

    Parameters
    ----------
    manifest_sha256
        What the manifest's own hash has to be, where it is known: see `digest`.

    Raises
    ------
    TamperedError
        If a file has changed, is missing, or is there without being listed.
    PackageError
        If the folder holds no package, or one of another format.
    """
    content = _read(folder, MANIFEST)
    if manifest_sha256 is not None:
        _require_hash(folder, MANIFEST, content, manifest_sha256.lower())
    manifest = _parse_manifest(folder, content)
    _require_same_names(folder, manifest)
    files = {}
    for name, expected in manifest.files.items():
        files[name] = _read(folder, name)
        _require_hash(folder, name, files[name], expected)
    contract = Contract.model_validate_json(files[CONTRACT])
    return Package(manifest, contract, files)


def write_package(folder: Path, manifest: Manifest, files: Mapping[str, bytes]) -> str:
    """Write a package, all of it or nothing, and give its `digest`.

    Parameters
    ----------
    folder
        Must not be there yet, or be empty.
    manifest
        Its `files` are filled in.

    Raises
    ------
    PackageError
        If the folder is in use, or a name is not that of a plain file.
    """
    _require_plain_names(folder, files)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise PackageError(
            f"{folder} is there already and not empty. A package is never changed: "
            "write it into a new folder."
        )
    hashes = {name: _hash(content) for name, content in sorted(files.items())}
    whole = manifest.model_copy(update={"files": hashes}).model_dump_json(indent=2).encode()
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        for name, content in [*files.items(), (MANIFEST, whole)]:
            _write(draft / name, content)
        draft.chmod(0o755)
        draft.replace(folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return _hash(whole)


def _parse_manifest(folder: Path, content: bytes) -> Manifest:
    try:
        read = json.loads(content)
        found = read.get("format") if isinstance(read, dict) else None
        if found == FORMAT:
            manifest = Manifest.model_validate(read)
            _require_plain_names(folder, manifest.files)
            return manifest
    except (ValueError, ValidationError) as error:
        raise PackageError(
            f"{folder / MANIFEST} is not a manifest: {error}. Package the version again."
        ) from error
    raise PackageError(
        f"{folder / MANIFEST} has format {found!r}, and this service reads format {FORMAT}. "
        "Package the version again with the code that serves it."
    )


def _require_plain_names(folder: Path, files: Mapping[str, object]) -> None:
    for name in files:
        if name in ("", ".", "..", MANIFEST) or set(name) & set("/\\\0"):
            raise PackageError(
                f"{folder / MANIFEST} lists a file {name!r}. A package has plain files, side by "
                "side, and its manifest does not list itself."
            )
    if missing := {CONTRACT, ROW} - set(files):
        raise PackageError(
            f"{folder / MANIFEST} lists no {', '.join(sorted(missing))}: without, nothing can be "
            "answered. Package the version again."
        )


def _require_same_names(folder: Path, manifest: Manifest) -> None:
    found = {entry.name for entry in folder.iterdir()}
    listed = {MANIFEST, *manifest.files}
    if missing := sorted(listed - found):
        raise TamperedError(f"{folder} has no {', '.join(missing)}, {_LISTED} {_WHAT_TO_DO}")
    if strange := sorted(found - listed):
        raise TamperedError(f"{folder} has {', '.join(strange)}, not {_LISTED} {_WHAT_TO_DO}")


def _require_hash(folder: Path, name: str, content: bytes, expected: str) -> None:
    if (found := _hash(content)) != expected:
        raise TamperedError(
            f"{folder / name} is not the file that was packaged: its SHA-256 is {found} instead "
            f"of {expected}. {_WHAT_TO_DO}"
        )


def _read(folder: Path, name: str) -> bytes:
    """Read a plain file; a link could lead anywhere, and change after it was looked at."""
    try:
        handle = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            return file.read()
    except FileNotFoundError:
        raise PackageError(
            f"{folder} holds no package: there is no {name} in it. "
            "`python run.py --pipeline deployment` makes one."
        ) from None
    except OSError as error:
        raise TamperedError(
            f"{folder / name} is not a plain file that can be read ({error.strerror}); links are "
            f"not followed. {_WHAT_TO_DO}"
        ) from error


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


_LISTED = f"which {MANIFEST} lists."
_WHAT_TO_DO = "Nothing of the package was loaded. Deploy the version again from the registry."
