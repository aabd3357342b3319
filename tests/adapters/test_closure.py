from pathlib import Path

import pytest

from adapters.closure import code_below
from steps.caching import ROOMS, ROOT


@pytest.fixture
def house(tmp_path: Path) -> Path:
    files = {
        "steps/__init__.py": "",
        "steps/judge.py": "from lifecycle.rules import limits\nimport os\n",
        "lifecycle/__init__.py": "",
        "lifecycle/rules/__init__.py": "",
        "lifecycle/rules/limits.py": "def f():\n    from lifecycle import deep\n",
        "lifecycle/deep.py": "from lifecycle.rules import limits\n",
        "lifecycle/other.py": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_everything_imported_directly_or_not_is_below(house: Path) -> None:
    found = code_below(house / "steps/judge.py", root=house, rooms=("steps", "lifecycle"))

    assert found == (
        "lifecycle/__init__.py",
        "lifecycle/deep.py",
        "lifecycle/rules/__init__.py",
        "lifecycle/rules/limits.py",
        "steps/judge.py",
    )


def test_a_room_that_is_not_ours_is_not_followed(house: Path) -> None:
    found = code_below(house / "steps/judge.py", root=house, rooms=("steps",))

    assert found == ("steps/judge.py",)


def test_judging_rests_on_every_gate_and_not_on_the_sources() -> None:
    below = code_below(ROOT / "steps/judge.py", root=ROOT, rooms=ROOMS)

    assert {f"lifecycle/evaluation/gates/{gate}.py" for gate in ("metric", "champion")} <= {*below}
    assert not [path for path in below if path.startswith("adapters/sources/")]


def test_tuning_rests_on_every_family() -> None:
    below = code_below(ROOT / "steps/tune.py", root=ROOT, rooms=ROOMS)

    families = {path.name for path in (ROOT / "lifecycle/modeling/families").glob("*.py")}
    assert families <= {Path(path).name for path in below}


def test_the_report_rests_on_its_templates_and_judging_does_not() -> None:
    def templates(step: str) -> list[str]:
        below = code_below(ROOT / "steps" / step, root=ROOT, rooms=ROOMS)
        return [path for path in below if path.endswith((".j2", ".css"))]

    assert templates("report.py")
    assert templates("judge.py") == []
