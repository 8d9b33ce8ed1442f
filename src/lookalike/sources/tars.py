"""TAR archives and WebDataset shards: plain ones are read where members lie, compressed ones from the front."""

import bz2
import io
import lzma
import tarfile
import threading
import weakref
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, BinaryIO, NamedTuple, cast

from lookalike.sources.blobs import KEPT, Blob
from lookalike.sources.folders import PART_NAMES, Entry, Folder, Unread, Unreadable
from lookalike.sources.gzips import PACKED_BYTES, Gzip
from lookalike.sources.members import Names, most_unpacked, read_member

PART_BYTES = 4 << 20
"""Bytes of members that a part of a compressed archive may hold, one member at least."""
MAX_HEADER_BYTES = 1 << 20
"""What a header, long names and extended ones included, may take; a hostile one would have all memory."""
MAX_SIZE = 1 << 62
"""Sizes and times beyond this are nonsense."""
DAMAGE = (
    tarfile.TarError, EOFError, OSError, zlib.error, lzma.LZMAError, ValueError, OverflowError, IndexError, KeyError,
    RecursionError,  # of headers that each are of the next one
)  # fmt: skip
"""What reading a damaged archive raises."""


def _gzip(file: BinaryIO) -> BinaryIO:
    return cast("BinaryIO", io.BufferedReader(Gzip(file), PACKED_BYTES))


def _closing(open_: Callable[[BinaryIO], Any], file: BinaryIO) -> BinaryIO:
    """Open what is packed with a package that would leave the file itself open."""
    unpacked = open_(file)
    weakref.finalize(unpacked, file.close)
    return cast("BinaryIO", unpacked)


COMPRESSED: tuple[tuple[bytes, Callable[[BinaryIO], BinaryIO]], ...] = (
    (b"\x1f\x8b", _gzip),
    (b"BZh", partial(_closing, bz2.open)),
    (b"\xfd7zXZ", partial(_closing, lzma.open)),
)
"""First bytes of a compressed file, and who reads it; the last two go back only by reading all once more."""


class _Place(NamedTuple):
    """Where the bytes of a member begin, how many they are, and when they were made."""

    offset: int
    size: int
    time_ns: int
    sparse: bool


class Tar:
    """A TAR archive, plain or compressed.

    Parameters
    ----------
    blob : Blob
        The file.
    """

    kind = "tar"

    def __init__(self, blob: Blob) -> None:
        self.path: str = blob.path
        self._blob = blob
        self._lock = threading.Lock()
        self._places: dict[str, _Place] = {}
        self._placed = False
        """Whether all members have a place."""
        self._ahead: dict[str, bytes | Unreadable] = {}
        """Of a compressed archive, the bytes of the part that was listed last."""
        self._file: BinaryIO | None = None

    def folders(self, root: int) -> Iterator[Folder]:
        """Yield the archive: one folder, whatever its members are called."""
        blob = self._blob
        yield Folder(root, self.path, blob.volume, blob.key, source=self, stamp=blob.stamp, changed_ns=blob.changed_ns)

    def parts(self, folder: Folder) -> Iterator[Folder]:
        """Yield members in the order of the archive."""
        part, ahead, held = folder, dict[str, bytes | Unreadable](), 0
        number = 0
        others: Counter[str] = Counter()
        try:
            for name, place, data in self._members(others, keep=True):
                size = len(data or b"")
                if len(part.entries) >= PART_NAMES or (held and held + size > PART_BYTES):
                    self._ahead = ahead
                    yield part
                    part, ahead, held = folder.next_part(), {}, 0
                part.entries.append(Entry(name, place.size, place.time_ns, 0, number))
                number += 1
                held += size
                if data is not None:
                    ahead[name] = data
        except DAMAGE as error:
            part.complete = False
            part.failures.append(
                Unread(folder.path, "damaged", f"the archive is damaged after {number:,} members: {error}", image=False)
            )
        self._ahead = ahead
        part.skipped += others
        yield part

    def read(self, paths: Sequence[str]) -> Iterator[bytes | Unreadable]:
        """Yield the bytes of members, or what is wrong with each."""
        for path in paths:
            name = path[len(self.path) + 1 :]
            data = self._ahead.get(name)
            yield self._again(name, whole=False) if data is None else data

    def read_whole(self, paths: Sequence[str]) -> Iterator[bytes | Unreadable]:
        """Yield all bytes of members, whatever they are, or what is wrong with each."""
        for path in paths:
            name = path[len(self.path) + 1 :]
            ahead = self._ahead.get(name)
            whole = isinstance(ahead, bytes) and len(ahead) == self._places[name].size
            yield ahead if whole and ahead is not None else self._again(name, whole=True)

    def is_there(self) -> bool:
        """Return whether the archive is unchanged."""
        return self._blob.is_there()

    def _members(self, others: Counter[str], *, keep: bool) -> Iterator[tuple[str, _Place, bytes | Unreadable | None]]:
        """Yield the members from the front, those of a compressed archive with bytes to keep; count what is no file."""
        name_of = Names()
        file, packed = self._open()
        most = most_unpacked(self._blob.size)
        with file:
            for info in _headers(file):
                if not info.isreg():
                    if not info.isdir():
                        others["hard link" if info.islnk() else "not a regular file"] += 1
                    continue
                place = _Place(info.offset_data, info.size, _time_ns(info), bool(info.issparse()))
                name = name_of(info.name)
                self._places[name] = place
                yield name, place, _read(file, name, place, whole=False) if keep and packed else None
                if packed and place.offset + place.size > most:  # what comes next is behind all of that
                    raise tarfile.ReadError(f"it unpacks to more than {most:,} bytes")
        self._placed = True

    def _again(self, name: str, *, whole: bool) -> bytes | Unreadable:
        """Read one member where it lies."""
        KEPT.note(self)
        with self._lock:
            try:
                if name not in self._places and not self._placed:
                    for _ in self._members(Counter(), keep=False):
                        continue
            except DAMAGE as error:
                self._placed = True  # as far as it goes
                if name not in self._places:
                    return Unreadable("damaged", f"the archive is damaged: {error}")
            place = self._places.get(name)
            if place is None:
                return Unreadable("not-here", "no such member")
            try:
                if self._file is None:
                    self._file, _ = self._open()
                return _read(self._file, name, place, whole=whole)
            except DAMAGE as error:
                return Unreadable("damaged", f"the archive is damaged there: {error}")

    def close(self) -> None:
        """Forget the part that was listed last, and close the file."""
        self._ahead = {}
        self.let_go()

    def let_go(self) -> None:
        """Close the file, unless it is in use."""
        if self._file is not None and self._lock.acquire(blocking=False):
            try:
                self._file.close()
                self._file = None
            finally:
                self._lock.release()

    def __del__(self) -> None:
        if self._file is not None:
            self._file.close()

    def _open(self) -> tuple[BinaryIO, bool]:
        """Return the file, and whether it is compressed."""
        file = self._blob.open()
        try:
            head = file.read(6)
            file.seek(0)
        except BaseException:
            file.close()
            raise
        unpack = next((unpack for first, unpack in COMPRESSED if head.startswith(first)), None)
        return (file, False) if unpack is None else (unpack(file), True)


class _Headers:
    """The file as `tarfile` sees it, which would read whatever an archive calls a header."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.left = MAX_HEADER_BYTES
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int) -> bytes:
        """Return the next bytes of a header."""
        if not 0 <= size <= self.left:
            raise tarfile.ReadError(f"a header of more than {MAX_HEADER_BYTES:,} bytes")
        self.left -= size
        return self._file.read(size)


def _headers(file: BinaryIO) -> Iterator[tarfile.TarInfo]:
    """Yield the headers of an archive; unlike `tarfile`, take no damage for its end."""
    headers = _Headers(file)
    archive = tarfile.open(fileobj=cast("BinaryIO", headers), mode="r:")  # noqa: SIM115 - nothing to close
    info = archive.next()
    before = 0
    while info is not None:
        if archive.offset <= before or not 0 <= info.size <= MAX_SIZE:
            raise tarfile.ReadError(f"a member of {info.size:,} bytes")
        before = archive.offset
        archive.members = []  # type: ignore[attr-defined]  # it would keep a kilobyte of each
        yield info
        headers.left = MAX_HEADER_BYTES
        file.seek(before - 1)
        if not file.read(1):
            raise tarfile.ReadError("it ends in the middle of a member")
        try:
            info = tarfile.TarInfo.fromtarfile(archive)
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]  # in each version of Python, and in no list
            return
        except tarfile.EmptyHeaderError:  # type: ignore[attr-defined]
            raise tarfile.ReadError("it ends without the mark of an end, as if cut off") from None


def _read(file: BinaryIO, name: str, place: _Place, *, whole: bool) -> bytes | Unreadable:
    if place.sparse:
        return Unreadable("unsupported", "a sparse member")
    file.seek(place.offset)
    try:
        return read_member(file, place.size, name, whole=whole)
    except MemoryError:
        return Unreadable("limit", "not enough memory to read it")


def _time_ns(info: tarfile.TarInfo) -> int:
    seconds = float(info.mtime)
    return int(seconds * 1_000_000_000) if abs(seconds) < MAX_SIZE / 1_000_000_000 else 0
