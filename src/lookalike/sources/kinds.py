"""The table of sources: what a path has to look like, and who reads it then."""

import os
from collections.abc import Callable

from lookalike.sources.blobs import Blob, blob
from lookalike.sources.buckets import Bucket
from lookalike.sources.folders import Source
from lookalike.sources.huggingface import is_saved, open_arrow, open_saved
from lookalike.sources.parquet import open_parquet
from lookalike.sources.tars import Tar
from lookalike.sources.urls import is_url
from lookalike.sources.zips import Zip


def stored(path: str) -> Blob | None:
    """Look at a file that holds many images, wherever it is stored.

    Parameters
    ----------
    path : str
        A path, or a URL.

    Returns
    -------
    Blob or None
        As it is now; None for a folder of that name.

    Raises
    ------
    OSError
        If it is not there.
    UsageError
        If a package that the URL needs is not installed.
    """
    if is_url(path):
        bucket = Bucket(path)
        return bucket.blob() if bucket.single else None
    return None if os.path.isdir(path) else blob(path)


def _zip(path: str, _column: str | None) -> Source | None:
    file = stored(path)
    return None if file is None else Zip(file)


def _parquet(path: str, column: str | None) -> Source | None:
    file = stored(path)
    return None if file is None else open_parquet(file, column)


def _arrow(path: str, column: str | None) -> Source | None:
    file = stored(path)
    return None if file is None else open_arrow(file, column)


def _tar(path: str, _column: str | None) -> Source | None:
    file = stored(path)
    return None if file is None else Tar(file)


OPENERS: dict[str, Callable[[str, str | None], Source | None]] = {
    ".zip": _zip, ".cbz": _zip,
    ".tar": _tar, ".tar.gz": _tar, ".tgz": _tar, ".tar.bz2": _tar, ".tar.xz": _tar,
    ".parquet": _parquet, ".arrow": _arrow,
}  # fmt: skip
"""How the name of a file ends, lower case -> who opens it, given the path and the column to read; None for a mere folder."""


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
    source = None if ending is None else OPENERS[ending](path, column)
    return Bucket(path) if source is None and is_url(path) else source
