"""What a single image may be given as: a path, bytes, a file object, a PIL image or an array."""

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookalike import decode
from lookalike.errors import DecodeError, UsageError
from lookalike.model import MAX_PIXELS
from lookalike.sources.pixels import ORIENTATION, as_file, from_array
from lookalike.sources.reading import Reader

ImageSource = str | os.PathLike[str] | bytes | BinaryIO | Image.Image | NDArray[np.generic]


def luma(image: ImageSource) -> NDArray[np.uint8]:
    """Return the luma of the thumbnail of an image.

    Parameters
    ----------
    image : path, bytes, file object, PIL.Image.Image or ndarray
        The image. Of a file, it is what a scan sees; pixels in memory are taken as they are, turned by their EXIF.

    Returns
    -------
    ndarray of uint8, shape (64, 64)
        Luma.

    Raises
    ------
    UsageError, DecodeError, OSError
        As for `picture`.

    Examples
    --------
    >>> luma(Image.new("L", (9, 9), 7))[0, 0]
    np.uint8(7)
    """
    if isinstance(image, (Image.Image, np.ndarray)):
        with picture(image) as opened:
            return decode.turn(decode.luma_of(opened), opened.getexif().get(ORIENTATION, 1))
    data, name = _read(image)
    return decode.decode(data, name).luma


@contextmanager
def picture(image: ImageSource) -> Iterator[Image.Image]:
    """Offer an image as a picture while the body runs.

    Parameters
    ----------
    image : path, bytes, file object, PIL.Image.Image or ndarray
        The image. Arrays are uint8 or uint16 of shape (height, width), or uint8 of shape (height, width, 3 or 4).

    Yields
    ------
    PIL.Image.Image
        As opened.

    Raises
    ------
    UsageError
        If it is no image: an empty array, NaN or other floats, an unusual shape or mode.
    DecodeError
        If a file, bytes, or a picture that was opened but not loaded cannot be decoded.
    OSError
        If a path cannot be read.
    """
    if isinstance(image, np.ndarray):
        image = from_array(image)
    if not isinstance(image, Image.Image):
        data, name = _read(image)
        with decode.opened(data, name, truncated=False, max_pixels=MAX_PIXELS) as opened:
            yield opened
        return
    if not image.width or not image.height:
        raise UsageError(f"the picture has no pixels: it is {image.width}x{image.height}")
    try:
        yield image
    except UsageError:
        raise
    except ValueError as error:
        raise UsageError(f"a picture of mode {image.mode} cannot be hashed: {error}") from error
    except OSError as error:  # a file that was opened, yet not read before
        raise DecodeError("damaged", str(error)) from error


def contents(image: ImageSource) -> tuple[bytes, str]:
    """Return an image as the bytes of a file, and its name where it has one.

    Parameters
    ----------
    image : path, bytes, file object, PIL.Image.Image or ndarray
        The image. Pixels in memory become a PNG file, or TIFF where PNG cannot hold them.

    Returns
    -------
    tuple of (bytes, str)
        The file, and its path or an empty text.

    Raises
    ------
    UsageError, DecodeError, OSError
        As for `picture`.

    Examples
    --------
    >>> contents(Image.new("L", (9, 9), 7))[0][1:4]
    b'PNG'
    """
    if isinstance(image, np.ndarray):
        image = from_array(image)
    if not isinstance(image, Image.Image):
        return _read(image)
    return as_file(image), ""


def _read(image: object) -> tuple[bytes, str]:
    """Return the bytes of a file, and its name where it has one."""
    if isinstance(image, (str, os.PathLike)):
        path = os.fsdecode(image)
        with closing(Reader(named=[path])) as reader:
            return reader.read(path), path
    if isinstance(image, bytes):
        return image, ""
    read: Callable[[], object] | None = getattr(image, "read", None)
    data = read() if callable(read) else None
    if not isinstance(data, bytes):
        raise UsageError(
            f"an image is a path, bytes, a binary file object, a PIL image or an array, got {type(image).__name__}"
        )
    return data, ""
