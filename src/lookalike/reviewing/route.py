"""In which order groups come."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Literal

import numpy as np

from lookalike.errors import check_known
from lookalike.groups.grouped import Outline

if TYPE_CHECKING:
    from numpy.typing import NDArray

Order = Literal["risk", "space"]
"""Of groups: the least certain one first, or the one that would free most bytes."""


class Route:
    """Groups in an order.

    Parameters
    ----------
    made : Outline
        What is known of each group.
    order : str
        risk or space.

    Attributes
    ----------
    order : str
        As given.
    sequence : ndarray of int64, shape (n,)
        Positions of groups, the first to be looked at first.

    Raises
    ------
    UsageError
        If the order is unknown.
    """

    def __init__(self, made: Outline, order: str = "risk") -> None:
        check_known("order", order, ("risk", "space"))
        self.order: str = order
        self.sequence: NDArray[np.int64] = (
            made.by_risk() if order == "risk" else np.argsort(-made.saving, kind="stable")
        )
        self._rank = np.empty_like(self.sequence)
        self._rank[self.sequence] = np.arange(len(self.sequence))

    def rank(self, at: int) -> int:
        """Return at which place a group comes.

        Parameters
        ----------
        at : int
            Position of a group.

        Returns
        -------
        int
            0 for the first.
        """
        return int(self._rank[at])

    def neighbour(self, at: int, step: int) -> int | None:
        """Return a group near another one.

        Parameters
        ----------
        at : int
            Position of a group.
        step : int
            How many places after it, or before it where negative.

        Returns
        -------
        int or None
            Position of that group; None beyond either end.
        """
        place = self.rank(at) + step
        return int(self.sequence[place]) if 0 <= place < len(self.sequence) else None

    def next_open(self, taken: Collection[int], at: int | None = None) -> int | None:
        """Return the next group that is still open; after the last one it begins again with the first.

        Parameters
        ----------
        taken : collection of int
            Positions of groups that are not.
        at : int, optional
            Position of a group to begin behind; None for the beginning.

        Returns
        -------
        int or None
            A position; None where there is none left.
        """
        free = np.ones(len(self.sequence), np.bool_)
        free[list(taken)] = False
        left = np.flatnonzero(free[self.sequence])
        if not len(left):
            return None
        later = left[left > (-1 if at is None else self.rank(at))]
        return int(self.sequence[later[0] if len(later) else left[0]])
