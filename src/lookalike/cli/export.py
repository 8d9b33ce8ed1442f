"""`lookalike export`."""

from typing import Annotated, Any

import typer

from lookalike import report, tables
from lookalike.cli.choices import MAY_GO, choice
from lookalike.cli.options import FindArguments, with_arguments
from lookalike.cli.outcomes import VERSION, print_row
from lookalike.cli.progress import progress_bar
from lookalike.errors import UsageError
from lookalike.exporting import WAYS, Exported, check_target
from lookalike.exporting import export as export_found
from lookalike.finding import find

INCOMPLETE = 3
SHOWN_MISSING = 20
DID = {"copy_to": "Copied", "tar": "Archived", "hardlink_to": "Linked", "symlink_to": "Linked"}


@with_arguments()
def export(
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="PATH", help="Folders, files, archives, tables, URLs.")
    ] = None,
    copy_to: Annotated[str | None, typer.Option(metavar="DIR", help="Copy what stays to a new folder.")] = None,
    tar: Annotated[str | None, typer.Option(metavar="FILE", help="Write what stays to a new TAR archive.")] = None,
    hardlink_to: Annotated[str | None, typer.Option(metavar="DIR", help="Make hard links to what stays.")] = None,
    symlink_to: Annotated[str | None, typer.Option(metavar="DIR", help="Make symlinks to what stays.")] = None,
    tier: Annotated[str, choice("Loosest tier of what is left out: exact, copy or edit.", *MAY_GO)] = "copy",
    search: FindArguments = FindArguments(),  # noqa: B008 - frozen
    json: Annotated[bool, typer.Option("--json", help="Print what came of it as JSON instead of text.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar, no summary.")] = False,
) -> None:
    """Write a set without its duplicates to a new place.

    What stays is copied or linked, or goes into a TAR archive; the set itself is left as it is.

    Example: lookalike export Set --keep column:aesthetic,resolution --copy-to Set-without-duplicates
    """
    del tier  # which the search has, too
    given = dict(zip(WAYS, (copy_to, tar, hardlink_to, symlink_to), strict=True))
    ways = [way for way in WAYS if given[way] is not None]
    if len(ways) != 1:
        options = ", ".join(f"--{way.replace('_', '-')}" for way in WAYS)
        raise UsageError(f"say where to: one of {options}, got {len(ways) or 'none'}")
    way, target = ways[0], str(given[ways[0]])
    named = search.paths(paths)
    check_target(target, way, [*named, *(search.against or [])])
    with progress_bar(quiet=quiet) as progress:
        findings = find(named, **search.keywords(), progress=progress)
    with progress_bar(quiet=quiet) as progress:
        places: dict[str, Any] = {way: target}
        done = export_found(findings, **places, progress=progress)
    for missing in done.missing[:SHOWN_MISSING]:
        typer.echo(f"not there: {report.plain(missing.path)}: {report.plain(missing.reason)}", err=True)
    if len(done.missing) > SHOWN_MISSING:
        typer.echo(f"... and {len(done.missing) - SHOWN_MISSING:,} more", err=True)
    if json:
        print_row(_row(done))
    elif not quiet:
        for line in report.summary(findings.stats, findings.to_dict(0)["failures"], findings.incomplete):
            typer.echo(line)
        beside = done.files - done.images
        along = f" and {report.counted(beside, 'file')} beside them" if beside else ""
        typer.echo(
            f"{DID[way]} to {report.plain(target)}: {report.counted(done.images, 'image')}{along}, {report.amount(done.size)}"
        )
    raise typer.Exit(INCOMPLETE if done.missing or findings.incomplete or not findings.stats["images"] else 0)


def _row(done: Exported) -> dict[str, Any]:
    return {
        "version": VERSION, **tables.path_fields(done.target, "target"), "images": done.images, "files": done.files,
        "bytes": done.size,
        "missing": [
            {**tables.path_fields(one.path), "reason": tables.printable(one.reason)} for one in done.missing
        ],
    }  # fmt: skip
