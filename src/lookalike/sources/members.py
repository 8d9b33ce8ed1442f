"""Members of archives: names that are all different and lead nowhere else, and bytes within limits."""

from typing import Protocol

from lookalike import formats
from lookalike.sources.folders import Unreadable

MAX_MEMBER_BYTES = 1 << 30
"""Larger members are not read into memory."""
MOST_RATIO = 1032
"""Bytes that one byte of deflate can become at most. What is meant to be looked at is packed less tightly; members that lie on
each other, and other methods, can unpack to a thousand times as much again."""


def too_large(size: int) -> Unreadable | None:
    """Say whether a member is not to be read for its size.

    Parameters
    ----------
    size : int
        Bytes.

    Returns
    -------
    Unreadable or None
        None where it may be read.

    Examples
    --------
    >>> too_large(1 << 31)
    Unreadable(kind='limit', reason='2,147,483,648 bytes, more than the limit of 1,073,741,824')
    """
    if size <= MAX_MEMBER_BYTES:
        return None
    return Unreadable("limit", f"{size:,} bytes, more than the limit of {MAX_MEMBER_BYTES:,}")


def most_unpacked(size: int) -> int:
    """Return how many bytes an archive may unpack to, all members together.

    Parameters
    ----------
    size : int
        Bytes of the archive.

    Returns
    -------
    int
        What is beyond is not unpacked, however long one has time to wait.

    Examples
    --------
    >>> most_unpacked(1 << 20) >> 30
    2
    """
    return MAX_MEMBER_BYTES + MOST_RATIO * size


class Readable(Protocol):
    """What can be read from the front."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, fewer only at the end."""


def read_member(file: Readable, size: int, name: str, *, whole: bool = False) -> bytes | Unreadable:
    """Read a member, but of what is no image only the beginning: a video or a text is passed over anyway.

    Parameters
    ----------
    file : file
        At the start of the member.
    size : int
        Its bytes, as the archive has it.
    name : str
        Its name.
    whole : bool
        Whether all of it is wanted, whatever it is.

    Returns
    -------
    bytes or Unreadable
        All of it, or as much as tells that it is no image.

    Raises
    ------
    EOFError
        If there are fewer bytes.
    """
    wanted = min(size, formats.HEAD_BYTES)
    data = file.read(wanted)
    if whole or formats.claims_image(name) or formats.sniff(data, name) is not None:
        refused = too_large(size)
        if refused is not None:
            return refused
        data, wanted = data + file.read(size - len(data)), size
    if len(data) < wanted:
        raise EOFError("it ends early")
    return data


def safe_name(name: str) -> str:
    """Return the name of a member as one that leads nowhere else.

    Parameters
    ----------
    name : str
        As the archive has it.

    Returns
    -------
    str
        Relative, without ``..``.

    Examples
    --------
    >>> safe_name("/etc/a.jpg"), safe_name("../a.jpg"), safe_name("./a.jpg")
    ('etc/a.jpg', '__/a.jpg', 'a.jpg')
    """
    parts = (part for part in name.replace("\0", "_").split("/") if part not in ("", "."))
    return "/".join("__" if part == ".." else part for part in parts) or "_"


class Names:
    """Make names of members safe to show and different from each other."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def __call__(self, name: str) -> str:
        """Return the name of the next member.

        Parameters
        ----------
        name : str
            As the archive has it.

        Returns
        -------
        str
            Relative, without ``..``; the second of a name ends in ``#2``.

        Examples
        --------
        >>> names = Names()
        >>> names("/etc/a.jpg"), names("../etc/./a.jpg"), names("etc/a.jpg")
        ('etc/a.jpg', '__/etc/a.jpg', 'etc/a.jpg#2')
        """
        safe = safe_name(name)
        number = self._seen.get(safe, 0) + 1
        unique = safe if number == 1 else f"{safe}#{number}"
        while number > 1 and unique in self._seen:  # another member may be called that
            number += 1
            unique = f"{safe}#{number}"
        self._seen |= {unique: 1, safe: number}
        return unique
