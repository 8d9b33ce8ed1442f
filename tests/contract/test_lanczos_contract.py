"""The compiled resampling and transform against their references: equal on every input."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.hashes import dct, lanczos
from lookalike.kernels import IS_COMPILED, REFERENCE

pytestmark = pytest.mark.skipif(not IS_COMPILED, reason="no compiled kernels here")

SIDES = st.integers(1, 300) | st.sampled_from([1, 2, 63, 64, 65, 511, 512, 513])
LEVELS = st.sampled_from(["noise", "extremes", "flat"])


def levels(shape: tuple[int, ...], kind: str, seed: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    noise = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    return {"noise": noise, "extremes": noise // 128 * 255, "flat": np.full(shape, seed % 256, np.uint8)}[kind]


@given(SIDES, SIDES, st.sampled_from([1, 8]), st.sampled_from([1, 8, 9, 64]), LEVELS, st.integers(0, 999))
@settings(max_examples=200, deadline=None)
def test_shrink(width: int, height: int, unit: int, side: int, kind: str, seed: int) -> None:
    plane = levels((-(-height // unit), -(-width // unit)), kind, seed)
    made = lanczos.shrink(plane, (width, height), unit, side)
    assert np.array_equal(made, lanczos.shrink(plane, (width, height), unit, side, kernel=REFERENCE))


@pytest.mark.parametrize("extent", [(40_000, 3), (3, 40_000), (9_000, 9_001)])
def test_shrink_of_long_lines_whose_weights_are_not_kept(extent: tuple[int, int]) -> None:
    plane = levels((-(-extent[1] // 8), -(-extent[0] // 8)), "noise", 5)
    made = lanczos.shrink(plane, extent, 8, 64)
    assert np.array_equal(made, lanczos.shrink(plane, extent, 8, 64, kernel=REFERENCE))


def test_a_narrow_plane_takes_little_more_memory_than_its_samples_and_their_weights() -> None:
    pytest.importorskip("resource", reason="no such measure here")
    code = """
import resource, numpy as np
from lookalike.hashes import lanczos
plane = np.zeros((2_000_000, 1), np.uint8)
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
lanczos.shrink(plane[:100], (1, 100), 1, 64)
before = peak()
lanczos.shrink(plane, (1, 2_000_000), 1, 64)
print(peak() - before)
"""
    unit = 1 if sys.platform == "darwin" else 1024
    grown = unit * int(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
    assert grown < 80 << 20


@given(st.integers(0, 5), st.integers(1, 70), st.integers(1, 70), LEVELS, st.integers(0, 999))
@settings(max_examples=150, deadline=None)
def test_reduce(count: int, width: int, height: int, kind: str, seed: int) -> None:
    block = levels((count, 64, 64), kind, seed)
    made = lanczos.reduce(block, width, height)
    assert made.shape == (count, height, width)
    assert np.array_equal(made, lanczos.reduce(block, width, height, kernel=REFERENCE))


@given(st.integers(0, 5), st.integers(1, 64), LEVELS, st.integers(0, 999))
@settings(max_examples=100, deadline=None)
def test_low_frequencies(count: int, frequencies: int, kind: str, seed: int) -> None:
    block = levels((count, 64, 64), kind, seed)
    made = dct.low_frequencies(block, frequencies)
    assert np.array_equal(made, dct.low_frequencies(block, frequencies, kernel=REFERENCE))


def test_a_plane_that_is_not_contiguous() -> None:
    plane = levels((200, 200), "noise", 1)[::2, 1::3]
    assert np.array_equal(
        lanczos.shrink(plane, (67, 100), 1, 64), lanczos.shrink(plane, (67, 100), 1, 64, kernel=REFERENCE)
    )


def test_a_plane_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="one sample for each square"):
        lanczos.shrink(levels((10, 10), "noise", 1), (88, 80), 8, 64)
