"""What a name is now, and what its file holds, read so that a change meanwhile does not go unseen."""

import errno
import hashlib
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass

from blake3 import blake3

READ_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Seen:
    """What a name was when it was looked at.

    Attributes
    ----------
    device, inode, size, mtime_ns, ctime_ns, mode : int
        Of the name itself, without following a symlink.
    target : str or None
        What a symlink says; None where it is none.
    """

    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int
    mode: int
    target: str | None = None

    def moved_to(self, other: "Seen") -> bool:
        """Say whether another name is the same file, moved: all but the time of the last change of its name agree.

        Parameters
        ----------
        other : Seen
            What the other name was.

        Returns
        -------
        bool
            Whether it is.
        """
        mine = self.device, self.inode, self.size, self.mtime_ns, self.mode, self.target
        return mine == (other.device, other.inode, other.size, other.mtime_ns, other.mode, other.target)


def look_at(path: str) -> Seen:
    """Look at a name without following it.

    Parameters
    ----------
    path : str
        A path.

    Returns
    -------
    Seen
        What it is.

    Raises
    ------
    OSError
        If it is not there.
    """
    status = os.lstat(path)
    target = os.readlink(path) if stat.S_ISLNK(status.st_mode) else None
    return Seen(
        status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_mode, target
    )


def lies_at(path: str) -> bool:
    """Say whether something has a name; unlike `os.path.lexists` never no where the system does not tell.

    Parameters
    ----------
    path : str
        A path.

    Returns
    -------
    bool
        Whether it does.

    Raises
    ------
    OSError
        If its folder may not be searched, or a disk fails.
    """
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def digest_of(path: str) -> bytes:
    """Digest a file that does not change meanwhile.

    Parameters
    ----------
    path : str
        An ordinary file, or a symlink to one.

    Returns
    -------
    bytes
        BLAKE3, 32 bytes.

    Raises
    ------
    OSError
        If it cannot be read, is no ordinary file, or changed while it was read.
    """
    return _read(path)


def contents_of(path: str) -> tuple[bytes, bytes]:
    """Read a whole file that does not change meanwhile.

    Parameters
    ----------
    path : str
        An ordinary file, or a symlink to one.

    Returns
    -------
    bytes, bytes
        Its content, and the BLAKE3 of that.

    Raises
    ------
    OSError
        As `digest_of`.
    """
    parts: list[bytes] = []
    digest = _read(path, parts.append)
    return b"".join(parts), digest


def sums_of(path: str) -> tuple[bytes, bytes]:
    """Digest a file that does not change meanwhile in two ways, both of the same bytes.

    Parameters
    ----------
    path : str
        An ordinary file, or a symlink to one.

    Returns
    -------
    bytes, bytes
        SHA-256 and BLAKE3, 32 bytes each.

    Raises
    ------
    OSError
        As `digest_of`.
    """
    made = hashlib.sha256()
    digest = _read(path, made.update)
    return made.digest(), digest


def _read(path: str, *takers: Callable[[bytes], object]) -> bytes:
    """Return the digest of a file, and hand on what is read of it, part by part."""
    made = blake3()
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
    before = os.fstat(handle)
    if not stat.S_ISREG(before.st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "not an ordinary file", path)
    with open(handle, "rb", buffering=0) as file:
        while part := file.read(READ_BYTES):
            made.update(part)
            for take in takers:
                take(part)
        after = os.fstat(file.fileno())
    if (before.st_size, before.st_mtime_ns, before.st_ctime_ns) != (
        after.st_size,
        after.st_mtime_ns,
        after.st_ctime_ns,
    ):
        raise OSError(errno.EAGAIN, "it changed while it was read", path)
    return made.digest()
