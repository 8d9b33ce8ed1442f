"""`lookalike tune`."""

import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from lookalike import plots, report, tables
from lookalike.cli.progress import progress_bar
from lookalike.errors import UsageError
from lookalike.tuned import number
from lookalike.tuning import BUDGET, FAMILIES, SAMPLE
from lookalike.tuning import tune as tune_images

INCOMPLETE = 3
ENDINGS = (".json", ".png")


def tune(
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="PATH", help="Folders, entered recursively, and files.")
    ] = None,
    pairs: Annotated[
        str | None,
        typer.Option(
            metavar="FILE.csv", help="Labelled pairs (path_a, path_b, same) in the place of edits made by rule."
        ),
    ] = None,
    sample: Annotated[int, typer.Option(metavar="N", help="Most images that edits are made of.")] = SAMPLE,
    edits: Annotated[
        str | None, typer.Option(metavar="FAMILY[,FAMILY]", help=f"Default: all, {', '.join(FAMILIES)}.")
    ] = None,
    algorithm: Annotated[
        str | None, typer.Option(metavar="NAME[,NAME]", help="Hashes to try. Default: all that can be joined.")
    ] = None,
    budget: Annotated[float, typer.Option(help="False candidates an image that a radius may bring.")] = BUDGET,
    output: Annotated[
        list[str] | None, typer.Option(metavar="FILE", help="Write all of it to .json, or curves to .png. Repeatable.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
    catalog: Annotated[str | None, typer.Option(metavar="FILE", help="Where scans are remembered.")] = None,
    no_catalog: Annotated[bool, typer.Option("--no-catalog", help="Remember nothing.")] = False,
    workers: Annotated[int | None, typer.Option(help="Images decoded at a time. Default: one per core.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar.")] = False,
) -> None:
    """Say which hash, radius and tier suit a collection, measured on edits of its own images or on labelled pairs.

    Example: lookalike tune Photos --edits codec,scale,crop --output curves.png
    """
    for path in output or []:
        _check(path)
    with progress_bar(quiet=quiet) as progress:
        tuned = tune_images(
            paths or (),
            pairs=pairs,
            sample=sample,
            edits=FAMILIES if edits is None else _names(edits),
            algorithms=None if algorithm is None else _names(algorithm),
            budget=budget,
            catalog=catalog,
            use_catalog=not no_catalog,
            workers=workers,
            progress=progress,
        )
    document = tuned.to_dict()
    for path in output or []:
        made = (
            plots.draw_tuning(document) if path.lower().endswith(".png") else tables.to_json(document).encode("ascii")
        )
        tables.replace_file(path, made)
    if json:
        sys.stdout.write(tables.to_json(document))
    else:
        for line in _lines(document, report.plain(shlex.join(tuned.arguments))):
            typer.echo(line)
    incomplete = [line for scan in tuned.scans for line in scan.incomplete]
    for line in incomplete:
        typer.echo(f"incomplete: {report.plain(line)}", err=True)
    raise typer.Exit(INCOMPLETE if incomplete else 0)


def _check(path: str) -> None:
    ending = Path(path).suffix.lower()
    if ending not in ENDINGS:
        raise UsageError(f"cannot tell what to write to {path}: let the name end in {' or '.join(ENDINGS)}")
    tables.check_folder(path)
    if ending == ".png":
        plots.check_plots()


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _lines(document: dict[str, Any], command: str) -> Iterator[str]:
    yield from _measured_on(document)
    yield ""
    yield from _hashes(document)
    yield ""
    yield from _find(document)
    yield ""
    for note in document["notes"]:
        yield f"note: {note}"
    yield ""
    yield "Recommended:"
    yield f"  {command}"


def _measured_on(document: dict[str, Any]) -> Iterator[str]:
    found, pairs = document["collection"], document["pairs"]
    if found is not None:
        yield (
            f"{found['images']:,} images; {found['compared']:,} were compared with each other, {found['same']:,} left out "
            f"as the same picture as another, {found['low_detail']:,} have too little detail to be matched by hash"
        )
    if pairs["edits"]:
        yield f"recall: {pairs['same']:,} edited pictures, {pairs['edits']} edits of each of {pairs['images']:,} images"
    else:
        yield (
            f"labelled pairs: {pairs['same']:,} the same picture, of {pairs['images']:,} pictures in all; "
            f"{pairs['different']:,} not the same"
        )
    if pairs["unread"]:
        yield f"{pairs['unread']:,} {'edits' if pairs['edits'] else 'labelled pairs'} could not be read and do not count"
    if document["failures"]:
        first = document["failures"][0]
        example = f"{report.plain(first['path'])}: {report.plain(first['reason'])}"
        yield f"{len(document['failures']):,} not read (for example {example})"


def _hashes(document: dict[str, Any]) -> Iterator[str]:
    level, budget = document["level"], document["options"]["budget"]
    most = f"{budget:g} false candidate{'' if budget == 1 else 's'} an image"
    yield f"Hashes alone, each at the largest radius with at most {most}, the best first;"
    of = (
        "pairs of different images to be expected among all images"
        if document["collection"]
        else "those labelled as different"
    )
    yield f"in brackets {level:.0%} intervals. False pairs: {of}."
    beside = document["collection"] and document["pairs"]["different"]
    yield f"  {'hash':<18}{'bits':>4}  {'radius':>6}   {'recall':<22}false pairs"
    for row in document["hashes"]:
        name = f"{row['algorithm']} {row['size']}"
        recall, false = _share(row["recall"]), _count(row["false_pairs"])
        labelled = f"   {row['labelled_false']} of those labelled" if beside else ""
        over = "" if row["within_budget"] else "   over the budget"
        yield f"  {name:<18}{row['bits']:>4}  {row['radius']:>6}   {recall:<22}{false}{labelled}{over}"


def _find(document: dict[str, Any]) -> Iterator[str]:
    runs = document["find"]
    yield "What find does: share that it proposes, that it finds as copy, and as copy or edit"
    heads = "  ".join(f"{head:>8}" for head in ("proposed", "copy", "edit"))
    yield f"  {'':<12}{'':>7}   {'with the defaults':<31}recommended"
    yield f"  {'':<12}{'pairs':>7}   {heads:<31}{heads}"
    families = list(runs["default"]["families"])
    for name in [*families, "total"] if len(families) > 1 else families:
        rows = [run["total"] if name == "total" else run["families"][name] for run in runs.values()]
        cells = ["  ".join(f"{row[part]['estimate']:>8.1%}" for part in ("proposed", "copy", "edit")) for row in rows]
        label = "all" if name == "total" else name
        yield f"  {label:<12}{rows[0]['pairs']:>7,}   {cells[0]:<31}{cells[1]}"
    shares = [_share(run["total"]["edit"]) for run in runs.values()]
    yield f"  of all found as copy or edit: {shares[0]} with the defaults, {shares[1]} recommended"
    if not runs["recommended"]["image_pairs"]:
        return
    yield f"  false pairs, {_where(document)}:"
    for label, run in (("with the defaults", runs["default"]), ("recommended", runs["recommended"])):
        false = run["false_pairs"]
        yield (
            f"    {label:<18} proposed {_count(run['false_candidates'])}, copy {_count(false['copy'])}, copy or edit "
            f"{_count(false['edit'])}"
        )


def _where(document: dict[str, Any]) -> str:
    run = document["find"]["recommended"]
    if not document["pairs"]["edits"]:
        return f"of the {run['image_pairs']:,} labelled as different"
    left = f", {run['same']:,} left out as the same picture" if run["same"] else ""
    return f"expected among all images (seen among {run['image_pairs']:,} pairs of images and their edits{left})"


def _share(row: dict[str, float]) -> str:
    return f"{row['estimate']:.1%} ({row['low']:.1%}-{row['high']:.1%})"


def _count(row: dict[str, float]) -> str:
    if not row["estimate"]:
        return f"none seen (<{number(row['high'])})"
    return f"{number(row['estimate'])} ({number(row['low'])}-{number(row['high'])})"
