"""The words of a release's page."""

import json
from datetime import datetime

from adapters.report.monitoring.telling import moment as moment
from adapters.report.monitoring.telling import sentence as sentence
from adapters.report.release.effects import Effect
from adapters.report.release.travels import destination as destination
from adapters.report.release.travels import happened as happened
from lifecycle.governance import figures
from lifecycle.release.declaration import Experiment, GuardMetric, Metric
from lifecycle.release.release import Movement, Release
from lifecycle.release.testing.telling import amount as amount
from lifecycle.release.testing.telling import level as level_of

STATES = {
    "moving": ("none", "…", "going on"),
    "keeping": ("pass", "✓", "promoted, version before stands by"),
    "promoted": ("pass", "✓", "promoted"),
    "rolled back": ("fail", "✕", "rolled back"),
    "compared": ("none", "=", "compared"),
    "kept": ("none", "=", "champion stays"),
    "stopped": ("warn", "!", "stopped by hand"),
}
"""Tone, sign and words of each state, so that colour is never alone."""

MOVEMENTS = {
    "intended": ("unknown", "?", "not known to be done"),
    "done": ("pass", "✓", "done"),
    "undone": ("warn", "!", "did not happen"),
}

STRATEGIES = {
    "blue-green": "blue-green, all at once",
    "canary": "canary, step by step",
    "shadow": "shadow, only compared",
    "ab": "A/B test",
}


def title(release: Release) -> str:
    """Say in one line what the release is."""
    old, new = f"version {release.champion}", f"Version {release.challenger}"
    if release.strategy == "shadow":
        return f"{new} in the shadow of {old}"
    if release.strategy == "ab":
        metric = release.policy.test.metric.name if release.policy.test else "a metric"
        return f"{new} against {old}, by {metric}"
    way = "all at once" if release.strategy == "blue-green" else "step by step"
    return f"{new} in place of {old}, {way}"


def lasted(release: Release, until: datetime | None = None) -> str:
    """Say how long the release has gone on."""
    end = release.ended or until
    return figures.duration((end - release.began).total_seconds()) if end else ""


def kind(movement: Movement) -> str:
    """Say what a movement did."""
    return {
        "deploy": "deployed",
        "begin": "began",
        "advance": "next step",
        "promote": "promoted",
        "roll back": "rolled back",
        "finish": "finished",
        "stop": "stopped",
        "readmit": "admitted again",
    }[movement.kind]


def clock(when: datetime) -> str:
    """Write a moment to the second: releases move within one."""
    told = moment(when.replace(second=0, microsecond=0))
    return told.replace(" UTC", f":{when:%S} UTC") if "," in told else told


def level(metric: Metric, mean: float | None) -> str:
    """Write a mean over units: of conversions in percent."""
    return level_of(mean, metric.kind)


def effect(found: Effect) -> str:
    """Write a difference of the arms with its interval; conversions in points of percent."""
    if found.effect is None:
        return figures.NOTHING
    told = amount(found.effect, found.metric.kind, signed=True)
    if found.low is None or found.high is None:
        return told
    low, high = (amount(end, found.metric.kind, signed=True) for end in (found.low, found.high))
    return f"{told} [{low.removesuffix(' points')}, {high.removesuffix(' points')}]"


def wanted(found: Effect, declared: Experiment) -> str:
    """Say what is wanted of a metric."""
    metric = found.metric
    if isinstance(metric, GuardMetric):
        return f"{metric.better}; worse by at most {amount(metric.worse, metric.kind)}"
    return f"{metric.better}; {amount(declared.effect, metric.kind)} is worth having"


def declaration(release: Release) -> str:
    """Write what the release goes by as it may be declared, defaults included."""
    told = release.policy.model_dump(mode="json", exclude_none=True, exclude={"strategy"})
    return json.dumps({"strategy": release.strategy, **told}, indent=2, ensure_ascii=False)
