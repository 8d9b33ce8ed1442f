"""What a job is given, cut into shards: an archive or a table each by itself, loose images some hundred at a time.

Names are listed on the driver; no image is opened there, and no archive.
"""

import glob
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from zlib import crc32

from blake3 import blake3

from lookalike import events, formats
from lookalike.errors import SourceError
from lookalike.options import ScanOptions
from lookalike.sources.files import Walk
from lookalike.sources.folders import Unread
from lookalike.sources.huggingface import is_saved
from lookalike.sources.kinds import ending_of
from lookalike.sources.roots import Root, all_named, look_at_roots
from lookalike.sources.urls import Store, is_url
from lookalike.spark.steps import Steps
from lookalike.tables.files import TEMPORARY, printable

MOST_NAMES, FEWEST_NAMES, ONE_IN = 1024, 256, 512
"""Loose images of a shard: it ends after a name whose checksum says so, which one of so many does, so that a name more or less
in a folder changes the shard that it is in, and hardly ever the next."""
IN_FOLDERS = "archive or table in a folder"
"""What is not entered, as on one machine; to be named itself."""
STEM_LETTERS = 48

Name = tuple[str, str, Unread | None]
"""The path of a loose image, the root that it was found under, and why it could not be listed, if so."""


@dataclass(frozen=True, slots=True)
class Shard:
    """What one task hashes into one table.

    Attributes
    ----------
    name : str
        Of the table, without ending; the same for the same images in every run.
    paths : tuple of str
        An archive, a table or a saved dataset; or loose images.
    roots : tuple of str
        What the paths were found under.
    loose : bool
        Whether they are loose images, to which globs were applied already.
    unread : tuple of Unread
        Names that could not be listed, which become failures.
    """

    name: str
    paths: tuple[str, ...]
    roots: tuple[str, ...]
    loose: bool = False
    unread: tuple[Unread, ...] = ()


@dataclass(slots=True)
class Listing:
    """Everything that is to be hashed.

    Attributes
    ----------
    shards : list of Shard
        No two of one name.
    skipped : Counter
        Files and folders passed over, by kind.
    incomplete : list of str
        What could not be seen at all, one line each.
    """

    shards: list[Shard] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    incomplete: list[str] = field(default_factory=list)


def list_shards(inputs: Sequence[str], options: ScanOptions | None = None) -> Listing:
    """List what inputs hold.

    Parameters
    ----------
    inputs : sequence of str
        Folders, prefixes of buckets, images, archives, tables and URLs of these; also patterns with braces, or ``*`` and ``?``.
        Local ones are looked for on the driver and become absolute paths, which executors must be able to read.
    options : ScanOptions, optional
        Globs are applied to loose images here, to members of archives where these are read.

    Returns
    -------
    Listing
        In the order of the inputs; shards of loose images come last.

    Raises
    ------
    SourceError
        If there is nothing to read.
    UsageError
        If a glob is malformed, or a package that a URL needs is not installed.
    """
    options = options or ScanOptions()
    listing, steps = Listing(), Steps()
    named: dict[str, None] = {}
    folders = []
    for path in expanded(inputs):
        if _is_whole(path):
            listing.shards.append(Shard(_name(path, "whole"), (path,), (path,)))
        elif _is_loose(path):
            named[path] = None
        else:
            folders.append(path)
    roots, errors = look_at_roots(folders, options.column)
    for path, error in errors.items():
        reason = error.strerror or str(error)
        events.ROOT_MISSING(path=path, reason=reason)
        listing.incomplete.append(f"{path}: {reason}")
    single = ((root.path, _above(root.path), None) for _, root in roots if not root.folder)
    walked = _walked([(at, root) for at, root in roots if root.folder], options, listing)
    names = chain(
        ((path, _above(path), None) for path in named), single, (one for one in walked if one[0] not in named)
    )
    listing.shards += (_loose(chunk) for chunk in chunks(names))
    steps.ended("list", "shards", lambda: len(listing.shards))
    if not listing.shards and listing.incomplete:
        raise SourceError("nothing to read: " + "; ".join(listing.incomplete))
    return listing


def expanded(inputs: Sequence[str]) -> list[str]:
    """Return what inputs stand for.

    Parameters
    ----------
    inputs : sequence of str
        Paths, URLs and patterns.

    Returns
    -------
    list of str
        Absolute paths and URLs, each once, in order.

    Raises
    ------
    UsageError
        If a pattern stands for too many names, or a package that a URL needs is not installed.
    """
    return list(dict.fromkeys(path for given in all_named(inputs) for path in _matching(given)))


def chunks(names: Iterable[Name]) -> Iterator[list[Name]]:
    """Cut names into shards.

    Parameters
    ----------
    names : iterable of Name
        In order.

    Yields
    ------
    list of Name
        At most `MOST_NAMES`.
    """
    chunk: list[Name] = []
    for name in names:
        chunk.append(name)
        ends = len(chunk) >= FEWEST_NAMES and crc32(os.fsencode(name[0])) % ONE_IN == 0
        if ends or len(chunk) == MOST_NAMES:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def is_file(path: str) -> bool:
    """Say whether a path leads to one loose image, as far as its name tells; of local ones, that it is no folder.

    Parameters
    ----------
    path : str
        Path or URL.

    Returns
    -------
    bool
        False for what has to be looked at, or holds others.

    Examples
    --------
    >>> is_file("s3://photos/a.jpg"), is_file("s3://photos/2019"), is_file("set/a.tar")
    (True, False, False)
    """
    if ending_of(path) is not None:
        return False
    return formats.claims_image(path) if is_url(path) else not os.path.isdir(path)


def _matching(given: str) -> list[str]:
    """Return what a pattern of names matches; anything else, and what has the very name of the pattern, stays as it is."""
    if is_url(given):
        found = Store(given).find(given) if glob.has_magic(given) and _is_pattern(given) else ()
        return list(found) or [given]
    path = os.path.abspath(given)
    if glob.has_magic(path) and not os.path.lexists(path):
        return sorted(glob.glob(path, recursive=True)) or [path]
    return [path]


def _is_pattern(url: str) -> bool:
    store = Store(url)
    if store.links:  # ? begins a query there
        return False
    try:
        store.look(url)
    except OSError:
        return True
    return False


def _is_whole(path: str) -> bool:
    """Return whether a path is one that a task opens: an archive, a table, a saved dataset."""
    if is_url(path):
        return ending_of(path) is not None
    return is_saved(path) if os.path.isdir(path) else ending_of(path) is not None


def _is_loose(path: str) -> bool:
    """Return whether a path needs no look before a task reads it."""
    return is_file(path) and (is_url(path) or os.path.lexists(path) or formats.claims_image(path))


def _walked(roots: list[tuple[int, Root]], options: ScanOptions, listing: Listing) -> Iterator[Name]:
    """Yield the loose images of folders, and count what is passed over."""
    walk = Walk(options, [root for _, root in roots])
    for position, root in roots:
        for folder in walk.folders(root, position):
            for part in walk.parts(folder):
                listing.skipped += part.skipped
                for unread in part.failures:
                    yield unread.path, root.path, unread
                for entry in part.entries:
                    if ending_of(entry.name) is not None:
                        listing.skipped[IN_FOLDERS] += 1
                    elif not entry.name.startswith(TEMPORARY):
                        yield part.path_of(entry.name), root.path, None
        if root.source is not None:
            root.source.close()


def _loose(chunk: list[Name]) -> Shard:
    paths = tuple(path for path, _, unread in chunk if unread is None)
    unread = tuple(unread for _, _, unread in chunk if unread is not None)
    roots = tuple(dict.fromkeys(root for _, root, _ in chunk))
    return Shard(_name(chunk[0][0], "loose"), paths, roots, loose=True, unread=unread)


def _name(path: str, kind: str) -> str:
    """Return a name that says what a shard begins with, and that no other shard has."""
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", printable(path.rstrip("/").rpartition("/")[2]))[:STEM_LETTERS].strip(".-_")
    digest = blake3(os.fsencode(f"{kind}\0{path}")).hexdigest(length=8)
    return f"{stem or 'shard'}-{digest}"


def _above(path: str) -> str:
    return path.rpartition("/")[0] if is_url(path) else os.path.dirname(path)
