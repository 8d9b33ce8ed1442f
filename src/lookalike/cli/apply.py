"""`lookalike apply`."""

from typing import Annotated

import typer

from lookalike import tables
from lookalike.cli.acting import act_on
from lookalike.cli.options import Maps


def apply(
    plan: Annotated[str, typer.Argument(metavar="PLAN", help="A file that `clean --plan` wrote, edited or not.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    yes_most: Annotated[
        bool, typer.Option("--yes-most", help="Agree to over half of the images of a PATH going.")
    ] = False,
    yes_delete: Annotated[
        bool, typer.Option("--yes-delete", help="Agree to the action delete, which nothing undoes.")
    ] = False,
    ledger: Annotated[str | None, typer.Option(metavar="FILE", help="Where acts are written down.")] = None,
    workers: Annotated[int | None, typer.Option(help="Images checked at a time. Default: one per core.")] = None,
    maps: Maps = None,
    json: Annotated[bool, typer.Option("--json", help="Print what came of it as JSON instead of text.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar, no summary.")] = False,
) -> None:
    """Carry out a plan that clean wrote to a file.

    Every file is checked again first, and what has changed since stays.

    Example: lookalike apply plan.json
    """
    raise typer.Exit(
        act_on(
            tables.read_plan(plan), yes=yes, yes_most=yes_most, yes_delete=yes_delete, ledger=ledger, workers=workers,
            called=tables.PathMap.parse(maps or ()), quiet=quiet, json=json, to_stderr=json,
        )
    )  # fmt: skip
