"""Verdicts on items of which some show several pictures: where first frames differ, any two frames may be the same picture."""

import numpy as np
from numpy.typing import NDArray

from lookalike import grouping
from lookalike.columns import Column
from lookalike.matches.frames import Pictures
from lookalike.model import Tier


class AnyFrame:
    """Judge items by their first frames, and those that these leave apart by all their frames.

    Parameters
    ----------
    judge : callable
        Verifies pairs of pictures; the first frames have the numbers of their items.
    near : Candidates
        Which pictures may match.
    shown : Pictures
        What the items show.

    Notes
    -----
    Two items of which any further frames match are an edit of each other at most, however alike those are: each holds pictures
    that the other does not.
    """

    def __init__(self, judge: grouping.Judge, near: grouping.Candidates, shown: Pictures) -> None:
        self._judge, self._near = judge, near
        self._by_item = np.argsort(shown.item, kind="stable")
        self._ends = np.cumsum(np.bincount(shown.item))
        self._several = np.bincount(shown.item) > 1
        self._met: dict[tuple[int, int], tuple[int, int]] = {}

    def __call__(self, left: Column, right: Column) -> tuple[NDArray[np.uint8], Column]:
        """Verify pairs of items.

        Parameters
        ----------
        left, right : ndarray of int64, shape (n,)
            Items.

        Returns
        -------
        tier : ndarray of uint8, shape (n,)
            `Tier` values.
        score : ndarray of int64, shape (n,)
            Thousandths.
        """
        tier, score = self._judge(left, right)
        apart = np.flatnonzero((tier > Tier.EDIT) & (self._several[left] | self._several[right]))
        asked = [
            (row, one, other) for row in apart.tolist() for one, other in self._pairs(int(left[row]), int(right[row]))
        ]
        if not asked:
            return tier, score
        rows, ones, others = np.array(asked, np.int64).T
        found, rated = self._judge(ones, others)
        same = np.flatnonzero(found <= Tier.EDIT)
        order = same[np.lexsort((others[same], ones[same], -rated[same], found[same], rows[same]))]
        _, first = np.unique(rows[order], return_index=True)
        for at in order[first].tolist():
            row = int(rows[at])
            tier[row], score[row] = Tier.EDIT, rated[at]
            self._met[int(left[row]), int(right[row])] = int(ones[at]), int(others[at])
        return tier, score

    def met(self, left: Column, right: Column) -> tuple[Column, Column]:
        """Return the pictures by which items matched.

        Parameters
        ----------
        left, right : ndarray of int64, shape (n,)
            Pairs of items that were verified, in either order.

        Returns
        -------
        left, right : ndarray of int64, shape (n,)
            A picture of each: the first frames but where only others matched.
        """
        one, other = left.copy(), right.copy()
        for row, (first, second) in enumerate(zip(left.tolist(), right.tolist(), strict=True)) if self._met else ():
            if (first, second) in self._met:
                one[row], other[row] = self._met[first, second]
            elif (second, first) in self._met:
                other[row], one[row] = self._met[second, first]
        return one, other

    def _pairs(self, left: int, right: int) -> list[tuple[int, int]]:
        """Return the pictures of two items that may match, but for the first of both."""
        ones, others = self._pictures(left), self._pictures(right)
        if len(ones) > len(others):
            return [(one, other) for other, one in self._pairs(right, left)]
        near = ((one, np.intersect1d(self._near.near(one), others)) for one in ones.tolist())
        return [(one, other) for one, found in near for other in found.tolist() if (one, other) != (left, right)]

    def _pictures(self, item: int) -> Column:
        stop = int(self._ends[item])
        found: Column = self._by_item[int(self._ends[item - 1]) if item else 0 : stop]
        return found
