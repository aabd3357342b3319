"""Training against test error, put into words."""

import pytest

from lifecycle.evaluation.diagnosis import diagnose
from lifecycle.evaluation.evidence import Comparison, Measure


def find(
    train,
    test,
    *,
    validation=None,
    guess=0.69,
    certain=True,
    train_rows=50_000,
    columns=20,
    width=0.01,
):
    measure = Measure(metric="log_loss", value=test, low=test - width, high=test + width, rows=1)
    gain = guess - test
    baseline = Comparison(
        against="majority", metric="log_loss", candidate=test, other=guess, gain=gain,
        low=gain - 0.01 if certain else gain - 1, high=gain + 0.01, confidence=0.95,
        probability_better=1, rows=1,
    )  # fmt: skip
    return diagnose(
        measure, train, validation, baseline, train_rows=train_rows, columns=columns
    ).finding


@pytest.mark.parametrize(
    ("finding", "figures"),
    [
        ("sound", {"train": 0.48, "test": 0.51, "validation": 0.51}),
        ("overfitting", {"train": 0.2, "test": 0.6, "validation": 0.58}),
        ("overfitting", {"train": 0.2, "test": 0.6}),
        ("shift", {"train": 0.3, "test": 0.6, "validation": 0.33}),
        ("underfitting", {"train": 0.685, "test": 0.686}),
        ("underfitting", {"train": 0.685, "test": 0.75}),
        ("too little data", {"train": 0.2, "test": 0.6, "train_rows": 150}),
        ("too little data", {"train": 0.5, "test": 0.6, "train_rows": 150, "certain": False}),
        ("sound", {"train": 0.5, "test": 0.6, "width": 0.2}),
    ],
)
def test_a_finding_follows_from_the_figures(finding, figures):
    assert find(**figures) == finding
