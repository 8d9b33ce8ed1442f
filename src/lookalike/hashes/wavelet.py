"""Wavelet hashes: ``imagehash.whash`` to the bit, its 8x8 variant, and a quick one of thumbnails.

Source: D. Petrov, *Wavelet image hash in Python* (2016), and the order of operations of PyWavelets. Where a picture is
flat the rounding noise of the transform decides the bits of `whash`, so that noise is reproduced too. `whash8` and
`whash_fast` are done in integers.
"""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookalike import bits
from lookalike.errors import UsageError, check_known
from lookalike.hashes.luma import luma as reduced
from lookalike.hashes.mean import above_median, mhash
from lookalike.kernels import IS_COMPILED, KERNELS, REFERENCE, chosen
from lookalike.model import THUMBNAIL_SIDE

if IS_COMPILED:
    from lookalike._native import haar_low

HAAR = "haar"
WHASH8_SIZE = 8
FAST_SIZES = (2, 4, 8, 16, 32)

_HALF_ROOT = 0.7071067811865476  # 1 / sqrt(2), as PyWavelets has it


def prepare(image: Image.Image, size: int, image_scale: int | None = None) -> NDArray[np.uint8]:
    """Make the square gray picture that `whash` transforms.

    Parameters
    ----------
    image : PIL.Image.Image
        Any mode; it is converted to luma.
    size : int
        Side of the hash, a power of two.
    image_scale : int, optional
        Side of the result, a power of two, at least `size`. None means the greatest power of two that the short side of
        the picture has room for, or `size` if that is greater.

    Returns
    -------
    ndarray of uint8, shape (s, s)
        Luma, resampled with Pillow's Lanczos filter.

    Raises
    ------
    UsageError
        If a number is no power of two, or `size` is greater than `image_scale`.

    Examples
    --------
    >>> prepare(Image.new("RGB", (500, 375)), 8).shape
    (256, 256)
    """
    _check_power("size", size)
    if image_scale is None:
        image_scale = max(1 << min(image.size).bit_length() - 1, size)
    _check_power("image_scale", image_scale)
    if size > image_scale:
        raise UsageError(f"size must be at most image_scale, {image_scale}, got {size}")
    return reduced(image, image_scale, image_scale)


def low_frequencies(
    pixels: NDArray[np.uint8],
    size: int,
    mode: str = HAAR,
    remove_max_haar_ll: bool = True,  # noqa: FBT001, FBT002 - named and placed as in imagehash
    *,
    kernel: str | None = None,
) -> NDArray[np.float64]:
    """Return the low band of a picture's wavelet transform.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (s, s)
        Luma, the side a power of two.
    size : int
        Side of the hash, a power of two, at most s: the transform has ``log2(s / size)`` levels.
    mode : str
        Name of a discrete wavelet of PyWavelets.
    remove_max_haar_ll : bool
        Whether the mean is taken out first, by a Haar transform there and back.
    kernel : str, optional
        One of `lookalike.kernels.KERNELS`; None means the first. It changes no bit.

    Returns
    -------
    ndarray of float64, shape (size, size)
        The band, of pixels as shares of 255; larger for longer wavelets, which reach past the edge at each level.

    Raises
    ------
    UsageError
        If the side or size is no power of two, or the size greater than the side, or the wavelet or kernel unknown.

    Examples
    --------
    >>> low_frequencies(np.full((8, 8), 51, np.uint8), 4, remove_max_haar_ll=False).round(9)[0]
    array([0.4, 0.4, 0.4, 0.4])
    """
    low: NDArray[np.float64] = _low_bands(pixels[np.newaxis], size, mode, kernel, remove=remove_max_haar_ll)[0]
    return low


def whash(
    block: NDArray[np.uint8],
    size: int,
    mode: str = HAAR,
    remove_max_haar_ll: bool = True,  # noqa: FBT001, FBT002 - named and placed as in imagehash
    *,
    kernel: str | None = None,
) -> NDArray[np.uint64]:
    """Hash pictures by the low band of their wavelet transform against its median, as ``imagehash.whash`` does.

    Parameters
    ----------
    block : ndarray of uint8, shape (n, s, s)
        Pictures from `prepare`.
    size, mode, remove_max_haar_ll, kernel
        As for `low_frequencies`.

    Returns
    -------
    ndarray of uint64, shape (n, words)
        One bit for each number of the low band, row by row: ``size ** 2`` with the Haar wavelet, more with longer ones.

    Raises
    ------
    UsageError
        As for `low_frequencies`.

    Examples
    --------
    >>> ramp = np.broadcast_to(np.arange(64, dtype=np.uint8), (1, 64, 64))
    >>> hex(whash(ramp, 8)[0, 0])
    '0xf0f0f0f0f0f0f0f'
    """
    low = _low_bands(block, size, mode, kernel, remove=remove_max_haar_ll)
    flat = low.reshape(len(low), low.shape[1] * low.shape[2])
    ordered = np.sort(flat, axis=1)
    count = flat.shape[1]
    # What np.median does: half the sum of the two middle ones, or, of an odd number, the middle one.
    median = (ordered[:, (count - 1) // 2] + ordered[:, count // 2]) / 2
    return bits.pack(flat > median[:, np.newaxis])


def whash8(block: NDArray[np.uint8], size: int) -> NDArray[np.uint64]:
    """Hash pictures of 8x8: Haar transform of three levels, constant set to zero, inverse, against the median.

    In exact arithmetic that is the picture less its mean against the median of the same, so the picture against its
    own median, and that is what is done, in integers. In floating point, pixels equal to the median would fall on
    either side of it by rounding noise; here they never count as above.

    Parameters
    ----------
    block : ndarray of uint8, shape (n, 8, 8)
        Luma.
    size : int
        Always 8.

    Returns
    -------
    ndarray of uint64, shape (n, 1)
        Bit ``row * 8 + column`` is set where that pixel is above the median.

    Raises
    ------
    UsageError
        If the size is another.

    Examples
    --------
    >>> hex(whash8(np.arange(64, dtype=np.uint8).reshape(1, 8, 8), 8)[0, 0])
    '0xffffffff'
    """
    if size != WHASH8_SIZE:
        raise UsageError(f"whash8 has no size {size}: use {WHASH8_SIZE}")
    return mhash(block, size)


def whash_fast(luma: NDArray[np.uint8], size: int) -> NDArray[np.uint64]:
    """Hash thumbnails by the sums of square blocks, which are the low band of their Haar transform, against the median.

    Parameters
    ----------
    luma : ndarray of uint8, shape (n, 64, 64)
        Luma of upright thumbnails.
    size : int
        Blocks along a side: 2, 4, 8, 16 or 32.

    Returns
    -------
    ndarray of uint64, shape (n, words)
        Bit ``row * size + column`` is set where that block is brighter than the median. No float decides a bit.

    Raises
    ------
    UsageError
        If the size is another.

    Examples
    --------
    >>> ramp = np.broadcast_to(np.arange(64, dtype=np.uint8), (1, 64, 64))
    >>> hex(whash_fast(ramp, 8)[0, 0])
    '0xf0f0f0f0f0f0f0f'
    """
    if size not in FAST_SIZES:
        raise UsageError(f"whash_fast has no size {size}: use one of {', '.join(map(str, FAST_SIZES))}")
    side = THUMBNAIL_SIDE // size
    blocks = luma.reshape(len(luma), size, side, size, side)
    return above_median(blocks.sum(axis=(2, 4), dtype=np.int64).reshape(len(luma), size * size))


def _check_power(name: str, value: int) -> None:
    if value < 1 or value & (value - 1):
        raise UsageError(f"{name} must be a power of two (1, 2, 4, 8, ...), got {value}")


def _low_bands(
    block: NDArray[np.uint8], size: int, mode: str, kernel: str | None, *, remove: bool
) -> NDArray[np.float64]:
    side = block.shape[1]
    _check_power("size", size)
    _check_power("the side of a picture", side)
    if size > side:
        raise UsageError(f"size must be at most the side of the picture, {side}, got {size}")
    haar = _haar_reference if chosen(kernel, KERNELS) == REFERENCE else haar_low
    levels = (side // size).bit_length() - 1
    if mode == HAAR:
        return haar(np.ascontiguousarray(block), levels, remove)
    return _wavelet_low(haar(np.ascontiguousarray(block), 0, remove), levels, _wavelet(mode))


@cache
def _wavelet(mode: str) -> Any:
    """Return PyWavelets' filters; kept, since it builds them anew at each mention of a name."""
    import pywt  # noqa: PLC0415 - needed by this wavelet only, and slow to import

    check_known("wavelet", mode, pywt.wavelist(kind="discrete"))
    return pywt.Wavelet(mode)


def _wavelet_low(planes: NDArray[np.float64], levels: int, wavelet: Any) -> NDArray[np.float64]:
    """Return what ``pywt.wavedec2`` gives as its first item, without the other bands and without its warning."""
    import pywt  # noqa: PLC0415 - needed by these wavelets only, and slow to import

    for _ in range(levels):
        for axis in (1, 2):
            planes, _ = pywt.dwt(planes, wavelet, axis=axis)
    return planes


def _haar_reference(block: NDArray[np.uint8], levels: int, remove_mean: bool) -> NDArray[np.float64]:  # noqa: FBT001
    """Do what ``native/haar.cpp`` does, level by level."""
    low = block / 255.0
    if remove_mean:
        details = []
        while low.shape[1] > 1:
            low, *detail = _haar_step(low)
            details.append(detail)
        low = np.zeros_like(low)
        for detail in reversed(details):
            low = _haar_back(low, *detail)
    for _ in range(levels):
        low = _haar_step(low)[0]
    return low


def _haar_step(planes: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Transform columns, then rows; an output is the sum of two products, each rounded."""
    planes = _HALF_ROOT * planes
    upper, lower = planes[:, ::2], planes[:, 1::2]
    mean, step = _HALF_ROOT * (lower + upper), _HALF_ROOT * (upper - lower)
    return (
        mean[:, :, 1::2] + mean[:, :, ::2],
        mean[:, :, ::2] - mean[:, :, 1::2],
        step[:, :, 1::2] + step[:, :, ::2],
        step[:, :, ::2] - step[:, :, 1::2],
    )


def _haar_back(
    low: NDArray[np.float64], across: NDArray[np.float64], below: NDArray[np.float64], cross: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Undo `_haar_step`: rows, then columns."""
    low, across, below, cross = (_HALF_ROOT * plane for plane in (low, across, below, cross))
    count, side, _ = low.shape
    mean, step = np.empty((2, count, side, 2 * side))
    mean[:, :, ::2], mean[:, :, 1::2] = low + across, low - across
    step[:, :, ::2], step[:, :, 1::2] = below + cross, below - cross
    mean, step = _HALF_ROOT * mean, _HALF_ROOT * step
    planes = np.empty((count, 2 * side, 2 * side))
    planes[:, ::2], planes[:, 1::2] = mean + step, mean - step
    return planes
