"""What was found of contents that may hold no more than another one of the same picture does."""

from collections.abc import Iterable

from lookalike.stores.database import Database, whole


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
        self.db.executemany(
            "INSERT OR REPLACE INTO origin VALUES (?, ?, ?, ?)",
            ((content, source, step, found) for content, source, found in rows),
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
        query = "SELECT found FROM origin WHERE content = ? AND source = ? AND step = ?"
        with self.explained():
            rows = ((pair, self.db.execute(query, (*pair, step)).fetchone()) for pair in pairs)
            return {pair: bool(whole(row)[0]) for pair, row in rows if row is not None}
