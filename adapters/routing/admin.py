"""Asks a running Envoy what it does."""

import http.client
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

from adapters.routing.errors import RoutingError
from adapters.supervision import UnixConnection


class Admin:
    """The admin interface of an Envoy, at a socket only its owner can use."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    def is_ready(self) -> bool:
        """Whether it takes requests."""
        try:
            return self._get("/ready").strip() == "LIVE"
        except (OSError, http.client.HTTPException, RoutingError):
            return False

    def statistics(self, pattern: str) -> dict[str, int | str]:
        """Give the statistics whose name a regular expression matches."""
        answer = json.loads(self._get(f"/stats?format=json&filter={quote(pattern, safe='')}"))
        return {one["name"]: one["value"] for one in answer["stats"] if "name" in one}

    def figures(self, pattern: str) -> list[dict[str, Any]]:
        """Give statistics as Envoy tells them, and histograms by cumulative buckets."""
        query = f"format=json&histogram_buckets=cumulative&filter={quote(pattern, safe='')}"
        found: list[dict[str, Any]] = json.loads(self._get(f"/stats?{query}"))["stats"]
        return found

    def count(self, name: str) -> int:
        """Give one statistic that is a number; zero where it has never been counted."""
        return int(self.statistics(f"^{name.replace('.', '[.]')}$").get(name, 0))

    def drain(self) -> None:
        """Take no new connections, and ask those there are to close after their next answer."""
        self._send("POST", "/drain_listeners")

    def _get(self, path: str) -> str:
        return self._send("GET", path)

    def _send(self, method: str, path: str) -> str:
        connection = UnixConnection(self._socket, seconds=10)
        try:
            connection.request(method, path)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        if answer.status != 200 and path != "/ready":
            raise RoutingError(f"Envoy answers {method} {path} with {answer.status}: {text}")
        return text
