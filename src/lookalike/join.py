"""All pairs of hashes within a Hamming radius, exactly.

Equal hashes are collapsed first. The distinct ones go through a compiled kernel (``native/join.hpp``: multi-index
hashing with SIMD comparison, brute force where that is cheaper) or, as kernel "reference", through plain NumPy. Then
the pairs are spread over the equal rows again. Both ways find the same pairs: one contract test holds them to it.

A hash block is an array of uint64 with shape (n, words); shape (n,) is taken as one word per hash.
"""

import operator
from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from lookalike import bits

try:
    from lookalike._native import PairStream
    from lookalike._native import kernels as _native_kernels
except ModuleNotFoundError:  # installed without a compiler; a kernel that is there but broken still fails loudly
    _NATIVE: tuple[str, ...] = ()
else:
    _NATIVE = tuple(_native_kernels())

REFERENCE = "reference"
KERNELS = (*_NATIVE, REFERENCE)  # what can run here, best first
LIMIT = 1 << 22  # pairs in one part of a stream: 96 MB as int64

Block: TypeAlias = NDArray[np.uint64]
Column: TypeAlias = NDArray[np.int64]
Pairs: TypeAlias = tuple[Column, Column, Column]


def collapse(block: Block) -> tuple[Block, Column]:
    """Collapse equal hashes.

    Parameters
    ----------
    block : ndarray of uint64, shape (n, words) or (n,)
        A hash block.

    Returns
    -------
    distinct : ndarray of uint64, shape (d, words)
        The distinct rows, sorted, first word first.
    classes : ndarray of int64, shape (n,)
        The row of `distinct` that each row of `block` equals.

    Raises
    ------
    TypeError, ValueError
        If `block` is not a hash block.

    Examples
    --------
    >>> collapse(np.array([7, 2, 7], np.uint64))
    (array([[2],
           [7]], dtype=uint64), array([1, 0, 1]))
    """
    block = _checked_block(block)
    order = np.argsort(block[:, 0])
    if block.shape[1] > 1:  # equal first words are rare: only their rows are sorted by every word
        first = block[order, 0]
        tied = np.zeros(len(block) + 1, np.bool_)
        tied[1:-1] = first[1:] == first[:-1]
        at = np.flatnonzero(tied[1:] | tied[:-1])
        order[at] = order[at][np.lexsort(block[order[at]].T[::-1])]
    rows = block[order]
    fresh = np.zeros(len(rows), np.bool_)
    fresh[:1] = True
    for word in rows.T:
        fresh[1:] |= word[1:] != word[:-1]
    classes = np.empty(len(rows), np.int64)
    classes[order] = np.cumsum(fresh) - 1
    return rows[fresh], classes


def stream_distinct_pairs(
    distinct: Block, radius: int, *, threads: int | None = None, kernel: str | None = None, limit: int = LIMIT
) -> Iterator[Pairs]:
    """Find all pairs of distinct rows within a radius, in parts.

    Parameters
    ----------
    distinct : ndarray of uint64, shape (d, words) or (d,)
        Hashes without repetition, as `collapse` returns them. Must not change until the stream ends.
    radius : int
        Greatest distance in bits, inclusive; 0 to 64 * words.
    threads : int, optional
        Number of threads, at least 1; None means one per usable core. It changes no result.
    kernel : str, optional
        One of `KERNELS`; None means the first of them. It changes no set of pairs, but where parts end.
    limit : int
        About the most pairs of a part: a compiled kernel exceeds it by at most 2**20.

    Yields
    ------
    left, right, distance : ndarray of int64, shape (k,)
        Row numbers, left < right, and distance in bits. A part is never empty and is sorted by (left, right); all
        parts together are unique. The parts follow the order of the kernel's work, the same on every run.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described.

    Examples
    --------
    >>> [len(left) for left, right, distance in stream_distinct_pairs(np.arange(4, dtype=np.uint64), 1)]
    [4]
    """
    distinct, radius = _checked(distinct, radius)
    name = KERNELS[0] if kernel is None else kernel
    if name not in KERNELS:
        raise ValueError(f"kernel must be one of {', '.join(KERNELS)}, got {kernel!r}")
    if threads is not None and threads < 1:
        raise ValueError(f"threads must be at least 1 or None, got {threads}")
    if limit < 1:
        raise ValueError(f"limit must be at least 1 pair, got {limit}")
    if name == REFERENCE:
        return _reference(distinct, radius, limit)
    return _native(PairStream(distinct, radius, threads or 0, name), limit)


def distinct_pairs(distinct: Block, radius: int, *, threads: int | None = None, kernel: str | None = None) -> Pairs:
    """Find all pairs of distinct rows within a radius.

    Parameters
    ----------
    distinct, radius, threads, kernel
        As in `stream_distinct_pairs`.

    Returns
    -------
    left, right, distance : ndarray of int64, shape (k,)
        Row numbers, left < right, and distance in bits; sorted by (left, right), unique.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described.

    Examples
    --------
    >>> distinct_pairs(np.array([[0], [1], [7]], np.uint64), 2)
    (array([0, 1]), array([1, 2]), array([1, 2]))
    """
    return _joined(stream_distinct_pairs(distinct, radius, threads=threads, kernel=kernel))


def iter_near_pairs(
    block: Block, radius: int, *, threads: int | None = None, kernel: str | None = None, limit: int = LIMIT
) -> Iterator[Pairs]:
    """Find all pairs of rows within a radius, in parts of bounded size however often a hash is repeated.

    Parameters
    ----------
    block : ndarray of uint64, shape (n, words) or (n,)
        A hash block; rows may be equal. Must not change until the stream ends.
    radius, threads, kernel
        As in `stream_distinct_pairs`.
    limit : int
        The most pairs of a part.

    Yields
    ------
    left, right, distance : ndarray of int64, shape (k,)
        Row numbers of `block`, left < right, and distance in bits. A part is never empty and is sorted by
        (left, right); all parts together are unique and come in the same order on every run.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described.

    Examples
    --------
    >>> [len(left) for left, right, distance in iter_near_pairs(np.zeros(5, np.uint64), 0, limit=4)]
    [4, 4, 2]
    """
    block, radius = _checked(block, radius)
    distinct, classes = collapse(block)
    parts = stream_distinct_pairs(distinct, radius, threads=threads, kernel=kernel, limit=limit)
    return _spread(parts, classes, len(distinct), limit)


def near_pairs(block: Block, radius: int, *, threads: int | None = None, kernel: str | None = None) -> Pairs:
    """Find all pairs of rows within a radius.

    A hash repeated k times makes k * (k - 1) / 2 pairs; where they may not fit in memory, use `iter_near_pairs`.

    Parameters
    ----------
    block, radius, threads, kernel
        As in `iter_near_pairs`.

    Returns
    -------
    left, right, distance : ndarray of int64, shape (k,)
        Row numbers of `block`, left < right, and distance in bits; sorted by (left, right), unique.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described.

    Examples
    --------
    >>> near_pairs(np.array([5, 0, 5, 4], np.uint64), radius=1)
    (array([0, 0, 1, 2]), array([2, 3, 3, 3]), array([0, 1, 1, 1]))
    """
    return _joined(iter_near_pairs(block, radius, threads=threads, kernel=kernel))


def _checked_block(block: Block) -> Block:
    if not isinstance(block, np.ndarray) or block.dtype != np.uint64:
        raise TypeError(f"a hash block must be an array of uint64, got {getattr(block, 'dtype', type(block).__name__)}")
    if block.ndim == 1:
        block = block[:, np.newaxis]
    if block.ndim != 2 or block.shape[1] == 0:
        raise ValueError(f"a hash block must have the shape (n,) or (n, words), words at least 1, got {block.shape}")
    return np.ascontiguousarray(block)


def _checked(block: Block, radius: int) -> tuple[Block, int]:
    block = _checked_block(block)
    most = bits.WORD * block.shape[1]
    radius = operator.index(radius)
    if not 0 <= radius <= most:
        raise ValueError(f"radius must be 0 to {most} bits for this block, got {radius}")
    return block, radius


def _native(stream: "PairStream", limit: int) -> Iterator[Pairs]:
    while (part := stream.next(limit)) is not None:
        yield _sorted(*(column.astype(np.int64) for column in part))


def _reference(distinct: Block, radius: int, limit: int) -> Iterator[Pairs]:
    step = max(1, limit // max(1, len(distinct)))
    for begin in range(0, len(distinct), step):
        found = bits.distance(distinct[begin : begin + step, np.newaxis], distinct[np.newaxis, begin:])
        left, right = np.nonzero(np.triu(found <= radius, 1))
        if len(left):
            yield left + begin, right + begin, found[left, right]


def _spread(parts: Iterator[Pairs], classes: Column, count: int, limit: int) -> Iterator[Pairs]:
    """Turn pairs of classes, and the classes themselves, into pairs of rows."""
    rows = np.argsort(classes, kind="stable")  # class by class, ascending in each
    size = np.bincount(classes, minlength=count)
    end = np.cumsum(size)
    start = end - size
    # Within a class each row meets those after it; between two classes all rows meet.
    here = np.flatnonzero(end[classes[rows]] - np.arange(len(rows)) > 1)
    after = end[classes[rows[here]]] - here - 1
    zeros = np.zeros_like(here)
    yield from _products(rows, (here, zeros + 1), (here + 1, after), zeros, limit)
    for left, right, distance in parts:
        yield from _products(rows, (start[left], size[left]), (start[right], size[right]), distance, limit)


def _products(
    rows: Column, left: tuple[Column, Column], right: tuple[Column, Column], distance: Column, limit: int
) -> Iterator[Pairs]:
    """Pair each range (start, size) of `rows` in `left` with its range in `right`, at most `limit` pairs at a time."""
    area = left[1] * right[1]
    end = np.cumsum(area)  # the pairs of all products stand in one line, and each part is a stretch of it
    start = end - area
    total = int(end[-1]) if len(end) else 0
    for begin in range(0, total, limit):
        stop = min(begin + limit, total)
        some = np.arange(np.searchsorted(end, begin, "right"), np.searchsorted(end, stop, "left") + 1)
        which = np.repeat(some, np.minimum(end[some], stop) - np.maximum(start[some], begin))
        i, j = np.divmod(np.arange(begin, stop) - start[which], right[1][which])
        one, other = rows[left[0][which] + i], rows[right[0][which] + j]
        yield _sorted(np.minimum(one, other), np.maximum(one, other), distance[which])


def _sorted(left: Column, right: Column, distance: Column) -> Pairs:
    # Row numbers are under 2**32, so one key orders a pair; a stable sort is quick where parts are sorted already.
    key = left.astype(np.uint64) << np.uint64(32) | right.astype(np.uint64)
    order = np.argsort(key, kind="stable")
    return left[order], right[order], distance[order]


def _joined(parts: Iterator[Pairs]) -> Pairs:
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    if not columns:
        empty = np.empty(0, np.int64)
        return empty, empty.copy(), empty.copy()
    return _sorted(*columns)
