"""All pairs of a hash in one block and a hash in another within a Hamming radius, exactly, as a stream."""

from collections.abc import Iterator

import numpy as np

from lookalike import bits
from lookalike.join.arguments import LIMIT, Block, Pairs, checked_block, checked_kernel
from lookalike.join.pairs import in_order
from lookalike.kernels import IS_COMPILED, REFERENCE

if IS_COMPILED:
    from lookalike._native import PairStream


def stream_cross_pairs(
    block: Block,
    queries: Block,
    radius: int,
    *,
    threads: int | None = None,
    kernel: str | None = None,
    limit: int = LIMIT,
) -> Iterator[Pairs]:
    """Find all pairs of a row of one block and a row of another within a radius, in parts.

    Parameters
    ----------
    block : ndarray of uint64, shape (n, words) or (n,)
        Hashes, equal ones too, though it is quicker without. Must not change until the stream ends.
    queries : ndarray of uint64, shape (q, words) or (q,)
        Hashes of the same width; the same holds for these. Where one block is larger, this one had better be.
    radius, threads, kernel, limit
        As for `lookalike.join.stream_distinct_pairs`.

    Returns
    -------
    iterator of (row, query, distance), each ndarray of int64, shape (k,)
        Rows of `block`, rows of `queries`, and distance in bits. A part is never empty and is sorted by (row, query); no
        pair comes twice.

    Raises
    ------
    TypeError, ValueError
        At the call, if an argument is not as described.

    Examples
    --------
    >>> [part] = stream_cross_pairs(np.array([0, 7], np.uint64), np.array([6, 1, 255], np.uint64), 1)
    >>> part
    (array([0, 1]), array([1, 0]), array([1, 1]))
    """
    block, radius = checked_block(block, radius)
    queries, _ = checked_block(queries, 0)
    if queries.shape[1] != block.shape[1]:
        raise ValueError(f"queries must have as many words as the block, {block.shape[1]}, got {queries.shape[1]}")
    name = checked_kernel(kernel, threads, limit)
    if name == REFERENCE:
        return _reference(block, queries, radius, limit)
    stream = PairStream(block, radius, threads or 0, name, queries=queries)
    return (in_order(*part) for part in iter(lambda: stream.next(limit), None))


def _reference(block: Block, queries: Block, radius: int, limit: int) -> Iterator[Pairs]:
    step = max(1, limit // max(1, len(queries)))
    for begin in range(0, len(block), step):
        distance = bits.distance(block[begin : begin + step, np.newaxis], queries[np.newaxis])
        row, query = np.nonzero(distance <= radius)
        if len(row):
            yield row + begin, query, distance[row, query]
