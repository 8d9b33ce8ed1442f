"""Pillow's Lanczos resampling of gray pictures, the same bytes in a tenth of the time.

Facts: Pillow's ``src/libImaging/Resample.c``. Each pass rounds to bytes, so the order of the two passes shows in the
result, and Pillow has changed it: since pull request 9549 the vertical one comes first where the height shrinks by much
more than the width, after 9524 it did for pictures 100 times as tall as wide, and before that never. No version number
is trusted with that. The first call resamples a few small pictures with Pillow and takes the order that explains them
all; where none does, Pillow itself is used for everything.
"""

import hashlib
from collections.abc import Callable
from functools import cache, lru_cache
from operator import index

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookalike.kernels import IS_COMPILED, chosen

PILLOW = "pillow"
KERNELS: tuple[str, ...] = (PILLOW,)
if IS_COMPILED:
    from lookalike._native import LanczosAxis, gray_kernels
    from lookalike._native import resize_gray as _resize_native

    KERNELS = (*gray_kernels(), PILLOW)  # best first

Resize = Callable[[NDArray[np.uint8], int, int], NDArray[np.uint8]]
"""Takes pixels of (height, width), a new width and a new height."""
Order = Callable[[int, int, int, int], bool]
"""Takes a width and height and the new ones; says whether the vertical pass comes first."""

ORDERS: dict[str, Order] = {
    "height": lambda width, height, across, down: height > down and height - down > 2 * (width - across),
    "tall": lambda width, height, _, down: height > down and height > 100 * width,
    "width": lambda *_: False,
}
"""The orders that versions of Pillow are known to have, the newest first."""

PROBES = (
    *((20, 32, 8, 8), (20, 33, 8, 8), (50, 92, 8, 8), (50, 93, 8, 8), (33, 20, 8, 8), (41, 75, 9, 8), (41, 71, 9, 8)),
    *((60, 80, 32, 16), (60, 72, 32, 16), (10, 30, 16, 8), (30, 10, 8, 16), (10, 11, 16, 15), (11, 9, 20, 30)),
    *((3, 301, 2, 8), (3, 300, 2, 8), (2, 301, 5, 9), (400, 3, 8, 2), (12, 20, 12, 8), (20, 12, 8, 12), (2, 40, 3, 3)),
)
"""Widths and heights, and the new ones, on both sides of what makes the orders differ; in some a side keeps its size.

The first probes are about a difference of twice the other, the last ones about pictures that are very tall.
"""

_LOBES = 3.0
_FRACTION = 22
_CACHED_SIDE = 4096
"""Weights of longer sides are not kept: they take more memory than all others, and the pictures more time."""


def resize_gray(pixels: NDArray[np.uint8], width: int, height: int, *, kernel: str | None = None) -> NDArray[np.uint8]:
    """Resample a gray picture as Pillow does with its filter ``LANCZOS``.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w)
        Brightness.
    width, height : int
        Size of the result in pixels.
    kernel : str, optional
        One of `KERNELS`; None means the first, or Pillow if it has an order of passes that is not in `ORDERS`. It
        changes no byte.

    Returns
    -------
    ndarray of uint8, shape (height, width)
        The bytes of ``Image.fromarray(pixels).resize((width, height), Image.Resampling.LANCZOS)``; do not write to
        them.

    Raises
    ------
    UsageError
        If no kernel is called that.
    ValueError
        What Pillow says of sizes below 1.

    Examples
    --------
    >>> resize_gray(np.array([[0, 255], [0, 255]], np.uint8), 4, 1)
    array([[  0,  59, 196, 255]], dtype=uint8)
    """
    name = chosen(kernel, KERNELS)
    width, height = index(width), index(height)  # whole numbers of NumPy too, and no others, as in Pillow
    order = None if name == PILLOW or min(*pixels.shape, width, height) < 1 else installed_order()
    if order is None:
        return _resize_pillow(pixels, width, height)
    old_height, old_width = pixels.shape
    first = ORDERS[order](old_width, old_height, width, height)
    return _in_order(pixels, width, height, name, vertical_first=first)


def resize_reference(
    pixels: NDArray[np.uint8], width: int, height: int, *, vertical_first: bool = False
) -> NDArray[np.uint8]:
    """Do what the kernel does in plain NumPy, to tell it by.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w)
        Brightness, at least 1x1.
    width, height : int
        Size of the result in pixels, at least 1.
    vertical_first : bool
        Which of the two passes comes first.

    Returns
    -------
    ndarray of uint8, shape (height, width)
        The picture resampled.

    Examples
    --------
    >>> resize_reference(np.array([[0, 255], [0, 255]], np.uint8), 4, 1)
    array([[  0,  59, 196, 255]], dtype=uint8)
    """
    # All numbers are whole and far below 2**53, so floats are exact in any order of the sum.
    levels = pixels.astype(np.float64)
    for down in (vertical_first, not vertical_first):
        size, result = (len(levels), height) if down else (levels.shape[1], width)
        if size != result:  # a pass that changes no size is left out, though it would change the picture
            sums = weights(size, result) @ levels if down else levels @ weights(size, result).T
            levels = np.clip(np.floor(sums / 2**_FRACTION + 0.5), 0, 255)
    return levels.astype(np.uint8)


def weights(size: int, result: int) -> NDArray[np.float64]:
    """Return by how much each pixel along a side goes into each pixel of the result.

    Parameters
    ----------
    size, result : int
        Pixels along the side, before and after; at least 1.

    Returns
    -------
    ndarray of float64, shape (result, size)
        Whole numbers, in 2**-22ths.

    Examples
    --------
    >>> weights(2, 1) / 2**22
    array([[0.5, 0.5]])
    """
    scale = size / result
    stretch = max(scale, 1.0)
    table = np.zeros((result, size))
    for x in range(result):
        center = (x + 0.5) * scale
        first, last = max(0, int(center - _LOBES * stretch + 0.5)), min(size, int(center + _LOBES * stretch + 0.5))
        v = (np.arange(first, last) - center + 0.5) * (1.0 / stretch)
        lobes = np.where((v >= -_LOBES) & (v < _LOBES), np.sinc(v) * np.sinc(v / _LOBES), 0.0)
        scaled = lobes / np.cumsum(lobes)[-1] * 2**_FRACTION  # cumsum adds in order, sum does not
        table[x, first:last] = np.trunc(scaled + np.where(scaled < 0, -0.5, 0.5))
    return table


@cache
def installed_order() -> str | None:
    """Return the order of passes of the Pillow that is installed.

    Returns
    -------
    str or None
        A name in `ORDERS`; None if none of them gives Pillow's bytes.

    Examples
    --------
    >>> installed_order() in {*ORDERS, None}
    True
    """
    return None if KERNELS[0] == PILLOW else find_order(_resize_pillow)


def find_order(resize: Resize) -> str | None:
    """Find the order of passes by which the kernel gives the same bytes as a function does.

    Parameters
    ----------
    resize : callable
        Resamples gray pictures in some way.

    Returns
    -------
    str or None
        The first name in `ORDERS` that explains what comes of all `PROBES`, None if none does.

    Examples
    --------
    >>> find_order(lambda pixels, width, height: np.zeros((height, width), np.uint8)) is None
    True
    """
    left = list(ORDERS)
    for probe in PROBES:
        width, height, across, down = probe
        pixels = probe_picture(width, height)
        expected = resize(pixels, across, down)
        same = {
            first: np.array_equal(_in_order(pixels, across, down, KERNELS[0], vertical_first=first), expected)
            for first in (False, True)
        }
        left = [name for name in left if same[ORDERS[name](*probe)]]
        if not left:
            return None
    return left[0]


@cache
def probe_picture(width: int, height: int) -> NDArray[np.uint8]:
    """Return noise in black and white, on which nearly every rounding and cut-off shows.

    Parameters
    ----------
    width, height : int
        Size in pixels.

    Returns
    -------
    ndarray of uint8, shape (height, width)
        0 and 255; the same at every call.

    Examples
    --------
    >>> probe_picture(6, 1)
    array([[  0,   0,   0, 255, 255, 255]], dtype=uint8)
    """
    noise = np.frombuffer(hashlib.shake_128(b"lookalike").digest(width * height), np.uint8)
    return (noise % 2 * np.uint8(255)).reshape(height, width)


def _in_order(
    pixels: NDArray[np.uint8], width: int, height: int, kernel: str, *, vertical_first: bool
) -> NDArray[np.uint8]:
    old_height, old_width = pixels.shape
    across, down = _axis(old_width, width), _axis(old_height, height)
    return _resize_native(np.ascontiguousarray(pixels), across, down, vertical_first, kernel)


def _axis(size: int, result: int) -> "LanczosAxis":
    return LanczosAxis(size, result) if max(size, result) > _CACHED_SIDE else _kept_axis(size, result)


@lru_cache(512)
def _kept_axis(size: int, result: int) -> "LanczosAxis":
    return LanczosAxis(size, result)


def _resize_pillow(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.LANCZOS))
