"""What was found of contents that may hold no more than another one of the same picture does."""

from collections.abc import Iterable

import numpy as np

from lookalike.stores.database import Database
from lookalike.stores.values import whole


class Origins(Database):
    """The table origin of the catalog."""

    def add_origins(self, rows: Iterable[tuple[int, int, bool]], step: str) -> None:
        """Store what was found of pairs; call inside a transaction.

        Parameters
        ----------
        rows : iterable of (int, int, bool)
            Content id; id of what it may come from; whether it does.
        step : str
            How they were looked at, with its version.
        """
        if rows := list(rows):
            sealed = self.seals(*zip(*rows, strict=True))
            self.db.executemany(
                "INSERT OR REPLACE INTO origin (content, source, step, found, seal) VALUES (?, ?, ?, ?, ?)",
                ((*pair, step, found, seal) for (*pair, found), seal in zip(rows, sealed, strict=True)),
            )

    def origins(self, pairs: Iterable[tuple[int, int]], step: str) -> dict[tuple[int, int], bool]:
        """Return what is known of pairs.

        Parameters
        ----------
        pairs : iterable of (int, int)
            Content ids, and ids of what these may come from.
        step : str
            How they would be looked at; what was found in another way does not count.

        Returns
        -------
        dict of (int, int) to bool
            By pair; without those that nothing is known of.
        """
        query = "SELECT content, source, found, seal FROM origin WHERE content = ? AND source = ? AND step = ?"
        with self.explained():
            asked = ((pair, self.db.execute(query, (*pair, step)).fetchone()) for pair in pairs)
            rows = {pair: row for pair, row in asked if row is not None}
            self.check_rows("origin", list(rows.values()))
            found = whole([row[2] for row in rows.values()])
            return dict(zip(rows, found.astype(np.bool_).tolist(), strict=True))
