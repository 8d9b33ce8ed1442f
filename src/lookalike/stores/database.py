"""One SQLite file under lookalike's rules: named migrations, one context per transaction, errors in words."""

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from lookalike import events, formats
from lookalike.errors import CatalogError, LedgerError, LookalikeError
from lookalike.stores.seals import Column, broken, seals

BUSY_SECONDS = 60.0
IDS_AT_ONCE = 1 << 12
ADVICE = {
    sqlite3.SQLITE_FULL: "free some space, or ",
    sqlite3.SQLITE_BUSY: "end the program that has it locked, or ",
    sqlite3.SQLITE_IOERR: "see whether the disk is full or fails, or ",
    sqlite3.SQLITE_READONLY: "make the file and its folder writable, or ",
    sqlite3.SQLITE_CANTOPEN: "make it a file in a folder that can be written, or ",
}
"""What to do first, by what SQLite says; another place always helps."""
DENSE = 2
"""Rows between ids, for each of these, that are read along because naming each id would cost more."""
PRIVATE = 0o600
"""Mode of new files; those that SQLite puts beside one have the mode of that."""
_MAKING = threading.Lock()


class Database:
    """A connection to an SQLite file.

    Parameters
    ----------
    path : str or None
        The file, made where missing with its folders, for its owner alone; None for a private one that is gone with the
        connection.
    alone : bool
        Whether no other connection may have it open as long as this one has.

    Raises
    ------
    LookalikeError
        Of the class `ERROR`, if the file is damaged, of another program, of a newer version, in use, or cannot be opened.
    """

    NAME: ClassVar[str] = "catalog"
    """What messages call the file."""
    ERROR: ClassVar[type[CatalogError | LedgerError]] = CatalogError
    OTHER_PLACE: ClassVar[str] = "name another file with --catalog, or pass --no-catalog"
    REPAIR: ClassVar[str] = (
        "it holds only what a new scan finds again, so move it away and run the same command, or pass --no-catalog"
    )
    """What to do about a file of another program, and about a damaged one."""
    APPLICATION_ID: ClassVar[int]
    MIGRATIONS: ClassVar[tuple[tuple[str, str], ...]]
    """Named steps from an empty file to the present schema; each runs once, in its own transaction."""
    SETTINGS: ClassVar[tuple[str, ...]] = (
        "cell_size_check = ON",  # damage is met where a page is read, not where its cells are
        "journal_mode = WAL",
        "synchronous = NORMAL",  # a power cut may lose the last batches, never damage the file
        "cache_size = -65536",
        "temp_store = MEMORY",
    )
    """Pragmas of each connection."""

    salt = 0
    """A number of this file, drawn when it was made; see `lookalike.stores.seals`."""

    def __init__(self, path: str | None, *, alone: bool = False) -> None:
        self.path = path
        self._alone = alone
        if path is not None and formats.claims_image(path):
            raise self.ERROR(f"{path} is called as images are, so it is no {self.NAME}: {self.OTHER_PLACE}")
        try:
            if path is not None:
                _make(os.path.realpath(path))
            self.db: sqlite3.Connection = sqlite3.connect(
                path or "", timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
        except (OSError, sqlite3.Error) as error:
            self._refuse(error)
            raise self.ERROR(f"{self.NAME} {path} cannot be opened ({error}): {self.OTHER_PLACE}") from error
        try:
            self._prepare_patiently()
        except BaseException as error:
            self._refuse(error)
            self.db.close()
            raise
        events.STORE_OPENED(kind=self.NAME, path=path or "(private)")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        self.db.close()
        if self.path is None and isinstance(error, KeyboardInterrupt):
            error.add_note(f"nothing is kept without a {self.NAME}")

    def _refuse(self, error: BaseException) -> None:
        events.STORE_REFUSED(kind=self.NAME, path=self.path, reason=str(error))

    def _prepare_patiently(self) -> None:
        """Prepare the file; where another process is at it, SQLite does not always wait by itself, so we do."""
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                with self.explained():
                    self._prepare()
            except self.ERROR as error:
                code = getattr(error.__cause__, "sqlite_errorcode", sqlite3.SQLITE_OK)
                if code & 0xFF != sqlite3.SQLITE_BUSY:
                    raise
                if time.monotonic() > deadline:
                    if self._alone:
                        raise self.ERROR(
                            f"{self.NAME} {self.path} is in use: try again when nobody else uses it"
                        ) from error
                    raise
                time.sleep(0.02)
            else:
                return

    def _prepare(self) -> None:
        if self._alone:
            # Others that have it open hold a lock even when idle, so this waits for them, and they for this.
            self.db.execute("PRAGMA locking_mode = EXCLUSIVE")
        self.db.execute("BEGIN")  # one look at both: another process may be making the file
        try:
            has_tables = self.db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] > 0
            owner = self.db.execute("PRAGMA application_id").fetchone()[0]
        finally:
            self.db.execute("ROLLBACK")
        if owner not in (0, self.APPLICATION_ID) or (owner == 0 and has_tables):
            raise self.ERROR(f"{self.path} is an SQLite file of another program: {self.OTHER_PLACE}")
        for setting in self.SETTINGS:
            self.db.execute(f"PRAGMA {setting}")
        for name, script in self._missing_migrations():
            with self.transaction():
                # Another process may have been faster; it is the lock that decides.
                if (name, script) in self._missing_migrations():
                    for statement in script.split(";"):
                        self.db.execute(statement)
                    self.migrated(name)
                    self.db.execute("INSERT INTO migration VALUES (?, ?)", (name, time.time()))
                    if has_tables:
                        events.STORE_MIGRATED(kind=self.NAME, path=self.path or "(private)", step=name)
        self.salt = int(self.db.execute("PRAGMA user_version").fetchone()[0])

    def migrated(self, name: str) -> None:
        """Do what a step needs beside its statements, in the same transaction.

        Parameters
        ----------
        name : str
            The step.
        """

    def _missing_migrations(self) -> list[tuple[str, str]]:
        if self.db.execute("PRAGMA application_id").fetchone()[0] != self.APPLICATION_ID:
            self.db.execute(f"PRAGMA application_id = {self.APPLICATION_ID}")
        self.db.execute("CREATE TABLE IF NOT EXISTS migration (name TEXT PRIMARY KEY, applied REAL NOT NULL)")
        done = {row[0] for row in self.db.execute("SELECT name FROM migration")}
        newer = done - {name for name, _ in self.MIGRATIONS}
        if newer:
            raise self.ERROR(
                f"{self.NAME} {self.path} was written by a newer lookalike (it knows {', '.join(sorted(newer))}): "
                f"update lookalike, or {self.OTHER_PLACE}"
            )
        return [(name, script) for name, script in self.MIGRATIONS if name not in done]

    def check(self, *tables: str) -> None:
        """Look at every page: SQLite itself notices damage only where it happens to read.

        Parameters
        ----------
        *tables : str
            Whose pages, with those of their indexes; none for all.

        Raises
        ------
        LookalikeError
            Of the class `ERROR`, if something is damaged.
        """
        with self.explained():
            for look in [f"integrity_check({table})" for table in tables] or ["integrity_check(1)"]:
                found = self.db.execute(f"PRAGMA {look}").fetchone()[0]
                if found != "ok":
                    raise sqlite3.DatabaseError(found)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Run the body as one transaction; other processes wait.

        Raises
        ------
        LookalikeError
            Of the class `ERROR`, if the file turns out damaged or the disk is full; nothing of the body is kept.
        """
        with self._in_words():
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.db.execute("COMMIT")
            except BaseException:
                if self.db.in_transaction:
                    self.db.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def explained(self) -> Iterator[None]:
        """Turn what reading rows raises in the body into an error a user can act on.

        Raises
        ------
        LookalikeError
            Of the class `ERROR`, instead of `sqlite3.Error`, and of what a value raises that is of no kind that was ever
            written there: SQLite holds any value in any column, so a damaged page may.
        """
        with self._in_words():
            try:
                yield
            except LookalikeError:
                raise
            except (TypeError, ValueError, OverflowError, AttributeError, RecursionError) as error:
                raise self.damaged(error) from error

    def damaged(self, what: object) -> CatalogError | LedgerError:
        """Return an error of the class `ERROR`.

        Parameters
        ----------
        what : object
            What is wrong.

        Returns
        -------
        LookalikeError
            To be raised.
        """
        return self.ERROR(f"{self.NAME} {self.path} is damaged ({what}): {self.REPAIR}")

    @contextlib.contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
            if code == sqlite3.SQLITE_ERROR:  # every statement is ours, so the tables are not
                raise self.damaged(error) from error
            raise self.ERROR(f"{self.NAME} {self.path}: {error}: {ADVICE.get(code, '')}{self.OTHER_PLACE}") from error
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # what SQLite says may quote what is damaged
            raise self.damaged(error) from error

    def seals(self, *columns: Column) -> list[int]:
        """Return the seals of rows that are to be written.

        Parameters
        ----------
        *columns : sequence
            What is sealed.

        Returns
        -------
        list of int
            One for each row.
        """
        return seals(self.salt, *columns)

    def check_rows(self, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Look whether rows are what was written.

        Parameters
        ----------
        table : str
            Where they are from.
        rows : sequence of tuple
            What was sealed of each, and last its seal.

        Raises
        ------
        LookalikeError
            Of the class `ERROR`, if one is not.
        """
        if rows:
            *columns, sealed = zip(*rows, strict=True)
            self.check_seals(table, sealed, *columns)

    def check_seals(self, table: str, found: Sequence[int], *columns: Column) -> None:
        """Look whether rows are what was written.

        Parameters
        ----------
        table : str
            Where they are from.
        found : sequence of int
            Their seals.
        *columns : sequence
            What was sealed.

        Raises
        ------
        LookalikeError
            Of the class `ERROR`, if one is not.
        """
        with self.explained():
            if broken(found, self.salt, *columns):
                raise self.damaged(f"what is in table {table} is not what was written")

    @contextlib.contextmanager
    def wanted(self, ids: NDArray[np.int64]) -> Iterator[None]:
        """Offer ids as the table `wanted` while the body runs.

        Parameters
        ----------
        ids : ndarray of int64, shape (n,)
            Distinct ids.
        """
        with self.explained():
            self.db.execute("CREATE TEMP TABLE IF NOT EXISTS wanted (id INTEGER PRIMARY KEY)")
            self.db.execute("BEGIN")
            try:
                self.db.executemany("INSERT INTO wanted VALUES (?)", ((value,) for value in ids.tolist()))
                yield
            finally:
                self.db.execute("ROLLBACK")

    def among(
        self, query: str, column: str, ids: NDArray[np.int64], parameters: tuple[Any, ...] = ()
    ) -> Iterator[list[tuple[Any, ...]]]:
        """Ask for rows of some ids, some thousand at a time, so that no list of all rows is ever made.

        Parameters
        ----------
        query : str
            Its first column is the id, by which its rows are in order; ``{}`` stands where the ids are asked for.
        column : str
            Name of that column.
        ids : ndarray of int64, shape (n,)
            Ascending, distinct.
        parameters : tuple
            Of the query.

        Yields
        ------
        list of tuple
            Rows, by id; at least one.
        """
        for start in range(0, len(ids), IDS_AT_ONCE):
            part = ids[start : start + IDS_AT_ONCE]
            low, high = int(part[0]), int(part[-1])
            if high - low >= DENSE * len(part):
                with self.wanted(part):
                    rows = self.db.execute(query.format(f"{column} IN wanted"), parameters).fetchall()
            else:
                with self.explained():
                    between = f"{column} BETWEEN {low} AND {high}"
                    rows = self.db.execute(query.format(between), parameters).fetchall()
                if high - low >= len(part):
                    asked = set(part.tolist())
                    rows = [row for row in rows if row[0] in asked]
            if rows:
                yield rows


def _make(path: str) -> None:
    """Make an empty file where there is none; the mode of one that is there is its owner's business."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    # To close a file drops all locks of this process on it, so nobody here may open it before that is done.
    with _MAKING, contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE))
