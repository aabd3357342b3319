"""The page of a run: whole, safe, small, and true to its evidence."""

import re
import subprocess
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from adapters.report.page import render
from lifecycle.governance import figures
from lifecycle.governance.story import Story
from tests.adapters.report.parsing import Page, coordinates, drawings
from tests.lifecycle.governance import stories

ROOT = Path(__file__).parents[3]
PLAUSIBLE = [
    stories.binary,
    stories.refused,
    stories.stopped,
    stories.bare,
    stories.regression,
    stories.multiclass,
]
EXTREME = [stories.huge, stories.hostile, stories.degenerate]


@cache
def html_of(story: Callable[[], Story]) -> str:
    return render(story())


@cache
def page_of(story: Callable[[], Story]) -> Page:
    return Page(html_of(story))


def sections(html: str) -> list[str | None]:
    return [attrs.get("id") for tag, attrs in Page(html).elements if tag == "section"]


@pytest.mark.parametrize("story", PLAUSIBLE + EXTREME)
def test_every_element_is_closed_in_its_place(story: Callable[[], Story]):
    page = page_of(story)

    assert page.wrong == []
    assert page.open == []


@pytest.mark.parametrize("story", PLAUSIBLE + EXTREME)
def test_every_story_has_all_sections(story: Callable[[], Story]):
    assert sections(html_of(story)) == ["gates", "data", "training", "evaluation", "lineage"]


@pytest.mark.parametrize("story", PLAUSIBLE + EXTREME)
def test_the_page_asks_for_nothing_from_outside(story: Callable[[], Story]):
    html, page = html_of(story), page_of(story)

    links = {attrs[key] for _, attrs in page.elements for key in ("href", "src") if key in attrs}
    assert {link for link in links if link and not link.startswith(("#", "data:,"))} == set()
    style = html.split("<style>")[1].split("</style>")[0]
    assert "url(" not in style and "@import" not in style
    assert {"iframe", "object", "embed", "base", "form", "img", "script"}.isdisjoint(
        tag for tag, _ in page.elements
    )


@pytest.mark.parametrize("story", PLAUSIBLE + EXTREME)
def test_no_page_is_larger_than_five_megabytes(story: Callable[[], Story]):
    assert len(html_of(story).encode("utf-8")) < 1_500_000


@pytest.mark.parametrize("story", PLAUSIBLE + EXTREME)
def test_every_drawing_is_well_formed_and_has_a_name_or_is_decoration(story: Callable[[], Story]):
    for root in drawings(html_of(story)):
        assert root.get("aria-hidden") == "true" or root.findtext("title")


@pytest.mark.parametrize("story", PLAUSIBLE + EXTREME)
def test_no_coordinate_is_missing_or_infinite(story: Callable[[], Story]):
    written = coordinates(html_of(story))

    assert [value for value in written if re.search(r"nan|inf", value)] == []


@pytest.mark.parametrize("story", PLAUSIBLE)
def test_no_machine_words_reach_the_reader(story: Callable[[], Story]):
    words = re.findall(r"\b(?:None(?! of)|nan|NaN|inf|Undefined)\b", page_of(story).text)

    assert words == []


def test_values_of_the_data_stay_text():
    page = page_of(stories.hostile)

    for value in stories.HOSTILE[:6]:
        shown = re.sub(r"\s+", " ", figures.legible(value, 20))
        assert shown in page.text
    assert [key for _, attrs in page.elements for key in attrs if key.startswith("on")] == []
    assert "{{ 7 * 7 }}" in page.text


def test_values_of_the_data_cannot_steer_the_text_around_them():
    html = html_of(stories.hostile)

    assert html.encode("utf-8")
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", html)


def test_a_declaration_is_shown_line_by_line():
    html = html_of(stories.binary)

    assert stories.DECLARATION.strip() in html.split("<pre>")[1].split("</pre>")[0]


def test_a_registered_run_leads_with_its_version_and_figures():
    text = page_of(stories.binary).text

    head = text.split("What was asked of the candidate")[0]
    assert "Will this flight arrive more than 15 minutes late?" in head
    assert "Registered as challenger: flights 7" in head
    assert "0.5132 [0.5101, 0.5163]" in head
    assert "+0.0039 [+0.0028, +0.0050]" in head
    assert "69.9%" in head and "43.1%" in head


def test_a_refused_run_says_which_gates_refused_it_and_why():
    text = page_of(stories.refused).text

    head = text.split("What was asked of the candidate")[0]
    assert "Refused" in head and "2 of 9 gates said no. Kept as version 8" in head
    assert "is 0.231; at most 0.15 is wanted." in head
    assert "The test rows have no column sex." in head


def test_a_run_the_checks_stopped_shows_the_data_and_nothing_else():
    text = page_of(stories.stopped).text

    assert "Stopped at the data checks" in text
    assert "2 of 15 data checks said no" in text
    assert "arr_delay alone tells the label" in text
    assert "216,404" in text and "sched_dep_hour" in text
    assert "Nothing was trained." in text
    assert "before anything could be evaluated" in text


def test_a_run_stopped_before_the_description_shows_what_came():
    text = Page(render(stories.stopped().model_copy(update={"description": None}))).text

    assert "216,404" in text
    assert "The run ended before the data was described." in text


def test_refused_rows_are_counted_and_shown_with_their_place():
    text = page_of(stories.binary).text

    assert "3 rows refused" in text
    assert "weather.csv, line 1,204" in text
    assert "1 refused row more is not shown." in text


@pytest.mark.parametrize(
    "told",
    [
        "1,952 columns more are not shown",
        "9,851 trials more are not shown",
        "6,606 checks more are not shown",
        "2,900 gates more are not shown",
        "288 smaller classes not shown",
        "375 tables more are not shown",
        "480 metrics more are not shown",
        "800 packages more are not shown",
    ],
)
def test_a_huge_run_says_how_much_is_left_out(told: str):
    assert told in page_of(stories.huge).text


def test_nothing_is_left_out_where_more_is_shown_than_was_counted():
    assert "−" not in page_of(stories.hostile).text.split("row refused")[1].split("Checks")[0]


def test_many_gates_are_shown_blocking_ones_first():
    text = html_of(stories.huge).split('<section id="gates">')[1].split("</table>")[0]

    assert text.count('<tr class="fail">') == 100


def test_slices_of_two_metrics_are_not_mixed():
    story = stories.binary()
    assert story.evaluation
    other = [
        part.model_copy(update={"metric": "brier", "measured": 0.2})
        for part in story.evaluation.slices
    ]
    slices = (*other, *story.evaluation.slices)
    evaluation = story.evaluation.model_copy(update={"slices": slices})

    text = Page(render(story.model_copy(update={"evaluation": evaluation}))).text

    assert text.index("By log loss") < text.index("By Brier score")
    assert "all rows 0.513" in text and "all rows 0.169" in text


def test_outcomes_are_told_by_mark_and_word_and_not_by_colour_alone():
    text = page_of(stories.refused).text

    assert all(told in text for told in ("✓ pass", "! warn", "✕ fail", "? unknown"))


def colours(theme: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w]+): (#[0-9a-f]{6})", theme))


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in channels
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [0, 1])
@pytest.mark.parametrize(
    "name",
    ["ink", "soft", "c1", "c2", "c3", "c4", "c5", "c6", "pass", "warn", "fail", "unknown"],
)
def test_text_can_be_read_on_the_paper_of_both_themes(theme: int, name: str):
    style = (ROOT / "adapters/report/style.css").read_text("utf-8")
    found = colours(style.split(":root {")[theme + 1].split("}")[0])

    light, dark = sorted((luminance(found[name]), luminance(found["paper"])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_the_largest_page_costs_less_than_a_second_and_a_half():
    story = stories.huge()
    began = time.process_time()

    render(story)

    assert time.process_time() - began < 1.5


def test_rendering_brings_in_no_heavy_library():
    code = (
        "import sys; import adapters.report.page; heavy = {'matplotlib', 'sklearn', 'pandas', "
        "'scipy', 'xgboost', 'zenml', 'mlflow'}; print(sorted(heavy & set(sys.modules)))"
    )

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)

    assert done.stdout.strip() == "[]", done.stderr
