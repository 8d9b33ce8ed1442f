"""What a catalog holds as a whole: counted, looked through, tidied up."""

import contextlib
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from lookalike.model import DIGEST_BYTES, THUMBNAIL_BYTES
from lookalike.stores import contents, locations
from lookalike.stores.database import Database
from lookalike.stores.values import texts

COUNTED = {
    "contents": "SELECT count(*) FROM content WHERE failure IS NULL",
    "locations": "SELECT count(*) FROM location WHERE content IS NOT NULL",
    "thumbnails": "SELECT count(*) FROM thumbnail",
    "pairs": "SELECT count(*) FROM pair",
    "pixels": "SELECT count(*) FROM pixels",
    "origins": "SELECT count(*) FROM origin",
    "frames": "SELECT count(*) FROM frame WHERE number > 0",
}
GROUPED = {
    "failures": "SELECT failure, count(*) FROM content WHERE failure IS NOT NULL GROUP BY failure",
    "skipped": "SELECT skipped, count(*) FROM location WHERE content IS NULL GROUP BY skipped",
    "sources": "SELECT source, count(*) FROM folder JOIN location ON folder = id GROUP BY source",
    "decoders": "SELECT decoder, count(*) FROM content GROUP BY decoder",
    "versions": "SELECT version, count(*) FROM content GROUP BY version",
    "hashes": "SELECT text || ' ' || variant, count(*) FROM hash JOIN spec ON spec = id GROUP BY text, variant",
}
"""What there is, and how many of each kind."""
LOST = {
    "hashes of no content": "SELECT count(*) FROM hash WHERE content NOT IN (SELECT id FROM content)",
    "thumbnails of no content": "SELECT count(*) FROM thumbnail WHERE content NOT IN (SELECT id FROM content)",
    "thumbnails of another length": f"SELECT count(*) FROM thumbnail WHERE length(pixels) != {THUMBNAIL_BYTES}",
    "frames of no content": """SELECT count(*) FROM frame
        WHERE content NOT IN (SELECT id FROM content) OR picture NOT IN (SELECT id FROM content)""",
    "digests of another length": f"SELECT count(*) FROM content WHERE length(digest) != {DIGEST_BYTES}",
}
"""What must not be."""
SEALS: dict[str, tuple[str, ...]] = {
    "folder": ("source", "volume", "key"), "location": locations.SEALED, "shard": ("folder", "stamp", "complete"),
    "content": contents.SEALED, "thumbnail": ("content", "pixels"), "hash": ("content", "words", "spec", "variant"),
    "pair": ('"left"', '"right"', "tier", "score", "evidence"), "pixels": ("content", "digest", "luma"),
    "origin": ("content", "source", "found"), "frame": ("content", "number", "picture"),
}  # fmt: skip
"""Tables, and the columns of each that its seals are made of."""
ROWS_AT_ONCE = 1 << 12
LOCATED = "SELECT content FROM location WHERE content IS NOT NULL"
LIVING = f"{LOCATED} UNION SELECT picture FROM frame"
"""Contents that something lies behind: a name, or an image that has one."""
OWNED = (
    ("frame", "content", LOCATED), ("hash", "content", LIVING), ("thumbnail", "content", LIVING), ("pixels", "content", LIVING),
    ("pair", '"left"', LIVING), ("pair", '"right"', LIVING), ("origin", "content", LIVING), ("origin", "source", LIVING),
    ("content", "id", LIVING), ("folder", "id", "SELECT folder FROM location"), ("shard", "folder", "SELECT id FROM folder"),
)  # fmt: skip
"""Tables whose rows go without an owner, the column that names it, and who is there; in this order."""

Shelf = tuple[int, str, str, str, str]
"""Id of a folder, source, volume, key and state."""


class Upkeep(Database):
    """All tables of the catalog, as a whole."""

    def counts(self) -> dict[str, Any]:
        """Count what there is.

        Returns
        -------
        dict
            Numbers, and numbers by kind.
        """
        with self.explained():
            alone: dict[str, Any] = {name: self.db.execute(query).fetchone()[0] for name, query in COUNTED.items()}
            return alone | {
                name: {str(kind): count for kind, count in self.db.execute(query)} for name, query in GROUPED.items()
            }

    def faults(self, widths: Mapping[str, int], version: int) -> list[str]:
        """Look for what must not be.

        Parameters
        ----------
        widths : mapping of str to int
            Bytes of a hash by id of its spec.
        version : int
            Present thumbnail version.

        Returns
        -------
        list of str
            One line each.
        """
        bare = """SELECT count(*) FROM content WHERE failure IS NULL AND version = ?
            AND id NOT IN (SELECT content FROM thumbnail)"""
        odd = """SELECT count(*) FROM hash WHERE spec = (SELECT id FROM spec WHERE text = ?) AND length(words) % ?
            AND variant NOT LIKE 'quality %'"""
        with self.explained():
            found = {name: self.db.execute(query).fetchone()[0] for name, query in LOST.items()}
            found["contents whose thumbnail is missing"] = self.db.execute(bare, (version,)).fetchone()[0]
            for text, width in widths.items():
                found[f"hashes {text} of another length"] = self.db.execute(odd, (text, width)).fetchone()[0]
            found |= dict(self._odd_kinds())
        return [f"{count:,} {name}" for name, count in found.items() if count]

    def _odd_kinds(self) -> Iterator[tuple[str, int]]:
        """Count the rows of each table with a value of another kind than the schema says, which SQLite does not enforce."""
        tables = self.db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        for (table,) in tables.fetchall():
            wrong = " OR ".join(
                f"""typeof("{name}") NOT IN ('{kind.lower()}'{"" if needed or key else ", 'null'"})"""
                for _, name, kind, needed, _, key in self.db.execute(f"PRAGMA table_info({table})")
            )
            count = self.db.execute(f"SELECT count(*) FROM {table} WHERE {wrong}").fetchone()[0]
            yield f"rows of {table} with a value of a wrong kind", count

    def seal_all(self) -> None:
        """Seal every row as it is; call inside a transaction."""
        self.db.create_function("sealed", -1, lambda *values: self.seals(*([value] for value in values))[0])
        for table, columns in SEALS.items():
            self.db.execute(f"UPDATE {table} SET seal = sealed({', '.join(columns)})")

    def check_all_seals(self) -> None:
        """Look whether every row is what was written.

        Raises
        ------
        CatalogError
            If one is not.
        """
        for table, columns in SEALS.items():
            with self.explained():
                rows = self.db.execute(f"SELECT {', '.join(columns)}, seal FROM {table}")
                while part := rows.fetchmany(ROWS_AT_ONCE):
                    self.check_rows(table, part)

    def specs(self) -> list[str]:
        """Return the ids of all specs that there are hashes of.

        Returns
        -------
        list of str
            Sorted.
        """
        with self.explained():
            found = [row[0] for row in self.db.execute("SELECT text FROM spec ORDER BY text")]
            texts(found)
            return found

    def shelves(self) -> list[Shelf]:
        """Return all folders.

        Returns
        -------
        list of (int, str, str, str, str)
            Id, source, volume, key, and the state of what is one file by itself, empty where there is none; sorted by
            source, volume and key.
        """
        query = """SELECT id, source, volume, key, folder.seal, folder, stamp, complete, shard.seal
            FROM folder LEFT JOIN shard ON folder = id ORDER BY source, volume, key"""
        with self.explained():
            rows = self.db.execute(query).fetchall()
            self.check_rows("folder", [row[1:5] for row in rows])
            self.check_rows("shard", [row[5:] for row in rows if row[5] is not None])
            return [
                (number, source, os.fsdecode(volume), os.fsdecode(key), stamp or "")
                for number, source, volume, key, _, _, stamp, _, _ in rows
            ]

    def names_in(self, folder: int, at_once: int) -> Iterator[list[tuple[str, int, int, int | None]]]:
        """Yield the names in a folder.

        Parameters
        ----------
        folder : int
            Its id.
        at_once : int
            How many together.

        Yields
        ------
        list of (str, int, int, int or None)
            Name, size, mtime_ns and content, by name.
        """
        query = f"""SELECT {", ".join(locations.SEALED)}, seal FROM location WHERE folder = ? AND name > ? ORDER BY name
            LIMIT ?"""
        last = b""
        while True:
            with self.explained():
                rows = self.db.execute(query, (folder, last, at_once)).fetchall()
            if not rows:
                return
            self.check_rows("location", rows)
            yield [(os.fsdecode(name), size, mtime_ns, content) for _, name, size, mtime_ns, _, _, content, *_ in rows]
            last = rows[-1][1]

    def tidy(self, steps: Collection[tuple[str, str]], variants: Collection[str]) -> dict[str, int]:
        """Forget contents that lie nowhere, and what was found in other ways than now; call inside a transaction.

        Parameters
        ----------
        steps : collection of (str, str)
            Table, and what its column step is like if it holds now.
        variants : collection of str
            Variants of hashes that hold now.

        Returns
        -------
        dict of str to int
            Rows forgotten, by table.
        """
        gone: dict[str, int] = {}

        def forget(table: str, statement: str, parameters: Iterable[str] = ()) -> None:
            gone[table] = gone.get(table, 0) + self.db.execute(statement, tuple(parameters)).rowcount

        for table, step in steps:
            forget(table, f"DELETE FROM {table} WHERE step NOT LIKE ?", (step,))
        marks = ", ".join("?" * len(variants))
        forget("hash", f"DELETE FROM hash WHERE variant NOT IN ({marks})", variants)
        for table, column, there in OWNED:
            forget(table, f"DELETE FROM {table} WHERE {column} NOT IN ({there})")
        return {table: count for table, count in gone.items() if count}

    @contextlib.contextmanager
    def rehearsal(self) -> Iterator[None]:
        """Run the body as a transaction that is taken back."""
        with self.explained():
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield
            finally:
                self.db.execute("ROLLBACK")

    def compact(self) -> None:
        """Give free pages back to the file system."""
        with self.explained():
            self.db.execute("VACUUM")
            self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
