"""What appears under its name only once it is whole: a folder of copies or links, or a TAR archive.

Each is written under a temporary name beside its place; nothing that is there is overwritten, and nothing is left where writing
fails.
"""

import contextlib
import errno
import io
import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from typing import BinaryIO, Protocol

from lookalike.errors import UnsafeError, UsageError
from lookalike.files.calls import TEMPORARY, rename_new, sync_folder

FILE_MODE, FOLDER_MODE = 0o644, 0o755


class Sink(Protocol):
    """Takes files by name; names are relative and lead nowhere else."""

    def put(self, name: str, data: bytes, mtime_ns: int) -> None:
        """Take the bytes of a file."""

    def put_file(self, name: str, path: str) -> None:
        """Take a file that lies elsewhere."""


class Tree:
    """A folder of copies.

    Parameters
    ----------
    folder : str
        Where; it is there.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._made = {""}

    def place(self, name: str) -> str:
        """Make the folders above a file.

        Parameters
        ----------
        name : str
            Of the file.

        Returns
        -------
        str
            Its path.
        """
        above = name.rpartition("/")[0]
        if above not in self._made:
            os.makedirs(os.path.join(self._folder, above), exist_ok=True)
            self._made.add(above)
        return os.path.join(self._folder, name)

    def put(self, name: str, data: bytes, mtime_ns: int) -> None:
        """Write a file."""
        place = self.place(name)
        with open(place, "xb") as file:
            file.write(data)
        os.utime(place, ns=(mtime_ns, mtime_ns))

    def put_file(self, name: str, path: str) -> None:
        """Copy a file."""
        place = self.place(name)
        with open(path, "rb") as origin, open(place, "xb") as file:
            shutil.copyfileobj(origin, file)
        mtime_ns = os.stat(path).st_mtime_ns
        os.utime(place, ns=(mtime_ns, mtime_ns))


class Links(Tree):
    """A folder of links.

    Parameters
    ----------
    folder : str
        Where; it is there.
    link : callable
        ``(source, target)``: makes one.
    """

    def __init__(self, folder: str, link: Callable[[str, str], None]) -> None:
        super().__init__(folder)
        self._link = link

    def put_file(self, name: str, path: str) -> None:
        """Make a link to a file, not to a symlink that leads there."""
        place = self.place(name)
        try:
            self._link(os.path.realpath(path), place)
        except OSError as error:
            if error.errno == errno.EXDEV:
                raise UsageError(
                    f"no hard link can lead to another file system, where {path} is: use symlinks or copies"
                ) from error
            if error.errno in (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP):
                raise UsageError(f"the file system of {path} has no such links: use copies") from error
            raise


class Archive:
    """A TAR archive; what is put into it lies in that order.

    Parameters
    ----------
    file : file
        To write bytes to.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._tar = tarfile.open(fileobj=file, mode="w", format=tarfile.GNU_FORMAT)  # noqa: SIM115 - closed by `close`

    def put(self, name: str, data: bytes, mtime_ns: int) -> None:
        """Add a member."""
        self._tar.addfile(self._info(name, len(data), mtime_ns), io.BytesIO(data))
        self._tar.members = []  # type: ignore[attr-defined]  # it would keep a kilobyte of each

    def put_file(self, name: str, path: str) -> None:
        """Add a file as a member."""
        with open(path, "rb") as file:
            status = os.fstat(file.fileno())
            self._tar.addfile(self._info(name, status.st_size, status.st_mtime_ns), file)
        self._tar.members = []  # type: ignore[attr-defined]

    def close(self) -> None:
        """Write the end of the archive."""
        self._tar.close()

    @staticmethod
    def _info(name: str, size: int, mtime_ns: int) -> tarfile.TarInfo:
        info = tarfile.TarInfo(name)
        info.size, info.mtime, info.mode = size, max(0, mtime_ns // 1_000_000_000), FILE_MODE
        return info


def check_free(path: str, *, folder: bool) -> None:
    """Check that something new can be made at a place.

    Parameters
    ----------
    path : str
        Where.
    folder : bool
        Whether that is a folder: one that is empty counts as none.

    Raises
    ------
    UsageError
        If the folder above it is missing.
    UnsafeError
        If something is there.
    """
    place = os.path.abspath(path)
    if not os.path.isdir(os.path.dirname(place)):
        raise UsageError(f"the folder of {path} does not exist")
    if not os.path.lexists(place):
        return
    if not folder:
        raise UnsafeError(f"{path} is there, and nothing is overwritten: name a new file")
    if not os.path.isdir(place) or os.path.islink(place) or os.listdir(place):
        raise UnsafeError(f"{path} is there and not an empty folder, and nothing is overwritten: name a new folder")


@contextlib.contextmanager
def new_folder(path: str) -> Iterator[str]:
    """Offer a folder to fill; it moves to its place when the body ends, and is gone when the body fails.

    Parameters
    ----------
    path : str
        Its place; nothing, or an empty folder.

    Yields
    ------
    str
        The folder to fill.

    Raises
    ------
    UsageError, UnsafeError
        As `check_free`; also if something has appeared there meanwhile.
    """
    check_free(path, folder=True)
    place = os.path.abspath(path)
    temporary = tempfile.mkdtemp(dir=os.path.dirname(place), prefix=TEMPORARY)
    try:
        yield temporary
        os.chmod(temporary, FOLDER_MODE)
        if os.path.lexists(place):
            check_free(path, folder=True)
            os.rmdir(place)  # which fails, too, unless it is empty
        _move(temporary, place, path)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


@contextlib.contextmanager
def new_archive(path: str) -> Iterator[Archive]:
    """Offer an archive to fill; it moves to its place when the body ends, and is gone when the body fails.

    Parameters
    ----------
    path : str
        Its place, where nothing is.

    Yields
    ------
    Archive
        The archive to fill.

    Raises
    ------
    UsageError, UnsafeError
        As `check_free`; also if something has appeared there meanwhile.
    """
    check_free(path, folder=False)
    place = os.path.abspath(path)
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(place), prefix=TEMPORARY)
    try:
        with open(handle, "wb") as file:
            archive = Archive(file)
            yield archive
            archive.close()
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, FILE_MODE)
        _move(temporary, place, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def _move(temporary: str, place: str, path: str) -> None:
    try:
        rename_new(temporary, place)
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
            raise
        raise UnsafeError(f"{path} has appeared meanwhile, and nothing is overwritten: name a new place") from error
    sync_folder(os.path.dirname(place))
