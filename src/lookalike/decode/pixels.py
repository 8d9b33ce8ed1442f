"""All pixels of an image file to one digest: every frame, channel and level, upright, with the profile that gives them meaning.

What Pillow hands over only in part, as colours of 16 bits, has none: two files that differ there must not look equal.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from blake3 import blake3
from numpy.typing import NDArray
from PIL import Image, ImageOps

from lookalike import metadata
from lookalike.decode.pillow import opened
from lookalike.decode.thumbnails import luma_of, stored_depth
from lookalike.errors import DecodeError
from lookalike.model import MAX_PIXELS

PIXELS_VERSION = 1
"""Rises when the digest of any file could change."""
WHOLE = frozenset({"AVIF", "BMP", "DIB", "GIF", "JPEG", "MPO", "PCX", "PNG", "PPM", "QOI", "TGA", "TIFF", "WEBP"})
"""Formats of which Pillow hands over every frame and level, or shows that it does not. ICO and PSD may hold more pictures, JPEG
2000, JPEG XL and HEIF more levels."""
HIGH_AVIF = re.compile(rb"av1C..[\x40-\x7f\xc0-\xff]", re.DOTALL)
"""An AV1 configuration of more than 8 bits (AV1-ISOBMFF, section 2.3.3)."""
FRAME_PIXELS = 4096
"""As how many pixels a frame counts at least, for the time that a million tiny ones take."""
SAMPLES_PER_PIXEL = 277
"""TIFF tag."""
OWN_COLOURS = (b"DEBM", b"KNIL")
"""Colour space of a BMP with a profile (MBED or LINK, written as a number), which Pillow passes over."""
SRGB: dict[str, float | tuple[float, ...]] = {
    "gamma": 0.45455,
    "chromaticity": (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06),
}
"""What a PNG says in chunks of their own (gAMA, cHRM) that has the colours of one that says nothing."""
BAND_PIXELS, LOOK_PIXELS = 1 << 22, 1 << 14
"""Pixels that are copied at a time, to be digested and to see whether they are gray: most colours show in the first rows."""


class Pixels(NamedTuple):
    """What a full decode found.

    Attributes
    ----------
    digest : bytes
        BLAKE3 of all pixels.
    luma : ndarray of uint8, shape (64, 64), or None
        Where EXIF turns the picture: the luma that the thumbnail of a file has that was saved upright.
    """

    digest: bytes
    luma: NDArray[np.uint8] | None


def pixels_of(data: bytes, name: str = "", *, max_pixels: int = MAX_PIXELS) -> Pixels:
    """Decode all frames of an image file and digest them.

    Parameters
    ----------
    data : bytes
        The whole file.
    name : str
        Its name; tells camera raw files from the TIFF they are built on.
    max_pixels : int
        Most pixels that are decoded, over all frames, inclusive; a tiny frame counts as `FRAME_PIXELS`.

    Returns
    -------
    Pixels
        Equal digests where size, frames, channels, depth, profile and every level are equal, after the EXIF turn. Palettes are
        looked up, and gray is gray whether stored once or three times; how long a frame is shown does not count.

    Raises
    ------
    DecodeError
        With the kind damaged, unsupported or limit.
    """
    made = blake3()
    luma, total = None, 0
    with opened(data, name, truncated=False, max_pixels=max_pixels) as image:
        if image.format not in WHOLE or (image.format == "AVIF" and HIGH_AVIF.search(data)):
            raise DecodeError("unsupported", f"not all that a file of {image.format} may hold is decoded")
        for at in range(getattr(image, "n_frames", 1)):
            image.seek(at)
            total += max(image.width * image.height, FRAME_PIXELS)
            if total > max_pixels:
                raise DecodeError("limit", f"more pixels in all frames than the limit of {max_pixels:,}")
            _refuse_parts(image, data)
            depth = stored_depth(image, data)
            image.load()
            turned = metadata.exif(image).get("orientation", 1) != 1
            frame = ImageOps.exif_transpose(image) if turned else image
            if turned and at == 0:
                luma = luma_of(frame)
            frame = _plain(frame, image.format)
            key = None if frame.mode in ("L", "LA", "RGB", "RGBA") else image.info.get("transparency")
            made.update(repr((frame.mode, frame.size, depth, _colours(image), key)).encode())
            for band in _bands(frame, BAND_PIXELS):
                made.update(band.data.cast("B"))
    return Pixels(made.digest(), luma)


def _refuse_parts(image: Image.Image, data: bytes) -> None:
    """Refuse a frame, not loaded yet, of which Pillow hands over fewer bits or channels than are stored."""
    held = {"1": 1, "I": 32, "F": 32}.get(image.mode, 16 if image.mode.startswith("I;16") else 8)
    depth = stored_depth(image, data)
    if depth > held:
        raise DecodeError("unsupported", f"{depth} bits per channel of which {held} are decoded")
    samples = getattr(image, "tag_v2", {}).get(SAMPLES_PER_PIXEL, 1)
    if samples > len(image.getbands()):
        raise DecodeError("unsupported", f"{samples} channels of which {len(image.getbands())} are decoded")
    if image.format in ("BMP", "DIB") and data[70:74] in OWN_COLOURS and data[14] >= 108:
        raise DecodeError("unsupported", "a colour profile that is not read")
    if image.format == "PPM" and getattr(image, "tile", [("",)])[0][0] != "raw":
        raise DecodeError("unsupported", "levels that are scaled while they are decoded")


def _colours(image: Image.Image) -> object:
    """Return what a frame says of the colours that its levels stand for; nothing where these are the usual ones."""
    if profile := image.info.get("icc_profile"):
        return profile
    said = {} if "srgb" in image.info else {name: image.info[name] for name in SRGB if name in image.info}
    return {name: value for name, value in said.items() if not np.allclose(value, SRGB[name], rtol=0, atol=1e-3)}


def _plain(image: Image.Image, format_: str | None) -> Image.Image:
    """Return a frame as L, LA, RGB or RGBA where its mode only writes one of these in another way."""
    implied = format_ == "GIF"  # whose frames are RGBA once one of them might be transparent
    if image.mode in ("P", "PA") or (image.mode in ("1", "L", "RGB") and "transparency" in image.info):
        image, implied = image.convert("RGBA"), image.mode != "PA"
    elif image.mode == "1":
        image = image.convert("L")
    if implied and image.mode == "RGBA" and image.getchannel("A").getextrema()[0] == 255:
        image = image.convert("RGB")
    if image.mode in ("RGB", "RGBA") and all(_is_gray(band) for band in _bands(image, LOOK_PIXELS)):
        image = (
            Image.merge("LA", (image.getchannel(0), image.getchannel(3)))
            if image.mode == "RGBA"
            else image.getchannel(0)
        )
    return image


def _is_gray(band: NDArray[np.generic]) -> bool:
    return bool((band[..., 0] == band[..., 1]).all() and (band[..., 1] == band[..., 2]).all())


def _bands(image: Image.Image, pixels: int) -> Iterator[NDArray[np.generic]]:
    """Yield the pixels, little-endian, as many rows at a time as have so many: all of them may have hundreds of megabytes."""
    rows = max(1, pixels // image.width)
    for top in range(0, image.height, rows):
        below = min(top + rows, image.height)
        part = np.asarray(image if (top, below) == (0, image.height) else image.crop((0, top, image.width, below)))
        yield part.astype(part.dtype.newbyteorder("<"), order="C", copy=False)
