"""Tables that lie in a folder or a bucket: which are there, what each says of itself, and how one is written whole."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO, cast

from lookalike.scan.loading import ENDING
from lookalike.sources.kinds import stored
from lookalike.sources.urls import Store, is_url
from lookalike.tables.files import TEMPORARY, replacing
from lookalike.tables.schema import Header, header_of

HIDDEN = (".", "_")
"""How names begin that Spark and others pass over, as unfinished files have them."""


def absolute(path: str) -> str:
    """Return a path that means the same in every process of this machine.

    Parameters
    ----------
    path : str
        Path or URL.

    Returns
    -------
    str
        Without a slash at the end.

    Examples
    --------
    >>> absolute("s3://hashes/2019/")
    's3://hashes/2019'
    """
    return path.rstrip("/") if is_url(path) else os.path.abspath(path)


def names_in(folder: str) -> list[str]:
    """Return the names of what lies in a folder.

    Parameters
    ----------
    folder : str
        Path or URL; need not be there.

    Returns
    -------
    list of str
        In any order.
    """
    with suppress(FileNotFoundError):
        if is_url(folder):
            return [str(info["name"]).rstrip("/").rpartition("/")[2] for info in Store(folder).list(folder)]
        return os.listdir(folder)
    return []


def tables_in(folder: str) -> list[str]:
    """Return the names of the tables in a folder.

    Parameters
    ----------
    folder : str
        Path or URL; need not be there.

    Returns
    -------
    list of str
        Sorted; without what is being written.
    """
    return sorted(name for name in names_in(folder) if name.lower().endswith(ENDING) and not name.startswith(HIDDEN))


def open_table(path: str) -> BinaryIO:
    """Open a file to read, wherever it lies.

    Parameters
    ----------
    path : str
        Path or URL.

    Returns
    -------
    file
        Of a bucket, only what is wanted is fetched.

    Raises
    ------
    OSError
        If it is not there.
    """
    if not is_url(path):
        return open(path, "rb")
    file = stored(path)
    if file is None:
        raise FileNotFoundError(2, "a folder, not a file", path)
    return file.open()


def header_at(path: str) -> Header | None:
    """Read what a file says of itself.

    Parameters
    ----------
    path : str
        Path or URL.

    Returns
    -------
    Header or None
        None for what is no hash table.

    Raises
    ------
    OSError
        If it is not there, or cannot be read.
    UsageError
        If a newer lookalike wrote it.
    """
    with open_table(path) as file:
        return header_of(file, path)


@contextmanager
def writing(path: str) -> Iterator[BinaryIO]:
    """Offer a file to write; it appears under its name whole when the body ends, and not at all when that fails.

    Parameters
    ----------
    path : str
        Path or URL of the file to write or replace.

    Yields
    ------
    file
        To write bytes to.

    Raises
    ------
    UsageError
        If it cannot be written.
    """
    if not is_url(path):
        with replacing(path) as file:
            yield file
        return
    with tempfile.NamedTemporaryFile(prefix=TEMPORARY) as beside:
        yield cast("BinaryIO", beside)
        beside.flush()
        Store(path).write(beside.name, path)
