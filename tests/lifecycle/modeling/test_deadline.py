"""The time of a search: each part ends in time for what comes after it."""

import pytest

from lifecycle.modeling.deadline import Deadline
from lifecycle.modeling.families.family import OutOfTime

CHECKS = ("check_selection", "check_trials", "check_conclusion", "check_end")


def at(seconds: float, *, limit: float | None = 100.0, spent: float = 0.0) -> Deadline:
    times = iter([1000.0])
    deadline = Deadline(limit, lambda: next(times, 1000.0 + seconds), spent=spent)
    deadline.reserve = 20.0
    return deadline


def over(deadline: Deadline) -> list[str]:
    found = []
    for name in CHECKS:
        try:
            getattr(deadline, name)()
        except OutOfTime:
            found.append(name)
    return found


@pytest.mark.parametrize(
    ("seconds", "ended"), [(29, 0), (31, 1), (76, 1), (78, 2), (89, 2), (91, 3), (99, 3), (101, 4)]
)
def test_parts_end_one_after_the_other(seconds: float, ended: int) -> None:
    assert over(at(seconds)) == list(CHECKS[:ended])


def test_without_a_limit_nothing_ends() -> None:
    deadline = at(1e9, limit=None)

    assert over(deadline) == []
    assert deadline.left is None
    assert deadline.overrun == 0


def test_what_an_earlier_process_used_is_gone_for_trials_but_not_for_the_final_fit() -> None:
    assert over(at(1, spent=100.0)) == ["check_trials"]
    assert at(1, spent=100.0).is_over
