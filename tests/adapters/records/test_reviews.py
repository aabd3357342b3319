"""Reviews come back as they were, one a window and version."""

from datetime import timedelta

from adapters.records import Records
from lifecycle.monitoring.evidence import Counted, LossSums, Performance
from lifecycle.monitoring.review import Cause, Review
from lifecycle.monitoring.summary import Summaries, Summary
from tests.lifecycle.monitoring.alerts.days import DAY, JULY, review

ODD = 'a "b"; DROP TABLE review -- \N{SNOWMAN}'


def full(number: int, letter: str = "x", **changes: object) -> Review:
    column = Summary(name=ODD, kind="category", rows=9, missing=1, counts={ODD: 8})
    more = {"then": Summaries(columns=(column,)), "now": Summaries(columns=(column,))}
    return review(number, letter).model_copy(update={**more, **changes})


def test_a_review_comes_back_as_it_was(records: Records) -> None:
    at = JULY + timedelta(microseconds=1)
    losses = LossSums(rows=1, total=float("inf"), squares=0.1 + 0.2)
    judged = Performance(as_of=at, labels=Counted(), losses=losses)
    kept = full(0, performance=judged, project=ODD, as_of=at)

    records.keep(kept)

    assert records.last_review(ODD, "3") == kept
    assert records.reviews("flights") == ()


def test_what_is_no_number_comes_back_as_none_either(records: Records) -> None:
    losses = LossSums(rows=0, total=float("nan"), squares=0.0)
    judged = Performance(as_of=JULY, labels=Counted(), losses=losses)

    records.keep(full(0, performance=judged))

    found = records.reviews("flights")[0].performance
    assert found is not None
    assert found.losses is not None
    assert str(found.losses.total) == "nan"


def test_a_light_review_lacks_its_columns_only(records: Records) -> None:
    records.keep(full(0))

    light = records.reviews("flights", light=True)[0]

    assert light == full(0, then=Summaries(), now=Summaries())


def test_a_later_review_of_a_window_takes_the_place_of_an_earlier_one(records: Records) -> None:
    assert records.keep(full(0, "?"))
    assert records.keep(full(0, ".", as_of=JULY + 9 * DAY))

    found = records.reviews("flights")

    assert [each.outcome(Cause.DATA) for each in found] == ["pass"]
    assert [each.outcomes[Cause.DATA] for each in records.glances("flights")] == ["pass"]


def test_an_earlier_review_never_takes_the_place_of_a_later_one(records: Records) -> None:
    records.keep(full(0, ".", as_of=JULY + 9 * DAY))

    assert not records.keep(full(0, "?", now=Summaries()))
    assert records.reviews("flights") == (full(0, ".", as_of=JULY + 9 * DAY),)


def test_the_same_review_may_be_kept_again(records: Records) -> None:
    assert records.keep(full(0))
    assert records.keep(full(0))

    assert len(records.reviews("flights")) == 1


def test_reviews_come_in_the_order_of_their_windows(records: Records) -> None:
    for number in (2, 0, 3, 1):
        records.keep(full(number))
    records.keep(full(1, version="4"))
    records.keep(full(2, version=None))

    def starts(**chosen: object) -> list[int]:
        found = records.reviews("flights", **chosen)  # type: ignore[arg-type]
        return [(each.span.start - JULY) // DAY for each in found]

    assert starts() == [0, 1, 1, 2, 2, 3]
    assert starts(version="3") == [0, 1, 2, 3]
    assert starts(since=JULY + DAY, until=JULY + 3 * DAY) == [1, 1, 2, 2]
    assert starts(version="3", limit=2) == [2, 3]
    last = records.last_review("flights", None)
    assert last is not None
    assert last.version is None
    assert records.last_review("flights", "9") is None


def test_where_the_oldest_window_begins_that_was_looked_at_since(records: Records) -> None:
    records.keep(full(0))
    records.keep(full(5))
    records.keep(full(3, as_of=JULY + 7 * DAY))

    assert records.earliest("flights", after=JULY + 6 * DAY) == JULY + 3 * DAY
    assert records.earliest("flights", after=JULY + 7 * DAY) is None


def test_a_review_from_the_future_gives_way_once_the_clock_is_right(records: Records) -> None:
    records.keep(full(0, "?", as_of=JULY + 9 * DAY))
    now = JULY + DAY

    assert not records.keep(full(0, "."))
    assert records.keep(full(0, "."), now=now)
    assert not records.keep(full(0, "x", as_of=JULY), now=now)
    assert [each.outcome(Cause.DATA) for each in records.reviews("flights")] == ["pass"]
