"""The table of sources: what a path has to look like, and who reads it then."""

import os
from collections.abc import Callable

from lookalike.sources.blobs import blob
from lookalike.sources.folders import Source
from lookalike.sources.huggingface import is_saved, open_arrow, open_saved
from lookalike.sources.parquet import open_parquet
from lookalike.sources.tars import Tar
from lookalike.sources.zips import Zip


def _zip(path: str, _column: str | None) -> Source:
    return Zip(blob(path))


def _tar(path: str, _column: str | None) -> Source:
    return Tar(blob(path))


def _parquet(path: str, column: str | None) -> Source:
    return open_parquet(blob(path), column)


def _arrow(path: str, column: str | None) -> Source:
    return open_arrow(blob(path), column)


OPENERS: dict[str, Callable[[str, str | None], Source]] = {
    ".zip": _zip, ".cbz": _zip,
    ".tar": _tar, ".tar.gz": _tar, ".tgz": _tar, ".tar.bz2": _tar, ".tar.xz": _tar,
    ".parquet": _parquet, ".arrow": _arrow,
}  # fmt: skip
"""How the name of a file ends, lower case -> who opens it, given the path and the column to read."""


def ending_of(path: str) -> str | None:
    """Return the ending by which a file is known to hold images.

    Parameters
    ----------
    path : str
        A path.

    Returns
    -------
    str or None
        A key of `OPENERS`; None for anything else.

    Examples
    --------
    >>> ending_of("a/shard-0001.TAR.gz"), ending_of("a/b.jpg")
    ('.tar.gz', None)
    """
    name = path.lower()
    return max((ending for ending in OPENERS if name.endswith(ending)), key=len, default=None)


def open_source(path: str, column: str | None = None) -> Source | None:
    """Open what holds images and is no folder of ordinary files.

    Parameters
    ----------
    path : str
        What the user named.
    column : str, optional
        Which column of a table holds the images; None for the one that does.

    Returns
    -------
    Source or None
        None for folders and for files that are images themselves.

    Raises
    ------
    OSError
        If it is not there or cannot be read.
    UsageError
        If an optional package that it needs is not installed, or it has no such column.
    """
    if is_saved(path):
        return open_saved(path, column)
    ending = ending_of(path)
    return None if ending is None or os.path.isdir(path) else OPENERS[ending](path, column)
