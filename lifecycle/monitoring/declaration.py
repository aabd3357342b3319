"""The `monitoring` section: what is looked at, how often, what counts as stale, who is told."""

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, field_validator

from lifecycle.evaluation.metric_names import METRICS
from lifecycle.section import Duration, Section, Share, write_duration

Limit = Annotated[Share, Field(gt=0)]


class Drift(Section):
    """When the rows that are asked about differ from those the version has learnt from.

    Parameters
    ----------
    shift
        The smallest shift that matters, as a distance of two distributions in (0, 1]: the
        largest difference of the cumulative shares of numbers and times, half the sum of the
        differences of the shares of categories.
    false_discoveries
        Of the columns called drifted, the largest expected share that has not moved.
    rows
        With fewer rows in a window the answer is unknown.
    missing
        The smallest change of a column's missing share that matters.
    unseen
        The smallest share of rows that matters whose category was never seen in training.
    outside
        The smallest share of rows that matters beyond the range seen in training.
    prediction
        As `shift`, of the scores.
    columns
        A limit of its own instead of `shift` for some columns.
    ignore
        Columns nobody has to hear of, such as a counter that only grows.
    """

    shift: Limit = 0.2
    false_discoveries: Annotated[Share, Field(gt=0, lt=1)] = 0.05
    rows: int = Field(default=200, ge=30)
    missing: Limit = 0.1
    unseen: Limit = 0.02
    outside: Limit = 0.02
    prediction: Limit = 0.15
    columns: dict[str, Limit] = Field(default_factory=dict)
    ignore: tuple[str, ...] = ()


class Labels(Section):
    """What has to be known before a figure about right and wrong is a figure.

    Parameters
    ----------
    share
        The least share of a window's predictions that has a label.
    rows
        The least number of labelled predictions.
    query
        Whether the declared query is run again to find labels of what was predicted.
    within
        How long after a window its figures are still taken anew as labels come in.
    """

    share: Share = 0.5
    rows: int = Field(default=200, ge=30)
    query: bool = False
    within: Duration = Field(default="60d", validate_default=True)


class Concept(Section):
    """When the model is no longer as good as it was on the rows it was judged on.

    Parameters
    ----------
    metric
        By default the metric of the search.
    worse_by
        The smallest worsening that matters, as a share of how far the version's own figure is
        from its ideal: zero for losses, one for all others.
    confidence
        Of the interval that has to lie beyond.
    calibration
        The smallest distance that matters between the mean score and the share that came true
        (classification), or of the mean residual as a share of the label's deviation
        (regression).
    over
        Columns whose groups are looked at one by one; sensitive columns always are.
    windows_between_false_alarms
        How seldom the detector of slow changes is wrong, in windows, while nothing changes.
    """

    metric: str | None = None
    worse_by: Limit = 0.1
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    calibration: Limit = 0.05
    over: tuple[str, ...] = ()
    windows_between_false_alarms: int = Field(default=200, ge=10)

    @field_validator("metric")
    @classmethod
    def _know_it(cls, metric: str | None) -> str | None:
        if metric is not None and metric not in METRICS:
            raise ValueError(f"no metric has this name; known: {', '.join(METRICS)}")
        return metric


class Health(Section):
    """When the service itself is not well.

    Parameters
    ----------
    p99_ms
        99 of 100 requests are to be answered within it.
    errors
        The largest share of requests the service may fail (5xx).
    unfit
        The largest share of requests the contract has no answer to (400, 413, 415, 422): who asks
        has changed something, or sends something else.
    turned_away
        The largest share of requests turned away because it is too busy (429, and 503 with
        `Retry-After`).
    waiting_ms
        How long a request may wait for its turn.
    silence
        How long nobody may ask before that is told; by default it may last for ever.
    age
        How old the version's youngest training row may be.
    disk
        The least share of the disk that has to be free.
    memory_mb
        The most memory all workers may take; by default that is only told.
    """

    p99_ms: float = Field(default=250, gt=0)
    errors: Share = 0.01
    unfit: Share = 0.1
    turned_away: Share = 0.05
    waiting_ms: float = Field(default=250, gt=0)
    silence: Duration | None = None
    age: Duration = Field(default="365d", validate_default=True)
    disk: Share = 0.1
    memory_mb: float | None = Field(default=None, gt=0)


class Alerts(Section):
    """Who is told, and how often.

    Parameters
    ----------
    to
        Addresses in Apprise's form: `json://host/path` (a webhook), `mailto://...`,
        `slack://...`; `${NAME}` is read from the environment when it is sent, so that no secret
        is written down. What is told always goes to the log as well.
    repeat
        How long an alert stands before it is told again; a notice is told once.
    resolve_after
        In how many windows running its cause has to be gone before an alert is resolved.
    unknown_after
        In how many windows running an answer has to be missing before that is told.
    """

    to: tuple[str, ...] = ()
    repeat: Duration = Field(default="1d", validate_default=True)
    resolve_after: int = Field(default=1, ge=1)
    unknown_after: int = Field(default=3, ge=1)


def _read_window(value: Any) -> Any:
    return value.strip() if isinstance(value, str) and re.search(r"^\s*month\s*$", value) else value


WindowLength = Annotated[
    Literal["month"] | Duration,
    BeforeValidator(_read_window),
    PlainSerializer(
        lambda value: value if value == "month" else write_duration(value), return_type=str
    ),
]
"""A stretch of time that starts at a whole multiple of itself since 1970 (UTC), or a month."""


class Monitoring(Section):
    """What is watched while a version answers.

    Parameters
    ----------
    window
        How much time is looked at as one: `1h`, `1d`, `7d`, or `month`.
    schedule
        When `run.py watch` monitors and asks whether to retrain, as a cron line (UTC).
    keep
        How long profiles and reviews are kept.
    metrics_port
        Where `run.py watch` shows what was found to Prometheus; by default only in a file.
    """

    window: WindowLength = Field(default="1d", validate_default=True)
    schedule: str = "15 * * * *"
    keep: Duration = Field(default="730d", validate_default=True)
    metrics_port: int | None = Field(default=None, ge=1, le=65535)
    drift: Drift = Drift()
    labels: Labels = Labels()
    concept: Concept = Concept()
    health: Health = Health()
    alerts: Alerts = Alerts()

    @field_validator("schedule")
    @classmethod
    def _looks_like_cron(cls, schedule: str) -> str:
        fields = schedule.split()
        if len(fields) != 5 or not all(re.fullmatch(r"[\w*,/-]+", field) for field in fields):
            raise ValueError(
                "a cron line has five fields, minute, hour, day, month and weekday, such as "
                '"15 * * * *" for a quarter past every hour'
            )
        return schedule
