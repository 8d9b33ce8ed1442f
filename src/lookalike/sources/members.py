"""Names of members of archives: whatever the archive says, each is different, and none leads out of it."""

from collections import Counter

from lookalike.sources.folders import Unreadable

MAX_MEMBER_BYTES = 1 << 30
"""Larger members are not read into memory."""


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
        self._seen: Counter[str] = Counter()

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
        self._seen[safe] += 1
        return safe if self._seen[safe] == 1 else self(f"{safe}#{self._seen[safe]}")
