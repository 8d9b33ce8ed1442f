"""Decisions of people about images: which are not duplicates of each other, which are all to be kept.

They are stored in the ledger by digest, so they hold wherever the files go and however a later search looks at them.
"""

import binascii
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import Any, cast, get_args

from blake3 import blake3

from lookalike.errors import LedgerError, SourceError, UsageError
from lookalike.model import Group
from lookalike.opening import default_ledger, open_ledger
from lookalike.sources.reading import Reader
from lookalike.stores.decisions import Decided, Kind
from lookalike.tables.files import path_fields, path_of

VERSION = 1
"""Of the document that decisions are exported to."""
READ_BYTES = 1 << 20

StrPath = str | os.PathLike[str]
Contents = list[tuple[bytes, str]]
"""Digests, each with a path."""


def decide(
    kind: str, images: StrPath | Sequence[StrPath] | Group, *, note: str = "", ledger: StrPath | None = None
) -> int:
    """Decide about images, for every later search.

    Parameters
    ----------
    kind : str
        different: no two of them are duplicates of each other; names of equal bytes still are. keep: none of them is a
        duplicate of anything, not even of a file with equal bytes, so all of them stay; others may be duplicates of them.
    images : path, sequence of paths, or Group
        Files, or what lies in archives and tables, by path, which are read now; or a group of findings, which knows what
        they were.
    note : str
        Why, for people.
    ledger : path, optional
        Ledger file, made where missing; None for the one in the state folder of the platform.

    Returns
    -------
    int
        Number of the decision; that of an older one where it already says the same of the same contents.

    Raises
    ------
    UsageError
        If the kind is unknown, or the images have too few different contents for it.
    SourceError
        If a file cannot be read.
    LedgerError
        If the ledger cannot be used.

    Examples
    --------
    >>> decide("different", ["dawn.jpg", "dusk.jpg"], note="two photos")
    1
    """
    if isinstance(images, Group):
        known = [(member.ref.digest, member.ref.path) for member in images.members]
        contents = [(digest, path) for digest, path in known if digest is not None]
    else:
        paths = [images] if isinstance(images, (str, os.PathLike)) else images
        contents = [(_digest(path), os.fspath(path)) for path in paths]
    return _add(kind, contents, note, ledger)


def decide_group(kind: str, findings: StrPath, group: int, *, note: str = "", ledger: StrPath | None = None) -> int:
    """Decide about a group of findings that were written to a file.

    Parameters
    ----------
    kind : str
        different or keep, as for `decide`.
    findings : path
        What ``lookalike find --output FILE.json`` wrote.
    group : int
        Number of the group in it.
    note : str
        Why, for people.
    ledger : path, optional
        Ledger file; None for the one in the state folder of the platform.

    Returns
    -------
    int
        Number of the decision.

    Raises
    ------
    UsageError
        If the file holds no findings, or no group of that number.
    SourceError
        If the file cannot be read.
    LedgerError
        If the ledger cannot be used.
    """
    groups = _document(findings, "groups", "findings, as `lookalike find --output FILE.json` writes them")
    found = next((one for one in groups if isinstance(one, dict) and one.get("id") == group), None)
    if found is None:
        raise UsageError(f"{os.fspath(findings)} has no group {group}: it has {len(groups)}")
    return _add(kind, _contents(findings, found.get("members")), note, ledger)


def undecide(number: int, *, ledger: StrPath | None = None) -> None:
    """Take a decision back.

    Parameters
    ----------
    number : int
        Which one; `decisions` lists them.
    ledger : path, optional
        Ledger file; None for the one in the state folder of the platform.

    Raises
    ------
    UsageError
        If there is none of that number.
    LedgerError
        If the ledger cannot be used.
    """
    place = _place(ledger)
    if not _exists(place):
        raise UsageError(f"there is no decision {number}: no ledger at {place}")
    with open_ledger(place) as store, store.transaction():
        store.remove_decision(number)


def decisions(*, ledger: StrPath | None = None) -> list[Decided]:
    """Return what was decided.

    Parameters
    ----------
    ledger : path, optional
        Ledger file, which is not made; None for the one in the state folder of the platform.

    Returns
    -------
    list of Decided
        By number; none where there is no ledger.

    Raises
    ------
    LedgerError
        If the ledger cannot be used.
    """
    place = _place(ledger)
    if not _exists(place):
        return []
    with open_ledger(place) as store:
        return store.decisions()


def to_document(decided: Sequence[Decided]) -> dict[str, Any]:
    """Return decisions as plain values.

    Parameters
    ----------
    decided : sequence of Decided
        Decisions.

    Returns
    -------
    dict
        Keys version and decisions; each of these has id, kind, created, note and images, and each image its digest in hex and a
        path it once had.
    """
    return {
        "version": VERSION,
        "decisions": [
            {
                "id": one.id,
                "kind": one.kind,
                "created": one.created,
                "note": one.note,
                "images": [{"digest": digest.hex(), **path_fields(path)} for digest, path in one.images],
            }
            for one in decided
        ],
    }


def import_decisions(path: StrPath, *, ledger: StrPath | None = None) -> int:
    """Add the decisions of a file to the ledger; those it has already are not added again.

    Parameters
    ----------
    path : path
        What ``lookalike decide export`` writes, or a decision a line, as ``lookalike leaks`` prints them (docs/leaks.md).
    ledger : path, optional
        Ledger file, made where missing; None for the one in the state folder of the platform.

    Returns
    -------
    int
        How many were new.

    Raises
    ------
    UsageError
        If the file holds no decisions; then none is added.
    SourceError
        If it cannot be read.
    LedgerError
        If the ledger cannot be used.
    """
    read = read_decisions(path)
    with open_ledger(_place(ledger)) as store, store.transaction():
        before = len(store.decisions())
        for one in read:
            store.add_decision(one.kind, one.images, note=one.note, created=one.created)
        return len(store.decisions()) - before


def read_decisions(path: StrPath) -> list[Decided]:
    """Read the decisions of a file.

    Parameters
    ----------
    path : path
        JSON of `to_document`, as ``lookalike decide export`` writes it; or one of its decisions per line, of which kind and
        images will do.

    Returns
    -------
    list of Decided
        Numbered from 1, in the order of the file. What has no date was decided now.

    Raises
    ------
    UsageError
        If the file holds no decisions.
    SourceError
        If it cannot be read.
    """
    rows = _lines(path)
    if rows is None:
        rows = _document(path, "decisions", "decisions, as `lookalike decide export` writes them")
    read = []
    for number, row in enumerate(rows, 1):
        kind, created, note = _texts(path, row)
        if kind not in get_args(Kind):
            raise UsageError(f"{os.fspath(path)}: unknown decision {kind!r}: use one of {', '.join(get_args(Kind))}")
        contents = dict(reversed(_contents(path, row.get("images"))))
        read.append(Decided(number, cast("Kind", kind), created, note, tuple(sorted(contents.items()))))
    return read


def _place(ledger: StrPath | None) -> str:
    return default_ledger() if ledger is None else os.fspath(ledger)


def _exists(place: str) -> bool:
    """Say whether there is a ledger; one that cannot be reached is not the same as none."""
    try:
        os.stat(place)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise LedgerError(f"ledger {place} cannot be opened: {error.strerror}") from error
    return True


def _add(kind: str, contents: Contents, note: str, ledger: StrPath | None) -> int:
    with open_ledger(_place(ledger)) as store, store.transaction():
        created = datetime.now(UTC).isoformat(timespec="seconds")
        return store.add_decision(kind, contents, note=note, created=created)


def _digest(path: StrPath) -> bytes:
    """Return the digest of a file, or of an image in an archive or a table."""
    place = os.fspath(path)
    made = blake3()
    with _readable(path), closing(Reader(named=[place])) as reader:
        if not reader.is_file(place):
            return made.update(reader.read(place)).digest()
    with _readable(path), open(place, "rb") as file:
        while part := file.read(READ_BYTES):
            made.update(part)
    return made.digest()


@contextmanager
def _readable(path: StrPath) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SourceError(f"{os.fspath(path)} cannot be read: {error.strerror or error}") from error


def _document(path: StrPath, key: str, what: str) -> list[Any]:
    """Return a list of a JSON document of the present version."""
    with _readable(path), open(path, "rb") as file:
        data = file.read()
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{os.fspath(path)} is not JSON ({error}): name a file of {what}") from error
    rows = document.get(key) if isinstance(document, dict) else None
    if not isinstance(rows, list):
        raise UsageError(f"{os.fspath(path)} does not hold {what}")
    if document.get("version") != VERSION:
        raise UsageError(f"{os.fspath(path)} is of version {document.get('version')!r}, and {VERSION} can be read")
    return rows


def _lines(path: StrPath) -> list[Any] | None:
    """Return the objects of a file that has one on each line; None where it has not, as a document has not."""
    with _readable(path), open(path, "rb") as file:
        lines = [line for line in file.read().splitlines() if line.strip()]
    rows = []
    for number, line in enumerate(lines, 1):
        try:
            rows.append(json.loads(line))
        except (ValueError, RecursionError) as error:
            if number == 1:
                return None
            raise UsageError(
                f"{os.fspath(path)}: decision {number} is not JSON ({error}): write one on a line"
            ) from error
    return rows if all(isinstance(row, dict) and "kind" in row for row in rows) else None


def _texts(path: StrPath, row: Any) -> tuple[str, str, str]:
    """Return kind, date and note of a decision of a JSON document."""
    now = {"created": datetime.now(UTC).isoformat(timespec="seconds"), "note": ""}
    match now | row if isinstance(row, dict) else row:
        case {"kind": str(kind), "created": str(created), "note": str(note)}:
            return kind, created, note
        case _:
            raise UsageError(f"{os.fspath(path)}: a decision has the texts kind, created and note, got {row!r:.200}")


def _contents(path: StrPath, rows: Any) -> Contents:
    """Return digests and paths of the images of a JSON document."""
    try:
        return [(bytes.fromhex(row["digest"]), _path(row)) for row in rows]
    except (TypeError, KeyError, ValueError) as error:
        raise UsageError(f"{os.fspath(path)}: an image has a digest in hex and a path: {error}") from error


def _path(row: dict[str, Any]) -> str:
    try:
        return path_of(row)
    except binascii.Error as error:
        raise ValueError(f"path_bytes is not base64: {row['path_bytes']!r:.200}") from error
