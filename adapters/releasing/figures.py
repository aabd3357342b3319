"""What the services of both versions say of themselves, and what the router has counted."""

import logging
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from pathlib import Path

import httpx

from adapters.access.keys import KeyFile
from adapters.admission import key_file
from adapters.clock import now as present
from adapters.gauges.exposition import Samples
from lifecycle.errors import PerennialError
from lifecycle.section import Value
from lifecycle.serving.declaration import Serving
from lifecycle.serving.live import Live

HEALTH = "/healthz"
OWN_KEY = "release look"
KEY_HOLDS = timedelta(minutes=10)
SECONDS = 2.0
"""How long a service may take to say how it is."""

PATIENCE = 0.25
"""Seconds a look waits for it; an answer that comes later is that of the next look."""

STALE = timedelta(seconds=5)
"""What was said so long ago is not how it is now."""

_LAG, _CPU, _MEMORY, _STARTED = (
    "perennial_loop_lag_seconds", "process_cpu_seconds_total", "perennial_memory_bytes",
    "process_start_time_seconds",
)  # fmt: skip
_WANTED = (_LAG, _CPU, _MEMORY, _STARTED)

_log = logging.getLogger("perennial.release")


class Used(Value):
    """How much processor time a process had used, and when it was started."""

    started: float
    seconds: float


class Standing(Value):
    """How a service is; `None` where it does not tell.

    Parameters
    ----------
    used
        With several workers nobody adds up what they use.
    """

    is_alive: bool | None = None
    lag_ms: float | None = None
    memory_mb: float | None = None
    used: Used | None = None


class Watch:
    """Asks a service how it is, at its own port, without waiting long.

    Parameters
    ----------
    serving
        Tells whether a key is needed.
    state
        The state folder, for a key of our own.
    """

    def __init__(self, live: Live, serving: Serving, *, state: Path) -> None:
        host = f"[{live.host}]" if ":" in live.host else live.host
        self._client = httpx.Client(base_url=f"http://{host}:{live.port}", timeout=SECONDS)
        self._version = live.version
        self._key = _Key(live.project, serving, state)

    def ask(self) -> Standing:
        """Ask whether it lives, and for its figures."""
        try:
            is_alive = self._client.get(HEALTH).status_code == 200
        except httpx.HTTPError:
            return Standing(is_alive=False)
        try:
            page = self._client.get("/metrics", headers=self._key.headers())
            page.raise_for_status()
            return _standing(page.text, is_alive)
        except (httpx.HTTPError, PerennialError, OSError) as error:
            # Told by what is missing; why may change with every try.
            _log.warning("Version %s does not show its figures: %s", self._version, error)
            return Standing(is_alive=is_alive)

    def close(self) -> None:
        """Let go of it."""
        self._client.close()
        self._key.forget()


class Watched:
    """How both services are by now: asked again at each look, and never waited for.

    Parameters
    ----------
    watches
        By version.
    """

    def __init__(self, watches: Mapping[str, Watch]) -> None:
        self._watches = watches
        self._pool = ThreadPoolExecutor(len(watches), thread_name_prefix="release-look")
        self._asked: dict[str, tuple[datetime, Future[Standing]]] = {}
        self._said: dict[str, tuple[datetime, Standing]] = {}

    def look(self, now: datetime) -> dict[str, Standing]:
        """Give how each is; one that owes an answer for too long is not alive."""
        for version, watch in self._watches.items():
            if version not in self._asked:
                self._asked[version] = now, self._pool.submit(watch.ask)
        wait([future for _, future in self._asked.values()], timeout=PATIENCE)
        for version, (asked, future) in [*self._asked.items()]:
            if future.done():
                del self._asked[version]
                self._said[version] = asked, future.result()
        return {version: self._standing(version, now) for version in self._watches}

    def _standing(self, version: str, now: datetime) -> Standing:
        asked, said = self._said.get(version, (now, Standing()))
        if now - asked > STALE:
            return Standing(is_alive=False)
        return said

    def close(self) -> None:
        """Let go of both."""
        self._pool.shutdown(wait=False, cancel_futures=True)  # one may hang, and nobody waits
        for watch in self._watches.values():
            watch.close()


class _Key:
    """A key of our own that shows us figures, made anew before it expires."""

    def __init__(self, project: str, serving: Serving, state: Path) -> None:
        self._is_needed = not (serving.access.anonymous or "metrics" in serving.access.open)
        self._project, self._serving, self._state = project, serving, state
        self._made: tuple[str, str, datetime] | None = None

    def headers(self) -> dict[str, str]:
        """Give the headers that let us in."""
        if not self._is_needed:
            return {}
        if self._made is None or self._made[2] < present():
            self._make()
        assert self._made is not None
        return {"Authorization": f"Bearer {self._made[1]}"}

    def _make(self) -> None:
        self.forget()
        keys, moment = self._file(), present()
        for left in keys.list():
            if left.name == OWN_KEY and left.state(moment) == "expired":
                keys.forget(left.id)
        record, token = keys.create(OWN_KEY, ["read"], moment + KEY_HOLDS)
        self._made = record.id, token, moment + KEY_HOLDS / 2

    def forget(self) -> None:
        """Take it out of the file again."""
        if self._made is not None:
            self._file().forget(self._made[0])
            self._made = None

    def _file(self) -> KeyFile:
        return KeyFile(key_file(self._serving, self._project, state=self._state))


def _standing(page: str, is_alive: bool) -> Standing:
    # A page has hundreds of lines, and reading it all would take ten times as long.
    lines = [line for line in page.splitlines() if line.startswith(_WANTED)]
    samples = Samples.read("".join(f"{line}\n" for line in lines))
    lag, cpu, memory, started = (samples.value(name) for name in _WANTED)
    return Standing(
        is_alive=is_alive,
        lag_ms=None if lag is None else lag * 1_000,
        memory_mb=None if memory is None else memory / 1e6,
        used=None if cpu is None or started is None else Used(started=started, seconds=cpu),
    )


class Spending:
    """How much processor time a service has used since a moment, also if it is started anew.

    Parameters
    ----------
    before
        What it had used then; `None` where that is not known.

    Examples
    --------
    >>> spending = Spending(Used(started=1, seconds=10))
    >>> spending.since(Used(started=1, seconds=12)), spending.since(Used(started=5, seconds=1))
    (2.0, 3.0)
    """

    def __init__(self, before: Used | None) -> None:
        self._last, self._total = before, 0.0

    def since(self, used: Used | None) -> float | None:
        """Give the seconds since; what was used between the last look and a death is not known."""
        if used is None or self._last is None:
            return None
        again = used.started == self._last.started
        self._total += used.seconds - self._last.seconds if again else used.seconds
        self._last = used
        return self._total
