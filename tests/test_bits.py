import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from lookalike import bits

sizes = st.integers(1, 300)


def matrix(count: int, size: int, seed: int) -> NDArray[np.bool_]:
    return np.random.default_rng(seed).random((count, size)) < 0.5


@pytest.mark.parametrize(("size", "expected"), [(1, 1), (63, 1), (64, 1), (65, 2), (128, 2), (129, 3), (256, 4)])
def test_words_round_up(size: int, expected: int) -> None:
    assert bits.words(size) == expected


def test_first_bit_is_the_most_significant_of_word_0() -> None:
    rows = np.zeros((3, 70), np.bool_)
    rows[0, 0] = rows[1, 63] = rows[2, 64] = True
    assert bits.pack(rows).tolist() == [[1 << 63, 0], [1, 0], [0, 1 << 63]]


def test_hex_reads_in_row_major_order() -> None:
    row = np.array([True, False, False, False, False, True, True, True] + [False] * 56)
    assert bits.to_hex(bits.to_int(bits.pack(row[np.newaxis])[0], 64), 64) == "87" + "0" * 14
    assert bits.to_hex(bits.to_int(bits.pack(np.ones((1, 10), np.bool_))[0], 10), 10) == "3ff"


@given(st.integers(0, 20), sizes, st.integers(0, 1 << 32))
def test_unpack_undoes_pack(count: int, size: int, seed: int) -> None:
    rows = matrix(count, size, seed)
    block = bits.pack(rows)
    assert block.dtype == np.uint64
    assert block.shape == (count, bits.words(size))
    assert block.flags.c_contiguous
    assert np.array_equal(bits.unpack(block, size), rows)


@given(st.integers(0, 20), sizes, st.integers(0, 1 << 32))
def test_from_bytes_undoes_to_bytes(count: int, size: int, seed: int) -> None:
    block = bits.pack(matrix(count, size, seed))
    assert np.array_equal(bits.from_bytes(bits.to_bytes(block), size), block)


@pytest.mark.parametrize("rows", [[b"1234567"], [b"12345678", b"9"], [b"123456789"]])
def test_from_bytes_refuses_another_length(rows: list[bytes]) -> None:
    with pytest.raises(ValueError, match="must have 8 bytes each"):
        bits.from_bytes(rows, 64)


@given(sizes, st.integers(0, 1 << 32))
def test_distance_is_a_metric_and_counts_unequal_bits(size: int, seed: int) -> None:
    rows = matrix(3, size, seed)
    block = bits.pack(rows)
    table = bits.distance(block[:, np.newaxis], block[np.newaxis])
    assert table.dtype == np.int64
    assert table.tolist() == [[int((one != other).sum()) for other in rows] for one in rows]
    assert table[0, 2] <= table[0, 1] + table[1, 2]


def test_distance_does_not_wrap_at_256_bits() -> None:
    zero = np.zeros((1, 8), np.uint64)
    assert bits.distance(zero, ~zero).tolist() == [512]


@pytest.mark.parametrize("balanced", [False, True])
@pytest.mark.parametrize("size", [2, 4, 6, 8, 10])
def test_chance_is_the_share_of_hashes_within_the_radius(size: int, balanced: bool) -> None:
    possible = [value for value in range(1 << size) if not balanced or value.bit_count() == size // 2]
    for radius in range(size + 2):
        near = sum((value ^ possible[0]).bit_count() <= radius for value in possible)
        assert bits.chance(size, radius, balanced=balanced) == pytest.approx(near / len(possible), rel=1e-12)


def test_chance_of_the_usual_hashes() -> None:
    assert bits.chance(64, 10, balanced=True) == pytest.approx(2.3e-8, rel=0.02)
    assert bits.chance(64, 14, balanced=True) == pytest.approx(6.6e-6, rel=0.02)
    assert 0 < bits.chance(256, 48, balanced=True) < bits.chance(256, 96) < 1
