"""`lookalike catalog`."""

import sys
from typing import Annotated

import typer

from lookalike import tables, upkeep
from lookalike.batches import make_specs
from lookalike.cli.choices import FAST, list_of
from lookalike.cli.parsers import verbs
from lookalike.errors import UsageError
from lookalike.opening import default_catalog, open_catalog
from lookalike.report import amount, plain

File = Annotated[str | None, typer.Option("--catalog", metavar="FILE", help="Which one. Default: that of find.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def _about() -> None:
    """Look after the catalog, where scans are remembered.

    It can always be made again, so nothing here loses more than time.

    Example: lookalike catalog info
    """


def info(*, json: Json = False, file: File = None) -> None:
    """Say what the catalog holds.

    Example: lookalike catalog info
    """
    with upkeep.existing(file) as store:
        told = upkeep.info(store)
    if json:
        sys.stdout.write(tables.to_json(told))
        return
    typer.echo(f"{plain(told['path'])}: {amount(told['bytes'])}")
    for name, value in told.items():
        if isinstance(value, dict):
            for kind, count in value.items():
                typer.echo(f"  {name}: {plain(kind)}: {count:,}")
        elif name not in ("version", "path", "bytes"):
            typer.echo(f"{name}: {value:,}")


def check(*, file: File = None) -> None:
    """Look through every page of the catalog, and hash some thumbnails again; exit 5 if something is damaged.

    Example: lookalike catalog verify
    """
    with upkeep.existing(file) as store:
        checked = upkeep.verify_catalog(store)
        typer.echo(f"{plain(str(store.path))} is sound; {checked:,} hashes were made again and are the same")


def prune(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be forgotten; change nothing.")] = False,
    json: Json = False,
    file: File = None,
) -> None:
    """Forget names whose files are gone, what lies nowhere, and what older versions found.

    Drives that are away are left alone; what was imported from tables lies nowhere, and goes. Waits until nobody else uses it.

    Example: lookalike catalog prune --dry-run
    """
    rows, freed = upkeep.prune(file, dry_run=dry_run)
    if json:
        sys.stdout.write(tables.to_json({"version": 1, "dry_run": dry_run, "rows": rows, "bytes": freed}))
        return
    would = "would be " if dry_run else ""
    for table, count in rows.items():
        typer.echo(f"{table}: {count:,} {would}forgotten")
    if not dry_run or not rows:
        typer.echo(f"{amount(freed)} freed" if rows else "there is nothing to forget")


def write(
    path: Annotated[str, typer.Argument(metavar="FILE.parquet", help="Hash table to write.")],
    algorithm: Annotated[
        str, typer.Option(metavar="NAME[,NAME]", help="Which hashes.", autocompletion=list_of(FAST))
    ] = "phash",
    size: Annotated[int | None, typer.Option(help="Side of the hashes.")] = None,
    thumbnails: Annotated[bool, typer.Option("--thumbnails/--no-thumbnails", help="Whether they go along.")] = True,
    file: File = None,
) -> None:
    """Write what the catalog knows as a hash table, which find takes as a source.

    Example: lookalike catalog export catalog.parquet
    """
    if not path.lower().endswith(".parquet"):
        raise UsageError(f"a hash table is a .parquet file, got {path}")
    tables.check_folder(path)
    specs = make_specs([name.strip() for name in algorithm.split(",")], size, None, "fast")
    with upkeep.existing(file) as store:
        count = upkeep.export(store, path, specs, thumbnails=thumbnails)
    typer.echo(f"{count:,} image{'' if count == 1 else 's'} written to {plain(path)}")


def read(
    paths: Annotated[list[str], typer.Argument(metavar="FILE.parquet", help="Hash tables.")], file: File = None
) -> None:
    """Take what hash tables know into the catalog.

    Example: lookalike catalog import h/*.parquet
    """
    with open_catalog(file or default_catalog()) as store:
        count = upkeep.read_tables(store, paths)
    typer.echo(f"{count:,} image{'' if count == 1 else 's'} read")


catalog = verbs(_about, {"info": info, "verify": check, "prune": prune, "export": write, "import": read})
"""The verb, with a verb of its own for each thing to be done with a catalog."""
