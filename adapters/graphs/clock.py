"""Reads the calendar off seconds since 1970, in whole numbers.

Days are counted in cycles of 400 years that begin on 1 March, so that the leap day is the last
of a year [1]_. In quarters of a day a century is 146,097 long and a year 1,461, which makes
either one division [2]_. What is left of the second says day and month of any year, and a table
of 1,461 rows gives every part of the calendar but the year itself. The tables are made by the
encoders themselves, from one moment for each row: no rule of theirs is written a second time.

References
----------
.. [1] H. Hinnant, chrono-compatible low-level date algorithms (2013).
.. [2] C. Neri and L. Schneider, Euclidean affine functions and their application to calendar
   algorithms, Software: Practice and Experience 53 (2023).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adapters.graphs.writer import FLOAT, INT64, Writer, ints
from lifecycle.features.calendar import DAY
from lifecycle.features.declaration import CalendarPart
from lifecycle.serving.contract import MISSING_TIME

CENTURY, YEAR = 146_097, 1_461
"""In quarters of a day: a century less what its last year may lack, and a year."""

CYCLES_BEFORE = 1_000
SHIFT = CYCLES_BEFORE * CENTURY * DAY
"""Whole cycles of 400 years, so that all times are after zero: division rounds towards it."""

FROM_MARCH = 719_468 * DAY
"""From 1 March of the year 0 to 1970."""

JANUARY = 306
"""1 January, counted in days from 1 March."""


def is_missing(writer: Writer, times: str) -> str:
    """Tell which times are missing."""
    return writer.node("Equal", times, ints(MISSING_TIME))


def hour(writer: Writer, times: str) -> str:
    """Give the hour of the day, with minutes and seconds as its fraction, in 32 bits.

    Dividing 32-bit floats gives the very numbers training got by dividing 64-bit ones and
    rounding, for each of the 86,400 seconds of a day.
    """
    second = writer.node("Mod", times, ints(DAY))
    return writer.node("Div", writer.node("Cast", second, to=FLOAT), np.float32(3600))


def year(writer: Writer, times: str) -> str:
    """Give the year, in 32 bits."""
    quarters = _quarters(writer, times)
    century = writer.node("Div", quarters, ints(CENTURY))
    of_century = _of_century(writer, quarters)
    from_march = writer.node(
        "Add",
        writer.node("Mul", century, ints(100)),
        writer.node("Div", of_century, ints(YEAR)),
    )
    is_next = writer.node(
        "GreaterOrEqual", writer.node("Mod", of_century, ints(YEAR)), ints(4 * JANUARY)
    )
    counted = writer.node("Add", from_march, writer.node("Cast", is_next, to=INT64))
    counted = writer.node("Sub", counted, ints(400 * CYCLES_BEFORE))
    return writer.node("Cast", counted, to=FLOAT)


def of_week(writer: Writer, times: str) -> str:
    """Give the place in the week: 0 for 1 January 1970 and any other Thursday."""
    day = writer.node("Div", writer.node("Add", times, ints(SHIFT)), ints(DAY))
    return writer.node("Mod", day, ints(7))


def of_year(writer: Writer, times: str) -> str:
    """Give the place in the year, by which day and month are known."""
    return writer.node("Mod", _of_century(writer, _quarters(writer, times)), ints(YEAR))


def of_leap_year(writer: Writer, times: str) -> str:
    """Give the place in the year, moved on by a year where a century has no leap day."""
    quarters = _quarters(writer, times)
    century = writer.node("Div", quarters, ints(CENTURY))
    is_first = writer.node("Less", _of_century(writer, quarters), ints(YEAR))
    has_no_leap_day = writer.node("Greater", writer.node("Mod", century, ints(4)), ints(0))
    moved = writer.node("Cast", writer.node("And", is_first, has_no_leap_day), to=INT64)
    return writer.node("Add", of_year(writer, times), writer.node("Mul", moved, ints(YEAR)))


def week_moments() -> NDArray[np.datetime64]:
    """Give one moment for each place `of_week` gives."""
    return np.datetime64("1970-01-01", "s") + DAY * np.arange(7)


def year_moments() -> NDArray[np.datetime64]:
    """Give one moment for each place `of_year` gives: the days of four years with one leap day."""
    days = np.arange(YEAR)
    moments = np.empty(YEAR, dtype="datetime64[s]")
    moments[(4 * days + 3) % YEAR] = np.datetime64("1904-03-01", "s") + DAY * days
    return moments


def leap_year_moments() -> NDArray[np.datetime64]:
    """Give one moment for each place `of_leap_year` gives; a place it never gives has any."""
    days = np.arange(365)
    without = np.full(YEAR, np.datetime64("1900-03-01", "s"))
    without[4 * days + 3] += DAY * days
    return np.concatenate([year_moments(), without])


@dataclass(frozen=True)
class Clock:
    """What finds the place of a time, and a moment for each place."""

    place: Callable[[Writer, str], str]
    moments: Callable[[], NDArray[np.datetime64]]


_YEAR = Clock(of_year, year_moments)

CLOCKS: dict[CalendarPart, Clock] = {
    "day_of_week": Clock(of_week, week_moments),
    "month": _YEAR,
    "day_of_month": _YEAR,
    "day_of_year": Clock(of_leap_year, leap_year_moments),
}
"""The parts there are tables for."""


def _quarters(writer: Writer, times: str) -> str:
    """Count the quarters of days since 1 March, up to the last one of the day."""
    moved = writer.node("Add", times, ints(SHIFT + FROM_MARCH))
    return writer.node("BitwiseOr", writer.node("Div", moved, ints(DAY // 4)), ints(3))


def _of_century(writer: Writer, quarters: str) -> str:
    return writer.node("BitwiseOr", writer.node("Mod", quarters, ints(CENTURY)), ints(3))
