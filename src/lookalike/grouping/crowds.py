"""Crowds: where very many items may match one, the likeliest are asked first, and others only while that finds something."""

from collections.abc import Callable, Collection

import numpy as np
from numpy.typing import NDArray

Items = NDArray[np.int64]
Distance = Callable[[int, Items], Items]
"""``(item, others) -> how far each of these is from it``; below zero, it is asked whatever others are found."""
Apart = Callable[[Items, Items], NDArray[np.bool_]]
"""``(left, right) -> which pairs never match``."""

MOST_ASKED = 64
"""How many an item may have for all of them to be asked; of more, so many at a time."""


class Crowds:
    """In which order items are asked, and where to stop.

    Verification of all that may match would cost the square of a crowd: of many different pictures of nearly one hash. In
    parts, what an item finds costs what it is, and what it does not find one part.

    Parameters
    ----------
    distance : callable, optional
        By what those that may match one item are put in order; None asks all of them always.
    apart : callable, optional
        Which pairs never match, whatever they look like: these take nobody's place in a part.

    Attributes
    ----------
    passed : int
        Pairs that nobody asked about.
    """

    def __init__(self, distance: Distance | None = None, apart: Apart | None = None) -> None:
        self._distance, self._apart = distance, apart
        self.passed = 0

    def parts(self, item: int, others: Items) -> list[Items]:
        """Return in which parts to ask.

        Parameters
        ----------
        item : int
            Who asks.
        others : ndarray of int64, shape (n,)
            Who may match, ascending.

        Returns
        -------
        list of ndarray of int64
            The nearest first; ascending within each part.

        Examples
        --------
        >>> [len(part) for part in Crowds(lambda item, others: abs(others - item)).parts(0, np.arange(1, 301))]
        [64, 64, 64, 64, 44]
        """
        if self._distance is None or len(others) <= MOST_ASKED:
            return [others]
        if self._apart is not None:
            others = others[~self._apart(np.full(len(others), item), others)]
            if len(others) <= MOST_ASKED:
                return [others]
        far = self._distance(item, others)
        near = others[np.argsort(far, kind="stable")]
        first = max(MOST_ASKED, int((far < 0).sum()))
        return [np.sort(part) for part in np.split(near, range(first, len(near), MOST_ASKED))]

    def rest(self, asking: list[tuple[int, list[Items]]], met: Collection[int]) -> list[tuple[int, list[Items]]]:
        """Return who goes on asking after a part each, and whom.

        Parameters
        ----------
        asking : list of (int, list of ndarray of int64)
            Items with the parts that they had not asked, the one that they have asked now among them.
        met : collection of int
            Items that found something in it.

        Returns
        -------
        list of (int, list of ndarray of int64)
            Those of them, with what is left; of the others, what is left is passed over.
        """
        self.passed += sum(len(part) for item, parts in asking if item not in met for part in parts[1:])
        return [(item, parts[1:]) for item, parts in asking if item in met and len(parts) > 1]
