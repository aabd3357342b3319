"""Whole releases with their movements and looks: of every strategy, as they go on and end.

The figures are simulated, so that counts, buckets and distributions belong together as those of
a real release do.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np

from lifecycle.evaluation.evidence import Comparison, Measure
from lifecycle.release.declaration import Experiment, GuardMetric, Metric, Releasing, Shadow, Unit
from lifecycle.release.evidence import (
    ArmFigures,
    Bucket,
    Distribution,
    ExperimentFigures,
    Findings,
    Gain,
    MetricFigures,
    Pairs,
    PairSlice,
    Scores,
    Traffic,
)
from lifecycle.release.plan import Plan, Target
from lifecycle.release.planning import Entrance, plan_of, steady
from lifecycle.release.release import Action, Look, Movement, MovementKind, Release
from lifecycle.release.testing.judging import judge_test
from lifecycle.release.testing.planning import design
from lifecycle.verdict import Outcome, Verdict, Verdicts
from tests.lifecycle.governance.stories import HOSTILE

BEGAN = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
ENTRANCE = Entrance(project="flights", host="127.0.0.1", port=3000)
BOUNDS = (0.5, 1.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1_000.0, 2_500.0, 5_000.0)
RATE = 120.0


@dataclass(frozen=True)
class Told:
    """What a page is made from."""

    release: Release
    movements: tuple[Movement, ...]
    looks: tuple[Look, ...]

    def __iter__(self) -> Iterator[Any]:
        return iter((self.release, self.movements, self.looks))


def verdict(rule: str, outcome: str, measured: Any, limit: Any, reason: str) -> Verdict:
    return Verdict(
        rule=rule, outcome=Outcome(outcome), measured=measured, limit=limit, reason=reason
    )


def targets(release: Release) -> tuple[Target, Target]:
    names = (release.champion_name, release.challenger_name)
    return (
        Target(name=names[0], version=release.champion, host="127.0.0.1", port=41_001),
        Target(name=names[1], version=release.challenger, host="127.0.0.1", port=41_002),
    )


def plan_at(release: Release, **state: Any) -> Plan:
    champion, challenger = targets(release)
    at = release.model_copy(update={"state": "moving", **state})
    return plan_of(at, ENTRANCE, champion=champion, challenger=challenger)


def alone(release: Release, *, challenger: bool = False) -> Plan:
    return steady(ENTRANCE, targets(release)[challenger])


def movement(
    release: Release,
    number: int,
    kind: MovementKind,
    after_s: float,
    before: Plan | None,
    after: Plan | None,
    reason: str,
    **more: Any,
) -> Movement:
    at = release.began + timedelta(seconds=after_s)
    told = {
        "by": "conductor",
        "state": "done",
        "settled": True,
        "done_at": at + timedelta(milliseconds=40),
        **more,
    }
    return Movement(
        number=number, project=release.project, release=release.number, kind=kind,
        version=release.challenger, at=at, reason=reason, before=before, after=after, **told,
    )  # fmt: skip


def traffic(
    version: str, requests: int, *, seed: int, median_ms: float = 2.2, failing: float = 0.0,
    **more: Any,
) -> Traffic:  # fmt: skip
    """Count requests whose times are log-normal."""
    took = [(bound, int(_at_most(bound / median_ms) * requests)) for bound in BOUNDS]
    took.append((math.inf, requests))
    noise = math.sin(seed * 97 + requests)
    return Traffic(
        version=version,
        requests=requests,
        failed=round(requests * failing),
        took=tuple(Bucket(ms=bound, count=count) for bound, count in took),
        in_flight=2,
        lag_ms=round(0.6 + 0.2 * abs(noise), 3),
        cpu_seconds=round(requests * 0.00041 * (median_ms / 2.2), 3),
        memory_mb=round(212 + noise, 1),
        is_alive=True,
        **more,
    )


def _at_most(times: float) -> float:
    return (1 + math.erf(math.log(times) / 0.55 / math.sqrt(2))) / 2


def pairs(rows: int, agreement: float = 0.94, **more: Any) -> Pairs:
    return Pairs(
        rows=rows,
        agreeing=round(rows * agreement),
        difference=0.031,
        low=-0.082,
        high=0.061,
        largest=0.412,
        slices=(
            PairSlice(
                column="carrier", value="EV", rows=rows // 9, agreement=0.81, difference=0.09
            ),
            PairSlice(column="origin", value="LGA", rows=rows // 3, agreement=0.9, difference=0.04),
            PairSlice(
                column="distance", value="[500, 900)", rows=rows // 4, agreement=0.92,
                difference=0.035,
            ),
        ),
        lost=3,
        **more,
    )  # fmt: skip


@cache
def _betas(apart: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    levels = np.linspace(0, 1, 11)
    drawn = (np.random.default_rng(7).beta(1.6 - less, 4, 4_000) for less in (0.0, apart))
    champion, challenger = (tuple(np.quantile(one, levels).tolist()) for one in drawn)
    return champion, challenger


def scores(rows: int, *, apart: float = 0.06, paired: bool = True) -> Scores:
    champion, challenger = _betas(apart)
    return Scores(
        champion=distribution(rows, champion, 0.21),
        challenger=distribution(rows, challenger, 0.21 - apart / 3),
        distance=round(apart, 3),
        paired=paired,
    )


def distribution(rows: int, deciles: Sequence[float], late: float) -> Distribution:
    return Distribution(
        rows=rows,
        mean=sum(deciles) / len(deciles),
        deciles=tuple(deciles),
        decisions={"false": round(rows * (1 - late)), "true": round(rows * late)},
    )


def gain(rows: int, value: float = 0.011) -> Gain:
    half = 1.9 / np.sqrt(max(rows, 1))

    def measure(found: float) -> Measure:
        return Measure(
            metric="log_loss", value=found, low=found - half, high=found + half, rows=rows
        )

    return Gain(
        metric="log_loss", rows=rows, champion=measure(0.512), challenger=measure(0.512 - value),
        gain=Comparison(
            against="champion", version="3", metric="log_loss", candidate=0.512 - value,
            other=0.512, gain=value, low=value - half / 2, high=value + half / 2, confidence=0.95,
            probability_better=0.9, rows=rows,
        ),
    )  # fmt: skip


def judged(found: Findings, policy: Releasing) -> Verdicts:
    """Say of figures what the rules might."""
    told = [
        verdict("error rate", "pass", 0.0004, policy.guard.error_rate,
                "0.04% of 2,310 requests failed; at most 1% may, and the champion has 0.03%."),
        verdict("p99", "pass", 7.1, policy.guard.p99_ms,
                "99 of 100 requests took at most 7.1 ms; the limit is 50 ms."),
        verdict("lag", "pass", 0.7, policy.guard.lag_ms, "Requests wait 0.7 ms for their turn."),
    ]  # fmt: skip
    if found.pairs is not None:
        told.append(
            verdict("agreement", "pass", 0.94, policy.evidence.agreement,
                    "Both decide the same on 94% of 2,310 rows; at least 70% is asked.")
        )  # fmt: skip
    if found.gain is None:
        told.append(
            verdict("performance", "unknown", None, None,
                    "No label has come yet of the rows both answered; they come after 6 hours.")
        )  # fmt: skip
    return Verdicts(tuple(told))


def look(
    release: Release, at_s: float, step: int, found: dict[str, Any], *, since_s: float,
    action: Action = "hold", verdicts: Verdicts | None = None,
) -> Look:  # fmt: skip
    findings = Findings(
        at=release.began + timedelta(seconds=at_s),
        since=release.began + timedelta(seconds=since_s),
        **found,
    )
    return Look(
        release=release.number, at=findings.at, step=step, findings=findings,
        verdicts=judged(findings, release.policy) if verdicts is None else verdicts,
        action=action, reason="The step has been held for 4 of 10 minutes.",
    )  # fmt: skip


def step_looks(
    release: Release,
    *,
    step: int,
    share: float,
    start_s: float,
    end_s: float,
    every_s: float,
    gains: bool = False,
    ill_from_s: float = math.inf,
) -> list[Look]:
    """Look at a step now and then; from a moment on the challenger is slow and fails."""
    made = []
    for at in np.arange(start_s + every_s, end_s + 1e-9, every_s).tolist():
        asked = round((at - start_s) * RATE)
        new = round(asked * share)
        ill = round(max(at - ill_from_s, 0.0) * RATE * share)
        challenger = traffic(release.challenger, new - ill, seed=2)
        if ill:
            worse = traffic(release.challenger, ill, seed=3, median_ms=38, failing=0.13)
            challenger = added(challenger, worse)
        found: dict[str, Any] = {
            "champion": traffic(release.champion, asked - new, seed=1, failing=0.0002),
            "challenger": challenger,
            "missing": {} if gains else {"gain": "No label has come yet."},
        }
        if new > 50:
            found |= {"pairs": pairs(new), "scores": scores(new)}
        if gains and new > 200:
            found["gain"] = gain(new // 2)
        made.append(look(release, at, step, found, since_s=start_s))
    return made


def added(one: Traffic, other: Traffic) -> Traffic:
    """Count two traffics of a version together."""
    sums = {name: getattr(one, name) + getattr(other, name) for name in ("requests", "failed")}
    took = (
        Bucket(ms=mine.ms, count=mine.count + its.count)
        for mine, its in zip(one.took, other.took, strict=True)
    )
    return other.model_copy(
        update={
            **sums,
            "took": tuple(took),
            "cpu_seconds": (one.cpu_seconds or 0) + (other.cpu_seconds or 0),
        }
    )


def release_of(strategy: Any, policy: Releasing, **more: Any) -> Release:
    base = {
        "number": 7, "project": "flights", "strategy": strategy, "champion": "3",
        "challenger": "4", "champion_name": "flights-3", "challenger_name": "flights-4",
        "by": "ann", "why": "Trained on May as well; log loss 2% better in its test.",
        "began": BEGAN, "stepped": BEGAN,
    }  # fmt: skip
    return Release(**{**base, "policy": policy, **more})


CANARY = Releasing.model_validate(
    {
        "strategy": "canary", "steps": ["5%", "25%", "50%"], "hold": "10m", "requests": 500,
        "guard": {"error_rate": "1%", "p99_ms": 50},
    }
)  # fmt: skip


@cache
def fresh() -> Told:
    """Open, and nothing has been looked at."""
    release = release_of("canary", CANARY, waits="It waits for 500 requests to version 4.")
    first = movement(
        release, 12, "begin", 0.1, alone(release), plan_at(release),
        "Version 4 gets 5% of the requests.", by="ann",
    )  # fmt: skip
    return Told(release, (first,), ())


def _canary_movements(release: Release, steps: int) -> list[Movement]:
    plans = [alone(release), *(plan_at(release, step=step) for step in range(3))]
    told = ["begin", "advance", "advance"]
    return [
        movement(
            release, 12 + at, told[at], 0.1 + 600 * at, plans[at], plans[at + 1],  # type: ignore[arg-type]
            f"Every rule held for 10 minutes; version 4 gets {('5%', '25%', '50%')[at]}.",
            by="ann" if at == 0 else "conductor",
            verdicts=Verdicts() if at == 0 else judged(Findings(at=BEGAN, since=BEGAN), CANARY),
        )
        for at in range(steps)
    ]  # fmt: skip


@cache
def open_canary() -> Told:
    """At its second step, after three looks."""
    looks = [
        *step_looks(release_of("canary", CANARY), step=0, share=0.05, start_s=0.1, end_s=600,
                    every_s=299),
        *step_looks(release_of("canary", CANARY), step=1, share=0.25, start_s=600.1, end_s=720,
                    every_s=110),
    ]  # fmt: skip
    release = release_of(
        "canary", CANARY, step=1, stepped=BEGAN + timedelta(seconds=600.1),
        verdicts=looks[-1].verdicts, judged=looks[-1].at,
        waits="The step is held until 09:50 (8 minutes more); 3,300 of 500 requests have come.",
    )  # fmt: skip
    return Told(release, tuple(_canary_movements(release, 2)), tuple(looks))


@cache
def promoted(every_s: float = 20.0) -> Told:
    """A canary that went through all its steps."""
    base = release_of("canary", CANARY)
    looks: list[Look] = []
    for step, share in enumerate((0.05, 0.25, 0.5)):
        looks += step_looks(
            base, step=step, share=share, start_s=0.1 + 600 * step, end_s=600.0 * (step + 1),
            every_s=every_s, gains=step == 2,
        )  # fmt: skip
    looks += step_looks(
        base, step=3, share=1.0, start_s=1800.1, end_s=5400, every_s=every_s * 3, gains=True
    )
    release = release_of(
        "canary", CANARY, step=3, state="promoted", ended=BEGAN + timedelta(seconds=5400),
        stepped=BEGAN + timedelta(seconds=1800.1), verdicts=looks[-1].verdicts,
        judged=looks[-1].at, ending="Version 4 held every guard rail for an hour after promotion.",
    )  # fmt: skip
    plan = plan_at(release, state="keeping")
    last = movement(
        release, 15, "promote", 1800.1, plan_at(release, step=2), plan,
        "All steps were held.",
    )  # fmt: skip
    over = movement(
        release, 16, "finish", 5400, plan, alone(release, challenger=True), "It was kept an hour."
    )
    return Told(release, (*_canary_movements(release, 3), last, over), tuple(looks))


@cache
def rolled_back() -> Told:
    """A canary whose second step failed."""
    base = release_of("canary", CANARY)
    looks = step_looks(base, step=0, share=0.05, start_s=0.1, end_s=600, every_s=10)
    looks += step_looks(
        base, step=1, share=0.25, start_s=600.1, end_s=790.1, every_s=1, ill_from_s=786
    )
    bad = Verdicts(
        (
            verdict("error rate", "fail", 0.043, 0.01,
                    "4.3% of 5,700 requests to version 4 failed, more than the 1% that is allowed; "
                    "of the champion 0.02% did at the same time."),
            verdict("p99", "fail", 139.0, 50.0, "99 of 100 requests took up to 139 ms."),
            *[*looks[0].verdicts][2:],
        )
    )  # fmt: skip
    recent = {
        "recent_champion": traffic("3", 450, seed=1),
        "recent_challenger": traffic("4", 150, seed=3, median_ms=38, failing=0.13),
    }
    looks[-1] = looks[-1].model_copy(
        update={
            "verdicts": bad, "action": "roll back",
            "findings": looks[-1].findings.model_copy(update=recent),
        }
    )  # fmt: skip
    ending = "4.3% of the requests to version 4 failed; at most 1% may."
    release = release_of(
        "canary", CANARY, step=1, state="rolled back", verdicts=bad, judged=looks[-1].at,
        ended=BEGAN + timedelta(seconds=790.4), ending=ending,
        stepped=BEGAN + timedelta(seconds=600.1),
    )  # fmt: skip
    back = movement(
        release, 14, "roll back", 790.2, plan_at(release, step=1), alone(release),
        ending, verdicts=bad,
    )  # fmt: skip
    return Told(release, (*_canary_movements(release, 2), back), tuple(looks))


@cache
def blue_green() -> Told:
    """All at once; the version before stands by."""
    policy = Releasing.model_validate({"strategy": "blue-green", "keep": "2h"})
    base = release_of("blue-green", policy)
    looks = step_looks(base, step=0, share=1.0, start_s=0.1, end_s=1500, every_s=50)
    release = release_of(
        "blue-green", policy, state="keeping", verdicts=looks[-1].verdicts, judged=looks[-1].at,
        waits="Version 3 stands by until 11:30 (1 hour 35 minutes more).",
    )  # fmt: skip
    flip = movement(
        release,
        12,
        "begin",
        0.1,
        alone(release),
        plan_at(release, state="keeping"),
        "All at once.",
        by="ann",
    )
    return Told(release, (flip,), tuple(looks))


@cache
def shadow() -> Told:
    """Compared pair by pair, and over."""
    policy = Releasing(strategy="shadow", shadow=Shadow(share=0.5, hold=timedelta(hours=1)))
    base = release_of("shadow", policy)
    looks = []
    for at in range(60, 3601, 60):
        asked = round(at * RATE)
        found = {
            "champion": traffic("3", asked, seed=1),
            "challenger": traffic("4", asked // 2, seed=2, median_ms=3.4, failing=0.001),
            "pairs": pairs(asked // 2),
            "scores": scores(asked // 2),
            "missing": {"gain": "Labels come after 6 hours."},
        }
        looks.append(look(base, at, 0, found, since_s=0.1))
    release = release_of(
        "shadow", policy, state="compared", ended=looks[-1].at, verdicts=looks[-1].verdicts,
        judged=looks[-1].at, ending="It was compared for an hour on 216,000 rows.",
    )  # fmt: skip
    first = movement(
        release, 12, "begin", 0.1, alone(release), plan_at(release),
        "Half of the requests are copied to version 4.", by="ann",
    )  # fmt: skip
    last = movement(
        release, 13, "finish", 3600.2, first.after, alone(release), "The comparison is over."
    )
    return Told(release, (first, last), tuple(looks))


TEST = Experiment(
    metric=Metric(name="booked"),
    effect=0.01,
    shares=(0.1, 0.4, 1.0),
    guard=(
        GuardMetric(name="complaints", better="lower", worse=0.005),
        GuardMetric(name="revenue", kind="sum", worse=2.0),
    ),
)
DESIGN = design(
    TEST, baseline=0.12, deviation=None, source="the 48,211 units seen in the 14 days before",
    units_a_day=5_200,
)  # fmt: skip
AB = Releasing(
    strategy="ab", unit=Unit(header="x-user-id"), test=TEST, hold=timedelta(days=1), requests=1_000
)


def figures_of(units: int, effect: float, *, seed: int = 3) -> ExperimentFigures:
    """Draw so many units of each arm, all of one sequence: more of them hold those before."""
    rng = np.random.default_rng(seed)
    drawn = rng.random((2, 40_000))[:, :units]
    sums = rng.gamma(2.0, 20.0, (2, 40_000))[:, :units]
    hits = [int((drawn[arm] < 0.12 + effect * arm).sum()) for arm in (0, 1)]
    upset = [int((drawn[arm] > 0.98).sum()) for arm in (0, 1)]

    def arm(total: float, squares: float) -> ArmFigures:
        return ArmFigures(units=units, total=total, squares=squares)

    def conversion(name: str, counted: Sequence[int]) -> MetricFigures:
        champion, challenger = (arm(found, found) for found in counted)
        return MetricFigures(name=name, champion=champion, challenger=challenger)

    money = [arm(float(one.sum()), float((one**2).sum())) for one in sums]
    return ExperimentFigures(
        metrics=(
            conversion("booked", hits),
            conversion("complaints", upset),
            MetricFigures(name="revenue", champion=money[0], challenger=money[1]),
        ),
        answered_by_other=14,
        outcomes=units // 4,
        repeated=211,
        late=18,
        strange=3,
    )


def ab(effect: float = 0.014) -> Told:
    """A test that was won after nine days of ten looks each."""
    base = release_of("ab", AB, design=DESIGN)
    looks, day = [], 86_400.0
    for at in np.arange(day / 10, day * 9 + 1, day / 10):
        step = min(int(at // day), 2)
        units = int(min(at / day, 1) * 200 + max(min(at / day - 1, 1), 0) * 800)
        units += int(max(at / day - 2, 0) * 2_600)
        found = {
            "champion": traffic("3", round(at * 6), seed=1),
            "challenger": traffic("4", round(at * 3), seed=2),
            "test": figures_of(units, effect),
            "pairs": pairs(20_000),
            "scores": scores(20_000),
            "missing": {"gain": "No label has come yet."},
        }
        looks.append(
            look(
                base,
                float(at),
                step,
                found,
                since_s=0.1,
                verdicts=judge_test(found["test"], DESIGN, TEST),
            )
        )
    release = release_of(
        "ab", AB, design=DESIGN, step=2, state="keeping", verdicts=looks[-1].verdicts,
        judged=looks[-1].at, stepped=BEGAN + timedelta(days=9),
        waits="Version 3 stands by until 10:30.",
    )  # fmt: skip
    moves = [
        movement(
            release, 12 + step, "begin" if step == 0 else "advance", day * step + 0.1,
            alone(release) if step == 0 else plan_at(release, step=step - 1),
            plan_at(release, step=step), f"{share:.0%} of the units are in.",
        )
        for step, share in enumerate(TEST.shares)
    ]  # fmt: skip
    moves.append(
        movement(
            release,
            15,
            "promote",
            day * 9,
            moves[-1].after,
            plan_at(release),
            "The confidence sequence of booked lies above zero.",
            verdicts=release.verdicts,
        )
    )
    return Told(release, tuple(moves), tuple(looks))


@cache
def won() -> Told:
    return ab()


@cache
def many() -> Told:
    """Five thousand looks at one release."""
    return promoted(every_s=0.6)


@cache
def bare() -> Told:
    """Looked at, with nothing found."""
    base = release_of("canary", CANARY)
    missing = {
        "champion": "The router cannot be asked.", "challenger": "The router cannot be asked.",
        "pairs": "The package of version 3 is gone.", "scores": "Nothing is logged.",
        "gain": "No label has come.",
    }  # fmt: skip
    told = Verdicts((verdict("error rate", "unknown", None, 0.01, "No figures."),))
    looks = [
        look(base, at, 0, {"missing": missing}, since_s=0.1, verdicts=told) for at in (1, 2, 3)
    ]
    release = base.model_copy(update={"verdicts": told, "judged": looks[-1].at})
    return Told(release, fresh().movements, tuple(looks))


@cache
def hostile() -> Told:
    """Every text that a page shows is meant to break it."""
    evil = HOSTILE[0]
    base = release_of(
        "canary", CANARY, project=evil, champion=HOSTILE[1], challenger=HOSTILE[3], by=HOSTILE[2],
        why=" ".join(HOSTILE), ending=HOSTILE[9], waits=HOSTILE[5], champion_name="old",
        challenger_name="new",
    )  # fmt: skip
    slices = tuple(
        PairSlice(column=text, value=text, rows=9, agreement=0.5, difference=0.1)
        for text in HOSTILE
    )
    both = distribution(90, [at / 10 for at in range(11)], 0.3)
    odd = both.model_copy(update={"decisions": dict.fromkeys(HOSTILE, 9)})
    rules = Verdicts(tuple(verdict(text, "fail", text, text, text) for text in HOSTILE))
    found = {
        "champion": traffic(HOSTILE[4], 90, seed=1), "challenger": traffic(HOSTILE[6], 90, seed=2),
        "pairs": pairs(90).model_copy(update={"slices": slices}),
        "scores": Scores(champion=odd, challenger=odd, distance=0.0, paired=False),
        "missing": dict(zip(HOSTILE, HOSTILE, strict=True)),
    }  # fmt: skip
    looks = [look(base, at, 0, found, since_s=0.1, verdicts=rules) for at in (5, 10, 15)]
    release = base.model_copy(update={"verdicts": rules, "judged": looks[-1].at})
    moves = [
        movement(
            release, 12 + at, "begin", at + 0.1, alone(release), plan_at(release), text, by=text,
            verdicts=rules,
        )
        for at, text in enumerate(HOSTILE)
    ]  # fmt: skip
    return Told(release, tuple(moves), tuple(looks))


@cache
def several() -> tuple[tuple[Release, ...], tuple[Movement, ...]]:
    """Releases of one project and its ledger, one after the other."""
    releases: list[Release] = []
    moves: list[Movement] = []
    begun = Movement(
        number=1, project="flights", kind="deploy", version="3", at=BEGAN - timedelta(days=3),
        by="ann", reason="The first version.", after=alone(release_of("canary", CANARY)),
        state="done", done_at=BEGAN - timedelta(days=3), settled=True,
    )  # fmt: skip
    moves.append(begun)
    for number, told in enumerate((rolled_back(), shadow(), promoted()), 1):
        later = timedelta(days=number)
        shifted = told.release.model_copy(
            update={
                "number": number, "began": BEGAN + later,
                "ended": told.release.ended + later if told.release.ended else None,
            }
        )  # fmt: skip
        releases.append(shifted)
        moves += [
            one.model_copy(
                update={
                    "number": len(moves) + at, "release": number, "at": one.at + later,
                    "done_at": one.done_at + later if one.done_at else None,
                }
            )
            for at, one in enumerate(told.movements, 1)
        ]  # fmt: skip
    return tuple(releases), tuple(moves)


ALL = (
    fresh, open_canary, promoted, rolled_back, blue_green, shadow, won, bare, hostile,
)  # fmt: skip
