"""Pixels in memory as the bytes of a lossless file: what is scanned is a file, wherever it comes from."""

import io
import struct

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookalike.errors import DecodeError, UsageError

ORIENTATION = 0x0112
OF_PNG = frozenset({"1", "L", "LA", "P", "RGB", "RGBA", "I;16", "I;16B"})
"""Modes that a PNG file holds as they are; TIFF holds the others."""
IN_NO_FILE = {"RGBa": "RGBA", "La": "LA", "HSV": "RGB"}
"""Modes that no file holds, and what they become."""
MOST_PIXELS = 1 << 30
"""Pixels of an array that becomes a picture; views of arrays can have any number."""


def from_array(array: NDArray[np.generic]) -> Image.Image:
    """Return an array as a picture.

    Parameters
    ----------
    array : ndarray
        uint8 or uint16 of shape (height, width), or uint8 of shape (height, width, 3 or 4).

    Returns
    -------
    PIL.Image.Image
        The same pixels.

    Raises
    ------
    UsageError
        If it is of another type or shape, or empty.
    DecodeError
        If it has more than `MOST_PIXELS`.

    Examples
    --------
    >>> from_array(np.zeros((2, 3, 3), np.uint8)).size
    (3, 2)
    """
    shape = array.shape
    gray, coloured = len(shape) == 2, len(shape) == 3 and shape[2] in (3, 4)
    if not ((gray and array.dtype in (np.uint8, np.uint16)) or (coloured and array.dtype == np.uint8)):
        raise UsageError(
            "an array must be uint8 or uint16 of shape (height, width), or uint8 of shape (height, width, 3 or 4), "
            f"got {array.dtype} of shape {shape}"
        )
    if not array.size:
        raise UsageError(f"the array has no pixels: its shape is {shape}")
    if shape[0] * shape[1] > MOST_PIXELS:  # a view may have far more than there is memory
        raise DecodeError("limit", f"{shape[1]}x{shape[0]} pixels, more than an array may have: {MOST_PIXELS:,}")
    return Image.fromarray(np.ascontiguousarray(array))


def as_file(image: Image.Image) -> bytes:
    """Return a picture as the bytes of a file of the same pixels, EXIF and colour profile.

    Parameters
    ----------
    image : PIL.Image.Image
        The picture.

    Returns
    -------
    bytes
        PNG, or TIFF for what PNG cannot hold; equal for equal pictures.

    Raises
    ------
    UsageError
        If it has no pixels.
    DecodeError
        If it was opened but not loaded, and cannot be.

    Examples
    --------
    >>> as_file(Image.new("L", (9, 9), 7))[1:4], as_file(Image.new("CMYK", (9, 9)))[:2]
    (b'PNG', b'II')
    """
    if not image.width or not image.height:
        raise UsageError(f"the picture has no pixels: it is {image.width}x{image.height}")
    file = io.BytesIO()
    try:
        exif = _exif(image)
        image = image.convert(IN_NO_FILE[image.mode]) if image.mode in IN_NO_FILE else image
        if image.mode in OF_PNG:
            image.save(file, "PNG", compress_level=1, exif=exif)
        else:
            image.save(file, "TIFF", exif=exif)
    except (OSError, ValueError, SyntaxError) as error:  # as Pillow says it of a file that is no good
        raise DecodeError("damaged", str(error)) from error
    return file.getvalue()


def _exif(image: Image.Image) -> bytes:
    """Return the EXIF of a picture; of one that cannot be written again, how it lies only."""
    exif = image.getexif()
    try:
        return exif.tobytes() if exif else b""
    except (ValueError, TypeError, KeyError, OverflowError, AttributeError, struct.error):
        plain = Image.Exif()
        plain[ORIENTATION] = exif.get(ORIENTATION, 1)
        return plain.tobytes()
