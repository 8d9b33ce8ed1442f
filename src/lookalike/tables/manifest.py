"""The manifest of a batch: what lies in a quarantine and where it came from, without which the ledger would be needed."""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from lookalike.errors import UnsafeError
from lookalike.journal import Entry
from lookalike.plan import LINKS
from lookalike.tables.files import path_fields, path_of

MANIFEST = "manifest.jsonl"
MANIFEST_VERSION = 1
SIDECAR = ".xmp"
"""Ending of the files that are written."""


@dataclass(frozen=True, slots=True)
class ManifestRoot:
    """A root whose files lie in a batch.

    Attributes
    ----------
    label : str
        Its folder within that of the batch.
    absolute, relative : str
        Where it was: from the top of the file system, and from the folder of the batch.
    """

    label: str
    absolute: str
    relative: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a manifest says.

    Attributes
    ----------
    batch : str
        Name of the batch.
    created : str
        When, ISO 8601.
    roots : tuple of ManifestRoot
        Where its files came from.
    entries : tuple of Entry
        Origins begin with the label of a root and go on within it; places are relative to the folder of the batch.
    unread : int
        Lines that are damaged; what they say is lost.
    """

    batch: str
    created: str
    roots: tuple[ManifestRoot, ...]
    entries: tuple[Entry, ...]
    unread: int = 0


def header(batch: str, created: str, roots: Sequence[ManifestRoot]) -> bytes:
    """Return the line that a manifest begins with.

    Parameters
    ----------
    batch, created : str
        Name and time.
    roots : sequence of ManifestRoot
        Where the files come from; each has a label of its own.

    Returns
    -------
    bytes
        One line.
    """
    rows = [
        {
            **path_fields(root.label, "label"), **path_fields(root.absolute, "root"),
            **path_fields(root.relative, "relative"),
        }
        for root in roots
    ]  # fmt: skip
    return _line({"version": MANIFEST_VERSION, "batch": batch, "created": created, "roots": rows})


def lines(entries: Iterable[tuple[Entry, ManifestRoot]], folder: str) -> bytes:
    """Return the lines of entries.

    Parameters
    ----------
    entries : iterable of (Entry, ManifestRoot)
        What is about to be moved, and the root it comes from.
    folder : str
        The folder of the batch, absolute.

    Returns
    -------
    bytes
        A line each.
    """
    return b"".join(
        _line(
            {
                "unit": entry.unit, "kind": entry.kind,
                **path_fields(os.path.join(root.label, os.path.relpath(entry.origin, root.absolute))),
                **({} if entry.place is None else path_fields(os.path.relpath(entry.place, folder), "place")),
                **({} if entry.keeper is None else path_fields(entry.keeper, "keeper")),
                **({} if entry.target is None else path_fields(entry.target, "target")),
                "digest": entry.digest.hex(), "size": entry.size, "mtime_ns": entry.mtime_ns, "mode": entry.mode,
            }
        )
        for entry, root in entries
    )  # fmt: skip


def read_manifest(path: str) -> Manifest:
    """Read a manifest. A last line that was cut off is passed over: what it names had not been moved.

    Parameters
    ----------
    path : str
        The file.

    Returns
    -------
    Manifest
        What it says; of lines about the same file in the same place the last.

    Raises
    ------
    UnsafeError
        If it cannot be read, or was not written by lookalike: if it would have a file put outside its roots, say.
    """
    try:
        with open(path, "rb") as file:
            first, *rows = file.read().split(b"\n")
    except OSError as error:
        raise UnsafeError(f"{path} cannot be read: {error.strerror}") from error
    try:
        head = json.loads(first)
        if head["version"] != MANIFEST_VERSION:
            raise UnsafeError(f"{path} was written by another version of lookalike ({head['version']})")
        roots = tuple(_root(row) for row in head["roots"])
        found = [_read(row) for row in rows[:-1] if row]
        entries = [_entry(row) for row in found if row is not None]
        for entry in entries:
            _check(entry, roots)
        batch, created = str(head["batch"]), str(head["created"])
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise UnsafeError(f"{path} is no manifest of a quarantine: {error}") from error
    named = {(entry.origin, entry.place): entry for entry in entries}
    return Manifest(batch, created, roots, tuple(named.values()), found.count(None))


def _read(row: bytes) -> Any:
    """Return what a line says; None where it is no JSON any more."""
    try:
        return json.loads(row)
    except ValueError:
        return None


def _root(row: dict[str, Any]) -> ManifestRoot:
    root = ManifestRoot(path_of(row, "label"), path_of(row, "root"), path_of(row, "relative"))
    inner = _is_inner(root.label) and os.sep not in root.label
    if not (inner and os.path.isabs(root.absolute) and "\0" not in root.absolute + root.relative):
        raise ValueError(f"{root.absolute!r} is no root")
    return root


def _entry(row: dict[str, Any]) -> Entry:
    return Entry(
        int(row["unit"]), row["kind"], path_of(row, "path"), path_of(row, "place") if "place" in row else None,
        path_of(row, "keeper") if "keeper" in row else None, bytes.fromhex(row["digest"]), None, int(row["size"]),
        int(row["mtime_ns"]), int(row["mode"]), path_of(row, "target") if "target" in row else None, state="done",
    )  # fmt: skip


def _check(entry: Entry, roots: Sequence[ManifestRoot]) -> None:
    """Refuse what lookalike never writes: whoever wrote it could have any file replaced or removed."""
    if not entry.origin.startswith(tuple(root.label + os.sep for root in roots)):
        raise ValueError(f"{entry.origin!r} is in none of its roots")
    if outside := [name for name in (entry.origin, entry.place) if name is not None and not _is_inner(name)]:
        raise ValueError(f"{outside[0]!r} would lead outside")
    if (
        not os.path.isabs(os.sep if entry.keeper is None else entry.keeper)
        or "\0" in f"{entry.keeper}{entry.target}"
        or entry.target == ""
    ):
        raise ValueError(f"{entry.keeper!r} is no whole path, or {entry.target!r} leads nowhere")
    if entry.kind == "write":
        if not entry.origin.lower().endswith(SIDECAR):
            raise ValueError(f"{entry.origin!r} is no sidecar, and only those are written")
    elif entry.place is None or entry.kind not in ("move", *LINKS) or (entry.kind in LINKS and entry.keeper is None):
        raise ValueError(f"{entry.origin!r} has the kind {entry.kind!r}, or lacks its place or keeper")


def _is_inner(name: str) -> bool:
    """Say whether a path stays below where it starts and is spelled in the one plain way."""
    plain = os.path.normpath(name) == name and name not in (os.curdir, os.pardir)
    return plain and b"\0" not in os.fsencode(name) and not name.startswith((os.sep, os.pardir + os.sep))


def _line(row: dict[str, Any]) -> bytes:
    return json.dumps(row).encode("ascii") + b"\n"
