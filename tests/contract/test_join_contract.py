"""Reference and kernels find the pairs that the definition names, whatever the method, threads and tasks."""

import _thread
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lookalike import join
from lookalike._native import PairStream, kernels  # the kernels are a must here: without them this fails

Triples = list[tuple[int, int, int]]
METHODS = ("auto", "brute", "bands")


@dataclass(frozen=True)
class Case:
    """A block and a radius."""

    block: NDArray[np.uint64]
    radius: int


@st.composite
def cases(draw: st.DrawFn, most_rows: int = 150) -> Case:
    """Draw random, clustered or skewed rows of 1 to 5 words, and a radius from none to every bit."""
    words = draw(st.sampled_from([1, 1, 2, 3, 4, 5]))
    size = 64 * words
    count = draw(st.integers(0, most_rows))
    radius = draw(st.one_of(st.integers(0, 16), st.sampled_from([31, 63, 64, 128, 192, 256]), st.integers(0, size)))
    generator = np.random.default_rng(draw(st.integers(0, 1 << 32)))
    kind = draw(st.sampled_from(["random", "clustered", "skewed", "dense"]))
    if kind == "random":
        block = generator.integers(0, 1 << 64, (count, words), dtype=np.uint64)
    elif kind == "clustered":
        centres = generator.integers(0, 1 << 64, (max(1, count // 6), words), dtype=np.uint64)
        block = centres[generator.integers(0, len(centres), count)]
        for _ in range(draw(st.integers(0, 12))):
            bit = generator.integers(0, size, count)
            block[np.arange(count), bit // 64] ^= np.uint64(1) << (bit % 64).astype(np.uint64)
    elif kind == "skewed":  # most bits alike, so that most rows share their buckets
        flips = generator.random((count, size)) < generator.random(size) ** 6
        block = np.packbits(flips, axis=1).view(np.uint64).reshape(count, words)
    else:  # consecutive numbers
        block = np.zeros((count, words), np.uint64)
        block[:, draw(st.integers(0, words - 1))] = np.arange(count, dtype=np.uint64)
    return Case(block, min(radius, size))


def by_definition(case: Case) -> Triples:
    """Return the pairs by plain Python integers."""
    values = [int.from_bytes(row.tobytes(), "little") for row in case.block]
    return [
        (i, j, distance)
        for i, value in enumerate(values)
        for j in range(i + 1, len(values))
        if (distance := (value ^ values[j]).bit_count()) <= case.radius
    ]


def triples(columns: tuple[NDArray[np.integer], ...]) -> Triples:
    left, right, distance = (column.tolist() for column in columns)
    return list(zip(left, right, distance, strict=True))


def native_parts(case: Case, kernel: str, *, method: str, threads: int, tasks: int, limit: int) -> list[Triples]:
    stream = PairStream(case.block, case.radius, threads, kernel, method, tasks)
    parts = []
    while (part := stream.next(limit)) is not None:
        assert [column.dtype for column in part] == [np.uint32, np.uint32, np.uint16]
        parts.append(triples(part))
    assert stream.next(limit) is None
    return parts


@pytest.mark.parametrize("kernel", join.KERNELS)
@given(case=cases())
@settings(deadline=None)
def test_near_pairs_are_those_of_the_definition(kernel: str, case: Case) -> None:
    expected = by_definition(case)
    assert triples(join.near_pairs(case.block, case.radius, kernel=kernel)) == expected
    parts = [triples(part) for part in join.iter_near_pairs(case.block, case.radius, kernel=kernel, limit=50)]
    assert all(len(part) <= 50 and part == sorted(part) for part in parts)
    assert sorted(triple for part in parts for triple in part) == expected


@pytest.mark.parametrize("kernel", join.KERNELS)
@given(case=cases())
@settings(deadline=None)
def test_distinct_pairs_are_those_of_the_definition(kernel: str, case: Case) -> None:
    distinct, _ = join.collapse(case.block)
    expected = by_definition(Case(distinct, case.radius))
    assert triples(join.distinct_pairs(distinct, case.radius, kernel=kernel, threads=2)) == expected


@pytest.mark.parametrize("kernel", kernels())
@pytest.mark.parametrize("method", METHODS)
@given(case=cases(), threads=st.integers(1, 3), tasks=st.sampled_from([1, 2, 30, 1000, 1 << 20]))
@settings(deadline=None, max_examples=60)
def test_every_method_and_task_size(kernel: str, method: str, case: Case, threads: int, tasks: int) -> None:
    parts = native_parts(case, kernel, method=method, threads=threads, tasks=tasks, limit=64)
    found = [triple for part in parts for triple in part]
    assert sorted(found) == by_definition(case)
    assert all(64 <= len(part) <= 64 + tasks for part in parts[:-1])


@st.composite
def crossings(draw: st.DrawFn) -> tuple[Case, NDArray[np.uint64]]:
    """Draw two blocks and a radius; the second holds rows of the first, some bits changed."""
    case = draw(cases(most_rows=60))
    generator = np.random.default_rng(draw(st.integers(0, 1 << 32)))
    count = draw(st.integers(0, 120)) if len(case.block) else 0
    queries = case.block[generator.integers(0, max(len(case.block), 1), count)].reshape(count, case.block.shape[1])
    for _ in range(draw(st.integers(0, 10))):
        bit = generator.integers(0, 64 * case.block.shape[1], count)
        queries[np.arange(count), bit // 64] ^= np.uint64(1) << (bit % 64).astype(np.uint64)
    return case, queries


def crossing_by_definition(case: Case, queries: NDArray[np.uint64]) -> Triples:
    rows, others = ([int.from_bytes(row.tobytes(), "little") for row in block] for block in (case.block, queries))
    return [
        (i, j, distance)
        for i, value in enumerate(rows)
        for j, other in enumerate(others)
        if (distance := (value ^ other).bit_count()) <= case.radius
    ]


@pytest.mark.parametrize("kernel", join.KERNELS)
@given(drawn=crossings(), limit=st.sampled_from([1, 40, 1 << 20]))
@settings(deadline=None)
def test_cross_pairs_are_those_of_the_definition(
    kernel: str, drawn: tuple[Case, NDArray[np.uint64]], limit: int
) -> None:
    case, queries = drawn
    parts = [
        triples(part) for part in join.stream_cross_pairs(case.block, queries, case.radius, kernel=kernel, limit=limit)
    ]
    assert all(part and part == sorted(part) for part in parts)
    assert sorted(triple for part in parts for triple in part) == crossing_by_definition(case, queries)


@pytest.mark.parametrize("kernel", kernels())
@pytest.mark.parametrize("method", METHODS)
@given(drawn=crossings(), threads=st.integers(1, 3), tasks=st.sampled_from([1, 30, 1 << 20]))
@settings(deadline=None, max_examples=40)
def test_every_method_of_crossing(
    kernel: str, method: str, drawn: tuple[Case, NDArray[np.uint64]], threads: int, tasks: int
) -> None:
    case, queries = drawn
    stream = PairStream(case.block, case.radius, threads, kernel, method, tasks, queries=queries)
    found = [triple for part in iter(lambda: stream.next(64), None) for triple in triples(part)]
    assert sorted(found) == crossing_by_definition(case, queries)


def test_large_crossings_go_by_bands() -> None:
    generator = np.random.default_rng(9)
    block = generator.integers(0, 1 << 64, (4_000, 1), dtype=np.uint64)
    queries = np.tile(block, (20, 1)) ^ np.uint64(0b1011 << 30)
    assert PairStream(block, 10, 1, "generic", queries=queries).bands != [([], 0)]
    for kernel in kernels():
        left, right, distance = (
            np.concatenate(column)
            for column in zip(*join.stream_cross_pairs(block, queries, 10, kernel=kernel), strict=True)
        )
        order = np.lexsort((right, left))
        assert np.array_equal(left[order], np.arange(4_000).repeat(20))
        assert np.array_equal(right[order] % 4_000, left[order])
        assert set(distance.tolist()) == {3}


def test_wrong_crossings() -> None:
    block = np.zeros((3, 1), np.uint64)
    with pytest.raises(ValueError, match="queries must have as many words as the block, 1, got 2"):
        join.stream_cross_pairs(block, np.zeros((3, 2), np.uint64), 1)
    with pytest.raises(ValueError, match="radius must be 0 to 64 bits for this block, got 65"):
        join.stream_cross_pairs(block, block, 65)
    with pytest.raises(ValueError, match="limit=0"):
        join.stream_cross_pairs(block, block, 1, limit=0)
    with pytest.raises(ValueError, match="without second hashes"):
        PairStream(block, 1, 1, "generic", second=block, queries=block)
    with pytest.raises(RuntimeError, match="pairs with queries can only be listed"):
        PairStream(block, 1, 1, "generic", queries=block).count()


@cache
def near_each_other(words: int, radius: int) -> list[tuple[NDArray[np.uint64], list[tuple[int, int]]]]:
    """Return blocks of some sizes, half of whose rows are near another, and the pairs that the definition names."""
    generator = np.random.default_rng(words)
    made = []
    for count in (60, 3_000, 12_000):
        block = generator.integers(0, 1 << 64, (count, words), dtype=np.uint64)
        flips = generator.integers(0, 1 << 64, (4, count // 2, words), dtype=np.uint64)
        block[: count // 2] = block[count // 2 : count // 2 * 2] ^ (flips[0] & flips[1] & flips[2] & flips[3])
        expected = [
            (i, j)
            for i in range(count)
            for j in (
                np.flatnonzero(np.bitwise_count(block[i + 1 :] ^ block[i]).sum(axis=1) <= radius) + i + 1
            ).tolist()
        ]
        made.append((block, expected))
    return made


@pytest.mark.parametrize("kernel", kernels())
@pytest.mark.parametrize(("words", "radius"), [(1, 8), (2, 16), (3, 20), (4, 31)])
def test_both_sides_of_the_brute_force_threshold(kernel: str, words: int, radius: int) -> None:
    chosen = set()
    for block, expected in near_each_other(words, radius):
        bands = PairStream(block, radius, 1, kernel).bands
        chosen.add(bands == [([], 0)])
        if bands != [([], 0)]:
            assert sum(flips + 1 for _, flips in bands) >= radius + 1
            numbers = [number for bits, _ in bands for number in bits]
            assert len(set(numbers)) == len(numbers)
        assert len(expected) > len(block) // 20
        left, right, _ = join.distinct_pairs(block, radius, kernel=kernel)
        assert list(zip(left.tolist(), right.tolist(), strict=True)) == expected
    assert chosen == {True, False}


def uneven(kind: str, rows: int, words: int = 1) -> NDArray[np.uint64]:
    """Distinct hashes whose bits are not those of a coin."""
    generator = np.random.default_rng(3)
    bits = np.empty((rows, 64 * words), np.bool_)
    for bit in range(64 * words):
        if kind == "chained":  # repeats its neighbour more often than not, in rows of 8
            flips = generator.random(rows) < (0.5 if bit % 8 == 0 else 0.3)
            bits[:, bit] = flips ^ (bits[:, bit - 1] if bit % 8 else False)
        elif kind == "skewed":  # a share of ones of its own
            bits[:, bit] = generator.random(rows) < 0.1 + 0.8 * bit / (64 * words - 1)
        elif kind == "constant":  # a half never changes
            bits[:, bit] = bit % 2 or generator.random(rows) < 0.5
        elif kind == "doubled":  # a half repeats the other
            bits[:, bit] = bits[:, bit - 32 * words] if bit >= 32 * words else generator.random(rows) < 0.5
        else:  # a third of the rows agree in one stretch
            bits[:, bit] = generator.random(rows) < 0.5
            bits[: rows // 3, bit] |= bit < 28
    return np.unique(np.packbits(bits, axis=1, bitorder="little").view(np.uint64), axis=0)


@pytest.mark.parametrize("kernel", kernels())
@pytest.mark.parametrize("kind", ["chained", "skewed", "constant", "doubled", "shared"])
@pytest.mark.parametrize(("words", "radius"), [(1, 6), (2, 20)])
def test_uneven_bits(kernel: str, kind: str, words: int, radius: int) -> None:
    block = uneven(kind, 6_000, words)
    flips = np.random.default_rng(4).random((len(block) // 3, 64 * words)) < 0.04
    copies = block[: len(flips)] ^ np.packbits(flips, axis=1, bitorder="little").view(np.uint64)
    case = Case(np.unique(np.concatenate([block, copies]), axis=0), radius)
    parts = {
        method: sorted(
            pair
            for part in native_parts(case, kernel, method=method, threads=2, tasks=1 << 16, limit=1 << 20)
            for pair in part
        )
        for method in ("bands", "brute")
    }
    assert len(parts["brute"]) > 1_000
    assert parts["bands"] == parts["brute"]


def test_bits_that_tell_nothing_are_in_no_band() -> None:
    block = uneven("constant", 20_000)
    bands = PairStream(block, 3, 1, "generic", "bands").bands
    assert bands[0][0]
    assert all(bit % 2 == 0 for bits, _ in bands for bit in bits)


def test_bits_that_go_together_are_in_several_bands() -> None:
    bands = PairStream(uneven("doubled", 20_000), 5, 1, "generic", "bands").bands
    assert len(bands) > 1
    for bits, _ in bands:
        assert not {bit + 32 for bit in bits} & set(bits)


def test_even_bands_of_uneven_bits() -> None:
    block = uneven("skewed", 50_000)
    shares = []
    for bits, flips in PairStream(block, 8, 1, "generic", "bands").bands:
        mask = np.uint64(sum(1 << bit for bit in bits))
        near = np.bitwise_count((block[:4_000] ^ block[-4_000:]) & mask) <= flips
        assert near.mean() < 0.2
        shares.append((len(bits), flips, near.mean()))
    alike = [share for width, flips, share in shares if (width, flips) == shares[0][:2]]
    assert max(alike) < 3 * min(alike)


@pytest.mark.parametrize("method", METHODS)
def test_threads_change_neither_order_nor_parts(method: str) -> None:
    generator = np.random.default_rng(5)
    block = np.unique(generator.integers(0, 1 << 13, 3_000, dtype=np.uint64))[:, np.newaxis]
    generator.shuffle(block)
    runs = [
        native_parts(Case(block, 3), kernels()[0], method=method, threads=threads, tasks=500, limit=5_000)
        for threads in (1, 2, 3, 3)
    ]
    assert len(runs[0]) > 10
    assert all(run == runs[0] for run in runs[1:])


def test_threads_change_nothing_for_the_caller() -> None:
    block = np.random.default_rng(6).integers(0, 1 << 12, 20_000, dtype=np.uint64)
    first, *others = (
        [triples(part) for part in join.iter_near_pairs(block, 1, threads=threads, limit=300_000)]
        for threads in (1, 2, 3)
    )
    assert len(first) > 2
    assert all(other == first for other in others)


@pytest.mark.parametrize("kernel", kernels())
@pytest.mark.parametrize("words", [1, 2, 3, 4])
def test_no_row_is_read_past_the_end(kernel: str, words: int) -> None:
    # Every length around the vector widths, against rows of zeros that a read past the end would find again.
    for count in range(2, 40):
        block = np.zeros((count, words), np.uint64)
        block[:, -1] = np.arange(count)
        parts = native_parts(Case(block, 64 * words), kernel, method="brute", threads=1, tasks=1 << 20, limit=1 << 20)
        assert len(parts[0]) == count * (count - 1) // 2


def test_wrong_arguments_of_the_native_class() -> None:
    block = np.zeros((3, 1), np.uint64)
    with pytest.raises(ValueError, match=", ".join(kernels()) + ", got 'sse'"):
        PairStream(block, 1, 1, "sse")
    with pytest.raises(ValueError, match="auto, brute, bands, got 'magic'"):
        PairStream(block, 1, 1, "generic", "magic")
    with pytest.raises(ValueError, match="at most 64 bits, got 65"):
        PairStream(block, 65, 1, "generic")
    with pytest.raises(ValueError, match="1 to 1023 words, got 0"):
        PairStream(np.zeros((3, 0), np.uint64), 0, 1, "generic")
    for wrong in (np.zeros((3, 1), np.int64), np.zeros(3, np.uint64), np.zeros((3, 4), np.uint64)[:, ::2]):
        with pytest.raises(TypeError):
            PairStream(wrong, 1, 1, "generic")  # type: ignore[arg-type]


def test_of_two_calls_at_once_one_waits_and_is_refused() -> None:
    block = np.arange(12_000, dtype=np.uint64)[:, np.newaxis]
    for second in (lambda stream: stream.count(), lambda stream: stream.components()):
        stream = PairStream(block, 0, 2, "generic", "brute")
        with ThreadPoolExecutor(2) as threads:
            calls = [threads.submit(stream.next, 1), threads.submit(second, stream)]
        failed = [call.exception() is not None for call in calls]
        assert sorted(failed) == [False, True]
        assert isinstance(calls[failed.index(True)].exception(), RuntimeError)


def test_distances_of_very_long_hashes() -> None:
    block = np.zeros((2, 1023), np.uint64)
    block[1] = ~block[0]
    assert triples(join.near_pairs(block, 64 * 1023)) == [(0, 1, 64 * 1023)]


def test_an_interrupt_ends_a_long_call() -> None:
    block = np.random.default_rng(0).integers(0, 1 << 64, (300_000, 1), dtype=np.uint64)
    stream = PairStream(block, 0, 2, "generic", "brute", 1 << 16)  # about a minute
    threading.Timer(0.2, _thread.interrupt_main).start()
    begin = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        stream.next(1)
    assert time.perf_counter() - begin < 10
    with pytest.raises(RuntimeError, match="failed before"):  # never the rest of an answer as if it were whole
        stream.next(1)


@pytest.mark.skipif(sys.platform != "linux", reason="limits its own address space")
@pytest.mark.parametrize("threads", [1, 3])
def test_too_little_memory_is_an_error(threads: int) -> None:
    code = f"""
import resource
import numpy as np
from lookalike._native import PairStream

stream = PairStream(np.arange(40_000, dtype=np.uint64)[:, np.newaxis], 64, {threads}, "generic", "brute")
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
try:
    stream.next(1 << 40)  # 800 million pairs of 12 bytes
except MemoryError:
    pass
else:
    raise SystemExit("no MemoryError")
try:
    stream.next(1)
except RuntimeError:
    pass
else:
    raise SystemExit("an answer after a failure")
"""
    subprocess.run([sys.executable, "-c", code], check=True)
