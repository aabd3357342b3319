"""Figures in a file and over HTTP, read by something else than what wrote them."""

import subprocess
from datetime import UTC, datetime

import httpx
import pytest

from adapters.gauges import publish, serve
from adapters.gauges.exposition import Figure, NoPortError, Samples, read_figures, write
from adapters.gauges.figures import COLUMNS
from lifecycle.monitoring.evidence import Shift
from lifecycle.monitoring.review import Review
from lifecycle.monitoring.span import Span

NOON = datetime(2026, 1, 10, 12, tzinfo=UTC)
ODD = ["a b", "id", 'quotes "x"', "back\\slash", "new\nline", "größe 📏", "{x=1}", ""]


def reviews(*columns: str) -> list[Review]:
    shifts = tuple(
        Shift(column=column, kind="number", rows=9, limit=0.2, distance=0.125) for column in columns
    )
    span = Span(start=NOON.replace(hour=0), end=NOON)
    return [Review(project="x", version="3", span=span, as_of=NOON, shifts=shifts)]


def test_what_is_published_is_found_in_the_file_whatever_columns_are_called(tmp_path) -> None:
    path = publish("flights", reviews(*ODD), [], None, state=tmp_path, ran=NOON)

    samples = Samples.read(path.read_text(encoding="utf-8"))
    assert [labels["column"] for labels, _ in samples.of("perennial_drift_distance")] == ODD
    assert path == tmp_path / "monitoring" / "flights" / "metrics.prom"
    assert [file.name for file in path.parent.iterdir()] == ["metrics.prom"]


def test_promtool_finds_nothing_wrong_with_it(tmp_path, promtool) -> None:
    path = publish("flights", reviews(*ODD), [], None, state=tmp_path, ran=NOON)

    done = subprocess.run(
        [promtool, "check", "metrics"], stdin=path.open("rb"), capture_output=True, text=True
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_table_with_a_thousand_columns_stays_small(tmp_path) -> None:
    names = [f"column {number}" for number in range(1_000)]

    path = publish("flights", reviews(*names), [], None, state=tmp_path, ran=NOON)

    assert len(read_figures(path.read_text())) < 10 * COLUMNS


def test_all_projects_are_shown_at_one_port_as_they_are_now(tmp_path) -> None:
    publish("flights", reviews("a"), [], None, state=tmp_path, ran=NOON)
    served = serve(0, tmp_path)
    try:
        url = f"http://127.0.0.1:{served.port}/metrics"
        before = Samples.read(httpx.get(url).text)
        publish("weather", reviews("b"), [], None, state=tmp_path, ran=NOON)
        page = httpx.get(url).text
    finally:
        served.stop()

    after = Samples.read(page)
    projects = [labels["project"] for labels, _ in after.of("perennial_drift_distance")]
    assert len(before.of("perennial_drift_distance")) == 1
    assert projects == ["flights", "weather"]
    assert page.count("# TYPE perennial_drift_distance gauge") == 1
    assert after.value("perennial_monitoring_unreadable_files") == 0


def test_a_file_that_is_broken_hides_no_other(tmp_path) -> None:
    publish("flights", reviews("a"), [], None, state=tmp_path, ran=NOON)
    broken = publish("weather", reviews("a"), [], None, state=tmp_path, ran=NOON)
    broken.write_bytes(b'perennial_x{column="a\xff')
    served = serve(0, tmp_path)
    try:
        found = Samples.read(httpx.get(f"http://127.0.0.1:{served.port}/metrics").text)
    finally:
        served.stop()

    assert len(found.of("perennial_drift_distance")) == 1
    assert found.value("perennial_monitoring_unreadable_files") == 1


def test_a_port_that_is_taken_is_told(tmp_path) -> None:
    served = serve(0, tmp_path)
    try:
        with pytest.raises(NoPortError, match=f"port {served.port}.*monitoring.metrics_port"):
            serve(served.port, tmp_path)
    finally:
        served.stop()


def test_a_port_is_free_again_afterwards(tmp_path) -> None:
    served = serve(0, tmp_path)
    served.stop()

    again = serve(served.port, tmp_path)

    assert again.port == served.port
    again.stop()


def test_a_figure_that_is_there_twice_is_written_once() -> None:
    figures = [Figure("x", "X.", 1, (("a", "b"),)), Figure("x", "X.", 2, (("a", "b"),))]

    assert read_figures(write(figures).decode()) == (figures[0],)
