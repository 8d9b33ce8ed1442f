"""What gzip packed, read from anywhere: states of unpacking are kept on the way, so that going back costs little."""

import bisect
import io
import os
import zlib
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

PACKED_BYTES = 64 << 10
"""Bytes that are read at a time."""
SPACING = 1 << 20
"""Bytes between two states, at first."""
MOST_MARKS = 256
"""States that are kept; each takes some 40 KB. Where there are more, every second one is dropped."""
GZIP = 31
"""What zlib calls a gzip header and trailer; the trailer is checked."""


class _Mark(NamedTuple):
    """Where unpacking got to: bytes unpacked, bytes of the file used for that, and how to go on."""

    at: int
    used: int
    inflate: "zlib._Decompress"


class Gzip(io.RawIOBase):
    """The unpacked bytes of a gzip file, one member or several; reading it from the front is as fast as ever.

    Parameters
    ----------
    file : file
        Its bytes, which can be sought in; closed with this one.

    Notes
    -----
    The idea, keeping the 32 KB window at intervals, is that of ``examples/zran.c`` in zlib.
    """

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file
        self._spacing = SPACING
        self._marks = [_Mark(0, 0, zlib.decompressobj(GZIP))]
        self._at = self._used = 0
        self._ahead = b""
        """Bytes read of the file and not used yet."""
        self._inflate = self._marks[0].inflate.copy()

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return how many bytes come before the next one."""
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a byte; one beyond the end is the end.

        Parameters
        ----------
        offset : int
            Which, counted from where `whence` says.
        whence : int
            ``os.SEEK_SET`` or ``os.SEEK_CUR``; where the end is, nobody knows.

        Returns
        -------
        int
            Where it is now.
        """
        if whence == os.SEEK_END:
            raise io.UnsupportedOperation("the end of what gzip packed is not known")
        target = offset + self._at if whence == os.SEEK_CUR else offset
        mark = self._marks[bisect.bisect_right(self._marks, target, key=lambda mark: mark.at) - 1]
        if not self._at <= target or mark.at > self._at:
            self._at, self._used, self._ahead, self._inflate = mark.at, mark.used, b"", mark.inflate.copy()
        while self._at < target and self._unpack(min(target - self._at, PACKED_BYTES * 4)):
            continue
        return self._at

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Fill a buffer, as far as one step of unpacking does.

        Parameters
        ----------
        buffer : writable buffer
            Where the bytes go.

        Returns
        -------
        int
            How many; 0 at the end.
        """
        view = memoryview(buffer).cast("B")
        data = self._unpack(len(view)) if len(view) else b""
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Close the file, too."""
        if not self.closed:
            self._file.close()
            self._marks.clear()
        super().close()

    def _unpack(self, most: int) -> bytes:
        """Return the next bytes, at least one but at the end."""
        while True:
            if self._inflate.eof:
                self._ahead = self._inflate.unused_data or self._read()
                if not self._ahead.strip(b"\0"):  # padding, as tape drives want it
                    return b""
                self._inflate = zlib.decompressobj(GZIP)
            self._mark()
            packed = self._ahead or self._read()
            if not packed:
                raise EOFError("it ends early")
            data = self._inflate.decompress(packed, most)
            self._ahead = self._inflate.unconsumed_tail
            left = len(self._inflate.unused_data) if self._inflate.eof else len(self._ahead)
            self._used += len(packed) - left
            if data:
                self._at += len(data)
                return data

    def _read(self) -> bytes:
        self._file.seek(self._used)
        return self._file.read(PACKED_BYTES)

    def _mark(self) -> None:
        if self._at - self._marks[-1].at >= self._spacing:
            self._marks.append(_Mark(self._at, self._used, self._inflate.copy()))
            if len(self._marks) > MOST_MARKS:
                del self._marks[1::2]
                self._spacing *= 2
