"""All pairs of hashes within a Hamming radius, exactly.

Equal hashes are collapsed; the distinct ones go through a compiled kernel (``native/join.hpp``: multi-index
hashing, SIMD comparison) or, as kernel "reference", through plain NumPy; then the pairs are spread over equal
rows again. A hash block is an array of uint64 with shape (n, words); (n,) is taken as one word per hash.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lookalike import bits
from lookalike.join.arguments import LIMIT, Block, Column, Pairs, checked_block, checked_kernel
from lookalike.kernels import IS_COMPILED, REFERENCE

if IS_COMPILED:
    from lookalike._native import PairStream


def collapse(block: Block) -> tuple[Block, Column]:
    """Collapse equal hashes.

    Parameters
    ----------
    block : ndarray of uint64, shape (n, words) or (n,)
        Hashes.

    Returns
    -------
    distinct : ndarray of uint64, shape (d, words)
        The distinct rows, sorted, first word first.
    classes : ndarray of int64, shape (n,)
        The row of `distinct` that each row of `block` equals.

    Raises
    ------
    TypeError, ValueError
        If `block` is not of that type, or not of that shape.

    Examples
    --------
    >>> collapse(np.array([7, 2, 7], np.uint64))[1]
    array([1, 0, 1])
    """
    block, _ = checked_block(block, 0)
    order = np.argsort(block[:, 0])
    rows = block[order]
    if block.shape[1] > 1:  # equal first words are rare: only their rows are sorted by every word
        tied = np.zeros(len(rows) + 1, np.bool_)
        tied[1:-1] = rows[1:, 0] == rows[:-1, 0]
        at = np.flatnonzero(tied[1:] | tied[:-1])
        order[at] = order[at][np.lexsort(rows[at].T[::-1])]
        rows = block[order]
    fresh = np.ones(len(rows), np.bool_)
    fresh[1:] = np.logical_or.reduce([word[1:] != word[:-1] for word in rows.T])
    classes = np.empty(len(rows), np.int64)
    classes[order] = np.cumsum(fresh) - 1
    return rows[fresh], classes


def stream_distinct_pairs(
    distinct: Block,
    radius: int,
    *,
    threads: int | None = None,
    kernel: str | None = None,
    limit: int = LIMIT,
    second: tuple[Block, int] | None = None,
) -> Iterator[Pairs]:
    """Find all pairs of distinct rows within a radius, in parts.

    Parameters
    ----------
    distinct : ndarray of uint64, shape (d, words) or (d,)
        Hashes without repetition, as from `collapse`. Must not change until the stream ends.
    radius : int
        Greatest distance in bits, inclusive; 0 to 64 * words.
    threads : int, optional
        At least 1; None means one per usable core. The number changes nothing in the answer.
    kernel : str, optional
        One of `KERNELS`; None means the first. It changes where parts end, not which pairs are found.
    limit : int
        About the most pairs of a part; one task of a kernel, at most 2**20 pairs, may come on top.
    second : tuple of (ndarray of uint64, int), optional
        Other hashes of the same rows, and the greatest distance these may have too.

    Returns
    -------
    iterator of (left, right, distance), each ndarray of int64, shape (k,)
        Row numbers, left < right, and distance in bits. A part is never empty and is sorted by (left, right);
        no pair comes twice. The parts come in the order of the kernel's work, the same in every run.

    Raises
    ------
    TypeError, ValueError
        At the call, if an argument is not as described.

    Examples
    --------
    >>> [len(left) for left, right, distance in stream_distinct_pairs(np.arange(4, dtype=np.uint64), 1)]
    [4]
    """
    distinct, radius = checked_block(distinct, radius)
    name = checked_kernel(kernel, threads, limit)
    other, other_radius = (None, 0) if second is None else checked_block(*second)
    if other is not None and len(other) != len(distinct):
        raise ValueError(f"second hashes must be as many as the first, {len(distinct)}, got {len(other)}")
    if name == REFERENCE:
        return _reference(distinct, radius, limit, other, other_radius)
    stream = PairStream(distinct, radius, threads or 0, name, second=other, second_radius=other_radius)
    return (in_order(*part) for part in iter(lambda: stream.next(limit), None))


def distinct_pairs(distinct: Block, radius: int, *, threads: int | None = None, kernel: str | None = None) -> Pairs:
    """Find all pairs of distinct rows within a radius.

    Parameters
    ----------
    distinct, radius, threads, kernel
        As for `stream_distinct_pairs`.

    Returns
    -------
    left, right, distance : ndarray of int64, shape (k,)
        Row numbers, left < right, and distance in bits; sorted by (left, right), no pair twice.

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
    block: Block,
    radius: int,
    *,
    threads: int | None = None,
    kernel: str | None = None,
    limit: int = LIMIT,
    second: tuple[Block, int] | None = None,
) -> Iterator[Pairs]:
    """Find all pairs of rows within a radius, in parts of bounded size however often a hash is repeated.

    Parameters
    ----------
    block : ndarray of uint64, shape (n, words) or (n,)
        Hashes, equal ones too. Must not change until the stream ends.
    radius, threads, kernel, second
        As for `stream_distinct_pairs`.
    limit : int
        The most pairs of a part.

    Returns
    -------
    iterator of (left, right, distance), each ndarray of int64, shape (k,)
        Row numbers of `block`, left < right, and distance in bits. A part is never empty and is sorted by
        (left, right); no pair comes twice. The pairs of equal rows come first, then the others; the same
        parts in every run.

    Raises
    ------
    TypeError, ValueError
        At the call, if an argument is not as described.

    Examples
    --------
    >>> [len(left) for left, right, distance in iter_near_pairs(np.zeros(5, np.uint64), 0, limit=4)]
    [4, 4, 2]
    """
    block, radius = checked_block(block, radius)
    other = None
    both = block
    if second is not None:
        hashes, other_radius = checked_block(*second)
        if len(hashes) != len(block):
            raise ValueError(f"second hashes must be as many as the first, {len(block)}, got {len(hashes)}")
        both = np.concatenate([block, hashes], axis=1)
    distinct, classes = collapse(both)
    words = block.shape[1]
    if second is not None:
        other = np.ascontiguousarray(distinct[:, words:]), other_radius
    parts = stream_distinct_pairs(
        np.ascontiguousarray(distinct[:, :words]), radius, threads=threads, kernel=kernel, limit=limit, second=other
    )
    return _spread(parts, classes, len(distinct), limit)


def near_pairs(
    block: Block,
    radius: int,
    *,
    threads: int | None = None,
    kernel: str | None = None,
    second: tuple[Block, int] | None = None,
) -> Pairs:
    """Find all pairs of rows within a radius.

    A hash repeated k times makes k * (k - 1) / 2 pairs; where those are too many, use `iter_near_pairs`.

    Parameters
    ----------
    block, radius, threads, kernel, second
        As for `iter_near_pairs`.

    Returns
    -------
    left, right, distance : ndarray of int64, shape (k,)
        Row numbers of `block`, left < right, and distance in bits; sorted by (left, right), no pair twice.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described.

    Examples
    --------
    >>> near_pairs(np.array([5, 0, 5, 4], np.uint64), radius=1)
    (array([0, 0, 1, 2]), array([2, 3, 3, 3]), array([0, 1, 1, 1]))
    """
    return _joined(iter_near_pairs(block, radius, threads=threads, kernel=kernel, second=second))


def _reference(
    distinct: Block, radius: int, limit: int, second: Block | None = None, second_radius: int = 0
) -> Iterator[Pairs]:
    step = max(1, limit // max(1, len(distinct)))
    for begin in range(0, len(distinct), step):
        found = bits.distance(distinct[begin : begin + step, np.newaxis], distinct[np.newaxis, begin:])
        near = found <= radius
        if second is not None:
            near &= bits.distance(second[begin : begin + step, np.newaxis], second[np.newaxis, begin:]) <= second_radius
        left, right = np.nonzero(np.triu(near, 1))
        if len(left):
            yield left + begin, right + begin, found[left, right]


def _spread(parts: Iterator[Pairs], classes: Column, count: int, limit: int) -> Iterator[Pairs]:
    """Turn pairs of classes, and the classes themselves, into pairs of rows."""
    rows = np.argsort(classes, kind="stable")  # class by class, ascending in each
    size = np.bincount(classes, minlength=count)
    end = np.cumsum(size)
    start = end - size
    # Within a class each row meets those after it; between two classes all rows meet.
    after = end[classes[rows]] - np.arange(1, len(rows) + 1)
    here = np.flatnonzero(after)
    ones = np.ones_like(here)
    yield from _products(rows, (here, ones), (here + 1, after[here]), ones - 1, limit)
    for left, right, distance in parts:
        yield from _products(rows, (start[left], size[left]), (start[right], size[right]), distance, limit)


def _products(
    rows: Column, left: tuple[Column, Column], right: tuple[Column, Column], distance: Column, limit: int
) -> Iterator[Pairs]:
    """Pair each range (start, size) of `rows` in `left` with that in `right`, `limit` pairs at a time."""
    area = left[1] * right[1]
    end = np.cumsum(area)  # the pairs of all products stand in one line, and each part is a stretch of it
    start = end - area
    for begin in range(0, int(area.sum()), limit):
        stop = min(begin + limit, int(end[-1]))
        some = np.arange(np.searchsorted(end, begin, "right"), np.searchsorted(end, stop) + 1)
        which = np.repeat(some, np.minimum(end[some], stop) - np.maximum(start[some], begin))
        i, j = np.divmod(np.arange(begin, stop) - start[which], right[1][which])
        one, other = rows[left[0][which] + i], rows[right[0][which] + j]
        yield in_order(np.minimum(one, other), np.maximum(one, other), distance[which])


def in_order(*columns: NDArray[np.integer]) -> Pairs:
    """Sort pairs of which none comes twice.

    Parameters
    ----------
    columns : three ndarrays of int, shape (k,)
        Left row, right row, distance.

    Returns
    -------
    left, right, distance : ndarray of int64, shape (k,)
        Sorted by (left, right).

    Examples
    --------
    >>> in_order(np.array([2, 0]), np.array([1, 3]), np.array([4, 5]))
    (array([0, 2]), array([3, 1]), array([5, 4]))
    """
    left, right, distance = (column.astype(np.int64, copy=False) for column in columns)
    if not len(left):
        return left, right, distance
    # Numbers are sorted several times as fast as the order of numbers is found.
    side, far = int(right.max()).bit_length(), int(distance.max()).bit_length()
    if int(left.max()).bit_length() + side + far <= 63:
        packed = (left << side | right) << far | distance
        packed.sort()
        return packed >> (side + far), packed >> far & ((1 << side) - 1), packed & ((1 << far) - 1)
    order = np.lexsort((right, left))
    return left[order], right[order], distance[order]


def _joined(parts: Iterator[Pairs]) -> Pairs:
    none = np.empty(0, np.int64)
    return in_order(*(np.concatenate(column) for column in zip((none, none, none), *parts, strict=True)))
