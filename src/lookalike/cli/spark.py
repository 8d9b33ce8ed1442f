"""`lookalike spark`."""

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, cast, get_args

import typer

from lookalike import tables
from lookalike.batches import make_specs
from lookalike.cli.choices import FAST, TruncatedChoice, choice, list_of
from lookalike.cli.limits import MaxMemory, MaxPixels, MaxSeconds, limits_of
from lookalike.cli.lists import FromFile, with_listed
from lookalike.cli.parsers import verbs
from lookalike.cli.spark_searches import INCOMPLETE, Master, find, leaks
from lookalike.errors import UsageError
from lookalike.model import MAX_PIXELS, Truncated
from lookalike.options import ScanOptions
from lookalike.report import plain
from lookalike.scan.tabling import Wanted
from lookalike.spark.inputs import IN_FOLDERS, list_shards
from lookalike.spark.session import open_session
from lookalike.spark.sharding import hash_shards
from lookalike.spark.tasks import Thumbnails

if TYPE_CHECKING:
    from lookalike.spark.sharding import HashSummary


def _about() -> None:
    """Do the same on Apache Spark, for more than one machine can take.

    Example: lookalike spark hash --input 's3://set/*.tar' --output s3://hashes
    """


def hash(
    inputs: Annotated[
        list[str] | None,
        typer.Option("--input", metavar="PATH", help="Folder, file, archive, table, URL or pattern ('set/*.tar'). Repeatable."),
    ] = None,
    from_file: FromFile = None,
    output: Annotated[str, typer.Option(metavar="DIR", help="Folder or URL; a table for each shard goes there.")] = "",
    algorithm: Annotated[
        str, typer.Option(metavar="NAME[,NAME]", help="Hashes, of the decoding fast.", autocompletion=list_of(FAST))
    ] = "phash",
    size: Annotated[int | None, typer.Option(help="Side of the hashes. Default: the algorithm's own.")] = None,
    thumbnails: Annotated[
        str,
        choice(
            "Which are kept, 4 KB each: all; candidates (find reads those of candidate pairs again); none.",
            *get_args(Thumbnails),
        ),
    ] = "all",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Make tables anew that were made of something else.")
    ] = False,
    exclude: Annotated[list[str] | None, typer.Option(metavar="GLOB", help="Pass over what matches. Repeatable.")] = None,
    include: Annotated[list[str] | None, typer.Option(metavar="GLOB", help="Read only what matches. Repeatable.")] = None,
    truncated: TruncatedChoice = "refuse",
    max_pixels: MaxPixels = MAX_PIXELS,
    max_seconds: MaxSeconds = None,
    max_memory: MaxMemory = None,
    column: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Column of tables that holds the images. Default: the one that does."),
    ] = None,
    master: Master = None,
    json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No summary.")] = False,
) -> None:  # fmt: skip
    """Hash images, shard by shard; started again, it continues with the shards that have no table yet.

    Example: lookalike spark hash --input 's3://set/*.tar' --output s3://hashes

    Archives and tables are a shard each, loose images some hundred together. The tables are sources for find.
    """
    if not output:
        raise UsageError("no --output given: name a folder or a URL for the tables")
    if thumbnails not in get_args(Thumbnails):
        raise UsageError(f"--thumbnails must be all, candidates or none, got {thumbnails!r}")
    specs = make_specs([name.strip() for name in algorithm.split(",")], size, None, "fast")
    options = ScanOptions(
        exclude=tuple(exclude or ()), include=tuple(include or ()), truncated=cast("Truncated", truncated),
        column=column, **limits_of(max_pixels, max_seconds, max_memory),
    )  # fmt: skip
    listing = list_shards(with_listed(inputs, from_file), options)
    summary = hash_shards(
        open_session(master), listing, output, Wanted(specs, facts=True), options,
        thumbnails=cast("Thumbnails", thumbnails), overwrite=overwrite,
    )  # fmt: skip
    if json:
        sys.stdout.write(tables.to_json({**asdict(summary), "skipped": dict(sorted(summary.skipped.items()))}))
    if not quiet:
        _tell(summary)
    if summary.refused:
        raise UsageError(
            f"{len(summary.refused):,} of {len(listing.shards):,} shards were left alone: {summary.refused[0]}"
        )
    if summary.incomplete or not summary.images + summary.failures:
        raise typer.Exit(INCOMPLETE)


def _tell(summary: "HashSummary") -> None:
    shards = summary.hashed + summary.before
    parts = [
        f"{summary.images:,} image{'' if summary.images == 1 else 's'} in {shards:,} shard{'' if shards == 1 else 's'}",
        *([f"{summary.before:,} of these finished before"] if summary.before else []),
        *([f"{summary.failures:,} could not be read (rows with a failure)"] if summary.failures else []),
        *([f"{summary.skipped.total():,} skipped"] if summary.skipped else []),
    ]
    typer.echo(", ".join(parts), err=True)
    inside = summary.skipped[IN_FOLDERS]
    if inside:
        typer.echo(
            f"not entered: {inside:,} archives and tables in folders; name them: --input 'FOLDER/*.tar'", err=True
        )
    if summary.others:
        typer.echo(f"{plain(summary.output)} also holds {summary.others:,} tables of other inputs", err=True)
    for line in summary.incomplete:
        typer.echo(f"not seen: {plain(line)}", err=True)
    for line in summary.refused:
        typer.echo(f"left alone: {plain(line)}", err=True)


spark = verbs(_about, {"hash": hash, "find": find, "leaks": leaks})
"""The verb, with a verb of its own for each stage."""
