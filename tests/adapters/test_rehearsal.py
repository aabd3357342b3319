"""What the smoke test makes of reasons."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.rehearsal import Rehearsal

TYPICAL: dict[str, Any] = {"score": 0.7, "reference_score": 0.7, "reasons": []}
MOVED = {"score": 0.7, "reference_score": 0.5, "reasons": [{"contribution": 0.2}]}
SILENT = {"score": 0.7, "reference_score": 0.5, "reasons": []}
WRONG = {"score": 0.7, "reference_score": 0.5, "reasons": [{"contribution": 0.3}]}


def fault(*answers: dict[str, Any]) -> str | None:
    """Say what the check finds where a service gives these answers, one after the other."""
    left = iter(answers)
    rehearsal = Rehearsal(
        url="http://service", credentials={}, events=Path(), version="1",
        contract=None, layout=None, candidate=None, holdout=None,  # type: ignore[arg-type]
    )  # fmt: skip
    rehearsal.__dict__["_rows"] = tuple((place, {}) for place in range(len(answers)))
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=next(left)))
    with httpx.Client(base_url="http://service", transport=transport) as client:
        return rehearsal._reasons(client)


@pytest.mark.parametrize("answers", [(MOVED,), (TYPICAL, MOVED), (TYPICAL, TYPICAL)])
def test_a_row_answered_as_the_typical_one_needs_no_reasons(
    answers: tuple[dict[str, Any], ...],
) -> None:
    assert fault(*answers) is None


@pytest.mark.parametrize("answers", [(SILENT,), (WRONG,), (TYPICAL, WRONG)])
def test_reasons_that_do_not_explain_the_score_are_a_fault(
    answers: tuple[dict[str, Any], ...],
) -> None:
    told = fault(*answers)

    assert told is not None
    assert "unexplained" in told
