"""The reduced gray pictures that most hashes start from, as ``imagehash`` makes them (decoding full)."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookalike.errors import check_known
from lookalike.hashes.gray import resize_gray

LANCZOS = "lanczos3"
FILTER = Image.Resampling.LANCZOS
"""What ``imagehash`` uses."""
FILTERS: dict[str, Image.Resampling] = {
    LANCZOS: FILTER,
    "catmullrom": Image.Resampling.BICUBIC,
    "triangle": Image.Resampling.BILINEAR,
    "hamming": Image.Resampling.HAMMING,
    "box": Image.Resampling.BOX,
    "nearest": Image.Resampling.NEAREST,
}
"""Names of the field for what Pillow calls by others; the default first."""


def in_gray(image: Image.Image) -> Image.Image:
    """Return the brightness of an image as Pillow defines it.

    Parameters
    ----------
    image : PIL.Image.Image
        An image of any mode.

    Returns
    -------
    PIL.Image.Image
        Of mode L; the image itself where it is one already, so do not write to it.

    Raises
    ------
    OSError, ValueError
        What Pillow says of pixels that cannot be read or converted.

    Examples
    --------
    >>> in_gray(Image.new("RGB", (1, 1), "red")).getpixel((0, 0))
    76
    """
    return image if image.mode == "L" else image.convert("L")


def luma(image: Image.Image, width: int, height: int, filter_: str = LANCZOS) -> NDArray[np.uint8]:
    """Return a picture in gray and reduced, as by Pillow: converted to mode L first, resampled in 8 bits then.

    Parameters
    ----------
    image : PIL.Image.Image
        Any mode; not turned by EXIF, transparency ignored.
    width, height : int
        Size of the result in pixels.
    filter_ : str
        A name in `FILTERS`.

    Returns
    -------
    ndarray of uint8, shape (height, width)
        The reduced picture.

    Raises
    ------
    UsageError
        If no filter is called that; the message lists the names.

    Examples
    --------
    >>> luma(Image.new("RGB", (30, 20), "white"), 9, 8).shape
    (8, 9)
    """
    check_known("filter", filter_, FILTERS)
    if filter_ == LANCZOS:
        return resize_gray(np.asarray(in_gray(image)), width, height)  # Pillow's own bytes, only sooner
    return np.asarray(in_gray(image).resize((width, height), FILTERS[filter_]))
