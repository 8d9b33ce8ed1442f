"""`lookalike leaks`."""

import os
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from lookalike import report, tables
from lookalike.cli.choices import OrientChoice, one_of
from lookalike.cli.commands import command
from lookalike.cli.lists import parse
from lookalike.cli.options import FindArguments, Maps, shown_groups, with_arguments
from lookalike.cli.outcomes import say_written
from lookalike.cli.progress import progress_bar
from lookalike.errors import UnsafeError, UsageError
from lookalike.leakage.leaked import Leaks
from lookalike.leaking import leaks as find_leaks
from lookalike.report import leaks as pages

if TYPE_CHECKING:
    from lookalike.model import Orient

LEAKING = 1
INCOMPLETE = 3
PAGE = ".html"
ENDINGS = (".json", ".csv", PAGE)


@with_arguments(
    "against", "from_file", orient="group", within="orient", fix="protect", fix_keep="fix", output="fix_keep",
    full_pictures="output",
    json="full_pictures", show="json", decisions="ledger", baseline="decisions",
)  # fmt: skip
def leaks(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="TRAIN TEST", help="A split each; or a folder that holds folders train, val, test, ..."),
    ] = None,
    split: Annotated[
        list[str] | None, typer.Option(metavar="NAME=PATH", help="A path of the split NAME. Repeatable.")
    ] = None,
    *,
    search: FindArguments,
    orient: OrientChoice = "mirror",
    within: Annotated[
        int | None,
        typer.Option(metavar="DEPTH", help="How many folder names make a class; 0: no classes. Default: as the tree looks."),
    ] = None,
    decisions: Annotated[
        str | None, typer.Option(metavar="FILE", help="Decisions that hold beside those of the ledger, to accept pairs.")
    ] = None,
    baseline: Annotated[
        str | None, typer.Option(metavar="FILE.json", help="What leaks or find once wrote: pairs in it do not fail.")
    ] = None,
    fix: Annotated[
        str | None, typer.Option(metavar="DIR", help="Write a list of images per split, so that no group lies in two.")
    ] = None,
    fix_keep: Annotated[
        str,
        typer.Option(
            metavar="first|last|NAME",
            help="The split whose images stay in these lists.",
            autocompletion=one_of("first", "last"),
        ),
    ] = "last",
    output: Annotated[
        list[str] | None, typer.Option(metavar="FILE", help="Write all of it to .json, .csv or .html. Repeatable.")
    ] = None,
    full_pictures: Annotated[
        bool, typer.Option("--full-pictures", help="A .html of any size, with all pictures. Default: 40 MB at most.")
    ] = False,
    maps: Maps = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
    show: Annotated[
        str, typer.Option(metavar="N|all", help="How many pairs to print.", autocompletion=one_of("all"))
    ] = str(pages.SHOWN_PAIRS),
    fail_on_duplicates: Annotated[
        bool,
        typer.Option(
            "--fail-on-duplicates", help="Exit with 1 if there are (new) pairs, with 3 if anything could not be read."
        ),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar, no text.")] = False,
) -> None:  # fmt: skip
    """Find pictures that are in more than one split of a data set.

    Also said is which pictures are in different classes.

    Example: lookalike leaks data/train data/test --fail-on-duplicates
    """
    shown, called = shown_groups(show), tables.PathMap.parse(maps or ())
    _check(output or [], fix, fix_keep, full_pictures=full_pictures)
    told = {name: value for name, value in search.keywords().items() if name not in ("against", "orient")}
    with progress_bar(quiet=quiet) as progress:
        found = find_leaks(
            *(paths or ()),
            splits=_named(split or []),
            orient=cast("Orient", orient),
            within=within,
            decisions=decisions,
            baseline=baseline,
            progress=progress,
            **told,
        )
    document = called(found.to_dict())
    for line in document["warnings"]:
        typer.echo(f"lookalike: {report.plain(line)}", err=True)
    for path in output or []:
        with tables.replacing(path) as file:
            file.writelines(
                part.encode("utf-8") for part in _made(found, document, path, called, full_pictures=full_pictures)
            )
    written = [] if fix is None else _write_lists(found, fix_keep, fix, called)
    if json:
        sys.stdout.write(tables.to_json(document))
    elif not quiet:
        accept = decisions or ("a file for --decisions" if baseline or fail_on_duplicates else None)
        suggested = (
            None if fix or fail_on_duplicates or not document["pairs"] else command(*sys.argv[1:], "--fix", "lists")
        )
        for line in (*pages.lines(document, show=shown, accept=accept, suggested=suggested), *written):
            typer.echo(line)
        say_written(output or [])
    raise typer.Exit(_exit_code(found, fail_on_duplicates=fail_on_duplicates))


def _check(output: list[str], fix: str | None, fix_keep: str, *, full_pictures: bool) -> None:
    for path in output:
        tables.ending_of(path, ENDINGS)
        tables.check_folder(path)
    if fix is not None:
        tables.check_folder(fix)
    elif fix_keep != "last":
        raise UsageError("--fix-keep is about lists: add --fix DIR")
    if full_pictures and not any(path.lower().endswith(PAGE) for path in output):
        raise UsageError("--full-pictures is about a page: add --output FILE.html")


def _named(given: list[str]) -> dict[str, list[str]]:
    named: dict[str, list[str]] = defaultdict(list)
    for text in given:
        name, equals, path = text.partition("=")
        if not (name and equals and path):
            raise UsageError(f"--split takes NAME=PATH, such as train=data/train, got {text!r}")
        named[name].append(path)
    return named


def _made(
    found: Leaks, document: dict[str, Any], path: str, called: tables.PathMap, *, full_pictures: bool
) -> Iterable[str]:
    ending = Path(path).suffix.lower()
    if ending == PAGE:
        return found.html_parts(full_pictures=full_pictures, shown=called)
    return [tables.leaks_to_csv(document) if ending == ".csv" else tables.to_json(document)]


def _write_lists(found: Leaks, keep: str, folder: str, called: tables.PathMap) -> list[str]:
    """Write a list for each split, and say of each how long it is."""
    lists = found.fix(keep)
    names = [name.replace(os.sep, "-") for name in lists]
    if twice := [name for name in names if names.count(name) > 1]:
        raise UsageError(f"two lists would be called {twice[0]}: name the splits otherwise, by --split NAME=PATH")
    told = []
    images = {called.path(path) for split in found.splits for path in split.images}
    for name in names:
        _check_list(os.path.join(folder, name), images)
    tables.make_folder(folder)
    for name, split in zip(names, found.splits, strict=True):
        kept = called(lists[split.name])
        place = os.path.join(folder, name + (".nul" if any("\n" in path for path in kept) else ".txt"))
        tables.write_paths(kept, place)
        unread = f", {split.failed:,} not read" if split.failed else ""
        told.append(
            f"{report.plain(place)}: {report.counted(len(kept), 'image')}, {len(split.images) - len(kept):,} left out{unread}"
        )
    return told


def _check_list(place: str, images: set[str]) -> None:
    """Refuse to overwrite what is no list of before: a data set may have lists of its own, under the names of its splits."""
    for path in (f"{place}.txt", f"{place}.nul"):
        try:
            content = Path(path).read_bytes()
        except OSError:  # not there, or writing says what is wrong
            continue
        if not images.issuperset(parse(content, nul=path.endswith(".nul"))):
            raise UnsafeError(f"{path} is there and no list of these images, and is not overwritten: name a new folder")


def _exit_code(found: Leaks, *, fail_on_duplicates: bool) -> int:
    """Return how to end: what could not be read may be in any split, so that nothing passes for clean because of it."""
    if fail_on_duplicates and found.unread:
        typer.echo(
            f"lookalike: {report.counted(found.unread, 'path')} could not be read, so that nobody knows whether they leak: "
            "mend them, or pass over them by --exclude",
            err=True,
        )
        return INCOMPLETE
    if found.incomplete:
        return INCOMPLETE
    return LEAKING if fail_on_duplicates and found.new else 0
