"""`lookalike find`."""

import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from lookalike import report, tables
from lookalike.cli.choices import Show
from lookalike.cli.commands import command
from lookalike.cli.estimates import print_search_estimate
from lookalike.cli.kept import KeptArguments
from lookalike.cli.options import FindArguments, Maps, shown_groups, with_arguments
from lookalike.cli.outcomes import say_written
from lookalike.cli.progress import progress_bar
from lookalike.errors import UsageError
from lookalike.finding import find as find_images
from lookalike.groups.findings import Findings
from lookalike.labels import root_of
from lookalike.scan.recalling import is_catalog
from lookalike.tables.kept import LISTS, check_keep_output

DUPLICATES_FOUND = 1
INCOMPLETE = 3
PAGE = ".html"
KEEP_CSV = "keep.csv"
"""The one name ending in .csv that does not mean groups."""
STDOUT = "-"
"""The name of a list that is printed, and nothing else is."""
OF_FIND = {
    "--tier", "--unmatched", "--output", "--full-pictures", "--fail-on-duplicates", "--keep-table", "--keep-lists", "--mask",
}  # fmt: skip
"""Options that clean has not, or with another meaning."""


@with_arguments(unmatched="against", output="protect", full_pictures="output", json="full_pictures", show="json")
def find(
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="PATH", help="Folders, files, archives, URLs; also catalog:FILE.")
    ] = None,
    search: FindArguments = FindArguments(),  # noqa: B008 - frozen
    unmatched: Annotated[
        str | None, typer.Option(metavar="FILE", help="List images that REF does not have (.nul: NUL-separated; - prints it).")
    ] = None,
    output: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="Write findings to .json, .jsonl, .csv or .html; as --keep-table to .parquet, .txt or keep.csv. Repeatable.",
        ),
    ] = None,
    kept: KeptArguments = KeptArguments(),  # noqa: B008 - frozen
    maps: Maps = None,
    full_pictures: Annotated[
        bool, typer.Option("--full-pictures", help="A .html of any size, with all pictures. Default: 40 MB at most.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON instead of text.")] = False,
    show: Show = str(report.SHOWN_GROUPS),
    fail_on_duplicates: Annotated[bool, typer.Option("--fail-on-duplicates", help="Exit with 1 if there are any.")] = False,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Try a few files, say what all would take, and do nothing.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar, no groups, no summary.")] = False,
) -> None:  # fmt: skip
    """Find the images that are the same picture.

    Example: lookalike find Photos --against Backup --tier copy --output findings.json
    """
    shown, called = shown_groups(show), tables.PathMap.parse(maps or ())
    _check(output or [], unmatched, search.against, full_pictures=full_pictures, json=json)
    kept.check()
    named = search.paths(paths)
    if estimate:
        print_search_estimate(named, search, json=json)
        return
    with progress_bar(quiet=quiet) as progress:
        findings = find_images(named, **search.keywords(), progress=progress)
    for warning in findings.warnings:
        typer.echo(f"lookalike: {report.plain(called.text(warning))}", err=True)
    document = called(findings.to_dict(None if json or output else shown))
    for path in output or []:
        _write(findings, document, path, called, full_pictures=full_pictures)
    if kept:
        kept.write(
            findings.keep_table(relations=kept.relations), findings.to_dict(0)["options"], findings.reader, called
        )
    if unmatched == STDOUT:
        sys.stdout.buffer.write(tables.list_of(called(findings.unmatched)))
    elif unmatched is not None:
        tables.write_paths(called(findings.unmatched), unmatched)
    if json:
        sys.stdout.write(tables.to_json(document))
    elif not quiet and unmatched != STDOUT:
        given = [*(paths or ()), *(word for name in search.from_file or () for word in ("--from-file", name))]
        _print(findings, document, shown, None if output or kept else given, called)
        say_written(output or [])
    raise typer.Exit(_exit_code(findings, fail_on_duplicates=fail_on_duplicates))


def _check(
    output: Sequence[str], unmatched: str | None, against: Sequence[str] | None, *, full_pictures: bool, json: bool
) -> None:  # fmt: skip
    for path in output:
        if _is_keep_table(path):
            check_keep_output(path)
        else:
            tables.check_output(path, also=(PAGE, ".parquet", *LISTS))
    if unmatched == STDOUT and json:
        raise UsageError("--unmatched - and --json both mean standard output: name a file for one of them")
    if unmatched not in (None, STDOUT):
        tables.check_folder(str(unmatched))
    if full_pictures and not any(_is_page(path) for path in output):
        raise UsageError("--full-pictures is about a page: add --output FILE.html")
    if unmatched is not None and not against:
        raise UsageError("--unmatched needs --against REF: it lists what REF does not have")


def _write(
    findings: Findings, document: dict[str, Any], path: str, called: tables.PathMap, *, full_pictures: bool
) -> None:
    if _is_page(path):
        with tables.replacing(path) as file:
            file.writelines(
                part.encode("utf-8") for part in findings.html_parts(full_pictures=full_pictures, shown=called)
            )
    elif _is_keep_table(path):
        findings.keep_table(relations=not path.lower().endswith(LISTS)).write(path, called)
    else:
        tables.write(document, path)


def _is_page(path: str) -> bool:
    return path.lower().endswith(PAGE)


def _is_keep_table(path: str) -> bool:
    return path.lower().endswith((".parquet", *LISTS)) or os.path.basename(path).lower() == KEEP_CSV


def _print(
    findings: Findings, document: dict[str, Any], shown: int | None, given: list[str] | None, called: tables.PathMap
) -> None:  # fmt: skip
    next_command = None
    if given is None:  # what was found is written already
        pass
    elif document["stats"]["duplicates"] and _can_be_cleaned(findings):
        next_command = f"{command(*_clean(findings, given))}   (what would go, in favour of what; nothing is done)"
    elif document["stats"]["duplicates"] and not any(map(is_catalog, (*findings.roots, *findings.references))):
        next_command = f"{command(*sys.argv[1:], '--keep-lists', 'lists')}   (what stays, a list per archive and table)"
    elif document["stats"]["groups"]:
        next_command = (
            f"{command(*sys.argv[1:], '--output', 'findings.csv')}   (every group, with its reasons, in a table)"
        )
    for line in report.lines(
        document,
        folders=called(findings.folder_pairs),
        incomplete=[called.text(line) for line in findings.incomplete],
        show=shown,
        next_command=next_command,
    ):
        typer.echo(line)


def _can_be_cleaned(findings: Findings) -> bool:
    """Say whether any duplicate is an ordinary file below a path that was searched: no others are ever removed."""
    refs = (member.ref for group in findings.groups for member in group.members if member.role == "duplicate")
    if any(map(is_catalog, (*findings.roots, *findings.references))):
        return False
    return any(ref.source == "files" and root_of(ref.path, findings.roots) is not None for ref in refs)


def _clean(findings: Findings, given: list[str]) -> list[str]:
    """Return the verb clean with what was said to find, as far as that means the same there."""
    if not OF_FIND.intersection(word.partition("=")[0] for word in sys.argv[2:]):
        return ["clean", *sys.argv[2:]]
    return ["clean", *given, *(word for path in findings.references for word in ("--against", path))]


def _exit_code(findings: Findings, *, fail_on_duplicates: bool) -> int:
    if findings.incomplete or not findings.stats["images"]:
        return INCOMPLETE
    return DUPLICATES_FOUND if fail_on_duplicates and findings.stats["duplicates"] else 0
