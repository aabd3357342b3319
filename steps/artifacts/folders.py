"""Folders of files, to and from the artifact store of the active stack, wherever it is."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zenml.artifact_stores import BaseArtifactStore


@contextmanager
def stored(store: BaseArtifactStore, uri: str) -> Iterator[Path]:
    """Give a local folder whose files are in the store when the block ends."""
    if _is_local(uri):
        yield Path(uri)
        return
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)
        for file in sorted(Path(name).rglob("*")):
            if file.is_file():
                target = f"{uri}/{file.relative_to(name).as_posix()}"
                with store.open(target, "wb") as out:
                    out.write(file.read_bytes())


@contextmanager
def fetched(store: BaseArtifactStore, uri: str) -> Iterator[Path]:
    """Give a local folder with the files of the store; it is gone when the block ends."""
    if _is_local(uri):
        yield Path(uri)
        return
    with tempfile.TemporaryDirectory() as name:
        for path in _files(store, uri):
            target = Path(name) / path.removeprefix(uri).lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            with store.open(path, "rb") as source:
                target.write_bytes(source.read())
        yield Path(name)


def _is_local(uri: str) -> bool:
    return "://" not in uri


def _files(store: BaseArtifactStore, uri: str) -> Iterator[str]:
    for name in store.listdir(uri):
        path = f"{uri}/{str(name).rstrip('/').split('/')[-1]}"
        if store.isdir(path):
            yield from _files(store, path)
        else:
            yield path
