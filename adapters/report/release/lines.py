"""Figures over time: what a chart draws."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lifecycle.release.release import Look

MOST = 240
"""Points of one line; more cannot be seen, and only cost bytes."""


@dataclass(frozen=True)
class Point:
    """One figure at one moment, in seconds since 1970.

    Parameters
    ----------
    value
        `None` where there is none; the line is broken there.
    low, high
        Its interval.
    """

    at: float
    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Line:
    """A figure over time; `tone` is the name of its style."""

    name: str
    tone: str
    points: tuple[Point, ...]


def is_drawn(line: Line) -> bool:
    """Say whether a line has any figure."""
    return any(point.value is not None for point in line.points)


def thin(looks: Sequence[Look], most: int = MOST) -> list[Look]:
    """Keep an even part of many looks, the last of each step, and every one that acted."""
    step = max(-(-len(looks) // most), 1)
    last = len(looks) - 1
    return [
        look
        for at, look in enumerate(looks)
        if at % step == 0 or at == last or look.action != "hold" or looks[at + 1].step != look.step
    ]


def line(
    looks: Sequence[Look], read: Callable[[Look], Point | None], *, name: str, tone: str
) -> Line:
    """Read a figure off each look."""
    return Line(
        name, tone, tuple(read(look) or Point(look.at.timestamp(), None) for look in thin(looks))
    )


def flat(looks: Sequence[Look], value: float | None, name: str = "limit") -> tuple[Line, ...]:
    """Draw a limit over the time of the looks; none where nothing is asked for."""
    if value is None or not looks:
        return ()
    ends = (looks[0].findings.since.timestamp(), looks[-1].at.timestamp())
    return (Line(name, "limit", tuple(Point(at, value) for at in ends)),)
