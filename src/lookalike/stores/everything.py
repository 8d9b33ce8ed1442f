"""All hashes at once, and what is known of the few contents that a search hits."""

import os
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lookalike import bits
from lookalike.model import HashSpec
from lookalike.stores import contents, locations
from lookalike.stores.words import Words

ROWS_AT_ONCE = 1 << 16
IDS_AT_ONCE = 500
"""So few that the index on content serves, whatever the planner knows of the table."""
Named = tuple[int, str, str, str, str]
"""Content, then source, volume and key of the folder, and the name in it."""


class Everything(Words):
    """Reading of the tables content, hash and location for a search over everything that the catalog knows."""

    def all_words(self, spec: HashSpec, variant: str) -> Iterator[tuple[NDArray[np.int64], NDArray[np.uint64]]]:
        """Yield every stored hash of a variant of which a picture has one or none, some at a time.

        Parameters
        ----------
        spec : HashSpec
            Which hash.
        variant : str
            Of which variant of the picture.

        Yields
        ------
        ids : ndarray of int64, shape (n,)
            Content ids, ascending.
        block : ndarray of uint64, shape (n, words)
            Row i belongs to ``ids[i]``.
        """
        query = """SELECT content, words, seal FROM hash WHERE spec = ? AND variant = ?
            AND length(words) = ? ORDER BY content"""
        width, number = bits.words(spec.bits), self.number_of(spec)
        with self.explained():
            rows = self.db.execute(query, (number, variant, width * (bits.WORD // 8)))
            while part := rows.fetchmany(ROWS_AT_ONCE):
                numbers, words, sealed = zip(*part, strict=True)
                self.check_seals("hash", sealed, numbers, words, number, variant)
                block = np.frombuffer(b"".join(words), ">u8").astype(np.uint64)
                yield np.array(numbers, np.int64), block.reshape(-1, width)

    def count_words(self, spec: HashSpec, variant: str) -> int:
        """Return how many contents a variant was hashed of, also those that have none of it.

        Parameters
        ----------
        spec : HashSpec
            Which hash.
        variant : str
            Of which variant of the picture.

        Returns
        -------
        int
            Their number.
        """
        query = "SELECT count(*) FROM hash WHERE spec = (SELECT id FROM spec WHERE text = ?) AND variant = ?"
        with self.explained():
            return int(self.db.execute(query, (spec.id, variant)).fetchone()[0])

    def without_words(self, spec: HashSpec, variant: str, *, version: int) -> NDArray[np.int64]:
        """Return the contents that have a thumbnail, but not this hash of it.

        Parameters
        ----------
        spec : HashSpec
            Which hash.
        variant : str
            Of which variant of the picture.
        version : int
            Present thumbnail version; contents of another do not count.

        Returns
        -------
        ndarray of int64, shape (n,)
            Content ids, ascending.
        """
        hashed = "SELECT content FROM hash WHERE spec = (SELECT id FROM spec WHERE text = ?) AND variant = ?"
        known = self.count_words(spec, variant)
        with self.explained():
            if known == self.db.execute("SELECT count(*) FROM content").fetchone()[0]:
                return np.empty(0, np.int64)
            query = f"SELECT id FROM content WHERE failure IS NULL AND version = ? AND id NOT IN ({hashed}) ORDER BY id"
            return np.array([row[0] for row in self.db.execute(query, (version, spec.id, variant))], np.int64)

    def usable(self, ids: NDArray[np.int64], *, version: int, detail: int) -> NDArray[np.int64]:
        """Return those of some contents that are decoded as they are at present.

        Parameters
        ----------
        ids : ndarray of int64, shape (n,)
            Distinct ids.
        version : int
            Present thumbnail version.
        detail : int
            Least detail, inclusive.

        Returns
        -------
        ndarray of int64, shape (m,)
            Ascending.
        """
        query = f"""SELECT id, failure IS NULL AND version = ? AND detail >= ?, {", ".join(contents.SEALED)}, seal
            FROM content WHERE id IN wanted ORDER BY id"""
        with self.wanted(ids):
            rows = self.db.execute(query, (version, detail)).fetchall()
        self.check_rows("content", [row[2:] for row in rows])
        return np.array([content for content, good, *_ in rows if good], np.int64)

    def named(self, ids: NDArray[np.int64]) -> list[Named]:
        """Return where contents were when they were last looked at.

        Parameters
        ----------
        ids : ndarray of int64, shape (n,)
            Distinct ids.

        Returns
        -------
        list of (int, str, str, str, str)
            Content, source, volume, key of the folder, and name; a content may have several, or none.
        """
        found: list[Named] = []
        for start in range(0, len(ids), IDS_AT_ONCE):
            part = ids[start : start + IDS_AT_ONCE].tolist()
            query = f"""SELECT f.source, f.volume, f.key, f.seal, {", ".join(f"l.{name}" for name in locations.SEALED)}, l.seal
                FROM location AS l JOIN folder AS f ON f.id = l.folder WHERE l.content IN ({", ".join("?" * len(part))})"""
            with self.explained():
                rows = self.db.execute(query, part).fetchall()
            self.check_rows("folder", [row[:4] for row in rows])
            self.check_rows("location", [row[4:] for row in rows])
            found += [
                (content, source, os.fsdecode(volume), os.fsdecode(key), os.fsdecode(name))
                for source, volume, key, _, _, name, *_, content, _, _ in rows
            ]
        return found
