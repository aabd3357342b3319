"""Which windows are to be reviewed."""

from datetime import UTC, datetime, timedelta

from lifecycle.monitoring.due import again, is_credible, new_spans
from lifecycle.monitoring.span import Span, span_of, spans

DAY = timedelta(days=1)
FIRST = datetime(2013, 4, 1, 9, 30, tzinfo=UTC)


def at(day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2013, 4, day, hour, minute, tzinfo=UTC)


def day(number: int) -> Span:
    return Span(start=at(number), end=at(number + 1))


def test_nothing_is_due_before_anybody_asked() -> None:
    assert new_spans(None, (), length=DAY, as_of=at(9)) == ()


def test_a_window_is_due_once_it_is_over_and_its_last_lines_are_written() -> None:
    assert new_spans(FIRST, (), length=DAY, as_of=at(2, 0, 0)) == ()
    assert new_spans(FIRST, (), length=DAY, as_of=at(2, 0, 1)) == (day(1),)


def test_every_missed_window_is_caught_up_with_and_none_twice() -> None:
    found = new_spans(FIRST, (day(1), day(2)), length=DAY, as_of=at(6, 12))

    assert found == (day(3), day(4), day(5))
    assert new_spans(FIRST, (day(1), day(2), *found), length=DAY, as_of=at(6, 12)) == ()


def test_windows_of_another_length_go_on_where_those_before_ended() -> None:
    found = new_spans(FIRST, (day(1), day(2)), length=timedelta(hours=12), as_of=at(4, 0, 1))

    assert found == (
        Span(start=at(3), end=at(3, 12)),
        Span(start=at(3, 12), end=at(4)),
    )


def test_a_clock_that_was_put_back_asks_for_nothing() -> None:
    assert new_spans(FIRST, (day(1), day(2)), length=DAY, as_of=at(1, 12)) == ()


def test_a_window_is_taken_anew_when_a_label_was_told_since() -> None:
    reviewed = [(day(1), at(2, 1)), (day(2), at(3, 1))]

    assert again(reviewed, within=10 * DAY, last_label=at(2, 12), as_of=at(3, 2)) == (day(1),)
    assert again(reviewed, within=10 * DAY, last_label=None, as_of=at(3, 2)) == ()


def test_a_window_is_settled_after_a_while() -> None:
    reviewed = [(day(1), at(2, 1)), (day(5), at(6, 1))]

    assert again(reviewed, within=3 * DAY, last_label=at(8), as_of=at(8, 1)) == (day(5),)


def test_a_window_of_two_versions_is_as_old_as_its_latest_review() -> None:
    reviewed = [(day(1), at(2, 1)), (day(1), at(4, 1))]

    assert again(reviewed, within=10 * DAY, last_label=at(3), as_of=at(5)) == ()


def test_months_have_their_own_lengths() -> None:
    found = spans(datetime(2013, 1, 15, tzinfo=UTC), datetime(2013, 4, 1, tzinfo=UTC), "month")

    assert [str(span) for span in found] == [
        "1 Jan 2013 to 1 Feb 2013",
        "1 Feb 2013 to 1 Mar 2013",
        "1 Mar 2013 to 1 Apr 2013",
    ]


def test_a_span_starts_at_a_whole_multiple_of_its_length_in_every_zone() -> None:
    moment = datetime.fromisoformat("2013-04-01T01:00:00+02:00")

    assert span_of(moment, DAY).start == datetime(2013, 3, 31, tzinfo=UTC)


def test_what_would_be_forgotten_at_once_is_not_looked_at() -> None:
    long_ago = datetime(1970, 1, 1, tzinfo=UTC)

    found = new_spans(long_ago, (), length=DAY, as_of=at(4, 0, 1), keep=2 * DAY)

    assert [span.start for span in found] == [at(2), at(3)]


def test_a_review_as_of_a_moment_still_to_come_is_not_credible() -> None:
    assert is_credible(at(2), as_of=at(2))
    assert is_credible(at(2), as_of=at(1, 23, 30))
    assert not is_credible(at(2), as_of=at(1, 12))
