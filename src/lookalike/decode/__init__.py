"""Bytes to pictures and thumbnails: every Pillow quirk, size limit and format plug-in lives here."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookalike.decode.enlarging import predictions
from lookalike.decode.frames import frames_of
from lookalike.decode.jxl import header
from lookalike.decode.native import decode_all, is_candidate, is_plain, read_files
from lookalike.decode.pillow import NO_MEMORY, can_read_raw, is_truncated, opened, use_one_thread
from lookalike.decode.pixels import PIXELS_VERSION, Pixels, pixels_of
from lookalike.decode.raw import NEEDED as RAW_NEEDED
from lookalike.decode.raw import SENSOR
from lookalike.decode.thumbnails import detail, luma_of, reduced, square, thumbnail, turn, upright_size
from lookalike.installed import decoders, environment
from lookalike.model import MAX_PIXELS, Thumbnail

VERSION = 5
"""Rises when any thumbnail could change; the catalog decodes again what an older version made."""

__all__ = [
    "NO_MEMORY", "PIXELS_VERSION", "RAW_NEEDED", "VERSION", "Pixels", "can_read_raw", "decode", "decode_all", "decoders",
    "detail", "environment", "frames_of", "is_candidate", "is_plain", "is_truncated", "luma_of", "opened", "picture",
    "pixels_of", "planes", "predictions", "read_files", "turn", "upright_size", "use_one_thread", "whole_luma",
]  # fmt: skip


def decode(data: bytes, name: str = "", *, truncated: bool = False, max_pixels: int = MAX_PIXELS) -> Thumbnail:
    """Decode the first frame of an image file to a thumbnail.

    Parameters
    ----------
    data : bytes
        The whole file.
    name : str
        Its name; tells camera raw files from the TIFF they are built on.
    truncated : bool
        Whether a file that ends early is accepted.
    max_pixels : int
        Most pixels (width times height) that are decoded, inclusive.

    Returns
    -------
    Thumbnail
        Upright, transparency over white. Of a camera raw file it shows the preview; size and depth are those of the sensor.

    Raises
    ------
    DecodeError
        With the kind damaged, unsupported or limit.
    """
    (made,) = decode_all([data], max_pixels=max_pixels)
    if made is not None:
        return made
    with opened(data, name, truncated=truncated, max_pixels=max_pixels) as image:
        made = thumbnail(image, data)
        if (sensor := image.info.get(SENSOR)) is not None:
            made = replace(made, width=sensor.width, height=sensor.height, depth=sensor.depth, quality=None)
        if made.format == "JXL" and (known := header(data)) is not None and known.animated:
            made = replace(made, frames=max(2, made.frames))  # at least; how many there are nobody tells
    return replace(made, truncated=truncated and is_truncated(data))


def picture(data: bytes, name: str, most: int, *, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """Decode the first frame of an image file to a picture to work on.

    Parameters
    ----------
    data : bytes
        The whole file.
    name : str
        Its name; tells camera raw files from the TIFF they are built on.
    most : int
        Most pixels of the longer side; larger pictures are reduced to that.
    max_pixels : int
        Most pixels (width times height) that are decoded, inclusive.

    Returns
    -------
    PIL.Image.Image
        Upright, transparency over white, in RGB.

    Raises
    ------
    DecodeError
        With the kind damaged, unsupported or limit.
    """
    with opened(data, name, truncated=False, max_pixels=max_pixels) as image:
        return reduced(image, most)


def whole_luma(data: bytes, name: str, *, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """Decode all of the luma of the first frame of an image file.

    Parameters
    ----------
    data : bytes
        The whole file.
    name : str
        Its name; tells camera raw files from the TIFF they are built on.
    max_pixels : int
        Most pixels (width times height) that are decoded, inclusive.

    Returns
    -------
    PIL.Image.Image
        Upright, transparency over white, in L.

    Raises
    ------
    DecodeError
        With the kind damaged, unsupported or limit.
    """
    return picture(data, name, max_pixels, max_pixels=max_pixels).convert("L")


def planes(
    data: bytes, name: str, side: int, *, truncated: bool = False, max_pixels: int = MAX_PIXELS
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Decode the first frame of an image file to luma finer than that of its thumbnail, and to chroma.

    Parameters
    ----------
    data : bytes
        The whole file.
    name : str
        Its name; tells camera raw files from the TIFF they are built on.
    side : int
        Side of the square.
    truncated : bool
        Whether a file that ends early is accepted.
    max_pixels : int
        Most pixels (width times height) that are decoded, inclusive.

    Returns
    -------
    luma : ndarray of uint8, shape (side, side)
        Upright, transparency over white.
    chroma : ndarray of uint8, shape (8, 8, 2)
        Cb and Cr; unlike that of a thumbnail always made of all pixels.

    Raises
    ------
    DecodeError
        With the kind damaged, unsupported or limit.
    """
    with opened(data, name, truncated=truncated, max_pixels=max_pixels) as image:
        return square(image, side)
