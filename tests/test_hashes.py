"""phash against a slow one in plain Python integers, and against the usual float one."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image
from scipy.fft import dct as float_dct

from conftest import encode, scene
from lookalike import bits
from lookalike.decode import decode, turn
from lookalike.errors import UsageError
from lookalike.hashes import ALGORITHMS, algorithm, default_radius, hash_block
from lookalike.hashes import dct as dct_hashes
from lookalike.model import HashSpec

SIZES = (4, 8, 16)
COSINES = [
    [round(math.cos(math.pi * frequency * (2 * position + 1) / 128) * 4096) for position in range(64)]
    for frequency in range(16)
]


def slow_phash(luma: NDArray[np.uint8], size: int) -> list[bool]:
    """Return the bits of one thumbnail by the definition, in Python integers."""
    pixels = luma.tolist()
    across = [[sum(a * b for a, b in zip(COSINES[v], row, strict=True)) for v in range(size)] for row in pixels]
    values = [
        sum(COSINES[u][y] * across[y][v] for y in range(64)) for u in range(size) for v in range(size)
    ]  # u: vertical frequency
    ordered = sorted(values)
    middle = ordered[len(ordered) // 2 - 1] + ordered[len(ordered) // 2]
    return [2 * value > middle for value in values]


def usual_phash(picture: Image.Image) -> NDArray[np.bool_]:
    """Return what imagehash makes of the full picture: gray, 32x32, DCT, median."""
    small = np.asarray(picture.convert("L").resize((32, 32), Image.Resampling.LANCZOS), np.float64)
    low = float_dct(float_dct(small, axis=0), axis=1)[:8, :8]
    flat: NDArray[np.bool_] = (low > np.median(low)).ravel()
    return flat


def bits_of(luma: NDArray[np.uint8], size: int = 8) -> list[bool]:
    row: list[bool] = bits.unpack(hash_block(luma[np.newaxis], HashSpec(size=size)), size * size)[0].tolist()
    return row


lumas = st.one_of(
    arrays(np.uint8, (64, 64)),
    st.integers(0, 2**32).map(lambda seed: np.random.default_rng(seed).integers(0, 256, (64, 64), dtype=np.uint8)),
    st.integers(0, 500).map(lambda seed: np.asarray(scene(seed, 64, 64).convert("L"))),
)


@given(luma=lumas, size=st.sampled_from(SIZES))
@settings(deadline=None, max_examples=60)
def test_phash_is_the_slow_one_to_the_bit(luma: NDArray[np.uint8], size: int) -> None:
    assert bits_of(luma, size) == slow_phash(luma, size)


@pytest.mark.parametrize("level", [0, 1, 127, 255])
@pytest.mark.parametrize("size", SIZES)
def test_flat_pictures_give_the_slow_one_s_bits_too(level: int, size: int) -> None:
    flat = np.full((64, 64), level, np.uint8)
    assert bits_of(flat, size) == slow_phash(flat, size)


@given(st.lists(lumas, min_size=1, max_size=6), st.sampled_from(SIZES))
@settings(deadline=None, max_examples=30)
def test_a_block_is_its_pictures_one_by_one(pictures: list[NDArray[np.uint8]], size: int) -> None:
    block = hash_block(np.stack(pictures), HashSpec(size=size))
    single = [hash_block(picture[np.newaxis], HashSpec(size=size))[0] for picture in pictures]
    assert np.array_equal(block, np.stack(single))
    assert block.dtype == np.uint64
    assert block.shape == (len(pictures), bits.words(size * size))


@pytest.mark.parametrize(
    "count", [0, 1, dct_hashes.CHUNK - 1, dct_hashes.CHUNK, dct_hashes.CHUNK + 1, 2 * dct_hashes.CHUNK + 3]
)
def test_chunks_leave_no_seam(count: int) -> None:
    luma = np.random.default_rng(count).integers(0, 256, (count, 64, 64), dtype=np.uint8)
    block = hash_block(luma, HashSpec())
    assert block.shape == (count, 1)
    for at in {0, dct_hashes.CHUNK - 1, dct_hashes.CHUNK, count - 1} & set(range(count)):
        assert np.array_equal(block[at : at + 1], hash_block(luma[at : at + 1], HashSpec()))


def test_memory_order_makes_no_difference() -> None:
    luma = np.random.default_rng(0).integers(0, 256, (64, 64, 5), dtype=np.uint8)
    assert np.array_equal(
        hash_block(luma.transpose(2, 0, 1), HashSpec()),
        hash_block(np.ascontiguousarray(luma.transpose(2, 0, 1)), HashSpec()),
    )


@given(lumas, st.sampled_from(SIZES))
@settings(deadline=None, max_examples=40)
def test_at_most_half_of_the_bits_are_set(luma: NDArray[np.uint8], size: int) -> None:
    assert sum(bits_of(luma, size)) <= size * size // 2


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("size", [(480, 360), (360, 480), (150, 120)], ids=str)
def test_the_fast_hash_is_near_the_usual_one(seed: int, size: tuple[int, int]) -> None:
    picture = scene(seed, *size)
    ours = bits_of(decode(encode(picture, "PNG")).luma)
    assert int((usual_phash(picture) != np.array(ours)).sum()) <= 4


@pytest.mark.parametrize("seed", range(5))
def test_copies_lie_within_the_default_radius_and_others_do_not(seed: int) -> None:
    picture = scene(seed, 800, 600)
    own = np.array(bits_of(decode(encode(picture, "PNG")).luma))
    half, tiny = picture.resize((400, 300)), picture.resize((160, 120))
    for copy in (encode(picture, quality=40), encode(half), encode(tiny, "PNG"), encode(picture, "WEBP")):
        assert int((own != np.array(bits_of(decode(copy).luma))).sum()) <= default_radius(HashSpec())
    other = np.array(bits_of(decode(encode(scene(seed + 100, 800, 600))).luma))
    assert int((own != other).sum()) > default_radius(HashSpec())


def test_a_turned_picture_has_another_hash() -> None:
    luma = decode(encode(scene(1), "PNG")).luma
    turns = {tuple(bits_of(turn(luma, orientation))) for orientation in range(1, 9)}
    assert len(turns) == 8


@pytest.mark.parametrize("size", [1, 8, 16, 64])
def test_the_basis_is_integers_of_13_bits(size: int) -> None:
    rows = dct_hashes.basis(size)
    assert rows.shape == (size, 64)
    assert np.array_equal(rows, np.rint(rows))
    assert np.abs(rows).max() <= 4096
    assert [row[:] for row in rows.astype(int).tolist()[:16]] == COSINES[:size]


def test_an_unknown_algorithm_is_refused_with_the_names() -> None:
    for call in (lambda: algorithm("fhash"), lambda: default_radius(HashSpec("fhash"))):
        with pytest.raises(UsageError, match="'fhash'.*" + ", ".join(sorted(ALGORITHMS))):
            call()


@pytest.mark.parametrize("size", [0, 3, 7, 9, 65])
def test_an_unknown_size_is_refused_with_the_sizes(size: int) -> None:
    with pytest.raises(UsageError, match=rf"no size {size}: .*4, 8, 16"):
        default_radius(HashSpec(size=size))
    with pytest.raises(UsageError, match="4, 8, 16"):
        hash_block(np.zeros((1, 64, 64), np.uint8), HashSpec(size=size))


@pytest.mark.parametrize("name", sorted(ALGORITHMS))
def test_every_row_of_the_table_is_sound(name: str) -> None:
    row = algorithm(name)
    assert row.name == name
    for size, radius in row.radius.items():
        spec = HashSpec(name, size)
        assert default_radius(spec) == radius
        assert 0 <= radius <= spec.bits // 4
        assert row.bits(np.zeros((3, 64, 64), np.uint8), size).shape == (3, bits.words(spec.bits))


def test_distances_of_phash_are_even_for_pictures_without_ties() -> None:
    luma = np.random.default_rng(1).integers(0, 256, (40, 64, 64), dtype=np.uint8)
    block = hash_block(luma, HashSpec())
    assert set((bits.distance(block[:1], block) % 2).tolist()) == {0}
