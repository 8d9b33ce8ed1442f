"""What was found out about pairs of contents."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.stores.database import Database
from lookalike.stores.values import octets, whole


class Pairs(Database):
    """The table pair of the catalog."""

    def add_pairs(
        self, left: NDArray[np.int64], right: NDArray[np.int64], tier: NDArray[np.uint8], score: NDArray[np.int64], step: str,
        evidence: Sequence[bytes | None],
    ) -> None:  # fmt: skip
        """Store verdicts; call inside a transaction.

        Parameters
        ----------
        left, right : ndarray of int64, shape (n,)
            Content ids, in either order.
        tier, score : ndarray, shape (n,)
            Verdicts: `Tier` values, thousandths.
        step : str
            How the pairs were verified, with its version.
        evidence : sequence of bytes or None
            What the verdicts were made from.
        """
        low, high = np.minimum(left, right), np.maximum(left, right)
        sealed = self.seals(low, high, tier.astype(np.int64), score.astype(np.int64), evidence)
        columns = (low.tolist(), high.tolist(), [step] * len(low), tier.tolist(), score.tolist(), evidence, sealed)
        self.db.executemany(
            'INSERT OR REPLACE INTO pair ("left", "right", step, tier, score, evidence, seal) VALUES (?, ?, ?, ?, ?, ?, ?)',
            zip(*columns, strict=True),
        )

    def pairs(
        self, left: NDArray[np.int64], right: NDArray[np.int64], step: str
    ) -> tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.int64]]:
        """Return the stored verdicts among pairs.

        Parameters
        ----------
        left, right : ndarray of int64, shape (n,)
            Content ids, in either order.
        step : str
            How the pairs were verified, with its version.

        Returns
        -------
        row : ndarray of int64, shape (m,)
            Which of the pairs have a verdict.
        tier, score : ndarray, shape (m,)
            Their verdicts.
        """
        rows = self._ask(left, right, step)
        with self.explained():
            columns = whole([row[:3] for row in rows]).reshape(-1, 3)
        return columns[:, 0], columns[:, 1].astype(np.uint8), columns[:, 2]

    def evidence(
        self, left: NDArray[np.int64], right: NDArray[np.int64], step: str, length: int
    ) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """Return what stored verdicts were made from.

        Parameters
        ----------
        left, right : ndarray of int64, shape (n,)
            Content ids, in either order.
        step : str
            How the pairs were verified, with its version.
        length : int
            Bytes of the evidence of a pair.

        Returns
        -------
        row : ndarray of int64, shape (m,)
            Which of the pairs have some.
        evidence : ndarray of uint8, shape (m, length)
            As `add_pairs` took it.
        """
        rows = [row for row in self._ask(left, right, step) if row[3] is not None]
        with self.explained():
            return np.array([row[0] for row in rows], np.int64), octets([row[3] for row in rows], length)

    def _ask(self, left: NDArray[np.int64], right: NDArray[np.int64], step: str) -> list[tuple[Any, ...]]:
        """Return number, tier, score and evidence of the stored pairs among some, and what else their seals are made of."""
        low, high = np.minimum(left, right).tolist(), np.maximum(left, right).tolist()
        find = """SELECT q.row, p.tier, p.score, p.evidence, p."left", p."right", p.seal FROM question AS q
            CROSS JOIN pair AS p ON p."left" = q.low AND p."right" = q.high AND p.step = ?"""
        with self.explained():
            self.db.execute("CREATE TEMP TABLE IF NOT EXISTS question (row INTEGER, low INTEGER, high INTEGER)")
            self.db.execute("BEGIN")
            try:
                self.db.executemany(
                    "INSERT INTO question VALUES (?, ?, ?)", zip(range(len(low)), low, high, strict=True)
                )
                rows = self.db.execute(find, (step,)).fetchall()
            finally:
                self.db.execute("ROLLBACK")
        if rows:
            _, tier, score, evidence, lows, highs, sealed = zip(*rows, strict=True)
            self.check_seals("pair", sealed, lows, highs, tier, score, evidence)
        return rows
