"""Hashes from the low frequencies of a cosine transform: phash, phash_simple, and PDQ of a thumbnail.

Sources: Zauner, *Implementation and Benchmarking of Perceptual Image Hash Functions* (2010); ``imagehash.phash`` and
``phash_simple``; Facebook, *PDQ & TMK + PDQF* (2019). In decoding fast the transform is a matrix of integers, so no
rounding decides a bit; in decoding full it is the transform of SciPy, as in ``imagehash``, to the last bit.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from lookalike import bits
from lookalike.hashes.mean import above_median
from lookalike.kernels import IS_COMPILED, REFERENCE, chosen
from lookalike.model import THUMBNAIL_SIDE
from lookalike.turns import MIRRORED, TRANSPOSED, UPENDED

if IS_COMPILED:
    from lookalike._native import low_frequencies as _low_frequencies_native

SCALE_BITS = 10
"""A sum of 64 levels times these cosines stays below 2**24, so 32-bit floats hold it exactly."""
CHUNK = 64
"""Pictures transformed at a time: their floats fit into a second-level cache."""
HIGHFREQ_FACTOR = 4
"""Sides of picture per side of hash."""


@cache
def basis(count: int, side: int = THUMBNAIL_SIDE) -> NDArray[np.float32]:
    """Return the first rows of a DCT-II, scaled and rounded to integers.

    Parameters
    ----------
    count : int
        How many of the lowest frequencies, 1..side.
    side : int
        Number of points, at most 64.

    Returns
    -------
    ndarray of float32, shape (count, side)
        ``round(1024 * cos(pi * u * (2 * x + 1) / (2 * side)))``. No value lies within 1e-4 of a half, so any cosine that is
        right to eight digits gives the same matrix.

    Examples
    --------
    >>> float(basis(8)[0, 0])
    1024.0
    """
    frequency = np.arange(count)[:, np.newaxis]
    position = np.arange(side)[np.newaxis, :]
    angle = np.pi * frequency * (2 * position + 1) / (2 * side)
    rows: NDArray[np.float32] = np.rint(np.cos(angle) * (1 << SCALE_BITS)).astype(np.float32)
    rows.flags.writeable = False
    return rows


def low_frequencies(luma: NDArray[np.uint8], count: int, *, kernel: str | None = None) -> NDArray[np.float64]:
    """Transform small pictures by the matrix of integers.

    Parameters
    ----------
    luma : ndarray of uint8, shape (n, side, side)
        Gray pictures of at most 64 pixels a side.
    count : int
        How many of the lowest frequencies each way.
    kernel : str, optional
        One of `lookalike.kernels.KERNELS`; None means the first. It changes no coefficient.

    Returns
    -------
    ndarray of float64, shape (n, count, count)
        Coefficients, row: vertical frequency; exact integers.

    Raises
    ------
    UsageError
        If no kernel is called that.

    Examples
    --------
    >>> float(low_frequencies(np.ones((1, 64, 64), np.uint8), 1)[0, 0, 0]) == (64 * 1024) ** 2
    True
    """
    side = luma.shape[1]
    if chosen(kernel) != REFERENCE and side == THUMBNAIL_SIDE:
        whole = np.array([[0, side]])
        found = _low_frequencies_native(
            np.ascontiguousarray(luma), basis(count).astype(np.int16)[np.newaxis], whole, whole * 0
        )
        return found[:, 0]
    matrix = basis(count, side).T
    result = np.empty((len(luma), count, count))
    for start in range(0, len(luma), CHUNK):
        part = luma[start : start + CHUNK]
        rows = (part.reshape(-1, side).astype(np.float32) @ matrix).reshape(-1, side, count)
        columns = np.ascontiguousarray(rows.transpose(0, 2, 1)).astype(np.float64).reshape(-1, side) @ matrix
        result[start : start + CHUNK] = columns.reshape(-1, count, count).transpose(0, 2, 1)
    return result


def turned(coefficients: NDArray[np.floating], first: int = 0) -> NDArray[np.floating]:
    """Return the coefficients of the eight turned pictures.

    Parameters
    ----------
    coefficients : ndarray of float, shape (n, count, count)
        Of a square picture; row: vertical frequency.
    first : int
        The lowest frequency among them.

    Returns
    -------
    ndarray of float, shape (8, n, count, count)
        Row k - 1 belongs to the picture turned upright as EXIF orientation k says.

    Examples
    --------
    >>> turned(np.array([[[1.0, 2.0], [3.0, 4.0]]]))[1, 0].tolist()
    [[1.0, -2.0], [3.0, -4.0]]
    """
    sign = 1 - 2 * ((np.arange(coefficients.shape[1]) + first) % 2)
    variants = []
    for orientation in range(1, 9):
        variant = coefficients.swapaxes(1, 2) if orientation in TRANSPOSED else coefficients
        if orientation in MIRRORED:
            variant = variant * sign
        if orientation in UPENDED:
            variant = variant * sign[:, np.newaxis]
        variants.append(variant)
    return np.stack(variants)


def phash_fast(luma: NDArray[np.uint8], size: int) -> NDArray[np.uint64]:
    """Hash thumbnails by which low frequencies are above their median.

    Parameters
    ----------
    luma : ndarray of uint8, shape (n, 64, 64)
        Luma of upright thumbnails.
    size : int
        Side of the block of low frequencies, the constant one included.

    Returns
    -------
    ndarray of uint64, shape (n, words)
        Bit ``row * size + column`` is set where that coefficient is above the median.

    Examples
    --------
    >>> ramp = np.broadcast_to(np.arange(64, dtype=np.uint8), (1, 64, 64))
    >>> hex(phash_fast(ramp, 8)[0, 0])
    '0x8000000000000000'
    """
    return above_median(low_frequencies(luma, size).reshape(len(luma), size * size))


def phash_fast_dihedral(luma: NDArray[np.uint8], size: int) -> NDArray[np.uint64]:
    """Hash the eight turns of thumbnails from one transform.

    Parameters
    ----------
    luma : ndarray of uint8, shape (n, 64, 64)
        Luma of thumbnails.
    size : int
        As for `phash_fast`.

    Returns
    -------
    ndarray of uint64, shape (8, n, words)
        Row k - 1 is what `phash_fast` makes of the thumbnails turned as EXIF orientation k says, to the bit.

    Examples
    --------
    >>> phash_fast_dihedral(np.zeros((2, 64, 64), np.uint8), 8).shape
    (8, 2, 1)
    """
    variants = turned(low_frequencies(luma, size))
    return above_median(variants.reshape(8 * len(luma), size * size)).reshape(8, len(luma), bits.words(size * size))


def pdq_fast(luma: NDArray[np.uint8], size: int) -> NDArray[np.uint64]:
    """Hash thumbnails by the 16x16 frequencies from 1 on, as PDQ does with its own 64x64 picture.

    Parameters
    ----------
    luma : ndarray of uint8, shape (n, 64, 64)
        Luma of upright thumbnails.
    size : int
        16.

    Returns
    -------
    ndarray of uint64, shape (n, 4)
        The hash block, in the order of PDQ's hexadecimal text.

    Examples
    --------
    >>> pdq_fast(np.zeros((2, 64, 64), np.uint8), 16).shape
    (2, 4)
    """
    return above_lower_median(low_frequencies(luma, size + 1)[:, 1:, 1:])


def pdq_fast_dihedral(luma: NDArray[np.uint8], size: int) -> NDArray[np.uint64]:
    """Hash the eight turns of thumbnails by `pdq_fast` from one transform.

    Parameters
    ----------
    luma : ndarray of uint8, shape (n, 64, 64)
        Luma of thumbnails.
    size : int
        16.

    Returns
    -------
    ndarray of uint64, shape (8, n, 4)
        Row k - 1 belongs to EXIF orientation k.

    Examples
    --------
    >>> pdq_fast_dihedral(np.zeros((2, 64, 64), np.uint8), 16).shape
    (8, 2, 4)
    """
    variants = turned(low_frequencies(luma, size + 1)[:, 1:, 1:], first=1)
    return np.stack([above_lower_median(variant) for variant in variants])


def above_lower_median(coefficients: NDArray[np.floating]) -> NDArray[np.uint64]:
    """Set the bits of the coefficients above the lower of the two middle ones, as PDQ does and in its order.

    Parameters
    ----------
    coefficients : ndarray of float, shape (n, count, count)
        Row: vertical frequency.

    Returns
    -------
    ndarray of uint64, shape (n, words)
        The hash block; the last coefficient is the first bit.

    Examples
    --------
    >>> hex(above_lower_median(np.arange(64.0).reshape(1, 8, 8))[0, 0])
    '0xffffffff00000000'
    """
    flat = coefficients.reshape(len(coefficients), coefficients.shape[1] * coefficients.shape[2])
    middle = np.sort(flat, axis=1)[:, flat.shape[1] // 2 - 1]
    return bits.pack((flat > middle[:, np.newaxis])[:, ::-1])


def phash(block: NDArray[np.uint8], size: int) -> NDArray[np.uint64]:
    """Hash small pictures as ``imagehash.phash`` does.

    Parameters
    ----------
    block : ndarray of uint8, shape (n, side, side)
        Gray pictures; side is 4 * size there.
    size : int
        Side of the block of low frequencies.

    Returns
    -------
    ndarray of uint64, shape (n, words)
        Bits of the coefficients above the median.

    Examples
    --------
    >>> phash(np.zeros((2, 32, 32), np.uint8), 8).shape
    (2, 1)
    """
    return _above_float_median(_scipy_low_frequencies(block, size))


def phash_dihedral(block: NDArray[np.uint8], size: int) -> NDArray[np.uint64]:
    """Hash the eight turns of small pictures by `phash` from one transform.

    Parameters
    ----------
    block : ndarray of uint8, shape (n, 4 * size, 4 * size)
        Gray pictures.
    size : int
        As for `phash`.

    Returns
    -------
    ndarray of uint64, shape (8, n, words)
        Row k - 1 belongs to EXIF orientation k; within 2 bits of hashing the turned picture.

    Examples
    --------
    >>> phash_dihedral(np.zeros((2, 32, 32), np.uint8), 8).shape
    (8, 2, 1)
    """
    return np.stack([_above_float_median(variant) for variant in turned(_scipy_low_frequencies(block, size))])


def phash_simple(block: NDArray[np.uint8], size: int) -> NDArray[np.uint64]:
    """Hash small pictures as ``imagehash.phash_simple`` does: the rows alone are transformed, the mean decides.

    Parameters
    ----------
    block : ndarray of uint8, shape (n, side, side)
        Gray pictures; side is 4 * size there.
    size : int
        Number of rows from the top, and of frequencies from 1 on.

    Returns
    -------
    ndarray of uint64, shape (n, words)
        Bits of the coefficients above the mean.

    Examples
    --------
    >>> phash_simple(np.zeros((2, 32, 32), np.uint8), 8).shape
    (2, 1)
    """
    from scipy import fftpack  # noqa: PLC0415 - takes long to import, and decoding fast never needs it

    low = fftpack.dct(block)[:, :size, 1 : size + 1]
    # One mean per picture, over the same view: the order of its sum decides where all coefficients are nearly zero.
    above = np.array([picture > picture.mean() for picture in low], np.bool_)
    return bits.pack(above.reshape(len(block), size * size))


def phash_simple_fast(block: NDArray[np.uint8], size: int) -> NDArray[np.uint64]:
    """Hash small pictures as `phash_simple` does, in integers.

    Parameters
    ----------
    block : ndarray of uint8, shape (n, 4 * size, 4 * size)
        Thumbnails reduced to that side.
    size : int
        Number of rows from the top, and of frequencies from 1 on.

    Returns
    -------
    ndarray of uint64, shape (n, words)
        Bits of the coefficients above the mean.

    Examples
    --------
    >>> phash_simple_fast(np.zeros((2, 32, 32), np.uint8), 8).shape
    (2, 1)
    """
    low = block[:, :size].astype(np.float32) @ basis(size + 1, block.shape[2])[1:].T
    flat = low.reshape(len(block), size * size).astype(np.int64)
    return bits.pack(flat * (size * size) > flat.sum(axis=1, keepdims=True))


def _scipy_low_frequencies(block: NDArray[np.uint8], size: int) -> NDArray[np.float64]:
    from scipy import fftpack  # noqa: PLC0415 - takes long to import, and decoding fast never needs it

    low: NDArray[np.float64] = fftpack.dct(fftpack.dct(block, axis=1), axis=2)[:, :size, :size]
    return low


def _above_float_median(coefficients: NDArray[np.floating]) -> NDArray[np.uint64]:
    flat = coefficients.reshape(len(coefficients), coefficients.shape[1] * coefficients.shape[2])
    return bits.pack(flat > np.median(flat, axis=1, keepdims=True))
