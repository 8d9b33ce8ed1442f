"""Where an image lies: the shard it is part of, its name there, and the sample of a WebDataset that a member belongs to."""

import os
import re
from collections.abc import Iterable

from lookalike.labels import root_of
from lookalike.sources.kinds import ending_of
from lookalike.sources.rows import ROW_KINDS
from lookalike.units.samples import key_and_kind

ARCHIVES = ("zip", "tar")
"""Kinds of sources whose members make samples."""

_AGAIN = re.compile(r"#\d+$")
"""What the name of a member ends in that an archive holds more than once."""


class Placer:
    """Say which shard each image lies in: the archive or table, or the root of a folder of files.

    Parameters
    ----------
    roots : iterable of str
        As given.

    Examples
    --------
    >>> placer = Placer(["photos", "set/a.tar"])
    >>> placer.place("photos/x/1.jpg", "files"), placer.place("set/a.tar/x/1.jpg", "tar")
    (('photos', 'x/1.jpg'), ('set/a.tar', 'x/1.jpg'))
    """

    def __init__(self, roots: Iterable[str]) -> None:
        self._roots = dict.fromkeys(roots)
        self._shards: dict[tuple[str, str], str] = {}

    def place(self, path: str, source: str) -> tuple[str, str]:
        """Return where an image lies.

        Parameters
        ----------
        path : str
            The root as given, plus the path within it.
        source : str
            Kind of its source.

        Returns
        -------
        tuple of str
            The shard, and the name in it. Of a root that is a file, the shard is its folder.
        """
        folder = path[: path.rfind("/" if source != "files" else os.sep) + 1]
        if number_of(path[len(folder) :], source) is not None:
            return folder.rstrip("/"), path[len(folder) :]
        if path in self._roots and source == "files":
            return folder.rstrip(os.sep) or os.curdir, path[len(folder) :]
        shard = self._shards.get((source, folder))
        if shard is None:
            shard = self._shards[source, folder] = self._shard(path, source)
        return shard, path[len(shard) :].lstrip("/" + os.sep)

    def _shard(self, path: str, source: str) -> str:
        known = root_of(path, self._roots)  # None for what a hash table tells of
        root = known or path[: path.rfind("/")]
        if source == "files":
            return root
        start = len((known or "").rstrip("/"))
        ends = (at for at, letter in enumerate(path) if letter == "/" and at >= start)
        return next((path[:end] for end in ends if ending_of(path[:end]) is not None), root)


def number_of(key: str, source: str) -> int | None:
    """Return the number of the row that an image is of.

    Parameters
    ----------
    key : str
        Its name in its shard.
    source : str
        Kind of its source.

    Returns
    -------
    int or None
        None for what is no row of a table.

    Examples
    --------
    >>> number_of("17", "parquet"), number_of("17", "files")
    (17, None)
    """
    return int(key) if source in ROW_KINDS and key.isdecimal() and key.isascii() else None


def sample_of(member: str) -> str:
    """Return the sample that a member of a WebDataset belongs to, whichever of its name it is.

    Parameters
    ----------
    member : str
        As results name it.

    Returns
    -------
    str
        What WebDataset calls ``__key__``.

    Examples
    --------
    >>> sample_of("a.b/0001.seg.png"), sample_of("0001.jpg#2")
    ('a.b/0001', '0001')
    """
    return key_and_kind(_AGAIN.sub("", member))[0]


def times_of(member: str) -> str:
    """Return which member of its name one is, where an archive has a name more than once.

    Parameters
    ----------
    member : str
        As results name it.

    Returns
    -------
    str
        ``#2`` for the second; empty for the first.

    Examples
    --------
    >>> times_of("0001.jpg#2"), times_of("0001.jpg")
    ('#2', '')
    """
    found = _AGAIN.search(member)
    return "" if found is None else found[0]
