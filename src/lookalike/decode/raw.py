"""Camera raw files by the picture that the camera put into them: the largest preview, and what the file says of its sensor."""

import io
from importlib import import_module
from typing import Any, NamedTuple

from PIL import ExifTags, Image

from lookalike.errors import DecodeError
from lookalike.installed import RAW

NEEDED = "camera raw files need a decoder: pip install 'lookalike[formats]'"
TURNS = {3: 3, 5: 8, 6: 6}
"""How LibRaw says that a camera was held -> EXIF orientation."""
QUARTER_TURNS = (5, 6, 7, 8)
"""EXIF orientations that change width for height."""
TIFF = (b"II*\0", b"MM\0*")
"""How raw files begin whose EXIF Pillow can read; most are TIFF files."""
SENSOR = "lookalike sensor"
"""Where an opened preview holds its `Sensor`, in ``info``."""


class Sensor(NamedTuple):
    """What a raw file holds beside its preview.

    Attributes
    ----------
    width, height : int
        Upright size of the picture that it is developed to.
    depth : int
        Bits of a level, at least 8.
    """

    width: int
    height: int
    depth: int


def preview(data: bytes, readable: tuple[str, ...]) -> Image.Image:
    """Open the largest preview in a camera raw file.

    Parameters
    ----------
    data : bytes
        The whole file.
    readable : tuple of str
        Formats that Pillow may open.

    Returns
    -------
    PIL.Image.Image
        Of the format RAW, with the orientation that turns it upright, the EXIF of the raw file where that can be read, and a
        `Sensor` in its ``info``.

    Raises
    ------
    DecodeError
        unsupported without the package, for a camera or preview it does not know, and where there is no preview; else damaged.
    MemoryError
        If there is not enough memory for it.
    """
    try:
        libraw: Any = import_module(RAW)
    except ImportError as error:
        raise DecodeError("unsupported", NEEDED) from error
    try:
        with libraw.imread(io.BytesIO(data)) as raw:
            sizes, levels = raw.sizes, int(raw.white_level or 0)
            found = raw.extract_thumb()
    except (libraw.LibRawNoThumbnailError, libraw.LibRawUnsupportedThumbnailError) as error:
        raise DecodeError("unsupported", "a camera raw file without a preview that can be read") from error
    except (libraw.LibRawFileUnsupportedError, libraw.NotSupportedError) as error:
        raise DecodeError("unsupported", "no camera raw file that LibRaw knows, whatever its name says") from error
    except libraw.LibRawUnsufficientMemoryError as error:
        raise MemoryError from error
    except libraw.LibRawError as error:
        raise DecodeError("damaged", f"camera raw file: {_said(error)}") from error
    jpeg = found.format == libraw.ThumbFormat.JPEG
    image: Image.Image = Image.open(io.BytesIO(found.data), formats=readable) if jpeg else Image.fromarray(found.data)
    flip = TURNS.get(int(sizes.flip), 1)
    across, down = (sizes.height, sizes.width) if flip in QUARTER_TURNS else (sizes.width, sizes.height)
    _tell(image, data, flip, stands=None if across == down else down > across)
    image.format = "RAW"
    image.info[SENSOR] = Sensor(int(across), int(down), max(8, levels.bit_length()))
    return image


def _tell(image: Image.Image, data: bytes, flip: int, *, stands: bool | None) -> None:
    """Give a preview the EXIF of its raw file, and the orientation that turns this very picture upright.

    Its own orientation counts, which LibRaw adds where there is none. A preview that stands or lies as the upright picture
    does, and would not once it were turned, was turned when it was made.
    """
    tags = image.getexif()
    own = tags.get(ExifTags.Base.Orientation, flip)
    if own in QUARTER_TURNS and image.width != image.height and stands == (image.height > image.width):
        own = 1
    if data.startswith(TIFF):
        try:
            tags.load(b"Exif\0\0" + data)
        except (SyntaxError, ValueError, TypeError, LookupError, OSError):
            tags.clear()  # what is damaged there is no reason to show no picture
    tags[ExifTags.Base.Orientation] = own


def _said(error: Exception) -> str:
    """Return what LibRaw said, which is bytes in the text of its errors."""
    said = error.args[0] if error.args else ""
    return said.decode("ascii", "replace") if isinstance(said, bytes) else str(said)
