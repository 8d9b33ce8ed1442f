"""Images once more, wherever they lie: the one road from a path to bytes after a scan."""

import os
from collections.abc import Iterable, Sequence

from lookalike.sources.folders import Packed, Source, Unreadable
from lookalike.sources.kinds import ending_of, open_source


class Reader:
    """Read images by the paths that results give them.

    Parameters
    ----------
    sources : iterable of Source
        Those of the scan; what lies in others is found by its path, where that can be.

    Examples
    --------
    >>> Reader().is_file("photos/a.jpg")
    True
    """

    def __init__(self, sources: Iterable[Source] = ()) -> None:
        self._sources: dict[str, Source | None] = {source.path: source for source in sources}

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
        source = self.source(path)
        if source is None:
            with open(path, "rb") as file:
                return file.read(size)
        (data,) = source.read([path])
        if isinstance(data, Unreadable):
            raise OSError(0, data.reason)
        return data

    def _source(self, path: str) -> Source | None:
        """Return the source that a path lies in; sources do not lie in each other."""
        if not self._sources and ending_of_container(path) is None:
            return None
        for end in _slashes(path):
            place = path[:end]
            if place in self._sources:
                return self._sources[place]
            if ending_of(place) is not None and not os.path.isdir(place):
                try:
                    self._sources[place] = open_source(place)
                except OSError:
                    self._sources[place] = None
                return self._sources[place]
        return None


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
