"""Where the supervisor of a state folder keeps its files, and how they are written."""

import hashlib
import os
import re
import stat
import tempfile
from pathlib import Path

from lifecycle.errors import PerennialError

LONGEST_SOCKET = 90
"""Characters: macOS takes 103, and supervisor binds `<path>.<pid>` before it renames."""


class SupervisionError(PerennialError):
    """Something that should be kept running cannot be."""


def private_folder(path: Path) -> Path:
    """Make a folder that only its owner can look into, and give it.

    Raises
    ------
    SupervisionError
        If it belongs to somebody else: whoever owns it could replace what is in it.
    """
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise SupervisionError(
            f"{path} belongs to user {found.st_uid}, and this is user {os.geteuid()}. What is "
            "deployed is kept by the user who deployed it: go on as that user, or point "
            "$PERENNIAL_STATE at a folder of your own."
        )
    path.chmod(0o700)
    return path


def replace_file(path: Path, content: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def socket_path(folder: Path, name: str) -> Path:
    """Choose where a socket of a folder lies, and remember it there.

    A socket's path has to be short and plain. Where the folder's is neither, the socket goes
    into a private folder below the temporary one, named by a hash. What was chosen first is
    kept: another command may have another `$TMPDIR`.
    """
    remembered = folder / f"{name}.at"
    if remembered.exists():
        path = Path(remembered.read_text(encoding="utf-8"))
        if path.parent != folder:
            private_folder(path.parent)
        return path
    path = folder / f"{name}.sock"
    if len(os.fsencode(path)) > LONGEST_SOCKET or not re.fullmatch(r"[\w/.+-]+", str(path), re.A):
        short = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
        place = private_folder(Path(tempfile.gettempdir()) / f"perennial-{os.geteuid()}")
        path = place / f"{short}-{name}.sock"
    replace_file(remembered, str(path))
    return path
