"""Agreement, distances and the parts where two versions differ most, against other ways."""

import json

import numpy as np
import pytest
from scipy import stats

from adapters.releasing.distributions import Comparing, distribution, kolmogorov_smirnov
from adapters.releasing.distributions_slices import Slicing, columns_of
from adapters.releasing.pairing import Compared
from adapters.releasing.pairing_sides import Pair
from lifecycle.serving.contract import Contract, Field
from lifecycle.task import Task
from tests.adapters.releasing.versions import a_project

COLUMNS = (
    Field(name="a b", type="category"),
    Field(name='q"uote', type="number"),
    Field(name="score", type="boolean"),
)


@pytest.mark.parametrize("seed", range(5))
def test_the_distance_is_that_of_scipy(seed) -> None:
    generator = np.random.default_rng(seed)
    one = generator.normal(size=200)
    other = generator.normal(0.3, 1.2, size=150)
    if seed > 2:
        one, other = one.round(1), other.round(1)

    assert kolmogorov_smirnov(one, other) == pytest.approx(stats.ks_2samp(one, other).statistic)


def test_a_last_digit_makes_no_distance_where_scores_have_few_values() -> None:
    one = np.repeat([0.1, 0.4, 0.9], 100)
    other = one * (1 + 1e-7)

    assert stats.ks_2samp(one, other).statistic > 0.3
    assert kolmogorov_smirnov(one, other) == 0


def test_scores_that_are_all_tiny_are_told_apart_all_the_same() -> None:
    one = np.linspace(1e-7, 2e-7, 100)

    assert kolmogorov_smirnov(one, one * 10) == 1
    assert kolmogorov_smirnov(one, one) == 0


def test_regression_is_within_a_part_of_the_champions_deviation() -> None:
    champion = np.array([0.0, 10.0, 20.0, 30.0])
    pairs = [
        Pair(c, c + d, d, None, None) for c, d in zip(champion, (5.5, 5.6, -5.5, 0), strict=True)
    ]
    found = Comparing(Compared(pairs, [b"{}"] * 4), Task.REGRESSION, tolerance=0.5)

    assert champion.std() * 0.5 == pytest.approx(5.59, abs=0.001)
    assert found.agrees.tolist() == [True, False, True, True]


def test_a_distribution_of_nothing_has_no_figures() -> None:
    found = distribution(np.zeros(0), [])

    assert (found.rows, found.mean, found.deciles, found.decisions) == (0, None, (), {})


def compared(differs, rows=2_000, seed=0):
    """Rows of which some are decided otherwise, by what they are."""
    generator = np.random.default_rng(seed)
    kinds = generator.choice(["x", "y", "zé"], rows, p=[0.6, 0.3, 0.1])
    numbers = generator.normal(size=rows)
    flags = generator.random(rows) < 0.5
    pairs, inputs = [], []
    for kind, number, flag in zip(kinds, numbers, flags, strict=True):
        other = generator.random() < differs(kind, number)
        pairs.append(Pair(0.2, 0.8 if other else 0.2, 0.6 * other, "no", "yes" if other else "no"))
        sent = {"a b": str(kind), 'q"uote': float(number), "score": bool(flag), "more": [1]}
        inputs.append(json.dumps(sent).encode())
    return Comparing(Compared(pairs, inputs), Task.BINARY, tolerance=0.5)


def test_a_part_in_which_they_differ_comes_first() -> None:
    found = Slicing(COLUMNS).worst(compared(lambda kind, _: 0.5 if kind == "zé" else 0.02))

    assert (found[0].column, found[0].value) == ("a b", "zé")
    assert 0.4 < found[0].agreement < 0.6
    assert found[0].difference == pytest.approx(0.6 * (1 - found[0].agreement))


def test_numbers_are_cut_into_quarters() -> None:
    found = Slicing(COLUMNS).worst(compared(lambda _, number: 0.3 if number > 0.675 else 0.01))

    assert found[0].column == 'q"uote'
    assert found[0].value.endswith(", ..)")
    assert abs(found[0].rows - 500) <= 1


def test_a_small_part_does_not_come_first_by_chance() -> None:
    """Of many parts of 30 rows some look bad; the one that is bad on 500 rows is the worst."""
    generator = np.random.default_rng(3)
    codes = np.concatenate([np.repeat(np.arange(60), 32), np.full(600, 99)])
    flips = generator.random(len(codes)) < np.where(codes == 99, 0.25, 0.15)
    pairs = [
        Pair(0.2, 0.8, 0.6, "no", "yes") if f else Pair(0.2, 0.2, 0, "no", "no") for f in flips
    ]
    inputs = [json.dumps({"a b": f"c{code}"}).encode() for code in codes]
    comparing = Comparing(Compared(pairs, inputs), Task.BINARY, tolerance=0.5)
    raw = [flips[codes == code].mean() for code in range(60)]

    assert max(raw) > flips[codes == 99].mean()
    assert Slicing(COLUMNS).worst(comparing)[0].value == "c99"


def test_where_nothing_differs_no_part_is_named() -> None:
    assert Slicing(COLUMNS).worst(compared(lambda *_: 0)) == ()


def test_parts_of_a_handful_of_rows_are_not_looked_at() -> None:
    found = Slicing(COLUMNS).worst(compared(lambda *_: 0.5, rows=120))

    assert found
    assert all(30 <= part.rows < 120 for part in found)
    assert not any(part.value == "zé" for part in found)


def test_declared_columns_come_first_and_masked_ones_never() -> None:
    fields = (
        Field(name="x", type="number"), Field(name="who", type="category", personal=True),
        Field(name="note", type="text"), Field(name="region", type="category", use="recorded"),
    )  # fmt: skip
    contract = Contract(project="p", label="y", task="binary", classes=("a", "b"), fields=fields)
    project = a_project(Task.BINARY, evaluation={"over": ["region", "who"]})

    assert [field.name for field in columns_of(contract, project)] == ["region", "x"]
