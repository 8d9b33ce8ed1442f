"""The manifest of a batch: what lies in a quarantine and where it came from, without which the ledger would be needed."""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lookalike.errors import UnsafeError
from lookalike.journal import Entry
from lookalike.tables.files import path_fields, path_of

MANIFEST = "manifest.jsonl"
MANIFEST_VERSION = 1


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
    entries : tuple of (ManifestRoot, Entry)
        Where each file came from; origins are relative to the root, places to the folder of the batch.
    """

    batch: str
    created: str
    entries: tuple[tuple[ManifestRoot, Entry], ...]


def header(batch: str, created: str, root: ManifestRoot) -> bytes:
    """Return the line that comes before those of the entries of a root; a manifest begins with one.

    Parameters
    ----------
    batch, created : str
        Name and time.
    root : ManifestRoot
        Where the files come from.

    Returns
    -------
    bytes
        One line.
    """
    return _line(
        {
            "version": MANIFEST_VERSION, "batch": batch, "created": created, **path_fields(root.label, "label"),
            **path_fields(root.absolute, "root"), **path_fields(root.relative, "relative"),
        }
    )  # fmt: skip


def lines(entries: Iterable[Entry], root: str, folder: str) -> bytes:
    """Return the lines of entries.

    Parameters
    ----------
    entries : iterable of Entry
        What is about to be moved.
    root, folder : str
        The root and the folder of the batch, absolute.

    Returns
    -------
    bytes
        A line each.
    """
    return b"".join(
        _line(
            {
                "unit": entry.unit, "kind": entry.kind, **path_fields(os.path.relpath(entry.origin, root)),
                **({} if entry.place is None else path_fields(os.path.relpath(entry.place, folder), "place")),
                **({} if entry.keeper is None else path_fields(entry.keeper, "keeper")),
                **({} if entry.target is None else path_fields(entry.target, "target")),
                "digest": entry.digest.hex(), "size": entry.size, "mtime_ns": entry.mtime_ns, "mode": entry.mode,
            }
        )
        for entry in entries
    )  # fmt: skip


def read_manifest(path: str) -> Manifest:
    """Read a manifest; a last line that was cut off, and lines written twice, are passed over.

    Parameters
    ----------
    path : str
        The file.

    Returns
    -------
    Manifest
        What it says.

    Raises
    ------
    UnsafeError
        If it cannot be read, or would have a file put outside its root.
    """
    try:
        with open(path, "rb") as file:
            rows = [row for row in file.read().split(b"\n") if row]
    except OSError as error:
        raise UnsafeError(f"{path} cannot be read: {error.strerror}") from error
    try:
        head, *rest = [json.loads(row) for row in rows[:-1]] + _last(rows)
        if head["version"] != MANIFEST_VERSION:
            raise UnsafeError(f"{path} was written by another version of lookalike ({head['version']})")
        root = _root(head)
        entries: dict[tuple[ManifestRoot, Entry], None] = {}
        for row in rest:
            if "root" in row:
                root = _root(row)
            else:
                entries[root, _entry(row)] = None
        made = Manifest(str(head["batch"]), str(head["created"]), tuple(entries))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnsafeError(f"{path} is no manifest of a quarantine: {error}") from error
    for _, entry in made.entries:
        for name in (entry.origin, entry.place or "."):
            if os.path.isabs(name) or os.pardir in name.split(os.sep):
                raise UnsafeError(f"{path} names {name!r}, which would lead outside: it was not written by lookalike")
    return made


def _last(rows: list[bytes]) -> list[Any]:
    """Return the last row, unless the power went while it was written."""
    try:
        return [json.loads(rows[-1])] if rows else []
    except ValueError:
        return []


def _root(row: dict[str, Any]) -> ManifestRoot:
    return ManifestRoot(path_of(row, "label"), path_of(row, "root"), path_of(row, "relative"))


def _entry(row: dict[str, Any]) -> Entry:
    return Entry(
        int(row["unit"]), row["kind"], path_of(row, "path"), path_of(row, "place") if "place" in row else None,
        path_of(row, "keeper") if "keeper" in row else None, bytes.fromhex(row["digest"]), None, int(row["size"]),
        int(row["mtime_ns"]), int(row["mode"]), path_of(row, "target") if "target" in row else None, state="done",
    )  # fmt: skip


def _line(row: dict[str, Any]) -> bytes:
    return json.dumps(row).encode("ascii") + b"\n"
