"""The colour hash (colorhash): how much of a picture is black, gray, and of six hues, faint or bright.

Source: ``imagehash.colorhash``, whose bins, float expressions and order of bits are kept to the last bit. Its bins are
odd in places: a hue of 43 begins the second bin (the edges are sixths of 255, not of 256), and a saturation of exactly
170 is neither faint nor bright though it counts among the coloured pixels.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

from lookalike import bits
from lookalike.errors import UsageError
from lookalike.hashes.luma import in_gray
from lookalike.model import COLOUR_BINS

HUES = 6
COUNTS = 1 + COLOUR_BINS
"""Numbers per picture: all pixels, black, gray, faint by hue, bright by hue."""
MAX_SIZE = 32
"""Bits per colour bin; with more, a count times ``2 ** size`` could leave 64 bits."""

LIT = [0 if level < 32 else 255 for level in range(256)]
"""Mask of the pixels that are not black."""
HUE = [min(HUES - 1, 2 * hue // 85) for hue in range(256)]
"""Bin of each hue; the edges 0, 42.5, 85, ... fall between integers or onto the first one of a bin."""
LEAST_COLOUR = 85
"""Pixels of a lower saturation are gray."""
FAINT, BRIGHT, NEITHER = 0, 8, 16
"""Class of a saturation; its sum with the bin of the hue is one number below 32."""
SATURATION = [FAINT if LEAST_COLOUR <= level < 170 else BRIGHT if level > 170 else NEITHER for level in range(256)]


def prepare(image: Image.Image) -> NDArray[np.int64]:
    """Count the pixels of an image by kind.

    Parameters
    ----------
    image : PIL.Image.Image
        An image of any mode that Pillow converts to L and to HSV.

    Returns
    -------
    ndarray of int64, shape (15,)
        Pixels: all, black, gray, six hues of faint ones, six hues of bright ones.

    Raises
    ------
    OSError, ValueError
        What Pillow says of pixels that cannot be read or converted.

    Examples
    --------
    >>> prepare(Image.new("RGB", (4, 2), "red")).tolist()
    [8, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0]
    """
    # Lookup tables and histograms of Pillow: one byte per pixel at each step, where masks of NumPy would need many.
    lit = in_gray(image).point(LIT)
    hsv = image.convert("HSV")
    saturation = hsv.getchannel("S")
    levels = saturation.histogram(lit)
    counts = np.zeros(COUNTS, np.int64)
    counts[0] = image.width * image.height
    counts[1] = counts[0] - sum(levels)
    counts[2] = sum(levels[:LEAST_COLOUR])
    if any(levels[LEAST_COLOUR:]):
        kinds = ImageChops.add(hsv.getchannel("H").point(HUE), saturation.point(SATURATION)).histogram(lit)
        counts[3 : 3 + HUES] = kinds[FAINT : FAINT + HUES]
        counts[3 + HUES :] = kinds[BRIGHT : BRIGHT + HUES]
    return counts


def colorhash(block: NDArray[np.int64], size: int) -> NDArray[np.uint64]:
    """Hash pictures by the shares of their colours.

    Parameters
    ----------
    block : ndarray of int64, shape (n, 15)
        Counts as `prepare` returns them.
    size : int
        Bits per colour bin, 1..32; the hash has ``14 * size`` bits.

    Returns
    -------
    ndarray of uint64, shape (n, words)
        Bins in the order of the counts, `size` bits each.

    Raises
    ------
    UsageError
        If the size is out of range or a picture has no pixels.

    Examples
    --------
    >>> hex(colorhash(prepare(Image.new("RGB", (4, 2), "red"))[np.newaxis], 1)[0, 0])
    '0x80000000000000'
    """
    if not 1 <= size <= MAX_SIZE:
        raise UsageError(f"colorhash has 1 to {MAX_SIZE} bits per colour, got {size}")
    if not block[:, 0].all():
        raise UsageError("a picture without pixels has no colours")
    top = 1 << size
    coloured = np.maximum(1, block[:, :1] - block[:, 1:2] - block[:, 2:3])
    # Of all pixels, a share is divided first; of the coloured ones it is multiplied first: the roundings differ.
    shares = np.concatenate([block[:, 1:3] / block[:, :1] * top, block[:, 3:] * top * 1.0 / coloured], axis=1)
    values = np.minimum(top - 1, shares.astype(np.int64))[:, :, np.newaxis]
    # Not the binary digits: bit i says whether the first i + 1 digits, modulo 2 ** (size - i), are not all zero.
    place = np.arange(size)
    matrix = (values >> (size - 1 - place)) % (1 << (size - place)) > 0
    return bits.pack(matrix.reshape(len(block), COLOUR_BINS * size))
