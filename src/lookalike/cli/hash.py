"""`lookalike hash`."""

import sys
from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Annotated, cast

import typer

from lookalike.batches import hash_batches, make_specs
from lookalike.cli.choices import DECODINGS, FILTERS, HASHES, TruncatedChoice, choice, list_of
from lookalike.cli.estimates import print_estimate
from lookalike.cli.limits import USUAL_AHEAD, MaxMemory, MaxPixels, MaxSeconds, ReadAhead, limits_of
from lookalike.cli.lists import FromFile, with_listed
from lookalike.cli.progress import progress_bar
from lookalike.errors import UsageError
from lookalike.model import MAX_PIXELS, HashSpec, Truncated
from lookalike.opening import default_catalog
from lookalike.options import ScanOptions
from lookalike.report import plain
from lookalike.scan.restarting import is_finished, made_of
from lookalike.scan.tabling import Wanted
from lookalike.tables import check_folder, replacing
from lookalike.tables.hash_files import WRITERS, write_parquet, writer_of
from lookalike.tables.hashes import HashTable

INCOMPLETE = 3
PARQUET = ".parquet"


def hash(
    paths: Annotated[list[str] | None, typer.Argument(metavar="PATH", help="Folders, files, archives, URLs.")] = None,
    from_file: FromFile = None,
    algorithm: Annotated[
        str,
        typer.Option(
            metavar="NAME[,NAME]",
            help="Which hashes: ahash, mhash, dhash, dhash_vertical, phash, phash_simple, whash, whash8, pdq, colorhash, "
            "crop_resistant.",
            autocompletion=list_of(HASHES),
        ),
    ] = "phash",
    size: Annotated[int | None, typer.Option(help="Side of the hashes. Default: 8; pdq 16, colorhash 3.")] = None,
    filter: Annotated[
        str | None,
        choice(
            "How pictures are made small: lanczos3 (default), catmullrom, triangle, hamming, box, nearest; "
            "imgdd: nearest (default), triangle, catmullrom, gaussian, lanczos3.", *FILTERS
        ),
    ] = None,
    decode: Annotated[
        str | None,
        choice(
            "How pixels reach a hash: full (as imagehash), fast (as find), imgdd or pdq. Default: full; pdq for pdq.",
            *DECODINGS,
        ),
    ] = None,
    output: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write to .csv, .jsonl or .parquet. Default: CSV to stdout.")
    ] = None,
    thumbnails: Annotated[
        bool, typer.Option("--thumbnails", help="A .parquet also holds thumbnails, 4 KB each: find then reads no image again.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Make a .parquet anew that an earlier run finished.")
    ] = False,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Try a few files, say what all would take, and do nothing.")
    ] = False,
    exclude: Annotated[list[str] | None, typer.Option(metavar="GLOB", help="Pass over what matches. Repeatable.")] = None,
    include: Annotated[list[str] | None, typer.Option(metavar="GLOB", help="Read only what matches. Repeatable.")] = None,
    follow_symlinks: Annotated[bool, typer.Option("--follow-symlinks", help="Enter symlinked folders.")] = False,
    truncated: TruncatedChoice = "refuse",
    max_pixels: MaxPixels = MAX_PIXELS,
    max_seconds: MaxSeconds = None,
    max_memory: MaxMemory = None,
    read_ahead: ReadAhead = USUAL_AHEAD,
    column: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Column of tables that holds the images. Default: the one that does."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON Lines instead of CSV.")] = False,
    catalog: Annotated[str | None, typer.Option(metavar="FILE", help="Where hashes are remembered.")] = None,
    no_catalog: Annotated[bool, typer.Option("--no-catalog", help="Remember nothing.")] = False,
    workers: Annotated[int | None, typer.Option(help="Images decoded at a time. Default: one per core.")] = None,
    readers: Annotated[
        int | None, typer.Option(help="Files read at a time. Default: 1 on rotating disks, 2 over a network, else as workers.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar, no summary.")] = False,
) -> None:  # fmt: skip
    """Write the hashes of images to a table.

    Each image has a row; those that cannot be read have one that says why.

    Example: lookalike hash Photos --algorithm phash,dhash --output hashes.csv

    A .parquet of the decoding fast is a source for find; one that is finished is not made again.
    """
    names = [name.strip() for name in algorithm.split(",")]
    specs = make_specs(names, size, filter, decode)
    write = WRITERS[".jsonl" if json else ".csv"]
    if output is not None:
        if json and not estimate:
            raise UsageError("--json prints; what --output writes is said by the ending of its name")
        write = writer_of(output)
        check_folder(output)
    listed = with_listed(paths, from_file)
    limits = limits_of(max_pixels, max_seconds, max_memory, read_ahead)
    options = ScanOptions(
        exclude=tuple(exclude or ()), include=tuple(include or ()), follow_symlinks=follow_symlinks,
        truncated=cast("Truncated", truncated), column=column, **limits,
    )  # fmt: skip
    wanted = _wanted(specs, output, thumbnails=thumbnails)
    if estimate:
        print_estimate(
            listed,
            options,
            json=json,
            wanted=wanted,
            write=write,
            use_catalog=not no_catalog,
            workers=workers,
            readers=readers,
        )
        return
    if output is not None and output.lower().endswith(PARQUET):
        made = made_of(listed, wanted, options, [output, catalog or default_catalog()])
        if not overwrite and is_finished(output, made):
            if not quiet:
                typer.echo(f"{plain(output)} was finished before", err=True)
            return
        write = partial(write_parquet, run={"made": made})
    totals: Counter[str] = Counter()
    lines: list[str] = []
    with progress_bar(quiet=quiet) as progress:
        tables = hash_batches(
            listed,
            algorithms=names,
            size=size,
            filter=filter,
            decode=decode,
            exclude=exclude or (),
            include=include or (),
            follow_symlinks=follow_symlinks,
            truncated=cast("Truncated", truncated),
            **limits,
            column=column,
            facts=wanted.facts,
            thumbnails=wanted.thumbnails,
            catalog=catalog,
            use_catalog=not no_catalog,
            workers=workers,
            readers=readers,
            progress=progress,
        )
        counted = _counted(tables, totals, lines)
        if output is None:
            write(counted, specs, sys.stdout.buffer)
        else:
            with replacing(output) as file:
                write(counted, specs, file)
    if not quiet:
        typer.echo(_summary(totals), err=True)
        for line in lines:
            typer.echo(f"not seen: {plain(line)}", err=True)
    if lines or not totals["hashed"] + totals["failed"]:
        raise typer.Exit(INCOMPLETE)


def _wanted(specs: tuple[HashSpec, ...], output: str | None, *, thumbnails: bool) -> Wanted:
    """Return what the output holds: a table of the decoding fast is a source, so facts go along."""
    table = output is not None and output.lower().endswith(PARQUET)
    fast = all(spec.decoding == "fast" for spec in specs)
    if thumbnails and not (table and fast):
        raise UsageError("--thumbnails are for tables that find reads: add --decode fast --output FILE.parquet")
    return Wanted(specs, table and fast, thumbnails)


def _counted(tables: Iterator[HashTable], totals: Counter[str], lines: list[str]) -> Iterator[HashTable]:
    """Pass tables on and add up what they hold."""
    for table in tables:
        totals["hashed"] += len(table)
        totals["failed"] += len(table.failures)
        totals["skipped"] += table.skipped.total()
        lines += table.incomplete
        yield table


def _summary(totals: Counter[str]) -> str:
    text = f"{totals['hashed']:,} image{'' if totals['hashed'] == 1 else 's'} hashed"
    if totals["failed"]:
        text += f", {totals['failed']:,} could not be read (rows with a failure)"
    return f"{text}, {totals['skipped']:,} skipped" if totals["skipped"] else text
