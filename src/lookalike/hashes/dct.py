"""The DCT hash (phash) of a 64x64 thumbnail, in exact integer arithmetic.

Source: Zauner, *Implementation and Benchmarking of Perceptual Image Hash Functions* (2010), and the order of bits and the
median over all coefficients, the constant one included, as in ``imagehash.phash``.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from lookalike import bits
from lookalike.model import THUMBNAIL_SIDE

SCALE_BITS = 12
CHUNK = 256


@cache
def basis(size: int) -> NDArray[np.float64]:
    """Return the first rows of the 64-point DCT-II, scaled and rounded to integers.

    Parameters
    ----------
    size : int
        How many of the lowest frequencies, 1..64.

    Returns
    -------
    ndarray of float64, shape (size, 64)
        Integers of at most 13 bits; kept as floats so that matrix products run in BLAS. Every partial sum stays below
        2**53, so those products are exact.

    Examples
    --------
    >>> float(basis(8)[0, 0])
    4096.0
    """
    frequency = np.arange(size)[:, np.newaxis]
    position = np.arange(THUMBNAIL_SIDE)[np.newaxis, :]
    angle = np.pi * frequency * (2 * position + 1) / (2 * THUMBNAIL_SIDE)
    rows: NDArray[np.float64] = np.rint(np.cos(angle) * (1 << SCALE_BITS))
    return rows


def phash(luma: NDArray[np.uint8], size: int) -> NDArray[np.uint64]:
    """Hash thumbnails by the signs of their low DCT coefficients against the median.

    Parameters
    ----------
    luma : ndarray of uint8, shape (n, 64, 64)
        Luma of upright thumbnails.
    size : int
        Side of the block of low frequencies; the hash has ``size ** 2`` bits.

    Returns
    -------
    ndarray of uint64, shape (n, words)
        Bit ``row * size + column`` is set where that coefficient (row: vertical frequency) is above the median.

    Examples
    --------
    >>> ramp = np.broadcast_to(np.arange(64, dtype=np.uint8), (1, 64, 64))
    >>> hex(phash(ramp, 8)[0, 0])
    '0x8000000000000000'
    """
    matrix = basis(size)
    blocks = [np.zeros((0, bits.words(size * size)), np.uint64)]
    for start in range(0, len(luma), CHUNK):
        pixels = luma[start : start + CHUNK].astype(np.float64)
        # One small product per picture: quicker than one large one, and BLAS starts no threads for it.
        coefficients = (matrix @ (pixels @ matrix.T)).reshape(len(pixels), size * size)
        middle = np.sort(coefficients, axis=1)
        # Twice the value against the sum of the two middle ones: the median without a division.
        threshold = middle[:, size * size // 2 - 1] + middle[:, size * size // 2]
        blocks.append(bits.pack(2 * coefficients > threshold[:, np.newaxis]))
    return np.concatenate(blocks)
