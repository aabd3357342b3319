"""A real Prometheus, Debian's: it scrapes what a test runs, by the rules that are shipped."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from ruamel.yaml import YAML

from tests.servers.process import LOOPBACK, free_port, running

PROGRAMS = ("prometheus", "promtool")
"""Both are in Debian's package `prometheus`."""

EVERY = "500ms"
"""How often the test's Prometheus scrapes and evaluates, instead of every 15 seconds."""

WINDOW, FOR = "5s", "2s"
"""What stands in the test's rules for minutes and hours: rates over, and how long before firing."""


@pytest.fixture(scope="session")
def promtool() -> str:
    """Give the path of promtool; only root in CI installs what is lacking."""
    lacking = [name for name in PROGRAMS if shutil.which(name) is None]
    if lacking and (os.environ.get("CI") != "true" or os.geteuid() != 0):
        pytest.skip(f"not installed: {', '.join(lacking)}")
    if lacking:
        # At runlevel 1 Debian's package does not start a Prometheus of its own.
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
        _run(["apt-get", "update", "-qq"], quiet)
        _run(["apt-get", "install", "-qq", "-y", "--no-install-recommends", "prometheus"], quiet)
    return shutil.which("promtool") or "promtool"


def _run(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")


@dataclass(frozen=True)
class Prometheus:
    """A Prometheus that runs."""

    url: str

    def ask(self, query: str) -> list[dict[str, Any]]:
        """Ask for an instant vector; raises with what it says where it does not understand."""
        answer = httpx.get(f"{self.url}/api/v1/query", params={"query": query}, timeout=10).json()
        if answer["status"] != "success":
            raise ValueError(f"{query}: {answer['error']}")
        found = answer["data"]["result"]
        return found if answer["data"]["resultType"] == "vector" else []

    def firing(self) -> set[str]:
        """Name the alerts that fire."""
        alerts = httpx.get(f"{self.url}/api/v1/alerts", timeout=10).json()["data"]["alerts"]
        return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}

    def told(self, alert: str) -> dict[str, str]:
        """Give the annotations of an alert that fires."""
        alerts = httpx.get(f"{self.url}/api/v1/alerts", timeout=10).json()["data"]["alerts"]
        return next(one["annotations"] for one in alerts if one["labels"]["alertname"] == alert)


@contextmanager
def prometheus(shipped: Path, folder: Path, *, targets: dict[str, int]) -> Iterator[Prometheus]:
    """Run a Prometheus with the shipped configuration and rules, in a hurry.

    Parameters
    ----------
    shipped
        The folder of the configuration; what else it needs (a token) lies in `folder`.
    targets
        The port each job is found at, instead of the one it is shipped with.
    """
    config = YAML(typ="safe").load(shipped / "prometheus.yml")
    config["global"] = {
        "scrape_interval": EVERY, "scrape_timeout": EVERY, "evaluation_interval": EVERY
    }  # fmt: skip
    for job in config["scrape_configs"]:
        job["static_configs"] = [{"targets": [f"{LOOPBACK}:{targets[job['job_name']]}"]}]
    YAML(typ="safe").dump(config, folder / "prometheus.yml")
    (folder / "rules.yml").write_text(hurried((shipped / "rules.yml").read_text()))
    port = free_port()
    command = [
        "prometheus", f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address={LOOPBACK}:{port}",
        "--log.level=warn",
    ]  # fmt: skip
    url = f"http://{LOOPBACK}:{port}"
    environment = {"GOMAXPROCS": "1"}
    with running(
        command, is_ready=lambda: _is_ready(url), log=folder / "log", environment=environment
    ):
        yield Prometheus(url)


def hurried(rules: str) -> str:
    """Give rules that look back seconds instead of minutes, and fire as soon."""
    rules = re.sub(r"\[\d+[mhd]\]", f"[{WINDOW}]", rules)
    return re.sub(r"(?m)^( +for:) \d+[mhd]$", rf"\1 {FOR}", rules)


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/-/ready", timeout=1).status_code == 200
    except httpx.TransportError:
        return False
