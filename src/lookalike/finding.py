"""The main job: scan, rank, match; findings come of it."""

import os
import time
from collections.abc import Sequence

from lookalike import hashes
from lookalike.candidates.outside import Given, Outside
from lookalike.deciding import decisions
from lookalike.errors import UsageError
from lookalike.globs import compiled, listed
from lookalike.groups.concluding import conclude
from lookalike.groups.findings import Findings
from lookalike.keep import parse_rules
from lookalike.model import (
    DEFAULT_KEEP,
    MAX_PIXELS,
    READ_AHEAD,
    Frames,
    GroupRule,
    Orient,
    Tier,
    Truncated,
    VerifyStep,
)
from lookalike.opening import default_catalog, open_catalog
from lookalike.options import FindOptions, MatchKeywords, ScanKeywords, ScanOptions
from lookalike.pool import workers_of
from lookalike.scan.gathering import gather
from lookalike.scan.recalling import catalog_file
from lookalike.scan.scanning import OnProgress
from lookalike.searching import spec_of
from lookalike.showing.notebooks import notebook_progress
from lookalike.sources.folders import Source
from lookalike.sources.roots import all_named
from lookalike.sources.rows import tables_of
from lookalike.sources.values import as_sources, path_of

StrPath = str | os.PathLike[str]


class FindKeywords(ScanKeywords, MatchKeywords, total=False):
    """The keywords of `find` that functions hand on which call it, for type checkers."""

    frames: Frames
    min_size: tuple[int, int]
    candidates: Given | None


def find(
    paths: object,
    *,
    against: object = (),
    tier: str = "edit",
    algorithm: str = "phash",
    size: int | None = None,
    radius: int | None = None,
    group: GroupRule = "star",
    keep: str = DEFAULT_KEEP,
    protect: Sequence[str] = (),
    orient: Orient = "upright",
    crops: bool = False,
    verify: VerifyStep = "thumbnail",
    units: bool = True,
    frames: Frames = "first",
    exclude: Sequence[str] = (),
    include: Sequence[str] = (),
    min_size: tuple[int, int] = (0, 0),
    follow_symlinks: bool = False,
    truncated: Truncated = "refuse",
    max_pixels: int = MAX_PIXELS,
    max_seconds: float | None = None,
    max_memory: int | None = None,
    read_ahead: int = READ_AHEAD,
    column: str | int | None = None,
    catalog: StrPath | None = None,
    use_catalog: bool = True,
    ledger: StrPath | None = None,
    workers: int | None = None,
    readers: int | None = None,
    progress: OnProgress | None = None,
    candidates: Given | None = None,
) -> Findings:
    """Find the images that are the same picture.

    Parameters
    ----------
    paths : path, sequence of paths, dataset, data frame or sequence of images
        Folders, entered recursively, files, archives, hash tables (.parquet) and URLs; docs/sources.md has them all. Brace
        patterns such as ``shard-{000..012}.tar`` stand for many. One may be ``catalog:FILE``: everything that a catalog knows,
        without a look at the files but where thumbnails leave doubts. Or a Hugging Face `Dataset` or `DatasetDict`, a data
        frame, a sequence of PIL images, arrays, bytes or rows that have one of these, or a mapping of names to any of these.
    against : as `paths`
        References: only pairs between `paths` and these are looked for, and these are always keepers.
    tier : str
        Loosest tier to report: exact, copy, edit or similar.
    algorithm : str
        Hash that proposes candidate pairs.
    size : int, optional
        Side of the hash; it has ``size ** 2`` bits. None for the algorithm's own.
    radius : int, optional
        Largest Hamming distance of a candidate pair in bits, inclusive; None for the algorithm's own.
    group : str
        star, clique or component.
    keep : str
        Keep rules, first difference wins.
    protect : sequence of str
        Globs in gitignore syntax, relative to each root: images that match come before all others.
    orient : str
        upright, mirror (also mirrored pictures are the same) or all (also rotated ones).
    crops : bool
        Whether to look for large crops too: down to half of the area, wherever they were cut out. Smaller ones, of a tenth of
        each side or so, are found without.
    verify : str
        thumbnail (the files are looked at only where thumbnails leave doubts) or pixels (always).
    units : bool
        Whether the files of one shot count as one image.
    frames : str
        first, or all: animations and documents of several pages match, as edits at most, if any of their frames do.
    exclude, include : sequence of str
        Globs in gitignore syntax, relative to each root.
    min_size : tuple of int
        Smallest width and height in pixels, inclusive.
    follow_symlinks : bool
        Whether symlinked folders are entered.
    truncated : str
        refuse or accept files that end early.
    max_pixels : int
        Images with more pixels are not decoded.
    max_seconds : float, optional
        Processor time that decoding an image may take, 0.01 s at least; None for 10 s, more with a higher limit of pixels.
        Where it or `max_memory` is set, a single worker is a process, too, and so is whoever looks at files again.
    max_memory : int, optional
        Bytes that a process may use that decodes, 128 MiB at least; None for 1 GiB, more with a higher limit of pixels.
    read_ahead : int
        Bytes that may be read before somebody decodes them; one chunk of files is read in any case. It changes no result.
    column : str or int, optional
        Column of tables, or item of rows, that holds the images; None for the one that does.
    catalog : path, optional
        Catalog file; None for the one in the cache folder of the platform.
    use_catalog : bool
        False scans everything and remembers nothing.
    ledger : path, optional
        Ledger file, where decisions are read from if it exists; None for the one in the state folder of the platform.
    workers : int, optional
        How many images are decoded at a time; None for one per core, 1 to decode all in this thread.
    readers : int, optional
        How many files are read at a time; None for one on rotating disks, two over a network, else as many as workers.
    progress : callable, optional
        ``(done, listed, listing finished)``, called often; None for a bar where this is a notebook.
    candidates : path, or sequence of pairs, optional
        Pairs from any other index, verified like those that hashes propose: a CSV or Parquet file with the columns path_a and
        path_b, or digest_a and digest_b; or pairs of paths, of numbers of `paths` (of rows, where that is one table or
        sequence in memory), or of digests.

    Returns
    -------
    Findings
        Groups, failures and statistics.

    Raises
    ------
    UsageError
        If an option does not fit.
    SourceError
        If none of the paths can be read. Where only some cannot, the rest is done and `Findings.incomplete` says so.
    CatalogError
        If the catalog cannot be used.
    LedgerError
        If the ledger is there and cannot be read.

    Examples
    --------
    >>> find("photos", tier="copy").stats["groups"]
    2
    >>> find("train.parquet", column="image").keep_indices
    array([0, 1, 2])
    """
    given = dict(locals())
    sources = all_named(as_sources(paths, column))
    beside = all_named(as_sources(against, column, sources))
    roots, references = list(map(path_of, sources)), list(map(path_of, beside))
    if not roots:
        raise UsageError("no path given: name at least one folder or file")
    spec = spec_of(algorithm, size)
    options = FindOptions(
        tier=Tier.parse(tier), spec=spec, radius=hashes.default_radius(spec) if radius is None else radius, group=group,
        keep=keep, orient=orient, crops=crops, verify=verify, protect=listed("protect", protect), units=units, frames=frames,
    )  # fmt: skip
    if references and group != "star":
        raise UsageError(f"group {group!r} has no meaning with references: leave it at star")
    scan_options = ScanOptions(
        exclude=listed("exclude", exclude), include=listed("include", include), min_size=min_size,
        follow_symlinks=follow_symlinks, truncated=truncated, max_pixels=max_pixels, max_seconds=max_seconds,
        max_memory=max_memory, read_ahead=read_ahead, column=None if column is None else str(column),
    )  # fmt: skip
    parse_rules(options.keep)
    compiled(options.protect)
    workers = workers_of(workers, readers)
    place = _place(roots, references, catalog, use_catalog=use_catalog)
    decided = decisions(ledger=ledger)
    outside = None if candidates is None else Outside(candidates, roots, _only_table(sources))
    started = time.monotonic()

    def again(keep: str) -> Findings:
        return find(**{**given, "keep": keep, "progress": None})

    with open_catalog(place) as store:
        found = gather(
            sources,
            beside,
            store,
            spec,
            scan_options,
            workers=workers,
            readers=readers,
            progress=progress or notebook_progress(),
        )
        return conclude(
            found, store, options, scan_options, roots=roots, references=references, decided=decided, outside=outside,
            workers=workers, again=again, place=place, started=started,
        )  # fmt: skip


def _place(roots: list[str], references: list[str], catalog: StrPath | None, *, use_catalog: bool) -> str | None:
    """Return the catalog of a search; None for none."""
    place = None if catalog is None else os.fspath(catalog)
    named = catalog_file(roots, references, place, use_catalog=use_catalog)
    return (named or place or default_catalog()) if use_catalog else None


def _only_table(sources: Sequence[str | Source]) -> str | None:
    """Return what the rows of the only source are called below, if that is one table in memory."""
    tables = [table for source in sources if not isinstance(source, str) for table in tables_of(source)]
    return tables[0] if len(sources) == len(tables) == 1 else None
