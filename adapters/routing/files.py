"""The files a running Envoy watches: replaced, confirmed, and taken back when it refuses them."""

import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from adapters.routing.admin import Admin
from adapters.routing.errors import RoutingError
from adapters.routing.words import INGRESS
from adapters.supervision import replace_file

CLUSTERS, LISTENERS, ROUTES = "clusters.json", "listeners.json", "routes.json"

_COUNTERS = {
    CLUSTERS: "cluster_manager.cds",
    LISTENERS: "listener_manager.lds",
    ROUTES: f"http.{INGRESS}.rds.{INGRESS}",
}
_REFUSALS = ("update_rejected", "update_failure")

TAKEN_SECONDS = 15.0


class Files:
    """The three files, and what Envoy makes of them."""

    names = ("bootstrap.json", *_COUNTERS)

    def __init__(self, folder: Path, admin: Admin, log: Path) -> None:
        self._folder = folder
        self._admin = admin
        self._log = log

    def write(self, name: str, resources: list[dict[str, Any]]) -> str:
        """Write a file, and give the version it says it is."""
        version = str(time.time_ns())
        replace_file(self._folder / name, dumped({"version_info": version, "resources": resources}))
        return version

    def put(self, name: str, resources: list[dict[str, Any]]) -> None:
        """Replace a file and wait until Envoy goes by it; nothing is done if it does already.

        Raises
        ------
        RoutingError
            If Envoy refuses it, or does not take it in time; then it goes by what it had before,
            and the caller is to write that again.
        """
        if self._is_in_force(name, resources):
            return
        refused, printed = self._refused(name), _size(self._log)
        self._wait(name, self.write(name, resources), refused, printed)

    def confirm(self) -> None:
        """Wait until a new Envoy goes by all files it found."""
        for name in _COUNTERS:
            text = (self._folder / name).read_text(encoding="utf-8")
            self._wait(name, json.loads(text)["version_info"], 0, 0)

    def is_refused(self) -> bool:
        """Whether a new Envoy has refused one of the files it found."""
        with suppress(OSError):
            return any(self._refused(name) for name in _COUNTERS)
        return False

    def resources(self, name: str) -> list[dict[str, Any]]:
        """Give what a file says; nothing where it cannot be read as ours."""
        found = self._read(name).get("resources")
        return found if isinstance(found, list) else []

    def _read(self, name: str) -> dict[str, Any]:
        try:
            found = json.loads((self._folder / name).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):  # somebody else wrote it; it is written anew
            return {}
        return found if isinstance(found, dict) else {}

    def _is_in_force(self, name: str, resources: list[dict[str, Any]]) -> bool:
        found = self._read(name)
        if found.get("resources") != resources:
            return False
        return bool(self._version(name) == found.get("version_info"))

    def _version(self, name: str) -> int | str | None:
        text = f"{_COUNTERS[name]}.version_text"
        return self._admin.statistics(f"^{text}$").get(text)

    def _refused(self, name: str) -> int:
        prefix = _COUNTERS[name]
        found = self._admin.statistics(f"^{prefix}[.](update_rejected|update_failure)$")
        return sum(int(found.get(f"{prefix}.{counter}", 0)) for counter in _REFUSALS)

    def _wait(self, name: str, version: str, refused: int, printed: int) -> None:
        ends = time.monotonic() + TAKEN_SECONDS
        while time.monotonic() < ends:
            with suppress(OSError):  # it may just be begun again
                if self._version(name) == version:
                    return
                if self._refused(name) > refused:
                    raise RoutingError(f"Envoy refuses {name}: {self._words(printed)}")
            time.sleep(0.002)
        raise RoutingError(
            f"Envoy has not taken {name} within {TAKEN_SECONDS:.0f} seconds. What it says is in "
            f"{self._log}."
        )

    def _words(self, printed: int) -> str:
        """Give the reason Envoy printed; it comes through a pipe, a little later."""
        for _ in range(100):
            text = self._log.read_bytes()[printed if _size(self._log) >= printed else 0 :]
            for line in reversed(text.decode(errors="replace").splitlines()):
                if "config update" in line:
                    return line.partition("config update ")[2]
            time.sleep(0.02)
        return f"it does not say why in {self._log}."


def dumped(document: dict[str, Any]) -> str:
    """Write a document for Envoy."""
    return json.dumps(document, indent=1)


def _size(log: Path) -> int:
    return log.stat().st_size if log.exists() else 0
