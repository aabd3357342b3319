"""Compressed files, told by their first bytes: a server may have unpacked one on its way."""

import bz2
import gzip
import io
import zipfile
import zlib

import pyarrow as pa

from lifecycle.errors import SourceError


def unpack(content: pa.Buffer) -> pa.Buffer:
    """Unpack gzip, bzip2 and a zip file with one member; anything else is given back as it is.

    Raises
    ------
    SourceError
        If the file is damaged, encrypted, or a zip file that holds not exactly one file.

    Examples
    --------
    >>> unpack(pa.py_buffer(gzip.compress(b"a,b"))).to_pybytes()
    b'a,b'
    """
    start = bytes(content[:4])
    try:
        if start.startswith(b"\x1f\x8b"):
            return pa.py_buffer(gzip.decompress(content))
        if start.startswith(b"BZh"):
            return pa.py_buffer(bz2.decompress(content))
        if start in (b"PK\x03\x04", b"PK\x05\x06"):
            return pa.py_buffer(_unzip(content))
    except (OSError, EOFError, ValueError, zlib.error, zipfile.BadZipFile) as error:
        raise SourceError(f"The compressed file is damaged ({error}).") from None
    return content


def _unzip(content: pa.Buffer) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = [
            member
            for member in archive.infolist()
            if not member.is_dir() and not member.filename.startswith("__MACOSX/")
        ]
        if len(members) != 1:
            names = ", ".join(member.filename for member in members[:5])
            raise SourceError(
                f"The zip file holds {len(members)} files{': ' if names else ''}{names}. "
                "Pack one file into it, or unpack it and declare each table."
            )
        try:
            return archive.read(members[0])
        except RuntimeError:  # how zipfile says that a password is needed
            raise SourceError("The zip file is encrypted. Unpack it first.") from None
