"""What a scan found to findings: rank, match, trace; all that is asked for is given, and nothing of the machine is."""

import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from lookalike import events, units
from lookalike.candidates.outside import Outside
from lookalike.columns import Images, Units, apart, first_hand
from lookalike.errors import UsageError
from lookalike.globs import matching
from lookalike.groups.findings import Findings
from lookalike.keep import columns_of, rank
from lookalike.limiting import SecondLooks
from lookalike.matches.frames import NO_FRAMES, further
from lookalike.matches.matching import match
from lookalike.matches.redecoding import decode_candidates
from lookalike.matches.twins import twins
from lookalike.options import FindOptions, ScanOptions
from lookalike.scan.listing import Scan
from lookalike.scan.variants import hash_words
from lookalike.sources.columns import column_values
from lookalike.stores.catalog import Catalog
from lookalike.stores.decisions import Decided, Standing
from lookalike.verdicts.tracing import trace


def conclude(
    found: Scan,
    store: Catalog,
    options: FindOptions,
    scan_options: ScanOptions,
    *,
    roots: list[str],
    references: list[str],
    decided: Sequence[Decided],
    workers: int,
    again: Callable[[str], Findings],
    started: float,
    outside: Outside | None = None,
    increment: bool = False,
    place: str | None = None,
) -> Findings:
    """Match what a scan found.

    Parameters
    ----------
    found : Scan
        What there is; its reader is closed at the end.
    store : Catalog
        Where hashes, thumbnails and verdicts are kept.
    options : FindOptions
        What counts as a match, and which image of a group stays.
    scan_options : ScanOptions
        Which files were accepted.
    roots, references : list of str
        As given; globs are relative to these.
    decided : sequence of Decided
        Decisions of people.
    workers : int
        How many images are decoded at a time; it changes no result.
    again : callable
        Searches again by other keep rules.
    started : float
        When the search began, by `time.monotonic`.
    outside : Outside, optional
        Further pairs to verify.
    increment : bool
        References are what was searched before: they come first in keep order, no two of them are compared, and none is ever a
        duplicate; images under test match references and each other. False to match images under test with references only.
    place : str, optional
        The file of the catalog; None for a private one.

    Returns
    -------
    Findings
        Groups, failures and statistics.

    Raises
    ------
    UsageError
        If an increment is to be grouped by another rule than star.
    """
    if increment and options.group != "star":
        raise UsageError(f"group {options.group!r} has no meaning in an increment: leave it at star")
    shots = _units(found, options)
    images, digests = found.images, found.images.facts.digest
    standing = Standing.of(decided, digests)
    staying = _staying(found, options, standing, [*roots, *references, *found.globs_below])
    _, block = hash_words(images.facts.id, store, options.spec)
    looks, against = SecondLooks(scan_options, workers=workers), bool(references) and not increment
    beyond = (
        further(images, store, found.reader, scan_options, workers=workers) if options.frames == "all" else NO_FRAMES
    )
    found.warnings += decode_candidates(
        images, block, store, found.reader, options, scan_options, against=against, workers=workers, frames=beyond
    )
    columns = _columns(images, options.keep, found)
    origins, same = first_hand(len(digests)), None
    listed, notes = (None, []) if outside is None else outside.rows(images)
    while True:  # until nothing more is found to come from something else, mostly once or twice
        ranking = rank(images, options.keep, staying, shots, origins, columns)
        if same is None:
            with events.STAGE_ENDED.timed(stage="twins", count=len(digests), what="contents"):
                same = twins(images, ranking.order, block, store, found.reader, scan_options, workers=workers)
        matches = match(
            images, ranking.order, same, store, options, looks, standing, found.reader, against=against,
            increment=increment, workers=workers, candidates=listed, frames=beyond,
        )  # fmt: skip
        with events.STAGE_ENDED.timed(stage="trace", count=int((matches.verdict > 0).sum()), what="images in groups"):
            traced = trace(images, matches, origins, store, found.reader, looks, workers=workers)
        if all(map(np.array_equal, (traced.enlarged, traced.saved), (origins.enlarged, origins.saved))):
            break
        origins = traced
    found.reader.close()
    return Findings(
        roots, references, options, scan_options, found, shots, ranking, matches, block, time.monotonic() - started, again,
        place, candidates=None if outside is None else outside.label, notes=notes,
    )  # fmt: skip


def _staying(found: Scan, options: FindOptions, standing: Standing, roots: list[str]) -> dict[str, NDArray[np.bool_]]:
    """Return the images that never go, by why; globs are relative to roots, or to volumes where a catalog told of them."""
    images, first = found.images, len(found.images) - found.recalled
    told = matching(options.protect, images.key[first:], [""])
    staying = {"protected": np.concatenate([matching(options.protect, images.path[:first], roots), told])}
    if standing.kept:
        kept = np.array([digest in standing.kept for digest in images.facts.digest], np.bool_)
        staying["decided to keep"] = kept[images.content]
    return {why: values for why, values in staying.items() if values.any()}


def _columns(images: Images, keep: str, found: Scan) -> dict[str, list[object]]:
    """Return the values that keep rules ask for, by column."""
    kinds = images.source or ["files"] * len(images)
    return {name: column_values(name, images.path, kinds, found.reader) for name in columns_of(keep)}


def _units(found: Scan, options: FindOptions) -> Units:
    rows = zip(found.failures, found.failed_reference, found.failed_image, strict=True)
    unread = [(failure.ref.path, reference) for failure, reference, image in rows if image]
    if options.units:
        return units.of_images(found.images, unread, found.beside)
    return apart(found.images.path, [path for path, _ in unread])
