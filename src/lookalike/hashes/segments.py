"""The crop-resistant hash: one difference hash for each bright or dark region of a picture.

Source: Steinebach, Liu, Yannikos, *Efficient Cropping-Resistant Robust Image Hashing* (ARES 2014,
doi:10.1109/ARES.2014.85), with the filters, thresholds and order of regions of ``imagehash.crop_resistant_hash``.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from lookalike.hashes import difference
from lookalike.hashes.luma import in_gray, luma

Box = tuple[float, float, float, float]
Region = tuple[int, tuple[slice, slice]]
"""Pixels, and the rows and columns that hold them."""

THRESHOLD = 128
MIN_REGION = 500
SIDE = 300
"""Defaults of ``imagehash``: level above which a pixel is bright, pixels that a region has more of, side of the map."""


def boxes(
    image: Image.Image,
    *,
    limit_segments: int | None = None,
    segment_threshold: float = THRESHOLD,
    min_segment_size: int = MIN_REGION,
    segmentation_image_size: int = SIDE,
) -> list[Box]:
    """Return the boxes around the bright and the dark regions of an image.

    Parameters
    ----------
    image : PIL.Image.Image
        An image of any mode.
    limit_segments : int, optional
        Keep this many of the largest regions.
    segment_threshold : float
        Pixels brighter than this are bright.
    min_segment_size : int
        Only regions with more pixels than this count.
    segmentation_image_size : int
        Side of the square that the image is resized to before it is divided.

    Returns
    -------
    list of tuple of float
        Left, upper, right and lower edge in pixels of `image`: bright regions, then dark ones, each in the order of
        their first pixel, or the largest first if limited; the whole image if there is no region.

    Raises
    ------
    OSError, ValueError
        What Pillow says of pixels that cannot be read or converted, and of sizes below 1.

    Examples
    --------
    >>> halves = Image.new("L", (600, 300))
    >>> halves.paste(255, (300, 0, 600, 300))
    >>> boxes(halves)
    [(300.0, 0.0, 600.0, 300.0), (0.0, 0.0, 300.0, 300.0)]
    """
    side = segmentation_image_size
    small = Image.fromarray(luma(image, side, side)).filter(ImageFilter.GaussianBlur())
    # As float32, because that is what a fractional threshold is rounded to.
    bright = majority(np.asarray(small).astype(np.float32) > segment_threshold)
    found = regions(bright, min_segment_size) or [(side * side, (slice(0, side), slice(0, side)))]
    if limit_segments:
        found = sorted(found, key=lambda region: region[0], reverse=True)[:limit_segments]
    across, down = float(image.width) / side, float(image.height) / side
    return [
        (columns.start * across, rows.start * down, columns.stop * across, rows.stop * down)
        for _, (rows, columns) in found
    ]


def majority(matrix: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return what most of the nine neighbours of each place are, edges continued outwards.

    The median of nine levels is above a threshold exactly where five of them are: this is Pillow's ``MedianFilter``
    after a threshold instead of before it, and much quicker.

    Parameters
    ----------
    matrix : ndarray of bool, shape (height, width)
        At least 1x1.

    Returns
    -------
    ndarray of bool, shape (height, width)
        Whether five or more of the nine are true.

    Examples
    --------
    >>> majority(np.eye(3, dtype=bool))
    array([[ True, False, False],
           [False, False, False],
           [False, False,  True]])
    """
    count = np.pad(matrix.astype(np.uint8), 1, mode="edge")
    count = count[:-2] + count[1:-1] + count[2:]
    count = count[:, :-2] + count[:, 1:-1] + count[:, 2:]
    enough: NDArray[np.bool_] = count >= 5
    return enough


def regions(bright: NDArray[np.bool_], smallest: int) -> list[Region]:
    """Return the connected regions of a square map, as ``imagehash`` walks through them.

    Its walk over the dark regions ends when the pixels it has seen are as many as the square has; but it has also
    counted the ``4 * side`` places around the square, and not counted the pixel of a region of one. So the last dark
    regions may be missing, and are missing here too.

    Parameters
    ----------
    bright : ndarray of bool, shape (side, side)
        Which pixels are bright.
    smallest : int
        Only regions with more pixels than this are returned.

    Returns
    -------
    list of tuple
        Pixels of each region, and the slices of rows and columns around it: the bright ones in the order of their
        first pixel, then the dark ones.

    Examples
    --------
    >>> regions(np.arange(25).reshape(5, 5) < 10, 3)
    [(10, (slice(0, 2, None), slice(0, 5, None)))]
    """
    hills, hill_boxes = _label(bright)
    valleys, valley_boxes = _label(~bright)
    seen = 4 * len(bright) + int(hills[hills > 1].sum())
    before = seen + np.concatenate([[0], np.cumsum(np.where(valleys > 1, valleys, 0))[:-1]])
    walked = int(np.searchsorted(before, bright.size)) if len(valleys) else 0
    sizes, places = [*hills.tolist(), *valleys[:walked].tolist()], hill_boxes + valley_boxes[:walked]
    return [(size, place) for size, place in zip(sizes, places, strict=True) if size > smallest]


def _label(matrix: NDArray[np.bool_]) -> tuple[NDArray[np.int64], list[tuple[slice, slice]]]:
    """Return sizes and boxes of the regions that touch along edges, in the order of their first pixel."""
    from scipy import ndimage  # noqa: PLC0415 - slow to import, and few hashes need it

    labels, _ = ndimage.label(matrix)
    return np.bincount(labels.ravel())[1:], ndimage.find_objects(labels)


def prepare(image: Image.Image, size: int = 8, **options: Any) -> NDArray[np.uint8]:
    """Return what the difference hash sees of each region.

    Parameters
    ----------
    image : PIL.Image.Image
        An image of any mode.
    size : int
        Side of the hashes.
    **options
        Those of `boxes`.

    Returns
    -------
    ndarray of uint8, shape (k, size, size + 1)
        Brightness of the k regions, cut out and resampled.

    Raises
    ------
    OSError, ValueError
        What Pillow says of pixels that cannot be read or converted, of sizes below 1, and of pictures so small that
        a region of them has no pixel.

    Examples
    --------
    >>> prepare(Image.new("RGB", (40, 30), "white")).shape
    (1, 8, 9)
    """
    # A pixel's brightness depends on nothing but itself, so cutting after the conversion changes nothing.
    whole = in_gray(image)
    return np.stack([luma(whole.crop(box), size + 1, size) for box in boxes(whole, **options)])


def crop_resistant(block: NDArray[np.uint8], size: int) -> NDArray[np.uint64]:
    """Hash regions by where brightness rises from left to right.

    Parameters
    ----------
    block : ndarray of uint8, shape (k, size, size + 1)
        Regions as `prepare` returns them.
    size : int
        Side of the hashes; each has ``size ** 2`` bits.

    Returns
    -------
    ndarray of uint64, shape (k, words)
        One hash per region.

    Examples
    --------
    >>> hex(crop_resistant(np.arange(72, dtype=np.uint8).reshape(1, 8, 9), 8)[0, 0])
    '0xffffffffffffffff'
    """
    return difference.dhash(block, size)
