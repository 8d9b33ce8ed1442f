"""What files are put together of: boxes of ISO base media files, chunks of RIFF files. Sizes in them may be lies."""

import struct
from collections.abc import Iterator

Part = tuple[bytes, int, int]
"""Type of a box or chunk, and where its content begins and ends."""


def boxes(data: bytes, at: int, end: int) -> Iterator[Part]:
    """Find boxes that lie one after the other (ISO/IEC 14496-12, 4.2).

    Parameters
    ----------
    data : bytes
        The whole file.
    at, end : int
        Where the first box begins, and what no box exceeds.

    Yields
    ------
    tuple of (bytes, int, int)
        Of each box; those before the first whose size is nonsense.

    Examples
    --------
    >>> list(boxes(b"\\0\\0\\0\\x0bfreeabc\\0\\0\\0\\0mdatdefg", 0, 23))
    [(b'free', 8, 11), (b'mdat', 19, 23)]
    """
    while at + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, at)
        start = at + 8
        if size == 1:
            start, size = at + 16, int.from_bytes(data[at + 8 : at + 16], "big")
        stop = min(at + size, end) if size else end
        if stop < start:
            return
        yield kind, start, stop
        at = stop


def chunks(data: bytes, at: int, end: int) -> Iterator[Part]:
    """Find chunks that lie one after the other, each padded to an even number of bytes.

    Parameters
    ----------
    data : bytes
        The whole file.
    at, end : int
        Where the first chunk begins, and what no chunk exceeds.

    Yields
    ------
    tuple of (bytes, int, int)
        Of each chunk.

    Examples
    --------
    >>> list(chunks(b"XMP \\3\\0\\0\\0abc\\0EXIF\\1\\0\\0\\0d", 0, 21))
    [(b'XMP ', 8, 11), (b'EXIF', 20, 21)]
    """
    while at + 8 <= end:
        kind, size = struct.unpack_from("<4sI", data, at)
        yield kind, at + 8, min(at + 8 + size, end)
        at += 8 + size + size % 2
