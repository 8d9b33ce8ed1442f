"""PNG without Pillow: inflated by libdeflate, the rest by a kernel. What it declines, Pillow decodes."""

import zlib

from deflate import DeflateError, zlib_decompress
from PIL.PngImagePlugin import MAX_TEXT_CHUNK

from lookalike.kernels import IS_COMPILED

if IS_COMPILED:
    from lookalike._native import png_header

LONGEST = 1 << 20
"""Pixels of a side above which Pillow decodes a file: the weights of a longer line take more memory than its pixels."""


def inflate(data: bytes, max_pixels: int, max_memory: int | None = None) -> bytearray | None:
    """Inflate the rows of a PNG file.

    Parameters
    ----------
    data : bytes
        The whole file.
    max_pixels : int
        Most pixels (width times height) that are decoded, inclusive.
    max_memory : int, optional
        Most bytes that the rows may take, inclusive.

    Returns
    -------
    bytearray or None
        Filtered rows, as the kernels take them; None where Pillow is to decode the file.

    Examples
    --------
    >>> inflate(b"not a PNG", 100) is None
    True
    """
    if not IS_COMPILED or (header := png_header(data, max_pixels)) is None:
        return None
    compressed, size, profile = header
    if is_long(data) or (max_memory is not None and size > max_memory):
        return None
    try:
        if profile and _is_too_large(profile):
            return None
        return zlib_decompress(compressed, size)  # also compares the checksum
    except (DeflateError, MemoryError):
        return None


def is_long(data: bytes) -> bool:
    """Return whether a side of a PNG file has more pixels than are good for the kernels.

    Parameters
    ----------
    data : bytes
        At least its header.

    Returns
    -------
    bool
        As the header says.

    Examples
    --------
    >>> is_long(b"\\x89PNG\\r\\n\\x1a\\n\\0\\0\\0\\x0dIHDR" + bytes([0, 0x20, 0, 0, 0, 0, 0, 1]))
    True
    """
    return max(int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")) > LONGEST


def _is_too_large(profile: bytes) -> bool:
    """Return whether Pillow refuses a file for the size of its colour profile."""
    inflating = zlib.decompressobj()
    try:
        inflating.decompress(profile, MAX_TEXT_CHUNK)
    except zlib.error:
        return False  # then Pillow goes without it
    return bool(inflating.unconsumed_tail)
