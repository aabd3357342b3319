"""The dashboard that is shipped: whole, legible, and about figures that exist."""

import json
import subprocess

import pytest

from tests.deploy.expressions import (
    DEPLOY,
    asked_by_the_dashboard,
    dashboard,
    exposed,
    of_a_file,
    panels,
    selected,
)

WIDTH = 24


def test_prometheus_understands_every_expression(promtool, tmp_path) -> None:
    asked = [
        {"record": f"perennial:asked:{number}", "expr": expression}
        for number, expression in enumerate(asked_by_the_dashboard())
    ]
    rules = tmp_path / "rules.yml"
    rules.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": asked}]}))

    done = subprocess.run([promtool, "check", "rules", rules], capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(asked)} rules found" in done.stdout


@pytest.mark.parametrize("expression", sorted(set(asked_by_the_dashboard())))
def test_an_expression_asks_for_figures_that_exist_by_labels_they_have(expression) -> None:
    known = exposed()
    asked = [*selected(expression)]

    assert asked or "__name__" in expression
    for name, labels in asked:
        assert name in known
        assert labels <= known[name], name


def test_no_figure_that_is_shown_is_called_differently_in_a_variable() -> None:
    import re

    names = {
        name
        for expression in asked_by_the_dashboard()
        for found in re.findall(r'__name__=~"([^"]*)"', expression)
        for name in found.split("|")
    }

    assert names
    assert names <= set(exposed())


def test_panels_have_their_own_ids_and_do_not_lie_on_one_another() -> None:
    every = dashboard()["panels"]
    taken = set()
    for panel in every:
        place = panel["gridPos"]
        squares = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert max(x for x, _ in squares) < WIDTH
        assert not squares & taken, panel["title"]
        taken |= squares

    assert len({panel["id"] for panel in every}) == len(every)


def test_every_panel_says_what_it_shows_and_in_which_unit() -> None:
    for panel in panels():
        assert len(panel["title"]) > 3
        assert len(panel["description"]) > 10, panel["title"]
        is_named = panel["type"] == "state-timeline"
        assert is_named or panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        letters = [target["refId"] for target in panel["targets"]]
        assert letters == sorted(set(letters))


def test_whoever_has_another_prometheus_can_choose_it() -> None:
    told = dashboard()
    sources = {panel["datasource"]["uid"] for panel in panels()}
    sources |= {target["datasource"]["uid"] for panel in panels() for target in panel["targets"]}

    assert sources == {"${datasource}"}
    variables = {one["name"]: one["type"] for one in told["templating"]["list"]}
    assert variables == {
        "datasource": "datasource", "project": "query", "version": "query", "metric": "query"
    }  # fmt: skip


def test_it_shows_the_service_the_model_and_the_release() -> None:
    rows = [panel["title"] for panel in dashboard()["panels"] if panel["type"] == "row"]
    used = {name for expression in asked_by_the_dashboard() for name, _ in selected(expression)}

    assert len(rows) == 3
    assert used >= {
        "perennial:requests:rate5m", "perennial:failed:share5m", "perennial:predict_seconds:p99_5m",
        "perennial:wait_seconds:p99_5m", "perennial_drift_distance", "perennial_performance_low",
        "perennial_label_share", "perennial_alerts_open",
        "perennial_model_youngest_row_timestamp_seconds", "perennial_release_share",
    }  # fmt: skip


def test_grafana_is_pointed_at_prometheus_and_at_a_folder() -> None:
    folder = DEPLOY / "grafana" / "provisioning"
    source = of_a_file(folder / "datasources" / "perennial.yml")["datasources"][0]
    provider = of_a_file(folder / "dashboards" / "perennial.yml")["providers"][0]

    scraped = of_a_file(DEPLOY / "prometheus" / "prometheus.yml")["global"]["scrape_interval"]
    assert source["type"] == "prometheus"
    assert source["jsonData"]["timeInterval"] == scraped
    assert provider["type"] == "file"
    assert provider["options"]["path"].startswith("/")
