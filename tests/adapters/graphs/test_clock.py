"""The calendar in whole numbers is the calendar of the encoders."""

import numpy as np
import pytest

from adapters.graphs import clock
from adapters.graphs.writer import FLOAT, INT64, Output, Writer
from lifecycle.features.calendar import calendar_part
from lifecycle.serving.contract import MISSING_TIME
from tests.adapters.graphs.routes import run

DAYS = np.arange(np.datetime64("1900-01-01"), np.datetime64("2200-01-02")).astype(np.int64)


def ask(part, seconds: np.ndarray, kind: int) -> np.ndarray:
    writer = Writer()
    output = Output(part(writer, "times"), kind, (1,))
    content = writer.write({"times": (INT64, 1)}, {"said": output})
    return run(content, {"times": seconds[:, None]})["said"][:, 0]


@pytest.mark.parametrize("part", list(clock.CLOCKS))
@pytest.mark.parametrize("second", [0, 86_399], ids=["first second", "last second"])
def test_every_day_of_three_centuries_has_its_place(part, second) -> None:
    seconds = DAYS * 86_400 + second
    known = clock.CLOCKS[part]

    places = ask(known.place, seconds, INT64)

    moments = known.moments().astype(np.int64)
    np.testing.assert_array_equal(
        calendar_part(moments, part)[places], calendar_part(seconds, part)
    )


@pytest.mark.parametrize("second", [0, 86_399], ids=["first second", "last second"])
def test_every_day_of_three_centuries_has_its_year(second) -> None:
    seconds = DAYS * 86_400 + second

    said = ask(clock.year, seconds, FLOAT)

    np.testing.assert_array_equal(said, calendar_part(seconds, "year"))


@pytest.mark.parametrize("day", ["1969-07-20", "1970-01-01", "2013-06-30"])
def test_every_second_of_a_day_has_its_hour_to_the_last_bit(day) -> None:
    seconds = np.datetime64(day, "s").astype(np.int64) + np.arange(86_400)

    said = ask(clock.hour, seconds, FLOAT)

    np.testing.assert_array_equal(said, calendar_part(seconds, "hour"))


@pytest.mark.parametrize("part", [*clock.CLOCKS, "year"])
def test_times_far_outside_are_no_different(part) -> None:
    moments = ["0001-01-01", "1582-10-15", "3999-12-31", "9999-12-31", "-4000-02-28"]
    seconds = np.array(moments, dtype="datetime64[s]").astype(np.int64)

    if part == "year":
        said = ask(clock.year, seconds, FLOAT)
    else:
        known = clock.CLOCKS[part]
        places = ask(known.place, seconds, INT64)
        said = calendar_part(known.moments().astype(np.int64), part)[places]

    np.testing.assert_array_equal(said, calendar_part(seconds, part))


def test_only_a_missing_time_is_missing() -> None:
    writer = Writer()
    is_missing = writer.node("Cast", clock.is_missing(writer, "times"), to=INT64)
    content = writer.write({"times": (INT64, 1)}, {"said": Output(is_missing, INT64, (1,))})

    said = run(content, {"times": np.array([[MISSING_TIME], [MISSING_TIME + 1], [0]])})["said"]

    assert said[:, 0].tolist() == [1, 0, 0]
