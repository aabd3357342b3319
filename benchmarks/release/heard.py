"""What users were answered: read from what they wrote down."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np


class Heard(NamedTuple):
    """One request and what came of it; `problem` is empty where nothing is wrong."""

    due: float
    user: int
    row: int
    status: int
    version: str
    score: str
    ms: float
    problem: str


def heard(file: Path) -> list[Heard]:
    """Read what has been written down so far, in the order it was asked."""
    found = []
    for line in file.read_text().splitlines():
        parts = line.split(",", 7)
        if len(parts) == 8:  # the last line may not be whole yet
            due, user, row, status, version, score, ms, problem = parts
            found.append(
                Heard(
                    float(due), int(user), int(row), int(status), version, score, float(ms), problem
                )
            )
    return sorted(with_changed_answers(found))


def with_changed_answers(answers: Iterable[Heard]) -> list[Heard]:
    """Call an answer wrong that differs from what the same version said of the same row before."""
    said: dict[tuple[str, int], str] = {}
    found = []
    for one in answers:
        if not one.problem and said.setdefault((one.version, one.row), one.score) != one.score:
            one = one._replace(problem="another score for the same row")
        found.append(one)
    return found


def between(answers: Sequence[Heard], start: float, end: float) -> list[Heard]:
    """Take what was asked in a time."""
    return [one for one in answers if start <= one.due < end]


def failures(answers: Iterable[Heard]) -> dict[str, int]:
    """Count what went wrong, by what it was."""
    return dict(Counter(one.problem for one in answers if one.problem))


def share(answers: Sequence[Heard], version: str) -> float:
    """Give the part that a version answered."""
    return sum(one.version == version for one in answers) / max(len(answers), 1)


def last_of(answers: Iterable[Heard], version: str, since: float) -> float | None:
    """Give when the last request was asked that a version answered after a moment."""
    asked = [one.due for one in answers if one.version == version and one.due >= since]
    return max(asked, default=None)


def times(answers: Sequence[Heard]) -> tuple[float, float, float]:
    """Give the median, the 99th percentile and the worst time, in milliseconds."""
    if not answers:
        return float("nan"), float("nan"), float("nan")
    took = np.array([one.ms for one in answers])
    return float(np.median(took)), float(np.quantile(took, 0.99)), float(took.max())


def turned_back(answers: Iterable[Heard], challenger: str) -> int:
    """Count users who met the challenger and then another version."""
    met: set[int] = set()
    back: set[int] = set()
    for one in answers:
        if one.version == challenger:
            met.add(one.user)
        elif one.version and one.user in met:
            back.add(one.user)
    return len(back)
