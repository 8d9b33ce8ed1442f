"""Single operations on files that happen as a whole or raise `OSError`; none of them overwrites anything."""

import contextlib
import ctypes
import ctypes.util
import errno
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from functools import cache
from typing import BinaryIO

COPY_BYTES = 1 << 20
RENAME_NOREPLACE = 1
"""Flag of renameat2(2)."""
RENAME_EXCL = 4
"""Flag of renamex_np(3)."""
FICLONE = 0x40049409
"""Linux ioctl_ficlone(2): share the extents of another file."""
AT_FDCWD = -100
TEMPORARY = ".lookalike-part-"
"""How names of files that are still being written begin."""
TEMPORARY_NAME = re.compile(re.escape(TEMPORARY) + r"[a-z0-9_]{8}")
"""Whole names of such files, as `tempfile` makes them."""
NO_SUCH_CALL = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP)
NOT_SYNCABLE = (errno.EINVAL, errno.EACCES, errno.EPERM, errno.EBADF, errno.ENOTSUP)


def is_temporary(name: str) -> bool:
    """Say whether a name is one that we give to files that are still being written.

    Parameters
    ----------
    name : str
        Without its folder.

    Returns
    -------
    bool
        Whether it is; a name that only begins like one is somebody else's.

    Examples
    --------
    >>> is_temporary(".lookalike-part-a0_b1c2d"), is_temporary(".lookalike-part-of.jpg")
    (True, False)
    """
    return TEMPORARY_NAME.fullmatch(name) is not None


def sync_folder(folder: str) -> None:
    """Bring the names in a folder to the disk, where the system can.

    Parameters
    ----------
    folder : str
        A folder.

    Raises
    ------
    OSError
        If the disk says it failed.
    """
    if os.name == "nt":
        return  # no handle of a folder to flush; NTFS journals names
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in NOT_SYNCABLE:
            raise
    finally:
        os.close(handle)


def sync_files(paths: Iterable[str]) -> None:
    """Bring what files hold, and their names, to the disk: on Linux whole file systems, which is far quicker than each file.

    Parameters
    ----------
    paths : iterable of str
        Files; one that is gone is passed over.

    Raises
    ------
    OSError
        If a disk says it failed.
    """
    if os.name == "nt":
        return  # only what was opened for writing can be flushed
    at_once = sys.platform.startswith("linux") and hasattr(_c_library(), "syncfs")
    synced: set[int] = set()
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            if not at_once:
                sync_folder(path)
                sync_folder(os.path.dirname(path))
            elif (device := os.stat(path).st_dev) not in synced:
                _sync_around(path)
                synced.add(device)


def _sync_around(path: str) -> None:
    """Bring all of the file system that a file lies in to the disk."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        if _c_library().syncfs(handle):
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), path)
    finally:
        os.close(handle)


def rename_new(source: str, target: str) -> None:
    """Rename within a file system in one step that fails where the new name is taken.

    Parameters
    ----------
    source, target : str
        Old and new name.

    Raises
    ------
    FileExistsError
        If the new name is taken.
    OSError
        Whatever else the system says.

    Notes
    -----
    renameat2(2) on Linux, renamex_np(3) on macOS; Windows never replaces. A file system that knows neither gets a second name
    first (link, unlink), and one without hard links a look before the rename.
    """
    if os.name == "nt":
        os.rename(source, target)
        return
    code = _system_rename(os.fsencode(source), os.fsencode(target))
    if code == 0:
        return
    if code not in NO_SUCH_CALL:
        raise OSError(code, os.strerror(code), source, None, target)
    try:
        os.link(source, target, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in (*NO_SUCH_CALL, errno.EPERM, errno.EMLINK):
            raise
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), target) from error
        os.rename(source, target)
    else:
        os.unlink(source)


def _system_rename(source: bytes, target: bytes) -> int:
    """Rename without replacing; return 0 or an error number."""
    library = _c_library()
    if sys.platform.startswith("linux") and hasattr(library, "renameat2"):
        done = library.renameat2(AT_FDCWD, source, AT_FDCWD, target, RENAME_NOREPLACE)
    elif sys.platform == "darwin":
        done = library.renamex_np(source, target, RENAME_EXCL)
    else:
        return errno.ENOSYS
    return ctypes.get_errno() if done else 0


@cache
def _c_library() -> ctypes.CDLL:
    return ctypes.CDLL(ctypes.util.find_library("c") if sys.platform == "darwin" else None, use_errno=True)


def clone_new(source: str, target: str) -> None:
    """Make a new file that shares its data with another; only Linux is asked.

    Parameters
    ----------
    source, target : str
        The file, and the new one.

    Raises
    ------
    OSError
        ENOTSUP where that cannot be done; then nothing is left.
    """
    if not sys.platform.startswith("linux"):
        raise OSError(errno.ENOTSUP, "files that share data are made on Linux only", target)
    import fcntl  # noqa: PLC0415 - not there on Windows

    with _temporary_beside(target) as (file, temporary), open(source, "rb") as origin:
        try:
            fcntl.ioctl(file.fileno(), FICLONE, origin.fileno())
        except OSError as error:
            raise OSError(errno.ENOTSUP, "this file system cannot share data between files", target) from error
        shutil.copystat(source, temporary)
        _flush(file)
        rename_new(temporary, target)


def copy_new(source: str, target: str) -> None:
    """Copy a file or a symlink to a name that must be free, with mode, times and extended attributes.

    Parameters
    ----------
    source, target : str
        What to copy, and the new name.
    """
    if os.path.islink(source):
        with _temporary_beside(target) as (_, temporary):
            os.unlink(temporary)
            os.symlink(os.readlink(source), temporary)
            shutil.copystat(source, temporary, follow_symlinks=False)
            rename_new(temporary, target)
        return
    with _temporary_beside(target) as (file, temporary), open(source, "rb") as origin:
        shutil.copyfileobj(origin, file, COPY_BYTES)
        file.flush()
        if hasattr(os, "fchown"):
            status = os.fstat(origin.fileno())
            with contextlib.suppress(PermissionError):  # only root may give files away
                os.fchown(file.fileno(), status.st_uid, status.st_gid)
        shutil.copystat(source, temporary)
        _flush(file)
        rename_new(temporary, target)


def write_new(target: str, content: bytes) -> None:
    """Write a file under a name that must be free.

    Parameters
    ----------
    target : str
        Its name.
    content : bytes
        What it shall hold.
    """
    with _temporary_beside(target) as (file, temporary):
        file.write(content)
        _flush(file)
        os.chmod(temporary, 0o644)
        rename_new(temporary, target)


@contextlib.contextmanager
def _temporary_beside(target: str) -> Iterator[tuple[BinaryIO, str]]:
    """Offer a file of a temporary name in the folder of another; it is gone afterwards unless it was renamed."""
    handle, temporary = tempfile.mkstemp(dir=os.path.dirname(target), prefix=TEMPORARY)
    try:
        with open(handle, "wb") as file:
            yield file, temporary
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)


def _flush(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def append(target: str, content: bytes) -> None:
    """Add to the end of a file, made where missing, and sync it; where that fails nothing is added.

    Parameters
    ----------
    target : str
        Its name.
    content : bytes
        What to add; all of it or nothing.
    """
    with open(target, "ab", buffering=0) as file:
        before = os.fstat(file.fileno()).st_size
        try:
            rest = memoryview(content)
            while rest:
                rest = rest[file.write(rest) :]
            os.fsync(file.fileno())
        except OSError:
            file.truncate(before)  # half a line would spoil the next one
            raise


def symlink(text: str, target: str) -> None:
    """Make a symlink.

    Parameters
    ----------
    text, target : str
        What it says, and its own name, which must be free.
    """
    os.symlink(text, target)


def hardlink(source: str, target: str) -> None:
    """Give a file one more name.

    Parameters
    ----------
    source, target : str
        A name of the file, not followed where it is a symlink, and the new one, which must be free.
    """
    os.link(source, target, follow_symlinks=False)


def trash(path: str) -> None:
    """Move a file to the trash of the desktop.

    Parameters
    ----------
    path : str
        A file or a symlink.

    Raises
    ------
    OSError
        If there is no trash for it.
    """
    from send2trash import TrashPermissionError, send2trash  # noqa: PLC0415 - asks the desktop when imported

    try:
        send2trash(path)
    except TrashPermissionError as error:
        raise OSError(errno.EPERM, "there is no trash on its file system that may be written to", path) from error
