"""The small luma matrix that most hashes start from: gray first, then resampled.

Source: the order of the two steps and the filter are those of ``imagehash``, on the pixels as Pillow opens them.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

FILTER = Image.Resampling.LANCZOS


def gray(image: Image.Image) -> Image.Image:
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
    >>> gray(Image.new("RGB", (1, 1), "red")).getpixel((0, 0))
    76
    """
    return image if image.mode == "L" else image.convert("L")


def luma(image: Image.Image, width: int, height: int) -> NDArray[np.uint8]:
    """Return the brightness of an image at a small size.

    Parameters
    ----------
    image : PIL.Image.Image
        An image of any mode.
    width, height : int
        Size in pixels, at least 1.

    Returns
    -------
    ndarray of uint8, shape (height, width)
        Brightness; read-only.

    Raises
    ------
    OSError, ValueError
        What Pillow says of pixels that cannot be read or converted, and of sizes below 1.

    Examples
    --------
    >>> luma(Image.new("RGB", (40, 30), "white"), 3, 2)
    array([[255, 255, 255],
           [255, 255, 255]], dtype=uint8)
    """
    pixels: NDArray[np.uint8] = np.asarray(gray(image).resize((width, height), FILTER))
    return pixels
