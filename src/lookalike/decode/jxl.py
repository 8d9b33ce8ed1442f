"""What a JPEG XL file says at its beginning, which its plug-in tells too late or not at all: size, and whether it moves.

The plug-in decodes all of a picture when it opens it, and of an animation the first frame only, as if there were no other.
Source: ISO/IEC 18181-1, headers of image and metadata; bits come least significant first.
"""

from typing import NamedTuple

from lookalike.containers import boxes

RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
"""Width to height, for which a width need not be written."""
SIZES = ((9, 1), (13, 1), (18, 1), (30, 1))
PREVIEW_SIZES = ((6, 1), (8, 65), (10, 321), (12, 1345))
PREVIEW_EIGHTHS = ((0, 16), (0, 32), (5, 1), (9, 33))
"""Numbers of bits, and what is added, of the four ways to write a length."""
HEADER_BYTES = 64


class Header(NamedTuple):
    """What the beginning of a file says: width and height as stored, and whether there is more than one frame."""

    width: int
    height: int
    animated: bool


def header(data: bytes) -> Header | None:
    """Read the beginning of a JPEG XL file.

    Parameters
    ----------
    data : bytes
        The whole file, a bare codestream or one in a container.

    Returns
    -------
    Header or None
        None for what is no JPEG XL or ends too early.

    Examples
    --------
    >>> header(b"no")
    """
    start = _codestream(data)
    if start is None or len(start) < 4:
        return None
    bits = _Bits(start[2:])
    width, height = _size(bits, SIZES)
    animated = False
    if not bits.take(1) and bits.take(1):  # not all is as usual, and what is not is written
        bits.take(3)
        if bits.take(1):
            _size(bits, SIZES)
        if bits.take(1):
            _size(bits, PREVIEW_SIZES, PREVIEW_EIGHTHS)
        animated = bool(bits.take(1))
    return None if bits.spent else Header(width, height, animated)


class _Bits:
    """Bits of a codestream, one field after the other; beyond the end they are 0."""

    def __init__(self, data: bytes) -> None:
        self._value, self._left = int.from_bytes(data[:HEADER_BYTES], "little"), 8 * min(len(data), HEADER_BYTES)

    @property
    def spent(self) -> bool:
        """Whether more was taken than there was."""
        return self._left < 0

    def take(self, count: int) -> int:
        taken = self._value & ((1 << count) - 1)
        self._value >>= count
        self._left -= count
        return taken

    def length(self, ways: tuple[tuple[int, int], ...]) -> int:
        count, more = ways[self.take(2)]
        return self.take(count) + more


def _size(
    bits: _Bits, ways: tuple[tuple[int, int], ...], eighths: tuple[tuple[int, int], ...] | None = None
) -> tuple[int, int]:
    """Read a width and a height, either in pixels or in eighths of them."""
    small = bits.take(1)

    def length() -> int:
        if not small:
            return bits.length(ways)
        return 8 * (bits.length(eighths) if eighths else bits.take(5) + 1)

    height = length()
    ratio = bits.take(3)
    if not ratio:
        return length(), height
    across, down = RATIOS[ratio - 1]
    return height * across // down, height


def _codestream(data: bytes) -> bytes | None:
    """Return the beginning of the codestream."""
    if data.startswith(b"\xff\x0a"):
        return data[: 2 + HEADER_BYTES]
    if data[4:8] != b"JXL ":
        return None
    for kind, start, _ in boxes(data, 0, len(data)):
        if kind in (b"jxlc", b"jxlp"):
            at = start + 4 if kind == b"jxlp" else start
            return data[at : at + 2 + HEADER_BYTES] if data[at : at + 2] == b"\xff\x0a" else None
    return None
