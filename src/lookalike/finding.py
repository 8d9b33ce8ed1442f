"""The main job: scan, rank, match; findings come of it."""

import os
import time
from collections.abc import Sequence

import numpy as np

from lookalike import hashes, units
from lookalike.columns import Units, apart, first_hand
from lookalike.deciding import decisions
from lookalike.errors import UsageError
from lookalike.findings import Findings
from lookalike.gathering import gather
from lookalike.globs import compiled, matching
from lookalike.keep import parse_rules, rank
from lookalike.listing import Scan
from lookalike.matching import match
from lookalike.model import DEFAULT_KEEP, MAX_PIXELS, GroupRule, HashSpec, Orient, Tier, Truncated, VerifyStep
from lookalike.opening import default_catalog, open_catalog
from lookalike.options import FindOptions, ScanOptions
from lookalike.pool import default_workers
from lookalike.redecoding import decode_candidates
from lookalike.scanning import OnProgress
from lookalike.stores.decisions import Standing
from lookalike.tracing import trace
from lookalike.twins import twins
from lookalike.variants import hash_words

StrPath = str | os.PathLike[str]


def find(
    paths: StrPath | Sequence[StrPath],
    *,
    against: StrPath | Sequence[StrPath] = (),
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
    exclude: Sequence[str] = (),
    include: Sequence[str] = (),
    min_size: tuple[int, int] = (0, 0),
    follow_symlinks: bool = False,
    truncated: Truncated = "refuse",
    max_pixels: int = MAX_PIXELS,
    column: str | None = None,
    catalog: StrPath | None = None,
    use_catalog: bool = True,
    ledger: StrPath | None = None,
    workers: int | None = None,
    readers: int | None = None,
    progress: OnProgress | None = None,
) -> Findings:
    """Find the images that are the same picture.

    Parameters
    ----------
    paths : path or sequence of paths
        Folders, entered recursively, files, and hash tables (.parquet).
    against : path or sequence of paths
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
    column : str, optional
        Column of tables that holds the images; None for the one that does.
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
        ``(done, listed, listing finished)``, called often.

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
    >>> find("photos", tier="copy").stats["groups"]  # doctest: +SKIP
    410
    """
    given = dict(locals())
    roots, references = _as_list(paths), _as_list(against)
    if not roots:
        raise UsageError("no path given: name at least one folder or file")
    for name, globs in (("protect", protect), ("exclude", exclude), ("include", include)):
        if isinstance(globs, str):
            raise UsageError(f"{name} is a list of globs, got the text {globs!r}: write [{globs!r}]")
    spec = HashSpec(algorithm=algorithm, size=hashes.algorithm(algorithm).size if size is None else size)
    usual = hashes.default_radius(spec)
    options = FindOptions(
        tier=Tier.parse(tier), spec=spec, radius=usual if radius is None else radius, group=group, keep=keep,
        orient=orient, crops=crops, verify=verify, protect=tuple(protect), units=units,
    )  # fmt: skip
    if references and group != "star":
        raise UsageError(f"group {group!r} has no meaning with references: leave it at star")
    scan_options = ScanOptions(
        exclude=tuple(exclude), include=tuple(include), min_size=min_size, follow_symlinks=follow_symlinks,
        truncated=truncated, max_pixels=max_pixels, column=column,
    )  # fmt: skip
    parse_rules(options.keep)
    compiled(options.protect)
    for name, number in (("workers", workers), ("readers", readers)):
        if number is not None and number < 1:
            raise UsageError(f"{name} must be at least 1, got {number}")
    place = (os.fspath(catalog) if catalog is not None else default_catalog()) if use_catalog else None
    decided = decisions(ledger=ledger)
    workers = workers or default_workers()
    started = time.monotonic()
    with open_catalog(place) as store:
        found = gather(
            roots,
            references,
            store,
            spec,
            scan_options,
            workers=workers,
            readers=readers,
            progress=progress,
        )
        shots = _units(found, options)
        images, digests = found.images, found.images.facts.digest
        standing = Standing.of(decided, digests)
        staying = {
            "protected": matching(options.protect, images.path, [*roots, *references, *found.globs_below]),
            "decided to keep": np.array([digest in standing.kept for digest in digests], np.bool_)[images.content],
        }
        staying = {why: values for why, values in staying.items() if values.any()}
        _, block = hash_words(images.facts.id, store, spec)
        found.warnings += decode_candidates(
            images, block, store, found.reader, options, scan_options, against=bool(references), workers=workers
        )
        origins, same = first_hand(len(digests)), None
        while True:  # until nothing more is found to come from something else, mostly once or twice
            ranking = rank(images, options.keep, staying, shots, origins)
            if same is None:
                same = twins(images, ranking.order, block, store, found.reader, workers=workers)
            matches = match(
                images, ranking.order, same, store, options, scan_options, standing, found.reader,
                against=bool(references), workers=workers,
            )  # fmt: skip
            traced = trace(images, matches, origins, store, found.reader, max_pixels=max_pixels, workers=workers)
            if all(map(np.array_equal, (traced.enlarged, traced.saved), (origins.enlarged, origins.saved))):
                break
            origins = traced
    seconds = time.monotonic() - started

    def again(keep: str) -> Findings:
        return find(**{**given, "keep": keep, "progress": None})

    return Findings(
        roots, references, options, scan_options, found, shots, ranking, matches, block, seconds, again, place
    )  # fmt: skip


def _units(found: Scan, options: FindOptions) -> Units:
    rows = zip(found.failures, found.failed_reference, found.failed_image, strict=True)
    unread = [(failure.ref.path, reference) for failure, reference, image in rows if image]
    if options.units:
        return units.of_images(found.images, unread, found.beside)
    return apart(found.images.path, [path for path, _ in unread])


def _as_list(paths: StrPath | Sequence[StrPath]) -> list[str]:
    given = [paths] if isinstance(paths, (str, os.PathLike)) else paths
    return [os.fspath(path) for path in given]
