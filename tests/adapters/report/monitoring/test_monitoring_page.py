"""The page of a window: whole, safe, small, and true to its review."""

import re
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest

from adapters.report.monitoring.page import file_name, folder, render, render_index
from lifecycle.monitoring.declaration import Monitoring
from lifecycle.monitoring.review import Cause, Review
from lifecycle.project.about import About
from tests.adapters.report.monitoring import reviews
from tests.adapters.report.parsing import Page, coordinates, drawings
from tests.lifecycle.governance.stories import HOSTILE

ROOT = Path(__file__).parents[4]
PLAUSIBLE = [
    reviews.stale,
    reviews.fine,
    reviews.unlabelled,
    reviews.half_labelled,
    reviews.empty,
    reviews.nothing,
    reviews.one_row,
    reviews.gone,
    reviews.regression,
    reviews.multiclass,
]
EXTREME = [reviews.wide, reviews.hostile]
SECTIONS = ["verdicts", "drift", "performance", "health", "alerts", "decisions", "computed"]


@cache
def html_of(review: Callable[[], Review]) -> str:
    return render(
        review(),
        history=reviews.year()[:5],
        alerts=reviews.alerts(),
        decisions=reviews.decisions(),
        about=About(question="Will it be late?", decision="Warn.", owner="operations"),
    )


@cache
def index() -> str:
    return render_index(reviews.year(), reviews.alerts(), reviews.decisions())


def page_of(review: Callable[[], Review]) -> Page:
    return Page(html_of(review))


def section(html: str, name: str) -> str:
    return html.split(f'<section id="{name}">')[1].split("</section>")[0]


@pytest.mark.parametrize("review", PLAUSIBLE + EXTREME)
def test_every_element_is_closed_in_its_place(review: Callable[[], Review]):
    page = page_of(review)

    assert (page.wrong, page.open) == ([], [])


@pytest.mark.parametrize("review", PLAUSIBLE + EXTREME)
def test_every_window_has_all_sections(review: Callable[[], Review]):
    found = [attrs.get("id") for tag, attrs in page_of(review).elements if tag == "section"]

    assert found == SECTIONS


@pytest.mark.parametrize("review", PLAUSIBLE + EXTREME)
def test_the_page_asks_for_nothing_and_leads_only_to_its_neighbours(review: Callable[[], Review]):
    page = page_of(review)

    links = {attrs[key] for _, attrs in page.elements for key in ("href", "src") if key in attrs}
    outside = {link for link in links if link and not re.fullmatch(r"#\w+|data:,|[\w.-]+", link)}
    assert outside == set()
    assert {"script", "iframe", "img", "object"}.isdisjoint(tag for tag, _ in page.elements)
    assert [key for _, attrs in page.elements for key in attrs if key.startswith("on")] == []


@pytest.mark.parametrize("review", PLAUSIBLE + EXTREME)
def test_every_drawing_is_well_formed_has_a_name_and_no_place_is_missing(
    review: Callable[[], Review],
):
    html = html_of(review)

    for root in drawings(html):
        assert root.get("aria-hidden") == "true" or root.findtext("title")
    assert [value for value in coordinates(html) if re.search(r"nan|inf|None", value)] == []


@pytest.mark.parametrize("review", PLAUSIBLE)
def test_no_machine_words_reach_the_reader(review: Callable[[], Review]):
    text = page_of(review).text

    assert re.findall(r"\b(?:None(?! of)|nan|NaN|inf|Undefined)\b", text) == []


def test_values_of_the_data_stay_text():
    html = html_of(reviews.hostile)

    assert "<script>alert" not in html and "{{ 7 * 7 }}" in html
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", html)
    assert html.encode("utf-8")


def test_three_hundred_columns_and_a_year_of_days_stay_a_page():
    wide = reviews.wide()
    days = [
        wide.model_copy(update={"span": found.span, "version": found.version, "as_of": found.as_of})
        for found in reviews.long_history(60)
    ]
    began = time.process_time()

    html = render(days[-1], history=days)

    assert time.process_time() - began < 3
    assert len(html.encode("utf-8")) < 600_000
    assert "217 columns more are not shown." in Page(html).text
    assert "88 rules more that do not hold" in Page(html).text


def test_what_is_left_out_is_counted():
    text = page_of(reviews.wide).text

    assert "277 columns that moved less" in text
    assert "289 columns more are not shown here." in text


def test_a_stale_window_says_what_is_stale_as_of_when_and_from_how_many_labels():
    text = page_of(reviews.stale).text.split("Verdicts")[0]

    assert (
        "Stale: its answers have become worse, the rows that are asked about have moved and its "
        "scores have moved" in text
    )
    assert "As of 1 Oct 2013, 06:15 UTC, 96% of them have a label." in text
    assert "python run.py --pipeline retraining --project flights" in text


def test_many_columns_that_moved_do_not_hide_that_the_answers_are_worse():
    worse = [found for found in reviews.stale().findings if found.cause is Cause.CONCEPT]
    wide = reviews.wide()

    html = render(wide.model_copy(update={"findings": (*wide.findings, *worse)}))

    first = html.split("<ul>")[1].split("</li>")[0]
    assert "concept log_loss" in first


def test_a_window_in_order_asks_for_nothing_to_be_done():
    html = render(reviews.fine())

    assert '<div class="ending pass">' in html and "Nothing is stale" in html
    assert "What to do next" not in html


@pytest.mark.parametrize("review", [reviews.empty, reviews.nothing, reviews.one_row])
def test_what_is_not_known_is_neither_a_pass_nor_a_failure(review: Callable[[], Review]):
    html = render(review())

    assert '<div class="ending unknown">' in html
    assert '<p class="mark" aria-hidden="true">?</p>' in html
    assert "Nothing is stale" not in html


def test_without_labels_performance_is_unknown_and_the_estimate_is_told():
    html = render(reviews.unlabelled())
    text = Page(html).text

    assert "log loss unknown about 0.522 [0.512, 0.532] expected from the scores alone" in text
    assert "? not yet known" in text
    assert 'class="missing middle"' in section(html, "performance")


def test_a_figure_from_too_few_labels_is_drawn_unlike_one_that_was_judged():
    html = section(render(reviews.half_labelled()), "performance")

    chart = next(part for part in html.split("<svg") if "Performance over the windows" in part)
    assert 'class="sign unknown"' in chart and 'class="bar few"' in chart
    judged = section(render(reviews.flights(0)), "performance")
    assert 'class="bar few"' not in judged


def test_failing_unknown_and_passing_columns_differ_by_sign_as_well_as_by_colour():
    cells = {
        name: re.findall(rf'<td class="cell {name}[^>]*>.*?<i aria-hidden="true">(.*?)</i>', html)
        for html in (html_of(reviews.stale) + html_of(reviews.one_row),)
        for name in ("fail", "unknown", "pass")
    }

    assert {name: set(signs) for name, signs in cells.items()} == {
        "fail": {"✕"}, "unknown": {"?"}, "pass": {""},
    }  # fmt: skip


def test_the_worst_columns_come_first():
    heads = re.findall(r"<h4>([^<]*)</h4>", section(html_of(reviews.stale), "drift"))

    assert heads[:2] == ["temp", "score"]


def test_a_column_no_rule_was_asked_about_is_not_called_passed():
    html = section(html_of(reviews.stale), "drift")

    card = html.split("<h4>time_hour</h4>")[1].split("</article>")[0]
    assert "not judged" in card and "pass" not in card


def test_a_small_window_leaves_all_its_columns_unknown():
    review = reviews.flights(1)
    told = reviews.finding(Cause.DATA, "drift", "unknown", None, None, "Too few rows.")
    html = section(render(review.model_copy(update={"findings": (told,)})), "drift")

    assert html.count('<article class="card unknown">') == len(review.shifts)
    assert '<article class="card pass">' not in html


def test_a_value_never_seen_in_training_is_marked():
    assert 'ZZ <b class="new">new</b>' in html_of(reviews.stale)


def test_a_column_that_vanished_is_said_to_be_gone():
    text = page_of(reviews.gone).text

    assert "the column is gone" in text and "The column is gone." in text


def test_a_column_that_is_new_is_said_to_be_new_and_not_compared():
    card = html_of(reviews.gone).split("<h4>gate</h4>")[1].split("</article>")[0]

    assert "the column is new" in card and "there is nothing to compare" in card


def test_what_could_not_be_told_is_listed_with_its_reason():
    text = Page(section(html_of(reviews.regression), "performance")).text

    assert "metric mape A label is zero." in text
    assert "? No window has labels." in text


def test_groups_and_residuals_are_told_then_and_now():
    text = Page(section(html_of(reviews.regression), "performance")).text

    assert "north 200 4.1 +3.2 +0.4 <0.001" in text
    assert "1.9 0.02" in text


def test_that_there_is_no_reason_to_retrain_is_no_failure():
    text = Page(section(html_of(reviews.stale), "decisions")).text

    assert "drift – no reason 0 windows running" in text


def test_times_are_dates():
    html = section(html_of(reviews.stale), "drift")

    assert ">1 Jan 2013</text>" in html and ">27 Sep 2013</text>" in html


def test_alerts_tell_their_number_severity_silence_and_end():
    text = " ".join(Page(section(html_of(reviews.stale), "alerts")).text.split())

    assert "4 ✕ critical flights version 1: concept drift since 1 Sep 2013" in text
    assert "⊘ silenced until 31 Jan 2014 UTC by ada : known" in text.replace("ada:", "ada :")
    assert "✓ over flights version 1: slow answers" in text
    assert text.index("critical") < text.index("warning")


def test_decisions_are_told_with_their_numbers_the_negative_ones_too():
    text = Page(section(html_of(reviews.stale), "decisions")).text

    assert "– not due 1 Aug 2013 UTC" in text and "Not due: drift was found in 0 of 1" in text
    assert "✓ won 1 Oct 2013 UTC · version 2" in text
    assert "0.521 [0.515, 0.527]" in text and "15,210" in text


def test_of_two_versions_in_a_window_each_page_leads_to_the_other():
    one, other = reviews.flights(5), reviews.flights(5, version="2")

    html = render(one, history=[other, one])

    assert f'<a href="{file_name(other)}">version 2</a>' in html
    assert file_name(one) != file_name(other)


def test_labels_that_came_twice_or_to_nothing_are_counted():
    text = Page(section(html_of(reviews.stale), "computed")).text

    assert "12 said again" in text and "7 said something else" in text
    assert "22 belong to no known prediction" in text and "1 lines of the log" in text


def test_the_declared_limits_are_the_ones_that_are_drawn():
    review = reviews.stale()

    strict = render(review, declared=Monitoring.model_validate({"labels": {"share": 0.99}}))

    assert 'class="bar few"' in section(strict, "performance")
    assert "99% and at least 200 of them are wanted" in Page(strict).text


def test_a_page_needs_no_figure_that_was_not_taken():
    review = reviews.stale()
    bare = review.model_copy(
        update={"performance": None, "slow": None, "health": None, "findings": (), "shifts": ()}
    )

    text = Page(render(bare)).text

    assert "No rule was asked in this window." in text
    assert "? How good the answers were is unknown" in text


def test_pages_of_windows_of_any_length_and_version_have_names_of_their_own(tmp_path: Path):
    review = reviews.one_row()
    odd = review.model_copy(update={"version": HOSTILE[0]})

    names = {file_name(found) for found in (review, odd, reviews.stale(), reviews.nothing())}

    assert len(names) == 4
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+", name) for name in names)
    assert folder(tmp_path, "flights").parent == tmp_path / "flights"


def test_the_index_lists_every_window_and_leads_to_its_page():
    page = Page(index())

    links = {attrs.get("href") for tag, attrs in page.elements if tag == "a"}
    assert {file_name(review) for review in reviews.year()} <= links
    assert (page.wrong, page.open) == ([], [])


def test_the_index_shows_each_cause_by_window_and_what_was_not_looked_at():
    html = index()

    strip = html.split("<h3>Version 1</h3>")[1].split("</table>")[0]
    line = strip.split('<th scope="row">concept drift</th>')[1].split("</tr>")[0]
    assert re.findall(r'class="cell (\w+)"', line) == ["pass"] * 4 + ["fail"] * 2


def test_the_index_of_nothing_says_so():
    text = Page(render_index([])).text

    assert "No window has been looked at yet." in text


def test_the_index_of_many_windows_stays_a_page_and_counts_what_it_leaves_out():
    html = render_index(reviews.long_history(400))

    assert len(html.encode("utf-8")) < 600_000
    assert "older windows more are not shown." in Page(html).text


def test_a_gap_between_windows_is_drawn_as_one():
    history = reviews.long_history(40)

    html = render(history[-1], history=history)

    assert 'class="hole"' in html and 'class="change"' in html


def test_a_page_of_a_past_window_shows_nothing_that_came_later():
    year = reviews.year()

    text = Page(section(render(year[1], history=year), "performance")).text

    assert "Dec 2013" not in text and "May 2013" in text


def test_looks_at_the_service_between_windows_are_no_windows():
    review = reviews.stale()
    look = reviews.nothing().model_copy(update={"is_look": True})

    assert render(review, history=[look]) == render(review)
    assert file_name(look) not in render_index([review, look])


def test_reviews_of_the_same_window_are_drawn_once():
    review = reviews.stale()
    older = review.model_copy(update={"as_of": review.as_of - timedelta(days=1)})

    once, twice = render(review), render(review, history=[older, review])

    assert once == twice


def test_rendering_brings_in_no_heavy_library():
    code = (
        "import sys; import adapters.report.monitoring.page; "
        "heavy = {'matplotlib', 'sklearn', 'pandas', 'xgboost', 'zenml', 'mlflow', 'whylogs'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)

    assert done.stdout.strip() == "[]", done.stderr
