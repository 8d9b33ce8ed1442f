"""`lookalike search`."""

import os
import sys
from collections.abc import Callable
from typing import Annotated, Any, cast

import typer

from lookalike import tables
from lookalike.cli.choices import JOINABLE, TIERS, OrientChoice, TruncatedChoice, choice
from lookalike.cli.limits import USUAL_AHEAD, MaxMemory, MaxPixels, MaxSeconds, ReadAhead, limits_of
from lookalike.cli.options import Maps, size_of
from lookalike.cli.progress import progress_bar
from lookalike.errors import DecodeError, SourceError, UsageError, failure_kind
from lookalike.index.hits import Hit
from lookalike.indexing import Index
from lookalike.limiting import told_by
from lookalike.model import MAX_PIXELS, Orient, Tier, Truncated
from lookalike.report import plain
from lookalike.scan.recalling import PREFIX
from lookalike.scan.scanning import OnProgress
from lookalike.searching import checked, spec_of

INCOMPLETE = 3
VERSION = 1


def search(
    images: Annotated[list[str], typer.Argument(metavar="IMAGE", help="Images to look for.")],
    places: Annotated[
        list[str],
        typer.Option(
            "--in", metavar="PATH",
            help="Where: a folder, file, archive, table or URL. Repeatable; or catalog:FILE, all that a catalog knows.",
        ),
    ],
    tier: Annotated[
        str, choice("Loosest tier to report: exact, copy, edit, similar, or none (all within the radius).", *TIERS, "none")
    ] = "similar",
    algorithm: Annotated[str, choice("Hash to search by.", *JOINABLE)] = "phash",
    size: Annotated[int | None, typer.Option(help="Side of the hash. Default: the algorithm's own.")] = None,
    radius: Annotated[
        int | None, typer.Option(help="Largest distance in bits, inclusive. Default: the algorithm's own.")
    ] = None,
    limit: Annotated[int | None, typer.Option(help="Most hits for each image, the best. Default: all.")] = None,
    orient: OrientChoice = "upright",
    exclude: Annotated[list[str] | None, typer.Option(metavar="GLOB", help="Pass over what matches. Repeatable.")] = None,
    include: Annotated[list[str] | None, typer.Option(metavar="GLOB", help="Read only what matches. Repeatable.")] = None,
    min_size: Annotated[str, typer.Option(metavar="WxH", help="Smallest width and height in pixels.")] = "0x0",
    follow_symlinks: Annotated[bool, typer.Option("--follow-symlinks", help="Enter symlinked folders.")] = False,
    truncated: TruncatedChoice = "refuse",
    max_pixels: MaxPixels = MAX_PIXELS,
    max_seconds: MaxSeconds = None,
    max_memory: MaxMemory = None,
    read_ahead: ReadAhead = USUAL_AHEAD,
    column: Annotated[
        str | None, typer.Option(metavar="NAME", help="Column of tables that holds the images. Default: the one that does.")
    ] = None,
    maps: Maps = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
    catalog: Annotated[str | None, typer.Option(metavar="FILE", help="Where scans are remembered.")] = None,
    no_catalog: Annotated[bool, typer.Option("--no-catalog", help="Remember nothing.")] = False,
    workers: Annotated[int | None, typer.Option(help="Images decoded at a time. Default: one per core.")] = None,
    readers: Annotated[
        int | None, typer.Option(help="Files read at a time. Default: 1 on rotating disks, 2 over a network, else as workers.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar.")] = False,
) -> None:  # fmt: skip
    """Find the images that show the same as a given one.

    Those whose hashes are near are compared with it; the best come first.

    Example: lookalike search holiday.jpg --in Photos --in Backup --limit 5
    """
    called = tables.PathMap.parse(maps or ())
    kept = {
        "exclude": exclude or (), "include": include or (), "min_size": size_of(min_size), "follow_symlinks": follow_symlinks,
        "truncated": cast("Truncated", truncated), "catalog": catalog, "use_catalog": not no_catalog, "readers": readers,
        "column": column, **limits_of(max_pixels, max_seconds, max_memory, read_ahead),
    }  # fmt: skip
    wanted: dict[str, Any] = {"radius": radius, "limit": limit, "tier": tier, "orient": cast("Orient", orient)}
    checked(spec_of(algorithm, size), **wanted)
    with progress_bar(quiet=quiet) as progress:
        index = _opened(places, {"algorithm": algorithm, "size": size, "workers": workers}, kept, progress)
    with index:
        for line in index.incomplete:
            typer.echo(f"lookalike: incomplete: {plain(called.text(line))}", err=True)
        if not len(index):
            raise SourceError(f"nothing to search: {', '.join(map(plain, places))} has no image that can be read")
        rows = [_searched(index, image, wanted, called, say=None if json else typer.echo) for image in images]
    if json:
        document = {
            "version": VERSION, "in": [tables.printable(place) for place in places],
            "options": {"hash": index.spec.id, **wanted}, "images": len(index), "searched": rows,
            "failures": [tables.failure_row(failure) for failure in index.failures], "incomplete": index.incomplete,
        }  # fmt: skip
        sys.stdout.write(tables.to_json(called(document)))
    failed = [row for row in rows if "failure" in row]
    raise typer.Exit(INCOMPLETE if failed or index.incomplete else 0)


def _opened(places: list[str], hashed: dict[str, Any], kept: dict[str, Any], progress: OnProgress | None) -> Index:
    """Open the index that ``--in`` names."""
    if not any(place.startswith(PREFIX) for place in places):
        return Index.of(places, **hashed, **kept, progress=progress)
    if len(places) > 1:
        raise UsageError(f"{PREFIX}FILE stands alone: it is searched without looking at any folder")
    return Index.open(places[0].removeprefix(PREFIX), **hashed, options=told_by(kept))


def _searched(
    index: Index, image: str, wanted: dict[str, Any], called: tables.PathMap, *, say: Callable[[str], None] | None
) -> dict[str, Any]:
    """Search for one image, say what was found, and return that as a row."""
    row: dict[str, Any] = tables.path_fields(image)
    try:
        found = index.search(image, **{**wanted, "limit": None})
        hits = [hit for hit in found if not _is_same_file(image, hit.path)][: wanted["limit"]]
    except (OSError, DecodeError) as error:
        kind = error.kind if isinstance(error, DecodeError) else failure_kind(error)
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        typer.echo(f"lookalike: {plain(image)} cannot be read: {plain(reason)}", err=True)
        return row | {"failure": kind, "reason": tables.printable(reason), "hits": []}
    if say is not None:
        say(f"{plain(called.path(image))}: {len(hits) or 'no'} hit{'' if len(hits) == 1 else 's'}")
        for hit in hits:
            tier = "different" if hit.tier is Tier.NONE else hit.tier.name.lower()
            said = f"score {hit.score:.3f}, distance {hit.distance}, {hit.relation}"
            say(f"  {tier:<9}  {plain(called.path(hit.path))}  {hit.width}x{hit.height}  {said}")
    return row | {"hits": [_hit_row(hit) for hit in hits]}


def _is_same_file(image: str, path: str) -> bool:
    """Say whether an image was found by its own name or another one of the same file, which is no news."""
    try:
        return os.path.samefile(image, path)
    except (OSError, ValueError):  # what lies in an archive has no file of its own
        return os.path.abspath(image) == os.path.abspath(path)


def _hit_row(hit: Hit) -> dict[str, Any]:
    return {
        **tables.path_fields(hit.path), "tier": hit.tier.name.lower(), "score": hit.score, "relation": hit.relation,
        "distance": hit.distance, "distance_share": hit.share, "width": hit.width, "height": hit.height,
    }  # fmt: skip
