"""One stored file that holds many images: where it lies, what it was when the scan began, and how to open it."""

import os
import stat
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

from lookalike.sources.volumes import volume_of

MOST_OPEN = 32
"""Archives that are kept open, for reading single members."""
CHANGED = "it is gone, or is another one than when it was first looked at"


@dataclass(frozen=True, slots=True)
class Blob:
    """A file that is read from several places at once, wherever it is stored.

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
    opener : callable
        Opens whatever is stored there now; gives the file and its stamp.
    look : callable
        Gives the stamp of whatever is stored there now; raises OSError if nothing is.
    """

    path: str
    volume: str
    key: str
    size: int
    changed_ns: int
    stamp: str
    opener: Callable[[], tuple[BinaryIO, str]] = field(repr=False)
    look: Callable[[], str] = field(repr=False)

    def open(self) -> BinaryIO:
        """Open it for reading; each caller has a position of its own.

        Returns
        -------
        file
            At its start.

        Raises
        ------
        OSError
            If it is gone, or another one by now: where members lie was said of this one.
        """
        file, stamp = self.opener()
        if stamp != self.stamp:
            file.close()
            raise OSError(0, CHANGED)
        return file

    def is_there(self) -> bool:
        """Return whether it is still the same file.

        Returns
        -------
        bool
            False where it is gone or was changed.
        """
        try:
            return self.look() == self.stamp
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

    def stamp(status: os.stat_result) -> str:
        return f"{status.st_size}-{status.st_mtime_ns}" + (f"-{status.st_ino}" if volume.stable_inodes else "")

    def opener() -> tuple[BinaryIO, str]:
        file = open(real, "rb")  # noqa: SIM115 - the caller's to close
        return file, stamp(os.fstat(file.fileno()))

    return Blob(
        path, volume.id, volume.key(real), status.st_size, status.st_mtime_ns, stamp(status), opener,
        lambda: stamp(os.stat(path)),
    )  # fmt: skip


class Held(Protocol):
    """What has files open that it can open again."""

    def let_go(self) -> None:
        """Close them, unless they are in use."""


class Kept:
    """Files that are kept open for a while: of thousands of archives, no system lets all be open."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[int, weakref.ref[Held]] = {}

    def note(self, held: Held) -> None:
        """Note that files were used; those that were not for the longest time are let go.

        Parameters
        ----------
        held : Held
            Who has them open.
        """
        with self._lock:
            self._held.pop(id(held), None)
            self._held[id(held)] = weakref.ref(held)
            surplus = list(self._held)[: max(0, len(self._held) - MOST_OPEN)]
            old = [self._held.pop(one)() for one in surplus]
        for one in old:
            if one is not None:
                one.let_go()


KEPT = Kept()
"""Those of this process."""
