"""What every join is told: hashes, a radius, a kernel, and how much to give at a time."""

import operator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from lookalike import bits
from lookalike.kernels import IS_COMPILED, REFERENCE, chosen

KERNELS: tuple[str, ...] = (REFERENCE,)
if IS_COMPILED:
    from lookalike._native import kernels

    KERNELS = (*kernels(), REFERENCE)  # what can run here, best first

LIMIT = 1 << 21
"""Pairs in one part of a stream: 48 MB."""

Block: TypeAlias = NDArray[np.uint64]
Column: TypeAlias = NDArray[np.int64]
Pairs: TypeAlias = tuple[Column, Column, Column]


def checked_block(block: Block, radius: int) -> tuple[Block, int]:
    """Return a block in two dimensions and C order, and a radius that fits it.

    Parameters
    ----------
    block : ndarray of uint64, shape (n, words) or (n,)
        Hashes.
    radius : int
        In bits.

    Returns
    -------
    tuple of (ndarray of uint64, int)
        Shape (n, words).

    Raises
    ------
    TypeError, ValueError
        If either is not as described.

    Examples
    --------
    >>> checked_block(np.zeros(3, np.uint64), 8)[0].shape
    (3, 1)
    """
    if not isinstance(block, np.ndarray) or block.dtype != np.uint64:
        got = getattr(block, "dtype", type(block).__name__)
        raise TypeError(f"a hash block must be an array of uint64, got {got}")
    if block.ndim not in {1, 2} or 0 in block.shape[1:]:
        raise ValueError(f"a hash block must have the shape (n,) or (n, words > 0), got {block.shape}")
    block = np.ascontiguousarray(block if block.ndim > 1 else block[:, np.newaxis])
    most = bits.WORD * block.shape[1]
    radius = operator.index(radius)
    if not 0 <= radius <= most:
        raise ValueError(f"radius must be 0 to {most} bits for this block, got {radius}")
    return block, radius


def checked_kernel(kernel: str | None, threads: int | None, limit: int = LIMIT) -> str:
    """Return the kernel to be used.

    Parameters
    ----------
    kernel, threads, limit : str, int, int
        As for `stream_distinct_pairs`.

    Returns
    -------
    str
        One of `KERNELS`.

    Raises
    ------
    ValueError
        If there is no such kernel, or `threads` or `limit` is less than 1.

    Examples
    --------
    >>> checked_kernel("reference", None)
    'reference'
    """
    if limit < 1 or (threads is not None and threads < 1):
        raise ValueError(f"threads and limit must be at least 1, got threads={threads}, limit={limit}")
    return chosen(kernel, KERNELS)
