"""Facts beside the pixels: EXIF and the encoder's quality setting, of an image that Pillow has opened."""

import re
import struct
from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from lookalike.containers import boxes

SHOT = {
    "serial": ExifTags.Base.BodySerialNumber,
    "exposure": ExifTags.Base.ExposureTime,
    "aperture": ExifTags.Base.FNumber,
    "iso": ExifTags.Base.ISOSpeedRatings,
    "bias": ExifTags.Base.ExposureBiasValue,
    "distance": ExifTags.Base.SubjectDistance,
    "shot": ExifTags.Base.ImageNumber,
    "unique": ExifTags.Base.ImageUniqueID,
}
"""What tells two exposures of one camera apart."""
STUMBLES = (
    OSError, ValueError, SyntaxError, TypeError, KeyError, EOFError, struct.error, AttributeError, ZeroDivisionError,
)  # fmt: skip
"""What Pillow raises where EXIF is damaged."""
MOST_KEPT = 64
"""Characters of a text of `SHOT` that are kept."""
MOST_VALUES, MOST_TEXT = 16, 400
"""How many values of a tag, and how many characters of a text, are shown to people."""
MOTION = re.compile(rb"""(?:MotionPhoto|MicroVideo)(?:=["']|>)1""")
"""What XMP says of a motion photo, as an attribute or an element."""
XMP_WITHIN, XMP_BYTES = 1 << 17, 1 << 16
"""Bytes from the beginning of a file within which its XMP begins, and how many bytes it has at most."""


def exif(image: Image.Image) -> dict[str, str | int]:
    """Read the EXIF facts that turn a picture upright and choose a keeper.

    Parameters
    ----------
    image : Image
        An opened image.

    Returns
    -------
    dict
        Of orientation, make, model, software, captured, tags (how many there are) and the names of `SHOT`, those that are
        there; empty where there is no EXIF or it is damaged.
    """
    return _facts(image.getexif)


def exif_of(tiff: bytes) -> dict[str, str | int]:
    """Read the EXIF facts of a file from the TIFF structure that holds them.

    Parameters
    ----------
    tiff : bytes
        From its byte order mark on.

    Returns
    -------
    dict
        As `exif` gives it.
    """

    def loaded() -> Image.Exif:
        tags = Image.Exif()
        tags.load(b"Exif\0\0" + tiff)
        return tags

    return _facts(loaded)


def _facts(load: Callable[[], Image.Exif]) -> dict[str, str | int]:
    try:
        tags = load()
        if not tags:
            return {}
        details = tags.get_ifd(ExifTags.IFD.Exif)
        named: dict[str, object] = {
            "orientation": tags.get(ExifTags.Base.Orientation),
            "make": tags.get(ExifTags.Base.Make),
            "model": tags.get(ExifTags.Base.Model),
            "software": tags.get(ExifTags.Base.Software),
            "captured": _captured(details),
            "tags": len(tags) + len(details),
            **{name: _kept(details.get(tag)) for name, tag in SHOT.items()},
        }
    except STUMBLES:
        return {}
    if named["orientation"] not in range(2, 9):
        del named["orientation"]  # upright, or no orientation at all
    facts: dict[str, str | int] = {}
    for name, value in named.items():
        if isinstance(value, int) and not isinstance(value, bool):
            facts[name] = int(value)
        elif isinstance(value, str) and value.strip("\0 "):
            facts[name] = value.strip("\0 ")
    return facts


def described(image: Image.Image) -> dict[str, str]:
    """Read all EXIF of an image as text, to be looked at.

    Parameters
    ----------
    image : Image
        An opened image.

    Returns
    -------
    dict
        Values by name, in the order of the file: first those of the image, then of the camera, then of the place; what is no
        text as its size. Empty where there is no EXIF or it is damaged.
    """
    try:
        tags = image.getexif()
        parts = [
            (ExifTags.TAGS, dict(tags)),
            (ExifTags.TAGS, tags.get_ifd(ExifTags.IFD.Exif)),
            (ExifTags.GPSTAGS, tags.get_ifd(ExifTags.IFD.GPSInfo)),
        ]
    except STUMBLES:
        return {}
    pointers = set(ExifTags.IFD)
    return {
        str(names.get(tag, f"tag {tag}")): _described(value)
        for names, found in parts
        for tag, value in found.items()
        if tag not in pointers or names is ExifTags.GPSTAGS
    }


def _described(value: object) -> str:
    if isinstance(value, bytes):
        text = value.strip(b"\0 ")
        shown = text.isascii() and text.decode("ascii").isprintable()
        return text.decode("ascii")[:MOST_TEXT] if shown else f"{len(value):,} bytes"
    if isinstance(value, tuple):
        return ", ".join(_described(one) for one in value[:MOST_VALUES]) + (", ..." if len(value) > MOST_VALUES else "")
    return str(value).strip("\0 ")[:MOST_TEXT]


def _kept(value: object) -> str | None:
    """Return a tag of `SHOT` as short text: numbers to four digits, of several the first."""
    if isinstance(value, tuple) and value:
        value = value[0]
    if isinstance(value, str):
        return value[:MOST_KEPT]
    if value is None or isinstance(value, (bytes, tuple)):
        return None
    number = float(value)  # type: ignore[arg-type]  # an integer or a rational of Pillow's
    return f"{number:.4g}" if np.isfinite(number) else None


def has_video(data: bytes) -> bool:
    """Say whether an image file carries a video of the moment beside its picture.

    Parameters
    ----------
    data : bytes
        The whole file.

    Returns
    -------
    bool
        Whether it is a motion photo: XMP of Google's format 1.0 or of the micro videos before it, Samsung's trailer, or the
        ``mpvd`` box of HEIC and AVIF.

    Examples
    --------
    >>> has_video(b"...MotionPhoto_Data....SEFT")
    True
    """
    if data.endswith(b"SEFT") and b"MotionPhoto_Data" in data:
        return True
    if data[4:8] == b"ftyp":
        return any(kind == b"mpvd" for kind, _, _ in boxes(data, 0, len(data)))
    start = data.find(b"http://ns.adobe.com/xap/1.0/", 0, XMP_WITHIN)
    return start >= 0 and MOTION.search(data, start, start + XMP_BYTES) is not None


def jpeg_quality(image: Image.Image) -> int | None:
    """Estimate the quality setting of a JPEG by the standard luminance table nearest in sum.

    Parameters
    ----------
    image : Image
        An opened image.

    Returns
    -------
    int or None
        1..100; None for what has no quantisation tables.
    """
    tables = getattr(image, "quantization", None)
    if not tables or 0 not in tables:
        return None
    return quality_of(sum(tables[0]))


@cache
def quality_of(total: int) -> int:
    """Estimate the quality setting of a JPEG from the sum of its first quantisation table.

    Parameters
    ----------
    total : int
        Sum of its 64 entries.

    Returns
    -------
    int
        1..100.

    Examples
    --------
    >>> quality_of(64)
    100
    """
    return int(np.abs(_standard_sums() - total).argmin()) + 1


def _captured(details: dict[int, object]) -> str | None:
    """Return when the photo was taken as sortable text, or None."""
    found = re.match(r"(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)", str(details.get(ExifTags.Base.DateTimeOriginal, "")))
    if found is None or found[1] == "0000":
        return None
    fraction = re.match(r"\d+", str(details.get(ExifTags.Base.SubsecTimeOriginal, "")))
    return f"{found[1]}-{found[2]}-{found[3]} {found[4]}" + (f".{fraction[0]}" if fraction else "")


@cache
def _standard_sums() -> NDArray[np.int64]:
    """Return, for quality 1..100, the sum of libjpeg's luminance table (ITU T.81, Annex K, scaled as libjpeg does)."""
    base = np.array(
        [
            16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56,
            14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
            49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
        ]
    )  # fmt: skip
    quality = np.arange(1, 101)
    scale = np.where(quality < 50, 5000 // quality, 200 - 2 * quality)
    sums: NDArray[np.int64] = np.clip((base[np.newaxis] * scale[:, np.newaxis] + 50) // 100, 1, 255).sum(axis=1)
    return sums
