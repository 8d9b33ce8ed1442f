"""Roots of a scan: what a path leads to, looked at before anything is read."""

import os
import stat
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from lookalike import events
from lookalike.errors import SourceError
from lookalike.sources.braces import expand
from lookalike.sources.buckets import AT_ONCE, Bucket
from lookalike.sources.folders import Source
from lookalike.sources.kinds import ending_of, open_source
from lookalike.sources.urls import is_url
from lookalike.sources.volumes import readers_of, volume_of


@dataclass(frozen=True, slots=True)
class Root:
    """A root as given, and what it was when the scan began.

    Attributes
    ----------
    path : str
        As the user gave it.
    device, inode : int
        Of the folder or file it leads to.
    folder : bool
        Whether it is a folder.
    identity : tuple of str
        Volume, key of the folder it lies in, and name; of a folder, its own key and no name.
    readers : int or None
        How many files should be read there at a time; None for any number.
    source : Source or None
        Who lists and reads it; None for ordinary files.
    """

    path: str
    device: int
    inode: int
    folder: bool
    identity: tuple[str, str, str]
    readers: int | None = None
    source: Source | None = None

    def is_there(self) -> bool:
        """Return whether the path still leads to what it led to at first.

        Returns
        -------
        bool
            False after a drive was unplugged or a share went away.
        """
        if self.source is not None:
            return self.source.is_there()
        try:
            status = os.stat(self.path)
        except OSError:
            return False
        return (status.st_dev, status.st_ino) == (self.device, self.inode)


Place = tuple[str, str, int | None]
"""Volume and key of a folder, and how many files should be read there at a time."""


def open_root(path: str | Source, places: dict[str, Place] | None = None, column: str | None = None) -> Root:
    """Look at a root before anything is read.

    Parameters
    ----------
    path : str or Source
        A folder, an ordinary file, or what `lookalike.sources.kinds` knows; symlinks are followed.
    places : dict of str to Place, optional
        What is known of folders, added to; saves time where many roots are files of one folder.
    column : str, optional
        Which column of a table holds the images; None for the one that does.

    Returns
    -------
    Root
        What it leads to.

    Raises
    ------
    OSError
        If it is not there, not readable, or neither a folder nor an ordinary file.
    UsageError
        If an optional package that it needs is not installed, or it has no such column.
    """
    source = open_source(path, column) if isinstance(path, str) else path
    if source is not None or not isinstance(path, str):
        assert source is not None
        if isinstance(source, Bucket):
            return Root(source.path, 0, 0, not source.single, source.identity, source=source)
        return Root(source.path, 0, 0, True, (source.kind, source.path, ""), source=source)
    try:
        status = os.stat(path)
    except (NotADirectoryError, FileNotFoundError) as error:
        raise _hinted(path) or error from error
    folder = stat.S_ISDIR(status.st_mode)
    if folder:
        os.scandir(path).close()
    elif not stat.S_ISREG(status.st_mode):
        raise OSError(0, "neither a folder nor an ordinary file")
    parent, name = (path, "") if folder else os.path.split(os.path.abspath(path))
    places = {} if places is None else places
    if parent not in places:
        real = os.path.realpath(parent)
        volume = volume_of(real)
        places[parent] = volume.id, volume.key(real), readers_of(volume, status.st_dev)
    place, key, readers = places[parent]
    return Root(path, status.st_dev, status.st_ino, folder, (place, key, name), readers)


def _hinted(path: str) -> OSError | None:
    """Say of a path that leads into an archive or a table how to name what is meant; None for any other."""
    ends = [at for at, letter in enumerate(path) if letter == "/" and ending_of(path[:at]) is not None]
    outer = next((path[:at] for at in ends if os.path.isfile(path[:at])), None)
    if outer is None:
        return None
    inside = path[len(outer) :].strip("/")
    more = f" and what is wanted of it by --include: {outer} --include '/{inside}'" if inside else ""
    return OSError(0, f"{outer} is the archive or table: name that, without anything after it{more}")


Named = TypeVar("Named", str, str | Source)
"""A path as text, or what may also be a source."""


def all_named(paths: Sequence[Named]) -> list[Named]:
    """Return what paths stand for that may be brace patterns.

    Parameters
    ----------
    paths : sequence of (str or Source)
        As the user gave them.

    Returns
    -------
    list of (str or Source)
        Each pattern as the names it stands for, unless something has the very name of the pattern.

    Raises
    ------
    UsageError
        If a pattern stands for too many names.
    """
    found: list[Named] = []
    for path in paths:
        found += expand(path) if isinstance(path, str) and "{" in path and not _is_there(path) else (path,)
    return found


def _is_there(path: str) -> bool:
    if not is_url(path):
        return os.path.lexists(path)
    try:
        Bucket(path)
    except OSError:
        return False
    return True


def open_roots(
    paths: Sequence[str | Source], column: str | None = None
) -> tuple[list[tuple[int, Root]], dict[str, str]]:
    """Look at all roots of a scan.

    Parameters
    ----------
    paths : sequence of (str or Source)
        As for `open_root`.
    column : str, optional
        As for `open_root`.

    Returns
    -------
    roots : list of (int, Root)
        Those that can be read, each with its position in `paths`.
    missing : dict of str to str
        The paths of the others, and what is wrong with each.

    Raises
    ------
    SourceError
        If none of them can be read.
    UsageError
        As for `open_root`.
    """
    roots, errors = look_at_roots(paths, column)
    missing = {path: error.strerror or str(error) for path, error in errors.items()}
    for _, root in roots:
        events.ROOT_OPENED(path=root.path, kind="files" if root.source is None else root.source.kind)
    for path, reason in missing.items():
        events.ROOT_MISSING(path=path, reason=reason)
    if not roots:
        raise SourceError(
            "nothing to read: " + "; ".join(f"{path or repr(path)}: {reason}" for path, reason in missing.items())
        )
    return roots, missing


def look_at_roots(
    paths: Sequence[str | Source], column: str | None = None
) -> tuple[list[tuple[int, Root]], dict[str, OSError]]:
    """Look at all roots; that none can be read is no error.

    Parameters
    ----------
    paths : sequence of (str or Source)
        As for `open_root`.
    column : str, optional
        As for `open_root`.

    Returns
    -------
    roots : list of (int, Root)
        Those that can be read, each with its position in `paths`.
    missing : dict of str to OSError
        The paths of the others, and what the system says.

    Raises
    ------
    UsageError
        As for `open_root`.
    """
    roots: list[tuple[int, Root]] = []
    places: dict[str, Place] = {}
    missing: dict[str, OSError] = {}
    with ThreadPoolExecutor(AT_ONCE) as pool:  # each URL takes a round trip or two
        urls = {path for path in paths if isinstance(path, str) and is_url(path)}
        asked = {path: pool.submit(open_root, path, None, column) for path in sorted(urls)}
    for position, path in enumerate(paths):
        try:
            found = asked[path].result() if isinstance(path, str) and path in asked else open_root(path, places, column)
            roots.append((position, found))
        except OSError as error:
            missing[path if isinstance(path, str) else path.path] = error
    return roots, missing
