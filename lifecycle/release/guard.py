"""Guard rails: what a version does to users, judged every second against what is declared."""

from collections.abc import Iterator
from math import isfinite

from lifecycle.release.declaration import Guard
from lifecycle.release.evidence import Findings, Traffic
from lifecycle.release.judging.latency import (
    SLOW,
    are_sound,
    gap,
    needed_to_tell,
    percentile,
    slower_than,
    surely_within,
)
from lifecycle.release.judging.rails import NOBODY, Rail, Sides, Tally, judge_share
from lifecycle.release.judging.wording import many, milliseconds, roughly
from lifecycle.verdict import Outcome, Verdict


def judge_guards(
    findings: Findings, guard: Guard, *, is_keeping: bool = False, stretches: int = 1
) -> tuple[Verdict, ...]:
    """Hold the traffic of a challenger against the guard rails.

    The rules, in this order: `error rate`, `latency` (where `p99_ms` is declared), `slower`
    (where there is a champion to compare with), `turned away`, `lag`, `alive`. Each says `fail`
    when a breach is shown that the champion does not share at the same time, `pass` when none
    is there, and else `unknown` with what is missing; no figures at all are `unknown` as well.

    Parameters
    ----------
    is_keeping
        All traffic is the challenger's: only limits count, there is no champion to compare with.
    stretches
        How often a release begins to count anew (its steps, and the time after them); each has
        so many parts of `guard.false_alarms`, so that it holds for the whole release.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from lifecycle.release.evidence import Bucket
    >>> noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    >>> all_fast = (Bucket(ms=10, count=40), Bucket(ms=float("inf"), count=40))
    >>> bad = Traffic(version="4", requests=40, failed=12, took=all_fast, lag_ms=1, is_alive=True)
    >>> findings = Findings(at=noon, since=noon, challenger=bad)
    >>> [(found.rule, found.outcome.value) for found in judge_guards(findings, Guard())]
    ... # doctest: +NORMALIZE_WHITESPACE
    [('error rate', 'fail'), ('slower', 'unknown'), ('turned away', 'unknown'), ('lag', 'pass'),
     ('alive', 'pass')]
    """
    level = guard.false_alarms / stretches
    mine, other = findings.challenger, None if is_keeping else findings.champion
    if mine is None:
        reason = findings.missing.get("traffic") or "The router's figures could not be read."
        return _know_nothing(guard, reason, is_keeping)
    late = findings.recent_challenger, None if is_keeping else findings.recent_champion
    lasting = (_judge_lag(mine, late, guard.lag_ms), _judge_life(mine, other, late[0]))
    if wrong := _contradiction(findings):
        return (*_know_nothing(guard, wrong, is_keeping)[:-2], *lasting)
    found = [_judge_errors(mine, other, late, guard, level)]
    if guard.p99_ms is not None:
        found.append(_judge_latency(mine, other, late, guard.p99_ms, level))
    if not is_keeping:
        found.append(_judge_slower(mine, other, late, guard.slower, level))
    return (*found, _judge_turned_away(mine, other, late, guard, level), *lasting)


_Recent = tuple[Traffic | None, Traffic | None]


def _judge_errors(
    mine: Traffic, other: Traffic | None, recent: _Recent, guard: Guard, level: float
) -> Verdict:
    rail = Rail(
        "error rate", guard.error_rate, level, mine.version,
        f"requests to version {mine.version} failed (5xx, no answer, or none in time)",
    )  # fmt: skip
    return judge_share(rail, *_windows(mine, other, recent, "failed"))


def _judge_turned_away(
    mine: Traffic, other: Traffic | None, recent: _Recent, guard: Guard, level: float
) -> Verdict:
    rail = Rail(
        "turned away", guard.turned_away, level, mine.version,
        f"requests to version {mine.version} were turned away because it was busy",
    )  # fmt: skip
    return judge_share(rail, *_windows(mine, other, recent, "turned_away"))


def _windows(
    mine: Traffic, other: Traffic | None, recent: _Recent, bad: str
) -> tuple[Sides, Sides | None]:
    whole = Sides(_tally(mine, bad), NOBODY if other is None else _tally(other, bad))
    late, late_other = recent
    if late is None:
        return whole, None
    after = max(0, mine.requests - late.requests)
    lately = NOBODY if late_other is None else _tally(late_other, bad)
    return whole, Sides(_tally(late, bad)._replace(after=after), lately)


def _tally(traffic: Traffic, bad: str) -> Tally:
    """Count; a request that was sent before the moment may end after it, so never more than all."""
    count = min(getattr(traffic, bad), traffic.requests)
    return Tally(count, count, traffic.requests)


def _judge_latency(
    mine: Traffic, other: Traffic | None, recent: _Recent, limit: float, level: float
) -> Verdict:
    rail = Rail(
        "latency", SLOW, level, mine.version,
        f"answers of version {mine.version} took longer than {milliseconds(limit)}",
        note=_tell_gap(mine, limit),
    )  # fmt: skip
    return judge_share(rail, *_timed(mine, other, recent, limit, limit))


def _judge_slower(
    mine: Traffic, other: Traffic | None, recent: _Recent, times: float, level: float
) -> Verdict:
    """Compare with the champion's 99th percentile, at the upper end of the bucket it is seen in.

    The router tells no times within a bucket apart, so a version may be slower by as much as a
    bucket is wide before that is seen. Half of the level goes into bounding that percentile
    (to fail, a version has to be slower than the bound), half into the challenger's share.
    """
    took = other.took if other is not None else ()
    longest = surely_within(took, level=level / 2)
    if longest is None:
        of = took[-1].count if took else 0
        more = roughly(needed_to_tell(of, level=level / 2))
        return _unknown("slower", (
            f"The champion has answered {of:,} requests since the step began, which is too few to "
            f"tell its 99th percentile; about {more} more are needed."
        ))  # fmt: skip
    low, high = percentile(took)
    if not isfinite(high):
        return _unknown("slower", (
            f"The champion's 99th percentile is above {milliseconds(low)}, the longest time the "
            "router tells apart, so nothing can be told to be slower."
        ))  # fmt: skip
    rail = Rail(
        "slower", SLOW, level / 2, mine.version,
        f"answers of version {mine.version} took longer than {times:g} times the champion's "
        f"99th percentile ({low:,.4g} to {milliseconds(high)})",
    )  # fmt: skip
    return judge_share(rail, *_timed(mine, other, recent, times * high, times * longest))


def _timed(
    mine: Traffic, other: Traffic | None, recent: _Recent, ms: float, to: float
) -> tuple[Sides, Sides | None]:
    def count(traffic: Traffic | None) -> Tally:
        return NOBODY if traffic is None else slower_than(traffic.took, ms, to=to)

    late, late_other = recent
    whole = Sides(count(mine), count(other))
    if late is None:
        return whole, None
    lately = count(late)
    after = max(0, whole.challenger.of - lately.of)
    return whole, Sides(lately._replace(after=after), count(late_other))


def _tell_gap(mine: Traffic, limit: float) -> str:
    ends = gap(mine.took, limit)
    if ends is None:
        return ""
    until = milliseconds(ends[1])
    return f"The router counts all that take {ends[0]:,.4g} ms to {until} together."


def _judge_lag(mine: Traffic, recent: _Recent, limit: float) -> Verdict:
    """Hold how long requests wait against the limit.

    It is a gauge and no sample, so no error rate can be kept: one late look holds, and only
    when every look of the last seconds was late, and the champion's were not, it fails.
    """
    late, late_other = (None if one is None else one.lag_ms for one in recent)
    allowed = f"{milliseconds(limit)} are allowed"
    if mine.lag_ms is None:
        reason = f"Version {mine.version} does not tell how long requests wait inside it."
        return _say_lag(Outcome.UNKNOWN, None, limit, reason)
    told = f"Requests wait {milliseconds(mine.lag_ms)} for their turn in version {mine.version}"
    if mine.lag_ms <= limit:
        return _say_lag(Outcome.PASS, mine.lag_ms, limit, f"{told}; {allowed}.")
    if late is None or late <= limit:
        reason = f"{told} now; {allowed}. It holds until that has passed."
        return _say_lag(Outcome.UNKNOWN, mine.lag_ms, limit, reason)
    lasting = f"{told}, and in the last seconds never less than {milliseconds(late)}; {allowed}"
    if late_other is not None and late_other > limit:
        reason = (
            f"{lasting}. So it is in the champion, with {milliseconds(late_other)}: both are "
            "alike, so it is not the version. It holds until that is over."
        )
        return _say_lag(Outcome.UNKNOWN, mine.lag_ms, limit, reason)
    return _say_lag(Outcome.FAIL, mine.lag_ms, limit, f"{lasting}.")


def _say_lag(outcome: Outcome, measured: float | None, limit: float, reason: str) -> Verdict:
    return Verdict(rule="lag", outcome=outcome, measured=measured, limit=limit, reason=reason)


def _judge_life(mine: Traffic, other: Traffic | None, recent: Traffic | None) -> Verdict:
    """Believe that a version is dead when requests fail as well; a busy one may be late to say.

    The last seconds tell that, where they are known: what failed an hour ago does not.
    """
    who = f"Version {mine.version}"
    if mine.is_alive:
        reason = f"{who} answers when it is asked whether it lives."
        return Verdict(rule="alive", outcome=Outcome.PASS, reason=reason)
    if mine.is_alive is None:
        reason = f"It could not be told whether version {mine.version} lives."
        return Verdict(rule="alive", outcome=Outcome.UNKNOWN, reason=reason)
    told = f"{who} does not answer when it is asked whether it lives"
    seen = mine if recent is None else recent
    is_alone = other is None or other.is_alive is not False
    if seen.requests <= 0 and seen.is_silent and is_alone:
        reason = f"{told}, and has not for seconds: nobody is sent there any more."
        return Verdict(rule="alive", outcome=Outcome.FAIL, reason=reason)
    if seen.failed <= 0:
        reason = f"{told}, and no request has failed. It holds until that is clear."
        return Verdict(rule="alive", outcome=Outcome.UNKNOWN, reason=reason)
    told = f"{told}, and {seen.failed:,} of the last {many(seen.requests, 'request')} to it failed"
    if other is not None and other.is_alive is False:
        reason = f"{told}. Nor does the champion: both fail alike, so it is not the version."
        return Verdict(rule="alive", outcome=Outcome.UNKNOWN, reason=reason)
    return Verdict(rule="alive", outcome=Outcome.FAIL, reason=f"{told}.")


def _know_nothing(guard: Guard, reason: str, is_keeping: bool) -> tuple[Verdict, ...]:
    rules = ["error rate", "turned away", "lag", "alive"]
    if not is_keeping:
        rules.insert(1, "slower")
    if guard.p99_ms is not None:
        rules.insert(1, "latency")
    return tuple(_unknown(rule, reason) for rule in rules)


def _unknown(rule: str, reason: str) -> Verdict:
    return Verdict(rule=rule, outcome=Outcome.UNKNOWN, reason=reason)


def _contradiction(findings: Findings) -> str:
    """Tell what cannot be: counts below nothing, or times of which more is less."""
    for traffic in _all(findings):
        if min(traffic.requests, traffic.failed, traffic.turned_away) < 0:
            return (
                f"The router's counts of version {traffic.version} are below zero: it was begun "
                "anew since the step began, and its figures have to be taken from then on."
            )
        if not are_sound(traffic.took):
            return (
                f"The router's times of version {traffic.version} contradict themselves: more of "
                "its answers came within a short time than within a longer one."
            )
    return ""


def _all(findings: Findings) -> Iterator[Traffic]:
    champion, challenger = findings.champion, findings.challenger
    for one in (challenger, champion, findings.recent_challenger, findings.recent_champion):
        if one is not None:
            yield one
