"""What a catalog knows as a source: every image of it, found without touching a file."""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lookalike import decode
from lookalike.columns import Images
from lookalike.errors import SourceError, UsageError
from lookalike.globs import matching
from lookalike.model import Failure, ImageRef
from lookalike.options import ScanOptions
from lookalike.scan.listing import Scan
from lookalike.sources.buckets import Bucket
from lookalike.sources.reading import Reader
from lookalike.sources.urls import is_url, url_of
from lookalike.sources.volumes import Volume, mounted, path_on
from lookalike.stores.catalog import Catalog
from lookalike.stores.locations import signed

PREFIX = "catalog:"
FILES = "files"
"""What the catalog calls ordinary files as a source."""
SLASHES = f"/{os.sep}"
_NUMBERS = 5
_OWN = 3 << 62
"""Bits of what stands for a device, other than those that a scan gives."""


def is_catalog(root: object) -> bool:
    """Say whether a root is all that a catalog knows.

    Parameters
    ----------
    root : object
        Of a search.

    Returns
    -------
    bool
        By how it begins.

    Examples
    --------
    >>> is_catalog("catalog:a.sqlite"), is_catalog("a.sqlite")
    (True, False)
    """
    return isinstance(root, str) and root.startswith(PREFIX)


def catalog_file(
    paths: Sequence[str], references: Sequence[str], catalog: str | None, *, use_catalog: bool
) -> str | None:
    """Return the catalog of a search of which it is a path, too.

    Parameters
    ----------
    paths, references : sequence of str
        As given to a search.
    catalog : str or None
        The catalog that was asked for, if any.
    use_catalog : bool
        Whether anything is to be remembered.

    Returns
    -------
    str or None
        Its file, which is there; None where no path names a catalog.

    Raises
    ------
    UsageError
        If there is another catalog beside it, or none at all is wanted.
    SourceError
        If it is not there.

    Examples
    --------
    >>> catalog_file(["photos"], [], None, use_catalog=True) is None
    True
    """
    named = [path for path in (*paths, *references) if is_catalog(path)]
    if not named:
        return None
    if len(named) > 1:
        raise UsageError(f"one catalog is searched at a time, got {' and '.join(named)}: name one, once")
    file = named[0].removeprefix(PREFIX)
    if not use_catalog:
        raise UsageError(f"{named[0]} is searched with what it holds itself: leave --no-catalog out")
    if catalog is not None and os.path.realpath(catalog) != os.path.realpath(file):
        raise UsageError(f"{named[0]} is the catalog of its own search, got {catalog!r} beside it: leave --catalog out")
    if not os.path.isfile(file):
        raise SourceError(f"nothing to read: there is no catalog {file!r}")
    return file


def above(root: str, here: Mapping[str, Sequence[Volume]], source: str, volume: str, key: str) -> str:
    """Return what the paths of all in a folder begin with, as a scan of it gives them.

    Parameters
    ----------
    root : str
        How the catalog was named.
    here : mapping of str to sequence of Volume
        What is mounted now.
    source, volume, key : str
        Identity of the folder, or of what stands for one.

    Returns
    -------
    str
        Where that is now, up to the name. What is nowhere, as its volume is away or it was a dataset in memory, goes by `root`
        and its identity.

    Examples
    --------
    >>> above("catalog:a.sqlite", {}, "bucket", "s3:photos", "2019"), above("catalog:a.sqlite", {}, "zip", "uuid:1", "a.zip")
    ('s3://photos/2019/', 'catalog:a.sqlite/uuid:1/a.zip/')
    """
    place = path_on(here, volume, key) or url_of(volume, key) or f"{root}/{volume}/{key}".rstrip("/")
    return os.path.join(place, "") if source == FILES else f"{place}/"


def recall(
    root: str,
    store: Catalog,
    options: ScanOptions,
    *,
    beside: Scan | None = None,
    scanned: Sequence[str] = (),
    reference: bool = False,
) -> Scan:
    """Return what a catalog knows, as if it had just been scanned.

    Parameters
    ----------
    root : str
        How the catalog was named; what lies nowhere now goes by this and its identity.
    store : Catalog
        The catalog.
    options : ScanOptions
        What counts. Globs are relative to the volumes.
    beside : Scan, optional
        What was scanned with the same catalog: none of that is returned once more, and its reader reads the rest as well.
    scanned : sequence of str
        The roots of that: what the catalog knows below these beside it is gone, or was not wanted.
    reference : bool
        Whether what is recalled is to compare against.

    Returns
    -------
    Scan
        Every name whose content has a thumbnail, sorted by source, volume and path; the others as failures or skipped. A name
        whose file is gone is among them until its folder is scanned again.

    Raises
    ------
    SourceError
        If the catalog knows no image, and nothing was scanned.
    """
    reader = Reader() if beside is None else beside.reader
    taken = set() if beside is None else _identities(beside)
    whole = {(path if is_url(path) else os.path.realpath(path)).rstrip(SLASHES) for path in scanned}
    unusable = store.unusable(
        version=decode.VERSION, truncated=options.truncated == "accept", max_pixels=options.max_pixels
    )
    store.check("folder", "location", "shard")  # a scan would look at the files of names that are lost
    known, here = _Rows(), mounted()
    for number, source, volume, folder, stamp in store.shelves():
        place = above(root, here, source, volume, folder)
        if whole and any(place[:at] in whole for at, letter in enumerate(place) if letter in SLASHES):
            continue
        rows = store.images(number)
        if taken:
            rows = [row for row in rows if (source, volume, _key(folder, os.fsdecode(row[0]))) not in taken]
        if source != FILES:  # numbered as a scan does it, so that no two are names of one file
            rows = [(*row[:3], signed(_OWN | number), *row[4:]) for row in rows]
            _tell(reader, source, place, stamp)
        if unusable and not unusable.keys().isdisjoint(row[-1] for row in rows):
            for name, size, mtime_ns, device, inode, content in rows:
                if content in unusable:
                    own = os.fsdecode(name)
                    ref = ImageRef(place + own, volume, _key(folder, own), size, mtime_ns, device, inode, source=source)
                    known.failures.append(Failure(ref, "decode", *unusable[content]))
            rows = [row for row in rows if row[-1] not in unusable]
        if rows:
            names, *numbers = zip(*rows, strict=True)
            own_names, inside = [os.fsdecode(name) for name in names], _key(folder, "")
            known.path += [place + name for name in own_names]
            known.key += [inside + name for name in own_names]
            known.volume += [volume] * len(rows)
            known.source += [source] * len(rows)
            known.numbers.append(np.array(numbers, np.int64))
    if beside is None and not known.path and not known.failures:
        raise SourceError(f"nothing to read: {root} knows no image")
    skipped = Counter(store.skipped() if beside is None else ())
    return _scan(store, options, known, skipped, reader, reference=reference)


def _tell(reader: Reader, source: str, place: str, stamp: str) -> None:
    """Let a reader know what is a source there, and that it was given once, if it is a URL."""
    if source != Bucket.kind:
        reader.know({place[:-1]: stamp.partition(" ")[2] or None})
    if is_url(place):
        reader.name(place)


def _identities(scanned: Scan) -> set[tuple[str, str, str]]:
    images = scanned.images
    names = zip(images.volume, images.key, strict=True)
    found = {(images.source_of(row), volume, key) for row, (volume, key) in enumerate(names)}
    return found | {(row.ref.source, row.ref.volume, row.ref.key) for row in scanned.failures}


@dataclass(slots=True)
class _Rows:
    """Columns of what was found so far; the numbers are size, time, device, inode and content."""

    path: list[str] = field(default_factory=list)
    volume: list[str] = field(default_factory=list)
    key: list[str] = field(default_factory=list)
    source: list[str] = field(default_factory=list)
    numbers: list[NDArray[np.int64]] = field(default_factory=lambda: [np.zeros((_NUMBERS, 0), np.int64)])
    failures: list[Failure] = field(default_factory=list)


def _scan(
    store: Catalog, options: ScanOptions, known: _Rows, skipped: Counter[str], reader: Reader, *, reference: bool
) -> Scan:
    """Make columns of rows, without those that are not wanted."""
    numbers = np.concatenate(known.numbers, axis=1)
    facts = store.contents(np.unique(numbers[-1]))
    content = np.searchsorted(facts.id, numbers[-1])
    width, height = options.min_size
    small = ((facts.width < width) | (facts.height < height))[content]
    excluded = matching(options.exclude, known.key, [""])
    if options.include:
        excluded |= ~matching(options.include, known.key, [""])
    skipped["smaller than {}x{}".format(*options.min_size)] += int((small & ~excluded).sum())
    skipped["excluded"] += int(excluded.sum())
    kept = ~(small | excluded)
    columns = [known.path, known.volume, known.key, known.source]
    if not kept.all():
        rows = np.flatnonzero(kept).tolist()
        columns = [[column[row] for row in rows] for column in columns]
        numbers = numbers[:, kept]
        facts = store.contents(np.unique(numbers[-1]))
        content = np.searchsorted(facts.id, numbers[-1])
    paths, volumes, keys, sources = columns
    size, mtime_ns, device, inode, _ = numbers
    none = np.zeros(len(paths), np.bool_)
    images = Images(
        paths, volumes, keys, size, mtime_ns, device, inode, none, none | reference, content, facts,
        sources if any(source != FILES for source in sources) else [],
    )  # fmt: skip
    failures = sorted(known.failures, key=lambda failure: failure.ref.path)
    return Scan(
        images, failures, [reference] * len(failures), [True] * len(failures),
        Counter({kind: count for kind, count in sorted(skipped.items()) if count}), [], [], ~none, 0, [], reader,
        recalled=len(paths),
    )  # fmt: skip


def _key(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name
