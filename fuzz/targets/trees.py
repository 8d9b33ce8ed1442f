"""Small trees of files, and whether they are what they were."""

import os
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path

TIME = 1_600_000_000_123_456_789


def put(folder: str, files: Mapping[str, bytes]) -> None:
    """Write files below a folder, which is emptied first.

    Parameters
    ----------
    folder : str
        The folder.
    files : mapping of str to bytes
        By path within it.
    """
    os.makedirs(folder, exist_ok=True)
    for entry in os.scandir(folder):  # the folder itself stays: it may be where this process is
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        else:
            os.unlink(entry.path)
    for name, content in files.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        Path(path).write_bytes(content)
        os.utime(path, ns=(TIME, TIME))


def snapshot(folder: str) -> dict[str, tuple[object, ...]]:
    """Return all files and links below a folder: bytes, time and mode; folders do not count.

    Parameters
    ----------
    folder : str
        The folder.
    """
    found: dict[str, tuple[object, ...]] = {}
    for above, folders, files in os.walk(folder):
        for name in [*files, *(name for name in folders if os.path.islink(os.path.join(above, name)))]:
            path = os.path.join(above, name)
            status = os.lstat(path)
            content: object = os.readlink(path) if stat.S_ISLNK(status.st_mode) else Path(path).read_bytes()
            found[os.path.relpath(path, folder)] = content, status.st_mtime_ns, status.st_mode
    return found


def contents(folder: str) -> set[object]:
    """Return what the files below a folder hold.

    Parameters
    ----------
    folder : str
        The folder.
    """
    return {row[0] for row in snapshot(folder).values()}
