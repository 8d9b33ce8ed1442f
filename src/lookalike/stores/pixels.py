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
        self.db.executemany(
            "INSERT OR REPLACE INTO pixels VALUES (?, ?, ?, ?)",
            ((content, step, digest, luma) for content, digest, luma in rows),
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
        query = "SELECT content, digest, luma FROM pixels WHERE step = ? AND content IN wanted"
        with self.wanted(ids):
            return {content: (digest, luma) for content, digest, luma in self.db.execute(query, (step,))}
