"""What came of it: acts on files as JSON, of which paths survive whatever their bytes are; and files that were written."""

import sys
from collections.abc import Iterable
from typing import Any

import typer

from lookalike import tables
from lookalike.escaping import plain
from lookalike.removal.applying import Applied, Refusal
from lookalike.removal.purging import Purged
from lookalike.removal.undoing import Undone

VERSION = 1


def print_row(row: dict[str, Any]) -> None:
    """Print an object, and nothing else.

    Parameters
    ----------
    row : dict
        What to print.
    """
    sys.stdout.write(tables.to_json(row))


def say_written(paths: Iterable[str]) -> None:
    """Say which files are there now that somebody asked for.

    Parameters
    ----------
    paths : iterable of str
        As they were given.
    """
    for path in paths:
        typer.echo(f"Written: {plain(path)}")


def applied_row(done: Applied) -> dict[str, Any]:
    """Return what came of a plan.

    Parameters
    ----------
    done : Applied
        What came of it.

    Returns
    -------
    dict
        Keys version, batch (null where nothing was to be done), action, images, files, bytes, places, inside, refused.
    """
    return {
        "version": VERSION, "batch": done.batch, "action": done.action, "images": done.images, "files": done.files,
        "bytes": done.size, "places": [tables.path_fields(place) for place in done.places],
        "inside": [tables.path_fields(root) for root in done.inside], "refused": _refusals(done.refused),
    }  # fmt: skip


def undone_row(done: Undone) -> dict[str, Any]:
    """Return what came of an undo.

    Parameters
    ----------
    done : Undone
        What came of it.

    Returns
    -------
    dict
        Keys version, batch, files, bytes, beside (path, and what it is called now), refused.
    """
    beside = [tables.path_fields(path) | tables.path_fields(where, "restored") for path, where in done.beside]
    return {
        "version": VERSION, "batch": done.batch, "files": done.files, "bytes": done.size, "beside": beside,
        "refused": _refusals(done.refused),
    }  # fmt: skip


def purged_row(done: Purged) -> dict[str, Any]:
    """Return what came of a purge.

    Parameters
    ----------
    done : Purged
        What came of it.

    Returns
    -------
    dict
        Keys version, batch, files, bytes, held.
    """
    return {
        "version": VERSION, "batch": done.batch, "files": done.files, "bytes": done.size, "held": _refusals(done.held),
    }  # fmt: skip


def _refusals(refused: Iterable[Refusal]) -> list[dict[str, str]]:
    return [{**tables.path_fields(one.path), "reason": tables.printable(one.reason)} for one in refused]
