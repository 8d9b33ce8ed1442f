"""`lookalike purge`."""

from typing import Annotated

import typer

from lookalike.cleaning import history
from lookalike.cleaning import purge as purge_one
from lookalike.cli.acting import REFUSED, refusals
from lookalike.cli.options import Maps
from lookalike.cli.outcomes import print_row, purged_row
from lookalike.errors import UnsafeError, UsageError
from lookalike.report import amount, counted
from lookalike.tables import PathMap


def purge(
    batch: Annotated[str, typer.Argument(metavar="BATCH", help="Which one; `lookalike history` lists them.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for its name again.")] = False,
    ledger: Annotated[str | None, typer.Option(metavar="FILE", help="Where acts are written down.")] = None,
    maps: Maps = None,
    json: Annotated[bool, typer.Option("--json", help="Print what came of it as JSON instead of text.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No summary.")] = False,
) -> None:
    """Remove for good what lies in the quarantine, to free its space.

    It does so for one batch, that is, what one clean or review took away. What has lost its keeper since is held back.

    Example: lookalike purge 2026-11-28-143000
    """
    called = PathMap.parse(maps or ())
    row = next((row for row in history(ledger=ledger) if row.name == batch), None)
    if row is None:
        raise UsageError(f"there is no batch {batch!r}: `lookalike history` lists all")
    if not yes:
        _ask(batch, row.files.get("done", 0), row.size.get("done", 0), to_stderr=json)
    done = called(purge_one(batch, ledger=ledger))
    code = REFUSED if done.held else 0
    if json:
        print_row(purged_row(done))
        raise typer.Exit(code)
    for line in refusals(done.held, "held back"):
        typer.echo(line, err=True)
    if not quiet:
        typer.echo(
            f"Removed for good: {counted(done.files, 'file')} of batch {done.batch}; {amount(done.size)} became free"
        )
    raise typer.Exit(code)


def _ask(batch: str, files: int, size: int, *, to_stderr: bool) -> None:
    try:
        typed = typer.prompt(
            f"This removes {counted(files, 'file')} ({amount(size)}) for good. Type the name of the batch to go on",
            err=to_stderr,
        )
    except typer.Abort as error:
        typer.echo(err=to_stderr)  # the question has not ended its line
        raise UnsafeError(
            "purge removes files for good: type the name of the batch when it asks, or add --yes"
        ) from error
    if typed.strip() != batch:
        raise UnsafeError(f"{typed!r} is not {batch!r}: nothing was removed")
