"""`lookalike history`."""

import sys
from typing import Annotated, Any

import typer

from lookalike import tables
from lookalike.cleaning import BatchRow
from lookalike.cleaning import history as list_batches
from lookalike.cli.options import Maps
from lookalike.removal.repairing import repair as repair_ledger
from lookalike.report import amount, plain

STATES = {
    "done": "in the quarantine", "undone": "restored", "purged": "purged", "doing": "interrupted", "planned": "never begun",
}  # fmt: skip
"""States of files in the order in which they are told, in words."""
TABLES = {"batch": ("batch", "batches"), "entry": ("file", "files"), "decision": ("decision", "decisions")}
"""What a repair saves, and how one and several are called."""


def history(
    maps: Maps = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="Put a damaged ledger aside, and save what can be read of it.")
    ] = False,
    ledger: Annotated[str | None, typer.Option(metavar="FILE", help="Where acts are written down.")] = None,
) -> None:
    """List what was taken away, where it lies, and how large it is.

    A batch is what one clean or review took away; its name is what undo and purge take.

    Example: lookalike history
    """
    if repair:
        _repair(ledger)
    called = tables.PathMap.parse(maps or ())
    rows = called(list_batches(ledger=ledger))
    if json:
        sys.stdout.write(tables.to_json({"version": 1, "batches": [_row(row) for row in rows]}))
        return
    if not rows:
        typer.echo("Nothing was ever removed.")
    for row in rows:
        typer.echo(f"{row.name}  {row.action}: {', '.join(told(row))}")
        for place in row.places:
            typer.echo(f"  in {plain(place)}")
    if any("doing" in row.files for row in rows):
        typer.echo("What was interrupted is put in order by the next apply, undo or purge; nothing of it is lost.")


def _repair(ledger: str | None) -> None:
    done = repair_ledger(ledger)
    if done.aside is None:
        typer.echo(f"{plain(done.ledger)} is whole: nothing was done to it", err=True)
        return
    counts = {table: done.saved.get(table, 0) for table in TABLES}
    saved = ", ".join(f"{count:,} {TABLES[table][count != 1]}" for table, count in counts.items())
    typer.echo(f"{plain(done.ledger)} was damaged, and lies now at {plain(done.aside)}; saved of it: {saved}", err=True)
    for name in done.rescued:
        typer.echo(f"of {name} only its files are known", err=True)


def told(row: BatchRow) -> list[str]:
    """Say how many files of a batch are in each state.

    Parameters
    ----------
    row : BatchRow
        The batch.

    Returns
    -------
    list of str
        A clause each, at least one.
    """
    if set(row.files) == {"planned"}:
        return [f"nothing was done ({row.files['planned']:,} refused)"]
    clauses = []
    for state, words in STATES.items():
        if count := row.files.get(state):
            what = "in the trash" if state == "done" and row.action == "trash" else words
            clauses.append(f"{count:,} {'file' if count == 1 else 'files'} {what} ({amount(row.size[state])})")
    return clauses or ["no files"]


def _row(row: BatchRow) -> dict[str, Any]:
    return {
        "name": row.name, "created": row.created, "action": row.action, "files": row.files, "bytes": row.size,
        "places": [tables.path_fields(place) for place in row.places],
    }  # fmt: skip
