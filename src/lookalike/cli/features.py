"""`lookalike features`."""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from lookalike.cli.choices import PairDecoding, WhoseDistances
from lookalike.cli.limits import MaxMemory, MaxPixels, MaxSeconds, limits_of
from lookalike.errors import UsageError
from lookalike.featuring import feature_columns
from lookalike.featuring import features as features_of
from lookalike.model import MAX_PIXELS
from lookalike.tables import check_folder, replacing
from lookalike.tables.pairs import PairFile, check_rows_file, write_rows

INCOMPLETE = 3


def features(
    pairs: Annotated[str, typer.Argument(metavar="PAIRS", help="Pairs (path_a, path_b) in a .csv or .parquet file.")],
    algorithm: WhoseDistances = None,
    decode: PairDecoding = "full",
    output: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write to .csv, .jsonl or .parquet. Default: CSV to stdout.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON Lines instead of CSV.")] = False,
    workers: Annotated[int | None, typer.Option(help="Pairs looked at at a time. Default: one per core.")] = None,
    max_pixels: MaxPixels = MAX_PIXELS,
    max_seconds: MaxSeconds = None,
    max_memory: MaxMemory = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No summary.")] = False,
) -> None:
    """Write what is measured of pairs of images, for a model.

    That is all distances, score, tier and relation, and what these are made of.

    Example: lookalike features pairs.csv --output features.parquet
    """
    names = None if algorithm is None else [name.strip() for name in algorithm.split(",")]
    ending = ".jsonl" if json else ".csv"
    if output is not None:
        if json:
            raise UsageError("--json prints; what --output writes is said by the ending of its name")
        check_rows_file(output)
        check_folder(output)
        ending = Path(output).suffix.lower()
    limits = limits_of(max_pixels, max_seconds, max_memory)
    del limits["read_ahead"]  # pairs are read as they are looked at
    file = PairFile(pairs)
    totals: Counter[str] = Counter()
    rows = _counted(features_of(file, algorithms=names, decoding=decode, workers=workers, **limits), totals)
    columns = {**file.kinds(), **feature_columns(names)}
    if output is None:
        write_rows(rows, columns, sys.stdout.buffer, ending)
    else:
        with replacing(output) as written:
            write_rows(rows, columns, written, ending)
    if not quiet:
        failed = f", {totals['failed']:,} could not be read (rows with a failure)" if totals["failed"] else ""
        typer.echo(f"{totals['pairs']:,} pair{'' if totals['pairs'] == 1 else 's'}{failed}", err=True)
    if totals["pairs"] == totals["failed"]:
        raise typer.Exit(INCOMPLETE)


def _counted(rows: Iterator[dict[str, Any]], totals: Counter[str]) -> Iterator[dict[str, Any]]:
    """Pass rows on and count them."""
    for row in rows:
        totals["pairs"] += 1
        totals["failed"] += row["failure"] is not None
        yield row
