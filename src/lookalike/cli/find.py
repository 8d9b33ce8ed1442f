"""`lookalike find`."""

import re
import shlex
import sys
from typing import Annotated, Any, cast

import typer

from lookalike import report, tables
from lookalike.cli.progress import progress_bar
from lookalike.errors import UsageError
from lookalike.finding import find as find_images
from lookalike.findings import Findings
from lookalike.model import DEFAULT_KEEP, MAX_PIXELS, GroupRule, Orient, Truncated, VerifyStep

DUPLICATES_FOUND = 1
INCOMPLETE = 3


def find(
    paths: Annotated[list[str], typer.Argument(metavar="PATH", help="Folders, entered recursively, and files.")],
    against: Annotated[
        list[str] | None, typer.Option(metavar="REF", help="Only compare PATH with REF; images of REF always stay. Repeatable.")
    ] = None,
    unmatched: Annotated[
        str | None, typer.Option(metavar="FILE", help="List the images of PATH that REF does not have (.nul: NUL-separated).")
    ] = None,
    tier: Annotated[str, typer.Option(help="Loosest tier to report: exact, copy, edit or similar.")] = "edit",
    algorithm: Annotated[str, typer.Option(help="Hash that proposes candidate pairs.")] = "phash",
    size: Annotated[
        int | None, typer.Option(help="Side of the hash; it has size x size bits. Default: the algorithm's own.")
    ] = None,
    radius: Annotated[
        int | None, typer.Option(help="Largest distance of candidates in bits, inclusive. Default: the algorithm's own.")
    ] = None,
    group: Annotated[str, typer.Option(help="star, clique or component.")] = "star",
    orient: Annotated[
        str, typer.Option(help="upright, mirror (mirrored pictures are the same) or all (rotated ones too).")
    ] = "upright",
    crops: Annotated[bool, typer.Option("--crops", help="Also look for large crops, down to half of the area.")] = False,
    verify: Annotated[
        str, typer.Option(help="thumbnail (files are read only where in doubt) or pixels (always).")
    ] = "thumbnail",
    exclude: Annotated[list[str] | None, typer.Option(metavar="GLOB", help="Pass over what matches. Repeatable.")] = None,
    include: Annotated[list[str] | None, typer.Option(metavar="GLOB", help="Read only what matches. Repeatable.")] = None,
    min_size: Annotated[str, typer.Option(metavar="WxH", help="Smallest width and height in pixels.")] = "0x0",
    follow_symlinks: Annotated[bool, typer.Option("--follow-symlinks", help="Enter symlinked folders.")] = False,
    truncated: Annotated[str, typer.Option(help="refuse or accept files that end early.")] = "refuse",
    max_pixels: Annotated[int, typer.Option(help="Do not decode images with more pixels.")] = MAX_PIXELS,
    keep: Annotated[str, typer.Option(metavar="RULES", help="Which image of a group comes first.")] = DEFAULT_KEEP,
    output: Annotated[
        list[str] | None, typer.Option(metavar="FILE", help="Write findings to .json, .jsonl or .csv. Repeatable.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON instead of text.")] = False,
    show: Annotated[str, typer.Option(metavar="N|all", help="How many groups to print.")] = str(report.SHOWN_GROUPS),
    catalog: Annotated[str | None, typer.Option(metavar="FILE", help="Where scans are remembered.")] = None,
    no_catalog: Annotated[bool, typer.Option("--no-catalog", help="Remember nothing.")] = False,
    workers: Annotated[int | None, typer.Option(help="Images decoded at a time. Default: one per core.")] = None,
    readers: Annotated[
        int | None, typer.Option(help="Files read at a time. Default: 1 on rotating disks, 2 over a network, else as workers.")
    ] = None,
    fail_on_duplicates: Annotated[bool, typer.Option("--fail-on-duplicates", help="Exit with 1 if there are any.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar, no groups, no summary.")] = False,
) -> None:  # fmt: skip
    """Find the images that are the same picture.

    Example: lookalike find Photos --against Backup --tier copy --output findings.json
    """
    shown = _show(show)
    for path in output or []:
        tables.check_output(path)
    if unmatched is not None:
        tables.check_folder(unmatched)
    if unmatched is not None and not against:
        raise UsageError("--unmatched needs --against REF: it lists what REF does not have")
    with progress_bar(quiet=quiet) as progress:
        findings = find_images(
            paths,
            against=against or (),
            tier=tier,
            algorithm=algorithm,
            size=size,
            radius=radius,
            group=cast("GroupRule", group),
            keep=keep,
            orient=cast("Orient", orient),
            crops=crops,
            verify=cast("VerifyStep", verify),
            exclude=exclude or (),
            include=include or (),
            min_size=_min_size(min_size),
            follow_symlinks=follow_symlinks,
            truncated=cast("Truncated", truncated),
            max_pixels=max_pixels,
            catalog=catalog,
            use_catalog=not no_catalog,
            workers=workers,
            readers=readers,
            progress=progress,
        )
    for warning in findings.warnings:
        typer.echo(f"lookalike: {report.plain(warning)}", err=True)
    document = findings.to_dict(None if json or output else shown)
    for path in output or []:
        tables.write(document, path)
    if unmatched is not None:
        tables.write_paths(findings.unmatched, unmatched)
    if json:
        sys.stdout.write(tables.to_json(document))
    elif not quiet:
        _print(findings, document, shown, output)
    raise typer.Exit(_exit_code(findings, fail_on_duplicates=fail_on_duplicates))


def _print(findings: Findings, document: dict[str, Any], shown: int | None, output: list[str] | None) -> None:
    next_command = None
    if document["stats"]["groups"] and not output:
        command = report.plain(shlex.join(["lookalike", *sys.argv[1:], "--output", "findings.csv"]))
        next_command = f"{command}   (every group, with its reasons, in a table)"
    for line in report.lines(
        document,
        folders=findings.folder_pairs,
        incomplete=findings.incomplete,
        show=shown,
        next_command=next_command,
    ):
        typer.echo(line)


def _exit_code(findings: Findings, *, fail_on_duplicates: bool) -> int:
    if findings.incomplete or not findings.stats["images"]:
        return INCOMPLETE
    return DUPLICATES_FOUND if fail_on_duplicates and findings.duplicate_paths else 0


def _show(text: str) -> int | None:
    if text == "all":
        return None
    if not text.isdecimal():
        raise UsageError(f"--show takes a number or all, got {text!r}")
    return int(text)


def _min_size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d+)x(\d+)", text)
    if found is None:
        raise UsageError(f"--min-size takes WIDTHxHEIGHT in pixels such as 200x200, got {text!r}")
    return int(found[1]), int(found[2])
