"""The hashes of the package ``imgdd`` 0.1.5 (Rust), bit for bit.

A picture is resampled (`lookalike.hashes.resampled`), turned gray in integers and only then hashed. All hashes have 64
bits, and their hexadecimal form is what imgdd prints, with leading zeros.

Source: the behaviour of imgdd 0.1.5 with image 0.25.5, rustdct 0.7.1 and dwt 0.5.2 (all but imgdd: MIT or Apache-2.0).
The cosine transform is rustdct's split radix in single precision: its rounding decides the bits of flat and of symmetric
pictures, whose coefficients are zero but for it.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookalike import bits
from lookalike.hashes import difference
from lookalike.hashes.middle import middles
from lookalike.hashes.resampled import Floats, Pixels, resample

SIZES: dict[str, tuple[int, int]] = {
    "ahash": (8, 8),
    "mhash": (8, 8),
    "dhash": (9, 8),
    "phash": (32, 32),
    "whash": (8, 8),
}
"""Width and height of the picture that each hash is made from."""
LEVELS = 3
"""Steps of the wavelet transform."""
CHUNK = 256
"""Pictures transformed at a time: their floats take a megabyte."""
SQRT_HALF = np.float32(np.sqrt(0.5))


def pixels_of(image: Image.Image) -> Pixels:
    """Return the channels of an image that imgdd looks at.

    Parameters
    ----------
    image : PIL.Image.Image
        An image of any mode that Pillow can turn into gray or RGB. It is not turned upright: imgdd ignores EXIF.

    Returns
    -------
    ndarray of uint8 or uint16, shape (height, width, channels)
        One channel for gray pictures, else red, green and blue. Transparency is left out, not blended; palettes are
        expanded; integer modes give 16 bits, limited to 0..65535. Of 16-bit colour Pillow reads the high bytes only.

    Raises
    ------
    ValueError
        If Pillow cannot turn that mode into RGB (LAB).

    Examples
    --------
    >>> pixels_of(Image.new("RGBA", (4, 3), (1, 2, 3, 0)))[0, 0]
    array([1, 2, 3], dtype=uint8)
    """
    if image.mode.startswith("I"):
        deep: Pixels = np.clip(np.asarray(image), 0, 65535).astype(np.uint16)[..., np.newaxis]
        return deep
    if image.mode in {"La", "RGBa"}:
        image = image.convert(image.mode.upper())
    gray_already = image.mode in {"1", "L", "LA", "F"}
    mode = "L" if gray_already else "RGB"
    if image.mode == "P":
        image = image.convert("RGBA")  # straight to RGB would warn where the palette has transparency
    channels = np.asarray(image if image.mode == mode else image.convert(mode))
    return channels[..., np.newaxis] if gray_already else channels


def gray(pixels: Pixels, width: int, height: int, filter_: str) -> NDArray[np.uint8]:
    """Resample channels and turn them gray, in this order.

    Parameters
    ----------
    pixels : ndarray of uint8 or uint16, shape (h, w, channels)
        As from `pixels_of`: red, green and blue in front where there are three or more channels, else gray.
    width, height : int
        Size of the result.
    filter_ : str
        One of `lookalike.hashes.resampled.FILTERS`.

    Returns
    -------
    ndarray of uint8, shape (height, width)
        Luma of the small picture, rounded down; 16 bits are reduced to 8 last.

    Raises
    ------
    UsageError, TypeError, ValueError
        As for `lookalike.hashes.resampled.resample`.

    Examples
    --------
    >>> gray(np.full((5, 5, 3), (0, 255, 0), np.uint8), 1, 1, "triangle")
    array([[182]], dtype=uint8)
    """
    small = resample(pixels, width, height, filter_).astype(np.uint32)
    luma = small[..., 0]
    if small.shape[2] >= 3:
        luma = (2126 * small[..., 0] + 7152 * small[..., 1] + 722 * small[..., 2]) // 10000
    if pixels.dtype == np.uint16:
        luma = (luma + 128) // 257
    return luma.astype(np.uint8)


def prepare(image: Image.Image, width: int, height: int, filter_: str) -> NDArray[np.uint8]:
    """Return the small gray picture that imgdd hashes.

    Parameters
    ----------
    image : PIL.Image.Image
        As for `pixels_of`.
    width, height : int
        Size of the result, see `SIZES`.
    filter_ : str
        One of `lookalike.hashes.resampled.FILTERS`.

    Returns
    -------
    ndarray of uint8, shape (height, width)
        One row of the blocks that the hashes below take.

    Raises
    ------
    UsageError
        If no filter is called that; the message lists the names.
    ValueError
        If Pillow cannot turn the image's mode into RGB.

    Examples
    --------
    >>> prepare(Image.new("L", (640, 480), 7), *SIZES["dhash"], "lanczos3").shape
    (8, 9)
    """
    return gray(pixels_of(image), width, height, filter_)


def ahash(block: NDArray[np.uint8], size: int) -> NDArray[np.uint64]:
    """Hash by brightness against the mean, rounded down.

    Parameters
    ----------
    block : ndarray of uint8, shape (n, 8, 8)
        Small gray pictures, see `prepare`.
    size : int
        8.

    Returns
    -------
    ndarray of uint64, shape (n, 1)
        Bit ``8 * row + column`` is set where the pixel is brighter.

    Examples
    --------
    >>> hex(ahash(np.arange(64, dtype=np.uint8).reshape(1, 8, 8), 8)[0, 0])
    '0xffffffff'
    """
    flat = block.reshape(len(block), size * size)
    mean = flat.sum(axis=1, keepdims=True, dtype=np.uint32) // (size * size)
    return bits.pack(flat > mean)


def mhash(block: NDArray[np.uint8], size: int) -> NDArray[np.uint64]:
    """Hash by brightness against what imgdd takes for the median, see `lookalike.hashes.middle`.

    Parameters
    ----------
    block : ndarray of uint8, shape (n, 8, 8)
        Small gray pictures, see `prepare`.
    size : int
        8.

    Returns
    -------
    ndarray of uint64, shape (n, 1)
        Bit ``8 * row + column`` is set where the pixel is brighter.

    Examples
    --------
    >>> hex(mhash(np.arange(64, dtype=np.uint8).reshape(1, 8, 8), 8)[0, 0])
    '0xffffffff'
    """
    flat = block.reshape(len(block), size * size)
    before, middle = middles(flat)
    median = (before.astype(np.uint32) + middle) // 2
    return bits.pack(flat > median[:, np.newaxis])


def dhash(block: NDArray[np.uint8], size: int) -> NDArray[np.uint64]:
    """Hash by whether it gets brighter to the right.

    Parameters
    ----------
    block : ndarray of uint8, shape (n, 8, 9)
        Small gray pictures, see `prepare`.
    size : int
        8.

    Returns
    -------
    ndarray of uint64, shape (n, 1)
        Bit ``8 * row + column`` is set where the right neighbour is brighter.

    Examples
    --------
    >>> hex(dhash(np.arange(72, dtype=np.uint8).reshape(1, 8, 9), 8)[0, 0])
    '0xffffffffffffffff'
    """
    return difference.dhash(block, size)


def phash(block: NDArray[np.uint8], size: int) -> NDArray[np.uint64]:
    """Hash by the low cosine coefficients against the median of all but the constant one.

    Parameters
    ----------
    block : ndarray of uint8, shape (n, 32, 32)
        Small gray pictures, see `prepare`.
    size : int
        8.

    Returns
    -------
    ndarray of uint64, shape (n, 1)
        Bit ``8 * row + column`` is set where that coefficient (row: vertical frequency) is greater.

    Examples
    --------
    >>> ramp = np.broadcast_to(np.arange(32, dtype=np.uint8), (1, 32, 32))
    >>> hex(phash(ramp, 8)[0, 0])
    '0x8000000000000000'
    """
    blocks = [np.zeros((0, 1), np.uint64)]
    for start in range(0, len(block), CHUNK):
        # Columns, rows, pictures: a transform runs down the first axis, so vectors lie along the pictures.
        values = block[start : start + CHUNK].transpose(2, 1, 0).astype(np.float32)
        across = cosines(values)[:size]
        low = cosines(across.swapaxes(0, 1))[:size].reshape(size * size, -1)
        median = np.sort(low[1:], axis=0)[size * size // 2 - 1]
        blocks.append(bits.pack((low > median).T))
    return np.concatenate(blocks)


def whash(block: NDArray[np.uint8], size: int) -> NDArray[np.uint64]:
    """Hash by Haar wavelets along the row of all 64 pixels, as imgdd does; for parity only.

    The picture's second dimension is not seen, and only the first of eight lowest frequencies is taken out. So the first
    eight bits are 0 in nearly every photo.

    Parameters
    ----------
    block : ndarray of uint8, shape (n, 8, 8)
        Small gray pictures, see `prepare`.
    size : int
        8.

    Returns
    -------
    ndarray of uint64, shape (n, 1)
        Bit ``8 * row + column`` is set where the value without its lowest frequency is above imgdd's median.

    Examples
    --------
    >>> hex(whash(np.arange(64, dtype=np.uint8).reshape(1, 8, 8), 8)[0, 0])
    '0xffffffff'
    """
    values = block.reshape(len(block), size * size).astype(np.float32) / np.float32(255)
    for level in range(LEVELS):
        part = values[:, : size * size >> level] * SQRT_HALF
        even, odd = part[:, ::2], part[:, 1::2]
        values[:, : size * size >> level] = np.concatenate([even + odd, even - odd], axis=1)
    values[:, 0] = 0
    for level in reversed(range(LEVELS)):
        part = values[:, : size * size >> level] * SQRT_HALF
        sums, differences = np.split(part, 2, axis=1)
        values[:, : size * size >> level : 2] = sums + differences
        values[:, 1 : size * size >> level : 2] = sums - differences
    before, middle = middles(values)
    median = (before + middle) / np.float32(2)
    return bits.pack(values > median[:, np.newaxis])


def cosines(values: Floats) -> Floats:
    """Transform along the first axis by the DCT-II, in single precision and in the order of rustdct.

    Parameters
    ----------
    values : ndarray of float32, shape (k, ...)
        `k` is a power of two.

    Returns
    -------
    ndarray of float32, shape (k, ...)
        Coefficient 0 is the sum.

    Examples
    --------
    >>> cosines(np.array([1, 2, 4, 1], np.float32)).tolist()
    [8.0, -0.7653668522834778, -2.8284270763397217, 1.8477590084075928]
    """
    count = len(values)
    if count == 1:
        return values
    first, last = values[: count // 2], values[: count // 2 - 1 : -1]
    sums, differences = first + last, first - last
    if count == 2:
        return np.concatenate([sums, differences * SQRT_HALF])
    quarter = count // 4
    cosine, sine, sign = (factor.reshape(quarter, *[1] * (values.ndim - 1)) for factor in _factors(quarter))
    outer, inner = differences[:quarter], differences[: quarter - 1 : -1]
    even = cosines(outer * cosine + inner * sine)
    odd = cosines((sign * (inner * cosine - outer * sine))[::-1])
    # Signs are exact, so only the sums below and above have to be those of the source.
    crossed = -sign[:0:-1] * odd[:0:-1]
    result = np.empty_like(values)
    result[::2] = cosines(sums)
    result[1] = even[0]
    result[3:-1:4] = even[1:] + crossed
    result[5::4] = even[1:] - crossed
    result[-1] = -odd[0]
    return result


@cache
def _factors(quarter: int) -> tuple[Floats, Floats, Floats]:
    place = np.arange(quarter)
    angle = np.pi * (2 * place + 1) / (8 * quarter)
    sign = np.where(place % 2, -1, 1)
    cosine, sine, sign = (factor.astype(np.float32) for factor in (np.cos(angle), np.sin(angle), sign))
    return cosine, sine, sign
