"""JPEG and PNG files: what the kernels take, against Pillow; image files of any kind through the whole of examining."""

import io
import zlib

import numpy as np

from lookalike import decode
from lookalike.decode import thumbnails
from lookalike.errors import DecodeError
from lookalike.model import Thumbnail
from lookalike.scan.examining import Task, examine
from targets.pictures import encoded, exif, picture, with_metadata
from targets.target import Run, Target, require

MAX_PIXELS = 1 << 20
PNG = b"\x89PNG\r\n\x1a\n"
EXACT = (
    "luma",
    "width",
    "height",
    "format",
    "frames",
    "alpha",
    "depth",
    "colour",
    "detail",
    "quality",
    "lossless",
    "captured",
    "exif",
)


def _make(_folder: str) -> Run:
    thumbnails.IS_COMPILED = False  # type: ignore[attr-defined]  # the reference goes without any
    return _run


def _run(data: bytes) -> None:
    if data.startswith(PNG) and data[-1] % 8:
        data = _mended(data)
    (made,) = decode.decode_all([data], max_pixels=MAX_PIXELS)
    if made is not None:
        _compare(made, data)
    for name in ("a.jpg", "a.tif"):
        task = Task(1, name, len(data), 0, (), truncated=False, max_pixels=MAX_PIXELS, data=data)
        outcome = examine(task)
        require([outcome.skipped, outcome.kind, outcome.thumbnail].count(None) == 2, outcome[:3])
    if made is not None:
        require(outcome.thumbnail is not None and np.array_equal(outcome.thumbnail.luma, made.luma), "examined alike")


def _compare(made: Thumbnail, data: bytes) -> None:
    try:
        with decode.opened(data, "a", truncated=False, max_pixels=MAX_PIXELS) as image:
            expected = thumbnails.thumbnail(image, data)
    except DecodeError as error:
        require(data.startswith(PNG) and not _inflates(data), f"Pillow refuses it: {error}")
        return  # the one difference that is known: deflate streams that zlib refuses
    for name in EXACT:
        one, other = getattr(made, name), getattr(expected, name)
        require(np.array_equal(one, other), (name, one, other))
    require(np.abs(made.chroma.astype(int) - expected.chroma).max() <= 1, "chroma")


def _chunks(data: bytes) -> list[tuple[int, int]]:
    """Return where each chunk of a PNG begins, and how many bytes it holds."""
    found, at = [], len(PNG)
    while at + 12 <= len(data):
        size = int.from_bytes(data[at : at + 4])
        if size > len(data) - at - 12:
            break
        found.append((at, size))
        at += 12 + size
    return found


def _mended(data: bytes) -> bytes:
    """Make the checksums of the chunks of a PNG right, or hardly any input would be read."""
    made = bytearray(data)
    for at, size in _chunks(data):
        made[at + 8 + size : at + 12 + size] = zlib.crc32(data[at + 4 : at + 8 + size]).to_bytes(4)
    return bytes(made)


def _inflates(data: bytes) -> bool:
    """Say whether zlib takes the pixels of a PNG."""
    packed = b"".join(data[at + 8 : at + 8 + size] for at, size in _chunks(data) if data[at + 4 : at + 8] == b"IDAT")
    try:
        return zlib.decompressobj().decompress(packed) != b""
    except zlib.error:
        return False


def _seeds() -> list[bytes]:
    made = list(with_metadata().values())
    for size in ((8, 8), (17, 33), (70, 50)):
        image = picture(3, *size)
        for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
            made += [encoded(image.convert("L").convert("I").convert(mode) if mode == "I;16" else image.convert(mode))]
        for subsampling in ("4:4:4", "4:2:2", "4:2:0"):
            progressive = subsampling == "4:2:2"
            made += [encoded(image, "JPEG", subsampling=subsampling, quality=40, progressive=progressive)]
        made.append(encoded(image.convert("CMYK"), "JPEG", quality=20))
        made.append(encoded(image.convert("L"), "JPEG", quality=30, restart_marker_blocks=1, exif=exif()))
        made += [
            encoded(image.quantize(9), "GIF"),
            encoded(image, "BMP"),
            encoded(image, "WEBP", lossless=True),
            encoded(image, "PPM"),
        ]
    made.append(encoded(picture(1), "PNG", transparency=(128, 128, 128)))
    frames = io.BytesIO()
    picture(1, 20, 20).save(frames, "GIF", save_all=True, append_images=[picture(2, 20, 20)])
    return [*made, frames.getvalue()]


TARGET = Target(
    "what the kernels take has luma and facts as by Pillow's road; every file is a thumbnail, a failure or no image",
    _make, _seeds, (b"IHDR", b"PLTE", b"tRNS", b"eXIf", b"gAMA", b"IDAT", b"IEND", b"\xff\xd8", b"\xff\xc2",
    b"\xff\xda", b"\xff\xdd\0\4"),
)  # fmt: skip
