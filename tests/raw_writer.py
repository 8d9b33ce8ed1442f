"""Minimal DNG files by rule: a sensor of one colour pattern, 12 bits of 16, and a JPEG that a camera would put beside it."""

import struct

from PIL import Image

from conftest import encode

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 10: 8}
_CODES = {1: "B", 3: "H", 4: "I"}
BYTE, ASCII, SHORT, LONG, RATIONAL, SRATIONAL = 1, 2, 3, 4, 5, 10

Entry = tuple[int, int, object]


def dng(
    picture: Image.Image | None,
    size: tuple[int, int] | None = None,
    *,
    orientation: int = 1,
    captured: str = "",
    quality: int = 92,
    preview: bytes | None = None,
) -> bytes:
    """Return a DNG (Adobe, *Digital Negative Specification* 1.4) whose sensor is flat and whose preview shows a picture.

    `size` is that of the sensor, else that of the picture; without a picture there is no preview. The first directory is the
    sensor's, the preview is a sub-image of it, and EXIF says when it was captured.
    """
    width, height = size or (picture.size if picture is not None else (64, 48))
    jpeg = preview if preview is not None else b"" if picture is None else encode(picture, "JPEG", quality=quality)
    made = bytearray(b"II*\0\x08\0\0\0")
    samples = struct.pack("<H", 900) * (width * height)
    sub: list[Entry] = [
        (254, LONG, [1]), (256, LONG, [picture.width if picture else 1]), (257, LONG, [picture.height if picture else 1]),
        (258, SHORT, [8, 8, 8]), (259, SHORT, [7]), (262, SHORT, [6]), (273, LONG, [0]), (277, SHORT, [3]),
        (278, LONG, [picture.height if picture else 1]), (279, LONG, [len(jpeg)]),
    ]  # fmt: skip
    exif: list[Entry] = [(36867, ASCII, captured.encode() + b"\0")]
    matrix = [(1, 1), (0, 1), (0, 1), (0, 1), (1, 1), (0, 1), (0, 1), (0, 1), (1, 1)]
    main: list[Entry] = [
        (254, LONG, [0]), (256, LONG, [width]), (257, LONG, [height]), (258, SHORT, [16]), (259, SHORT, [1]),
        (262, SHORT, [32803]), (271, ASCII, b"Rule\0"), (272, ASCII, b"Rule One\0"), (273, LONG, [0]),
        (274, SHORT, [orientation]), (277, SHORT, [1]), (278, LONG, [height]), (279, LONG, [len(samples)]),
        (33421, SHORT, [2, 2]), (33422, BYTE, [0, 1, 1, 2]), (50706, BYTE, [1, 4, 0, 0]), (50707, BYTE, [1, 1, 0, 0]),
        (50708, ASCII, b"Rule One\0"), (50714, SHORT, [0]), (50717, LONG, [4095]), (50721, SRATIONAL, matrix),
        (50728, RATIONAL, [(1, 1), (1, 1), (1, 1)]), (50778, SHORT, [21]),
    ]  # fmt: skip
    if jpeg:
        main.append((330, LONG, [0]))
    if captured:
        main.append((34665, LONG, [0]))
    places = {}
    start = 8
    for name, entries in (("main", main), *([("sub", sub)] if jpeg else []), *([("exif", exif)] if captured else [])):
        places[name] = start
        start += 6 + 12 * len(entries) + sum(_beyond(entry) for entry in entries)
    first, second = start, start + len(samples)
    main = [(tag, kind, [first] if tag == 273 else values) for tag, kind, values in main]
    main = [(tag, kind, [places["sub"]] if tag == 330 else values) for tag, kind, values in main]
    main = [(tag, kind, [places["exif"]] if tag == 34665 else values) for tag, kind, values in main]
    sub = [(tag, kind, [second] if tag == 273 else values) for tag, kind, values in sub]
    for name, entries in (("main", main), ("sub", sub), ("exif", exif)):
        if name in places:
            made += _directory(sorted(entries), places[name])
    return bytes(made + samples + jpeg)


def _packed(kind: int, values: object) -> bytes:
    if isinstance(values, bytes):
        return values
    assert isinstance(values, list)
    if kind in (RATIONAL, SRATIONAL):
        return b"".join(struct.pack("<ii", *pair) for pair in values)
    return struct.pack(f"<{len(values)}{_CODES[kind]}", *values)


def _beyond(entry: Entry) -> int:
    size = len(_packed(entry[1], entry[2]))
    return 0 if size <= 4 else size + size % 2


def _directory(entries: list[Entry], start: int) -> bytes:
    table, values = struct.pack("<H", len(entries)), b""
    at = start + 6 + 12 * len(entries)
    for tag, kind, given in entries:
        data = _packed(kind, given)
        field = data.ljust(4, b"\0") if len(data) <= 4 else struct.pack("<I", at + len(values))
        if len(data) > 4:
            values += data + bytes(len(data) % 2)
        table += struct.pack("<HHI", tag, kind, len(data) // _SIZES[kind]) + field
    return table + bytes(4) + values
