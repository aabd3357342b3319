"""Shares as a person writes them."""

import pytest

from adapters.foreground.shares import read_shares
from lifecycle.errors import ProjectError


@pytest.mark.parametrize(
    ("wanted", "read"),
    [
        (["3"], {"3": 10_000}),
        (["champion = 99.99%", "4=0.01%"], {"champion": 9_999, "4": 1}),
        (["3=0.29", "4=0.71"], {"3": 2_900, "4": 7_100}),
        (["3=100%", "4=0%"], {"3": 10_000, "4": 0}),
    ],
)
def test_shares_are_read_to_a_hundredth_of_a_percent(
    wanted: list[str], read: dict[str, int]
) -> None:
    assert read_shares(wanted) == read


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (["1=90%", "2=20%"], "The shares are 110%; together they have to be 100%"),
        (["1=50%"], "The shares are 50%"),
        (["1", "2"], "Version 1 has no share, and there are others"),
        (["1=90%", "1=10%"], "Version 1 is named twice"),
        (["1=lots"], '"lots", which is no part of a whole'),
        (["1=-10%", "2=110%"], "which is no part of a whole"),
        (["1=nan", "2=10%"], "which is no part of a whole"),
        (["1=33.333%", "2=66.667%"], "the smallest step there is is 0.01%"),
        (["=100%"], "names no version"),
        ([""], "names no version"),
    ],
)
def test_shares_that_are_none_are_refused(wanted: list[str], told: str) -> None:
    with pytest.raises(ProjectError, match=told):
        read_shares(wanted)
