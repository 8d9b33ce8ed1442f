"""The ledger: decisions, choices and the journal, in SQLite. Not a cache: it knows what was moved and what was decided.

Every commit reaches the disk before it counts (rollback journal, synchronous EXTRA), because acts on files follow it.
"""

from typing import ClassVar

from lookalike.errors import CatalogError, LedgerError
from lookalike.stores.choices import Choices
from lookalike.stores.decisions import Decisions
from lookalike.stores.journal import Journal

MIGRATIONS: tuple[tuple[str, str], ...] = (
    (
        "journal",
        """
        CREATE TABLE batch (
            id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, created TEXT NOT NULL, action TEXT NOT NULL, plan TEXT NOT NULL);
        CREATE TABLE entry (
            id INTEGER PRIMARY KEY, batch INTEGER NOT NULL REFERENCES batch, unit INTEGER NOT NULL, kind TEXT NOT NULL,
            state TEXT NOT NULL, step TEXT NOT NULL, origin BLOB NOT NULL, place BLOB, keeper BLOB, digest BLOB NOT NULL,
            keeper_digest BLOB, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, mode INTEGER NOT NULL, target BLOB,
            reason TEXT NOT NULL);
        CREATE INDEX entry_batch ON entry (batch, state);
        CREATE INDEX entry_state ON entry (state) WHERE state = 'doing';
        CREATE INDEX entry_origin ON entry (origin)
        """,
    ),
    (
        "decisions",
        """
        CREATE TABLE decision (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, created TEXT NOT NULL, note TEXT NOT NULL);
        CREATE TABLE decided (
            digest BLOB NOT NULL, decision INTEGER NOT NULL REFERENCES decision, path BLOB,
            PRIMARY KEY (digest, decision)) WITHOUT ROWID;
        CREATE INDEX decided_decision ON decided (decision)
        """,
    ),
    (
        "choices",
        """
        CREATE TABLE choice (
            place BLOB NOT NULL, step INTEGER NOT NULL, key BLOB NOT NULL, keeper INTEGER, going TEXT NOT NULL,
            decision INTEGER, created TEXT NOT NULL, PRIMARY KEY (place, step, key)) WITHOUT ROWID
        """,
    ),
)
"""Named steps from an empty file to the present schema; each runs once, in its own transaction."""


class Ledger(Decisions, Journal, Choices):
    """All tables of the ledger; parameters are those of `lookalike.stores.database.Database`, errors `LedgerError`."""

    NAME: ClassVar[str] = "ledger"
    ERROR: ClassVar[type[CatalogError | LedgerError]] = LedgerError
    OTHER_PLACE: ClassVar[str] = "name another file with --ledger"
    REPAIR: ClassVar[str] = (
        "run `lookalike history --repair`, which saves what can still be read; nothing in a quarantine is lost, and "
        "`lookalike undo --from FOLDER` brings each batch back without the ledger"
    )
    APPLICATION_ID: ClassVar[int] = 0x4C4F4F4C
    MIGRATIONS: ClassVar[tuple[tuple[str, str], ...]] = MIGRATIONS
    SETTINGS: ClassVar[tuple[str, ...]] = ("journal_mode = DELETE", "synchronous = EXTRA", "temp_store = MEMORY")
