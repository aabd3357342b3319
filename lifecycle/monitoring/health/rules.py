"""The rules of a service's health: each says pass, warn, fail or unknown, or has nothing to say."""

from collections.abc import Iterator
from datetime import datetime

from lifecycle.monitoring.declaration import Health
from lifecycle.monitoring.evidence import HealthFigures
from lifecycle.monitoring.health.wording import age, share, times
from lifecycle.monitoring.review import Cause, Finding
from lifecycle.verdict import Outcome, Verdict

CHANCE = 0.05
"""How seldom a service that fails exactly the declared share of requests may be told to fail
more, by the bad luck of few requests."""

LONGEST_LAG = 60.0
"""Seconds from an answer to its place in the log: both happen in the same millisecond."""


def judge_health(figures: HealthFigures, health: Health, *, now: datetime) -> tuple[Finding, ...]:
    """Hold the figures of a service against what is declared.

    Where there is nothing to judge there is no finding, which is no pass: no latency, errors or
    event log while nobody asks; none of what a service would have to tell while it is down, as
    that it is down says it all. Where something should be known and is not, the finding is
    `unknown`.

    Parameters
    ----------
    now
        For ages; `figures.at` is when it was looked at.

    Examples
    --------
    >>> from datetime import UTC
    >>> noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    >>> down = HealthFigures(at=noon, answers=False, problem="nothing listens there",
    ...                      disk_free=0.5, disk_free_gb=100, youngest_row=noon)
    >>> for found in judge_health(down, Health(), now=noon):
    ...     print(found.cause.value, found.verdict.outcome.value, found.verdict.reason)
    service fail The service does not answer as it should: nothing listens there.
    age pass The youngest row it has learnt from is 0 s old; up to 365 days are allowed.
    disk pass 50% of the disk are free (100 GB); at least 10% are wanted.
    """
    found = [
        *_service(figures),
        *_silence(figures, health, now),
        *_figures(figures, health),
        *_age(figures, health, now),
        *_disk(figures, health),
    ]
    return tuple(Finding(cause=cause, verdict=verdict) for cause, verdict in found)


_Found = Iterator[tuple[Cause, Verdict]]


def _service(figures: HealthFigures) -> _Found:
    if figures.answers is None:
        reason = figures.problem or "Nothing is deployed, so no service could be looked at."
        yield Cause.SERVICE, Verdict(rule="service", outcome=Outcome.UNKNOWN, reason=reason)
    elif not figures.answers:
        told = figures.problem or "it does not say that it is ready"
        reason = f"The service does not answer as it should: {told}."
        yield Cause.SERVICE, Verdict(rule="service", outcome=Outcome.FAIL, reason=reason)
    elif figures.restarts:
        reason = (
            f"The service is ready, and it or one of its workers was begun anew "
            f"{times(figures.restarts)} since the last look. Its log says why it ended."
        )
        yield Cause.SERVICE, Verdict(
            rule="service", outcome=Outcome.WARN, measured=float(figures.restarts), limit=0.0,
            reason=reason,
        )  # fmt: skip
    else:
        reason = "The service says that it is ready."
        yield Cause.SERVICE, Verdict(rule="service", outcome=Outcome.PASS, reason=reason)


def _silence(figures: HealthFigures, health: Health, now: datetime) -> _Found:
    """Silence counts from the last prediction, or from the beginning where there was none."""
    if health.silence is None or figures.answers is None:
        return
    since = figures.last_asked or figures.began
    if since is None:
        reason = "It cannot be told since when nobody has asked: the event log is empty."
        yield Cause.SERVICE, Verdict(rule="silence", outcome=Outcome.UNKNOWN, reason=reason)
        return
    quiet, limit = (now - since).total_seconds(), health.silence.total_seconds()
    if figures.last_asked is None and quiet <= limit:
        return  # it has just begun: nothing to judge yet
    what = "for" if figures.last_asked else "since it began,"
    yield Cause.SERVICE, _no_longer(
        "silence", max(0.0, quiet), limit,
        f"Nobody has asked {what} {age(quiet)}; {age(limit)} are allowed.",
    )  # fmt: skip


def _figures(figures: HealthFigures, health: Health) -> _Found:
    if figures.requests is None and figures.answers:
        reason = (
            "The service is ready, and its figures could not be read, so nothing is known of its "
            f"latency, errors and load: {figures.problem or 'it shows none'}."
        )
        yield Cause.SERVICE, Verdict(rule="figures", outcome=Outcome.UNKNOWN, reason=reason)
    if figures.requests is None:
        return
    yield from _latency(figures, health)
    yield from _errors(figures, health)
    yield from _saturation(figures, health)
    yield from _events(figures)
    yield from _memory(figures, health)


def _latency(figures: HealthFigures, health: Health) -> _Found:
    if figures.p99_ms is None and figures.p99_low_ms is None:
        return
    yield (
        Cause.LATENCY,
        _within(
            "p99", figures.p99_low_ms, figures.p99_ms, health.p99_ms, "99 of 100 predictions took"
        ),
    )


def _errors(figures: HealthFigures, health: Health) -> _Found:
    if figures.requests and figures.failed is not None:
        yield (
            Cause.ERRORS,
            _share(
                "errors",
                figures.failed,
                figures.requests,
                health.errors,
                "the service failed (5xx)",
            ),
        )
    if figures.requests and figures.unfit is not None:
        yield Cause.ERRORS, _share(
            "unfit", figures.unfit, figures.requests, health.unfit,
            "were not what the contract asks for, so they were not answered",
        )  # fmt: skip


def _saturation(figures: HealthFigures, health: Health) -> _Found:
    if figures.requests and figures.turned_away is not None:
        yield Cause.SATURATION, _share(
            "turned away", figures.turned_away, figures.requests, health.turned_away,
            "the service turned away as too many",
        )  # fmt: skip
    if figures.waiting_ms is not None or figures.waiting_low_ms is not None:
        yield Cause.SATURATION, _within(
            "waiting", figures.waiting_low_ms, figures.waiting_ms, health.waiting_ms,
            "In 99 of 100 moments a request would have waited",
        )  # fmt: skip


def _events(figures: HealthFigures) -> _Found:
    if figures.lost:
        reason = (
            f"{figures.lost:,} events could not be written down since the last look. What the "
            "service says at /readyz and in its log tells why; most often the disk is full."
        )
        yield Cause.EVENTS, Verdict(
            rule="written", outcome=Outcome.FAIL, measured=float(figures.lost), limit=0.0,
            reason=reason,
        )  # fmt: skip
    elif figures.requests:
        reason = "Every event since the last look was written down."
        yield (
            Cause.EVENTS,
            Verdict(rule="written", outcome=Outcome.PASS, measured=0.0, limit=0.0, reason=reason),
        )
    if figures.requests and figures.lag_seconds is not None:
        yield Cause.EVENTS, _no_longer(
            "lag", figures.lag_seconds, LONGEST_LAG,
            "From the last answer to the last one that is written down it is "
            f"{age(figures.lag_seconds)}; up to {age(LONGEST_LAG)} are allowed.",
        )  # fmt: skip


def _memory(figures: HealthFigures, health: Health) -> _Found:
    if health.memory_mb is None:
        return
    if figures.memory_mb is None:
        reason = "The service does not tell how much memory its workers take."
        yield Cause.MEMORY, Verdict(rule="memory", outcome=Outcome.UNKNOWN, reason=reason)
        return
    yield Cause.MEMORY, _at_most(
        "memory", figures.memory_mb, health.memory_mb,
        f"All workers together take {figures.memory_mb:,.0f} MB of memory; "
        f"up to {health.memory_mb:,.0f} MB are allowed.",
    )  # fmt: skip


def _age(figures: HealthFigures, health: Health, now: datetime) -> _Found:
    if figures.youngest_row is None:
        if figures.answers is not None:
            reason = "It is not known how old the youngest row is that the version has learnt from."
            yield Cause.AGE, Verdict(rule="age", outcome=Outcome.UNKNOWN, reason=reason)
        return
    old, limit = (now - figures.youngest_row).total_seconds(), health.age.total_seconds()
    if old < 0:
        reason = (
            f"The youngest row the version has learnt from is of {figures.youngest_row:%-d %b %Y}, "
            f"and now is {now:%-d %b %Y}: one of the two is wrong."
        )
        yield Cause.AGE, Verdict(rule="age", outcome=Outcome.UNKNOWN, reason=reason)
        return
    yield Cause.AGE, _no_longer(
        "age", old, limit,
        f"The youngest row it has learnt from is {age(old)} old; up to {age(limit)} are allowed.",
    )  # fmt: skip


def _disk(figures: HealthFigures, health: Health) -> _Found:
    if figures.disk_free is None:
        reason = "It is not known how much of the disk is free."
        yield Cause.DISK, Verdict(rule="disk", outcome=Outcome.UNKNOWN, reason=reason)
        return
    room = "" if figures.disk_free_gb is None else f" ({figures.disk_free_gb:,.3g} GB)"
    is_enough = figures.disk_free >= health.disk
    yield (
        Cause.DISK,
        Verdict(
            rule="disk",
            outcome=Outcome.PASS if is_enough else Outcome.FAIL,
            measured=figures.disk_free,
            limit=health.disk,
            reason=f"{share(figures.disk_free)} of the disk are free{room}; "
            f"at least {share(health.disk)} are wanted.",
        ),
    )


def _at_most(rule: str, measured: float, limit: float, reason: str) -> Verdict:
    outcome = Outcome.PASS if measured <= limit else Outcome.FAIL
    return Verdict(rule=rule, outcome=outcome, measured=measured, limit=limit, reason=reason)


def _no_longer(rule: str, seconds: float, limit: float, reason: str) -> Verdict:
    """Judge a length of time, and tell it in a unit people can read."""
    told = {"measured": age(seconds), "limit": age(limit)}
    return _at_most(rule, seconds, limit, reason).model_copy(update=told)


def _within(rule: str, low: float | None, high: float | None, limit: float, what: str) -> Verdict:
    """Judge a figure of which only the bucket is known: between its ends nobody can tell."""
    if high is None:
        told = f"{what} longer than {low:,.4g} ms, beyond which nothing is told apart"
        outcome = Outcome.FAIL if low is not None and low >= limit else Outcome.UNKNOWN
    else:
        told = f"{what} at most {high:,.4g} ms"
        outcome = Outcome.PASS
        if high > limit:
            told = f"{what} between {low or 0:,.4g} and {high:,.4g} ms"
            outcome = Outcome.FAIL if low is not None and low >= limit else Outcome.WARN
    return Verdict(
        rule=rule,
        outcome=outcome,
        measured=low if high is None else high,
        limit=limit,
        reason=f"{told}; up to {limit:,.4g} ms are allowed.",
    )


def _share(rule: str, bad: int, of: int, limit: float, what: str) -> Verdict:
    """Judge a share of requests: a warning where so few may be bad luck, see `CHANCE`."""
    found = bad / of
    reason = f"{bad:,} of {of:,} requests ({share(found)}) {what}; up to {share(limit)} are allowed"
    outcome = Outcome.PASS
    if found > limit:
        outcome = Outcome.FAIL
        if at_least_so_many(bad, of, limit) > CHANCE:
            outcome = Outcome.WARN
            reason += ", and of so few it may be chance"
    return Verdict(rule=rule, outcome=outcome, measured=found, limit=limit, reason=f"{reason}.")


def at_least_so_many(bad: int, of: int, rate: float) -> float:
    """How probable it is that at least `bad` of `of` requests go wrong, each with `rate`.

    One where `bad` is zero. The upper tail of the binomial distribution, which is a regularised
    incomplete beta function [1]_.

    References
    ----------
    .. [1] NIST Digital Library of Mathematical Functions, 8.17.5.

    Examples
    --------
    >>> round(at_least_so_many(1, 5, 0.01), 4), at_least_so_many(0, 5, 0.01)
    (0.049, 1.0)
    """
    from scipy.special import betainc

    return 1.0 if bad == 0 else float(betainc(bad, of - bad + 1, rate))
