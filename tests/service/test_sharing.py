"""Several workers count together, and no other server of the same user meddles."""

import os
import signal
from pathlib import Path

import httpx
import pytest

from adapters.gauges.exposition import Samples
from service.sharing import OURS, begin_sharing
from tests.servers.serving import ROW, Served, a_package, serving

BOTH = {"access": {"anonymous": True}, "workers": 2}


def figures(served: Served) -> Samples:
    return Samples.read(httpx.get(f"{served.url}/metrics", timeout=10).text)


def asked(samples: Samples) -> float:
    return samples.total("perennial_requests_total", route="/predict")


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("version") / "package"
    a_package(folder, serving=BOTH, families=("linear",))
    return folder


def test_figures_outlive_a_worker_and_the_start_of_another_server(package, tmp_path) -> None:
    home = tmp_path / "home"
    with serving(package, home=home) as served:
        for _ in range(20):
            httpx.post(f"{served.url}/predict", json=ROW)
        before = figures(served)
        assert asked(before) == 20
        assert before.value("perennial_starts_total") == 2
        assert before.value("perennial_memory_bytes") > 2 * 30e6

        # BentoML empties the folder it gives to all servers of a home with each that starts.
        with serving(package, home=home) as other:
            assert asked(figures(other)) == 0
            assert asked(figures(served)) == 20

        os.kill(served.workers[-1], signal.SIGKILL)
        after = figures(served)

    assert asked(after) == 20
    assert after.value("perennial_starts_total") == 2
    name = "perennial_started_timestamp_seconds"
    assert after.value(name) == before.value(name)


def test_what_a_killed_server_left_is_removed(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("atexit.register", lambda *_: None)
    (tmp_path / "perennial-figures-4194305-x").mkdir()  # beyond any process's id
    alive = tmp_path / f"perennial-figures-{os.getppid()}-y"
    alive.mkdir()
    told: dict[str, str] = {}

    made = begin_sharing(told)

    assert sorted(tmp_path.iterdir()) == sorted([alive, made])
    assert told[OURS] == str(made)
