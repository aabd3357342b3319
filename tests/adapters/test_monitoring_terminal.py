"""What monitoring and retraining tell at a terminal: the failures first, in 80 columns."""

import io
from collections.abc import Sequence

import pytest
from rich.console import Console

from adapters.monitoring_terminal import VERDICTS, WINDOWS, print_decision, print_reviews
from lifecycle.monitoring.alert import Alert
from lifecycle.monitoring.review import Cause, Review
from lifecycle.retraining.decision import Decision
from tests.adapters.report.monitoring import reviews


def told(
    looked: Sequence[Review], alerts: Sequence[Alert] = (), *, report: str | None = None, **more
) -> str:
    console = Console(file=io.StringIO(), width=80)
    print_reviews(looked, alerts, report=report, console=console, **more)
    return console.file.getvalue()  # type: ignore[attr-defined]


def said(decision: Decision) -> str:
    console = Console(file=io.StringIO(), width=80)
    print_decision(decision, console)
    return console.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "name",
    ["stale", "fine", "unlabelled", "empty", "nothing", "one_row", "gone", "wide", "regression"],
)
def test_no_line_is_wider_than_the_terminal(name: str):
    lines = told([getattr(reviews, name)()], reviews.alerts()).splitlines()

    assert max(map(len, lines)) <= 80


def test_each_window_has_a_line_and_only_the_newest_is_told_in_full():
    text = told(reviews.year()[:6])

    assert "✓ 1 Apr 2013, 30 d  v1  3,000 asked  96% labelled  all rules hold" in text
    assert text.count("✕ drift temp ") == 1
    assert "As of 1 Oct" in " ".join(text.split())


def test_a_window_in_which_nobody_asked_does_not_hide_the_stale_one_before_it():
    empty = reviews.empty().model_copy(update={"span": reviews.month(11)})

    text = told([reviews.stale(), empty])

    assert "0 asked nobody asked" in " ".join(text.split())
    assert text.index("✕ Stale: its answers") < text.index("? Nobody asked anything, so nothing")


def test_of_much_that_is_stale_three_things_are_told_and_the_others_named():
    causes = [Cause.CONCEPT, Cause.DATA, Cause.PREDICTION, Cause.SLOW, Cause.AGE]
    found = tuple(reviews.finding(cause, f"rule {cause}", "fail") for cause in causes)

    text = told([reviews.fine().model_copy(update={"findings": found})])

    assert "its scores have moved; also slow change and age." in " ".join(text.split())


def test_what_fails_comes_before_what_is_unknown_and_what_holds_is_one_line():
    text = told([reviews.unlabelled()])

    assert text.index("✕ drift temp") < text.index("? concept log_loss") < text.index("rules hold")
    assert "✓ drift" not in text


def test_a_window_in_order_is_told_in_few_lines():
    text = told([reviews.fine()], report="var/reports")

    assert "✓ Nothing is stale." in text and "16 rules hold" in text
    assert len(text.strip().splitlines()) <= 8


@pytest.mark.parametrize("name", ["empty", "nothing", "one_row"])
def test_what_is_not_known_is_not_told_as_a_pass(name: str):
    text = told([getattr(reviews, name)()])

    assert "?" in text and "✓" not in text


def test_of_many_failing_rules_the_first_are_told_and_the_others_counted():
    text = told([reviews.wide()])

    assert text.count("✕ drift") == VERDICTS
    assert "and 92 rules fail and 201 hold" in text


def test_of_many_windows_the_newest_are_told_and_the_others_counted():
    text = told(reviews.long_history(30))

    assert f"… {27 - WINDOWS} earlier windows" in text


def test_both_versions_of_the_newest_window_are_told():
    text = told([reviews.flights(5), reviews.flights(5, version="2")])

    assert "Version 1 made" in text and "Version 2 made" in text


def test_the_gravest_alert_comes_first_and_can_be_silenced():
    text = told([reviews.stale()], reviews.alerts())

    assert text.index("4 ✕ critical") < text.index("2 ! warning") < text.index("1 ✓ over")
    assert "python run.py alerts silence 4 --for 3d" in text


def test_what_to_do_next_fits_to_what_was_decided():
    waiting = reviews.decisions()[1].model_copy(update={"ending": "awaiting"})

    text = told([reviews.stale()], decisions=[waiting])

    assert "python run.py approve --project flights" in text
    assert "--pipeline retraining" not in text


def test_a_look_at_the_service_alone_says_nothing_about_staleness():
    wrong = reviews.finding(Cause.SERVICE, "service", "fail", reason="It does not answer.")
    look = reviews.nothing().model_copy(update={"is_look": True, "findings": (wrong,)})

    text = told([look])

    assert "only the service looked at" in text and "tale" not in text
    assert "✕ The service is not well: it does not answer." in text
    assert "python run.py status" in text


def test_a_service_that_is_not_well_does_not_hide_what_is_unknown():
    wrong = reviews.finding(Cause.LATENCY, "p99", "fail", 900.0, 250.0, "Too slow.")
    review = reviews.empty()
    both = review.model_copy(update={"findings": (*review.findings, wrong)})

    text = told([both])

    assert "The service is not well: it answers too slowly; could not be told: data" in text
    assert "ot stale" not in text


def test_projects_are_told_one_after_the_other():
    text = told([reviews.regression(), reviews.fine()])

    assert text.index("flights: 1 window") < text.index("weather: 1 window")


def test_without_a_window_that_is_said():
    assert "No window was over since the last look" in told([])


def test_that_nothing_is_due_is_said_first_and_is_no_failure():
    text = said(reviews.decisions()[0])

    assert text.strip().startswith("– flights: not due: drift was found in 0 of 1 windows.")
    assert "✕" not in text


def test_a_retraining_tells_its_rows_its_checks_and_what_to_do():
    text = said(reviews.decisions()[1])

    assert "✓ flights: version 2 passed every gate" in text
    assert "15,210 labels have come since." in text
    assert "log loss 0.521 [0.515, 0.527] from 231,000 rows" in text
    assert "python run.py --pipeline deployment --project flights" in text


@pytest.mark.parametrize(
    "ending", ["running", "lost", "stopped", "broke", "approved", "rejected", "awaiting"]
)
def test_every_ending_has_a_sentence_and_fits_the_terminal(ending: str):
    decision = reviews.decisions()[1].model_copy(update={"ending": ending, "told": ""})

    lines = said(decision).splitlines()

    assert any("flights: " in line for line in lines)
    assert max(map(len, lines)) <= 80


def test_the_same_version_once_more_is_not_told_as_refused_by_a_gate():
    same = {"ending": "lost", "champion": "3", "version": "3", "told": ""}

    text = said(reviews.decisions()[1].model_copy(update=same))

    assert "the rows have not changed, so the same version came out again" in text
    assert "a gate refused" not in text
