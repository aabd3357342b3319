"""The `release` section: how live traffic moves to a new version, and what stops it."""

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from lifecycle.section import Amount, Duration, Section, Share

Strategy = Literal["blue-green", "canary", "shadow", "ab"]

_HEADER = r"^[a-z0-9][a-z0-9-]{0,62}$"


class Unit(Section):
    """Whom an assignment sticks to: by what of a request a user is known.

    Parameters
    ----------
    header
        The name of a header that your gateway or client sets: `x-user-id`.
    cookie
        The name of a cookie.
    claim
        A claim of the token (`serving.access.tokens`): `sub`.
    """

    header: str | None = Field(default=None, pattern=_HEADER)
    cookie: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_.-]{1,63}$")
    claim: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_-]{1,63}$")

    @model_validator(mode="after")
    def _name_one(self) -> Self:
        if sum(one is not None for one in (self.header, self.cookie, self.claim)) != 1:
            raise ValueError("name exactly one of header, cookie, claim")
        return self

    @property
    def told(self) -> str:
        """What a service is told of it.

        Examples
        --------
        >>> Unit(header="x-user-id").told
        'header x-user-id'
        """
        kind = "header" if self.header else "cookie" if self.cookie else "claim"
        return f"{kind} {getattr(self, kind)}"


class Guard(Section):
    """Guard rails: what no version may do to users, judged all the time and against the champion.

    Parameters
    ----------
    error_rate
        Largest share of requests that may fail: an answer of 5xx, no answer, or none in time.
    p99_ms
        Milliseconds in which 99 of 100 requests have to be answered; null: only `slower` counts.
    slower
        How many times slower than the champion at the same time it may be (99th percentile).
    turned_away
        Largest share of requests that may be turned away because the version is busy.
    lag_ms
        Longest that requests may wait for their turn inside the version.
    false_alarms
        How probable it may be that a version as good as its limits is rolled back, over a whole
        release and for each guard rail.
    """

    error_rate: Share = 0.01
    p99_ms: float | None = Field(default=None, gt=0)
    slower: float = Field(default=2.0, ge=1)
    turned_away: Share = 0.05
    lag_ms: float = Field(default=100.0, gt=0)
    false_alarms: Annotated[Share, Field(gt=0, le=0.2)] = 0.01


class Evidence(Section):
    """What is asked of the challenger's answers, beside the champion's to the same questions.

    Parameters
    ----------
    agreement
        Smallest share of rows on which both decide the same (regression: differ by less than
        `tolerance`); null: not asked for.
    tolerance
        Regression: how far two predictions may differ and still agree, in standard deviations
        of the champion's predictions.
    distance
        Largest distance between the distributions of their scores (Kolmogorov-Smirnov); null:
        not asked for.
    worse
        How much worse the primary metric may be on rows whose labels have come.
    labels
        So many labelled rows have to have come before it may be promoted; 0: labels are judged
        as soon as there are enough, and not waited for.
    """

    agreement: Share | None = 0.7
    tolerance: float = Field(default=0.5, gt=0)
    distance: Share | None = 0.3
    worse: float = Field(default=0.0, ge=0)
    labels: int = Field(default=0, ge=0)


class Shadow(Section):
    """A copy of the requests goes to the challenger, whose answers reach nobody.

    Parameters
    ----------
    share
        Which part of the requests is copied.
    hold, requests
        How long, and of how many requests at least.
    """

    share: Annotated[Share, Field(gt=0)] = 1.0
    hold: Duration = Field(default="1h", validate_default=True)
    requests: int = Field(default=1_000, ge=1)


class Metric(Section):
    """What an A/B test counts of each unit.

    Parameters
    ----------
    name
        Of the outcomes that are told (`POST /outcomes`): `booked`.
    kind
        `conversion`: whether any was told of the unit, however often. `sum`: their values added
        up, each once.
    better
        Which direction is wanted.
    within
        Outcomes count so long after a unit was first in the test; those that happen later do not.
    """

    name: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,62}$")
    kind: Literal["conversion", "sum"] = "conversion"
    better: Literal["higher", "lower"] = "higher"
    within: Duration = Field(default="7d", validate_default=True)


class GuardMetric(Metric):
    """A metric that must not get worse, by more than `worse`, in an A/B test."""

    worse: Amount = Field(ge=0)


class Experiment(Section):
    """An A/B test: planned before it begins, judged at any time, decided by a fixed rule.

    Parameters
    ----------
    metric
        What decides.
    effect
        The smallest difference worth having, in the metric's unit (conversions: 0.01 is one
        point of percent).
    baseline
        What the metric is without any change; `deviation` its standard deviation over units
        (`sum` only). Null: measured from the outcomes told before the test.
    shares
        Which part of the units is in the test, one step after another, each held as the
        release's `hold` and `requests` say; half of them meets the challenger.
    power
        How probable it has to be that an effect that large is found.
    false_positives
        How probable it may be that a difference is found where there is none, over the whole
        test, however often it is looked at.
    mismatch
        How probable it may be that a sound assignment is called broken (sample-ratio mismatch).
    most
        Longest the test may take; then the champion stays.
    guard
        Metrics that must not get worse.
    on_win
        Promote the challenger, or only report.
    """

    metric: Metric
    effect: Amount = Field(gt=0)
    baseline: Amount | None = None
    deviation: float | None = Field(default=None, gt=0)
    shares: tuple[Annotated[Share, Field(gt=0)], ...] = (1.0,)
    power: Annotated[Share, Field(ge=0.5, lt=1)] = 0.8
    false_positives: Annotated[Share, Field(gt=0, le=0.2)] = 0.05
    mismatch: Annotated[Share, Field(gt=0, le=0.05)] = 0.001
    most: Duration = Field(default="28d", validate_default=True)
    guard: tuple[GuardMetric, ...] = ()
    on_win: Literal["promote", "report"] = "promote"

    @model_validator(mode="after")
    def _only_grow(self) -> Self:
        if [*self.shares] != sorted(set(self.shares)) or not self.shares:
            raise ValueError("shares have to grow from step to step: [10%, 30%, 100%]")
        return self


class Releasing(Section):
    """How live traffic moves from the champion to the challenger.

    Parameters
    ----------
    strategy
        `blue-green`: all at once. `canary`: step by step. `shadow`: not at all, it is compared.
        `ab`: half of the units, until a planned test is decided.
    steps
        Canary: the challenger's share of the requests, step by step. After the last it is
        promoted; a last step of 100% says the same.
    hold, requests
        How long each step is held at least, and for how many requests to the challenger.
    patience
        A step that cannot be judged for so long after that goes back.
    keep
        How long the version before stays running after a promotion, under the same guard rails,
        so that a rollback takes a second.
    unit
        Whom the assignment sticks to; null: each request is assigned by itself. An A/B test
        needs one.
    """

    strategy: Strategy = "canary"
    steps: tuple[Annotated[Share, Field(gt=0)], ...] = (0.05, 0.25, 0.5)
    hold: Duration = Field(default="10m", validate_default=True)
    requests: int = Field(default=500, ge=1)
    patience: Duration = Field(default="2h", validate_default=True)
    keep: Duration = Field(default="1h", validate_default=True)
    unit: Unit | None = None
    guard: Guard = Guard()
    evidence: Evidence = Evidence()
    shadow: Shadow = Shadow()
    test: Experiment | None = None

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if [*self.steps] != sorted(set(self.steps)) or not self.steps:
            raise ValueError("name at least one step, each larger than before: [5%, 25%, 50%]")
        if self.strategy == "ab":
            absent = [name for name in ("unit", "test") if getattr(self, name) is None]
            if absent:
                raise ValueError(f"an A/B test needs release.{' and release.'.join(absent)}")
        return self

    @property
    def told_unit(self) -> str:
        """What a service is told of the unit; empty where there is none."""
        return self.unit.told if self.unit is not None else ""

    @property
    def shares(self) -> tuple[float, ...]:
        """The challenger's part, or the part that is in the test, step by step.

        Examples
        --------
        >>> Releasing(steps=(0.1, 1.0)).shares, Releasing(strategy="blue-green").shares
        ((0.1,), ())
        """
        if self.strategy == "canary":
            return tuple(share for share in self.steps if share < 1)
        if self.strategy == "ab" and self.test is not None:
            return self.test.shares
        return (self.shadow.share,) if self.strategy == "shadow" else ()

    @property
    def held(self) -> tuple[timedelta, int]:
        """How long and for how many requests a step is held at least."""
        if self.strategy == "shadow":
            return self.shadow.hold, self.shadow.requests
        return self.hold, self.requests
