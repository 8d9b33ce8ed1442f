"""ZIP archives: members are read where they lie, in any order."""

import datetime as dt
import threading
import zipfile
import zlib
from collections.abc import Iterator, Sequence

from lookalike.sources.blobs import Blob
from lookalike.sources.folders import PART_NAMES, Entry, Folder, Unreadable
from lookalike.sources.members import Names, too_large

ENCRYPTED = 1
"""Flag bit of a member (APPNOTE.TXT 4.4.4)."""


class Zip:
    """A ZIP archive.

    Parameters
    ----------
    blob : Blob
        The file.

    Raises
    ------
    OSError
        If it cannot be read, or is no ZIP archive.
    """

    kind = "zip"

    def __init__(self, blob: Blob) -> None:
        self.path, self._blob = blob.path, blob
        self._lock = threading.Lock()
        self._opened: tuple[zipfile.ZipFile, dict[str, zipfile.ZipInfo]] | None = None
        self._archive()

    def folders(self, root: int) -> Iterator[Folder]:
        """Yield the archive: one folder, whatever its members are called."""
        blob = self._blob
        yield Folder(root, self.path, blob.volume, blob.key, source=self, stamp=blob.stamp, changed_ns=blob.changed_ns)

    def parts(self, folder: Folder) -> Iterator[Folder]:
        """Yield members in the order of the archive."""
        _, infos = self._archive()
        names = list(infos)
        for start in range(0, max(1, len(names)), PART_NAMES):
            part = folder.next_part() if start else folder
            for number, name in enumerate(names[start : start + PART_NAMES], start):
                info = infos[name]
                part.entries.append(Entry(name, info.file_size, _time_ns(info), 0, number))
            yield part

    def read(self, paths: Sequence[str]) -> Iterator[bytes | Unreadable]:
        """Yield the bytes of members, or what is wrong with each."""
        archive, infos = self._archive()
        for path in paths:
            info = infos.get(path[len(self.path) + 1 :])
            yield Unreadable("not-here", "no such member") if info is None else _read(archive, info)

    def read_whole(self, paths: Sequence[str]) -> Iterator[bytes | Unreadable]:
        """Yield all bytes of members, whatever they are, or what is wrong with each."""
        archive, infos = self._archive()
        for path in paths:
            info = infos.get(path[len(self.path) + 1 :])
            yield Unreadable("not-here", "no such member") if info is None else _whole(archive, info)

    def is_there(self) -> bool:
        """Return whether the archive is unchanged."""
        return self._blob.is_there()

    def _archive(self) -> tuple[zipfile.ZipFile, dict[str, zipfile.ZipInfo]]:
        with self._lock:
            if self._opened is None:
                try:
                    archive = zipfile.ZipFile(self._blob.open())  # its own lock lets threads read side by side
                except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
                    raise OSError(0, f"not a ZIP archive that can be read: {error}") from error
                name_of = Names()
                members = (info for info in archive.infolist() if not info.is_dir())
                self._opened = archive, {name_of(info.filename): info for info in members}
            return self._opened


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes | Unreadable:
    if info.flag_bits & ENCRYPTED:
        return Unreadable("denied", "it is encrypted")
    refused = too_large(info.file_size)
    if refused is not None:
        return refused
    try:
        with archive.open(info) as member:
            return member.read()
    except NotImplementedError as error:
        return Unreadable("unsupported", str(error))
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError) as error:
        return Unreadable("damaged", f"the archive is damaged there: {error}")
    except MemoryError:
        return Unreadable("limit", "not enough memory to read it")


def _time_ns(info: zipfile.ZipInfo) -> int:
    """Return the date of a member, as if it were in UTC: an archive does not say of which zone it is."""
    try:
        moment = dt.datetime(*info.date_time, tzinfo=dt.UTC)
    except ValueError:  # month 0
        return 0
    return int(moment.timestamp()) * 1_000_000_000


def _whole(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes | Unreadable:
    refused = too_large(info.file_size)
    if refused is not None:
        return refused
    try:
        with archive.open(info) as member:
            return member.read()
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError, RuntimeError, NotImplementedError) as error:
        return Unreadable("damaged", f"the archive is damaged there: {error}")
