"""What decoding many files at once holds in memory."""

import struct
import tracemalloc
import zlib

import numpy as np

from lookalike import decode
from lookalike.decode.png import inflate
from lookalike.model import MAX_PIXELS

SIDE = 3000
PICTURE_BYTES = SIDE * (1 + 3 * SIDE)


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def flat_png(level: int) -> bytes:
    """Return a large picture of one gray, small as a file."""
    row = b"\0" + bytes([level]) * (3 * SIDE)
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)
    rows = zlib.compress(row * SIDE, 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_small_files_of_large_pictures_are_not_all_inflated_at_once() -> None:
    one, other = flat_png(50), flat_png(200)
    files = [one, other, b"GIF89a", one, other, one, other, one, one[:-50], other]
    tracemalloc.start()
    made = decode.decode_all(files, max_pixels=MAX_PIXELS)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 2 * PICTURE_BYTES
    if inflate(one, MAX_PIXELS) is None:  # installed without a compiler
        return
    assert [thumbnail is None for thumbnail in made] == [at in (2, 8) for at in range(10)]
    assert all(np.ptp(thumbnail.luma) == 0 for thumbnail in made if thumbnail is not None)
    lumas = [int(thumbnail.luma[0, 0]) for thumbnail in made if thumbnail is not None]
    assert lumas == [50, 200, 50, 200, 50, 200, 50, 200]
