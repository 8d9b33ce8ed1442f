"""What is wanted of the pairs within a radius where not the pairs are: how many, what belongs together, what is nearest.

The kernels keep no pair, so a hundred thousand equal-looking pictures need no memory for five thousand million of them.
The references beside them go through the pairs.
"""

import numpy as np
from numpy.typing import NDArray

from lookalike import bits
from lookalike.join.arguments import Block, Column, checked_block, checked_kernel
from lookalike.join.pairs import collapse, stream_distinct_pairs
from lookalike.kernels import IS_COMPILED, REFERENCE

if IS_COMPILED:
    from lookalike._native import PairStream
    from lookalike._native import search as _search_native


def count_pairs(
    block: Block, radius: int, *, threads: int | None = None, kernel: str | None = None
) -> NDArray[np.uint64]:
    """Count the pairs of rows within a radius by their distance.

    Parameters
    ----------
    block : ndarray of uint64, shape (n, words) or (n,)
        Hashes, equal ones too.
    radius, threads, kernel
        As for `lookalike.join.near_pairs`.

    Returns
    -------
    ndarray of uint64, shape (radius + 1,)
        Pairs at each distance from 0 to `radius` bits.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described.

    Examples
    --------
    >>> count_pairs(np.array([5, 0, 5, 4], np.uint64), radius=1)
    array([1, 3], dtype=uint64)
    """
    block, radius = checked_block(block, radius)
    name = checked_kernel(kernel, threads)
    distinct, classes = collapse(block)
    size = np.bincount(classes, minlength=len(distinct)).astype(np.uint64)
    if name == REFERENCE:
        counts = np.zeros(radius + 1, np.uint64)
        for left, right, distance in stream_distinct_pairs(distinct, radius, kernel=name):
            np.add.at(counts, distance, size[left] * size[right])
    else:
        counts = PairStream(distinct, radius, threads or 0, name).count(size)
    counts[0] += (size * (size - np.uint64(1)) // np.uint64(2)).sum(dtype=np.uint64)
    return counts


def components(block: Block, radius: int, *, threads: int | None = None, kernel: str | None = None) -> Column:
    """Find which rows are connected by pairs within a radius.

    Parameters
    ----------
    block : ndarray of uint64, shape (n, words) or (n,)
        Hashes, equal ones too.
    radius, threads, kernel
        As for `lookalike.join.near_pairs`.

    Returns
    -------
    ndarray of int64, shape (n,)
        The least row of the component of each row.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described.

    Examples
    --------
    >>> components(np.array([7, 0, 3, 0xFF << 40], np.uint64), radius=2)
    array([0, 0, 0, 3])
    """
    block, radius = checked_block(block, radius)
    name = checked_kernel(kernel, threads)
    distinct, classes = collapse(block)
    if name == REFERENCE:
        labels = np.arange(len(distinct))
        for left, right, _ in stream_distinct_pairs(distinct, radius, kernel=name):
            for one, other in zip(left.tolist(), right.tolist(), strict=True):
                if labels[one] != labels[other]:
                    labels[labels == labels[other]] = labels[one]
    else:
        labels = PairStream(distinct, radius, threads or 0, name).components().astype(np.int64)
    label = labels[classes]
    least = np.full(len(distinct), len(block))
    np.minimum.at(least, label, np.arange(len(block)))
    return least[label]


def search(
    block: Block,
    queries: Block,
    *,
    radius: int | None = None,
    limit: int | None = None,
    threads: int | None = None,
    kernel: str | None = None,
) -> tuple[Column, Column, Column]:
    """Find the rows nearest to some queries, exactly, by comparing all with all.

    Parameters
    ----------
    block : ndarray of uint64, shape (n, words) or (n,)
        Hashes.
    queries : ndarray of uint64, shape (q, words) or (q,)
        Hashes of the same width.
    radius : int, optional
        Greatest distance in bits, inclusive; None for any.
    limit : int, optional
        At most so many rows for each query, the nearest; None for all.
    threads, kernel
        As for `lookalike.join.near_pairs`.

    Returns
    -------
    query, row, distance : ndarray of int64, shape (k,)
        Sorted by query, distance and row; of rows equally near those of the least numbers come first.

    Raises
    ------
    TypeError, ValueError
        If an argument is not as described, or neither `radius` nor `limit` is given.

    Examples
    --------
    >>> search(np.array([7, 0, 3], np.uint64), np.array([1], np.uint64), limit=2)
    (array([0, 0]), array([1, 2]), array([1, 1]))
    """
    if radius is None and limit is None:
        raise ValueError("name a radius, a limit, or both: without, every row is a result of every query")
    if limit is not None and limit < 1:
        raise ValueError(f"limit must be at least 1, got {limit}")
    block, _ = checked_block(block, 0)
    queries, within = checked_block(queries, bits.WORD * block.shape[1] if radius is None else radius)
    if queries.shape[1] != block.shape[1]:
        raise ValueError(f"queries must have as many words as the block, {block.shape[1]}, got {queries.shape[1]}")
    name = checked_kernel(kernel, threads)
    if name != REFERENCE:
        found = _search_native(block, queries, within, limit or 0, threads or 0, name)
        query, row, distance = (column.astype(np.int64) for column in found)
        return query, row, distance
    parts = []
    for number, words in enumerate(queries):
        distance = bits.distance(block, words).astype(np.int64)
        near = np.flatnonzero(distance <= within)
        near = near[np.argsort(distance[near], kind="stable")][:limit]
        parts.append((np.full(len(near), number), near, distance[near]))
    none = np.empty(0, np.int64)
    columns = [np.concatenate(column) for column in zip((none, none, none), *parts, strict=True)]
    return columns[0], columns[1], columns[2]
