"""Calibration, threshold, ensemble and family: each changes only where it clearly helps."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from lifecycle.modeling.blend import choose_weights
from lifecycle.modeling.calibration import Calibration, choose_calibration, fit_calibration
from lifecycle.modeling.declaration import Cost, CostThreshold, MetricThreshold
from lifecycle.modeling.families.family import OutOfTime
from lifecycle.modeling.losses import loss
from lifecycle.modeling.race import choose_family, find_contenders, find_likely
from lifecycle.modeling.threshold import choose_threshold
from lifecycle.modeling.trials import TrialRecord


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


def trial(number: int, family: str, *losses: float) -> TrialRecord:
    return TrialRecord(
        number=number,
        family=family,
        state="complete",
        params={},
        loss=float(np.mean(losses)),
        fold_losses=losses,
        seconds=1.0,
    )


STARTS = {"linear": 2, "xgboost": 4, "forest": 1}


def test_defaults_that_say_little_are_followed_by_a_second_start_whatever_their_loss() -> None:
    finished: list[TrialRecord] = []
    for number in range(4):
        name = choose_family(STARTS, finished, rows=600, seed=0)
        finished.append(trial(number, name, 0.1 if name == "linear" else 0.9))

    assert [one.family for one in finished] == ["linear", "xgboost", "forest", "xgboost"]


@pytest.mark.parametrize(("rows", "most"), [(1_000_000, 3), (100, 60)])
def test_a_family_far_behind_gets_hardly_any_trials_where_rows_are_many(
    rows: int, most: int
) -> None:
    losses = {"linear": 0.60, "forest": 0.52, "xgboost": 0.50}
    finished = [trial(n, name, losses[name]) for n, name in enumerate([*STARTS, *STARTS])]

    chosen = []
    for number in range(500):
        chosen.append(choose_family(STARTS, finished, rows=rows, seed=0))
        finished.append(trial(6 + number, "xgboost", 0.5))

    assert 0 <= chosen.count("linear") <= most
    assert chosen.count("xgboost") > (450 if rows > 1000 else 250)


def test_luck_does_not_replace_the_defaults_and_a_clear_gain_does() -> None:
    default = trial(0, "xgboost", 0.50, 0.40, 0.60)
    lucky = trial(4, "xgboost", 0.40, 0.42, 0.61)
    better = trial(5, "xgboost", 0.48, 0.385, 0.57)
    starts = {"xgboost": 1}

    assert find_contenders([default, lucky], starts)["xgboost"] == default
    assert find_contenders([default, better], starts)["xgboost"] == better


def test_the_best_family_sends_runners_up_and_the_others_one_trial_each() -> None:
    finished = [
        trial(0, "linear", 0.7, 0.7),
        trial(1, "linear", 0.6, 0.6),
        trial(2, "forest", 0.5, 0.5),
        *(trial(3 + n, "xgboost", 0.4 - n / 100, 0.4 - n / 100) for n in range(5)),
    ]

    found = find_contenders(finished, STARTS)

    assert list(found) == ["xgboost", "forest", "linear", "xgboost 2", "xgboost 3"]
    assert [one.number for one in found.values()] == [7, 2, 1, 6, 5]


def test_time_is_set_aside_for_those_near_the_best_only() -> None:
    contenders = {"xgboost": trial(1, "xgboost", 0.50), "forest": trial(2, "forest", 0.51)}

    found = find_likely({**contenders, "linear": trial(0, "linear", 0.53)})

    assert [one.number for one in found] == [1, 2]
    assert find_likely({}) == []


def test_weights_are_not_looked_for_when_time_is_over() -> None:
    labels, chances = draw(6)

    def check() -> None:
        raise OutOfTime

    with pytest.raises(OutOfTime):
        choose_weights("log_loss", labels, {"a": chances, "b": chances**2}, "a", check=check)
