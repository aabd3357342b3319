"""What is asked of Prometheus in the files that are shipped, and what our code really shows."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from adapters.gauges.exposition import Samples, write
from adapters.gauges.figures import SHOWN, figures_of
from adapters.gauges.releases import SHOWN as OF_RELEASES
from adapters.gauges.releases import figures_of_release
from lifecycle.evaluation.evidence import Measure
from lifecycle.monitoring.evidence import Counted, Estimate, HealthFigures, Performance, Shift
from lifecycle.monitoring.review import Cause, Finding, Review
from lifecycle.monitoring.span import Span
from lifecycle.release.plan import Plan
from lifecycle.release.release import Look, Release
from lifecycle.retraining.decision import Decision
from lifecycle.serving.contract import Contract, Field, Layout
from lifecycle.serving.manifest import Manifest
from lifecycle.task import Task
from lifecycle.verdict import Outcome, Verdict
from service.metrics import Metrics
from tests.lifecycle.release.ledgers import look, plan, release
from tests.servers.serving import ROOT

DEPLOY = ROOT / "deploy"
OF_PROMETHEUS = {
    "up": {"job", "instance"},
    "ALERTS": {"alertname", "alertstate", "severity", "job", "instance"},
}
SCRAPED = {"job", "instance"}
NOON = datetime(2026, 1, 10, 12, tzinfo=UTC)


def rules() -> list[dict[str, Any]]:
    """Give every rule that is shipped."""
    groups = YAML(typ="safe").load(DEPLOY / "prometheus" / "rules.yml")["groups"]
    return [rule for group in groups for rule in group["rules"]]


def dashboard() -> dict[str, Any]:
    return json.loads((DEPLOY / "grafana" / "dashboard.json").read_text())


def panels() -> list[dict[str, Any]]:
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def asked_by_the_dashboard() -> Iterator[str]:
    """Give every expression of the dashboard, with something for its variables."""
    told = dashboard()
    for panel in panels():
        yield from (filled(target["expr"]) for target in panel["targets"])
    yield from (filled(one["expr"]) for one in told["annotations"]["list"])
    for variable in told["templating"]["list"]:
        if variable["type"] == "query":
            yield filled(re.fullmatch(r"label_values\((.*), \w+\)", variable["definition"])[1])


def filled(expression: str) -> str:
    expression = expression.replace("$__rate_interval", "1m").replace("$metric", "log_loss")
    return re.sub(r"\$(project|version)", ".*", expression)


def selected(expression: str) -> Iterator[tuple[str, set[str]]]:
    """Give the metrics an expression names, each with the labels it is chosen by."""
    for name, labels in re.findall(r"\b(up|ALERTS|perennial[\w:]+)(?:\{([^}]*)\})?", expression):
        yield name, set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", labels))


@cache
def exposed() -> dict[str, set[str]]:
    """Give every metric our code shows, with its labels, and those the rules work out."""
    found = defaultdict(set, OF_PROMETHEUS)
    for page in (_of_the_service(), _of_monitoring(), _of_a_release()):
        samples = Samples.read(page)
        for name in samples.names:
            found[name] |= SCRAPED.union(*(labels for labels, _ in samples.of(name)))
    for rule in rules():
        if "record" in rule:
            found[rule["record"]] = {"job", "instance"}
    return dict(found)


def _of_the_service() -> str:
    manifest = Manifest(
        project="flights", version="3", label="late", task=Task.BINARY, classes=("no", "yes"),
        layout=Layout(), parts=(), files={},
    )  # fmt: skip
    contract = Contract(
        project="flights", label="late", task=Task.BINARY, classes=("no", "yes"),
        fields=(Field(name="distance", type="number"),),
    )  # fmt: skip
    metrics = Metrics(manifest, contract, digest="9f")
    metrics.answered("/predict", 200, 0.01)
    return metrics.expose().decode()


def _of_monitoring() -> str:
    decision = Decision(project="flights", at=NOON, as_of=NOON, is_due=False, ending="not due")
    found = figures_of("flights", [a_full_review()], [], decision, ran=NOON)
    names = {figure.name for figure in found}
    # The one that is counted where the files are read.
    assert names == set(SHOWN) - {"perennial_monitoring_unreadable_files"}
    return write(found).decode() + "perennial_monitoring_unreadable_files 0\n"


def _of_a_release() -> str:
    found = figures_of_release("flights", *a_full_release())
    assert {figure.name for figure in found} == set(OF_RELEASES)
    return write(found).decode()


def a_full_release() -> tuple[Plan, Release, Look]:
    """Make a release of which every figure can be shown."""
    over = release(number=7, state="rolled back", ended=NOON)
    return plan(v3=9_500, v4=500, mirror="5"), over, look(0)


def a_full_review(outcome: Outcome = Outcome.PASS, *, as_of: datetime = NOON) -> Review:
    """Make a review of which every figure can be shown."""
    verdict = Verdict(rule="x", outcome=outcome, reason="So it is.")
    measure = Measure(metric="log_loss", value=0.5, low=0.4, high=0.6, confidence=0.95, rows=9)
    return Review(
        project="flights", version="3", as_of=as_of,
        span=Span(start=as_of - timedelta(days=1), end=as_of),
        labels=Counted(predictions=10, labelled=9),
        shifts=(
            Shift(column="distance", kind="number", rows=9, distance=0.1, limit=0.2, outside=0.1),
            Shift(column="origin", kind="category", rows=9, distance=0.1, limit=0.2, unseen=0.1),
        ),
        performance=Performance(
            as_of=as_of, labels=Counted(), measures=(measure,), reference=(measure,),
            estimates=(Estimate(metric="log_loss", value=0.5, rows=9),),
        ),
        health=HealthFigures(
            at=as_of, answers=True, disk_free=0.5, disk_free_gb=50, events_mb=3, lag_seconds=0,
            youngest_row=as_of,
        ),
        findings=(Finding(cause=Cause.DATA, verdict=verdict),),
    )  # fmt: skip


def of_a_file(path: Path) -> Any:
    return YAML(typ="safe").load(path)
