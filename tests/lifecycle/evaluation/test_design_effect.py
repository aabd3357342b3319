import numpy as np
import pytest

from lifecycle.evaluation.answers import Answers
from lifecycle.evaluation.design_effect import residual_effect
from lifecycle.evaluation.resampling import Units
from lifecycle.task import Task


def _numbers(residuals: np.ndarray) -> Answers:
    zeros = np.zeros(len(residuals))
    return Answers(Task.REGRESSION, (), residuals, zeros, zeros)


@pytest.mark.parametrize("correlation", [0.0, 0.2])
def test_it_is_what_kish_says_of_equal_pieces(correlation):
    generator, pieces, each = np.random.default_rng(3), 800, 25
    codes = np.repeat(np.arange(pieces), each)
    shared = generator.normal(size=pieces)[codes] * np.sqrt(correlation)
    own = generator.normal(size=len(codes)) * np.sqrt(1 - correlation)

    found = residual_effect(_numbers(shared + own), Units("day", codes, pieces))

    assert found == pytest.approx(1 + (each - 1) * correlation, rel=0.15)


def test_pieces_that_cancel_do_not_promise_more_than_single_rows():
    codes = np.repeat(np.arange(50), 2)

    found = residual_effect(_numbers(np.tile([-1.0, 1.0], 50)), Units("day", codes, 50))

    assert found == 1.0


def test_no_residual_and_a_single_piece_tell_nothing():
    days = Units("day", np.repeat(np.arange(5), 2), 5)

    assert residual_effect(_numbers(np.zeros(10)), days) is None
    assert residual_effect(_numbers(np.ones(2)), Units("day", np.zeros(2, int), 1)) is None
