"""Files whose pixels are the same, or not, however they are stored: every container, turned, animated, with a video behind."""

import struct
import zlib
from collections.abc import Callable
from functools import partial

import numpy as np
from PIL import Image

from conftest import encode, scene

PHOTO = scene(3, 401, 305)
FEW = PHOTO.quantize(64)
GRAY = PHOTO.convert("L")
DEEP = Image.fromarray(np.asarray(GRAY).astype(np.uint16) * 257)
ORIENTATION = 0x0112
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_270,
}  # fmt: skip
"""By EXIF orientation: how a picture has to lie in the file for it to be shown upright."""
SRGB = (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
XMP = (
    b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta><rdf:Description xmlns:Camera='http://ns.google.com/photos/1.0/camera/' "
    b"%s/></x:xmpmeta>"
)


def lossless(picture: Image.Image, **options: object) -> bytes:
    return encode(picture, "WEBP", lossless=True, exact=True, **options)


def turned(picture: Image.Image, orientation: int, format_: str = "PNG") -> bytes:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return encode(picture.transpose(TURNS[orientation]), format_, exif=exif)


def animated(format_: str, *pictures: Image.Image, duration: int = 100, **options: object) -> bytes:
    options |= {"lossless": True} if format_ == "WEBP" else {}
    return encode(
        pictures[0], format_, save_all=True, append_images=pictures[1:], **options,
        **({} if format_ in ("TIFF", "MPO") else {"duration": duration}),
    )  # fmt: skip


def changed(picture: Image.Image) -> Image.Image:
    pixels = np.array(picture)
    pixels[-1, -1] ^= 1
    return Image.fromarray(pixels)


def see_through(hidden: int = 0) -> Image.Image:
    """Return a picture with a transparent corner, under which its colours are `hidden`."""
    pixels = np.dstack([np.asarray(PHOTO), np.full((305, 401), 255, np.uint8)])
    pixels[:40, :40] = (hidden, hidden, hidden, 0)
    return Image.fromarray(pixels)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def chunked(*, sRGB: bool = False, gAMA: int, cHRM: tuple[int, ...] = ()) -> bytes:  # noqa: N803 - as PNG calls them
    """Return a PNG that says in chunks which colours it has."""
    data = encode(PHOTO, "PNG")
    said = chunk(b"gAMA", struct.pack(">I", gAMA)) + (chunk(b"cHRM", struct.pack(">8I", *cHRM)) if cHRM else b"")
    return data[:33] + (chunk(b"sRGB", b"\0") if sRGB else b"") + said + data[33:]


def saved(picture: Image.Image, *formats: str) -> tuple[Callable[[], bytes], ...]:
    return tuple(partial(encode, picture, format_) for format_ in formats)


def motion(mark: bytes = b"Camera:MotionPhoto='1'") -> bytes:
    """Return a photo with a video behind it, which `mark` tells of."""
    photo = encode(scene(3, 480, 400), quality=90)
    packet = XMP % mark
    marker = b"\xff\xe1" + (len(packet) + 2).to_bytes(2, "big") + packet
    return photo[:2] + marker + photo[2:] + b"\0\0\0\x18ftypmp42" + bytes(1000)


EQUAL: dict[str, tuple[Callable[[], bytes], ...]] = {
    "colour": (
        *saved(PHOTO, "PNG", "BMP", "TIFF", "PPM", "TGA", "PCX", "QOI"),
        lambda: lossless(PHOTO),
        lambda: encode(PHOTO, "PNG", compress_level=0),
        lambda: encode(PHOTO, "TIFF", compression="tiff_lzw"),
    ),
    "palette": (
        *saved(FEW, "PNG", "BMP", "TIFF", "GIF"),
        lambda: encode(FEW.convert("RGB"), "PNG"),
        lambda: lossless(FEW.convert("RGB")),
    ),
    "gray": (
        *saved(GRAY, "PNG", "BMP", "TIFF", "PPM", "GIF"),
        lambda: encode(GRAY.convert("RGB"), "PNG"),
        lambda: lossless(GRAY.convert("RGB")),
    ),
    "black and white": saved(GRAY.convert("1"), "PNG", "TIFF", "BMP"),
    "transparent": (*saved(see_through(), "PNG", "TIFF"), lambda: lossless(see_through())),
    "deep": saved(DEEP, "PNG", "TIFF"),
    "turned": (
        lambda: encode(PHOTO, "PNG"),
        *(partial(turned, PHOTO, orientation) for orientation in TURNS),
        lambda: turned(PHOTO, 6, "TIFF"),
    ),
    "pages": (
        lambda: animated("TIFF", PHOTO, scene(4, 401, 305)),
        lambda: animated("PNG", PHOTO, scene(4, 401, 305)),
        lambda: animated("WEBP", PHOTO, scene(4, 401, 305), duration=40),
    ),
    "sRGB, said in some way": (
        *saved(PHOTO, "PNG"), lambda: chunked(gAMA=45455), lambda: chunked(gAMA=45455, cHRM=SRGB),
        lambda: chunked(sRGB=True, gAMA=60000),
    ),
    "with a profile": (
        lambda: encode(PHOTO, "PNG", icc_profile=b"one profile"),
        lambda: encode(PHOTO, "TIFF", icc_profile=b"one profile"),
    ),
}  # fmt: skip
"""By what they are: ways to store one picture."""
