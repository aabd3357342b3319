"""The event log: what was answered was written first, is never lost, and is found again."""

import errno
import logging
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from adapters.events.segment import Segment, reach_folder, reserve, take_over
from lifecycle.errors import PerennialError
from lifecycle.serving.declaration import Events

_log = logging.getLogger("perennial.events")

_OF_ONE_FILE = {errno.EFBIG, errno.ENOENT, errno.EIO, errno.ESTALE}
"""Faults that may be those of the one file: the next one may be in order."""

_MEGABYTE = 1_000_000


class CannotRecordError(PerennialError):
    """Events cannot be written down, so that an answer would leave no trace."""


@dataclass(frozen=True)
class State:
    """Whether events can be written down.

    Parameters
    ----------
    reason
        Why not; names no path, so it may be shown to anybody.
    since
        Since when not.
    """

    reason: str | None = None
    since: datetime | None = None

    @property
    def is_healthy(self) -> bool:
        """Whether events can be written down."""
        return self.reason is None


HEALTHY = State()


class EventLog:
    r"""A folder of append-only files of JSON lines, each written by one process.

    Any number of processes, on one machine or in several containers, may have a log on the same
    folder. Each writes `<UTC time>-<host>-<process>-<n>.jsonl.open`, which becomes `.jsonl` when
    it is large or old enough. Files whose writers died are taken over when a log starts, and
    whenever one changes its file.

    Making one never fails: what is wrong is told by `state`, and goes away by itself once
    writing works again. Safe to use from several threads.

    Parameters
    ----------
    folder
        The folder of all events; it is made where it does not exist. Once it did and is gone,
        it is not made again: where it was mounted, its place would be the wrong disk.
    name
        The kind of events, a folder in it.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, EventLog(folder, Events()) as log:
    ...     log.write(b'{"event":"prediction"}\n')
    ...     log.check().is_healthy
    True
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        settings: Events,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        name: str = "predictions",
    ) -> None:
        self._folder = Path(folder) / name
        self._now = now
        self._largest = int(settings.rotate_mb * _MEGABYTE)
        self._oldest = settings.rotate_after
        self._to_disk = settings.sync == "disk"
        self._lock = threading.RLock()
        self._segment: Segment | None = None
        self._finishing: set[threading.Thread] = set()
        self._written = self._checked = HEALTHY
        self._start()

    def _start(self) -> None:
        try:
            self._folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._require_folder()
            take_over(self._folder)
        except OSError as error:
            self._checked = self._failing(error)
        else:
            self.check()

    @property
    def state(self) -> State:
        """Whether the last event was written, and the last check found room for more.

        A check that goes well forgives what could not be written before. An event that was
        written forgives no check: where the folder takes no new file, only the present one works.
        """
        return self._checked if self._written.is_healthy else self._written

    def write(self, lines: bytes) -> None:
        """Write whole lines, in one piece; they are there when this returns.

        Raises
        ------
        CannotRecordError
            If they cannot be written; nothing of them stays then.
        ValueError
            If the last line has no end.
        """
        if not lines:
            return
        if not lines.endswith(b"\n"):
            raise ValueError("A block of events has to end with a line break.")
        with self._lock:
            try:
                self._append(lines)
            except OSError as error:
                self._written = self._failing(error)
                raise CannotRecordError(
                    f"Events cannot be written to {self._folder}: {_describe(error)}. "
                    "Make room there, or make it writable; the service goes on by itself."
                ) from error
            if not self._written.is_healthy:
                self._recover(checked=self._checked)

    def check(self) -> State:
        """Try whether more could be written, without leaving anything; about 60 µs."""
        with self._lock:
            try:
                self._require_folder()
                reserve(self._folder)
            except OSError as error:
                self._checked = self._failing(error)
            else:
                self._recover(checked=HEALTHY)
        return self.state

    def rotate_if_due(self) -> None:
        """Finish a file that is old enough, also where nobody asks for anything any more."""
        with self._lock:
            segment = self._own()
            if segment is not None and self._is_due(segment):
                self._change()

    def close(self) -> None:
        """Finish the file, and wait until all of them are finished."""
        with self._lock:
            if self._own() is not None:
                self._change()
            finishing = tuple(self._finishing)
        for thread in finishing:
            thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _append(self, lines: bytes) -> None:
        segment = self._current()
        try:
            segment.append(lines, to_disk=self._to_disk)
        except OSError as error:
            another_may_do = error.errno in _OF_ONE_FILE and segment.size > 0
            if another_may_do or segment.size == 0 or segment.is_broken:
                self._change()
            if not another_may_do:
                raise
            self._append(lines)  # to an empty file, so it does not come here again

    def _current(self) -> Segment:
        """Give the file to write to; one that is due is kept where no new one can be made."""
        segment = self._own()
        if segment is None:
            self._segment = segment = self._open()
        elif self._is_due(segment):
            try:
                following = self._open()
            except OSError as error:
                self._checked = self._failing(error)
                return segment
            self._change(following)
            segment = following
        return segment

    def _own(self) -> Segment | None:
        """Give the file this process writes to; a forked child leaves its parent's alone."""
        if self._segment is not None and self._segment.process != os.getpid():
            self._segment.release()
            self._segment = None
        return self._segment

    def _open(self) -> Segment:
        self._require_folder()
        segment = Segment.create(self._folder, self._now())
        if self._to_disk:
            try:
                reach_folder(self._folder)
            except OSError:
                segment.finish()
                raise
        return segment

    def _require_folder(self) -> None:
        if not self._folder.is_dir():
            self._folder.mkdir(mode=0o700, exist_ok=True)
            reach_folder(self._folder.parent)

    def _is_due(self, segment: Segment) -> bool:
        return segment.size >= self._largest or self._now() - segment.opened >= self._oldest

    def _change(self, following: Segment | None = None) -> None:
        """Go on in another file, or none; finishing the last one waits for the disk, elsewhere."""
        segment, self._segment = self._segment, following
        if segment is None:
            return
        thread = threading.Thread(target=self._finish, args=(segment,), name="event-log-finish")
        self._finishing.add(thread)
        try:
            if segment.size > 0:
                thread.start()
                return
        except RuntimeError as error:  # no more threads: what was written is worth the wait
            _log.warning("Finishing %s without a thread of its own: %s.", segment.path, error)
        self._finishing.discard(thread)
        self._finish(segment)

    def _finish(self, segment: Segment) -> None:
        try:
            if segment.is_broken:
                segment.release()
            else:
                segment.finish()
            if segment.size > 0:
                take_over(self._folder)
        except OSError as error:
            with self._lock:
                self._checked = self._failing(error)
            _log.error(
                "Cannot finish %s: %s. It stays for the next process that starts there.",
                segment.path, error,
            )  # fmt: skip
        finally:
            self._finishing.discard(threading.current_thread())

    def _failing(self, error: OSError) -> State:
        reason = f"events cannot be written: {_describe(error)}"
        if self.state.is_healthy:
            _log.error("In %s %s.", self._folder, reason)
        return State(reason, self.state.since or self._now())

    def _recover(self, *, checked: State) -> None:
        was_healthy = self.state.is_healthy
        self._written, self._checked = HEALTHY, checked
        if self.state.is_healthy and not was_healthy:
            _log.warning("Events can be written to %s again.", self._folder)


def _describe(error: OSError) -> str:
    """Say what the system said, without any path.

    Examples
    --------
    >>> _describe(OSError(28, "No space left on device", "/secret"))
    'No space left on device (ENOSPC)'
    """
    return f"{error.strerror} ({errno.errorcode.get(error.errno or 0, 'unknown')})"
