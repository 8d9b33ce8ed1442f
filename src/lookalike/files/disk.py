"""The operations that removal is made of, in one place, so that a test can stop the program before and after each."""

import contextlib
import errno
import os
from collections.abc import Callable, Iterable
from functools import wraps
from typing import ParamSpec, TypeVar

from lookalike import events
from lookalike.files import calls
from lookalike.files.seen import Seen, digest_of, look_at

P = ParamSpec("P")
R = TypeVar("R")


def _logged(function: Callable[P, R]) -> Callable[P, R]:
    """Have what was done logged, with the names that it was done to."""

    @wraps(function)
    def logged(*args: P.args, **kwargs: P.kwargs) -> R:
        done = function(*args, **kwargs)
        if events.DISK_CHANGED.wanted:
            names = [name for name in args if isinstance(name, str)]
            events.DISK_CHANGED(operation=function.__name__, path=names[0], place=names[1] if len(names) > 1 else "")
        return done

    return logged


class Disk:
    """What changes the file system; see `lookalike.files.calls`."""

    rename: "staticmethod[[str, str], None]" = staticmethod(_logged(calls.rename_new))
    copy: "staticmethod[[str, str], None]" = staticmethod(_logged(calls.copy_new))
    write: "staticmethod[[str, bytes], None]" = staticmethod(_logged(calls.write_new))
    append: "staticmethod[[str, bytes], None]" = staticmethod(_logged(calls.append))
    hardlink: "staticmethod[[str, str], None]" = staticmethod(_logged(calls.hardlink))
    symlink: "staticmethod[[str, str], None]" = staticmethod(_logged(calls.symlink))
    reflink: "staticmethod[[str, str], None]" = staticmethod(_logged(calls.clone_new))
    trash: "staticmethod[[str], None]" = staticmethod(_logged(calls.trash))
    remove: "staticmethod[..., None]" = staticmethod(_logged(os.unlink))
    make_folder: "staticmethod[..., None]" = staticmethod(_logged(os.mkdir))
    remove_folder: "staticmethod[..., None]" = staticmethod(_logged(os.rmdir))
    sync: "staticmethod[[str], None]" = staticmethod(calls.sync_folder)
    flush: "staticmethod[[Iterable[str]], None]" = staticmethod(calls.sync_files)


def move(disk: Disk, source: str, target: str, *, exact: bool = False) -> bool:
    """Move a file, to another file system too, unless the new name is taken; the old name goes last.

    Parameters
    ----------
    disk : Disk
        Operations.
    source, target : str
        Old and new name.
    exact : bool
        Whether a copy that cannot have the time and the permissions of the file, as on FAT, is none.

    Returns
    -------
    bool
        Whether it is the same file still, not a copy.

    Raises
    ------
    OSError
        If it cannot be moved, or changed meanwhile; then the old name is still there.
    """
    try:
        disk.rename(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
    else:
        return True
    before = look_at(source)
    disk.copy(source, target)
    try:
        disk.sync(os.path.dirname(target))
        _check_copy(source, target, before, exact=exact)
        disk.remove(source)
    except OSError:
        if os.path.lexists(source):
            disk.remove(target)
        raise
    return False


def _check_copy(source: str, target: str, before: Seen, *, exact: bool) -> None:
    """Raise OSError unless a file still is what it was, and its copy reads as the file does."""
    copy = look_at(target)
    if exact and before.target is None and (copy.mtime_ns, copy.mode) != (before.mtime_ns, before.mode):
        raise OSError(errno.ENOTSUP, "the file system there cannot keep its time and its permissions", target)
    if before.target is None and digest_of(source) != digest_of(target):
        raise OSError(errno.EIO, "the copy does not read as it was written", target)
    if look_at(source) != before:
        raise OSError(errno.EAGAIN, "it changed while it was moved", source)


def make_folders(disk: Disk, path: str) -> None:
    """Make a folder and those above it, as far as they are missing, and sync each name.

    Parameters
    ----------
    disk : Disk
        Operations.
    path : str
        A folder.
    """
    missing = []
    while not os.path.isdir(path):  # a loop: paths may be deeper than Python recurses
        missing.append(path)
        path = os.path.dirname(path)
    for folder in reversed(missing):
        with contextlib.suppress(FileExistsError):
            disk.make_folder(folder)
            disk.sync(os.path.dirname(folder))


def sync_all(disk: Disk, folders: Iterable[str]) -> None:
    """Sync folders, each once; one that is gone needs none.

    Parameters
    ----------
    disk : Disk
        Operations.
    folders : iterable of str
        Folders.
    """
    for folder in sorted(set(folders)):
        if os.path.isdir(folder):
            disk.sync(folder)
