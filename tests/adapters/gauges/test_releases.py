"""What of releases is shown to Prometheus."""

import subprocess

import httpx
import pytest

from adapters.gauges import publish, publish_release, serve
from adapters.gauges.exposition import Samples, read_figures
from adapters.gauges.releases import SHOWN, figures_of_release
from lifecycle.release.declaration import Releasing
from lifecycle.release.plan import WHOLE, Plan
from lifecycle.release.release import Look, Release
from lifecycle.verdict import Outcome
from tests.lifecycle.release.ledgers import MINUTE, NOON, alone, look, plan, release


def shown(
    at: Plan | None, of: Release | None = None, last: Look | None = None
) -> dict[tuple[str, ...], float]:
    """Give every figure by its name and the values of its labels, less the project's."""
    found = figures_of_release("flights", at, of, last)
    assert all(dict(figure.labels)["project"] == "flights" for figure in found)
    assert len({figure[0::3] for figure in found}) == len(found)
    return {
        (name.removeprefix("perennial_release_"), *(told for _, told in labels[1:])): value
        for name, _, value, labels in found
    }


def test_where_nothing_was_ever_released_no_release_is_open() -> None:
    assert shown(None) == {("is_open",): 0}


def test_each_version_is_shown_with_its_part_also_who_only_stands_by() -> None:
    found = shown(plan(v4=500, v3=9_500, idle="2"))

    assert found["share", "4"] == 0.05
    assert found["share", "3"] == 0.95
    assert found["share", "2"] == 0


def test_parts_of_one_version_are_added_up_and_a_copy_is_a_figure_of_its_own() -> None:
    shadow = plan(v3=WHOLE, mirror="4")
    arms = plan(v4=1_000, v3=8_000)
    twice = arms.model_copy(update={"parts": (*arms.parts, arms.parts[0])})

    assert shown(shadow)["copied_share", "4"] == 1
    assert shown(shadow)["share", "4"] == 0
    assert shown(twice)["share", "4"] == 0.2


@pytest.mark.parametrize(("step", "told"), [(0, 1), (2, 3), (3, 3)])
def test_steps_are_counted_from_one_and_there_are_no_more_than_declared(
    step: int, told: int
) -> None:
    found = shown(alone("3"), release(number=7, step=step, stepped=NOON + MINUTE))

    assert (found["step",], found["steps",], found["number",]) == (told, 3, 7)
    assert found["state", "moving"] == found["is_open",] == 1
    assert found["step_began_timestamp_seconds",] == (NOON + MINUTE).timestamp()
    assert ("ended_timestamp_seconds",) not in found


def test_a_release_without_steps_is_at_none() -> None:
    flipped = release(strategy="blue-green", policy=Releasing(strategy="blue-green"))

    assert (shown(alone("3"), flipped)["step",], shown(alone("3"), flipped)["steps",]) == (0, 0)


def test_a_release_that_is_over_says_how_and_when_it_ended() -> None:
    found = shown(alone("3"), release(state="rolled back", ended=NOON))

    assert found["state", "rolled back"] == 1
    assert found["is_open",] == 0
    assert found["ended_timestamp_seconds",] == NOON.timestamp()


def test_verdicts_are_counted_and_none_of_a_kind_is_a_zero() -> None:
    found = shown(alone("3"), release(), look(7, Outcome.UNKNOWN))

    assert found["last_look_timestamp_seconds",] == NOON.timestamp() + 7
    assert {labels[0]: value for (name, *labels), value in found.items() if name == "verdicts"} == {
        "pass": 0, "warn": 0, "fail": 0, "unknown": 1
    }  # fmt: skip


def test_releases_are_shown_at_the_same_port_as_monitoring(tmp_path) -> None:
    publish("flights", [], [], None, state=tmp_path, ran=NOON)
    path = publish_release("flights", plan(v4=500, v3=9_500), release(), look(0), state=tmp_path)
    served = serve(0, tmp_path)
    try:
        found = Samples.read(httpx.get(f"http://127.0.0.1:{served.port}/metrics").text)
    finally:
        served.stop()

    assert path == tmp_path / "monitoring" / "flights" / "release.prom"
    assert len(found.of("perennial_release_share")) == 2
    assert len(found.of("perennial_monitoring_last_run_timestamp_seconds")) == 1
    assert found.value("perennial_monitoring_unreadable_files") == 0


def test_promtool_finds_nothing_wrong_with_it(tmp_path, promtool) -> None:
    path = publish_release('a "b"', plan(v4=500, v3=9_500), release(), look(0), state=tmp_path)

    done = subprocess.run(
        [promtool, "check", "metrics"], stdin=path.open("rb"), capture_output=True, text=True
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert dict(read_figures(path.read_text())[0].labels)["project"] == 'a "b"'


def test_every_name_is_told_what_it_is_and_ends_in_its_unit() -> None:
    assert all(told.endswith(".") for told in SHOWN.values())
    assert not [name for name in SHOWN if name.endswith(("_mb", "_ms", "_total"))]
