"""The committed manifests are exactly what the committed plans render to."""

from pathlib import Path

import pytest
import yaml

from adapters.gateway import lacks, render, written
from adapters.gateway.lacking import WORDS
from lifecycle.release.plan import Plan
from tests.adapters.gateway.specification import read

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "gateway"
EXAMPLES = sorted(FOLDER.glob("examples/*.json"))


def test_there_are_examples_and_none_is_left_over() -> None:
    rendered = {path.stem for path in FOLDER.glob("examples/*.yaml")}

    assert {path.stem for path in EXAMPLES} == rendered == {"canary", "shadow", "test"}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_what_its_plan_renders_to(path: Path) -> None:
    plan = Plan.model_validate_json(path.read_bytes())
    manifests = render(plan, namespace="models", without={lack.word for lack in lacks(plan)})

    assert path.with_suffix(".yaml").read_text() == written(manifests)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_what_the_specification_takes(path: Path) -> None:
    manifests = [*yaml.safe_load_all(path.with_suffix(".yaml").read_text())]

    assert len([read(manifest) for manifest in manifests]) == len(manifests) >= 6


def test_every_word_of_what_cannot_be_said_is_told() -> None:
    told = (FOLDER / "README.md").read_text()

    assert [word for word in WORDS if f"| `{word}` |" not in told] == []
