"""A file or a folder, wherever it lies."""

import posixpath
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
from fsspec import AbstractFileSystem
from fsspec.implementations.http import HTTPFileSystem
from fsspec.implementations.local import LocalFileSystem

from lifecycle.errors import SourceError


@dataclass(frozen=True)
class Place:
    """Where bytes are read from.

    Parameters
    ----------
    filesystem
        What opens the path.
    path
        The path as `filesystem` knows it.
    shown
        How to speak of it.
    """

    filesystem: AbstractFileSystem = field(repr=False)
    path: str
    shown: str

    @property
    def is_local(self) -> bool:
        """Whether it lies on this machine's disk."""
        return isinstance(self.filesystem, LocalFileSystem)

    @property
    def is_on_the_web(self) -> bool:
        """Whether it must be fetched whole: a web server may not give parts of a file."""
        return isinstance(self.filesystem, HTTPFileSystem)

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder; the web has none."""
        return not self.is_on_the_web and bool(self.filesystem.isdir(self.path))

    def files(self) -> list[str]:
        """List all files below a folder in alphabetical order; a file lists itself."""
        found = self.filesystem.find(self.path) if self.is_folder else [self.path]
        return sorted(found)

    def read(self) -> pa.Buffer:
        """Give the bytes of the file; a local one is mapped into memory, not copied.

        Raises
        ------
        SourceError
            If it holds no bytes.
        """
        if not self.is_local:
            content = self.filesystem.cat_file(self.path)
        elif Path(self.path).stat().st_size:
            content = pa.memory_map(self.path).read_buffer()
        else:
            content = b""
        if not len(content):
            raise SourceError("The file is empty.")
        return pa.py_buffer(content)


def name_without_compression(path: str) -> str:
    """Give the last part of a path without `.gz`, `.bz2` or `.zip`.

    Examples
    --------
    >>> name_without_compression("data/flights.csv.zip")
    'flights.csv'
    """
    name = posixpath.basename(path.split("?")[0])
    for ending in (".gz", ".bz2", ".zip"):
        name = name.removesuffix(ending)
    return name
