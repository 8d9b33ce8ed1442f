"""Keep lists: one small file per shard that says which of its images stay and which go, and a manifest of them all.

A list is JSON with one name a line: easy to read elsewhere, whatever the names are. Files are replaced whole, and the manifest
last, so that writing them again after a crash ends the same.
"""

import json
import os
import re
from dataclasses import dataclass
from typing import Any

from blake3 import blake3

import lookalike
from lookalike.errors import UnsafeError, UsageError
from lookalike.tables.fields import Fields, load, parse
from lookalike.tables.files import make_folder, path_fields, replace_file
from lookalike.tables.kept import KeepTable
from lookalike.tables.mapped import NO_MAP, PathMap

MANIFEST = "manifest.json"
LISTS_VERSION = 1
KIND = "keep lists"

Name = str | int
"""A path below a folder, the name of a member, or the number of a row."""


@dataclass(frozen=True, slots=True)
class Shard:
    """What a manifest says of one shard.

    Attributes
    ----------
    path : str
        As it was given.
    kind : str
        Kind of its source.
    size : int or None
        Bytes of the archive or table; None where it is no file that could be looked at.
    images, kept, dropped : int
        How many.
    file : str
        Name of its list, beside the manifest.
    digest : bytes
        BLAKE3 of the list.
    """

    path: str
    kind: str
    size: int | None
    images: int
    kept: int
    dropped: int
    file: str
    digest: bytes


def check_lists_folder(folder: str) -> None:
    """Check that keep lists can be written to a folder, before any work is done.

    Parameters
    ----------
    folder : str
        A folder that is missing, empty, or holds keep lists.

    Raises
    ------
    UsageError
        If the folder above it is missing, or it is a file.
    UnsafeError
        If it holds something else.
    """
    above = os.path.dirname(os.path.abspath(folder))
    if not os.path.isdir(above):
        raise UsageError(f"the folder of {folder} does not exist")
    if not os.path.lexists(folder):
        return
    if not os.path.isdir(folder):
        raise UsageError(f"{folder} is no folder: name one for the keep lists")
    names = _names_in(folder)
    if names and not os.path.exists(os.path.join(folder, MANIFEST)):
        if all(name.startswith(".lookalike-") or _OWN.fullmatch(name) for name in names):
            return  # of a run that was stopped
        raise UnsafeError(f"{folder} holds other files: name a new folder for the keep lists")
    read_manifest(folder)


def _names_in(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError as error:
        raise UsageError(f"cannot read the folder {folder}: {error.strerror}") from error


def write_lists(table: KeepTable, folder: str, options: dict[str, Any], shown: PathMap = NO_MAP) -> tuple[Shard, ...]:
    """Write the keep lists of a set.

    Parameters
    ----------
    table : KeepTable
        What is kept.
    folder : str
        Where; made if it is missing. Lists of before that are not among them any more are removed.
    options : dict
        Of the search, for the manifest.
    shown : PathMap
        What the paths of shards are called in lists and manifest; `folder` is one here.

    Returns
    -------
    tuple of Shard
        As the manifest has them.

    Raises
    ------
    UsageError
        If a file cannot be written.
    UnsafeError
        As `check_lists_folder`.
    """
    check_lists_folder(folder)
    make_folder(folder)
    before = {name for name in _names_in(folder) if _OWN.fullmatch(name)}
    shards = []
    for rows in table.by_shard():
        at = int(table.shard[rows[0]])
        path, kind = table.shards[at], table.source[int(rows[0])]
        keep = table.keep[rows].tolist()
        names: list[Name] = [
            table.key[row] if number < 0 else number
            for row, number in zip(rows.tolist(), table.number[rows].tolist(), strict=True)
        ]
        kept = [name for name, stays in zip(names, keep, strict=True) if stays]
        dropped = [name for name, stays in zip(names, keep, strict=True) if not stays]
        content = _list(shown.path(path), kind, kept, dropped)
        file = f"{at:05}-{_plain(path)}.json"
        target = os.path.join(folder, file)
        if not _holds(target, content):
            replace_file(target, content)
        counts = len(rows), len(kept), len(dropped)
        shards.append(Shard(shown.path(path), kind, _size(path), *counts, file, blake3(content).digest()))
    replace_file(os.path.join(folder, MANIFEST), _manifest(shards, shown(options)))
    for name in before - {shard.file for shard in shards}:
        os.unlink(os.path.join(folder, name))
    return tuple(shards)


def read_manifest(folder: str) -> tuple[Shard, ...]:
    """Read the manifest of keep lists.

    Parameters
    ----------
    folder : str
        Where they are.

    Returns
    -------
    tuple of Shard
        Of all shards.

    Raises
    ------
    UsageError
        If there is none, or it is not one of keep lists.
    """
    fields = load(os.path.join(folder, MANIFEST), "the manifest of keep lists")
    _check_version(fields)
    shards = []
    for row in fields.objects("shards", "shard"):
        file = row.take("file", str)
        if not _OWN.fullmatch(file):
            row.wrong("file", "the name of a list beside the manifest")
        shards.append(
            Shard(
                row.path("path"), row.take("kind", str), row.nullable("bytes", int), row.take("images", int),
                row.take("kept", int), row.take("dropped", int), file, row.digest("digest"),
            )
        )  # fmt: skip
    return tuple(shards)


def read_list(folder: str, shard: Shard) -> tuple[list[Name], list[Name]]:
    """Read the list of a shard.

    Parameters
    ----------
    folder : str
        Where it is.
    shard : Shard
        From `read_manifest`.

    Returns
    -------
    tuple of list
        What stays and what goes.

    Raises
    ------
    UsageError
        If it cannot be read, or is not what the manifest says.
    """
    path = os.path.join(folder, shard.file)
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from error
    if blake3(content).digest() != shard.digest:
        raise UsageError(f"{path} is not the list that the manifest names: write the keep lists again")
    fields = parse(content, f"the keep list {path}")
    return fields.take("keep", list), fields.take("drop", list)


_OWN = re.compile(r"\d{5,}-[\w.-]*\.json")
"""Names of lists."""


def _check_version(fields: Fields) -> None:
    if fields.optional("holds", str, "") != KIND:
        raise UsageError(f"{fields.label} is not one: it was not written with --keep-lists")
    version = fields.take("version", int)
    if version != LISTS_VERSION:
        raise UsageError(
            f"{fields.label} has version {version}, and this program reads {LISTS_VERSION}: write it again"
        )


def _list(path: str, kind: str, kept: list[Name], dropped: list[Name]) -> bytes:
    head = json.dumps({"version": LISTS_VERSION, **path_fields(path, "shard"), "kind": kind})
    parts = (f',\n"{what}": [{_lines(names)}]' for what, names in (("keep", kept), ("drop", dropped)))
    return f"{head[:-1]}{''.join(parts)}}}\n".encode("ascii")


def _lines(names: list[Name]) -> str:
    return "\n" + ",\n".join(map(json.dumps, names)) + "\n" if names else ""


def _manifest(shards: list[Shard], options: dict[str, Any]) -> bytes:
    rows = [
        {
            **path_fields(shard.path), "kind": shard.kind, "bytes": shard.size, "images": shard.images, "kept": shard.kept,
            "dropped": shard.dropped, "file": shard.file, "digest": shard.digest.hex(),
        }
        for shard in shards
    ]  # fmt: skip
    document = {
        "version": LISTS_VERSION, "holds": KIND, "lookalike": lookalike.__version__, "options": options,
        "images": sum(shard.images for shard in shards), "kept": sum(shard.kept for shard in shards),
        "dropped": sum(shard.dropped for shard in shards), "shards": rows,
    }  # fmt: skip
    return (json.dumps(document, indent=1) + "\n").encode("ascii")


def _plain(path: str) -> str:
    """Return the last name of a path, of letters that every file system takes."""
    return re.sub(r"[^A-Za-z0-9.-]+", "_", os.path.basename(path.rstrip("/" + os.sep)))[-80:]


def _holds(path: str, content: bytes) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read() == content
    except OSError:
        return False


def _size(path: str) -> int | None:
    try:
        return os.path.getsize(path) if os.path.isfile(path) else None
    except OSError:
        return None
