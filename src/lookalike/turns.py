"""The eight ways to turn a square, numbered as EXIF orientation numbers them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

MIRRORED = (2, 3, 6, 7)
"""Orientations whose picture, turned upright, has its columns reversed (after transposing, where that is done)."""
UPENDED = (3, 4, 7, 8)
"""Orientations whose picture has its rows reversed."""
TRANSPOSED = (5, 6, 7, 8)
"""Orientations whose picture has rows and columns exchanged."""
BACK = (0, 1, 2, 3, 4, 5, 8, 7, 6)
"""By orientation: the one that undoes it."""
NAMES = (
    "", "upright", "mirrored", "rotated 180", "flipped", "mirrored and rotated 90", "rotated 90", "flipped and rotated 90",
    "rotated 270",
)  # fmt: skip
"""By orientation: what it does to a picture, in words; clockwise."""


def turned(planes: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Turn square planes upright as EXIF orientation says.

    Parameters
    ----------
    planes : ndarray, shape (n, side, side, ...)
        Rows first.
    orientation : int
        EXIF orientation, 1..8; other values mean upright.

    Returns
    -------
    ndarray, shape (n, side, side, ...)
        The upright planes, C order.

    Examples
    --------
    >>> turned(np.array([[[1, 2], [3, 4]]]), 6).tolist()
    [[[3, 1], [4, 2]]]
    """
    if orientation in TRANSPOSED:
        planes = planes.swapaxes(1, 2)
    if orientation in MIRRORED:
        planes = planes[:, :, ::-1]
    if orientation in UPENDED:
        planes = planes[:, ::-1]
    return np.ascontiguousarray(planes)
