"""What full decodes of contents found."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from lookalike.stores.database import Database


class Pixels(Database):
    """The table pixels of the catalog."""

    def add_pixels(self, rows: Iterable[tuple[int, bytes | None, bytes | None]], step: str) -> None:
        """Store what full decodes found; call inside a transaction.

        Parameters
        ----------
        rows : iterable of (int, bytes or None, bytes or None)
            Content id; digest of its pixels, None where they cannot all be decoded; digest of the luma that it would have if
            it had been saved upright, None where it was.
        step : str
            How they were decoded, with its version.
        """
        if rows := list(rows):
            sealed = self.seals(*zip(*rows, strict=True))
            self.db.executemany(
                "INSERT OR REPLACE INTO pixels (content, step, digest, luma, seal) VALUES (?, ?, ?, ?, ?)",
                ((content, step, *found, seal) for (content, *found), seal in zip(rows, sealed, strict=True)),
            )

    def pixels(self, ids: NDArray[np.int64], step: str) -> dict[int, tuple[bytes | None, bytes | None]]:
        """Return what is known of the pixels of contents.

        Parameters
        ----------
        ids : ndarray of int64, shape (n,)
            Distinct ids.
        step : str
            How they would be decoded; what was found in another way does not count.

        Returns
        -------
        dict of int to (bytes or None, bytes or None)
            By id; as `add_pixels` took them.
        """
        query = "SELECT content, digest, luma, seal FROM pixels WHERE step = ? AND content IN wanted"
        with self.wanted(ids):
            rows = self.db.execute(query, (step,)).fetchall()
        self.check_rows("pixels", rows)
        return {content: (digest, luma) for content, digest, luma, _ in rows}
