"""What stretches of the training rows differ by anyway."""

import numpy as np
import pytest

from lifecycle.monitoring.drift.usual import usual
from lifecycle.monitoring.summary import Summaries
from tests.lifecycle.monitoring.drift.drawing import counted

RNG = np.random.default_rng(12)


def _stretches(means, rows=400):
    parts = [
        {"temp": RNG.normal(mean, 1, rows), "who": RNG.choice(["a", "b"], rows)} for mean in means
    ]
    whole = counted(
        {name: np.concatenate([part[name] for part in parts]) for name in ("temp", "who")}
    )
    return [counted(part, like=whole) for part in parts], whole


def test_columns_that_are_always_alike_are_usually_near():
    found = usual(*_stretches(np.zeros(40)))

    assert found["temp"] < 0.06
    assert found["who"] < 0.06


def test_a_season_is_usual():
    found = usual(*_stretches(np.sin(np.arange(52) / 52 * 2 * np.pi) * 2))

    assert 0.5 < found["temp"] < 0.8
    assert found["who"] < 0.06


def test_a_stretch_is_compared_with_the_others_and_not_with_itself():
    stretches, whole = _stretches([*np.zeros(7), 50.0])

    assert usual(stretches, whole)["temp"] == pytest.approx(1.0, abs=0.01)


def test_values_that_are_missing_for_days_are_usually_missing():
    parts = [{"gust": np.full(100, np.nan if day % 3 else 1.0)} for day in range(30)]
    whole = counted({"gust": np.concatenate([part["gust"] for part in parts])})

    found = usual([counted(part, like=whole) for part in parts], whole)

    assert found["missing gust"] == pytest.approx(20 / 29, abs=0.01)


def test_a_column_with_the_name_of_anothers_missing_share_has_its_own_distance():
    stretches, whole = _stretches(np.zeros(10))
    gaps = {"rows": lambda column: column.rows * 2, "missing": lambda column: column.rows}
    changes = {"temp": {"name": "missing who"}, "who": {}}
    renamed = [
        Summaries(
            columns=tuple(
                column.model_copy(
                    update=changes[column.name]
                    or {figure: change(column) for figure, change in gaps.items()}
                )
                for column in part.columns
            )
        )
        for part in (whole, *stretches)
    ]

    assert usual(renamed[1:], renamed[0])["missing who"] == usual(stretches, whole)["temp"]


def test_of_few_stretches_nothing_is_known():
    assert usual(*_stretches(np.zeros(7))) == {}
    assert usual([], Summaries()) == {}


def test_stretches_without_values_are_none():
    stretches, whole = _stretches(np.zeros(10))
    few = [counted({"temp": [0.1], "who": ["a"]}, like=whole)] * 5

    assert usual([*stretches[:7], *few], whole) == {}


def test_answers_are_not_asked_for_their_seasons():
    stretches, whole = _stretches(np.zeros(10))
    as_answers = [
        Summaries(
            columns=tuple(c.model_copy(update={"subject": "prediction"}) for c in part.columns)
        )
        for part in (whole, *stretches)
    ]

    assert usual(as_answers[1:], as_answers[0]) == {}
