"""`render` as it is called: which plan it takes, and what it refuses."""

from pathlib import Path

import pytest
import yaml

from adapters.gateway import GatewayError
from commands.rendering import render
from lifecycle.errors import ProjectError
from tests.adapters.gateway.plans import of_two


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "plan.json"
    path.write_text(of_two().model_dump_json())
    return path


def test_a_plan_in_a_file_is_printed_as_manifests(
    plan: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    render(plan=plan, namespace="models", gateway_class="mine", without=["spares"])

    printed = [*yaml.safe_load_all(capsys.readouterr().out)]
    assert [one["kind"] for one in printed[2:4]] == ["Gateway", "HTTPRoute"]
    assert printed[2]["spec"]["gatewayClassName"] == "mine"
    assert {one["metadata"]["namespace"] for one in printed} == {"models"}


def test_what_cannot_be_said_prints_nothing(plan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(GatewayError, match="--without spares"):
        render(plan=plan, namespace="models", gateway_class="eg", without=None)
    assert capsys.readouterr().out == ""


def test_without_a_file_something_has_to_be_deployed() -> None:
    with pytest.raises(ProjectError, match='Nothing of "flights" is deployed'):
        render(project="flights", plan=None, namespace="models", gateway_class="eg", without=None)


@pytest.mark.parametrize(
    ("content", "told"), [(None, "cannot be read"), ("{}", "is no plan"), ("[", "is no plan")]
)
def test_a_file_that_is_no_plan_is_refused(tmp_path: Path, content: str | None, told: str) -> None:
    path = tmp_path / "plan.json"
    if content is not None:
        path.write_text(content)

    with pytest.raises(ProjectError, match=told):
        render(plan=path, namespace="models", gateway_class="eg", without=None)
