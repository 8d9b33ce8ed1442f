import importlib.util
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from lookalike import bits, join
from lookalike.join import pairs


def rows_of(*values: int) -> NDArray[np.uint64]:
    return np.array(values, np.uint64)


@pytest.mark.parametrize("words", [1, 2, 3, 4])
def test_collapse_sorts_and_restores(words: int) -> None:
    generator = np.random.default_rng(words)
    # Values from 0 to 2 make ties in every word.
    block = generator.integers(0, 3, (500, words), dtype=np.uint64)
    distinct, classes = join.collapse(block)
    assert distinct.dtype == np.uint64
    assert classes.dtype == np.int64
    assert distinct.tolist() == sorted({tuple(row): list(row) for row in block.tolist()}.values())
    assert np.array_equal(distinct[classes], block)


def test_collapse_of_nothing() -> None:
    distinct, classes = join.collapse(np.empty((0, 2), np.uint64))
    assert distinct.shape == (0, 2)
    assert classes.shape == (0,)


def test_radius_is_inclusive() -> None:
    block = rows_of(0, 0b111)
    assert [len(column) for column in join.near_pairs(block, 2)] == [0, 0, 0]
    assert [column.tolist() for column in join.near_pairs(block, 3)] == [[0], [1], [3]]


def test_row_numbers_are_those_of_the_callers_block() -> None:
    left, right, distance = join.near_pairs(rows_of(9, 1 << 60, 9, 8, 9), 1)
    assert list(zip(left.tolist(), right.tolist(), distance.tolist(), strict=True)) == [
        (0, 2, 0),
        (0, 3, 1),
        (0, 4, 0),
        (2, 3, 1),
        (2, 4, 0),
        (3, 4, 1),
    ]


@pytest.mark.parametrize("count", [0, 1])
@pytest.mark.parametrize("kernel", join.KERNELS)
def test_too_few_rows_for_a_pair(count: int, kernel: str) -> None:
    for block in (np.zeros(count, np.uint64), np.zeros((count, 3), np.uint64)):
        for find in (join.near_pairs, join.distinct_pairs):
            columns = find(block, 5, kernel=kernel)
            assert [(len(column), column.dtype.name) for column in columns] == [(0, "int64")] * 3
        assert not list(join.iter_near_pairs(block, 5, kernel=kernel))
        assert not list(join.stream_distinct_pairs(block, 5, kernel=kernel))


def test_rows_that_are_not_contiguous() -> None:
    wide = np.zeros((3, 4), np.uint64)
    wide[:, 0] = 1, 2, 3
    wide[:, 1] = 99
    assert join.near_pairs(wide[:, 0], 1)[2].tolist() == [1, 1]
    assert join.near_pairs(wide[:, ::2], 1)[2].tolist() == [1, 1]
    assert join.distinct_pairs(wide[::-1, 0], 1)[2].tolist() == [1, 1]


FINDERS = (join.near_pairs, join.iter_near_pairs, join.distinct_pairs, join.stream_distinct_pairs)


@pytest.mark.parametrize("find", FINDERS)
@pytest.mark.parametrize(
    ("block", "radius", "error", "message"),
    [
        ([1, 2], 1, TypeError, "array of uint64, got list"),
        (np.zeros(3, np.int64), 1, TypeError, "array of uint64, got int64"),
        (np.zeros(3, ">u8"), 1, TypeError, "array of uint64, got >u8"),
        (np.zeros((2, 2, 2), np.uint64), 1, ValueError, r"\(n,\) or \(n, words > 0\), got \(2, 2, 2\)"),
        (np.zeros((2, 0), np.uint64), 1, ValueError, r"got \(2, 0\)"),
        (np.zeros(3, np.uint64), -1, ValueError, "0 to 64 bits.*got -1"),
        (np.zeros((3, 2), np.uint64), 129, ValueError, "0 to 128 bits.*got 129"),
        (np.zeros(3, np.uint64), 1.5, TypeError, "integer"),
    ],
)
def test_wrong_arguments_fail_at_the_call(
    find: object, block: NDArray[np.uint64], radius: int, error: type[Exception], message: str
) -> None:
    assert callable(find)
    with pytest.raises(error, match=message):
        find(block, radius)


@pytest.mark.parametrize("find", FINDERS)
def test_wrong_options_fail_at_the_call(find: object) -> None:
    assert callable(find)
    with pytest.raises(ValueError, match=r"one of .*reference, got 'fastest'"):
        find(rows_of(1, 2), 1, kernel="fastest")
    with pytest.raises(ValueError, match="at least 1, got threads=0"):
        find(rows_of(1, 2), 1, threads=0)


@pytest.mark.parametrize("find", [join.iter_near_pairs, join.stream_distinct_pairs])
def test_limit_below_1(find: object) -> None:
    assert callable(find)
    with pytest.raises(ValueError, match=r"at least 1, got.* limit=0"):
        find(rows_of(1, 2), 1, limit=0)


@pytest.mark.parametrize("kernel", join.KERNELS)
@pytest.mark.parametrize("limit", [1, 7, 1000])
def test_parts_are_bounded_sorted_and_unique(kernel: str, limit: int) -> None:
    generator = np.random.default_rng(0)
    block = generator.integers(0, 40, 200, dtype=np.uint64)
    seen: set[tuple[int, int]] = set()
    for left, right, distance in join.iter_near_pairs(block, 2, kernel=kernel, limit=limit):
        pairs = list(zip(left.tolist(), right.tolist(), strict=True))
        assert 0 < len(pairs) <= limit
        assert pairs == sorted(set(pairs))
        assert seen.isdisjoint(pairs)
        seen.update(pairs)
        assert np.array_equal(distance, np.bitwise_count(block[left] ^ block[right]))
    whole = join.near_pairs(block, 2, kernel=kernel)
    assert sorted(seen) == list(zip(whole[0].tolist(), whole[1].tolist(), strict=True))


def test_a_value_repeated_20_000_times_streams_in_bounded_memory() -> None:
    count, limit = 20_000, 1 << 20
    block = np.concatenate([np.zeros(count, np.uint64), rows_of(1, 255)])
    tracemalloc.start()
    total, beside, last = 0, 0, -1
    for left, right, distance in join.iter_near_pairs(block, 1, limit=limit):
        assert len(left) <= limit
        within = distance == 0
        beside += int(np.count_nonzero(~within))
        key = (left * len(block) + right)[within]
        if len(key):
            assert key[0] > last
            assert (key[1:] > key[:-1]).all()
            last = int(key[-1])
        assert int(right.max()) <= count
        total += len(left)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total == count * (count - 1) // 2 + count  # and each of them once with the row of distance 1
    assert beside == count
    assert peak < 160 * limit  # all pairs at once would need 4.8 GB


def test_two_values_repeated_make_a_product() -> None:
    block = np.repeat(rows_of(0, 1), 300)
    parts = list(join.iter_near_pairs(block, 1, limit=1000))
    assert all(len(part[0]) <= 1000 for part in parts)
    assert sum(int((part[2] == 1).sum()) for part in parts) == 300 * 300
    assert sum(int((part[2] == 0).sum()) for part in parts) == 300 * 299


def test_50_000_rows_of_the_benchmark_equal_brute_force(monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path(__file__).parents[2] / "benchmarks" / "join.py"
    monkeypatch.syspath_prepend(path.parent)
    spec = importlib.util.spec_from_file_location("join_benchmark", path)
    assert spec is not None
    assert spec.loader is not None
    benchmark = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(benchmark)
    distinct, _ = join.collapse(benchmark.hashes(50_000, 64, "mixed"))
    values = distinct[:, 0]
    near = [np.flatnonzero(np.bitwise_count(values[i + 1 :] ^ value) <= 8) + i + 1 for i, value in enumerate(values)]
    left = np.repeat(np.arange(len(values)), [len(found) for found in near])
    right = np.concatenate(near)
    assert len(left) > 50_000
    found = join.distinct_pairs(distinct, 8)
    assert np.array_equal(found[0], left)
    assert np.array_equal(found[1], right)
    assert np.array_equal(found[2], bits.distance(distinct[left], distinct[right]))


def test_without_kernels_the_reference_works() -> None:
    code = (
        "import sys; sys.modules['lookalike._native'] = None\n"
        "import numpy as np\n"
        "from lookalike import join\n"
        "assert join.KERNELS == ('reference',), join.KERNELS\n"
        "assert join.near_pairs(np.array([5, 0, 5], np.uint64), 2)[2].tolist() == [2, 0, 2]\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("rows", [1 << 10, 1 << 31])  # those of 2**31 leave no room for the distance beside them
def test_pairs_of_a_part_are_in_order(rows: int) -> None:
    generator = np.random.default_rng(2)
    left = generator.integers(0, rows, 500)
    right = left + 1 + generator.integers(0, rows, 500)
    distance = generator.integers(0, 64, 500)
    expected = sorted(zip(left.tolist(), right.tolist(), distance.tolist(), strict=True))
    columns = pairs.in_order(left.astype(np.uint32), right.astype(np.uint32), distance.astype(np.uint16))
    assert all(column.dtype == np.int64 for column in columns)
    assert list(zip(*(column.tolist() for column in columns), strict=True)) == expected


@pytest.mark.parametrize("distance", [1, 2])
def test_pairs_of_rows_of_many_bits_are_sorted_too(distance: int) -> None:
    """Rows of 31 bits each and a distance of one bit fill a number; of two bits, they do not fit."""
    left, right = np.array([1 << 30, 1]), np.array([(1 << 30) + 5, 2])
    found = pairs.in_order(left, right, np.array([distance, 1]))
    assert [column.tolist() for column in found] == [[1, 1 << 30], [2, (1 << 30) + 5], [1, distance]]


def test_the_reference_asks_a_second_hash_too() -> None:
    random = np.random.default_rng(5)
    first, second = (join.collapse(random.integers(0, 1 << 6, (300, 1), np.uint64))[0] for _ in range(2))
    first = first[: (count := min(len(first), len(second)))]
    second = random.permutation(second[:count])
    found = join.near_pairs(first, 3, kernel="reference", second=(second, 2))
    near, too = (bits.distance(block[:, np.newaxis], block[np.newaxis]) for block in (first, second))
    left, right = np.nonzero(np.triu((near <= 3) & (too <= 2), 1))
    assert [column.tolist() for column in found] == [left.tolist(), right.tolist(), near[left, right].tolist()]
    assert 10 < len(left) < (near <= 3).sum() / 4


def test_a_part_may_be_one_pair() -> None:
    parts = list(join.iter_near_pairs(rows_of(5, 5, 5), 0, limit=1))
    assert [len(left) for left, _, _ in parts] == [1, 1, 1]
