"""Hashes that compare neighbouring pixels of a small gray picture: dhash and dhash_vertical.

Source: Krawetz, *Kind of Like That* (2013); ``imagehash.dhash`` and ``dhash_vertical``.
"""

import numpy as np
from numpy.typing import NDArray

from lookalike import bits


def dhash(block: NDArray[np.uint8], size: int) -> NDArray[np.uint64]:
    """Hash small pictures by where a pixel is brighter than the one left of it.

    Parameters
    ----------
    block : ndarray of uint8, shape (n, size, size + 1)
        Gray pictures.
    size : int
        Their height.

    Returns
    -------
    ndarray of uint64, shape (n, words)
        The hash block, row by row.

    Examples
    --------
    >>> hex(dhash(np.tile(np.arange(9, dtype=np.uint8), (1, 8, 1)), 8)[0, 0])
    '0xffffffffffffffff'
    """
    return bits.pack((block[:, :, 1:] > block[:, :, :-1]).reshape(len(block), size * size))


def dhash_vertical(block: NDArray[np.uint8], size: int) -> NDArray[np.uint64]:
    """Hash small pictures by where a pixel is brighter than the one above it.

    Parameters
    ----------
    block : ndarray of uint8, shape (n, size + 1, size)
        Gray pictures.
    size : int
        Their width.

    Returns
    -------
    ndarray of uint64, shape (n, words)
        The hash block, row by row.

    Examples
    --------
    >>> hex(dhash_vertical(np.zeros((1, 9, 8), np.uint8), 8)[0, 0])
    '0x0'
    """
    return bits.pack((block[:, 1:] > block[:, :-1]).reshape(len(block), size * size))
