"""Bytes to an upright thumbnail: every Pillow quirk, size limit and format plug-in lives here.

This is the *fast* decoding. Where the short side in blocks of 8 pixels is at least `MIN_BLOCKS`, a picture is first
reduced to the means of its 8x8 blocks (a JPEG hands them over without being decoded in full), then resampled by
Lanczos on the fractional box; smaller pictures are resampled as they are.
"""

import contextlib
import io
import re
import struct
import threading
import warnings
from collections.abc import Iterator
from functools import cache
from importlib import import_module

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageFile, UnidentifiedImageError
from PIL import __version__ as pillow_version

from lookalike import formats, metadata
from lookalike.errors import DecodeError
from lookalike.model import BLOCK, CHROMA_SIDE, MAX_PIXELS, MIN_BLOCKS, THUMBNAIL_SIDE, Thumbnail

VERSION = 1
"""Rises when any thumbnail could change; the catalog decodes again what an older version made."""

NEUTRAL = 128
GRAY_TOLERANCE = 3
"""Chroma levels off neutral that codecs leave in a gray picture."""

PLUGINS = {"pi_heif": "register_heif_opener", "pillow_jxl": None}
"""Optional Pillow plug-ins of the `formats` extra: module -> function to call once, or None where importing is enough."""

STUMBLES = (
    ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, RuntimeError, SyntaxError, TypeError, ValueError,
    struct.error,
)  # fmt: skip
"""What Pillow's decoders raise, beside OSError, when a file leads them astray."""

PER_CENT = np.arange(2 * 255 + 1) * 100 // 255
"""Levels as whole per cent of full scale."""

_settings = threading.RLock()


@cache
def decoders() -> str:
    """Register the optional decoders that are installed and name the whole set.

    Returns
    -------
    str
        Such as ``pillow 13.0.0+pi_heif``; stored with every content, so that what could not be read for want of a
        decoder is tried again when the set changes.
    """
    present = []
    for module, register in PLUGINS.items():
        with contextlib.suppress(ImportError):  # not installed, or its library cannot be loaded
            plugin = import_module(module)
            if register is not None:
                getattr(plugin, register)()
            present.append(module)
    Image.init()
    return "+".join([f"pillow {pillow_version}", *present])


def environment() -> dict[str, str]:
    """Say which Pillow and which plug-ins decode.

    Returns
    -------
    dict
        ``{"pillow": version}``, and ``"plugins"`` with their names where there are any.
    """
    pillow, _, plugins = decoders().partition("+")
    return {"pillow": pillow.removeprefix("pillow "), **({"plugins": plugins} if plugins else {})}


@cache
def _readable(format_: str | None = None) -> tuple[str, ...]:
    """Return the formats Pillow may open, of those that have a decoder here; the likely one first."""
    decoders()
    return tuple(
        name for name in sorted(formats.PILLOW_FORMATS, key=lambda name: name != format_) if name in Image.OPEN
    )


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
        Upright, transparency over white.

    Raises
    ------
    DecodeError
        With the kind damaged, unsupported or limit.
    """
    format_ = formats.sniff(data[: formats.HEAD_BYTES], name)
    if not data:
        raise DecodeError("damaged", "the file is empty")
    if format_ == "RAW":
        raise DecodeError("unsupported", "camera raw files are not read yet")
    try:
        with _pillow(truncated=truncated):
            return _decode(data, format_, max_pixels)
    except DecodeError:
        raise
    except UnidentifiedImageError as error:
        raise _unidentified(format_) from error
    except Image.DecompressionBombError as error:
        raise DecodeError("limit", "more pixels than the limit") from error
    except MemoryError as error:
        raise DecodeError("limit", "not enough memory to decode it") from error
    except NotImplementedError as error:
        raise DecodeError("unsupported", _clause(error)) from error
    except OSError as error:
        early = _ends_early(error)
        if not early and "decoder" in str(error) and "not available" in str(error):
            raise DecodeError("unsupported", _clause(error)) from error
        raise DecodeError("damaged", _clause(error), truncated=early) from error
    except STUMBLES as error:
        raise DecodeError("damaged", _clause(error)) from error


def upright_size(width: int, height: int, orientation: int) -> tuple[int, int]:
    """Return the size of a picture after its EXIF turn.

    Parameters
    ----------
    width, height : int
        Stored size in pixels.
    orientation : int
        EXIF orientation, 1..8; other values mean upright.

    Returns
    -------
    tuple of int
        Upright width and height.

    Examples
    --------
    >>> upright_size(4000, 3000, 6)
    (3000, 4000)
    """
    return (height, width) if orientation in (5, 6, 7, 8) else (width, height)


def turn(plane: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Turn a square plane upright as EXIF orientation says.

    Parameters
    ----------
    plane : ndarray of uint8, shape (side, side, ...)
        Rows first.
    orientation : int
        EXIF orientation, 1..8; other values mean upright.

    Returns
    -------
    ndarray of uint8, shape (side, side, ...)
        The upright plane, C order.

    Examples
    --------
    >>> turn(np.array([[1, 2], [3, 4]], np.uint8), 6)
    array([[3, 1],
           [4, 2]], dtype=uint8)
    """
    if orientation in (5, 6, 7, 8):
        plane = plane.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        plane = plane[:, ::-1]
    if orientation in (3, 4, 7, 8):
        plane = plane[::-1]
    return np.ascontiguousarray(plane)


def detail(luma: NDArray[np.uint8]) -> int:
    """Measure how much structure a picture has.

    Parameters
    ----------
    luma : ndarray of uint8, shape (64, 64)
        Luma of a thumbnail.

    Returns
    -------
    int
        0..100: the sum of absolute second differences along rows and columns, each in whole per cent of full scale, over
        90. That is the quality measure of PDQ (Facebook, *PDQ & TMK + PDQF*, 2019) with second for first differences, so
        that smooth light, however bright its gradient, counts as little as a flat area.

    Examples
    --------
    >>> detail(np.full((64, 64), 255, np.uint8))
    0
    """
    plane = luma.astype(np.int16)
    down = np.abs(plane[:-2] - 2 * plane[1:-1] + plane[2:])
    along = np.abs(plane[:, :-2] - 2 * plane[:, 1:-1] + plane[:, 2:])
    return min(100, int(PER_CENT[down].sum() + PER_CENT[along].sum()) // 90)


@contextlib.contextmanager
def _pillow(*, truncated: bool) -> Iterator[None]:
    """Set Pillow's process-wide switches for one decode and restore them; our own limit replaces Pillow's."""
    with _settings, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before = (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)
        Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES = None, truncated
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES = before


def _decode(data: bytes, format_: str | None, max_pixels: int) -> Thumbnail:
    with Image.open(io.BytesIO(data), formats=_readable(format_)) as opened:
        image: Image.Image = opened
        width, height = image.size
        if width * height > max_pixels:
            raise DecodeError(
                "limit",
                f"{width}x{height} pixels, more than the limit of {max_pixels:,}",
                size=(width, height),
            )
        Image.MAX_IMAGE_PIXELS = max_pixels  # from here on Pillow's own limit guards images inside this one
        if not width or not height:
            raise DecodeError("damaged", "it has no pixels")
        format_ = image.format or ""
        depth = _depth(image, data)
        frames = _frames(image)
        quality = metadata.jpeg_quality(image)
        cut_short = False
        if ImageFile.LOAD_TRUNCATED_IMAGES:
            cut_short = _is_truncated(data)
        blocks = -(-min(width, height) // BLOCK) >= MIN_BLOCKS
        drafted = blocks and format_ in ("JPEG", "MPO") and _draft(image, width, height)
        image.load()
        exif = metadata.exif(image)  # some containers hold it behind the pixels
        orientation = int(exif.get("orientation", 1))
        alpha, image = _flatten(image)
        scale = BLOCK if blocks else 1
        if blocks and not drafted:
            image = image.reduce(BLOCK)
        box = (0.0, 0.0, width / scale, height / scale)
        luma, chroma, colour = _planes(image, box)
    luma, chroma = turn(luma, orientation), turn(chroma, orientation)
    upright = upright_size(width, height, orientation)
    captured = exif.pop("captured", None)
    return Thumbnail(
        luma=luma, chroma=chroma, width=upright[0], height=upright[1], format=format_, frames=frames, alpha=alpha,
        depth=depth, colour=colour, detail=detail(luma), quality=quality,
        lossless=formats.lossless(format_, data), captured=None if captured is None else str(captured), exif=exif,
        truncated=cut_short,
    )  # fmt: skip


def _draft(image: Image.Image, width: int, height: int) -> bool:
    """Ask libjpeg for the block means alone; false where it declines, as for CMYK."""
    if image.mode not in ("L", "RGB"):
        return False
    mode = "L" if image.mode == "L" else "YCbCr"
    return image.draft(mode, (width // BLOCK, height // BLOCK)) is not None and image.size == (
        -(-width // BLOCK),
        -(-height // BLOCK),
    )


def _flatten(image: Image.Image) -> tuple[bool, Image.Image]:
    """Return whether any pixel is transparent, and the picture over white as L, RGB or YCbCr."""
    if image.mode in ("L", "RGB", "YCbCr") and "transparency" not in image.info:
        return False, image
    if image.mode in ("I;16", "I;16B", "I;16L", "I;16N", "I", "F"):
        return False, Image.fromarray(_to_8_bits(np.asarray(image)))
    if (image.mode in ("1", "L", "P", "RGB") and "transparency" in image.info) or image.has_transparency_data:
        image = image.convert("RGBA")
        lowest = image.getchannel("A").getextrema()[0]
        if isinstance(lowest, (int, float)) and lowest < 255:
            # Premultiplied colour plus what shines through of white.
            bands = image.convert("RGBa").split()
            white = ImageChops.invert(bands[3])
            return True, Image.merge("RGB", [ImageChops.add(band, white) for band in bands[:3]])
        return False, image.convert("RGB")
    if image.mode in ("1", "LA", "La"):
        return False, image.convert("L")
    return False, image.convert("RGB")


def _to_8_bits(samples: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Scale integer or float samples to 0..255 by the widest of the usual ranges they fit: 0..1, 0..255, 0..65535, own."""
    values = np.nan_to_num(samples.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    if samples.dtype == np.uint16:
        top = 65535.0
    elif values.size and values.min() < 0:
        values = values - values.min()
        top = values.max()
    else:
        peak = values.max() if values.size else 0.0
        ranges = (255.0, 65535.0) if samples.dtype.kind in "iu" else (1.0, 255.0, 65535.0)
        top = next((limit for limit in ranges if peak <= limit), peak)
    return np.rint(values * (255.0 / top if top else 0.0)).astype(np.uint8)


def _planes(
    image: Image.Image, box: tuple[float, float, float, float]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], bool]:
    """Return 64x64 luma, 8x8 chroma, and whether there is any colour."""
    side, small = (THUMBNAIL_SIDE, THUMBNAIL_SIDE), (CHROMA_SIDE, CHROMA_SIDE)
    lanczos, mean = Image.Resampling.LANCZOS, Image.Resampling.BOX
    if image.mode == "L":
        luma = image.resize(side, lanczos, box)
        return np.array(luma), np.full((*small, 2), NEUTRAL, np.uint8), False
    coloured = image if image.mode == "YCbCr" else image.convert("YCbCr")
    luma = (image.getchannel(0) if image.mode == "YCbCr" else image.convert("L")).resize(side, lanczos, box)
    levels = [level for band in coloured.getextrema()[1:] if isinstance(band, tuple) for level in band]
    colour = min(levels) < NEUTRAL - GRAY_TOLERANCE or max(levels) > NEUTRAL + GRAY_TOLERANCE
    chroma = np.array(coloured.resize(small, mean, box))[..., 1:]
    return np.array(luma), np.ascontiguousarray(chroma), colour


def _frames(image: Image.Image) -> int:
    """Count frames or pages (the layers of a PSD are neither); of a file damaged after its first frame, that one."""
    if image.format == "PSD":
        return 1
    try:
        return max(1, int(getattr(image, "n_frames", 1)))
    except (OSError, ValueError, SyntaxError, EOFError, struct.error):
        image.seek(0)
        return 1


def _depth(image: Image.Image, data: bytes) -> int:
    """Return bits per channel as stored, also where Pillow hands over fewer."""
    if image.format == "PNG" and len(data) > 24:
        return 8 if image.mode == "P" else data[24]
    if image.format == "TIFF":
        stored = getattr(image, "tag_v2", {}).get(258, 1)
        return int(max(stored)) if isinstance(stored, tuple) else int(stored)
    return {"1": 1, "I": 32, "F": 32}.get(image.mode, 16 if image.mode.startswith("I;16") else 8)


def _is_truncated(data: bytes) -> bool:
    """Return whether Pillow refuses the file unless told to accept that it ends early."""
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    try:
        with Image.open(io.BytesIO(data), formats=_readable()) as image:
            image.load()
    except OSError as error:
        return _ends_early(error)
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = True
    return False


def _ends_early(error: OSError) -> bool:
    return "truncated" in str(error).lower()


def _unidentified(format_: str | None) -> DecodeError:
    if format_ in formats.EXTRA and format_ not in _readable():
        return DecodeError("unsupported", f"{formats.EXTRA[format_]} needs a decoder: pip install 'lookalike[formats]'")
    if format_ is None:
        return DecodeError("damaged", "not an image, whatever its name says")
    return DecodeError("damaged", f"starts like {format_} but its header cannot be read")


def _clause(error: BaseException) -> str:
    """Return what a decoder said as one short clause without addresses, so that it is the same in every run."""
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]* object at 0x[0-9a-f]+>", "the file", str(error))).strip()
    return text[:200] or type(error).__name__
