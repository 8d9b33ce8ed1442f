"""ZIP archives: members are read where they lie, in any order."""

import bz2
import datetime as dt
import io
import lzma
import stat
import struct
import threading
import weakref
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence

from lookalike import formats
from lookalike.sources import salvaging
from lookalike.sources.blobs import KEPT, Blob
from lookalike.sources.folders import PART_NAMES, Entry, Folder, Unread, Unreadable
from lookalike.sources.members import MAX_MEMBER_BYTES, Names, most_unpacked, read_member, too_large

ENCRYPTED = 1
"""Flag bit of a member (APPNOTE.TXT 4.4.4)."""
UNIX = 3
"""What made an archive whose members have Unix modes (APPNOTE.TXT 4.4.2)."""
MAX_SIZE = 1 << 62
"""Sizes beyond this are nonsense."""
DAMAGE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, ValueError, OverflowError, RuntimeError,
)  # fmt: skip
"""What reading a damaged archive raises."""


NOT_HERE = Unreadable("not-here", "no such member")
BEYOND = Unreadable("limit", "its archive unpacks to far more than it is")


class Zip:
    """A ZIP archive.

    Parameters
    ----------
    blob : Blob
        The file.
    """

    kind = "zip"

    def __init__(self, blob: Blob) -> None:
        self.path: str = blob.path
        self._blob = blob
        self._lock = threading.Lock()
        self._wrong: str | None = None
        """What is wrong with the archive as a whole; its members were looked for one by one then."""
        self._skipped: Counter[str] = Counter()
        self._beyond: set[str] = set()
        """Members behind so many that nobody would wait for all of them."""
        self._opened: tuple[zipfile.ZipFile, dict[str, zipfile.ZipInfo]] | None = None

    def folders(self, root: int) -> Iterator[Folder]:
        """Yield the archive: one folder, whatever its members are called."""
        blob = self._blob
        yield Folder(root, self.path, blob.volume, blob.key, source=self, stamp=blob.stamp, changed_ns=blob.changed_ns)

    def parts(self, folder: Folder) -> Iterator[Folder]:
        """Yield members in the order of the archive."""
        try:
            _, infos = self._archive()
        except OSError as error:
            folder.complete = False
            folder.failures.append(Unread(folder.path, "damaged", error.strerror or str(error), image=False))
            yield folder
            return
        names = list(infos)
        for start in range(0, max(1, len(names)), PART_NAMES):
            part = folder.next_part() if start else folder
            for number, name in enumerate(names[start : start + PART_NAMES], start):
                info = infos[name]
                part.entries.append(Entry(name, min(info.file_size, MAX_SIZE), _time_ns(info), 0, number))
            if start == 0:
                part.skipped += self._skipped
            if start + PART_NAMES >= len(names) and self._wrong is not None:
                part.complete = False
                found = "1 member was" if len(names) == 1 else f"{len(names):,} members were"
                reason = f"the archive is damaged; {found} found: {self._wrong}"
                part.failures.append(Unread(folder.path, "damaged", reason, image=False))
            yield part

    def read(self, paths: Sequence[str]) -> Iterator[bytes | Unreadable]:
        """Yield the bytes of members, or what is wrong with each."""
        return self._each(paths, whole=False)

    def read_whole(self, paths: Sequence[str]) -> Iterator[bytes | Unreadable]:
        """Yield all bytes of members, whatever they are, or what is wrong with each."""
        return self._each(paths, whole=True)

    def _each(self, paths: Sequence[str], *, whole: bool) -> Iterator[bytes | Unreadable]:
        try:
            archive, infos = self._archive()
        except OSError as error:
            yield from [Unreadable("transient", error.strerror or str(error))] * len(paths)
            return
        for path in paths:
            name = path[len(self.path) + 1 :]
            if name in self._beyond:
                yield BEYOND
            else:
                yield _read(archive, infos[name], whole=whole) if name in infos else NOT_HERE

    def is_there(self) -> bool:
        """Return whether the archive is unchanged."""
        return self._blob.is_there()

    def close(self) -> None:
        """Forget what is open; who still reads has a hand on it."""
        self._opened = None

    let_go = close

    def _archive(self) -> tuple[zipfile.ZipFile, dict[str, zipfile.ZipInfo]]:
        KEPT.note(self)
        with self._lock:
            opened = self._opened
            if opened is None:
                archive = self._open()  # its own lock lets threads read side by side
                self._skipped.clear()
                name_of, members = Names(), dict[str, zipfile.ZipInfo]()
                left = most_unpacked(self._blob.size)
                for info in archive.infolist():
                    if info.create_system == UNIX and stat.S_IFMT(info.external_attr >> 16) not in _ORDINARY:
                        self._skipped["not a regular file"] += 1
                    elif not info.filename.endswith("/"):
                        name = name_of(info.filename)
                        members[name] = info
                        left -= max(0, min(info.file_size, MAX_MEMBER_BYTES))
                        if left < 0:
                            self._beyond.add(name)
                opened = self._opened = archive, members
            return opened

    def _open(self) -> zipfile.ZipFile:
        file = self._blob.open()
        try:
            archive = zipfile.ZipFile(file)
        except DAMAGE as error:  # what is not implemented is a RuntimeError
            try:
                archive = salvaging.salvage(file)
            except OSError:
                file.close()
                raise
            self._wrong = str(error)
            if not archive.infolist():
                file.close()
                raise OSError(0, f"not a ZIP archive that can be read: {error}") from error
        weakref.finalize(archive, file.close)
        return archive


_ORDINARY = (0, stat.S_IFREG, stat.S_IFDIR)
"""Kinds of files; 0 where an archive does not say."""


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, *, whole: bool) -> bytes | Unreadable:
    """Return all of a member, or of what is no image only what tells that, or what is wrong with it."""
    packed = info.compress_type == zipfile.ZIP_BZIP2
    if info.flag_bits & ENCRYPTED:
        return Unreadable("denied", "it is encrypted") if whole or formats.claims_image(info.filename) else b""
    refused = too_large(max(info.file_size, info.compress_size)) if packed else None
    if refused is not None:
        return refused
    try:
        with io.BytesIO(_bzip2(archive, info)) if packed else archive.open(info) as member:
            return read_member(member, info.file_size, info.filename, whole=whole)
    except NotImplementedError as error:
        # Packed in a way that zipfile does not know. It is a RuntimeError, too, which DAMAGE has, so it comes first.
        return Unreadable("unsupported", str(error))
    except DAMAGE as error:
        return Unreadable("damaged", f"the archive is damaged there: {error}")
    except MemoryError:
        return Unreadable("limit", "not enough memory to read it")


def _bzip2(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """Unpack a member without `zipfile`, which unpacks 4 KB at a time, whatever comes of that: gigabytes of zeros."""
    stored = zipfile.ZipInfo(info.orig_filename, info.date_time)
    stored.header_offset, stored.flag_bits = info.header_offset, info.flag_bits
    stored.file_size = stored.compress_size = info.compress_size
    with archive.open(stored) as member:
        packed = member.read()
    data = bz2.BZ2Decompressor().decompress(packed, max(info.file_size, 1))
    if len(data) != info.file_size or zlib.crc32(data) != info.CRC:
        raise zipfile.BadZipFile("it does not have the size and the checksum that it should have")
    return data


def _time_ns(info: zipfile.ZipInfo) -> int:
    """Return the date of a member, as if it were in UTC: an archive does not say of which zone it is."""
    try:
        moment = dt.datetime(*info.date_time, tzinfo=dt.UTC)
    except ValueError:  # month 0
        return 0
    return int(moment.timestamp()) * 1_000_000_000
