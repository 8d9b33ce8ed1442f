"""Hashes that compare each pixel of a small gray picture with one level: ahash (the mean) and mhash (the median).

Source: Krawetz, *Looks Like It* (2011); ``imagehash.average_hash`` with ``mean=numpy.mean`` and ``numpy.median``.
"""

import numpy as np
from numpy.typing import NDArray

from lookalike import bits


def ahash(block: NDArray[np.uint8], size: int) -> NDArray[np.uint64]:
    """Hash small pictures by which pixels are above the mean.

    Parameters
    ----------
    block : ndarray of uint8, shape (n, size, size)
        Gray pictures.
    size : int
        Their side.

    Returns
    -------
    ndarray of uint64, shape (n, words)
        The hash block.

    Examples
    --------
    >>> hex(ahash(np.arange(64, dtype=np.uint8).reshape(1, 8, 8), 8)[0, 0])
    '0xffffffff'
    """
    pixels = block.reshape(len(block), size * size).astype(np.int64)
    return bits.pack(pixels * (size * size) > pixels.sum(axis=1, keepdims=True))


def mhash(block: NDArray[np.uint8], size: int) -> NDArray[np.uint64]:
    """Hash small pictures by which pixels are above the median.

    Parameters
    ----------
    block : ndarray of uint8, shape (n, size, size)
        Gray pictures.
    size : int
        Their side.

    Returns
    -------
    ndarray of uint64, shape (n, words)
        The hash block. Where the two middle values differ, the median lies half-way between them.

    Examples
    --------
    >>> hex(mhash(np.arange(64, dtype=np.uint8).reshape(1, 8, 8), 8)[0, 0])
    '0xffffffff'
    """
    return above_median(block.reshape(len(block), size * size).astype(np.int16))


def above_median(values: NDArray[np.number]) -> NDArray[np.uint64]:
    """Set the bits of the values above the median, without a division.

    Parameters
    ----------
    values : ndarray, shape (n, bits)
        Numbers whose doubles are exact.

    Returns
    -------
    ndarray of uint64, shape (n, words)
        The hash block.

    Examples
    --------
    >>> hex(above_median(np.arange(64)[np.newaxis])[0, 0])
    '0xffffffff'
    """
    count = values.shape[1]
    ordered = np.sort(values, axis=1)
    middle = ordered[:, (count - 1) // 2] + ordered[:, count // 2]
    return bits.pack(2 * values > middle[:, np.newaxis])
