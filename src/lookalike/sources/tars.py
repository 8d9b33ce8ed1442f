"""TAR archives and WebDataset shards: plain ones are read where members lie, compressed ones from the front."""

import bz2
import gzip
import lzma
import tarfile
import threading
import zlib
from collections.abc import Iterator, Sequence
from typing import BinaryIO, NamedTuple, cast

from lookalike.sources.blobs import Blob
from lookalike.sources.folders import PART_NAMES, Entry, Folder, Unread, Unreadable
from lookalike.sources.members import Names, too_large

PART_BYTES = 4 << 20
"""Bytes of members that a part of a compressed archive may hold, one member at least."""
DAMAGE = (tarfile.TarError, EOFError, OSError, zlib.error, lzma.LZMAError, ValueError)
"""What reading a damaged archive raises."""
COMPRESSED = ((b"\x1f\x8b", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ", lzma.open))
"""First bytes of a compressed file, and who reads it."""


class _Place(NamedTuple):
    """Where the bytes of a member begin, and how many they are; how the archive says what it is."""

    offset: int
    size: int
    time_ns: int
    sparse: bool = False


class Tar:
    """A TAR archive, plain or compressed.

    Parameters
    ----------
    blob : Blob
        The file.

    Raises
    ------
    OSError
        If it cannot be read.
    """

    kind = "tar"

    def __init__(self, blob: Blob) -> None:
        self.path, self._blob = blob.path, blob
        with blob.open() as file:
            head = file.read(6)
        self._unpack = next((unpack for first, unpack in COMPRESSED if head.startswith(first)), None)
        self._lock = threading.Lock()
        self._places: dict[str, _Place] = {}
        self._ahead: dict[str, bytes] = {}
        """Of a compressed archive, the bytes of the part that was listed last."""
        self._file: BinaryIO | None = None

    def folders(self, root: int) -> Iterator[Folder]:
        """Yield the archive: one folder, whatever its members are called."""
        blob = self._blob
        yield Folder(root, self.path, blob.volume, blob.key, source=self, stamp=blob.stamp, changed_ns=blob.changed_ns)

    def parts(self, folder: Folder) -> Iterator[Folder]:
        """Yield members in the order of the archive."""
        part, ahead, held = folder, dict[str, bytes](), 0
        number = 0
        try:
            for name, place, data in self._members(keep=self._unpack is not None):
                if len(part.entries) >= PART_NAMES or (held and held + place.size > PART_BYTES):
                    self._ahead = ahead
                    yield part
                    part, ahead, held = folder.next_part(), {}, 0
                part.entries.append(Entry(name, place.size, place.time_ns, 0, number))
                number += 1
                if data is not None:
                    ahead[name] = data
                    held += len(data)
        except DAMAGE as error:
            part.complete = False
            part.failures.append(
                Unread(folder.path, "damaged", f"the archive is damaged after {number:,} members: {error}", image=False)
            )
        self._ahead = ahead
        yield part

    def read(self, paths: Sequence[str]) -> Iterator[bytes | Unreadable]:
        """Yield the bytes of members, or what is wrong with each."""
        for path in paths:
            name = path[len(self.path) + 1 :]
            data = self._ahead.get(name)
            yield self._again(name) if data is None else data

    def read_whole(self, paths: Sequence[str]) -> Iterator[bytes | Unreadable]:
        """Yield all bytes of members, whatever they are, or what is wrong with each."""
        for path in paths:
            yield self._whole(path[len(self.path) + 1 :])

    def _whole(self, name: str) -> bytes | Unreadable:
        ahead = self._ahead.get(name)
        whole = isinstance(ahead, bytes) and len(ahead) == self._places[name].size
        data = ahead if whole and ahead is not None else self._again(name)
        if isinstance(data, bytes) and len(data) < (place := self._places[name]).size:
            if (refused := too_large(place.size)) is not None:
                return refused
            with self._lock:
                assert self._file is not None
                self._file.seek(place.offset)
                data = self._file.read(place.size)
        return data

    def is_there(self) -> bool:
        """Return whether the archive is unchanged."""
        return self._blob.is_there()

    def _members(self, *, keep: bool) -> Iterator[tuple[str, _Place, bytes | None]]:
        """Yield the members from the front, with their bytes where these are to be kept."""
        name_of = Names()
        with self._open() as file, tarfile.open(fileobj=file, mode="r:" if self._unpack is None else "r|") as archive:
            while (info := archive.next()) is not None:
                archive.members = []  # type: ignore[attr-defined]  # it would keep a kilobyte of each
                if not info.isreg():
                    continue
                place = _Place(info.offset_data, info.size, int(info.mtime * 1_000_000_000), bool(info.issparse()))
                name = name_of(info.name)
                self._places[name] = place
                data = None
                if keep and not too_large(info.size) and not place.sparse:
                    member = archive.extractfile(info)
                    data = member.read() if member is not None else b""
                yield name, place, data

    def _again(self, name: str) -> bytes | Unreadable:
        """Read one member where it lies; in a compressed archive by reading on, or once more from the front."""
        with self._lock:
            try:
                if not self._places:
                    for _ in self._members(keep=False):
                        continue
            except DAMAGE as error:
                if name not in self._places:
                    return Unreadable("damaged", f"the archive is damaged: {error}")
            place = self._places.get(name)
            if place is None:
                return Unreadable("not-here", "no such member")
            if place.sparse:
                return Unreadable("unsupported", "a sparse member")
            refused = too_large(place.size)
            if refused is not None:
                return refused
            try:
                self._file = self._file or self._open()
                self._file.seek(place.offset)
                data = self._file.read(place.size)
            except DAMAGE as error:
                return Unreadable("damaged", f"the archive is damaged there: {error}")
            except MemoryError:
                return Unreadable("limit", "not enough memory to read it")
        return data if len(data) == place.size else Unreadable("damaged", "the archive ends early")

    def _open(self) -> BinaryIO:
        file = self._blob.open()
        return file if self._unpack is None else cast("BinaryIO", self._unpack(file))
