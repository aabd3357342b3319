"""What is asked before a release begins."""

from pathlib import Path

import pytest

from adapters.releasing.beginning import require_address
from lifecycle.errors import ProjectError
from lifecycle.release.plan import Plan
from lifecycle.serving.declaration import Serving


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Give the state of a house where requests come to port 3711."""
    folder = tmp_path / "serving" / "shop" / "router"
    folder.mkdir(parents=True)
    plan = Plan(project="shop", host="127.0.0.1", port=3711)
    (folder / "plan.json").write_text(plan.model_dump_json())
    return tmp_path


def test_a_release_is_refused_that_would_move_the_port_away_from_who_asks(state: Path) -> None:
    with pytest.raises(ProjectError, match=r"come to 127.0.0.1, port 3711.*serving.port=3711"):
        require_address("shop", Serving(port=3000), state=state)
    with pytest.raises(ProjectError, match="does not move the address"):
        require_address("shop", Serving(port=3711, host="0.0.0.0"), state=state)


def test_a_release_at_the_address_of_the_present_is_not_refused(state: Path) -> None:
    require_address("shop", Serving(port=3711), state=state)
    require_address("nothing-answers", Serving(port=3000), state=state)
