"""Outputs that an earlier run finished: made of the same images in the same way, they need not be made again."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from blake3 import blake3

from lookalike import decode
from lookalike.errors import UsageError
from lookalike.options import ScanOptions
from lookalike.scan.tabling import Wanted
from lookalike.sources.files import Walk
from lookalike.sources.folders import Folder
from lookalike.sources.roots import Root, open_roots
from lookalike.tables.files import TEMPORARY, printable
from lookalike.tables.schema import read_header

BESIDE = ("", "-wal", "-shm", "-journal")
"""Endings of the files that belong to an SQLite file."""

UNSET = ("max_seconds", "max_memory")
"""Limits that nobody set say nothing: tables that were made before there were any are what they are."""


def made_of(paths: Sequence[str], wanted: Wanted, options: ScanOptions, own: Iterable[str] = ()) -> dict[str, Any]:
    """Say what a table is made of, and how.

    Parameters
    ----------
    paths : sequence of str
        Roots.
    wanted : Wanted
        What goes into the table.
    options : ScanOptions
        How to walk and read.
    own : iterable of str
        Files of the run itself, its output and its catalog: where they lie under a root, they do not count.

    Returns
    -------
    dict
        Keys roots, options, images: a digest of every name, size and time that is listed; of an archive, of its own.

    Raises
    ------
    SourceError
        If none of the roots can be read.
    """
    found, missing = open_roots(paths, options.column)
    return made_of_roots(paths, found, missing, wanted, options, own)


def made_of_roots(
    paths: Sequence[str], found: Sequence[tuple[int, Root]], missing: Iterable[str], wanted: Wanted, options: ScanOptions,
    own: Iterable[str] = (),
) -> dict[str, Any]:  # fmt: skip
    """Say what a table is made of whose roots were looked at before.

    Parameters
    ----------
    paths : sequence of str
        Roots, as they are called.
    found : sequence of (int, Root)
        Those that can be read.
    missing : iterable of str
        Those that cannot.
    wanted, options, own
        As for `made_of`.

    Returns
    -------
    dict
        As of `made_of`.
    """
    ours = {os.path.realpath(path) + end for path in own for end in BESIDE}
    names = {os.path.basename(path) for path in ours}
    walk, seen = Walk(options, [root for _, root in found]), blake3()
    for position, root in found:
        for folder in walk.folders(root, position):
            seen.update(repr((folder.path, folder.stamp)).encode())
            for part in [folder] if folder.stamp is not None else walk.parts(folder):
                seen.update(repr(_entries(part, ours, names)).encode())
    told = {
        "specs": [spec.id for spec in wanted.specs], "facts": wanted.facts, "thumbnails": wanted.thumbnails,
        "decode": decode.VERSION, **asdict(options),
    }  # fmt: skip
    told = {
        name: value for name, value in told.items() if name != "read_ahead" and (name not in UNSET or value is not None)
    }
    listed = {"options": {name: list(value) if isinstance(value, tuple) else value for name, value in told.items()}}
    return {
        "roots": [printable(path) for path in paths],
        **listed,
        "images": f"{seen.hexdigest()}{sorted(missing) or ''}",
    }


def _entries(folder: Folder, ours: set[str], names: set[str]) -> list[tuple[str, int, int]]:
    return [
        (entry.name, entry.size, entry.mtime_ns)
        for entry in folder.entries
        if not entry.name.startswith(TEMPORARY)
        and not (entry.name in names and os.path.realpath(folder.path_of(entry.name)) in ours)
    ]


def is_finished(output: str, made: dict[str, Any]) -> bool:
    """Say whether an output is there already, whole: files are replaced whole or not at all.

    Parameters
    ----------
    output : str
        A Parquet file to be written.
    made : dict
        From `made_of`.

    Returns
    -------
    bool
        False where there is none, or the run that wrote it could not see everything.

    Raises
    ------
    UsageError
        If a file of that name is there that was made of something else, or in another way.
    """
    if not os.path.exists(output):
        return False
    header = read_header(output) if os.path.isfile(output) else None
    if header is None:
        raise UsageError(f"{output} is there and no hash table: name another file, or pass --overwrite")
    before = header.run.get("made", {})
    if before != made:
        raise UsageError(
            f"{output} was made {difference(before, made)}: pass --overwrite to make it anew, or name another file"
        )
    return not header.run.get("incomplete")


def difference(before: dict[str, Any], made: dict[str, Any]) -> str:
    """Say in words how what a table was made of differs from what it would be made of now.

    Parameters
    ----------
    before, made : dict
        From `made_of`, not equal.

    Returns
    -------
    str
        To come after "was made".

    Examples
    --------
    >>> difference({"options": {}, "roots": ["a"]}, {"options": {}, "roots": ["b"]})
    'with other roots'
    """
    others = next((what for what in ("options", "roots") if before.get(what) != made[what]), None)
    return f"with other {others}" if others else "before something under its roots was changed"
