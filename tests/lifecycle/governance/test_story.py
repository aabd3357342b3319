"""A story knows how it ended and what its label means."""

import pytest

from lifecycle.governance.story import Story
from tests.lifecycle.governance import stories


@pytest.mark.parametrize(
    ("story", "end"),
    [
        (stories.binary, "registered"),
        (stories.refused, "refused"),
        (stories.stopped, "stopped"),
        (stories.bare, "unfinished"),
    ],
)
def test_a_story_knows_its_end(story, end):
    assert story().end == end


def test_a_version_that_lost_its_role_was_still_registered():
    version = stories.refused().version

    assert stories.binary(version=version).end == "registered"


def test_blocking_checks_are_named_before_gates():
    assert [found.rule for found in stories.stopped().blocking] == [
        "leakage arr_delay",
        "types plane_year",
    ]


def test_the_positive_class_is_read_off_the_evaluation():
    assert stories.binary(positive=None).positive_class == "true"
    assert stories.multiclass().positive_class is None


def test_of_several_classes_the_most_frequent_is_shown():
    story = stories.multiclass()
    counts = story.description.label_counts

    assert story.shown_class == max(counts, key=lambda found: found.rows).value
    assert story.label_meaning == f"share where {story.label} is {story.shown_class}"


@pytest.mark.parametrize("story", [stories.binary, stories.stopped, stories.bare, stories.huge])
def test_a_story_survives_being_stored(story):
    kept = story()

    assert Story.model_validate_json(kept.model_dump_json()) == kept
