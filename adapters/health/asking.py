"""Asks a running service whether it is ready, and what it has counted."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from adapters.access.keys import KeyFile
from adapters.admission import key_file
from adapters.gauges.exposition import Samples
from lifecycle.errors import PerennialError
from lifecycle.serving.declaration import Serving
from lifecycle.serving.live import Live

OWN_KEY = "health look"
KEY_HOLDS = timedelta(minutes=1)
SECONDS = 5.0
"""How long an answer may take before there is none."""

AGAIN = 0.2
"""Seconds after which a key that was just made is tried again: each worker reads the file."""

TRIES = 5


class NoFiguresError(PerennialError):
    """A service that runs does not show its figures; the text says why, without a full stop."""


def ask_ready(live: Live) -> tuple[bool, str]:
    """Ask where requests come in whether they are answered; if not, say why in a few words."""
    try:
        answer = httpx.get(f"{live.url}/readyz", timeout=SECONDS)
    except httpx.TimeoutException:
        return False, f"{live.url} gave no answer within {SECONDS:g} s"
    except httpx.HTTPError as error:
        return False, f"{live.url} cannot be reached ({error or type(error).__name__})"
    if answer.status_code == 200:
        return True, ""
    return False, _faults(answer)


def ask_figures(live: Live, serving: Serving, *, state: Path) -> Samples:
    """Give what the version itself has counted, asked at its own port.

    Raises
    ------
    NoFiguresError
        If it does not show them.
    """
    url = f"http://{live.host}:{live.port}/metrics"
    try:
        with _let_in(serving, live.project, state=state) as headers:
            answer = _get(url, headers)
    except httpx.HTTPError as error:
        raise NoFiguresError(f"{url} gave {error or type(error).__name__}") from error
    if answer.status_code != 200:
        raise NoFiguresError(f"{url} answered with {answer.status_code}")
    try:
        return Samples.read(answer.text)
    except PerennialError as error:
        raise NoFiguresError(f"{url} shows something else: {error}") from error


def _get(url: str, headers: dict[str, str]) -> httpx.Response:
    for _ in range(TRIES):
        answer = httpx.get(url, headers=headers, timeout=SECONDS)
        if answer.status_code != 401 or not headers:
            break
        time.sleep(AGAIN)
    return answer


@contextmanager
def _let_in(serving: Serving, project: str, *, state: Path) -> Iterator[dict[str, str]]:
    """Give the headers that show us the figures, by a key of our own that is gone afterwards.

    A key left by a look that was killed has long expired, and is taken away by the next one.
    """
    if serving.access.anonymous or "metrics" in serving.access.open:
        yield {}
        return
    keys, now = KeyFile(key_file(serving, project, state=state)), datetime.now(UTC)
    for left in keys.list():
        if left.name == OWN_KEY and left.state(now) == "expired":
            keys.forget(left.id)
    record, token = keys.create(OWN_KEY, ["read"], now + KEY_HOLDS)
    try:
        yield {"Authorization": f"Bearer {token}"}
    finally:
        keys.forget(record.id)


def _faults(answer: httpx.Response) -> str:
    try:
        told = "; ".join(map(str, answer.json()["faults"].values()))
    except (ValueError, KeyError, TypeError, AttributeError):  # not the service: who routes to it
        told = ""
    return told or f"/readyz answered with {answer.status_code}"
