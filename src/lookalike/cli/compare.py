"""`lookalike compare`."""

import io
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from PIL import Image

from lookalike import tables
from lookalike.cli.choices import PairDecoding, WhoseDistances
from lookalike.cli.limits import MaxMemory, MaxPixels, MaxSeconds, limits_of
from lookalike.cli.outcomes import say_written
from lookalike.comparing import Comparison, compared, panels, side_by_side, specs_of
from lookalike.errors import DecodeError, SourceError, UsageError
from lookalike.limiting import SecondLooks
from lookalike.model import MAX_PIXELS
from lookalike.options import ScanOptions
from lookalike.report import plain
from lookalike.report.comparisons import comparison_page
from lookalike.showing.previews import encoded

PAGE = ".html"
ENDINGS = (PAGE, ".png", "")  # a device has none, and takes a picture


def compare(
    first: Annotated[str, typer.Argument(metavar="A", help="An image.")],
    others: Annotated[list[str], typer.Argument(metavar="B...", help="Images, each compared with A.")],
    algorithm: WhoseDistances = None,
    decode: PairDecoding = "full",
    output: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Draw A, B and their difference to .png, or show them with all figures in .html."
        ),
    ] = None,
    max_pixels: MaxPixels = MAX_PIXELS,
    max_seconds: MaxSeconds = None,
    max_memory: MaxMemory = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Say how images are alike, and by how much.

    Each is compared with the first: tier, what was done to the picture, and the distance by every algorithm.

    Example: lookalike compare photo.jpg edited.jpg other.jpg --output differences.png
    """
    names = None if algorithm is None else [name.strip() for name in algorithm.split(",")]
    specs = specs_of(names, decode)
    looks = SecondLooks(ScanOptions(**limits_of(max_pixels, max_seconds, max_memory)), workers=1)
    if output is not None:
        _check(output, [first, *others])
    pairs = compared(first, others, specs, looks)
    found, drawn = [], []
    for other in others:
        try:
            found.append(next(pairs))
            if output is not None:
                drawn.append(panels(first, other, looks))
        except OSError as error:
            raise SourceError(f"{plain(error.filename or other)} cannot be read: {error.strerror or error}") from error
        except DecodeError as error:
            raise SourceError(f"{plain(first)} or {plain(other)} cannot be read: {error}") from error
    rows = [_row(other, one) for other, one in zip(others, found, strict=True)]
    document = {"version": 1, "path": tables.printable(first), "compared": rows}
    if output is not None and output.lower().endswith(PAGE):
        pictures = [[encoded(part) for part in shown] for shown in drawn]
        tables.replace_file(output, "".join(comparison_page(document, pictures)).encode("utf-8"))
    elif output is not None:
        tables.replace_file(output, _drawing([side_by_side(shown) for shown in drawn]), picture=True)
    if json:
        sys.stdout.write(tables.to_json(document))
    else:
        for other, one in zip(others, found, strict=True):
            _print(first, other, one)
        say_written([] if output is None else [output])


def _check(output: str, images: list[str]) -> None:
    tables.check_folder(output, picture=True)
    if any(os.path.exists(output) and os.path.samefile(output, path) for path in images if os.path.exists(path)):
        raise UsageError(f"--output {output} is one of the images: name another file")
    if Path(output).suffix.lower() not in ENDINGS:
        raise UsageError(f"cannot tell what to write to {output}: let the name end in .png or .html")


def _row(other: str, found: Comparison) -> dict[str, Any]:
    return {
        "path": tables.printable(other), "tier": found.tier.name.lower(), "score": found.score, "relation": found.relation,
        "distances": {
            one.algorithm: {"distance": one.distance, "bits": one.bits, "share": one.share} for one in found.distances
        },
        "evidence": found.evidence,
    }  # fmt: skip


def _print(first: str, other: str, found: Comparison) -> None:
    typer.echo(f"{plain(first)} and {plain(other)}")
    tier = "different" if found.tier.name == "NONE" else found.tier.name.lower()
    typer.echo(f"  {tier}: {found.relation}, score {found.score:.3f}")
    for one in found.distances:
        typer.echo(f"  {one.algorithm:<14}  {one.distance:>4} of {one.bits:>4} bits  {one.share:>6.1%}")


def _drawing(rows: list[Image.Image]) -> bytes:
    """Return a PNG file of rows below each other."""
    page = Image.new("RGB", (max(row.width for row in rows), sum(row.height + 10 for row in rows) - 10), "white")
    top = 0
    for row in rows:
        page.paste(row, (0, top))
        top += row.height + 10
    file = io.BytesIO()
    page.save(file, "PNG")
    return file.getvalue()
