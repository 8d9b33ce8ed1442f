"""What claims to be an image, by its first bytes and by its name; pure tables.

A name alone never makes a file an image, and a name alone never hides one: `sniff` looks at bytes, `claims_image` at the
name, and a file is skipped only where both say no.
"""

import re
import struct
from collections.abc import Iterator

from lookalike import endings
from lookalike.containers import chunks

HEAD_BYTES = 64
"""How many first bytes `sniff` needs."""
ARCHIVES = frozenset([
    "7z", "bz2", "cb7", "cbr", "cbt", "cbz", "gz", "jar", "lz4", "rar", "tar", "tbz", "tbz2", "tgz", "txz", "xz",
    "zip", "zst",
])  # fmt: skip
"""Endings of what may hold images in its turn; those in folders are counted, and not entered."""

MAGIC: tuple[tuple[str, re.Pattern[bytes]], ...] = tuple(
    (name, re.compile(pattern, re.DOTALL))
    for name, pattern in (
        ("JPEG", rb"\xff\xd8\xff"),
        ("PNG", rb"\x89PNG\r\n\x1a\n"),
        ("GIF", rb"GIF8[79]a"),
        ("WEBP", rb"RIFF....WEBP"),
        ("AVIF", rb"....ftypavi[fs]"),
        ("HEIF", rb"....ftyp(hei[cmsx]|hev[cmsx]|mif1|msf1)"),
        ("RAW", rb"....ftypcrx |FUJIFILMCCD-RAW|II\*\0....CR|IIU\0|IIR[OS]|\0MRM|FOVb"),
        ("TIFF", rb"II[*+]\0|MM\0[*+]"),
        ("BMP", rb"BM.{12}[\x0c(\x40\x6c\x7c\x38\x34]\0\0\0"),
        ("JXL", rb"\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n"),
        ("JPEG2000", rb"\xff\x4f\xff\x51|\0\0\0\x0cjP  \r\n\x87\n"),
        ("PSD", rb"8BPS\0\x01"),
        ("ICO", rb"\0\0[\x01\x02]\0[^\0]\0"),
        ("ICNS", rb"icns"),
        ("PPM", rb"P[1-7fFy][\s#]|Pf\n|PF\n"),
        ("QOI", rb"qoif"),
        ("DDS", rb"DDS "),
        ("SGI", rb"\x01\xda[\0\x01][\x01\x02]\0"),
        ("SUN", rb"\x59\xa6\x6a\x95"),
        ("PCX", rb"\x0a[\0\x02\x03\x04\x05]\x01[\x01\x02\x04\x08]"),
        ("DCX", rb"\xb1\x68\xde\x3a"),
        ("FITS", rb"SIMPLE  ="),
        ("BLP", rb"BLP[12]"),
        ("FTEX", rb"FTEX"),
        ("GBR", rb".{20}GIMP"),
        ("FLI", rb"....[\x11\x12]\xaf.{6}[\x08\0]\0"),
        ("XPM", rb"/\* XPM \*/"),
        ("XBM", rb"#define [^\n]*_width[ \t]+\d+"),
    )
)
"""Format and how its files begin, tried in this order."""

EXTENSIONS = frozenset([
    "apng", "avif", "avifs", "blp", "bmp", "bw", "cur", "dcx", "dds", "dib", "fit", "fits", "fli", "flc",
    "ftc", "ftu", "gif", "heic", "heics", "heif", "heifs", "hif", "icns", "ico", "im", "j2c", "j2k", "jfif", "jif",
    "jp2", "jpc", "jpe", "jpeg", "jpf", "jpg", "jpx", "jxl", "mpo", "msp", "pam", "pbm", "pcx", "pfm", "pgm", "png",
    "pnm", "ppm", "psd", "qoi", "ras", "rgb", "rgba", "sgi", "sun", "tga", "tif", "tiff", "webp", "xbm", "xpm",
])  # fmt: skip
"""File name endings of raster images, lower case; those of camera raw files are in `lookalike.endings`."""

SIGNED_BY_NAME = frozenset(["tga", "im", "msp"])
"""Endings of formats without usable first bytes; for these the name is the claim and the decoder decides."""

EXTRA = {"HEIF": ("HEIF", "formats"), "JXL": ("JPEG XL", "jxl")}
"""Formats beside RAW that need an extra: what people call them, and which one."""

PILLOW_FORMATS = (
    "AVIF", "BLP", "BMP", "CUR", "DCX", "DDS", "DIB", "FITS", "FLI", "FTEX", "GBR", "GIF", "HEIF", "ICNS", "ICO", "IM",
    "JPEG", "JPEG2000", "JXL", "MPO", "MSP", "PCX", "PNG", "PPM", "PSD", "QOI", "SGI", "SUN", "TGA", "TIFF", "WEBP",
    "XBM", "XPM",
)  # fmt: skip
"""Pillow decoders in use. Left out are those that start other programs (EPS), stubs, and formats nobody stores photos in."""

LOSSY = frozenset({"AVIF", "GIF", "HEIF", "JPEG", "JPEG2000", "JXL", "MPO"})
"""Containers that lose something, or may; GIF loses all but 256 colours."""
LOSSY_TIFF = frozenset({6, 7, 34712, 34892, 50001})
"""Compressions inside a TIFF that lose something: JPEG old and new, JPEG 2000, lossy DNG, WebP."""


def extension(name: str) -> str:
    """Return the ending of a file name, lower case, without its dot.

    Parameters
    ----------
    name : str
        A file name or path.

    Returns
    -------
    str
        Empty where there is none.

    Examples
    --------
    >>> extension("a/IMG_1.JPEG"), extension(".png")
    ('jpeg', '')
    """
    stem, dot, ending = name.rpartition("/")[2].rpartition(".")
    return ending.lower() if dot and stem else ""


def claims_image(name: str) -> bool:
    """Return whether a file name promises a raster image.

    Parameters
    ----------
    name : str
        A file name or path.

    Returns
    -------
    bool
        Whether its ending is one of an image format.

    Examples
    --------
    >>> claims_image("a.PNG"), claims_image("a.svg")
    (True, False)
    """
    ending = extension(name)
    return ending in EXTENSIONS or ending in endings.RAW


def sniff(head: bytes, name: str = "") -> str | None:
    """Tell the image format from the first bytes.

    Parameters
    ----------
    head : bytes
        At least `HEAD_BYTES` first bytes, or the whole of a shorter file.
    name : str
        Used only to tell camera raw files from the TIFF they are built on, and for formats without first bytes of
        their own.

    Returns
    -------
    str or None
        Name of the format; None where the bytes are of no image known here.

    Examples
    --------
    >>> sniff(b"GIF89a" + bytes(58)), sniff(b"hello")
    ('GIF', None)
    """
    ending = extension(name)
    for format_, pattern in MAGIC:
        if pattern.match(head):
            return "RAW" if format_ == "TIFF" and ending in endings.RAW else format_
    return ending.upper() if ending in SIGNED_BY_NAME and head else None


def kind_of_other(head: bytes, name: str) -> str:
    """Name the kind of a file that is not an image, for the count of skipped files.

    Parameters
    ----------
    head : bytes
        First bytes.
    name : str
        File name.

    Returns
    -------
    str
        A short noun.

    Examples
    --------
    >>> kind_of_other(b"<svg", "a.svg")
    'vector graphic'
    """
    if head.startswith(b"\x00\x05\x16\x07"):
        return "AppleDouble metadata"
    ending = extension(name)
    if ending == "pdf" or head.startswith(b"%PDF-"):
        return "document"
    if ending in ("svg", "svgz", "ai", "eps", "wmf", "emf", "cdr"):
        return "vector graphic"
    if ending in ("mp4", "mov", "m4v", "avi", "mkv", "webm", "3gp", "mts", "mpg", "mpeg"):
        return "video"
    if ending in ARCHIVES:
        return "archive"
    return "not an image"


def lossless(format_: str, data: bytes) -> bool:
    """Return whether a file keeps its pixels as they were.

    Parameters
    ----------
    format_ : str
        Format as Pillow names it.
    data : bytes
        The file, for containers that hold either kind.

    Returns
    -------
    bool
        False where a lossy codec is used or may be.

    Examples
    --------
    >>> lossless("PNG", b""), lossless("JPEG", b"")
    (True, False)
    """
    if format_ == "WEBP":
        return b"VP8 " not in _webp_kinds(data)
    if format_ == "TIFF":
        return _tiff_compression(data) not in LOSSY_TIFF
    return format_ not in LOSSY


def _webp_kinds(data: bytes) -> Iterator[bytes]:
    """Yield the kinds of chunks of a WebP file, those inside animation frames included."""
    for kind, start, stop in chunks(data, 12, len(data)):
        yield kind
        if kind == b"ANMF":  # which holds chunks after 16 bytes of its own
            yield from (inner for inner, _, _ in chunks(data, start + 16, stop))


def _tiff_compression(data: bytes) -> int:
    """Return the compression (tag 259) of the first page of a classic TIFF; 1, none, where it does not say."""
    order = "<" if data[:2] == b"II" else ">"
    try:
        (start,) = struct.unpack_from(order + "I", data, 4)
        (count,) = struct.unpack_from(order + "H", data, start)
        for entry in range(count):
            tag, kind, _, value = struct.unpack_from(order + "HHIH", data, start + 2 + 12 * entry)
            if tag == 259 and kind == 3:
                return int(value)
    except struct.error:
        return 1
    return 1
