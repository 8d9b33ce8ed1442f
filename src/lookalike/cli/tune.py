"""`lookalike tune`."""

import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from lookalike import plots, report, tables
from lookalike.cli.choices import JOINABLE, list_of
from lookalike.cli.limits import USUAL_AHEAD, MaxMemory, MaxPixels, MaxSeconds, ReadAhead, limits_of
from lookalike.cli.lists import FromFile, with_listed
from lookalike.cli.outcomes import say_written
from lookalike.cli.progress import progress_bar
from lookalike.model import MAX_PIXELS
from lookalike.report import tunings
from lookalike.tuning import BUDGET, FAMILIES, SAMPLE
from lookalike.tuning import tune as tune_images

INCOMPLETE = 3
ENDINGS = (".json", ".png", ".html")


def tune(
    paths: Annotated[list[str] | None, typer.Argument(metavar="PATH", help="Folders, files, archives, URLs.")] = None,
    from_file: FromFile = None,
    pairs: Annotated[
        str | None,
        typer.Option(
            metavar="FILE.csv", help="Labelled pairs (path_a, path_b, same) in the place of edits made by rule."
        ),
    ] = None,
    sample: Annotated[int, typer.Option(metavar="N", help="Most images that edits are made of.")] = SAMPLE,
    edits: Annotated[
        str | None,
        typer.Option(
            metavar="FAMILY[,FAMILY]",
            help=f"Edits to make: {', '.join(FAMILIES)}. Default: all.",
            autocompletion=list_of(FAMILIES),
        ),
    ] = None,
    algorithm: Annotated[
        str | None,
        typer.Option(
            metavar="NAME[,NAME]",
            help="Hashes to try. Default: all that can be joined.",
            autocompletion=list_of(JOINABLE),
        ),
    ] = None,
    budget: Annotated[
        float, typer.Option(help="Most false candidates for each image that a radius may bring.")
    ] = BUDGET,
    output: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="Write all of it to .json or .html, or curves to .png. Repeatable."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
    catalog: Annotated[str | None, typer.Option(metavar="FILE", help="Where scans are remembered.")] = None,
    no_catalog: Annotated[bool, typer.Option("--no-catalog", help="Remember nothing.")] = False,
    workers: Annotated[int | None, typer.Option(help="Images decoded at a time. Default: one per core.")] = None,
    max_pixels: MaxPixels = MAX_PIXELS,
    max_seconds: MaxSeconds = None,
    max_memory: MaxMemory = None,
    read_ahead: ReadAhead = USUAL_AHEAD,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar.")] = False,
) -> None:
    """Say which hash, radius and tier suit a collection.

    It is measured on edits of its own images, or on labelled pairs.

    Example: lookalike tune Photos --edits codec,scale,crop --output curves.png
    """
    for path in output or []:
        _check(path)
    with progress_bar(quiet=quiet) as progress:
        tuned = tune_images(
            with_listed(paths, from_file, needed=pairs is None),
            pairs=pairs,
            sample=sample,
            edits=FAMILIES if edits is None else _names(edits),
            algorithms=None if algorithm is None else _names(algorithm),
            budget=budget,
            catalog=catalog,
            use_catalog=not no_catalog,
            workers=workers,
            progress=progress,
            **limits_of(max_pixels, max_seconds, max_memory, read_ahead),
        )
    document, command = tuned.to_dict(), report.plain(shlex.join(tuned.arguments))
    for path in output or []:
        ending = Path(path).suffix.lower()
        tables.replace_file(path, _made(document, command, ending), picture=ending == ".png")
    if json:
        sys.stdout.write(tables.to_json(document))
    else:
        say_written(output or [])  # before the last line, which is what to do next
        for line in tunings.lines(document, command):
            typer.echo(line)
    incomplete = [line for scan in tuned.scans for line in scan.incomplete]
    for line in incomplete:
        typer.echo(f"incomplete: {report.plain(line)}", err=True)
    raise typer.Exit(INCOMPLETE if incomplete else 0)


def _check(path: str) -> None:
    ending = tables.ending_of(path, ENDINGS)
    tables.check_folder(path, picture=ending == ".png")
    if ending == ".png":
        plots.check_plots()


def _made(document: dict[str, Any], command: str, ending: str) -> bytes:
    if ending == ".png":
        return plots.draw_tuning(document)
    if ending == ".html":
        return "".join(tunings.tuning_page(document, command)).encode("utf-8")
    return tables.to_json(document).encode("ascii")


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
