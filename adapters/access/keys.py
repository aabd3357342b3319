"""API keys: a file of hashes that is written by the command line and read by the service."""

import os
import secrets
import tempfile
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from hmac import compare_digest
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from adapters.access.watched import Watched
from lifecycle.errors import suggest
from lifecycle.serving.access import (
    ID_LENGTH,
    ID_LETTERS,
    PREFIX,
    SECRET_LENGTH,
    SECRET_LETTERS,
    AccessError,
    KeyRecord,
    KeyRing,
    Principal,
    Unauthorized,
    digest,
    granted,
    read_key,
    read_roles,
    write_key,
)

FILE = "keys.json"

_NOBODYS_HASH = bytes(32)


class _Key(NamedTuple):
    """A record as the service needs it: compared and decided without parsing anything."""

    hash: bytes
    principal: Principal
    expires: float
    revoked: bool


class Keys:
    """The serving side: the keys of a file, as of the last `look`."""

    def __init__(self, path: Path) -> None:
        self._file = Watched(path, _read_keys, kind="key file")

    @classmethod
    def load(cls, path: Path) -> "Keys":
        """Read a file; one that is missing or broken denies everybody, see `fault`."""
        return cls(path)

    def look(self) -> bool:
        """Read the file again if it changed; tell whether it did."""
        return self._file.look()

    @property
    def fault(self) -> str | None:
        """Why everybody is denied; `None` while the file can be read."""
        return self._file.fault

    @property
    def state(self) -> str:
        """Say in a sentence how things are."""
        return self.fault or f"{len(self._file.content or ())} keys."

    def recognise(self, token: bytes, hashed: bytes, now: float) -> tuple[Principal, float]:
        """Give whose key it is, and until when that may be remembered.

        An unknown id takes the same way as a known one.

        Parameters
        ----------
        hashed
            `digest` of the token.
        now
            Seconds since 1970.

        Raises
        ------
        Unauthorized
            If it is not a key, unknown, expired or revoked.
        """
        identifier = read_key(token)
        known = self._file.content
        if known is None:
            raise Unauthorized("The key cannot be checked now.", reason="keys unreadable")
        key = known.get(identifier or "")
        fits = compare_digest(key.hash if key else _NOBODYS_HASH, hashed)
        if key is None or not fits:
            raise Unauthorized("The key is not valid.", reason="unknown key")
        if key.revoked:
            raise Unauthorized("The key was revoked.", reason="revoked key")
        if key.expires <= now:
            raise Unauthorized("The key has expired.", reason="expired key")
        return key.principal, key.expires


class KeyFile:
    """The writing side. Several processes may use it at once; readers see whole files only.

    The file is readable by its owner alone, and belongs to whoever owns its folder if we may
    give it away: so a service that runs as another user is let in by giving it the folder.

    Parameters
    ----------
    now
        The clock.
    """

    def __init__(
        self, path: Path, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._path, self._now = path, now

    def create(
        self, name: str, roles: Sequence[str], expires: datetime | None = None
    ) -> tuple[KeyRecord, str]:
        """Make a key; the second of the answer is the key itself, which is kept nowhere.

        Raises
        ------
        AccessError
            If it would be of no use to anybody, or the file cannot be read or written.
        """
        now = self._now().replace(microsecond=0)
        _check(name, expires, now)
        declared = read_roles(roles)
        with self._locked():
            known = self._load()
            identifier = _fresh({record.id for record in known.keys})
            token = write_key(identifier, _draw(SECRET_LETTERS, SECRET_LENGTH))
            record = KeyRecord(
                id=identifier, name=name.strip(), roles=declared,
                hash=digest(token.encode()).hex(), created=now, expires=expires,
            )  # fmt: skip
            self._write((*known.keys, record))
        return record, token

    def revoke(self, identifier: str) -> KeyRecord:
        """Take a key back, for ever; one that was taken back already stays as it is.

        Parameters
        ----------
        identifier
            Its id; a whole key is understood as well.

        Raises
        ------
        AccessError
            If there is no such key; the message names near ones.
        """
        wanted = _id_in(identifier)
        with self._locked():
            records = {record.id: record for record in self._load().keys}
            if wanted not in records:
                raise AccessError(self._unknown(wanted, records.values()))
            if records[wanted].revoked is None:
                moment = self._now().replace(microsecond=0)
                records[wanted] = records[wanted].model_copy(update={"revoked": moment})
                self._write(records.values())
        return records[wanted]

    def ensure(self) -> None:
        """Make the file, with no key in it, where there is none: a service wants to read it."""
        with self._locked():
            if not self._path.exists():
                self._write(())

    def forget(self, identifier: str) -> None:
        """Take a key out of the file altogether: for keys nobody was ever given."""
        with self._locked():
            self._write(record for record in self._load().keys if record.id != identifier)

    def list(self) -> tuple[KeyRecord, ...]:
        """Give every key there ever was, in the order they were made."""
        return self._load().keys

    def _unknown(self, wanted: str, records: Iterable[KeyRecord]) -> str:
        records = list(records)
        named = [record.id for record in records if record.name == wanted]
        if named:
            return f'"{wanted}" is the name of a key. Give its id: {" or ".join(named)}.'
        return f'There is no key "{wanted}". {suggest(wanted, [record.id for record in records])}'

    def _load(self) -> KeyRing:
        try:
            return _read_ring(self._path.read_bytes())
        except FileNotFoundError:
            return KeyRing()
        except OSError as error:
            raise AccessError(f"{self._path} cannot be read ({error.strerror}).") from error
        except AccessError as error:
            raise AccessError(
                f"{self._path} {error}. Nothing was changed. Restore it, or move it away and make "
                "new keys."
            ) from error

    def _locked(self) -> "_Lock":
        return _Lock(self._path)

    def _write(self, records: Iterable[KeyRecord]) -> None:
        text = KeyRing(keys=tuple(records)).model_dump_json(indent=1) + "\n"
        try:
            _replace(self._path, text.encode())
        except OSError as error:
            raise AccessError(f"{self._path} cannot be written ({error.strerror}).") from error


class _Lock:
    """One writer at a time. The service never writes, so it never loads what locks."""

    def __init__(self, path: Path) -> None:
        from filelock import FileLock

        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise AccessError(f"{path.parent} cannot be made ({error.strerror}).") from error
        self._lock = FileLock(path.with_suffix(".lock"), mode=0o600)

    def __enter__(self) -> None:
        try:
            self._lock.acquire()
        except OSError as error:
            raise AccessError(
                f"{self._lock.lock_file} cannot be written ({error.strerror})."
            ) from error

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def _read_keys(content: bytes) -> dict[str, _Key]:
    return {
        record.id: _Key(
            hash=bytes.fromhex(record.hash),
            principal=Principal(record.id, granted(record.roles), "key"),
            expires=record.expires.timestamp() if record.expires else float("inf"),
            revoked=record.revoked is not None,
        )
        for record in _read_ring(content).keys
    }


def _read_ring(content: bytes) -> KeyRing:
    try:
        return KeyRing.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise AccessError(
            f"is broken{f' at {where}' if where else ''}: {first['msg']}"
        ) from None  # the original would show what is in the file


def _check(name: str, expires: datetime | None, now: datetime) -> None:
    if not name.strip() or len(name) > 100 or not name.isprintable():
        raise AccessError(
            f"A key is named {name!r}. Say in 1 to 100 printable characters whose it is."
        )
    if expires is not None and expires.tzinfo is None:
        raise AccessError(f"{expires} names no time zone. Write {expires.isoformat()}Z for UTC.")
    if expires is not None and expires <= now:
        raise AccessError(f"{expires} is past: the key would never be taken. Now is {now}.")


def _id_in(word: str) -> str:
    """Give the id alone, so that the secret of a key that was pasted whole is never shown."""
    return word[len(PREFIX) :][:ID_LENGTH] if word.startswith(PREFIX) else word


def _draw(letters: str, length: int) -> str:
    return "".join(secrets.choice(letters) for _ in range(length))


def _fresh(taken: set[str]) -> str:
    while (identifier := _draw(ID_LETTERS, ID_LENGTH)) in taken:
        pass
    return identifier


def _replace(path: Path, content: bytes) -> None:
    """Put a file in the place of another, whole and kept by the disk, or leave that as it is."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            if os.geteuid() == 0:
                folder = path.parent.stat()
                os.fchown(file.fileno(), folder.st_uid, folder.st_gid)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder_handle = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder_handle)
    finally:
        os.close(folder_handle)
