"""Contents by columns: thousands at a time, in from hash tables and out to them."""

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lookalike.stores.contents import SEALED, Contents

LOADED = (
    "digest", "size", "width", "height", "format", "frames", "alpha", "depth", "colour", "detail", "quality", "lossless",
    "captured", "exif", "truncated", "decoder",
)  # fmt: skip
"""Columns of the table content that are loaded."""
FLAGS = ("alpha", "colour", "lossless", "truncated")
"""Those of them that are true or false, which SQLite keeps as numbers."""


class Loaded(NamedTuple):
    """What became of rows that were loaded.

    Attributes
    ----------
    ids : ndarray of int64, shape (n,)
        Id of the content of each.
    taken : ndarray of bool, shape (n,)
        Whether the catalog has it from here; else it knew it, decoded as now.
    """

    ids: NDArray[np.int64]
    taken: NDArray[np.bool_]


class Bulk(Contents):
    """The tables content, thumbnail and hash, by columns."""

    def load(self, columns: Sequence[Sequence[Any]], *, version: int, present: int) -> Loaded:
        """Store contents that were decoded elsewhere, unless they are known; call inside a transaction.

        Parameters
        ----------
        columns : sequence of sequence
            By `LOADED`, as SQLite stores them; a digest may come twice.
        version : int
            Version of the thumbnails that go along; 0 where none do, so that whoever needs one decodes it.
        present : int
            Present thumbnail version: what is known in it stays as it is.

        Returns
        -------
        Loaded
            One row each.
        """
        count = len(columns[0])
        # A transaction that writes is alone, so the next ids are free.
        first = 1 + int(self.db.execute("SELECT ifnull(max(id), 0) FROM content").fetchone()[0])
        names = f"id, {', '.join(LOADED)}, version, seal"
        insert = f"INSERT {{}} INTO content ({names}) VALUES ({', '.join('?' * (len(LOADED) + 3))})"
        sealed = self.seals_of({**dict(zip(LOADED, columns, strict=True)), "version": [version] * count}, count)
        before = self.db.total_changes
        numbered = zip(range(first, first + count), *columns, itertools.repeat(version), sealed, strict=False)
        self.db.executemany(insert.format("OR IGNORE"), numbered)
        if self.db.total_changes - before == count:
            return Loaded(np.arange(first, first + count), np.ones(count, np.bool_))
        ids, stale = self._known(columns[0], present)
        fresh = ids >= first
        renewed = np.flatnonzero(stale & ~fresh).tolist()
        of_them = [(int(ids[row]),) for row in renewed]
        self.db.executemany(
            "DELETE FROM hash WHERE content = ? AND spec IN (SELECT id FROM spec WHERE text LIKE '%-fast-%')", of_them
        )
        self.db.executemany("DELETE FROM thumbnail WHERE content = ?", of_them)
        updates = ", ".join(f"{name} = excluded.{name}" for name in (*LOADED[1:], "version", "seal"))
        rows = ((int(ids[row]), *(column[row] for column in columns), version, sealed[row]) for row in renewed)
        settled = f"{insert.format('')} ON CONFLICT (id) DO UPDATE SET {updates}, failure = NULL, reason = NULL"
        self.db.executemany(settled, rows)
        return Loaded(ids, fresh | stale)

    def _known(self, digests: Sequence[bytes], present: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return the ids of contents, and which are not decoded as now."""
        self.db.execute("CREATE TEMP TABLE IF NOT EXISTS incoming (row INTEGER PRIMARY KEY, digest BLOB)")
        self.db.execute("DELETE FROM incoming")
        self.db.executemany("INSERT INTO incoming VALUES (?, ?)", enumerate(digests))
        query = """SELECT id, version != ? OR failure IS NOT NULL
            FROM incoming CROSS JOIN content ON content.digest = incoming.digest ORDER BY row"""
        found = np.array(self.db.execute(query, (present,)).fetchall(), np.int64).reshape(-1, 2)
        self.db.execute("DELETE FROM incoming")
        return found[:, 0], found[:, 1].astype(np.bool_)

    def bare(self) -> NDArray[np.int64]:
        """Return the contents without a thumbnail, of which only hashes are known.

        Returns
        -------
        ndarray of int64, shape (n,)
            Ids, ascending.
        """
        query = "SELECT id FROM content WHERE version = 0 AND failure IS NULL ORDER BY id"
        with self.explained():
            return np.array(self.db.execute(query).fetchall(), np.int64).reshape(-1)

    def facts_of(self, ids: NDArray[np.int64], names: Sequence[str]) -> dict[int, tuple[Any, ...]]:
        """Return some facts of contents as they are stored.

        Parameters
        ----------
        ids : ndarray of int64, shape (n,)
            Distinct ids.
        names : sequence of str
            Columns of the table content.

        Returns
        -------
        dict of int to tuple
            By id.
        """
        query = f"SELECT id, {', '.join((*names, *SEALED))}, seal FROM content WHERE id IN wanted"
        flags = [name in FLAGS for name in names]
        with self.wanted(ids):
            rows = self.db.execute(query).fetchall()
        self.check_rows("content", [row[1 + len(names) :] for row in rows])
        return {
            number: tuple(bool(value) if flag else value for value, flag in zip(values, flags, strict=False))
            for number, *values in rows
        }
