"""The model card tells what the evidence holds, and says where it holds nothing."""

import re

import pytest
from markdown_it import MarkdownIt

from lifecycle.governance.card import model_card
from tests.lifecycle.governance import stories

SECTIONS = [
    "Intended use",
    "Data",
    "Evaluation",
    "Slices and fairness",
    "Caveats",
    "How it was made",
]
EVERY = [
    stories.binary,
    stories.refused,
    stories.stopped,
    stories.bare,
    stories.regression,
    stories.multiclass,
    stories.huge,
    stories.hostile,
    stories.degenerate,
]


@pytest.mark.parametrize("story", EVERY)
def test_every_card_has_the_same_sections(story):
    card = model_card(story())

    assert re.findall(r"^## (.*)$", card, re.MULTILINE) == SECTIONS


def test_figures_come_with_their_intervals():
    card = model_card(stories.binary())

    assert r"| log loss | 0.5132 \[0.5101, 0.5163\] | 95% |" in card
    assert (
        r"| champion (version 6) | log loss | 0.5132 | 0.5171 | +0.0039 \[+0.0028, +0.0050\] |"
        in card
    )
    assert "Version 7 of flights, registered as **challenger**." in card


def test_what_is_missing_is_not_stated():
    card = model_card(stories.bare())

    assert "- **Question**: not stated" in card
    assert "- **Code**: not stated" in card
    assert "not stated: the run ended before." in card


def test_a_refused_version_says_so():
    card = model_card(stories.refused())

    assert "**refused**, kept with its verdicts" in card
    assert "fail | 0.231 | 0.15 |" in card


def test_a_version_that_lost_its_role_is_not_called_refused():
    version = stories.refused().version

    card = model_card(stories.binary(version=version))

    assert "Version 8 of flights: registered, and no longer in any role." in card


def test_rows_that_were_also_trained_on_are_admitted():
    story = stories.binary(evaluation=stories.flights_evaluation(train_rows_in_test=12))

    assert "On 53,160 test rows, of which 12 were also trained on." in model_card(story)


def test_nothing_is_claimed_about_an_overlap_that_was_not_looked_for():
    story = stories.binary(evaluation=stories.flights_evaluation(train_rows_in_test=None))

    assert "whether any was also trained on is not stated" in model_card(story)


def test_values_of_the_data_do_not_become_structure():
    card = model_card(stories.hostile())

    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(card)
    tags = set(re.findall(r"<(\w+)", html))
    assert tags <= {"h1", "h2", "p", "ul", "li", "strong", "code", "table", "thead", "tbody",
                    "tr", "th", "td"}  # fmt: skip
    assert "href" not in html


def test_tables_keep_their_columns_whatever_the_values():
    card = model_card(stories.hostile())

    for table in re.findall(r"(?:^\|.*\|\n?)+", card, re.MULTILINE):
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in table.strip().splitlines()}
        assert len(widths) == 1


def test_a_card_stays_a_card_for_a_huge_run():
    card = model_card(stories.huge())

    assert len(card) < 40_000
    assert "480 more are in the report." in card
