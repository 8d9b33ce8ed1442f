"""`lookalike undo`."""

from typing import Annotated

import typer

from lookalike.cleaning import undo as undo_one
from lookalike.cli.acting import REFUSED, refusals
from lookalike.cli.options import Maps
from lookalike.cli.outcomes import print_row, undone_row
from lookalike.errors import UsageError
from lookalike.report import amount, counted, plain
from lookalike.tables import PathMap


def undo(
    batch: Annotated[str | None, typer.Argument(metavar="BATCH", help="Which one. Default: the last.")] = None,
    from_folder: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="DIR", help="The folder of a batch: its manifest is enough, without the ledger."
        ),
    ] = None,
    ledger: Annotated[str | None, typer.Option(metavar="FILE", help="Where acts are written down.")] = None,
    maps: Maps = None,
    json: Annotated[bool, typer.Option("--json", help="Print what came of it as JSON instead of text.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No summary.")] = False,
) -> None:
    """Bring back what clean or review took away.

    Files come back from the quarantine, and in the place of links; nothing is overwritten.

    Example: lookalike undo 2026-11-28-143000
    """
    if batch is not None and from_folder is not None:
        raise UsageError("name a batch or a folder with --from, not both")
    called = PathMap.parse(maps or ())
    done = called(undo_one(batch, from_folder=from_folder, ledger=ledger))
    code = REFUSED if done.refused else 0
    if json:
        print_row(undone_row(done))
        raise typer.Exit(code)
    for path, where in done.beside:
        typer.echo(f"something has appeared at {plain(path)} since: restored as {plain(where)}", err=True)
    for line in refusals(done.refused, "not restored"):
        typer.echo(line, err=True)
    if not quiet:
        typer.echo(f"Restored: {counted(done.files, 'file')} of batch {done.batch}, {amount(done.size)}")
    raise typer.Exit(code)
