"""Whether an answer's reasons explain its score."""

from typing import Any

import pytest

from lifecycle.serving.asking import unexplained


def answer(score: Any, reference: float, *contributions: float, **more: Any) -> dict[str, Any]:
    reasons = [{"contribution": contribution} for contribution in contributions]
    return {"score": score, "reference_score": reference, "reasons": reasons, **more}


@pytest.mark.parametrize(
    ("told", "share"),
    [
        (answer(0.7, 0.7), 0.0),  # as the typical row is answered: nothing to explain
        (answer(0.7, 0.5, 0.3, -0.1), 0.0),
        (answer(0.7, 0.5), 2 / 7),
        (answer(3e-6, 1e-6, 1e-6), 1 / 3),  # no label is too small for a fault to be seen
        (answer(3e9, 1e9, 1e9), 1 / 3),
        (answer({"a": 0.6, "b": 0.4}, 0.1, 0.5, decision="a"), 0.0),
        (answer(0.0, 0.0), 0.0),
    ],
)
def test_what_reasons_leave_unexplained_is_a_share_of_what_they_explain(
    told: dict[str, Any], share: float
) -> None:
    assert unexplained(told) == pytest.approx(share, abs=1e-12)


def test_an_answer_without_reasons_is_told_apart_from_one_with_none() -> None:
    with pytest.raises(KeyError):
        unexplained({"score": 0.5, "reference_score": 0.5})
