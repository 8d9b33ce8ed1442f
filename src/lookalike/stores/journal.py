"""The journal: what is about to happen to files, what happened, and how far each step got."""

import os
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, get_args

from lookalike.journal import Batch, Entry, Kind, State, Step
from lookalike.model import DIGEST_BYTES
from lookalike.stores.database import Database

COLUMNS = (
    "unit", "kind", "state", "step", "origin", "place", "keeper", "digest", "keeper_digest", "size", "mtime_ns", "mode",
    "target", "reason",
)  # fmt: skip
"""Columns of the table entry beside its id and its batch."""
PATHS = ("origin", "place", "keeper", "target")
WHOLE_PATHS = ("origin", "place", "keeper")
"""Those that start from the top of the file system; a target says what a symlink says."""
DIGESTS = ("digest", "keeper_digest")
MOST_MODE = 0xFFFF
TYPES: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(COLUMNS, str), **dict.fromkeys(("unit", "size", "mtime_ns", "mode"), int),
    **dict.fromkeys(("origin", "digest"), bytes),
    **dict.fromkeys(("place", "keeper", "target", "keeper_digest"), (bytes, type(None))),
}  # fmt: skip
"""What each holds where the file is not damaged."""


class Journal(Database):
    """The tables batch and entry of the ledger."""

    def check(self, *tables: str) -> None:
        """Look at every page, and whether every entry is of a batch that is there; see `Database.check`.

        Parameters
        ----------
        *tables : str
            As there.

        Raises
        ------
        LedgerError
            If something is damaged.
        """
        super().check(*tables)
        with self.explained():
            if self.db.execute("SELECT 1 FROM entry WHERE batch NOT IN (SELECT id FROM batch) LIMIT 1").fetchone():
                raise sqlite3.DatabaseError("a batch is lost, and its entries are not")

    def add_batch(self, name: str, created: str, action: str, plan: str) -> Batch:
        """Begin a batch; call inside a transaction.

        Parameters
        ----------
        name, created, action, plan : str
            As in `Batch`; no other batch has that name.

        Returns
        -------
        Batch
            With its number.
        """
        query = "INSERT INTO batch (name, created, action, plan) VALUES (?, ?, ?, ?)"
        number = self.db.execute(query, (name, created, action, plan)).lastrowid
        return Batch(int(number or 0), name, created, action, plan)

    def batches(self) -> list[Batch]:
        """Return all batches.

        Returns
        -------
        list of Batch
            The first one first.
        """
        with self.explained():
            rows = self.db.execute("SELECT id, name, created, action, plan FROM batch ORDER BY id").fetchall()
            return [batch_of(row) for row in rows]

    def add_entries(self, batch: Batch, entries: Iterable[Entry]) -> list[Entry]:
        """Add entries to a batch; call inside a transaction.

        Parameters
        ----------
        batch : Batch
            The batch.
        entries : iterable of Entry
            What is about to happen.

        Returns
        -------
        list of Entry
            The same with their numbers.
        """
        marks = ", ".join("?" * (len(COLUMNS) + 1))
        query = f"INSERT INTO entry (batch, {', '.join(COLUMNS)}) VALUES ({marks})"
        added = []
        for entry in entries:
            values = (_stored(name, getattr(entry, name)) for name in COLUMNS)
            number = int(self.db.execute(query, (batch.id, *values)).lastrowid or 0)
            added.append(replace(entry, id=number, batch=batch.id))
        return added

    def entries(self, batch: Batch | None = None, states: Sequence[State] = ()) -> list[Entry]:
        """Return entries.

        Parameters
        ----------
        batch : Batch, optional
            Of which batch; None for all.
        states : sequence of str
            In which states; empty for all.

        Returns
        -------
        list of Entry
            In the order in which they were added.
        """
        wanted, values = ["1"], []
        if batch is not None:
            wanted.append("batch = ?")
            values.append(batch.id)
        if states:
            wanted.append(f"state IN ({', '.join('?' * len(states))})")
        query = f"SELECT id, batch, {', '.join(COLUMNS)} FROM entry WHERE {' AND '.join(wanted)} ORDER BY id"
        with self.explained():
            return [entry_of(row) for row in self.db.execute(query, (*values, *states))]

    def by_origin(self, path: str) -> list[Entry]:
        """Return what was ever done to a path.

        Parameters
        ----------
        path : str
            Absolute.

        Returns
        -------
        list of Entry
            The last first.
        """
        query = f"SELECT id, batch, {', '.join(COLUMNS)} FROM entry WHERE origin = ? ORDER BY id DESC"
        with self.explained():
            return [entry_of(row) for row in self.db.execute(query, (os.fsencode(path),))]

    def mark(self, entries: Iterable[Entry]) -> None:
        """Store how far entries got, and what their names were when they were looked at; call inside a transaction.

        Parameters
        ----------
        entries : iterable of Entry
            Entries that are there, changed.
        """
        names = ("state", "step", "reason", "keeper_digest", "size", "mtime_ns", "mode", "target")
        self.db.executemany(
            f"UPDATE entry SET {', '.join(f'{name} = ?' for name in names)} WHERE id = ?",
            ((*(_stored(name, getattr(entry, name)) for name in names), entry.id) for entry in entries),
        )

    def counts(self) -> list[tuple[int, str, int, int]]:
        """Count entries by batch and state.

        Returns
        -------
        list of (int, str, int, int)
            Number of the batch, state, how many, and their bytes.
        """
        query = (
            "SELECT batch, state, count(*), sum(CASE WHEN target IS NULL THEN size ELSE 0 END) FROM entry "
            "WHERE kind != 'write' GROUP BY batch, state"
        )
        with self.explained():
            return list(self.db.execute(query))


def _stored(name: str, value: Any) -> Any:
    if name in PATHS and value is not None:
        return os.fsencode(value)
    if name == "reason":  # which may name a path, and SQLite takes UTF-8 alone
        return os.fsencode(value).decode("utf-8", "replace")
    return value


def batch_of(row: Sequence[Any]) -> Batch:
    """Return the batch of a row.

    Parameters
    ----------
    row : sequence
        Its columns.

    Returns
    -------
    Batch
        What it says.

    Raises
    ------
    sqlite3.DatabaseError
        If it is garbled: SQLite knows damaged pages, not damaged values.
    """
    number, *texts = row
    if set(map(type, texts)) != {str}:
        raise sqlite3.DatabaseError(f"batch {number} is garbled: it has a value that is no text")
    if not _is_name(texts[0]):
        raise sqlite3.DatabaseError(f"batch {number} is garbled: its name is none")
    return Batch(*row)


def _is_name(text: str) -> bool:
    """Say whether a text can be the name of a folder in another one."""
    return text not in ("", ".", "..") and os.sep not in text and "\0" not in text


def entry_of(row: Sequence[Any]) -> Entry:
    """Return the entry of a row.

    Parameters
    ----------
    row : sequence
        Its id, its batch and `COLUMNS`.

    Returns
    -------
    Entry
        What it says.

    Raises
    ------
    sqlite3.DatabaseError
        If it is garbled: SQLite knows damaged pages, not damaged values.
    """
    number, batch, *values = row
    named = dict(zip(COLUMNS, values, strict=True))
    for name, value in named.items():
        if not isinstance(value, TYPES[name]):
            raise sqlite3.DatabaseError(f"entry {number} is garbled: its {name} is of another type")
    for name in PATHS:
        named[name] = None if named[name] is None else os.fsdecode(named[name])
    for name in WHOLE_PATHS:
        path = named[name]
        if path is not None and not (os.path.isabs(path) and os.path.normpath(path) == path and "\0" not in path):
            raise sqlite3.DatabaseError(f"entry {number} is garbled: its {name} is no whole path")
    if {len(named[name]) for name in DIGESTS if named[name] is not None} != {DIGEST_BYTES}:
        raise sqlite3.DatabaseError(f"entry {number} is garbled: a digest has {DIGEST_BYTES} bytes")
    if named["size"] < 0 or not 0 <= named["mode"] <= MOST_MODE:
        raise sqlite3.DatabaseError(f"entry {number} is garbled: its size or mode is none")
    entry = Entry(**named, id=number, batch=batch)
    if entry.state not in get_args(State) or entry.step not in get_args(Step) or entry.kind not in get_args(Kind):
        raise sqlite3.DatabaseError(f"entry {number} is garbled: {entry.kind!r}, {entry.state!r}, {entry.step!r}")
    return entry
