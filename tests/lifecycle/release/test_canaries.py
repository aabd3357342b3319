"""Whole canaries, played many times: how often the rules are wrong, and how soon they are right."""

from collections import Counter
from datetime import timedelta
from math import inf
from typing import NamedTuple

import numpy as np
import pytest

from lifecycle.release.deciding import decide, judge
from lifecycle.release.evidence import Bucket, Findings, Traffic
from tests.lifecycle.release.traffic import NOON, release

EDGES = (10.0, 20.0, 50.0, inf)
POLICY = {
    "steps": (0.25, 0.5), "requests": 500, "hold": "1m", "patience": "30d",
    "guard": {"error_rate": 0.01, "p99_ms": 50, "turned_away": 0.05},
    "evidence": {"agreement": None, "distance": None},
}  # fmt: skip
RAILS = ("error rate", "latency", "slower", "turned away")


class Kind(NamedTuple):
    """How a version is: shares of failures, of those turned away, and of times by bucket."""

    failed: float = 0.001
    turned_away: float = 0.0
    times: tuple[float, ...] = (0.995, 0.005, 0.0, 0.0)


AT_LIMITS = Kind(failed=0.01, turned_away=0.05, times=(0.5, 0.49, 0.0, 0.01))
AT_TWICE = Kind(failed=0.01, times=(0.0, 0.99, 0.01, 0.0))
CHAMPION_AT_LIMITS = Kind(failed=0.01, turned_away=0.05, times=(0.5, 0.5, 0.0, 0.0))
CHAMPION = Kind(times=(1.0, 0.0, 0.0, 0.0))
CHAMPION_AT_TEN = Kind(times=(0.99, 0.01, 0.0, 0.0))


class _Version:
    def __init__(self, rng, version, kind):
        self._rng, self._version, self._kind = rng, version, kind
        self.counts = np.zeros(3 + len(EDGES), dtype=int)

    def ask(self, requests):
        kind, rng = self._kind, self._rng
        new = np.array([
            requests, rng.binomial(requests, kind.failed),
            rng.binomial(requests, kind.turned_away), *rng.multinomial(requests, kind.times),
        ])  # fmt: skip
        self.counts += new
        return self._told(self.counts), self._told(new)

    def _told(self, counts):
        took = zip(EDGES, np.cumsum(counts[3:]).tolist(), strict=True)
        return Traffic(
            version=self._version, requests=int(counts[0]), failed=int(counts[1]),
            turned_away=int(counts[2]), lag_ms=1.0, is_alive=True,
            took=tuple(Bucket(ms=ms, count=count) for ms, count in took),
        )  # fmt: skip


def play(rng, challenger, champion, *, looks, every):
    """Play a canary; gives how it ended, by which rules, and after how many requests."""
    of, asked = release(**POLICY), 0
    for step, share in enumerate(of.policy.shares):
        of = of.model_copy(update={"step": step})
        mine, other = _Version(rng, "2", challenger), _Version(rng, "1", champion)
        for look in range(1, looks + 1):
            asked += every
            seen, lately = mine.ask(every)
            beside, beside_lately = other.ask(round(every * (1 - share) / share))
            found = Findings(
                at=NOON, since=NOON, challenger=seen, champion=beside, recent_challenger=lately,
                recent_champion=beside_lately,
            )  # fmt: skip
            verdicts = judge(of, found)
            then = decide(of, found, verdicts, now=NOON + timedelta(minutes=look))
            if then.action == "roll back":
                return (
                    "rolled back",
                    [each.rule for each in verdicts if each.outcome == "fail"],
                    asked,
                )
            if then.action == "promote":
                return "promoted", [], asked
            if then.action == "advance":
                break
        else:
            return "held", [each.rule for each in verdicts.blocking], asked
    raise AssertionError("The last step neither ended nor held.")


def test_of_challengers_at_their_limits_no_more_are_rolled_back_than_declared():
    rng, runs = np.random.default_rng(21), 500
    declared = 0.01 * runs

    ends = [
        play(rng, AT_LIMITS, CHAMPION_AT_LIMITS, looks=8, every=400) for _ in range(runs // 2)
    ] + [play(rng, AT_TWICE, CHAMPION_AT_TEN, looks=8, every=400) for _ in range(runs // 2)]

    failed = Counter(rule for end, rules, _ in ends if end == "rolled back" for rule in rules)
    print(f"{runs} canaries at their limits: {Counter(end for end, *_ in ends)}, failed {failed}")
    assert all(failed[rule] <= declared for rule in RAILS)


def test_a_challenger_at_its_limits_is_promoted_once_it_has_enough_requests():
    rng = np.random.default_rng(22)

    ends = [play(rng, AT_LIMITS, CHAMPION_AT_LIMITS, looks=20, every=4_000) for _ in range(30)]

    assert sum(end == "promoted" for end, *_ in ends) >= 28


def test_sound_challengers_are_promoted_after_about_the_requests_that_are_declared():
    rng = np.random.default_rng(23)

    ends = [play(rng, Kind(), Kind(), looks=40, every=500) for _ in range(60)]

    asked = sorted(requests for *_, requests in ends)
    print(f"sound canaries: {Counter(end for end, *_ in ends)}, median {asked[30]:,} requests")
    assert all(end == "promoted" for end, *_ in ends)
    assert asked[30] <= 6_000


@pytest.mark.parametrize(
    ("bad", "rule", "within"),
    [
        (Kind(failed=0.05), "error rate", 600),
        (Kind(failed=0.3), "error rate", 40),
        (Kind(turned_away=0.5), "turned away", 40),
        (Kind(times=(0.9, 0.0, 0.0, 0.1)), "latency", 200),
        (Kind(times=(0.9, 0.0, 0.1, 0.0)), "slower", 400),
    ],
)
def test_a_bad_challenger_is_rolled_back_within_so_many_requests(bad, rule, within):
    rng, runs = np.random.default_rng(24), 40

    ends = [play(rng, bad, CHAMPION, looks=within // 10, every=10) for _ in range(runs)]

    asked = sorted(requests for end, rules, requests in ends if rule in rules)
    power = sum(end == "rolled back" for end, *_ in ends) / runs
    print(f"{rule}: power {power:.0%} within {within}, median {asked[len(asked) // 2]} requests")
    assert power >= 0.95


def test_a_breach_after_a_hundred_thousand_sound_requests_is_seen_within_ten():
    rng, needed = np.random.default_rng(25), []
    of = release(**POLICY)

    for _ in range(40):
        mine, other = _Version(rng, "2", Kind()), _Version(rng, "1", Kind())
        mine.ask(100_000), other.ask(100_000)
        for count in range(1, 20):
            failing = _Version(rng, "2", Kind(failed=1.0))
            seen, _ = failing.ask(count)
            whole = mine._told(mine.counts + failing.counts)
            found = Findings(
                at=NOON, since=NOON, challenger=whole, champion=other.ask(0)[0],
                recent_challenger=seen, recent_champion=_Version(rng, "1", Kind()).ask(count)[0],
            )  # fmt: skip
            if decide(of, found, judge(of, found), now=NOON).action == "roll back":
                needed.append(count)
                break

    assert len(needed) == 40
    assert max(needed) <= 10
