"""Resampling as the ``image`` crate of Rust does it, to the last bit: down first into floats, then across.

Each output pixel is a weighted sum over a window of the source, taken in single precision and in order. Rows are summed
first, without rounding; then columns; only the result is clamped and rounded. The weights are computed here once and
handed to the compiled kernel (``native/resample.hpp``), so that it and the NumPy reference beside it cannot differ.

Source: the behaviour of ``imageops::resize`` in image 0.25.5, measured through the package ``imgdd`` 0.1.5; the cubic
after Mitchell and Netravali, *Reconstruction Filters in Computer Graphics* (1988).
"""

from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import check_known
from lookalike.kernels import IS_COMPILED, REFERENCE, chosen

if IS_COMPILED:
    from lookalike._native import resample as _compiled

Floats: TypeAlias = NDArray[np.float32]
Pixels: TypeAlias = NDArray[np.uint8] | NDArray[np.uint16]
Taps: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64], Floats]

HALF = np.float32(0.5)


def _sinc(x: Floats) -> Floats:
    angle = x * np.float32(np.pi)
    # The sine of the C library is rounded correctly nearly always; NumPy's own in single precision is not.
    sine = np.sin(angle.astype(np.float64)).astype(np.float32)
    quotient: Floats = np.divide(sine, angle, out=np.ones_like(x), where=angle != 0)
    return quotient


def _box(x: Floats) -> Floats:
    return np.ones_like(x)


def _triangle(x: Floats) -> Floats:
    return np.maximum(np.float32(1) - np.abs(x), np.float32(0))


def _catmullrom(x: Floats) -> Floats:
    a = np.abs(x)
    square = a * a
    cube = square * a
    near = np.float32(9) * cube + np.float32(-15) * square + np.float32(6)
    far = np.float32(-3) * cube + np.float32(15) * square + np.float32(-24) * a + np.float32(12)
    return np.where(a < 1, near, np.where(a < 2, far, np.float32(0))).astype(np.float32) / np.float32(6)


def _gaussian(x: Floats) -> Floats:
    height = np.float32(1) / (np.sqrt(np.float32(2 * np.pi)) * HALF)
    # Rounded once, from double precision, like the sine.
    weight: Floats = height * np.exp((-(x * x) / HALF).astype(np.float64)).astype(np.float32)
    return weight


def _lanczos3(x: Floats) -> Floats:
    weight: Floats = _sinc(x) * _sinc(x / np.float32(3)) * (np.abs(x) < 3)
    return weight


FILTERS: dict[str, tuple[int, Callable[[Floats], Floats]]] = {
    "nearest": (0, _box),
    "triangle": (1, _triangle),
    "catmullrom": (2, _catmullrom),
    "gaussian": (3, _gaussian),
    "lanczos3": (3, _lanczos3),
}
"""Half the width of the window in pixels of the smaller picture, and the weight at a distance from its middle."""


@lru_cache(maxsize=4)  # one of a line of a million pixels takes 25 MB
def taps(source: int, target: int, filter_: str) -> Taps:
    """Return which source pixels make each output pixel along one side, and with what weights.

    Parameters
    ----------
    source, target : int
        Pixels along that side before and after, at least 1.
    filter_ : str
        One of `FILTERS`.

    Returns
    -------
    start : ndarray of int64, shape (target,)
        The first source pixel of each window.
    bounds : ndarray of int64, shape (target + 1,)
        Output pixel i has the weights ``bounds[i]`` to ``bounds[i + 1]``.
    weights : ndarray of float32, shape (bounds[-1],)
        Weights of all windows, one after the other; each window adds up to about 1.

    Raises
    ------
    UsageError
        If no filter is called that; the message lists the names.

    Examples
    --------
    >>> taps(4, 2, "triangle")[2]
    array([0.42857143, 0.42857143, 0.14285715, 0.14285715, 0.42857143,
           0.42857143], dtype=float32)
    """
    check_known("filter", filter_, FILTERS)
    support, weight = FILTERS[filter_]
    ratio = np.float32(source) / np.float32(target)
    scale = np.maximum(ratio, np.float32(1))  # when enlarging, the window is the filter's own
    reach = np.float32(support) * scale
    middle = (np.arange(target, dtype=np.float32) + HALF) * ratio
    start = np.clip(np.floor(middle - reach).astype(np.int64), 0, source - 1)
    stop = np.clip(np.ceil(middle + reach).astype(np.int64), start + 1, source)
    windows = []
    for first, last, centre in zip(start.tolist(), stop.tolist(), middle - HALF, strict=True):
        window = weight((np.arange(first, last).astype(np.float32) - centre) / scale)
        # A running sum is taken in order; NumPy's own sum is not.
        windows.append(window / np.cumsum(window, dtype=np.float32)[-1])
    bounds = np.concatenate([[0], np.cumsum(stop - start)])
    found = start, bounds, np.concatenate(windows)
    for column in found:
        column.flags.writeable = False  # the cache hands out the same arrays again
    return found


def resample(pixels: Pixels, width: int, height: int, filter_: str, *, kernel: str | None = None) -> Pixels:
    """Resample a picture.

    Parameters
    ----------
    pixels : ndarray of uint8 or uint16, shape (h, w, channels)
        The picture, no side empty.
    width, height : int
        Size of the result, at least 1.
    filter_ : str
        One of `FILTERS`.
    kernel : str, optional
        One of `lookalike.kernels.KERNELS`; None means the first. It changes no level.

    Returns
    -------
    ndarray of the type of `pixels`, shape (height, width, channels)
        The resampled picture; a copy where the size stays the same, as in the source.

    Raises
    ------
    UsageError
        If no filter or no kernel is called that.
    TypeError, ValueError
        If the picture is not as described, or a size is below 1.

    Examples
    --------
    >>> resample(np.full((9, 7, 3), 200, np.uint8), 2, 1, "lanczos3").tolist()
    [[[200, 200, 200], [200, 200, 200]]]
    """
    down, across = _checked(pixels, width, height, filter_)
    name = chosen(kernel)
    if pixels.shape[:2] == (height, width):
        return pixels.copy()
    if name == REFERENCE:
        return _resample(pixels, down, across)
    kernel_of_both: Callable[..., Pixels] = _compiled  # of either depth
    return kernel_of_both(np.ascontiguousarray(pixels), *down, *across)


def _resample(pixels: Pixels, down: Taps, across: Taps) -> Pixels:
    rows = _weigh(pixels, down)
    columns = _weigh(rows.swapaxes(0, 1), across).swapaxes(0, 1)
    sums = np.clip(columns, 0, np.iinfo(pixels.dtype).max)
    whole = np.floor(sums)
    # Half rounds up. Adding one half before the floor would round in single precision and lift values just below it.
    return cast("Pixels", (whole + (sums - whole >= HALF)).astype(pixels.dtype))


def _weigh(rows: Pixels | Floats, windows: Taps) -> Floats:
    """Sum rows with the weights of each window, one row after the other."""
    start, bounds, weights = windows
    sums = np.zeros((len(start), *rows.shape[1:]), np.float32)
    for window, (first, begin, end) in enumerate(zip(start, bounds, bounds[1:], strict=False)):
        for row, weight in zip(rows[first : first + end - begin], weights[begin:end], strict=True):
            sums[window] += row.astype(np.float32) * weight
    return sums


def _checked(pixels: Pixels, width: int, height: int, filter_: str) -> tuple[Taps, Taps]:
    if pixels.dtype not in {np.dtype(np.uint8), np.dtype(np.uint16)}:
        raise TypeError(f"pixels must be of uint8 or uint16, got {pixels.dtype}")
    if pixels.ndim != 3 or 0 in pixels.shape:
        raise ValueError(f"pixels must have the shape (h, w, channels), none of them 0, got {pixels.shape}")
    if min(width, height) < 1:
        raise ValueError(f"width and height must be at least 1, got {width} x {height}")
    return taps(pixels.shape[0], height, filter_), taps(pixels.shape[1], width, filter_)
