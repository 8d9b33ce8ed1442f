"""What a catalog knows as a source: every image of it, found without touching a file."""

import os
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lookalike import decode
from lookalike.columns import Images
from lookalike.errors import SourceError, UsageError
from lookalike.globs import matching
from lookalike.listing import Scan
from lookalike.model import Failure, ImageRef
from lookalike.options import ScanOptions
from lookalike.sources.volumes import Volume, mounted
from lookalike.stores.catalog import Catalog

PREFIX = "catalog:"
SOURCE = "files"
"""What can be recalled: names of files. What lies in other sources has no file to look at again."""
_NUMBERS = 5


def catalog_file(
    paths: Sequence[str], references: Sequence[str], catalog: str | None, *, use_catalog: bool
) -> str | None:
    """Return the catalog that is to be searched by itself.

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
        If there are other paths beside it, or another catalog.
    SourceError
        If it is not there.

    Examples
    --------
    >>> catalog_file(["photos"], [], None, use_catalog=True) is None
    True
    """
    named = [path for path in (*paths, *references) if path.startswith(PREFIX)]
    if not named:
        return None
    if len(paths) + len(references) > 1:
        raise UsageError(
            f"{named[0]} must be the only path, got {len(paths) + len(references)}: search the others by themselves"
        )
    file = named[0].removeprefix(PREFIX)
    if not use_catalog:
        raise UsageError(f"{named[0]} is searched with what it holds itself: leave --no-catalog out")
    if catalog is not None and os.path.realpath(catalog) != os.path.realpath(file):
        raise UsageError(f"{named[0]} is the catalog of its own search, got {catalog!r} beside it: leave --catalog out")
    if not os.path.isfile(file):
        raise SourceError(f"nothing to read: there is no catalog {file!r}")
    return file


def recall(root: str, store: Catalog, options: ScanOptions) -> Scan:
    """Return what a catalog knows, as if it had just been scanned.

    Parameters
    ----------
    root : str
        How the catalog was named; what lies on a volume that is not mounted now goes by this and its identity.
    store : Catalog
        The catalog.
    options : ScanOptions
        What counts. Globs are relative to the volumes.

    Returns
    -------
    Scan
        Every name whose content has a thumbnail, sorted by volume and path; the others as failures or skipped. A name whose
        file is gone is among them until its folder is scanned again.

    Raises
    ------
    SourceError
        If the catalog knows no image.
    """
    unusable = store.unusable(
        version=decode.VERSION, truncated=options.truncated == "accept", max_pixels=options.max_pixels
    )
    paths: list[str] = []
    volumes: list[str] = []
    keys: list[str] = []
    failures: list[Failure] = []
    columns: list[NDArray[np.int64]] = [np.zeros((_NUMBERS, 0), np.int64)]
    here = mounted()
    for number, volume, folder in store.folders(SOURCE):
        rows = store.images(number)
        if unusable and not unusable.keys().isdisjoint(row[-1] for row in rows):
            place = _place(root, here, volume, folder)
            for name, size, mtime_ns, device, inode, content in rows:
                if content in unusable:
                    own = os.fsdecode(name)
                    ref = ImageRef(os.path.join(place, own), volume, _key(folder, own), size, mtime_ns, device, inode)
                    failures.append(Failure(ref, "decode", *unusable[content]))
            rows = [row for row in rows if row[-1] not in unusable]
        if rows:
            names, *numbers = zip(*rows, strict=True)
            place, above = os.path.join(_place(root, here, volume, folder), ""), _key(folder, "")
            own_names = [os.fsdecode(name) for name in names]
            paths += [place + name for name in own_names]
            keys += [above + name for name in own_names]
            volumes += [volume] * len(rows)
            columns.append(np.array(numbers, np.int64))
    if not paths and not failures:
        raise SourceError(f"nothing to read: {root} knows no image")
    return _scan(store, options, paths, volumes, keys, np.concatenate(columns, axis=1), failures)


def _scan(
    store: Catalog, options: ScanOptions, paths: list[str], volumes: list[str], keys: list[str],
    numbers: NDArray[np.int64], failures: list[Failure],
) -> Scan:  # fmt: skip
    """Make columns of rows, without those that are not wanted."""
    skipped = Counter(store.skipped(SOURCE))
    facts = store.contents(np.unique(numbers[-1]))
    content = np.searchsorted(facts.id, numbers[-1])
    width, height = options.min_size
    small = ((facts.width < width) | (facts.height < height))[content]
    excluded = matching(options.exclude, keys, [""])
    if options.include:
        excluded |= ~matching(options.include, keys, [""])
    skipped["smaller than {}x{}".format(*options.min_size)] += int((small & ~excluded).sum())
    skipped["excluded"] += int(excluded.sum())
    kept = ~(small | excluded)
    if not kept.all():
        rows = np.flatnonzero(kept).tolist()
        paths, volumes, keys = ([column[row] for row in rows] for column in (paths, volumes, keys))
        numbers = numbers[:, kept]
        facts = store.contents(np.unique(numbers[-1]))
        content = np.searchsorted(facts.id, numbers[-1])
    size, mtime_ns, device, inode, _ = numbers
    none = np.zeros(len(paths), np.bool_)
    images = Images(paths, volumes, keys, size, mtime_ns, device, inode, none, none, content, facts)
    failures.sort(key=lambda failure: failure.ref.path)
    return Scan(
        images, failures, [False] * len(failures), [True] * len(failures),
        Counter({kind: count for kind, count in sorted(skipped.items()) if count}), [], [], ~none, 0, [],
    )  # fmt: skip


def _place(root: str, here: dict[str, list[Volume]], volume: str, folder: str) -> str:
    """Return the path of a folder: where it is now if its volume is mounted, else what the catalog calls it."""
    found = (mount.path(folder) for mount in here.get(volume, ()))
    return next((path for path in found if path is not None), f"{root}/{volume}/{folder}".rstrip("/"))


def _key(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name
