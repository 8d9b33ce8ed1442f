"""Hashes of many images, as one table or as a stream of tables."""

import os
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from typing import Unpack

from lookalike.errors import UsageError
from lookalike.globs import listed
from lookalike.hashes import make_spec
from lookalike.model import MAX_PIXELS, READ_AHEAD, HashSpec, Truncated
from lookalike.opening import default_catalog, open_catalog
from lookalike.options import ScanKeywords, ScanOptions
from lookalike.pool import workers_of
from lookalike.scan.scanning import OnProgress
from lookalike.scan.streaming import stream
from lookalike.scan.tabling import Wanted
from lookalike.showing.notebooks import notebook_progress
from lookalike.sources.folders import Source
from lookalike.sources.roots import all_named
from lookalike.sources.values import as_sources
from lookalike.tables.hashes import HashTable, join_tables
from lookalike.tables.schema import names

StrPath = str | os.PathLike[str]


class HashKeywords(ScanKeywords, total=False):
    """The keywords of `hash_batches`, for type checkers."""

    algorithms: str | Sequence[str]
    size: int | None
    filter: str | None
    decode: str | None
    facts: bool
    thumbnails: bool
    catalog: StrPath | None
    use_catalog: bool
    progress: OnProgress | None


def hash_batches(
    paths: object,
    *,
    algorithms: str | Sequence[str] = ("phash",),
    size: int | None = None,
    filter: str | None = None,
    decode: str | None = None,
    exclude: Sequence[str] = (),
    include: Sequence[str] = (),
    follow_symlinks: bool = False,
    truncated: Truncated = "refuse",
    max_pixels: int = MAX_PIXELS,
    max_seconds: float | None = None,
    max_memory: int | None = None,
    read_ahead: int = READ_AHEAD,
    column: str | int | None = None,
    facts: bool = False,
    thumbnails: bool = False,
    catalog: StrPath | None = None,
    use_catalog: bool = True,
    workers: int | None = None,
    readers: int | None = None,
    progress: OnProgress | None = None,
) -> Iterator[HashTable]:
    """Hash the images under some paths, table by table; memory does not grow with their number.

    Parameters
    ----------
    paths : path, sequence of paths, dataset, data frame or sequence of images
        As for `lookalike.find`.
    algorithms : str or sequence of str
        Names of algorithms; all come from one decode.
    size : int, optional
        Side of the hashes; None for the default of each algorithm.
    filter : str, optional
        Resampling filter; None for the default of the decoding.
    decode : str, optional
        full, fast, imgdd or pdq; None for what the field means by each algorithm: pdq for pdq, else full.
    exclude, include : sequence of str
        Globs in gitignore syntax, relative to each root.
    follow_symlinks : bool
        Whether symlinked folders are entered.
    truncated : str
        refuse or accept files that end early.
    max_pixels : int
        Images with more pixels are not decoded.
    max_seconds, max_memory, read_ahead
        As for `lookalike.find`.
    column : str or int, optional
        Column of tables, or item of rows, that holds the images; None for the one that does.
    facts : bool
        Whether tables hold what `find` needs to know of an image beside its hashes; decoding fast only.
    thumbnails : bool
        Whether they hold facts and thumbnails, so that `find` need not read images again; decoding fast only.
    catalog : path, optional
        Catalog file; None for the one in the cache folder of the platform.
    use_catalog : bool
        False hashes everything and remembers nothing.
    workers : int, optional
        How many images are decoded at a time; None for one per core, 1 to decode all in this thread.
    readers : int, optional
        How many files are read at a time; None for one on rotating disks, two over a network, else as many as workers.
    progress : callable, optional
        ``(done, listed, listing finished)``, called often; None for a bar where this is a notebook.

    Yields
    ------
    HashTable
        At most 8,192 rows each, images and failures, in the order of listing; the last one, which may be empty, says what was
        skipped and what could not be seen.

    Raises
    ------
    UsageError
        If an option does not fit.
    SourceError
        If none of the paths can be read.
    CatalogError
        If the catalog cannot be used.

    Examples
    --------
    >>> for table in hash_batches("photos/lake.png", algorithms=("phash", "dhash")):
    ...     print(table.refs.path(0), table.hash(0, "dhash"))
    photos/lake.png 8193a3563a2d766e
    """
    specs = make_specs(algorithms, size, filter, decode)
    if (facts or thumbnails) and any(spec.decoding != "fast" for spec in specs):
        what = "thumbnails" if thumbnails else "facts"
        raise UsageError(f"{what} belong to the decoding fast, got {names(specs)}: add --decode fast")
    wanted = Wanted(specs, facts or thumbnails, thumbnails)
    roots = all_named(as_sources(paths, column))
    if not roots:
        raise UsageError("no path given: name at least one folder or file")
    workers = workers_of(workers, readers)
    options = ScanOptions(
        exclude=listed("exclude", exclude), include=listed("include", include), follow_symlinks=follow_symlinks,
        truncated=truncated, max_pixels=max_pixels, max_seconds=max_seconds, max_memory=max_memory, read_ahead=read_ahead,
        column=None if column is None else str(column),
    )  # fmt: skip
    place = (os.fspath(catalog) if catalog is not None else default_catalog()) if use_catalog else None
    return _batches(roots, wanted, options, place, workers, readers, progress or notebook_progress())


def _batches(
    roots: list[str | Source], wanted: Wanted, options: ScanOptions, place: str | None, workers: int,
    readers: int | None, progress: OnProgress | None,
) -> Iterator[HashTable]:  # fmt: skip
    with nullcontext() if place is None else open_catalog(place) as store:
        yield from stream(roots, wanted, store, options, workers=workers, readers=readers, progress=progress)


def hash_images(paths: object, **options: Unpack[HashKeywords]) -> HashTable:
    """Hash the images under some paths into one table.

    Parameters
    ----------
    paths : path, sequence of paths, dataset, data frame or sequence of images
        As for `lookalike.find`.
    **options
        As for `hash_batches`.

    Returns
    -------
    HashTable
        56 bytes an image, beside its path and its hashes.

    Raises
    ------
    UsageError, SourceError, CatalogError
        As for `hash_batches`.

    Examples
    --------
    >>> from lookalike import near_pairs
    >>> table = hash_images("photos", algorithms="phash", decode="fast")
    >>> left, right, distance = near_pairs(table.blocks["phash"], radius=8)
    >>> len(left)
    5
    """
    return join_tables(list(hash_batches(paths, **options)))


def make_specs(
    algorithms: str | Sequence[str], size: int | None = None, filter_: str | None = None, decoding: str | None = None
) -> tuple[HashSpec, ...]:
    """Complete and check several specs of one size, filter and decoding.

    Parameters
    ----------
    algorithms : str or sequence of str
        Names, no two alike.
    size, filter_, decoding : optional
        As for `lookalike.hashes.make_spec`.

    Returns
    -------
    tuple of HashSpec
        One for each name.

    Raises
    ------
    UsageError
        If anything is unknown, or a name comes twice.

    Examples
    --------
    >>> [spec.id for spec in make_specs("phash")]
    ['phash-8-lanczos3-full-v1']
    """
    wanted = [algorithms] if isinstance(algorithms, str) else list(algorithms)
    if not wanted or len(set(wanted)) < len(wanted):
        raise UsageError(f"algorithms must be one or more different names, got {', '.join(wanted) or 'none'}")
    return tuple(make_spec(name, size, filter_, decoding) for name in wanted)
