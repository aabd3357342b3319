"""The rules that are shipped: real, tested, about figures that exist, with the declared limits."""

import re
import shutil
import subprocess
from typing import get_args

import pytest
from ruamel.yaml import YAML

from lifecycle.monitoring.alert import Severity
from lifecycle.monitoring.declaration import Monitoring
from lifecycle.monitoring.review import Cause
from tests.deploy.expressions import (
    DEPLOY,
    asked_by_the_dashboard,
    exposed,
    of_a_file,
    rules,
    selected,
)

FOLDER = DEPLOY / "prometheus"
ALERTS = {rule["alert"]: rule for rule in rules() if "alert" in rule}
RECORDED = {rule["record"] for rule in rules() if "record" in rule}
TESTS = [
    test for name in ("tests.yml", "tests_days.yml") for test in of_a_file(FOLDER / name)["tests"]
]


def run(*command: str, where=FOLDER) -> None:
    done = subprocess.run(command, cwd=where, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_takes_the_rules(promtool) -> None:
    run(promtool, "check", "rules", "--lint-fatal", "rules.yml")


def test_the_rules_pass_their_own_tests(promtool) -> None:
    run(promtool, "test", "rules", "tests.yml", "tests_days.yml")


def test_promtool_takes_the_configuration_once_the_key_is_there(promtool, tmp_path) -> None:
    shutil.copytree(FOLDER, tmp_path / "prometheus")
    (tmp_path / "prometheus" / "perennial.token").write_text("prn_x")

    run(promtool, "check", "config", "prometheus.yml", where=tmp_path / "prometheus")


@pytest.mark.parametrize("alert", sorted(ALERTS))
def test_every_alert_is_seen_firing_and_quiet_in_the_same_test(alert) -> None:
    def fires(check) -> bool:
        return any(f'"{alert}"' in sample["labels"] for sample in check["exp_samples"])

    seen = [
        {fires(check) for check in test["promql_expr_test"] if "ALERTS" in check["expr"]}
        for test in TESTS
    ]

    assert any(True in found for found in seen)
    if alert not in ("PerennialModelWorse", "PerennialModelOld"):  # as PerennialDrift is
        assert {True, False} in seen


@pytest.mark.parametrize("alert", sorted(ALERTS))
def test_every_alert_says_what_it_means_and_what_to_do(alert) -> None:
    rule = ALERTS[alert]

    assert set(rule["annotations"]) == {"summary", "description", "runbook"}
    assert rule["labels"]["severity"] in get_args(Severity)
    assert all(len(text) > 20 for text in rule["annotations"].values())


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.get("alert") or rule["record"])
def test_a_rule_asks_for_figures_that_exist_by_labels_they_have(rule) -> None:
    known = exposed()

    for name, labels in selected(rule["expr"]):
        assert name in known
        assert labels <= known[name], name


def test_what_is_worked_out_is_used() -> None:
    asked = [*(rule["expr"] for rule in rules()), *asked_by_the_dashboard()]
    used = {name for expression in asked for name, _ in selected(expression)}

    assert used >= RECORDED


def test_limits_are_those_a_project_has_by_default() -> None:
    declared = Monitoring()
    health, expressions = declared.health, {name: rule["expr"] for name, rule in ALERTS.items()}

    assert expressions["PerennialErrors"].endswith(f"> {health.errors}")
    assert expressions["PerennialLatency"].endswith(f"> {health.p99_ms / 1_000}")
    assert f"> {health.turned_away} or" in expressions["PerennialSaturated"]
    assert expressions["PerennialSaturated"].endswith(f"> {health.waiting_ms / 1_000}")
    assert expressions["PerennialLabelsFew"].endswith(f"< {declared.labels.share}")
    assert expressions["PerennialDiskFull"].endswith(f"< {health.disk}")


def test_causes_are_named_as_they_are() -> None:
    named = [
        cause
        for rule in ALERTS.values()
        for found in re.findall(r'cause=~?"([^"]*)"', rule["expr"])
        for cause in found.split("|")
    ]

    assert len(named) == len(set(named)) == 7
    assert set(named) <= {cause.value for cause in Cause}


def test_problems_are_named_as_they_are() -> None:
    from adapters.health.taking import TURNED_AWAY

    patterns = {
        pattern for rule in rules() for pattern in re.findall(r'problem=~"([^"]*)"', rule["expr"])
    }

    assert len(patterns) == 1
    assert all(re.fullmatch(next(iter(patterns)), problem) for problem in TURNED_AWAY)


def test_no_machine_but_this_one_is_named() -> None:
    config = YAML(typ="safe").load(FOLDER / "prometheus.yml")

    targets = [
        target
        for job in config["scrape_configs"]
        for group in job["static_configs"]
        for target in group["targets"]
    ]
    assert [target.partition(":")[0] for target in targets] == ["localhost", "localhost"]
    text = "".join(path.read_text() for path in DEPLOY.rglob("*") if path.is_file())
    assert set(re.findall(r"https?://[\w.-]+", text)) <= {"http://localhost"}
