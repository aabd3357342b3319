"""Contradictions between how traffic moves to a new version, and what there is to judge it by."""

from collections.abc import Iterator
from datetime import timedelta

from lifecycle.data.declaration import Role
from lifecycle.project.contradictions.parts import Parts
from lifecycle.project.faults import Fault
from lifecycle.release.declaration import Experiment, Releasing
from lifecycle.section import write_duration
from lifecycle.serving.declaration import Serving

_CHANGING = {
    "x-perennial-arm": "is what the router itself says of a test, and taken from every request",
    "x-request-id": "names a request, so each would be a unit of its own",
}


def compare_what_is_kept(parts: Parts) -> Iterator[Fault]:
    """Want no agreement of answers that cannot be computed from what is written down.

    Where nothing of a release is declared nothing is said: nobody has asked for one yet.
    """
    release = parts.release
    if release is None or not release.model_fields_set or release.strategy != "canary":
        return
    if release.evidence.agreement is None:
        return
    for name, column in parts.columns.items():
        if column is not None and column.is_feature and Role.PERSONAL in column.role:
            problem = (
                f'is {release.evidence.agreement:g}, and the model reads "{name}", declared as '
                "personal: it is masked in the log from which the other version's answers are "
                "computed."
            )
            remedy = "Declare agreement: null, or strategy: shadow, where both are asked."
            yield Fault(("release", "evidence", "agreement"), problem, remedy)
            return


def wait_for_labels_that_can_come(parts: Parts) -> Iterator[Fault]:
    """Want a canary that waits for labels to go on for as long as they take to come."""
    if parts.release is None or parts.data is None or parts.release.strategy != "canary":
        return
    wanted, takes = parts.release.evidence.labels, parts.data.label.arrives_after
    waited = _longest(parts.release)
    if wanted and takes is not None and takes >= waited:
        problem = (
            f"is {wanted}, and labels come {write_duration(takes)} later "
            f"(data.label.arrives_after); a release is given up after {write_duration(waited)}."
        )
        remedy = "Declare a longer release.hold or release.patience, or labels: 0."
        yield Fault(("release", "evidence", "labels"), problem, remedy)


def know_the_unit(parts: Parts) -> Iterator[Fault]:
    """Want a unit that the router can read, and that stays the same from request to request."""
    if parts.release is None or parts.release.unit is None:
        return
    unit = parts.release.unit
    if unit.header in _CHANGING:
        problem = f'is "{unit.header}", which {_CHANGING[unit.header]}.'
        remedy = "Name a header that your gateway or client sets for each user, as x-user-id."
        yield Fault(("release", "unit", "header"), problem, remedy)
    if unit.claim is not None and parts.serving is not None:
        yield from _judge_claim(unit.claim, parts.serving)


def _judge_claim(claim: str, serving: Serving) -> Iterator[Fault]:
    """Only of a token that the router has checked it believes a claim."""
    problem = ""
    if serving.access.tokens is None:
        problem = "no serving.access.tokens are declared."
        remedy = "Declare whose tokens are taken, or stick to a header or a cookie."
    elif not serving.router.check_tokens:
        problem = "serving.router.check_tokens is false: the router reads no token."
        remedy = "Let the router check tokens, or stick to a header or a cookie."
    elif serving.access.keys:
        problem = "serving.access.keys is true: who comes with a key has no claims."
        remedy = "Declare serving.access.keys: false, or stick to a header or a cookie."
    if problem:
        yield Fault(("release", "unit", "claim"), f'is "{claim}", and {problem}', remedy)


def set_limits_that_can_be_met(parts: Parts) -> Iterator[Fault]:
    """Want guard rails below what the service cuts off by itself: they would never be reached."""
    if parts.release is None or parts.serving is None:
        return
    guard, limits = parts.release.guard, parts.serving.limits
    if guard.p99_ms is not None and guard.p99_ms >= limits.seconds * 1000:
        problem = (
            f"is {guard.p99_ms:g} ms, and a request that takes {limits.seconds:g} s is given up "
            "(serving.limits.seconds)."
        )
        remedy = "Declare a smaller p99_ms, or let requests take longer."
        yield Fault(("release", "guard", "p99_ms"), problem, remedy)
    if "lag_ms" in guard.model_fields_set and guard.lag_ms >= limits.waiting_ms:
        problem = (
            f"is {guard.lag_ms:g} ms, and a request that would wait {limits.waiting_ms} ms is "
            "turned away (serving.limits.waiting_ms)."
        )
        remedy = "Declare a smaller lag_ms, or let requests wait longer."
        yield Fault(("release", "guard", "lag_ms"), problem, remedy)


def declare_only_what_is_judged(parts: Parts) -> Iterator[Fault]:
    """Want no setting that nothing reads: it would be believed to hold."""
    if parts.release is None:
        return
    release = parts.release
    if release.strategy == "canary" and not release.shares:
        problem = "holds 100% only, so all requests move at once."
        remedy = "Declare smaller steps before it, or strategy: blue-green."
        yield Fault(("release", "steps"), problem, remedy)
    is_declared = "tolerance" in release.evidence.model_fields_set
    if is_declared and parts.data is not None and parts.data.label.task.is_classification:
        problem = f"is declared, and the task is {parts.data.label.task.value}: decisions agree "
        problem += "when they are the same."
        yield Fault(("release", "evidence", "tolerance"), problem, "It is for regression only.")


def plan_a_test_that_can_end(parts: Parts) -> Iterator[Fault]:
    """Want a test with a unit, and with time for its steps and for what it counts."""
    if parts.release is None or parts.release.test is None:
        return
    test, path = parts.release.test, ("release", "test")
    if parts.release.unit is None:
        problem = "is declared, and no release.unit is: nobody knows whom an assignment sticks to."
        yield Fault(path, problem, "Declare unit: {header: x-user-id}, or a cookie or a claim.")
    held = parts.release.hold * len(test.shares)
    if test.most <= held:
        problem = (
            f"is {write_duration(test.most)}, and the steps alone are held for "
            f"{write_duration(held)} ({len(test.shares)} times release.hold)."
        )
        remedy = "Declare a longer test, a shorter hold, or fewer shares."
        yield Fault((*path, "most"), problem, remedy)
    yield from _judge_outcomes(test)


def _judge_outcomes(test: Experiment) -> Iterator[Fault]:
    named = [(("metric",), test.metric), *((("guard", at), it) for at, it in enumerate(test.guard))]
    for place, metric in named:
        if metric.within >= test.most:
            problem = (
                f"is {write_duration(metric.within)}, and the test takes "
                f"{write_duration(test.most)} at most (release.test.most): of nobody would the "
                "outcomes be complete before it is over."
            )
            remedy = "Declare a shorter within, or a longer test."
            yield Fault(("release", "test", *place, "within"), problem, remedy)
        if any(other.name == metric.name for _, other in named[: named.index((place, metric))]):
            problem = f'is "{metric.name}", which is judged already.'
            yield Fault(("release", "test", *place, "name"), problem, "Name another metric.")


def _longest(release: Releasing) -> timedelta:
    """Say how long a canary goes on at most: all steps held, and the last one waited for."""
    return release.hold * max(len(release.shares), 1) + release.patience
