"""A damaged ledger is put aside, and what can still be read of it goes into a new one."""

import os
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from lookalike import formats
from lookalike.errors import LedgerError
from lookalike.files.calls import copy_new, sync_folder
from lookalike.files.lock import only_one
from lookalike.opening import default_ledger, open_ledger
from lookalike.stores.choices import choice_of
from lookalike.stores.decisions import content_of, decided_of
from lookalike.stores.journal import batch_of, entry_of
from lookalike.stores.ledger import Ledger
from lookalike.stores.pages import Value, rows

TABLES = ("batch", "entry", "decision", "decided", "choice")
FIRST = ("batch", "entry")
"""Those that every ledger has."""
READ: dict[str, Callable[[tuple[Any, ...]], object]] = {
    "batch": batch_of, "entry": entry_of, "decision": lambda row: decided_of(row, ()),
    "decided": lambda row: content_of((row[0], row[2])), "choice": lambda row: choice_of(row[3:5]),
}  # fmt: skip
"""What reads a row of each, and raises where it is garbled."""
TYPES: dict[str, type[int] | type[str] | type[bytes]] = {"INTEGER": int, "TEXT": str, "BLOB": bytes}
LEFTOVERS = ("-journal", "-wal", "-shm")
"""What SQLite may have left beside a file; beside another one it would do harm."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """What came of a repair.

    Attributes
    ----------
    ledger : str
        The ledger.
    aside : str or None
        Where the damaged file is now; None where nothing is damaged, and nothing was done.
    saved : dict of str to int
        How many rows of each table the ledger holds: batch, entry, decision, decided, choice.
    rescued : tuple of str
        Batches whose own rows are lost, under new names; their files are known. A batch of which nothing is known any more
        can be undone by its manifest.
    """

    ledger: str
    aside: str | None
    saved: dict[str, int] = field(default_factory=dict)
    rescued: tuple[str, ...] = ()


def repair(ledger: str | os.PathLike[str] | None = None) -> Repaired:
    """Save what can still be read of a damaged ledger; one that is whole stays as it is.

    Parameters
    ----------
    ledger : path, optional
        The ledger; None for the one in the state folder of the platform.

    Returns
    -------
    Repaired
        What was saved, and where the damaged file is.

    Raises
    ------
    LedgerError
        If there is none, it cannot be read or written, or it is a whole file of another program or of a newer lookalike.
    UnsafeError
        If another process is moving files.

    Examples
    --------
    >>> repair("state/ledger.sqlite").saved["entry"]  # doctest: +SKIP
    """
    path = default_ledger() if ledger is None else os.path.abspath(os.fspath(ledger))
    if not os.path.isfile(path):
        raise LedgerError(f"there is no ledger {path}, so there is nothing to repair")
    with only_one(f"{path}.lock"):
        if (sound := _sound(path)) is not None:
            return Repaired(path, None, sound)
        try:
            return _repair(path)
        except OSError as error:
            raise LedgerError(f"ledger {path} cannot be repaired: {error.strerror or error}") from error


def _sound(path: str) -> dict[str, int] | None:
    """Return how many rows a ledger holds; None where it is damaged."""
    opened = False
    try:
        with open_ledger(path) as store:
            opened = True
            store.check()
            with store.explained():
                for table, read in READ.items():
                    for row in store.db.execute(f"SELECT * FROM {table}"):
                        read(row)
            return _counts(store)
    except LedgerError:
        if not opened and _is_other(path):
            raise
    return None


def _is_other(path: str) -> bool:
    """Say whether a file is whole and none that this program may write again: of another one, or of a later version."""
    if formats.claims_image(path):
        return True
    try:
        with closing(sqlite3.connect(path)) as db:
            whole = db.execute("PRAGMA integrity_check(1)").fetchone()[0] == "ok"
            ours = db.execute("PRAGMA application_id").fetchone()[0] == Ledger.APPLICATION_ID
            tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
    except sqlite3.OperationalError:  # locked, or not to be opened at all
        return True
    except (sqlite3.DatabaseError, UnicodeDecodeError):  # what SQLite says of a damaged schema quotes it
        return False
    return whole and (ours or not tables.issuperset(FIRST))


def _repair(path: str) -> Repaired:
    made = f"{path}.repaired"
    for name in (made, *(made + ending for ending in LEFTOVERS)):
        if os.path.lexists(name):
            os.unlink(name)  # of a repair that was interrupted
    with open(path, "rb") as file:
        content = file.read()
    with open_ledger(made) as store, store.transaction():
        saved = save(store, content)
    aside = _put_aside(path)
    for ending in LEFTOVERS:  # a journal of the damaged file would be played into the new one
        if os.path.lexists(path + ending):
            os.unlink(path + ending)
    shutil.copymode(path, made)  # others may read it, too
    os.replace(made, path)
    sync_folder(os.path.dirname(path))
    return replace(saved, ledger=path, aside=aside)


def save(store: Ledger, content: bytes) -> Repaired:
    """Add every row of a damaged file that fits a table; of two with the same key the first. Call inside a transaction.

    Parameters
    ----------
    store : Ledger
        An empty ledger.
    content : bytes
        The damaged file.

    Returns
    -------
    Repaired
        What was saved.
    """
    columns = {table: list(store.db.execute(f"PRAGMA table_info({table})")) for table in TABLES}
    for rowid, values in rows(content):
        for table, described in columns.items():
            if _fits(values, described, rowid):
                named = (values[0] if rowid is None else rowid, *values[1:])
                if not _says_something(table, named):
                    continue
                marks = ", ".join("?" * len(named))
                store.db.execute(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", named)
    rescued = _adopt(store)
    # What was decided of a digest means nothing without its decision, and another one may get that number.
    store.db.execute("DELETE FROM decided WHERE decision NOT IN (SELECT id FROM decision)")
    return Repaired("", None, _counts(store), rescued)


def _fits(values: tuple[Value, ...], columns: list[tuple[int, str, str, int, object, int]], rowid: int | None) -> bool:
    """Say whether a row can be one of a table, by number and type of its columns; what may not be null is left to SQLite."""
    keys = sum(key > 0 for *_, key in columns)
    if len(values) != len(columns) or (rowid is None) != (keys > 1):
        return False
    known = zip(values, (TYPES[kind] for _, _, kind, *_ in columns), strict=True)
    return all(value is None or type(value) is kind for value, kind in known) and (values[0] is None) == (
        rowid is not None
    )


def _says_something(table: str, row: tuple[Value, ...]) -> bool:
    """Say whether a row that fits a table is none that is garbled."""
    try:
        READ[table](row)
    except sqlite3.DatabaseError:
        return False
    return True


def _adopt(store: Ledger) -> tuple[str, ...]:
    """Give entries a batch whose own was lost."""
    taken = {batch.name for batch in store.batches()}
    orphans = store.db.execute(
        "SELECT batch, min(kind) FROM entry WHERE batch NOT IN (SELECT id FROM batch) GROUP BY batch ORDER BY batch"
    ).fetchall()
    names = []
    for number, kind in orphans:
        name = next(name for i in count(number) if (name := f"rescued-{i}") not in taken)
        taken.add(name)
        now = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        action = "quarantine" if kind in ("move", "write") else kind
        store.db.execute("INSERT INTO batch VALUES (?, ?, ?, ?, '{}')", (number, name, now, action))
        names.append(name)
    return tuple(names)


def _put_aside(path: str) -> str:
    """Copy a file, and what SQLite left beside it, to a name that is free: the ledger is there at every moment."""
    for number in count(1):
        aside = f"{path}.damaged-{number}"
        try:
            copy_new(path, aside)
            break
        except FileExistsError:
            continue
    for ending in LEFTOVERS:
        if os.path.isfile(path + ending) and not os.path.lexists(aside + ending):
            copy_new(path + ending, aside + ending)
    return aside


def _counts(store: Ledger) -> dict[str, int]:
    counts: Counter[str] = Counter()
    with store.explained():
        for table in TABLES:
            counts[table] = store.db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    return dict(counts)
