"""Thumbnails of contents, in a table of their own, so that reading facts and hashes never pages through them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lookalike.model import CHROMA_SIDE, LUMA_BYTES, THUMBNAIL_BYTES, THUMBNAIL_SIDE
from lookalike.stores.database import Database
from lookalike.stores.values import octets


class Thumbnails(Database):
    """The table thumbnail of the catalog."""

    def add_thumbnails(self, ids: Sequence[int], pixels: Sequence[bytes]) -> None:
        """Store thumbnails; call inside a transaction.

        Parameters
        ----------
        ids : sequence of int
            Content ids.
        pixels : sequence of bytes
            Luma, then chroma, of each.
        """
        if ids:
            self.db.executemany(
                "INSERT OR REPLACE INTO thumbnail (content, pixels, seal) VALUES (?, ?, ?)",
                zip(ids, pixels, self.seals(ids, pixels), strict=True),
            )

    def load_thumbnails(self, ids: NDArray[np.int64], pixels: NDArray[np.uint8]) -> None:
        """Store thumbnails; call inside a transaction.

        Parameters
        ----------
        ids : ndarray of int64, shape (n,)
            Content ids.
        pixels : ndarray of uint8, shape (n, 4224)
            Luma, then chroma.
        """
        whole = np.ascontiguousarray(pixels).tobytes()
        self.add_thumbnails(
            ids.tolist(), [whole[at * THUMBNAIL_BYTES : (at + 1) * THUMBNAIL_BYTES] for at in range(len(ids))]
        )

    def thumbnails(self, ids: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Return thumbnails of contents.

        Parameters
        ----------
        ids : ndarray of int64, shape (n,)
            Ascending ids; each has a thumbnail.

        Returns
        -------
        luma : ndarray of uint8, shape (n, 64, 64)
            Brightness.
        chroma : ndarray of uint8, shape (n, 8, 8, 2)
            Cb and Cr.

        Raises
        ------
        CatalogError
            If one is missing.
        """
        query = "SELECT content, pixels, seal FROM thumbnail WHERE {} ORDER BY content"
        # Each by itself in a block of its own: a view of columns would be copied by every kernel that looks at some rows.
        luma = np.empty((len(ids), LUMA_BYTES), np.uint8)
        chroma = np.empty((len(ids), THUMBNAIL_BYTES - LUMA_BYTES), np.uint8)
        count = 0
        with self.explained():
            for rows in self.among(query, "content", ids):
                part = slice(count, count + len(rows))
                found, stored, sealed = zip(*rows, strict=True)
                self.check_seals("thumbnail", sealed, found, stored)
                pixels = octets(stored, THUMBNAIL_BYTES)
                if not np.array_equal(found, ids[part]):
                    break
                luma[part], chroma[part] = pixels[:, :LUMA_BYTES], pixels[:, LUMA_BYTES:]
                count += len(rows)
        if count != len(ids):
            raise self.damaged("thumbnails are missing")
        return luma.reshape(-1, THUMBNAIL_SIDE, THUMBNAIL_SIDE), chroma.reshape(-1, CHROMA_SIDE, CHROMA_SIDE, 2)

    def thumbnail(self, digest: bytes) -> tuple[NDArray[np.uint8], NDArray[np.uint8], int, int] | None:
        """Return the thumbnail of one content.

        Parameters
        ----------
        digest : bytes
            BLAKE3 of the file.

        Returns
        -------
        tuple of (ndarray of uint8, ndarray of uint8, int, int) or None
            Luma of shape (64, 64), chroma of shape (8, 8, 2), width and height of the picture; None where it is not known.
        """
        query = """SELECT pixels, width, height, content, thumbnail.seal FROM content JOIN thumbnail ON content = id
            WHERE digest = ? AND failure IS NULL"""
        with self.explained():
            row = self.db.execute(query, (digest,)).fetchone()
        if row is None:
            return None
        self.check_rows("thumbnail", [(row[3], row[0], row[4])])
        pixels = np.frombuffer(row[0], np.uint8)
        luma = pixels[:LUMA_BYTES].reshape(THUMBNAIL_SIDE, THUMBNAIL_SIDE)
        return luma, pixels[LUMA_BYTES:].reshape(CHROMA_SIDE, CHROMA_SIDE, 2), int(row[1]), int(row[2])

    def thumbnail_bytes(self, ids: NDArray[np.int64]) -> dict[int, bytes]:
        """Return the thumbnails of contents as they are stored.

        Parameters
        ----------
        ids : ndarray of int64, shape (n,)
            Distinct ids.

        Returns
        -------
        dict of int to bytes
            By id; luma, then chroma. Contents without one are not among them.
        """
        with self.wanted(ids):
            rows = self.db.execute("SELECT content, pixels, seal FROM thumbnail WHERE content IN wanted").fetchall()
        self.check_rows("thumbnail", rows)
        return {content: pixels for content, pixels, _ in rows}
