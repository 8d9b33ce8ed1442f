"""`lookalike review`."""

import getpass
import os
import socket
import sys
import webbrowser
from contextlib import nullcontext
from dataclasses import replace
from typing import Annotated

import typer

from lookalike import report, tables
from lookalike.cli.choices import MAY_GO, choice
from lookalike.cli.options import FindArguments, KeepArguments, findings_file, with_arguments
from lookalike.cli.progress import progress_bar
from lookalike.finding import find
from lookalike.limiting import TRAVELLING
from lookalike.model import Tier
from lookalike.opening import default_catalog, open_catalog
from lookalike.plan import KeepOptions
from lookalike.reviewing.acting import check_action
from lookalike.reviewing.session import Review
from lookalike.reviewing.subject import Subject, of_document, of_findings
from lookalike.showing.previews import Previews
from lookalike.web.serving import HOST, check_address, serve

INCOMPLETE = 3


@with_arguments()
def review(
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="PATH", help="Folders, files, archives, URLs, or findings of `find` (.json).")
    ] = None,
    accept: Annotated[str, choice("Loosest tier that is proposed to go: exact, copy or edit.", *MAY_GO)] = "copy",
    port: Annotated[int, typer.Option(help="Where to listen; 0 for any that is free.")] = 0,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the address instead of opening it.")] = False,
    plan: Annotated[
        str | None, typer.Option(metavar="FILE", help="Where the plan is written. Default: beside the ledger.")
    ] = None,
    behind: Annotated[
        str | None, typer.Option(metavar="URL", help="Address under which a notebook proxy shows this port.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen at; another than this machine's own needs --container.")] = HOST,
    container: Annotated[bool, typer.Option("--container", help="Allow another --host: only for use in a container.")] = False,
    acting: KeepArguments = KeepArguments(),  # noqa: B008 - frozen
    search: FindArguments = FindArguments(),  # noqa: B008 - frozen
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar; print the address alone.")] = False,
) -> None:  # fmt: skip
    """Look at the groups in a browser, and choose what goes.

    Nothing happens before its last page, and there is an undo after. Ctrl-C ends it; choices are remembered.

    Example: lookalike review Photos --tier similar
    """
    options = KeepOptions(tier=Tier.parse(accept), **acting.keywords(search))
    check_action(options)
    check_address(host, container=container, behind=behind)
    if plan is not None:
        tables.check_folder(plan)
    place = None if search.no_catalog else (search.catalog or default_catalog())
    subject = _subject(search.paths(paths), search, quiet=quiet)
    made = Review(subject, options, ledger=search.ledger, workers=search.workers)
    with nullcontext() if place is None else open_catalog(place) as store:
        folder = None if place is None else f"{place}.previews"
        previews = Previews(store, folder, looks=made.second, reader=subject.reader)
        previews.trim()

        def ready(address: str, number: int) -> None:
            _tell(address, number, quiet=quiet, opened=not no_browser and _open(address))

        serve(
            made, previews, port=port, host=host, container=container, behind=behind, plan_file=plan, ready=ready
        )  # fmt: skip
    if not quiet:
        counts = made.counts
        typer.echo(
            f"{report.counted(counts.left, 'group')} open, {counts.chosen:,} chosen, {counts.removed:,} removed."
        )
    raise typer.Exit(INCOMPLETE if subject.incomplete else 0)


def _subject(paths: list[str], search: FindArguments, *, quiet: bool) -> Subject:
    found = findings_file(paths, search, "catalog", "no_catalog", *TRAVELLING)
    if found is not None:
        subject, usual = of_document(tables.read_document(found)), FindArguments().keywords()
        told = {name: value for name, value in search.keywords().items() if name in TRAVELLING and value != usual[name]}
        return replace(subject, found=subject.found | told)
    with progress_bar(quiet=quiet) as progress:
        findings = find(paths, **search.keywords(), progress=progress)
    for line in (*findings.warnings, *(f"incomplete: {one}" for one in findings.incomplete)):
        typer.echo(f"lookalike: {report.plain(line)}", err=True)
    return of_findings(findings)


def _open(address: str) -> bool:
    """Open the address, where there is a screen to open it on."""
    if sys.platform.startswith("linux") and not any(
        name in os.environ for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    ):
        return False  # what would open runs in this very terminal
    try:
        return webbrowser.open(address)
    except webbrowser.Error:
        return False


def _tell(address: str, port: int, *, quiet: bool, opened: bool) -> None:
    if quiet:
        typer.echo(address)
        return
    typer.echo(f"{'The review is open in your browser' if opened else 'Open the review in a browser'}: {address}")
    if not opened:
        typer.echo(f"From another machine, first: ssh -L {port}:{HOST}:{port} {_user()}{socket.gethostname()}")
    typer.echo("Ctrl-C, or Quit on the page, ends it; the same command goes on where you stopped.")
    sys.stdout.flush()


def _user() -> str:
    """Return who is asked for with ssh; nothing where this user has no name, as in containers that run under a number."""
    try:
        return f"{getpass.getuser()}@"
    except (KeyError, OSError):
        return ""
