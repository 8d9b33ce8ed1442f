"""Hashes of contents, as words."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from lookalike import bits, collector
from lookalike.model import HashSpec
from lookalike.stores.database import Database


class Words(Database):
    """The tables spec and hash of the catalog."""

    def add_hashes(self, ids: Sequence[int], block: NDArray[np.uint64], spec: HashSpec, variant: str = "plain") -> None:
        """Store hashes; call inside a transaction.

        Parameters
        ----------
        ids : sequence of int
            Content ids.
        block : ndarray of uint64, shape (n, words)
            Row i belongs to ``ids[i]``.
        spec : HashSpec
            What they are.
        variant : str
            plain, or what was done to the picture first.
        """
        self.add_words(zip(ids, bits.to_bytes(block), strict=True), spec, variant)

    def add_words(self, rows: Iterable[tuple[int, bytes]], spec: HashSpec, variant: str = "plain") -> None:
        """Store hashes as bytes; call inside a transaction.

        Parameters
        ----------
        rows : iterable of (int, bytes)
            Content ids and words, big-endian; of an algorithm that hashes parts, those of all parts in a row.
        spec : HashSpec
            What they are.
        variant : str
            plain, or what was done to the picture first; quality for the quality beside the hash.
        """
        number = self._spec(spec)
        contents, words = zip(*rows, strict=True) if (rows := list(rows)) else ((), ())
        self.db.executemany(
            "INSERT OR REPLACE INTO hash (content, spec, variant, words, seal) VALUES (?, ?, ?, ?, ?)",
            (
                (content, number, variant, word, seal)
                for content, word, seal in zip(
                    contents, words, self.seals(contents, words, number, variant), strict=True
                )
            ),
        )

    def words(self, ids: NDArray[np.int64], spec: HashSpec, variant: str = "plain") -> dict[int, bytes]:
        """Return the stored hashes of contents as bytes.

        Parameters
        ----------
        ids : ndarray of int64, shape (n,)
            Distinct ids.
        spec : HashSpec
            Which hash.
        variant : str
            Of which variant of the picture.

        Returns
        -------
        dict of int to bytes
            By id, ascending; as `add_words` took them.
        """
        parts = self._words(np.sort(ids), spec, variant)
        return {content: words for part in parts for content, words in zip(*part, strict=True)}

    def word_columns(
        self, ids: NDArray[np.int64], spec: HashSpec, variant: str = "plain"
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint64]]:
        """Return the stored hashes of contents as columns.

        Parameters
        ----------
        ids : ndarray of int64, shape (n,)
            Ascending ids.
        spec : HashSpec
            Which hash.
        variant : str
            Of which variant of the picture.

        Returns
        -------
        found : ndarray of int64, shape (m,)
            Which of the ids have some, ascending.
        count : ndarray of int64, shape (m,)
            How many each of them has.
        block : ndarray of uint64, shape (sum of count, words)
            Hashes, id by id.
        """
        width = bits.words(spec.bits) * (bits.WORD // 8)
        found, count = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        block = [np.zeros((0, bits.words(spec.bits)), np.uint64)]
        with collector.paused(), self.explained():
            for contents, values in self._words(ids, spec, variant):
                found.append(np.array(contents, np.int64))
                count.append(np.fromiter(map(len, values), np.int64) // width)
                block.append(bits.from_bytes(values, spec.bits))
        return np.concatenate(found), np.concatenate(count), np.concatenate(block)

    def _words(
        self, ids: NDArray[np.int64], spec: HashSpec, variant: str
    ) -> Iterator[tuple[tuple[int, ...], tuple[bytes, ...]]]:
        query = "SELECT content, words, seal FROM hash WHERE spec = ? AND variant = ? AND {} ORDER BY content"
        number = self.number_of(spec)
        for rows in self.among(query, "content", ids, (number, variant)):
            contents, words, sealed = zip(*rows, strict=True)
            self.check_seals("hash", sealed, contents, words, number, variant)
            yield contents, words

    def number_of(self, spec: HashSpec) -> int:
        """Return the id of a spec.

        Parameters
        ----------
        spec : HashSpec
            Which hash.

        Returns
        -------
        int
            0 where there is no hash of it.
        """
        with self.explained():
            row = self.db.execute("SELECT id FROM spec WHERE text = ?", (spec.id,)).fetchone()
            return 0 if row is None else int(row[0])

    def _spec(self, spec: HashSpec) -> int:
        self.db.execute("INSERT OR IGNORE INTO spec (text) VALUES (?)", (spec.id,))
        return int(self.db.execute("SELECT id FROM spec WHERE text = ?", (spec.id,)).fetchone()[0])
