"""One guard rail on a share of the requests: three answers, safe to be asked every second.

`fail`: the share is shown to be beyond the limit, and the champion, at the same time, is not
as bad. `pass`: it is shown to be within. `warn`: it is so near its limit that no reasonable
number of requests tells on which side it is; a version as good as its limits ends here, and is
not held for ever. `unknown`: more requests are needed, or both versions fail alike.

The bounds take requests as independent of one another. Failures that come in bursts strike both
versions when their cause lies outside, which is what the comparison with the champion is for.
"""

from typing import NamedTuple

from lifecycle.release.judging.wording import percent, roughly
from lifecycle.release.sequential import (
    Prior,
    below,
    is_above,
    is_below,
    is_more,
    share_bounds,
    spend,
)
from lifecycle.verdict import Outcome, Verdict

PASSING = 0.05
"""How probable it may be that a share beyond its limit is ever shown to be within, in one
step. It is judged again at every later step."""

NEAR = 1.5
"""Within so many times its limit, a share may be called too near to be told apart."""

FINEST = 0.001
"""A limit below this one, such as 0, is near enough below this: no release shows less."""

_MOST = 10_000_000


class Tally(NamedTuple):
    """How many requests there were, and how many of them were bad.

    Parameters
    ----------
    least, most
        Of the bad ones; they differ where a limit lies between two buckets.
    of
        All of them.
    after
        So many of the step's requests came before these.
    """

    least: int
    most: int
    of: int
    after: int = 0


NOBODY = Tally(0, 0, 0)


class Sides(NamedTuple):
    """Both versions over the same time; of the champion nothing where nobody asked it."""

    challenger: Tally
    champion: Tally = NOBODY


class Rail(NamedTuple):
    """What is judged, and how it is put into words.

    Parameters
    ----------
    limit
        Largest share allowed.
    level
        How probable a false alarm may be, over all requests of the step.
    version
        Of the challenger.
    bad
        What the bad ones are: `requests to version 4 failed`.
    note
        A further sentence.
    """

    rule: str
    limit: float
    level: float
    version: str
    bad: str
    note: str = ""


def judge_share(rail: Rail, whole: Sides, recent: Sides | None = None) -> Verdict:
    """Hold a share against its limit, over the whole step and over the last seconds.

    Parameters
    ----------
    recent
        The last of the requests in `whole`. They have a part of the level of their own
        (`spend`), which is the smaller the more came before.

    Examples
    --------
    >>> rail = Rail("error rate", 0.01, 0.01, "4", "requests to version 4 failed")
    >>> print(judge_share(rail, Sides(Tally(3, 3, 3), Tally(0, 0, 60))).reason)
    3 of 3 requests to version 4 failed: at least 11.6%, and 1% is allowed; of the champion's \
at the same time 0 of 60.
    >>> print(judge_share(rail, Sides(Tally(0, 0, 120), Tally(0, 0, 900))).reason)
    0 of 120 requests to version 4 failed: between 0% and 2.79%. That is too few to tell \
whether it is within the 1% allowed; about 260 more are needed.
    """
    windows = [sides for sides in (recent, whole) if sides is not None and sides.challenger.of]
    if not windows:
        reason = f"Nobody has asked version {rail.version} since the step began."
        return _say(rail, Outcome.UNKNOWN, None, reason)
    beyond = [sides for sides in windows if _is_beyond(rail, sides.challenger)]
    for sides in beyond:
        if not _are_alike(rail, sides):
            return _say(rail, Outcome.FAIL, sides.challenger, _tell_breach(rail, sides))
    if beyond:
        return _say(rail, Outcome.UNKNOWN, beyond[0].challenger, _tell_alike(rail, beyond[0]))
    return _within(rail, whole.challenger)


def more_needed(tally: Tally, limit: float, *, level: float) -> int | None:
    """Estimate how many requests more it takes to tell, if the share stays what it is now.

    `None`: more than ten millions, as where all lie in the bucket a limit lies in.

    Examples
    --------
    >>> [more_needed(Tally(bad, bad, 100), 0.01, level=0.01) for bad in (0, 1, 5)]
    [276, 5844, 98]
    """
    low, high = tally.of, max(1, tally.of)
    while not _is_told(tally, high, limit, level):
        low, high = high, 2 * high
        if high > _MOST:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _is_told(tally, middle, limit, level) else (middle, high)
    return high - tally.of


def near(limit: float) -> float:
    """Give the share that is too near to a limit to be told apart from it.

    Examples
    --------
    >>> near(0.01), near(0.0), near(0.9)
    (0.015, 0.001, 1.0)
    """
    return min(1.0, max(NEAR * limit, FINEST))


def _is_told(tally: Tally, of: int, limit: float, level: float) -> bool:
    """Tell whether so many requests would do, of which as large a share is bad as of these."""
    times = of / tally.of if tally.of else 0.0
    least, most = min(of, tally.least * times), min(of, tally.most * times)
    return (
        is_below(most, of, limit, level=PASSING)
        or _is_near(most, of, limit)
        or is_above(least, of, limit, level=spend(level, 0))
    )


def _is_near(happened: float, of: float, limit: float) -> bool:
    """Tell whether a share lies about its limit, and is shown to be not far beyond."""
    is_within = is_below(happened, of, near(limit), level=PASSING, prior=_prior(limit))
    return is_within and NEAR * happened >= limit * of


def _prior(limit: float) -> Prior:
    return below(max(limit, FINEST))


def _is_beyond(rail: Rail, tally: Tally) -> bool:
    return is_above(tally.least, tally.of, rail.limit, level=spend(rail.level, tally.after))


def _are_alike(rail: Rail, sides: Sides) -> bool:
    """Tell whether the champion is beyond the limit as well, and not clearly by less."""
    mine, other = sides
    if other.least <= rail.limit * other.of:
        return False
    level = spend(rail.level, mine.after)
    return not is_more(mine.least, mine.of, other.least, other.of, level=level)


def _within(rail: Rail, tally: Tally) -> Verdict:
    prior, allowed = _prior(rail.limit), percent(rail.limit)
    low, _ = share_bounds(tally.least, tally.of, level=spend(rail.level, 0))
    _, high = share_bounds(tally.most, tally.of, level=PASSING, prior=prior)
    found = f"{_count(tally)} {rail.bad}: between {percent(low)} and {percent(high)}"
    if is_below(tally.most, tally.of, rail.limit, level=PASSING):
        return _say(rail, Outcome.PASS, tally, f"{found}, and {allowed} is allowed.")
    if _is_near(tally.most, tally.of, rail.limit):
        reason = f"{found}, which is not told apart from the {allowed} allowed."
        return _say(rail, Outcome.WARN, tally, reason)
    more = more_needed(tally, rail.limit, level=rail.level)
    if more is None:
        reason = (
            f"{found}. No number of requests will tell whether it is within the {allowed} allowed."
        )
    else:
        reason = (
            f"{found}. That is too few to tell whether it is within the {allowed} allowed; about "
            f"{roughly(more)} more are needed."
        )
    return _say(rail, Outcome.UNKNOWN, tally, reason)


def _tell_breach(rail: Rail, sides: Sides) -> str:
    mine, other = sides
    level = spend(rail.level, mine.after)
    low, _ = share_bounds(mine.least, mine.of, level=level)
    last = "Of the last requests, " if mine.after else ""
    found = f"{last}{_count(mine)} {rail.bad}: at least {percent(low)}"
    told = f"{found}, and {percent(rail.limit)} is allowed"
    if not other.of:
        return f"{told}."
    return f"{told}; of the champion's at the same time {_count(other)}."


def _tell_alike(rail: Rail, sides: Sides) -> str:
    mine, other = sides
    last = "of the last requests, " if mine.after else ""
    return (
        f"Both versions fail alike, so it is not the version: {last}{_count(mine)} {rail.bad}, and "
        f"{_count(other)} of the champion's at the same time; {percent(rail.limit)} is allowed. "
        "It holds until that is over."
    )


def _count(tally: Tally) -> str:
    least = (
        f"{tally.least:,}" if tally.least == tally.most else f"{tally.least:,} to {tally.most:,}"
    )
    return f"{least} of {tally.of:,}"


def _say(rail: Rail, outcome: Outcome, tally: Tally | None, reason: str) -> Verdict:
    share = tally.least / tally.of if tally is not None else None
    return Verdict(
        rule=rail.rule,
        outcome=outcome,
        measured=share,
        limit=rail.limit,
        reason=f"{reason} {rail.note}".strip(),
    )
