"""`lookalike decide`."""

import sys
from typing import Annotated, get_args

import typer

from lookalike import deciding, tables
from lookalike.cli.choices import one_of
from lookalike.cli.parsers import verbs
from lookalike.errors import UsageError
from lookalike.report import plain
from lookalike.stores.decisions import Kind

Ledger = Annotated[str | None, typer.Option(metavar="FILE", help="Where decisions are remembered.")]


def _about() -> None:
    """Say for good that images are no duplicates, or have to stay.

    Every later search honours it, whatever the files are called by then.

    Example: lookalike decide add different dawn.jpg dusk.jpg --note "two photos"
    """


def add(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="different|keep",
            help="different: no two are duplicates of each other. keep: all stay, also copies with equal bytes.",
            autocompletion=one_of(*get_args(Kind)),
        ),
    ],
    files: Annotated[list[str], typer.Argument(metavar="FILE", help="Images; with --group findings in JSON.")],
    group: Annotated[
        int | None, typer.Option(metavar="N", help="Decide about group N of the findings in FILE.")
    ] = None,
    note: Annotated[str, typer.Option(metavar="TEXT", help="Why.")] = "",
    ledger: Ledger = None,
) -> None:
    """Add a decision.

    Example: lookalike decide add different findings.json --group 3
    """
    if group is None:
        number = deciding.decide(kind, files, note=note, ledger=ledger)
    elif len(files) == 1:
        number = deciding.decide_group(kind, files[0], group, note=note, ledger=ledger)
    else:
        raise UsageError(f"--group takes one file of findings, got {len(files)}")
    typer.echo(f"decision {number}: {kind}   (lookalike decide remove {number} takes it back)")


def show(
    *,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
    ledger: Ledger = None,
) -> None:
    """List the decisions.

    Example: lookalike decide list
    """
    decided = deciding.decisions(ledger=ledger)
    if json:
        sys.stdout.write(tables.to_json(deciding.to_document(decided)))
        return
    for one in decided:
        note = f"   {plain(one.note)}" if one.note else ""
        typer.echo(f"{one.id}  {one.kind}  {one.created}{note}")
        for digest, path in one.images:
            typer.echo(f"    {digest.hex()[:12]}  {plain(path)}")
    if not decided:
        typer.echo("nothing is decided")


def remove(
    number: Annotated[int, typer.Argument(metavar="ID", help="Number of a decision.")], ledger: Ledger = None
) -> None:
    """Take a decision back.

    Example: lookalike decide remove 3
    """
    deciding.undecide(number, ledger=ledger)
    typer.echo(f"decision {number} is taken back")


def read(
    file: Annotated[str, typer.Argument(metavar="FILE", help="JSON, as export writes it.")], ledger: Ledger = None
) -> None:
    """Add the decisions of a file; those there are already stay as they are.

    Example: lookalike decide import decisions.json
    """
    count = deciding.import_decisions(file, ledger=ledger)
    typer.echo(f"{count} new decision{'' if count == 1 else 's'}")


def write(file: Annotated[str, typer.Argument(metavar="FILE", help="JSON to write.")], ledger: Ledger = None) -> None:
    """Write the decisions to a file.

    Example: lookalike decide export decisions.json
    """
    decided = deciding.decisions(ledger=ledger)
    tables.replace_file(file, tables.to_json(deciding.to_document(decided)).encode("ascii"))
    typer.echo(f"{len(decided)} decision{'' if len(decided) == 1 else 's'} written to {plain(file)}")


decide = verbs(_about, {"list": show, "add": add, "remove": remove, "import": read, "export": write})
"""The verb, with a verb of its own for each thing to be done with decisions."""
