"""`lookalike spark find` and `lookalike spark leaks`."""

import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, cast, get_args

import typer

from lookalike import deciding, tables
from lookalike.cli.choices import OrientChoice, choice
from lookalike.cli.lists import with_listed
from lookalike.cli.options import FindArguments, with_arguments
from lookalike.errors import UsageError
from lookalike.hashes import make_spec
from lookalike.leakage.splits import split_names
from lookalike.limiting import TRAVELLING
from lookalike.options import ScanOptions
from lookalike.report import counted, plain
from lookalike.scan.loading import ENDING
from lookalike.scan.tabling import Wanted
from lookalike.spark.finding import find as find_rows
from lookalike.spark.inputs import expanded, list_shards
from lookalike.spark.leaking import leaks as leaked_rows
from lookalike.spark.results import check_output, checkpoints, holds_tables, write
from lookalike.spark.session import open_session
from lookalike.spark.sharding import hash_shards
from lookalike.spark.stored import read_hashes
from lookalike.spark.tasks import Thumbnails as Kept

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

INCOMPLETE = 3
HASHES = "hashes"
"""Folder of the output for the tables of what is no hash table yet."""
NOT_HERE = (
    "against", "candidates", "frames", "min_size", "follow_symlinks", "catalog", "no_catalog", "workers", "readers",
    "read_ahead",
)  # fmt: skip
"""Options of a search on one machine that it has not on many."""

Inputs = Annotated[
    list[str] | None,
    typer.Option("--input", metavar="PATH", help="Hash tables, or what `spark hash` takes. Repeatable."),
]
Output = Annotated[str, typer.Option(metavar="DIR", help="Folder or URL; results go into folders there.")]
Second = Annotated[
    str | None,
    typer.Option(metavar="NAME:RADIUS", help="A second hash of 64 bits that must be near, too; with --no-parts."),
]
NoParts = Annotated[
    bool, typer.Option("--no-parts", help="Only whole pictures propose: a quarter of the work, fewer crops.")
]
Thumbnails = Annotated[
    str,
    choice(
        "Of images hashed here: all are kept. candidates: those of pairs are read again. none: not even these.",
        *get_args(Kept),
    ),
]
Root = Annotated[
    list[str] | None,
    typer.Option(metavar="URL", help="What tables were made of: images are read again there. Repeatable."),
]
Master = Annotated[
    str | None,
    typer.Option(
        metavar="URL", help="Where Spark runs unless spark-submit says so. Default: local[*,4], all cores here."
    ),
]


@dataclass(slots=True)
class _Rows:
    """Where hash rows come from.

    Attributes
    ----------
    wanted : Wanted
        Which hashes, where images are hashed first.
    options : ScanOptions
        How to read these.
    thumbnails : str
        Which thumbnails are kept of them.
    roots : list of str
        What images lie in.
    incomplete : list of str
        What could not be seen, one line each.
    """

    wanted: Wanted
    options: ScanOptions
    thumbnails: Kept
    roots: list[str] = field(default_factory=list)
    incomplete: list[str] = field(default_factory=list)

    def read(self, spark: "SparkSession", inputs: Sequence[str], place: str) -> "DataFrame":
        """Return the rows of some inputs; what is no hash table is hashed, into tables at a place."""
        made: list[str] = []
        others: list[str] = []
        for path in expanded(inputs):
            (made if holds_tables(path) else others).append(path)
        if others:
            listing = list_shards(others, self.options)
            done = hash_shards(spark, listing, place, self.wanted, self.options, thumbnails=self.thumbnails)
            if done.refused:
                raise UsageError(f"{done.refused[0]}, or name another --output")
            self.incomplete += done.incomplete
            self.roots += others
            made += [f"{done.output}/{shard.name}{ENDING}" for shard in listing.shards]  # of no other images
        return read_hashes(spark, made, spec=self.wanted.specs[0] if len(self.wanted.specs) == 1 else None)


@with_arguments(*NOT_HERE)
def find(
    inputs: Inputs = None,
    output: Output = "",
    search: FindArguments = FindArguments(),  # noqa: B008 - frozen
    against: Annotated[
        list[str] | None,
        typer.Option("--against", metavar="HASHES", help="Tables searched before: only pairs with a new image. Repeatable."),
    ] = None,
    second: Second = None,
    no_parts: NoParts = False,
    thumbnails: Thumbnails = "all",
    root: Root = None,
    master: Master = None,
    json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No summary.")] = False,
) -> None:  # fmt: skip
    """Find the images that are the same picture.

    Example: lookalike spark find --input s3://hashes --output s3://found

    Writes groups, pairs and failures (Parquet) into folders of these names. Images are hashed first, into the folder hashes.
    """
    results = ("groups", "pairs", "failures")
    check_output(_place(output), results)
    told = _told(search, second, no_parts=no_parts, thumbnails=thumbnails)
    rows = _rows(search, second, thumbnails)
    spark = open_session(master)
    new = rows.read(spark, with_listed(inputs, search.from_file), f"{output}/{HASHES}")
    old = None if against is None else read_hashes(spark, against, spec=rows.wanted.specs[0])
    with checkpoints(spark, output):
        found = find_rows(new, against=old, roots=(*rows.roots, *(root or ())), **told)
        written = write({name: getattr(found, name) for name in results}, output)
    summary = _counts(written)
    found.release()
    summary |= {"warnings": found.warnings, "incomplete": rows.incomplete, "output": output}
    if json:
        sys.stdout.write(tables.to_json(summary))
    if not quiet:
        held = f"{summary['bytes_in_duplicates']:,} bytes"
        said = f"{counted(summary['duplicates'], 'duplicate')} of {held}"
        _tell(f"{counted(summary['groups'], 'group')}, {said}, {counted(summary['pairs'], 'pair')}", summary)
    if rows.incomplete:
        raise typer.Exit(INCOMPLETE)


@with_arguments(*NOT_HERE)
def leaks(
    inputs: Annotated[
        list[str] | None,
        typer.Option("--input", metavar="PATH", help="A split each, named by its last name. Repeatable."),
    ] = None,
    split: Annotated[
        list[str] | None, typer.Option(metavar="NAME=PATH", help="A path of the split NAME. Repeatable.")
    ] = None,
    output: Output = "",
    orient: OrientChoice = "mirror",
    search: FindArguments = FindArguments(),  # noqa: B008 - frozen
    second: Second = None,
    no_parts: NoParts = False,
    thumbnails: Thumbnails = "all",
    root: Root = None,
    master: Master = None,
    json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
    fail_on_duplicates: Annotated[bool, typer.Option("--fail-on-duplicates", help="Exit with 1 if there are any.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No summary.")] = False,
) -> None:  # fmt: skip
    """Find pictures that are in more than one split of a data set.

    Example: lookalike spark leaks --split train=s3://hashes/train --split test=s3://hashes/test --output s3://leaks

    Writes pairs and failures (Parquet) into folders of these names.
    """
    results = ("pairs", "failures")
    check_output(_place(output), results)
    told = _told(search, second, no_parts=no_parts, thumbnails=thumbnails)
    named = _splits(inputs or [], split or [])
    rows = _rows(search, second, thumbnails)
    spark = open_session(master)
    parts = {name: rows.read(spark, paths, f"{output}/{HASHES}/{name}") for name, paths in named.items()}
    with checkpoints(spark, output):
        found = leaked_rows(parts, roots=(*rows.roots, *(root or ())), **{**told, "orient": orient})
        written = write({name: getattr(found, name) for name in results}, output)
    by_tier = {
        row["tier"] or "not verified": row["count"] for row in written["pairs"].groupBy("tier").count().collect()
    }
    found.release()
    summary: dict[str, Any] = {
        "version": 1, "splits": list(named), "pairs": sum(by_tier.values()), "by_tier": dict(sorted(by_tier.items())),
        "failed": written["failures"].count(), "warnings": found.warnings, "incomplete": rows.incomplete, "output": output,
    }  # fmt: skip
    if json:
        sys.stdout.write(tables.to_json(summary))
    if not quiet:
        _tell(f"{counted(summary['pairs'], 'pair')} across {len(named)} splits", summary)
    if rows.incomplete:
        raise typer.Exit(INCOMPLETE)
    if fail_on_duplicates and summary["pairs"]:
        raise typer.Exit(1)


def _place(output: str) -> str:
    if not output:
        raise UsageError("no --output given: name a folder or a URL for the results")
    return output


def _told(search: FindArguments, second: str | None, *, no_parts: bool, thumbnails: str) -> dict[str, Any]:
    """Return the options of `lookalike.spark.find`."""
    if thumbnails not in get_args(Kept):
        raise UsageError(f"--thumbnails must be all, candidates or none, got {thumbnails!r}")
    known = search.keywords()
    names = ("tier", "algorithm", "size", "radius", "group", "keep", "protect", "orient", "crops", "verify", "units",
        "truncated", *TRAVELLING)  # fmt: skip
    return {name: known[name] for name in names} | {
        "second": _second(second), "parts": not no_parts, "thumbnails": "none" if thumbnails == "none" else "candidates",
        "decisions": deciding.decisions(ledger=search.ledger),
    }  # fmt: skip


def _second(text: str | None) -> tuple[str, int] | None:
    if text is None:
        return None
    name, _, radius = text.partition(":")
    if not (name and radius.isdecimal()):
        raise UsageError(f"--second takes NAME:RADIUS, such as dhash:12, got {text!r}")
    return name, int(radius)


def _rows(search: FindArguments, second: str | None, thumbnails: str) -> _Rows:
    told = _second(second)
    specs = [make_spec(search.algorithm, search.size, None, "fast")]
    if told is not None:
        specs.append(make_spec(told[0], None, None, "fast"))
    known = search.keywords()
    options = ScanOptions(
        exclude=tuple(search.exclude or ()), include=tuple(search.include or ()), truncated=known["truncated"],
        column=search.column, **{name: known[name] for name in TRAVELLING},
    )  # fmt: skip
    return _Rows(Wanted(tuple(specs), facts=True), options, cast("Kept", thumbnails))


def _splits(inputs: Sequence[str], splits: Sequence[str]) -> Mapping[str, list[str]]:
    named: dict[str, list[str]] = defaultdict(list)
    for name, path in zip(split_names([path.rstrip("/") for path in inputs]), inputs, strict=True):
        named[name].append(path)
    for text in splits:
        name, equals, path = text.partition("=")
        if not (name and equals and path):
            raise UsageError(f"--split takes NAME=PATH, such as train=hashes/train, got {text!r}")
        named[name].append(path)
    if len(named) < 2:
        raise UsageError("leaks compares splits: name two at least, by --input or --split NAME=PATH")
    return named


def _counts(written: "Mapping[str, DataFrame]") -> dict[str, Any]:
    """Count what was found."""
    by_tier: dict[str, int] = {}
    totals = {"groups": 0, "duplicates": 0, "bytes_in_duplicates": 0}
    grouped = written["groups"].groupBy("role", "tier").agg({"*": "count", "bytes": "sum"})
    for role, tier, *values in grouped.select("role", "tier", "count(1)", "sum(bytes)").collect():
        number, size = values
        if role == "keeper":
            totals["groups"] += number
        elif role == "duplicate":
            totals["duplicates"] += number
            totals["bytes_in_duplicates"] += size
            by_tier[tier] = by_tier.get(tier, 0) + number
    counts = {name: written[name].count() for name in ("pairs", "failures")}
    tiers = {"by_tier": dict(sorted(by_tier.items()))}
    return {"version": 1, **totals, **tiers, "pairs": counts["pairs"], "failed": counts["failures"]}


def _tell(said: str, summary: Mapping[str, Any]) -> None:
    unread = f", {summary['failed']:,} could not be read (rows of failures)" if summary["failed"] else ""
    typer.echo(f"{said}{unread}; written to {plain(summary['output'])}", err=True)
    for line in summary["warnings"]:
        typer.echo(f"warning: {plain(line)}", err=True)
    for line in summary["incomplete"]:
        typer.echo(f"not seen: {plain(line)}", err=True)
