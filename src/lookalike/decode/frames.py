"""Frames and pages of an image file, each as a file of its own, so that whatever judges pictures can judge them."""

import io
from collections.abc import Generator

from PIL import Image, ImageOps

from lookalike.decode import jxl
from lookalike.decode.pillow import opened
from lookalike.errors import DecodeError
from lookalike.model import MAX_PIXELS

KEPT = ("1", "L", "LA", "I;16", "I", "F", "RGB", "RGBA", "CMYK")
"""Modes that TIFF keeps as they are."""


def frames_of(data: bytes, name: str, first: int = 0, *, max_pixels: int = MAX_PIXELS) -> Generator[bytes, None, None]:
    """Yield frames of an image file as uncompressed TIFF files.

    Parameters
    ----------
    data : bytes
        The whole file.
    name : str
        Its name; tells camera raw files from the TIFF they are built on.
    first : int
        Number of the first frame to yield, from 0.
    max_pixels : int
        Most pixels (width times height) of a frame that are decoded, inclusive.

    Yields
    ------
    bytes
        The frame, upright, as a viewer would show it at its time.

    Raises
    ------
    DecodeError
        With the kind damaged, unsupported or limit.
    """
    if (known := jxl.header(data)) is not None and known.animated and first:
        raise DecodeError("unsupported", "frames of JPEG XL after the first are not decoded")
    with opened(data, name, truncated=False, max_pixels=max_pixels) as image:
        for at in range(first, getattr(image, "n_frames", 1)):
            image.seek(at)
            yield _alone(image)


def _alone(image: Image.Image) -> bytes:
    image.load()
    frame = ImageOps.exif_transpose(image)
    if frame.has_transparency_data and frame.mode != "LA":
        frame = frame.convert("RGBA")
    elif frame.mode not in KEPT:
        frame = frame.convert("I;16" if frame.mode.startswith("I;16") else "RGB")
    made = io.BytesIO()
    frame.save(made, "TIFF")
    return made.getvalue()
