"""By which words a project is found."""

from pathlib import Path

import pytest

from commands.place import named
from lifecycle.errors import ProjectError


def test_a_project_is_named_by_its_folder_or_its_path(tmp_path: Path, root: Path) -> None:
    assert named("flights", tmp_path) == "flights"
    assert named(str(root / "projects" / "flights"), tmp_path) == "flights"


def test_a_name_something_was_deployed_under_is_enough(tmp_path: Path) -> None:
    (tmp_path / "access" / "elsewhere").mkdir(parents=True)

    assert named("elsewhere", tmp_path) == "elsewhere"


@pytest.mark.parametrize("word", ["nowhere", "..", ""])
def test_a_word_that_names_no_project_is_refused(tmp_path: Path, word: str) -> None:
    (tmp_path / "access" / "elsewhere").mkdir(parents=True)

    with pytest.raises(ProjectError, match="There is no"):
        named(word, tmp_path)
