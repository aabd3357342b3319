"""Which figures of releases are shown to Prometheus: who gets how much, and how a release stands.

`SHOWN` names all there are, with what they mean.
"""

from collections.abc import Iterator, Mapping

from adapters.gauges.exposition import Figure
from lifecycle.release.ledger import mirrored_by, weights_of
from lifecycle.release.plan import WHOLE, Plan
from lifecycle.release.release import Look, Release
from lifecycle.verdict import Outcome

SHOWN: Mapping[str, str] = {
    "perennial_release_share": "The part of the requests a version gets, in [0, 1].",
    "perennial_release_copied_share": "The part of the requests a version gets a copy of.",
    "perennial_release_is_open": "Whether a release goes on.",
    "perennial_release_number": "The number of the last release.",
    "perennial_release_state": "1 at how the last release stands.",
    "perennial_release_step": "The step the last release is at, from 1; 0: it has none.",
    "perennial_release_steps": "How many steps the last release has.",
    "perennial_release_step_began_timestamp_seconds": "Since when it is at this step.",
    "perennial_release_ended_timestamp_seconds": "When the last release ended.",
    "perennial_release_verdicts": "The last verdicts about the release, counted by outcome.",
    "perennial_release_last_look_timestamp_seconds": "When the release was last looked at.",
}
"""Every name, and what it is."""

Labels = dict[str, str]


def figures_of_release(
    project: str, plan: Plan | None, release: Release | None, look: Look | None
) -> tuple[Figure, ...]:
    """Give everything that is shown of a project's traffic and of its last release.

    Parameters
    ----------
    plan
        Where requests go now; `None`: nowhere.
    release
        The one that goes on, or the last one.
    look
        The last look at it.
    """
    labels = {"project": project}
    found = [*_of_plan(plan, labels)]
    found.append(_figure("perennial_release_is_open", _is_open(release), labels))
    if release is not None:
        found += _of_release(release, labels)
    if look is not None:
        at = look.at.timestamp()
        found.append(_figure("perennial_release_last_look_timestamp_seconds", at, labels))
        outcomes = [verdict.outcome for verdict in look.verdicts]
        for outcome in Outcome:
            named = labels | {"outcome": outcome.value}
            found.append(_figure("perennial_release_verdicts", outcomes.count(outcome), named))
    return tuple(found)


def _of_plan(plan: Plan | None, labels: Labels) -> Iterator[Figure]:
    weights = weights_of(plan)
    targets = plan.targets if plan is not None else ()
    for version in dict.fromkeys(target.version for target in targets):
        share = weights.get(version, 0) / WHOLE
        yield _figure("perennial_release_share", share, labels | {"version": version})
    copied = mirrored_by(plan)
    if plan is not None and plan.mirror is not None and copied is not None:
        share = plan.mirror.weight / WHOLE
        yield _figure("perennial_release_copied_share", share, labels | {"version": copied})


def _of_release(release: Release, labels: Labels) -> Iterator[Figure]:
    steps = len(release.policy.shares)
    yield _figure("perennial_release_number", release.number, labels)
    yield _figure("perennial_release_state", 1, labels | {"state": release.state})
    yield _figure("perennial_release_step", min(release.step + 1, steps), labels)
    yield _figure("perennial_release_steps", steps, labels)
    began = release.stepped.timestamp()
    yield _figure("perennial_release_step_began_timestamp_seconds", began, labels)
    if release.ended is not None:
        ended = release.ended.timestamp()
        yield _figure("perennial_release_ended_timestamp_seconds", ended, labels)


def _is_open(release: Release | None) -> bool:
    return release is not None and release.is_open


def _figure(name: str, value: float, labels: Labels) -> Figure:
    return Figure(name, SHOWN[name], float(value), tuple(labels.items()))
