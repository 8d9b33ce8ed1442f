"""Lanczos resampling in fixed-point integers: the only filter of decoding fast, equal on every machine to the bit.

The steps and constants are written down in docs/hash-spec.md; native/lanczos.cpp follows them too. In the reference here,
sums run through BLAS as 32-bit floats, yet hold integers below 2**24 only, so they are exact in any order. What overshoots
between the two passes is not cut off, so the order of the passes hardly matters.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lookalike.kernels import IS_COMPILED, REFERENCE, chosen

if IS_COMPILED:
    from lookalike._native import reduce as _reduce_native
    from lookalike._native import shrink as _shrink_native

STEPS = 1024
"""Samples of the kernel per unit of its argument."""
LOBES = 3
KERNEL_BITS = 16
WEIGHT_BITS = 14
"""The weights of one output add up to ``2 ** WEIGHT_BITS`` exactly, so a flat picture stays flat."""
KEPT_LENGTH = 1024
"""Weights of longer lines are made anew each time: kept, they could fill the memory."""
ROWS = 4096
"""Rows of a plane weighed at a time."""
CHUNK = 64
"""Thumbnails reduced at a time: their floats fit into a second-level cache."""


def kernel() -> NDArray[np.int64]:
    """Sample the Lanczos kernel of three lobes and round it to integers.

    Returns
    -------
    ndarray of int64, shape (3073,)
        ``round(2**16 * sinc(x) * sinc(x / 3))`` at ``x = k / 1024``. No sample lies within 1e-5 of a half, so any cosine
        and sine that are right to ten digits give the same table.

    Examples
    --------
    >>> int(kernel()[0]), int(kernel()[512]), int(kernel()[3072])
    (65536, 39841, 0)
    """
    x = np.arange(LOBES * STEPS + 1) / STEPS
    samples: NDArray[np.int64] = np.rint(np.sinc(x) * np.sinc(x / LOBES) * (1 << KERNEL_BITS)).astype(np.int64)
    return samples


KERNEL = kernel()


def weights(extent: int, unit: int, length: int, side: int) -> NDArray[np.float32]:
    """Return what each sample of a line counts in each output.

    Parameters
    ----------
    extent : int
        Length of the line in pixels, at least 1.
    unit : int
        Pixels per sample; the last sample may cover fewer.
    length : int
        Number of samples, ``ceil(extent / unit)``.
    side : int
        Number of outputs.

    Returns
    -------
    ndarray of float32, shape (length, side)
        Integers; every column adds up to ``2 ** WEIGHT_BITS``. Read-only.

    Examples
    --------
    >>> weights(16, 8, 2, 1).astype(int).tolist()
    [[8192], [8192]]
    """
    return _kept(extent, unit, length, side) if length <= KEPT_LENGTH else _weights(extent, unit, length, side)


def _weights(extent: int, unit: int, length: int, side: int) -> NDArray[np.float32]:
    sample, share, inside = _shares(extent, unit, length, side, np.arange(side))
    matrix = np.zeros((length, side), np.float32)
    matrix[sample[inside], np.broadcast_to(np.arange(side), sample.shape)[inside]] = share[inside]
    matrix.flags.writeable = False
    return matrix


def _shares(
    extent: int, unit: int, length: int, side: int, at: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Return, for some outputs, the samples under the kernel, what each counts, and which of them there are."""
    wide = max(extent, side * unit)
    taps = 2 * LOBES * wide // (side * unit) + 3
    first = ((2 * at + 1) * extent - 2 * LOBES * wide) // (2 * side * unit)
    sample = first + np.arange(taps)[:, np.newaxis]
    # Distance from the centre of the output in units of the widened kernel, as an exact fraction.
    away = np.abs((2 * sample + 1) * side * unit - (2 * at + 1) * extent)
    raw = KERNEL[np.minimum((STEPS * away + wide) // (2 * wide), LOBES * STEPS)]
    inside = (sample >= 0) & (sample < length)
    raw[~inside] = 0
    total = raw.sum(axis=0)
    share = ((raw << (WEIGHT_BITS + 1)) + total) // (2 * total)
    share[share.argmax(axis=0), np.arange(len(at))] += (1 << WEIGHT_BITS) - share.sum(axis=0)
    return sample, share, inside


def _sums(plane: NDArray[np.uint8] | NDArray[np.int16], extent: int, unit: int, side: int) -> NDArray[np.float32]:
    """Weigh the rows of a plane; of long ones one output at a time, so that memory stays that of the plane."""
    height, length = plane.shape
    if length <= KEPT_LENGTH:
        return plane.astype(np.float32) @ weights(extent, unit, length, side)
    sums = np.empty((height, side), np.float32)
    for output in range(side):
        sample, share, inside = _shares(extent, unit, length, side, np.array([output]))
        under = sample[inside]
        part = plane[:, under[0] : under[-1] + 1].astype(np.float32)
        sums[:, output] = part @ share[inside].astype(np.float32)
    return sums


_kept = lru_cache(maxsize=128)(_weights)


def rounded(sums: NDArray[np.float32]) -> NDArray[np.float32]:
    """Divide weighted sums by the sum of the weights and round, in place.

    Parameters
    ----------
    sums : ndarray of float32
        Sums of levels times weights.

    Returns
    -------
    ndarray of float32
        The same array: integers, halves rounded up; not cut off at 0 and 255.

    Examples
    --------
    >>> rounded(np.array([8191, 8192, -8193], np.float32)).tolist()
    [0.0, 1.0, -1.0]
    """
    sums += 1 << (WEIGHT_BITS - 1)
    sums *= np.float32(1 / (1 << WEIGHT_BITS))
    return np.floor(sums, out=sums)


def levels(sums: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Round weighted sums as `rounded` does, and cut them off at 0 and 255.

    Parameters
    ----------
    sums : ndarray of float32
        Sums of levels times weights; overwritten.

    Returns
    -------
    ndarray of uint8
        Levels.

    Examples
    --------
    >>> levels(np.array([8191, 8192, -8193, 1e7], np.float32)).tolist()
    [0, 1, 0, 255]
    """
    return np.clip(rounded(sums), 0, 255).astype(np.uint8)


def shrink(
    plane: NDArray[np.uint8], extent: tuple[int, int], unit: int, side: int, *, kernel: str | None = None
) -> NDArray[np.uint8]:
    """Resample a plane to a square: along rows first, rounded, then along columns, rounded and cut off.

    Parameters
    ----------
    plane : ndarray of uint8, shape (height, width)
        Pixels, or means of squares of pixels.
    extent : tuple of int
        Width and height in pixels of the picture under it.
    unit : int
        Side in pixels of those squares; 1 for pixels.
    side : int
        Side of the result.
    kernel : str, optional
        One of `lookalike.kernels.KERNELS`; None means the first. It changes no level.

    Returns
    -------
    ndarray of uint8, shape (side, side)
        The small picture.

    Raises
    ------
    UsageError
        If no kernel is called that.
    ValueError
        If the sizes do not go together.

    Examples
    --------
    >>> shrink(np.full((3, 5), 7, np.uint8), (5, 3), 1, 2).tolist()
    [[7, 7], [7, 7]]
    """
    if chosen(kernel) != REFERENCE:
        return _shrink_native(np.ascontiguousarray(plane), *extent, unit, side)
    across = np.empty((len(plane), side), np.int16)  # what overshoots fits too
    for start in range(0, len(plane), ROWS):
        across[start : start + ROWS] = rounded(_sums(plane[start : start + ROWS], extent[0], unit, side))
    return np.ascontiguousarray(levels(_sums(across.T, extent[1], unit, side)).T)


def reduce(luma: NDArray[np.uint8], width: int, height: int, *, kernel: str | None = None) -> NDArray[np.uint8]:
    """Resample a block of thumbnails, each as `shrink` would.

    Parameters
    ----------
    luma : ndarray of uint8, shape (n, side, side)
        Thumbnails.
    width, height : int
        Size of the results.
    kernel : str, optional
        One of `lookalike.kernels.KERNELS`; None means the first. It changes no level.

    Returns
    -------
    ndarray of uint8, shape (n, height, width)
        The small pictures.

    Raises
    ------
    UsageError
        If no kernel is called that.

    Examples
    --------
    >>> reduce(np.full((2, 64, 64), 9, np.uint8), 9, 8).shape
    (2, 8, 9)
    """
    if chosen(kernel) != REFERENCE:
        return _reduce_native(np.ascontiguousarray(luma), width, height)
    count, side, _ = luma.shape
    across, down = weights(side, 1, side, width), weights(side, 1, side, height)
    small = np.empty((count, height, width), np.uint8)
    for start in range(0, count, CHUNK):
        part = luma[start : start + CHUNK]
        rows = rounded(part.reshape(-1, side).astype(np.float32) @ across).reshape(-1, side, width)
        columns = levels(np.ascontiguousarray(rows.transpose(0, 2, 1)).reshape(-1, side) @ down)
        small[start : start + CHUNK] = columns.reshape(-1, width, height).transpose(0, 2, 1)
    return small
