"""What a release is judged by: figures of both versions over the same time."""

from datetime import datetime

from pydantic import ConfigDict, Field

from lifecycle.evaluation.evidence import Comparison, Measure
from lifecycle.section import Value


class Bucket(Value):
    """How many requests took at most `ms` milliseconds; cumulative. The last: any time (inf)."""

    # What takes any time is written as such, and not as nothing.
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")

    ms: float
    count: int


class Traffic(Value):
    """What one version did with its requests since a moment, as the router saw it.

    What the router cannot tell is from the version's own figures; `None`: could not be told.

    Parameters
    ----------
    requests
        Sent to the version, attempts that failed included.
    failed
        Of them, answered with 5xx, not answered, or not in time; those turned away are not
        among them.
    turned_away
        Answered with 429 or 503 because the version is busy.
    took
        How long its answers took; cumulative buckets.
    lag_ms
        How long requests wait for their turn inside the version, now.
    cpu_seconds, memory_mb
        What it used since the moment, and holds now.
    is_alive
        Whether it answers when asked for its health.
    is_silent
        Of the last seconds: whether it did not answer that in any of them.
    """

    version: str
    requests: int
    failed: int
    turned_away: int = 0
    took: tuple[Bucket, ...] = ()
    in_flight: int = 0
    lag_ms: float | None = None
    cpu_seconds: float | None = None
    memory_mb: float | None = None
    is_alive: bool | None = None
    is_silent: bool = False


class PairSlice(Value):
    """Rows of one group, where the two versions differ more or less than elsewhere."""

    column: str
    value: str
    rows: int
    agreement: float
    difference: float


class Pairs(Value):
    """The same rows answered by both versions.

    Parameters
    ----------
    agreeing
        Rows on which both decide the same (regression: differ within the tolerance).
    difference
        Mean absolute difference of their scores; `low` to `high` is its middle 90 %: the 5th and
        the 95th percentile of challenger's less champion's score.
    largest
        The largest absolute difference.
    slices
        Where they differ most, the worst first.
    lost
        Rows that only one of them has answered.
    """

    rows: int
    agreeing: int
    difference: float = 0.0
    low: float = 0.0
    high: float = 0.0
    largest: float = 0.0
    slices: tuple[PairSlice, ...] = ()
    lost: int = 0


class Distribution(Value):
    """A version's scores (of several classes: that of the decided one) over the same time.

    Parameters
    ----------
    deciles
        Eleven numbers: least, 10 %, ... 90 %, greatest.
    decisions
        How often it decided for each class.
    """

    rows: int
    mean: float | None = None
    deciles: tuple[float, ...] = ()
    decisions: dict[str, int] = Field(default_factory=dict)


class Scores(Value):
    """How the scores of both versions are distributed.

    Parameters
    ----------
    distance
        Kolmogorov-Smirnov: the largest difference of their distribution functions, in [0, 1].
    paired
        Whether both are of the same rows; otherwise of the rows each was asked about.
    """

    champion: Distribution
    challenger: Distribution
    distance: float
    paired: bool


class Gain(Value):
    """Both versions on the same rows whose labels have come.

    Parameters
    ----------
    gain
        How much better the challenger is, with its interval; see `Comparison`.
    """

    metric: str
    rows: int
    champion: Measure
    challenger: Measure
    gain: Comparison | None = None
    reason: str = ""


class ArmFigures(Value):
    """One arm of a test: its units' values added up.

    Parameters
    ----------
    units
        Assigned to the arm and seen in the test.
    total, squares
        Of the units' values, and of their squares; a unit without an outcome counts as zero.
    counted
        Units of which any outcome is told; `None`: nobody counted them.
    """

    units: int
    total: float = 0.0
    squares: float = 0.0
    counted: int | None = None

    @property
    def mean(self) -> float | None:
        """The mean over units; `None` without any."""
        return self.total / self.units if self.units else None


class SettledFigures(Value):
    """Both arms, of the units only whose time for outcomes is over, whatever happens now."""

    champion: ArmFigures
    challenger: ArmFigures


class MetricFigures(Value):
    """What was counted of a metric in both arms.

    Parameters
    ----------
    champion, challenger
        Of all units, by what is known of them now.
    settled
        Of those whose time for outcomes is over; `None`: of all of them it is.
    """

    name: str
    champion: ArmFigures
    challenger: ArmFigures
    settled: SettledFigures | None = None


class ExperimentFigures(Value):
    """What an A/B test has brought so far.

    Parameters
    ----------
    metrics
        The deciding one first, then the guards.
    crossed
        Units that were seen in both arms; there must be none.
    answered_by_other
        Requests of an arm that the other version answered, because their own could not.
    outcomes
        How many were told, and how many of them again (`repeated`), too late (`late`), or of
        units nobody knows (`strange`).
    """

    metrics: tuple[MetricFigures, ...]
    crossed: int = 0
    answered_by_other: int = 0
    outcomes: int = 0
    repeated: int = 0
    late: int = 0
    strange: int = 0


class Findings(Value):
    """All evidence about a step of a release at one moment.

    Parameters
    ----------
    since
        When the step began; everything is counted from there on, of a test from its beginning.
    recent_champion, recent_challenger
        The same traffic of the last seconds only (five to ten), so that a breach that begins
        late is seen at once and not only when it shows in all that came before it; their
        `lag_ms` is the least of any look within them. `None`: not taken.
    missing
        What could not be told, and why, by what it belongs to: `pairs`, `scores`, `gain`.
    """

    at: datetime
    since: datetime
    champion: Traffic | None = None
    challenger: Traffic | None = None
    recent_champion: Traffic | None = None
    recent_challenger: Traffic | None = None
    pairs: Pairs | None = None
    scores: Scores | None = None
    gain: Gain | None = None
    test: ExperimentFigures | None = None
    missing: dict[str, str] = Field(default_factory=dict)
