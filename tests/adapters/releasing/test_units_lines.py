from datetime import UTC, datetime

import numpy as np

from adapters.releasing.units_lines import Requests, Seen, hashes, key_of, microseconds, units

ONE, OTHER = "0123456789abcdef" * 2, "fedcba9876543210" * 2


def test_a_unit_has_the_same_name_whatever_stands_beside_it():
    alone, beside = units([ONE]), units([ONE, "ü", OTHER.upper(), ""])

    assert alone[0] == beside[0]
    assert len(set(beside.tolist())) == 4


def test_no_unit_and_no_text_is_called_nobody():
    assert units(["0" * 32]).tolist() == [4]
    assert 0 not in hashes(["", "a", "\ud800"])


def test_a_key_is_a_unit_and_its_side():
    names = units([ONE, OTHER])
    seen = Seen.of(key_of(names, np.array([1, 2], dtype=np.uint64)), np.array([5, 6]))

    assert dict(zip(seen.unit.tolist(), seen.side.tolist(), strict=True)) == {
        int(names[0]): 1, int(names[1]): 2
    }  # fmt: skip


def test_of_each_unit_and_side_the_first_moment_stays():
    key = np.array([8, 4, 8, 9], dtype=np.uint64)
    seen = Seen.of(key, np.array([30, 7, 20, 1]))

    assert (seen.key.tolist(), seen.at.tolist()) == ([4, 8, 9], [7, 20, 1])


def test_requests_nobody_made_are_nobodys():
    requests = Requests(hashes(["b", "a"]), np.array([4, 8], dtype=np.uint64)).sorted()

    assert requests.units_of(hashes(["a", "c", "b"])).tolist() == [8, 0, 4]


def test_moments_are_exact_to_the_microsecond():
    moments = [datetime(2026, 1, 1, 0, 0, 0, part, tzinfo=UTC) for part in (0, 1, 999_999)]

    assert np.diff(microseconds(moments)).tolist() == [1, 999_998]
