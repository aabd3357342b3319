"""Which alerts open, stand, become worse and are over, and who hears of it when."""

from datetime import timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lifecycle.monitoring.alerts import Glance
from lifecycle.monitoring.declaration import Alerts
from lifecycle.monitoring.review import Cause
from tests.lifecycle.monitoring.alerts.days import DAY, JULY, Told, days, review


def test_a_cause_opens_one_alert_however_many_columns_moved() -> None:
    columns = [f"column {number}" for number in range(32)]

    told = Told().run([Glance.of(review(0, "x", columns=columns))])

    assert told.kinds == ["opened"]
    alert = told.standing[0]
    assert alert.title == "flights version 3: data drift since 1 Jul 2013"
    assert len(alert.verdicts) == 20
    assert alert.more == 12


@pytest.mark.parametrize(
    ("cause", "letter", "severity"),
    [
        (Cause.DATA, "x", "warning"),
        (Cause.CONCEPT, "x", "critical"),
        (Cause.ERRORS, "x", "critical"),
        (Cause.SERVICE, "w", "notice"),
    ],
)
def test_how_bad_it_is(cause: Cause, letter: str, severity: str) -> None:
    told = Told().run(days(letter, cause))

    assert told.tellings == [("opened", severity)]


@pytest.mark.parametrize("letters", [".", "?", "??", "-", "?-.??", ""])
def test_nothing_is_told_of_what_is_well_or_unknown_for_a_short_time(letters: str) -> None:
    told = Told().run(days(letters), now=JULY + 9 * DAY)

    assert told.alerts == []


def test_the_same_review_again_changes_nothing() -> None:
    told = Told().run(days("..x"))

    again = told.run(days("..x"), now=JULY + 3 * DAY + timedelta(hours=1))

    assert again.changes.changes == ()
    assert again.kinds == ["opened"]


def test_what_stands_is_told_again_after_a_while_and_not_before() -> None:
    told = Told(Alerts(repeat="2d")).run_daily("xxxxx")

    assert told.kinds == ["opened", "again", "again"]
    assert told.standing[0].windows == 5


def test_it_is_over_after_as_many_good_windows_as_declared() -> None:
    told = Told(Alerts(resolve_after=2, repeat="30d")).run_daily("x.x..")

    assert told.kinds == ["opened", "resolved"]
    assert told.standing == []
    assert told.alerts[0].why_resolved == "All was well in 2 windows after 4 Jul 2013."


def test_an_unknown_window_resolves_nothing_and_breaks_no_row_of_good_ones() -> None:
    told = Told(Alerts(resolve_after=2, repeat="30d")).run_daily("x.?")
    assert told.standing

    told.run(days("x.?."))

    assert not told.standing


def test_what_nothing_can_be_told_of_for_too_long_is_told_once_as_a_notice() -> None:
    told = Told(Alerts(unknown_after=3, repeat="30d")).run_daily(".????")

    assert told.tellings == [("opened", "notice")]
    alert = told.standing[0]
    assert alert.title == "flights version 3: nothing can be told of data drift since 2 Jul 2013"
    assert alert.windows == 4


def test_an_unknown_that_turns_out_bad_is_worse_and_told_at_once() -> None:
    told = Told(Alerts(unknown_after=2)).run_daily("??", Cause.CONCEPT)

    told.run(days("??x", Cause.CONCEPT))

    assert told.tellings == [("opened", "notice"), ("worse", "critical")]
    assert told.standing[0].title == "flights version 3: concept drift since 3 Jul 2013"


def test_what_cannot_be_told_for_weeks_is_told_once() -> None:
    told = Told(Alerts(unknown_after=2, repeat="1d")).run_daily("??????????")

    assert told.tellings == [("opened", "notice")]
    assert told.standing[0].windows == 10


def test_nights_in_which_nobody_asked_are_told_to_nobody() -> None:
    nights = [Glance.of(review(number, "?", predictions=0)) for number in range(9)]

    told = Told(Alerts(unknown_after=3)).run(nights)

    assert told.tellings == []


def test_a_night_in_which_nobody_asked_neither_ends_an_alert_nor_begins_another() -> None:
    told = Told(Alerts(repeat="30d")).run(days("x"))

    told.run([*days("x"), Glance.of(review(1, "?", predictions=0))])

    assert told.kinds == ["opened"]
    assert told.standing[0].span.start == JULY


def test_labels_that_come_after_all_end_an_alert_about_their_absence() -> None:
    told = Told(Alerts(unknown_after=3, repeat="30d")).run(days("???"))

    told.run(days("..??"))

    assert told.kinds == ["opened", "resolved"]
    assert told.alerts[0].why_resolved == "It can be told again."


def test_a_past_window_may_open_an_alert_when_its_labels_come() -> None:
    told = Told(Alerts(unknown_after=9)).run(days("????", Cause.CONCEPT))

    told.run(days(".x??", Cause.CONCEPT), now=JULY + 4 * DAY)

    assert told.kinds == ["opened"]
    assert told.standing[0].title == "flights version 3: concept drift since 2 Jul 2013"


def test_a_past_window_that_was_bad_stays_over_where_a_later_one_is_good() -> None:
    told = Told().run(days("??..", Cause.CONCEPT))

    told.run(days("?x..", Cause.CONCEPT))
    told.run(days("?x..", Cause.CONCEPT), now=JULY + 40 * DAY)

    assert told.kinds == ["passed"]
    assert told.standing == []


def test_a_window_that_is_unknown_by_now_does_not_undo_what_it_was() -> None:
    told = Told().run(days(".x"))

    told.run(days(".?"))

    assert told.kinds == ["opened"]
    assert told.standing


def test_a_window_that_is_good_by_now_resolves_what_it_was() -> None:
    told = Told().run(days(".x"))

    told.run(days(".."))

    assert told.kinds == ["opened", "resolved"]


def test_many_windows_caught_up_are_told_once() -> None:
    told = Told().run(days("x.xxx.xx?x" * 3))

    assert told.kinds == ["opened"]
    assert told.standing[0].windows == 21


def test_what_came_and_went_while_nobody_looked_is_told_once() -> None:
    told = Told().run(days("..x.x.."))
    told.run(days("..x.x..."))

    assert told.kinds == ["passed"]
    assert told.alerts[0].windows == 2
    assert not told.alerts[0].is_open


def test_who_silenced_it_hears_nothing_until_it_becomes_worse() -> None:
    told = Told(Alerts(repeat="1d")).run(days("w"))
    told.alerts[0] = told.alerts[0].model_copy(update={"silenced_until": JULY + 30 * DAY})

    told.run(days("ww")).run(days("www"))
    assert told.kinds == ["opened"]

    told.run(days("wwwx"))
    assert told.tellings[1:] == [("worse", "warning")]


def test_what_is_over_while_silenced_is_not_told() -> None:
    told = Told().run(days("x"))
    told.alerts[0] = told.alerts[0].model_copy(update={"silenced_until": JULY + 30 * DAY})

    told.run(days("x."))

    assert told.kinds == ["opened"]
    assert not told.standing


def test_a_silence_that_has_ended_is_no_silence() -> None:
    told = Told(Alerts(repeat="1d")).run(days("x"))
    told.alerts[0] = told.alerts[0].model_copy(update={"silenced_until": JULY + 2 * DAY})

    told.run(days("xx"))

    assert told.kinds == ["opened", "again"]


def test_what_comes_and_goes_is_one_alert_told_twice_a_repeat() -> None:
    told = Told(Alerts(repeat="30d")).run_daily("x." * 14)

    assert told.kinds == ["opened", "resolved"]
    assert len(told.alerts) == 1
    assert told.alerts[0].windows == 14


def test_a_new_version_has_alerts_of_its_own_and_ends_those_of_the_old_one() -> None:
    told = Told().run(days("x"))

    told.run(days("x") + days("x", version="4", start=1))

    old, new = told.alerts
    assert old.why_resolved == "Version 3 answers no longer."
    assert (new.version, new.is_open) == ("4", True)
    assert told.kinds == ["opened", "resolved", "opened"]


def test_two_versions_that_both_answer_keep_their_alerts() -> None:
    told = Told().run(days("xx") + days(".x", version="4"))

    assert [alert.version for alert in told.standing] == ["3", "4"]


def test_a_version_that_is_live_keeps_its_alert_though_nobody_asked_it() -> None:
    told = Told().run(days("x"))

    told.run(days("x") + days(".", version="4", start=1), live={"3", "4"})

    assert [alert.version for alert in told.standing] == ["3"]


def test_nothing_is_opened_for_a_version_that_has_left() -> None:
    told = Told().run(days("x", Cause.CONCEPT) + days(".", version="4", start=1))

    assert told.alerts == []


def test_what_nobody_asked_is_over_once_somebody_answers() -> None:
    told = Told().run(days("x", Cause.SERVICE, version=None))

    told.run(days("x", Cause.SERVICE, version=None) + days(".", Cause.SERVICE, start=1))

    assert told.kinds == ["opened", "resolved"]


def test_a_clock_that_was_set_back_does_not_keep_an_alert_quiet() -> None:
    told = Told(Alerts(repeat="1d")).run(days("x"), now=JULY + 400 * DAY)

    told.run(days("x"), now=JULY + DAY)

    assert told.kinds == ["opened", "again"]


def test_history_that_was_swept_leaves_an_open_alert_standing() -> None:
    told = Told(Alerts(resolve_after=2)).run(days("x"))

    told.run(days(".", start=40), now=JULY + 41 * DAY)
    assert told.standing

    told.run(days("..", start=40), now=JULY + 42 * DAY)
    assert not told.standing


STORIES = st.text(alphabet=".xw?-", max_size=12)
POLICIES = st.builds(
    Alerts,
    repeat=st.sampled_from(["6h", "1d", "5d"]),
    resolve_after=st.integers(1, 3),
    unknown_after=st.integers(1, 4),
)


@settings(max_examples=150, deadline=None)
@given(STORIES, POLICIES)
def test_day_by_day_or_all_at_once_the_same_alerts_stand(letters: str, policy: Alerts) -> None:
    daily = Told(policy).run_daily(letters)
    at_once = Told(policy).run(days(letters), now=JULY + len(letters) * DAY)

    def stands(told: Told) -> list[tuple[object, ...]]:
        return [(alert.is_unknown, alert.span, alert.quiet) for alert in told.standing]

    assert stands(daily) == stands(at_once)
    assert len(at_once.tellings) <= 1


@settings(max_examples=150, deadline=None)
@given(STORIES, STORIES, POLICIES)
@example("???w.", "?w.x", Alerts(repeat="6h", resolve_after=1, unknown_after=1))
def test_deciding_again_changes_nothing_whatever_was_corrected(
    before: str, after: str, policy: Alerts
) -> None:
    told = Told(policy).run_daily(before)
    now = JULY + 12 * DAY
    told.run(days(after), now=now)

    told.run(days(after), now=now)

    assert told.changes.changes == ()
    assert len(told.standing) <= 1
