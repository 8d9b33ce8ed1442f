"""PDQ: 256 bits and a quality of a picture, the same ones that the package ``pdqhash`` gives.

Source: Facebook, *PDQ & TMK + PDQF* (2019), and the order of operations of its reference in C++. All arithmetic is in
float32 and every sum is taken in that order, because a bit may hang on the last rounding.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookalike.errors import UsageError
from lookalike.hashes import dct
from lookalike.kernels import IS_COMPILED, KERNELS, REFERENCE, chosen
from lookalike.model import THUMBNAIL_SIDE

if IS_COMPILED:
    from lookalike._native import pdq_frequencies, pdq_reduce_luma, pdq_reduce_rgb

SIZE = 16
"""The one size there is: frequencies each way."""
LEAST_SIDE = 5
"""Pixels on a side; a smaller picture has the hash 0 and quality 0."""


def prepare(image: Image.Image) -> NDArray[np.float32]:
    """Reduce a picture to what its hash is made of.

    Parameters
    ----------
    image : PIL.Image.Image
        Any mode; it is converted to RGB.

    Returns
    -------
    ndarray of float32, shape (64, 64)
        See `reduce_luma`.

    Examples
    --------
    >>> float(prepare(Image.new("L", (90, 70), 51))[0, 0])
    51.0
    """
    rgb = np.asarray(image.convert("RGB"))
    return reduce_luma(luma(rgb)) if KERNELS[0] == REFERENCE else pdq_reduce_rgb(rgb)


def luma(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Weigh the channels as ``pdqhash`` does: summed in double precision, then rounded.

    Parameters
    ----------
    rgb : ndarray of uint8, shape (h, w, 3)
        Pixels.

    Returns
    -------
    ndarray of float32, shape (h, w)
        0 to 255.

    Examples
    --------
    >>> luma(np.array([[[0, 255, 0]]], np.uint8))
    array([[149.685]], dtype=float32)
    """
    red, green, blue = (rgb[:, :, channel].astype(np.float64) for channel in range(3))
    return (red * 0.299 + green * 0.587 + blue * 0.114).astype(np.float32)


def reduce_luma(luma: NDArray[np.float32], *, kernel: str | None = None) -> NDArray[np.float32]:
    """Blur a picture with a tent filter and take a pixel from each of 64x64 cells.

    Parameters
    ----------
    luma : ndarray of float32, shape (h, w)
        Brightness, 0 to 255. With fewer than 5 pixels on a side the result is zero everywhere; a picture of 64x64 is
        taken as it is.
    kernel : str, optional
        One of `lookalike.kernels.KERNELS`; None means the first. It changes no bit.

    Returns
    -------
    ndarray of float32, shape (64, 64)
        The small picture.

    Raises
    ------
    UsageError
        If no kernel is called that.

    Examples
    --------
    >>> reduce_luma(np.ones((200, 100), np.float32)).sum()
    np.float32(4096.0)
    """
    if chosen(kernel, KERNELS) == REFERENCE:
        return reduce_luma_reference(luma)
    return pdq_reduce_luma(np.ascontiguousarray(luma))


def reduce_luma_reference(luma: NDArray[np.float32]) -> NDArray[np.float32]:
    """Do the same as `reduce_luma` in plain NumPy.

    Parameters
    ----------
    luma : ndarray of float32, shape (h, w)
        Brightness, 0 to 255.

    Returns
    -------
    ndarray of float32, shape (64, 64)
        The small picture.

    Examples
    --------
    >>> reduce_luma_reference(np.ones((4, 900), np.float32)).max()
    np.float32(0.0)
    """
    if min(luma.shape) < LEAST_SIDE:
        return np.zeros((THUMBNAIL_SIDE, THUMBNAIL_SIDE), np.float32)
    if luma.shape == (THUMBNAIL_SIDE, THUMBNAIL_SIDE):
        return luma.copy()
    for _ in range(2):  # two boxes each way make the tent
        luma = _box(_box(luma.T).T)
    rows, columns = (((np.arange(THUMBNAIL_SIDE) + 0.5) * side / THUMBNAIL_SIDE).astype(int) for side in luma.shape)
    return luma[np.ix_(rows, columns)]


def pdq(block: NDArray[np.float32], size: int, *, kernel: str | None = None) -> NDArray[np.uint64]:
    """Hash reduced pictures by their low DCT coefficients against the median.

    Parameters
    ----------
    block : ndarray of float32, shape (n, 64, 64)
        Pictures from `prepare`.
    size : int
        Always 16: the frequencies 1 to 16 each way.
    kernel : str, optional
        One of `lookalike.kernels.KERNELS`; None means the first. It changes no bit.

    Returns
    -------
    ndarray of uint64, shape (n, 4)
        Bits in the order of PDQ's usual hexadecimal text: the highest frequencies first.

    Raises
    ------
    UsageError
        If the size is another, or no kernel is called that.

    Examples
    --------
    >>> picture = (np.arange(4096, dtype=np.float32) ** 2 % 251).reshape(1, 64, 64)
    >>> from lookalike import bits
    >>> bits.to_hex(bits.to_int(pdq(picture, 16)[0], 256), 256)[:16]
    '3dd01bea6880b3ea'
    """
    if size != SIZE:
        raise UsageError(f"pdq has no size {size}: use {SIZE}")
    return dct.above_lower_median(frequencies(block, kernel=kernel))


def quality(block: NDArray[np.float32]) -> NDArray[np.int64]:
    """Measure how much a hash can be relied on, by the gradients of the picture.

    Parameters
    ----------
    block : ndarray of float32, shape (n, 64, 64)
        Pictures from `prepare`.

    Returns
    -------
    ndarray of int64, shape (n,)
        0 to 100: differences of neighbours, each in whole per cent of 255, summed over 90. PDQ's authors advise
        against relying on hashes of less than 50.

    Examples
    --------
    >>> quality(np.broadcast_to(np.arange(64, dtype=np.float32) * 4, (1, 64, 64)))
    array([44])
    """
    total = np.zeros(len(block), np.int64)
    for axis in (1, 2):
        # Per cent in float32, then cut off: int(-1.9) is -1, as in C.
        steps = np.diff(block, axis=axis) * np.float32(100) / np.float32(255)
        total += np.abs(steps.astype(np.int64)).sum(axis=(1, 2))
    return np.minimum(total // 90, 100)


def dihedral(block: NDArray[np.float32], *, kernel: str | None = None) -> NDArray[np.uint64]:
    """Hash all eight ways to turn and mirror pictures, from one DCT each.

    Turning a picture only transposes its coefficients and flips the signs of every other row or column. These are
    ``pdqhash.compute_dihedral``'s eight hashes (for pictures of 64x64, which that function alone filters once more,
    those of its DCT). The hash of a picture that was really turned can differ in a few bits: cells are cut from the
    upper left, and sums round in another order.

    Parameters
    ----------
    block : ndarray of float32, shape (n, 64, 64)
        Pictures from `prepare`.
    kernel : str, optional
        One of `lookalike.kernels.KERNELS`; None means the first. It changes no bit.

    Returns
    -------
    ndarray of uint64, shape (8, n, 4)
        Index ``k - 1`` has the hashes of the pictures turned as EXIF orientation k says. Indexes 0 to 7 are those that
        ``compute_dihedral`` returns at 0 (original), 5 (flip y), 2 (rotate 180), 4 (flip x), 6 (flip plus 1),
        3 (rotate 270), 7 (flip minus 1) and 1 (rotate 90).

    Raises
    ------
    UsageError
        If no kernel is called that.

    Examples
    --------
    >>> picture = (np.arange(4096, dtype=np.float32) ** 2 % 251).reshape(1, 64, 64)
    >>> dihedral(picture).shape, (dihedral(picture)[0] == pdq(picture, 16)).all()
    ((8, 1, 4), np.True_)
    """
    variants = dct.turned(frequencies(block, kernel=kernel), first=1)
    return np.stack([dct.above_lower_median(variant) for variant in variants])


def frequencies(block: NDArray[np.float32], *, kernel: str | None = None) -> NDArray[np.float32]:
    """Return the low DCT coefficients of reduced pictures.

    Parameters
    ----------
    block : ndarray of float32, shape (n, 64, 64)
        Pictures from `prepare`.
    kernel : str, optional
        One of `lookalike.kernels.KERNELS`; None means the first. It changes no bit.

    Returns
    -------
    ndarray of float32, shape (n, 16, 16)
        Frequencies 1 to 16; rows are vertical ones.

    Raises
    ------
    UsageError
        If no kernel is called that.

    Examples
    --------
    >>> frequencies(np.zeros((3, 64, 64), np.float32)).shape
    (3, 16, 16)
    """
    if chosen(kernel, KERNELS) != REFERENCE:
        return pdq_frequencies(np.ascontiguousarray(block), basis())
    across = np.zeros((len(block), SIZE, THUMBNAIL_SIDE), np.float32)
    low = np.zeros((len(block), SIZE, SIZE), np.float32)
    for k in range(THUMBNAIL_SIDE):  # term by term: a matrix product would sum in an order of its own
        across += basis()[:, k, np.newaxis] * block[:, k, np.newaxis, :]
    for k in range(THUMBNAIL_SIDE):
        low += across[:, :, k, np.newaxis] * basis()[:, k]
    return low


@cache
def basis() -> NDArray[np.float32]:
    """Return rows 1 to 16 of the 64-point DCT-II.

    Returns
    -------
    ndarray of float32, shape (16, 64)
        Row i is the frequency i + 1.

    Examples
    --------
    >>> float(basis()[0, 0]) == float(np.float32(np.sqrt(2 / 64) * np.cos(np.pi / 128)))
    True
    """
    angle = np.pi / 2 / THUMBNAIL_SIDE * np.arange(1, SIZE + 1)[:, np.newaxis] * np.arange(1, 2 * THUMBNAIL_SIDE, 2)
    scale = float(np.float32(np.sqrt(2 / THUMBNAIL_SIDE)))  # PDQ rounds the factor before the product
    rows: NDArray[np.float32] = (scale * np.cos(angle)).astype(np.float32)
    return rows


def _box(lines: NDArray[np.float32]) -> NDArray[np.float32]:
    """Average over a window that slides down the rows; its sum runs on, and so does the rounding of that sum."""
    length = len(lines)
    window = -(-length // (2 * THUMBNAIL_SIDE))
    ahead = window // 2  # rows below the one written; above it are as many, or one fewer
    behind = window - ahead - 1
    means = np.empty(lines.shape, np.float32)
    total = np.zeros(lines.shape[1], np.float32)
    for row in lines[:ahead]:
        total += row
    for i in range(length):
        if i + ahead < length:
            total += lines[i + ahead]
        if i > behind:
            total -= lines[i - behind - 1]
        means[i] = total / np.float32(min(i + ahead, length - 1) - max(i - behind, 0) + 1)
    return means
