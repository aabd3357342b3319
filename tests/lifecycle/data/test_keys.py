import subprocess
import sys
from datetime import datetime

import numpy as np
import pyarrow as pa
import pytest

from lifecycle.data.keys import as_share, hash_rows, overlap
from lifecycle.errors import DataError
from tests.lifecycle.data.building import declare

WHOLE = pa.array([1, 20, None, -3, 2**40])


@pytest.mark.parametrize(
    "other",
    [
        WHOLE.cast(pa.float64()),
        WHOLE.cast(pa.string()),
        WHOLE.cast(pa.string()).dictionary_encode(),
        WHOLE.dictionary_encode(),
        WHOLE.cast(pa.decimal128(30, 2)),
        pa.chunked_array([WHOLE[:2], WHOLE[2:]]),
        pa.array(["1.0", " 20", None, "-3.0", "1099511627776"]),
        WHOLE.cast(pa.large_string()),
    ],
)
def test_the_same_key_hashes_alike_in_whatever_type_it_lies(other):
    expected = hash_rows(pa.table({"k": WHOLE}), ["k"])

    assert hash_rows(pa.table({"k": other}), ["k"]).tolist() == expected.tolist()


def test_fractions_truth_values_and_times_hash_alike_too():
    def hashes(values):
        return hash_rows(pa.table({"k": values}), ["k"]).tolist()

    noon = pa.array([datetime(2013, 1, 1, 12)], pa.timestamp("us"))
    assert hashes(pa.array([1.5, 0.1])) == hashes(pa.array(["1.5", "0.1"]))
    assert hashes(pa.array([True, False])) == hashes(pa.array(["true", "false"]))
    assert hashes(noon) == hashes(noon.cast(pa.timestamp("ns")))


@pytest.mark.parametrize("beside", ["1.5", "x", "9" * 30, "1.0e3"])
def test_a_long_number_as_text_hashes_alike_whatever_stands_beside_it(beside):
    number = 1_234_567_890_123_456_789

    text = hash_rows(pa.table({"k": [str(number), beside]}), ["k"])

    assert text[0] == hash_rows(pa.table({"k": [number]}), ["k"])[0]


def test_the_hash_does_not_depend_on_order_of_rows_or_columns():
    table = pa.table({"a": [1, 2, 3], "b": ["x", "y", None]})
    backwards = table.take([2, 1, 0]).select(["b", "a"])

    there = hash_rows(table, ["a", "b"])

    assert hash_rows(backwards, ["b", "a"])[::-1].tolist() == there.tolist()


def test_different_rows_hash_differently():
    table = pa.table({"a": list(range(100_000)), "b": [row % 7 for row in range(100_000)]})

    assert len(np.unique(hash_rows(table, ["a", "b"]))) == 100_000


def test_values_do_not_change_places_between_columns_unnoticed():
    one, other = pa.table({"a": [1], "b": [2]}), pa.table({"a": [2], "b": [1]})

    assert hash_rows(one, ["a", "b"]).tolist() != hash_rows(other, ["a", "b"]).tolist()


def test_shares_are_even():
    shares = as_share(hash_rows(pa.table({"k": list(range(50_000))}), ["k"]))

    counts = np.histogram(shares, bins=10, range=(0, 1))[0]
    assert abs(counts - 5_000).max() < 5 * np.sqrt(5_000)


def test_another_process_finds_the_same_hash():
    code = (
        "import pyarrow as pa; from lifecycle.data.keys import hash_rows;"
        "print(*hash_rows(pa.table({'k': ['UA 1545 \\N{AIRPLANE}', None, '7']}), ['k']))"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    here = hash_rows(pa.table({"k": ["UA 1545 \N{AIRPLANE}", None, "7"]}), ["k"])

    assert other.stdout.split() == [str(one) for one in here]


def test_the_hash_is_the_one_that_past_runs_have_stored():
    table = pa.table({"id": [1545], "at": ["JFK"], "x": [0.5], "none": pa.array([None], pa.int8())})

    assert hash_rows(table, table.column_names).tolist() == [16407366255016201790]


def test_test_rows_that_are_in_training_are_counted():
    train = pa.table({"id": [1, 2, 3], "y": ["a", "b", "a"]})
    test = pa.table({"id": [3, 4], "y": ["b", "b"]})

    assert overlap(train, test, declare(key=["id"])) == 1
    assert overlap(train, test, declare()) == 1
    assert overlap(train, test.slice(1), declare(key=["id"])) == 0


def test_a_key_column_that_is_missing_is_an_error_with_a_suggestion():
    table = pa.table({"flight_id": [1]})

    with pytest.raises(DataError, match='Did you mean "flight_id"'):
        overlap(table, table, declare(key=["flightid"]))
