"""Images once more, wherever they lie: the one road from a path to bytes after a scan.

Paths come from results and tables, which others may have made. Nothing is fetched from a URL that the user did not name.
"""

import os
import stat
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence

from blake3 import blake3

from lookalike import events
from lookalike.errors import UsageError
from lookalike.sources.buckets import Bucket
from lookalike.sources.folders import Folder, Packed, Source, Unreadable
from lookalike.sources.kinds import ending_of, open_source
from lookalike.sources.rows import tables_of
from lookalike.sources.urls import climbs, is_url, root_of_url

UNNAMED = Unreadable(
    "denied",
    "a URL that lies in none of the paths given, so nothing is fetched: give it as a path, too, "
    "or make the hash table with lookalike hash --thumbnails",
)


class Unnamed:
    """What a URL leads to that nobody named: whatever a table says of it, it is left alone."""

    path: str = ""
    kind: str = "bucket"

    def folders(self, _root: int) -> Iterator[Folder]:
        """Yield nothing."""
        return iter(())

    def parts(self, _folder: Folder) -> Iterator[Folder]:
        """Yield nothing."""
        return iter(())

    def read(self, paths: Sequence[str]) -> Iterator[Unreadable]:
        """Yield for each that it is not fetched."""
        return iter([UNNAMED] * len(paths))

    def is_there(self) -> bool:
        """Return False: nobody looks."""
        return False

    def close(self) -> None:
        """Nothing is open."""


class Reader:
    """Read images by the paths that results give them.

    Parameters
    ----------
    sources : iterable of Source
        Those of the scan; what lies in others is found by its path, where that can be.
    named : iterable of str
        Paths that the user gave. Of URLs, only what lies in these and in `sources` is fetched.

    Examples
    --------
    >>> Reader().is_file("photos/a.jpg")
    True
    """

    def __init__(self, sources: Iterable[Source] = (), *, named: Iterable[str] = ()) -> None:
        self._sources: dict[str, Source | None] = {source.path: source for source in sources}
        self._named = {root_of_url(path) if is_url(path) else path for path in (*self._sources, *named)}
        self._lock = threading.Lock()
        self._known: dict[str, str | None] = {}

    @property
    def tables(self) -> list[str]:
        """Names of the tables among the sources; the images in each are named by their rows."""
        return [table for source in self._sources.values() for table in tables_of(source)]

    def name(self, url: str) -> None:
        """Let a URL be fetched, and what lies in it, as if the user had given it.

        Parameters
        ----------
        url : str
            Of a folder, an archive or a table that a scan has looked at.
        """
        self._named.add(root_of_url(url))

    def know(self, places: Mapping[str, str | None]) -> None:
        """Note what is a source, whatever it is called; it is opened once something in it is read, if it is still there.

        Parameters
        ----------
        places : mapping of str to (str or None)
            Its path, and the column of a table that holds the images; None for the one that does.
        """
        self._known |= places

    def is_file(self, path: str) -> bool:
        """Return whether a path is that of an ordinary file.

        Parameters
        ----------
        path : str
            Of an image.

        Returns
        -------
        bool
            False for what lies in a source.
        """
        return self.source(path) is None

    def source(self, path: str) -> Source | None:
        """Return the source that an image lies in; sources do not lie in each other.

        Parameters
        ----------
        path : str
            Of an image.

        Returns
        -------
        Source or None
            None for an ordinary file.
        """
        with self._lock:  # threads read, and each source is opened once
            return self._source(path)

    def read_whole(self, path: str) -> bytes:
        """Return all bytes of what need not be an image.

        Parameters
        ----------
        path : str
            Of a file, or of a member of an archive.

        Returns
        -------
        bytes
            As they are now.

        Raises
        ------
        OSError
            If they cannot be had.
        """
        source: object = self.source(path)
        if not isinstance(source, Packed):
            return self.read(path)
        (data,) = source.read_whole([path])
        if isinstance(data, Unreadable):
            raise OSError(0, data.reason)
        return data

    def read(self, path: str, size: int = -1) -> bytes:
        """Return the bytes of an image.

        Parameters
        ----------
        path : str
            Of an image.
        size : int
            Bytes that are wanted of an ordinary file at most; -1 for all.

        Returns
        -------
        bytes
            As they are now.

        Raises
        ------
        OSError
            If they cannot be had.
        """
        events.IMAGE_REREAD(path=path)
        source = self.source(path)
        if source is None:
            with open(path, "rb", opener=None if path in self._named else _ordinary) as file:
                return file.read(size)
        (data,) = source.read([path])
        if isinstance(data, Unreadable):
            raise OSError(0, data.reason)
        return data

    def same(self, path: str, size: int, digest: bytes) -> bytes | None:
        """Return the bytes of an image, if it still is what was scanned.

        Parameters
        ----------
        path : str
            Of the image.
        size : int
            Its bytes then.
        digest : bytes
            Their BLAKE3.

        Returns
        -------
        bytes or None
            None where it is gone, another one by now, or cannot be read.
        """
        try:
            data = self.read(path, size + 1)
        except (OSError, ValueError, MemoryError):  # a name that something was added by may be no path at all
            return None
        return data if blake3(data).digest() == digest else None

    def close(self) -> None:
        """Let go of what is open; who reads again opens it again."""
        for source in self._sources.values():
            if source is not None:
                source.close()

    def _source(self, path: str) -> Source | None:
        """Return the source that a path lies in; sources do not lie in each other."""
        if not (self._sources or self._known) and not is_url(path) and ending_of_container(path) is None:
            return None
        places = [path[:end] for end in _slashes(path)]
        if is_url(path) and (climbs(path) or self._named.isdisjoint((*places, path))):
            return Unnamed()
        known = [place for place in places if place in self._sources]
        if known:
            return self._sources[known[-1]]
        for place in places:
            if place in self._known or (ending_of(place) is not None and not os.path.isdir(place)):
                try:
                    self._sources[place] = open_source(place, self._known.get(place))
                except (OSError, UsageError):
                    self._sources[place] = None
                return self._sources[place]
        if not is_url(path):
            return None
        place = path[: path.find("/", path.find("://") + 3) + 1]  # all that lies there, whoever listed it
        if place not in self._sources:
            self._sources[place] = Bucket(place, look=False)
        return self._sources[place]


def _ordinary(path: str, flags: int) -> int:
    """Open an ordinary file: a pipe would be waited for."""
    handle = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(0, "not an ordinary file")
    return handle


def ending_of_container(path: str) -> str | None:
    """Return the part of a path that is named like an archive or a table.

    Parameters
    ----------
    path : str
        Of an image.

    Returns
    -------
    str or None
        The outermost one that has something below it.

    Examples
    --------
    >>> ending_of_container("set/a.zip/b.jpg"), ending_of_container("set/a.zip")
    ('set/a.zip', None)
    """
    return next((path[:end] for end in _slashes(path) if ending_of(path[:end]) is not None), None)


def _slashes(path: str) -> Sequence[int]:
    return [at for at, letter in enumerate(path) if letter == "/" and at]
