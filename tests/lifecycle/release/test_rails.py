import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifecycle.release.judging.rails import NOBODY, Rail, Sides, Tally, judge_share, more_needed
from lifecycle.release.sequential import is_above, spend
from lifecycle.verdict import Outcome

RAIL = Rail("error rate", 0.01, 0.01, "2", "requests to version 2 failed")
TALLIES = st.integers(0, 5_000).flatmap(
    lambda of: st.tuples(st.integers(0, of), st.integers(0, of)).map(
        lambda bad: Tally(min(bad), max(bad), of)
    )
)


@given(mine=TALLIES, other=TALLIES)
@settings(max_examples=200, deadline=None)
def test_it_fails_only_beyond_the_limit_and_passes_only_with_requests(mine, other):
    found = judge_share(RAIL, Sides(mine, other))

    if found.outcome is Outcome.FAIL:
        assert is_above(mine.least, mine.of, 0.01, level=spend(0.01, 0))
    if found.outcome in (Outcome.PASS, Outcome.WARN):
        assert mine.of > 0
        assert mine.most <= 0.015 * mine.of


@given(mine=TALLIES, other=TALLIES)
@settings(max_examples=100, deadline=None)
def test_a_champion_excuses_and_never_accuses(mine, other):
    alone, beside = (judge_share(RAIL, Sides(mine, each)).outcome for each in (NOBODY, other))

    assert alone is beside or (alone, beside) == (Outcome.FAIL, Outcome.UNKNOWN)


@pytest.mark.parametrize("bad", [0, 3, 8, 60])
def test_after_about_the_requests_that_are_said_to_be_missing_it_can_be_told(bad):
    of = 300 + round(1.2 * more_needed(Tally(bad, bad, 300), 0.01, level=0.01))
    later = round(bad * of / 300)

    found = judge_share(RAIL, Sides(Tally(later, later, of)))

    assert found.outcome is not Outcome.UNKNOWN


def test_a_share_at_its_limit_is_told_in_the_end():
    assert more_needed(Tally(1_000, 1_000, 100_000), 0.01, level=0.01) == 0


def test_what_no_number_of_requests_can_tell_is_not_promised():
    assert more_needed(Tally(0, 900, 1_000), 0.01, level=0.01) is None

    found = judge_share(RAIL, Sides(Tally(0, 900, 1_000)))

    assert found.outcome is Outcome.UNKNOWN
    assert "No number of requests will tell" in found.reason
