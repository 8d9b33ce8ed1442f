"""One stored file that holds many images: where it lies, what it was when the scan began, and how to open it."""

import os
import stat
from dataclasses import dataclass
from typing import BinaryIO

from lookalike.sources.volumes import volume_of


@dataclass(frozen=True, slots=True)
class Blob:
    """A file that is read from several places at once.

    Attributes
    ----------
    path : str
        As the user gave it.
    volume, key : str
        Identity: the same on every mount point.
    size : int
        Bytes.
    changed_ns : int
        When it was changed, in nanoseconds since 1970.
    stamp : str
        Another one once it is another file, or was changed.
    """

    path: str
    volume: str
    key: str
    size: int
    changed_ns: int
    stamp: str

    def open(self) -> BinaryIO:
        """Open it for reading; each caller has a position of its own.

        Returns
        -------
        file
            At its start.

        Raises
        ------
        OSError
            If it is gone.
        """
        return open(self.path, "rb")

    def is_there(self) -> bool:
        """Return whether it is still the same file.

        Returns
        -------
        bool
            False where it is gone or was changed.
        """
        try:
            return blob(self.path).stamp == self.stamp
        except OSError:
            return False


def blob(path: str) -> Blob:
    """Look at a file.

    Parameters
    ----------
    path : str
        An ordinary file; symlinks are followed.

    Returns
    -------
    Blob
        As it is now.

    Raises
    ------
    OSError
        If it is not there, or no ordinary file.
    """
    real = os.path.realpath(path)
    status = os.stat(real)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(0, "not an ordinary file")
    volume = volume_of(real)
    stamp = f"{status.st_size}-{status.st_mtime_ns}" + (f"-{status.st_ino}" if volume.stable_inodes else "")
    return Blob(path, volume.id, volume.key(real), status.st_size, status.st_mtime_ns, stamp)
