"""Counting, connecting and searching: every kernel against the reference, and cliques whose pairs no memory would hold."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lookalike import join
from lookalike.join import KERNELS, REFERENCE

compiled = pytest.mark.skipif(len(KERNELS) == 1, reason="no compiled kernels here")


@st.composite
def blocks(draw: st.DrawFn, most: int = 120, words: int | None = None) -> NDArray[np.uint64]:
    """Few bits set, so that many rows are equal or near."""
    count = words or draw(st.sampled_from([1, 2, 4]))
    rows = draw(st.integers(0, most))
    random = np.random.default_rng(draw(st.integers(0, 10**6)))
    block = random.integers(0, 1 << 63, (rows, count), np.uint64)
    for _ in range(draw(st.integers(1, 4))):
        block &= random.integers(0, 1 << 63, (rows, count), np.uint64)
    return block


@pytest.mark.parametrize("kernel", KERNELS[:-1])
@pytest.mark.parametrize("threads", [1, 3])
@given(block=blocks(), radius=st.integers(0, 30))
@settings(deadline=None, max_examples=25)
def test_counts_and_components(kernel: str, threads: int, block: NDArray[np.uint64], radius: int) -> None:
    left, right, distance = join.near_pairs(block, radius, kernel=REFERENCE)
    counts = join.count_pairs(block, radius, kernel=kernel, threads=threads)
    assert counts.tolist() == np.bincount(distance, minlength=radius + 1).tolist()
    assert counts.tolist() == join.count_pairs(block, radius, kernel=REFERENCE).tolist()
    labels = join.components(block, radius, kernel=kernel, threads=threads)
    assert np.array_equal(labels, join.components(block, radius, kernel=REFERENCE))
    assert np.array_equal(labels[left], labels[right])
    assert np.array_equal(labels[labels], labels)
    assert (labels <= np.arange(len(block))).all()


@pytest.mark.parametrize("kernel", KERNELS[:-1])
@given(
    block=blocks(words=1), queries=blocks(most=9, words=1), radius=st.none() | st.integers(0, 64),
    limit=st.none() | st.integers(1, 12), threads=st.integers(1, 3),
)  # fmt: skip
@settings(deadline=None, max_examples=60)
def test_search(
    kernel: str, block: NDArray[np.uint64], queries: NDArray[np.uint64], radius: int | None, limit: int | None, threads: int
) -> None:  # fmt: skip
    if radius is None and limit is None:
        radius = 9
    found = join.search(block, queries, radius=radius, limit=limit, threads=threads, kernel=kernel)
    expected = join.search(block, queries, radius=radius, limit=limit, kernel=REFERENCE)
    assert all(np.array_equal(one, other) for one, other in zip(found, expected, strict=True))


@compiled
@pytest.mark.parametrize("words", [1, 4])
@pytest.mark.parametrize("limit", [None, 5])
def test_search_over_many_rows(words: int, limit: int | None) -> None:
    random = np.random.default_rng(7)
    block = random.integers(0, 1 << 63, (40_000, words), np.uint64)
    queries = block[random.integers(0, len(block), 30)] ^ np.uint64(5)
    found = join.search(block, queries, radius=24 * words, limit=limit, threads=3)
    expected = join.search(block, queries, radius=24 * words, limit=limit, kernel=REFERENCE)
    assert len(found[0]) > 30
    assert all(np.array_equal(one, other) for one, other in zip(found, expected, strict=True))


@pytest.mark.parametrize("kernel", KERNELS)
@given(block=blocks(words=1), seed=st.integers(0, 999), radius=st.integers(0, 20), other=st.integers(0, 40))
@settings(deadline=None, max_examples=40)
def test_second_hashes(kernel: str, block: NDArray[np.uint64], seed: int, radius: int, other: int) -> None:
    second = np.random.default_rng(seed).integers(0, 1 << 63, (len(block), 2), np.uint64)
    second[::3] = second[:1]  # equal ones among them
    left, right, distance = join.near_pairs(block, radius, kernel=kernel, second=(second, other))
    wide = join.near_pairs(block, radius, kernel=REFERENCE)
    apart = np.bitwise_count(second[wide[0]] ^ second[wide[1]]).sum(axis=1)
    keep = apart <= other
    assert all(np.array_equal(one, two[keep]) for one, two in zip((left, right, distance), wide, strict=True))


def test_a_second_block_of_another_length_is_refused() -> None:
    block = np.zeros(3, np.uint64)
    with pytest.raises(ValueError, match="as many as the first, 3, got 2"):
        join.near_pairs(block, 1, second=(block[:2], 1))


def clique(rows: int) -> NDArray[np.uint64]:
    """Distinct hashes, any two of which differ in at most 17 bits."""
    return np.arange(rows, dtype=np.uint64) | np.uint64(0xABCDEF << 40)


@compiled
def test_a_clique_needs_no_memory_for_its_pairs() -> None:
    block = clique(20_000)  # 2e8 pairs
    tracemalloc.start()
    counts = join.count_pairs(block, 17)
    labels = join.components(block, 17)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert counts.sum() == 20_000 * 19_999 // 2
    assert not labels.any()
    assert peak < 20 << 20


@compiled
def test_what_has_no_end_is_refused() -> None:
    block = clique(4)
    with pytest.raises(ValueError, match="a radius, a limit, or both"):
        join.search(block, block)
    with pytest.raises(ValueError, match="limit must be at least 1"):
        join.search(block, block, limit=0)
    with pytest.raises(ValueError, match="as many words as the block, 1, got 2"):
        join.search(block, np.zeros((1, 2), np.uint64), limit=1)
