"""Image files to the packets of metadata in them: EXIF, XMP, IPTC and texts, found by their headers; no pixel is decoded.

JPEG (ITU T.81; XMP specification part 3, section 1.1.3), PNG (third edition, section 11.3), WebP (RIFF), TIFF and the raw
files built on it, HEIC and AVIF (ISO/IEC 23008-12), JPEG XL in its container (ISO/IEC 18181-2).
"""

import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from lookalike.containers import boxes, chunks

MOST_BYTES = 1 << 21
"""Bytes of a packet that is read; what is larger was not written by a person."""
JPEG_EXIF, JPEG_XMP, JPEG_MORE = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0", b"http://ns.adobe.com/xmp/extension/\0"
JPEG_PHOTOSHOP = b"Photoshop 3.0\0"
MORE_HEAD = 40
"""Bytes of identity, whole length and offset of a part of extended XMP."""
IPTC_RESOURCE = 0x0404
PNG_XMP = "XML:com.adobe.xmp"
PNG_RAW = {"exif": "exif", "APP1": "exif", "iptc": "iptc", "8bim": "iptc", "xmp": "xmp"}
"""Profiles as ImageMagick writes them, ``Raw profile type ...``, in hexadecimal digits."""
DAMAGE = (ValueError, IndexError, ArithmeticError, struct.error, zlib.error)
"""What reading damaged structures raises."""


@dataclass(slots=True)
class Packets:
    """What metadata a file has, as it stands there.

    Attributes
    ----------
    exif : bytes
        TIFF structure, from its byte order mark on.
    xmp : list of bytes
        XMP packets: one, and what did not fit into it.
    iptc : bytes
        IPTC data sets (IIM), one after the other.
    texts : dict of str
        Texts of a PNG by their keyword.
    """

    exif: bytes = b""
    xmp: list[bytes] = field(default_factory=list)
    iptc: bytes = b""
    texts: dict[str, str] = field(default_factory=dict)


def packets_of(data: bytes) -> Packets:
    """Find the metadata of an image file.

    Parameters
    ----------
    data : bytes
        The whole file.

    Returns
    -------
    Packets
        Empty where there are none, or the file is of none of these formats; of a damaged file, those before the damage.
    """
    found = Packets()
    with suppress(*DAMAGE):
        _fill(found, data)
    return found


def _fill(found: Packets, data: bytes) -> None:
    if data[:3] == b"\xff\xd8\xff":
        _of_jpeg(found, data)
    elif data[:8] == b"\x89PNG\r\n\x1a\n":
        _of_png(found, data)
    elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        _of_webp(found, data)
    elif data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        found.exif = data
    elif data[4:8] in (b"ftyp", b"JXL "):
        _of_boxes(found, data)


def _of_jpeg(found: Packets, data: bytes) -> None:
    more, photoshop, at = [], b"", 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if marker in (0xDA, 0xD9):
            break
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == 0xE1:
            if data.startswith(JPEG_EXIF, at + 4):
                found.exif = found.exif or data[at + 4 + len(JPEG_EXIF) : end]
            elif data.startswith(JPEG_XMP, at + 4):
                found.xmp.append(data[at + 4 + len(JPEG_XMP) : end])
            elif data.startswith(JPEG_MORE, at + 4):
                more.append(data[at + 4 + len(JPEG_MORE) : end])
        elif marker == 0xED and data.startswith(JPEG_PHOTOSHOP, at + 4):
            photoshop += data[at + 4 + len(JPEG_PHOTOSHOP) : end]
        at = end
    found.iptc = _iptc(photoshop)
    if more and found.xmp:
        found.xmp.append(_extended(found.xmp[0], more))


def _extended(packet: bytes, parts: list[bytes]) -> bytes:
    """Put together the extended XMP that a packet names; each part begins with the same name, the length, and its place."""
    named = sorted((part for part in parts if part[:32] in packet), key=lambda part: part[36:40])
    whole = b"".join(part[MORE_HEAD:] for part in named)
    return whole if len(whole) <= MOST_BYTES else b""


def _iptc(resources: bytes) -> bytes:
    """Find IPTC among Photoshop's image resources: ``8BIM``, number, a name and the data, both of even length."""
    at = 0
    while resources[at : at + 4] == b"8BIM":
        (number, name) = struct.unpack_from(">HB", resources, at + 4)
        at += 6 + (name + 2 & ~1)
        (length,) = struct.unpack_from(">I", resources, at)
        if number == IPTC_RESOURCE:
            return resources[at + 4 : at + 4 + length]
        at += 4 + (length + 1 & ~1)
    return b""


def _of_png(found: Packets, data: bytes) -> None:
    at = 8
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"eXIf":
            found.exif = data[at + 8 : at + 8 + length]
        elif kind in (b"tEXt", b"zTXt", b"iTXt") and length <= MOST_BYTES:
            keyword, text = _png_text(kind, data[at + 8 : at + 8 + length])
            if keyword == PNG_XMP:
                found.xmp.append(text)
            elif keyword.startswith("Raw profile type "):
                _add_raw(found, PNG_RAW.get(keyword[17:], ""), text)
            else:
                found.texts.setdefault(keyword, text.decode("utf-8" if kind == b"iTXt" else "latin-1", "replace"))
        at += 12 + length


def _png_text(kind: bytes, chunk: bytes) -> tuple[str, bytes]:
    keyword, _, text = chunk.partition(b"\0")
    packed = kind == b"zTXt"
    if kind == b"zTXt":
        text = text[1:]
    elif kind == b"iTXt":
        packed, text = text[:1] == b"\1", text[2:].split(b"\0", 2)[-1]
    if packed:
        text = zlib.decompressobj().decompress(text, MOST_BYTES)
    return keyword.decode("latin-1"), text


def _add_raw(found: Packets, kind: str, text: bytes) -> None:
    """Add a profile that was written as a line with its name, one with its length, and hexadecimal digits."""
    profile = bytes.fromhex("".join(text.decode("latin-1").split()[2:])) if kind else b""
    if kind == "exif" and profile.startswith(JPEG_EXIF):
        found.exif = found.exif or profile[len(JPEG_EXIF) :]
    elif kind == "exif" and profile.startswith(JPEG_XMP):
        found.xmp.append(profile[len(JPEG_XMP) :])
    elif kind == "xmp":
        found.xmp.append(profile)
    elif kind == "iptc":
        found.iptc = _iptc(profile) or profile


def _of_webp(found: Packets, data: bytes) -> None:
    for kind, start, stop in chunks(data, 12, len(data)):
        if kind == b"EXIF":
            found.exif = data[start:stop].removeprefix(JPEG_EXIF)
        elif kind == b"XMP ":
            found.xmp.append(data[start:stop])


def _of_boxes(found: Packets, data: bytes) -> None:
    """Find the items Exif and application/rdf+xml of an ISO base media file, and the boxes of that sort of JPEG XL."""
    for kind, at, end in boxes(data, 0, len(data)):
        if kind == b"Exif":
            _add_item(found, kind, data[at:end])
        elif kind == b"xml ":
            found.xmp.append(data[at:end])
        elif kind == b"meta":
            inside = {name: (start, stop) for name, start, stop in boxes(data, at + 4, end)}
            if b"iinf" in inside and b"iloc" in inside:
                wanted = dict(_items(data, *inside[b"iinf"]))
                for number, parts in _places(data, *inside[b"iloc"]):
                    if number in wanted and sum(length for _, length in parts) <= MOST_BYTES:
                        _add_item(found, wanted[number], b"".join(data[start : start + n] for start, n in parts))


def _add_item(found: Packets, kind: bytes, item: bytes) -> None:
    if kind == b"Exif" and len(item) > 4:  # how many bytes lie before the TIFF structure
        found.exif = found.exif or item[4 + int.from_bytes(item[:4], "big") :].removeprefix(JPEG_EXIF)
    elif kind == b"mime":
        found.xmp.append(item)


def _items(data: bytes, at: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Yield number and type of the items of an ``iinf`` box that are metadata."""
    at += 6 if data[at] == 0 else 8
    for kind, start, stop in boxes(data, at, end):
        if kind != b"infe" or data[start] < 2:
            continue
        wide = 4 if data[start] > 2 else 2
        number = int.from_bytes(data[start + 4 : start + 4 + wide], "big")
        named = data[start + 6 + wide : stop]
        if named[:4] == b"Exif" or (named[:4] == b"mime" and b"application/rdf+xml" in named):
            yield number, named[:4]


def _places(data: bytes, at: int, end: int) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """Yield the items of an ``iloc`` box that lie in the file itself: number, and place and length of each part."""
    version, sizes = data[at], int.from_bytes(data[at + 4 : at + 6], "big")
    wide_offset, wide_length, wide_base, wide_index = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15, sizes & 15
    at += 6
    wide = 4 if version > 1 else 2

    def number(length: int) -> int:
        nonlocal at
        if at + length > end:
            raise ValueError("the table of items ends early")
        at += length
        return int.from_bytes(data[at - length : at], "big")

    for _ in range(number(wide)):
        item = number(wide)
        method = number(2) & 15 if version else 0
        number(2)
        base = number(wide_base)
        parts = []
        for _ in range(number(2)):
            if version:
                number(wide_index)
            start = base + number(wide_offset)
            parts.append((start, number(wide_length)))
        if method == 0:
            yield item, parts
