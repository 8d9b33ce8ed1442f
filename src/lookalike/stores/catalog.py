"""The catalog: what was scanned, in SQLite. A cache; deleting it loses time and nothing else.

One `Catalog` is one connection; ``with catalog.transaction():`` is one transaction. Several processes may share a file
(WAL). Content is known by its digest, so a file that moved or was copied is not decoded again; a location says which
content a name had when it was last looked at.
"""

import secrets
from typing import ClassVar

from lookalike.stores.bulk import Bulk
from lookalike.stores.everything import Everything
from lookalike.stores.frames import Frames
from lookalike.stores.locations import Locations
from lookalike.stores.origins import Origins
from lookalike.stores.pairs import Pairs
from lookalike.stores.pixels import Pixels
from lookalike.stores.upkeep import Upkeep

SEALED = ("folder", "location", "shard", "content", "thumbnail", "hash", "pair", "pixels", "origin", "frame")
"""Tables with a seal for each row."""
MIGRATIONS: tuple[tuple[str, str], ...] = (
    (
        "scans",
        """
        CREATE TABLE content (
            id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, size INTEGER NOT NULL,
            width INTEGER, height INTEGER, format TEXT, frames INTEGER, alpha INTEGER, depth INTEGER, colour INTEGER,
            detail INTEGER, quality INTEGER, lossless INTEGER, captured TEXT, exif TEXT, truncated INTEGER NOT NULL DEFAULT 0,
            decoder TEXT NOT NULL, version INTEGER NOT NULL, failure TEXT, reason TEXT);
        CREATE INDEX content_size ON content (size);
        CREATE TABLE folder (
            id INTEGER PRIMARY KEY, source TEXT NOT NULL, volume BLOB NOT NULL, key BLOB NOT NULL,
            UNIQUE (source, volume, key));
        CREATE TABLE location (
            folder INTEGER NOT NULL REFERENCES folder, name BLOB NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
            device INTEGER NOT NULL, inode INTEGER NOT NULL, content INTEGER REFERENCES content, skipped TEXT,
            version INTEGER NOT NULL,
            PRIMARY KEY (folder, name)) WITHOUT ROWID;
        CREATE TABLE spec (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
        CREATE TABLE hash (
            content INTEGER NOT NULL REFERENCES content, spec INTEGER NOT NULL REFERENCES spec, variant TEXT NOT NULL,
            words BLOB NOT NULL, PRIMARY KEY (spec, variant, content)) WITHOUT ROWID;
        CREATE TABLE thumbnail (content INTEGER PRIMARY KEY REFERENCES content, pixels BLOB NOT NULL);
        CREATE TABLE pair (
            "left" INTEGER NOT NULL REFERENCES content, "right" INTEGER NOT NULL REFERENCES content, step TEXT NOT NULL,
            tier INTEGER NOT NULL, score INTEGER NOT NULL, PRIMARY KEY ("left", "right", step)) WITHOUT ROWID;
        """,
    ),
    ("evidence of pairs", "ALTER TABLE pair ADD COLUMN evidence BLOB"),
    (
        "pixels",
        """
        CREATE TABLE pixels (
            content INTEGER PRIMARY KEY REFERENCES content, step TEXT NOT NULL, digest BLOB, luma BLOB)
        """,
    ),
    (
        "origin",
        """
        CREATE TABLE origin (
            content INTEGER NOT NULL REFERENCES content, source INTEGER NOT NULL REFERENCES content, step TEXT NOT NULL,
            found INTEGER NOT NULL, PRIMARY KEY (content, source)) WITHOUT ROWID
        """,
    ),
    (
        "shards",
        """
        CREATE TABLE shard (folder INTEGER PRIMARY KEY REFERENCES folder, stamp TEXT NOT NULL, complete INTEGER NOT NULL)
        """,
    ),
    ("locations by content", "CREATE INDEX location_content ON location (content)"),
    (
        "frames",
        """
        CREATE TABLE frame (
            content INTEGER NOT NULL REFERENCES content, number INTEGER NOT NULL, picture INTEGER NOT NULL REFERENCES content,
            step TEXT NOT NULL, PRIMARY KEY (content, number)) WITHOUT ROWID
        """,
    ),
    (
        "limits",
        "ALTER TABLE content ADD COLUMN limit_seconds REAL; ALTER TABLE content ADD COLUMN limit_memory INTEGER",
    ),
    ("seals", ";".join(f"ALTER TABLE {table} ADD COLUMN seal INTEGER" for table in SEALED)),
)
"""Named steps from an empty file to the present schema; each runs once, in its own transaction."""


class Catalog(Locations, Bulk, Everything, Pairs, Pixels, Origins, Frames, Upkeep):
    """All tables of the catalog; parameters and errors are those of `lookalike.stores.database.Database`."""

    APPLICATION_ID: ClassVar[int] = 0x4C4F4F4B
    MIGRATIONS: ClassVar[tuple[tuple[str, str], ...]] = MIGRATIONS

    def migrated(self, name: str) -> None:
        """Seal what is there, once there are seals.

        Parameters
        ----------
        name : str
            The step.
        """
        if name == "seals":
            self.salt = 1 + secrets.randbelow((1 << 31) - 1)
            self.db.execute(f"PRAGMA user_version = {self.salt}")
            self.seal_all()
