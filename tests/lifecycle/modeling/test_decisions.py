"""Calibration, threshold, ensemble and family: each changes only where it clearly helps."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from lifecycle.modeling.blend import choose_weights
from lifecycle.modeling.calibration import Calibration, choose_calibration, fit_calibration
from lifecycle.modeling.declaration import Cost, CostThreshold, MetricThreshold
from lifecycle.modeling.losses import loss
from lifecycle.modeling.race import choose_family
from lifecycle.modeling.threshold import choose_threshold


def draw(seed: int, rows: int = 6000) -> tuple[np.ndarray, np.ndarray]:
    """Give labels and the very probabilities they were drawn with."""
    generator = np.random.default_rng(seed)
    chances = 1 / (1 + np.exp(-generator.normal(-1, 1.5, rows)))
    return (generator.random(rows) < chances).astype(float), chances


def thirds(rows: int) -> list[np.ndarray]:
    return np.array_split(np.random.default_rng(0).permutation(rows), 3)


def sharpen(chances: np.ndarray, slope: float) -> np.ndarray:
    return 1 / (1 + np.exp(-slope * np.log(chances / (1 - chances))))


def test_overconfident_scores_are_corrected() -> None:
    labels, chances = draw(0)
    scores = sharpen(chances, 2.0)

    calibration = choose_calibration(labels, scores, thirds(len(labels)))

    assert calibration.slope == pytest.approx(0.5, abs=0.05)
    assert loss("log_loss", labels, calibration.apply(scores)) < loss("log_loss", labels, scores)


def test_right_probabilities_are_nearly_always_left_alone() -> None:
    kinds = [choose_calibration(*draw(seed, 1500), thirds(1500)).kind for seed in range(40)]

    assert kinds.count("none") >= 37


def test_a_correction_that_holds_in_one_stretch_only_is_not_made() -> None:
    labels, chances = draw(1)
    folds = np.array_split(np.arange(len(labels)), 3)
    scores = chances.copy()
    scores[folds[0]] = sharpen(chances[folds[0]], 1.6)
    scores[folds[1]] = sharpen(chances[folds[1]], 0.6)

    assert choose_calibration(labels, scores, folds).kind == "none"


def test_several_classes_are_corrected_together() -> None:
    generator = np.random.default_rng(0)
    power = generator.normal(size=(5000, 3))
    shares = np.exp(power) / np.exp(power).sum(axis=1, keepdims=True)
    labels = (shares.cumsum(axis=1) < generator.random((5000, 1))).sum(axis=1).astype(float)
    wrong = np.exp(2 * power + [0.5, 0, 0])
    wrong /= wrong.sum(axis=1, keepdims=True)

    corrected = fit_calibration(labels, wrong).apply(wrong)

    np.testing.assert_allclose(corrected.sum(axis=1), 1)
    assert np.abs(corrected - shares).mean() < 0.02


def test_no_calibration_changes_nothing() -> None:
    scores = np.array([0.0, 0.3, 1.0])

    assert Calibration(kind="none").apply(scores) is scores


def test_a_miss_that_costs_nine_times_as_much_is_decided_at_a_tenth() -> None:
    declared = CostThreshold(cost=Cost(false_positive=1, false_negative=9))

    threshold, reason = choose_threshold(declared, *draw(2))

    assert threshold == pytest.approx(0.1, abs=0.02)
    assert "9 a miss" in reason


def test_wrong_probabilities_give_way_to_the_costs_seen() -> None:
    labels, chances = draw(3)
    declared = CostThreshold(cost=Cost(false_positive=1, false_negative=9))

    threshold, reason = choose_threshold(declared, labels, chances / 4)

    assert threshold == pytest.approx(0.025, abs=0.015)
    assert reason.startswith("cheapest")


def test_the_threshold_for_f1_is_the_best_of_all() -> None:
    labels, chances = draw(4, 400)

    threshold, _ = choose_threshold(MetricThreshold(metric="f1"), labels, chances)

    every = [f1_score(labels, chances >= cut) for cut in np.unique(chances)]
    assert f1_score(labels, chances >= threshold) == pytest.approx(max(every))


def test_a_declared_number_is_the_threshold() -> None:
    assert choose_threshold(0.3, *draw(5)) == (0.3, "as declared")


def test_two_models_with_mistakes_of_their_own_are_averaged() -> None:
    labels, chances = draw(6)
    generator = np.random.default_rng(0)
    odds = np.log(chances / (1 - chances))
    one, other = (1 / (1 + np.exp(-odds - generator.normal(0, 1, 6000))) for _ in range(2))

    weights = choose_weights("log_loss", labels, {"linear": one, "xgboost": other}, "linear")

    assert weights["linear"] == pytest.approx(0.5, abs=0.1)
    assert sum(weights.values()) == pytest.approx(1)


def test_a_model_that_adds_nothing_is_left_out() -> None:
    labels, chances = draw(7)
    noise = np.random.default_rng(0).random(6000)

    assert choose_weights("log_loss", labels, {"a": chances, "b": noise}, "a") == {"a": 1.0}


def test_a_family_far_behind_gets_hardly_any_trials() -> None:
    best = {"linear": 0.60, "forest": 0.52, "xgboost": 0.50}

    turns = [choose_family(tuple(best), best, seed=0, turn=turn) for turn in range(500)]

    assert turns.count("linear") <= 2
    assert turns.count("xgboost") > 450
