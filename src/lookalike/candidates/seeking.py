"""Which hashes are near each other: listed, or looked for when somebody asks where there are too many pairs to keep."""

import numpy as np
from numpy.typing import NDArray

from lookalike import grouping, join

MOST_PAIRS = 1 << 25
"""Pairs of hashes of a layer that are kept in memory: 32 bytes each, some 100 while they are put in order.

Beyond, each hash looks for its own.
"""

Block = NDArray[np.uint64]


def near_hashes(distinct: NDArray[np.uint64], radius: int, *, threads: int) -> grouping.Neighbours:
    """Find which hashes are near each other.

    Parameters
    ----------
    distinct : ndarray of uint64, shape (n, words)
        Hashes without repetition.
    radius : int
        Greatest distance in bits, inclusive.
    threads : int
        How many threads join.

    Returns
    -------
    Neighbours
        Listed, unless there are so many pairs that each hash had better look for its own when asked.
    """
    parts: list[join.Pairs] = []
    count = 0
    for part in join.stream_distinct_pairs(distinct, radius, threads=threads):
        parts.append(part)
        count += len(part[0])
        if count > MOST_PAIRS:
            return _Sought(distinct, radius, threads=threads)
    none = np.empty(0, np.int64)
    left, right, _ = (np.concatenate(column) for column in zip((none, none, none), *parts, strict=True))
    return grouping.Listed(len(distinct), left, right)


class _Sought:
    """Neighbours that are looked for within their component when somebody asks; nobody keeps their pairs."""

    def __init__(self, distinct: NDArray[np.uint64], radius: int, *, threads: int) -> None:
        self.count, self._radius = len(distinct), radius
        self._labels = join.components(distinct, radius, threads=threads)
        self._members = np.argsort(self._labels, kind="stable")
        self._block = distinct[self._members]
        self._bounds = np.searchsorted(self._labels[self._members], np.arange(self.count + 1))
        self._place = np.empty(self.count, np.int64)
        self._place[self._members] = np.arange(self.count)

    def near(self, number: int) -> NDArray[np.int64]:
        label, place = int(self._labels[number]), int(self._place[number])
        start, stop = self._bounds[label], self._bounds[label + 1]
        query = self._block[place : place + 1]
        _, rows, _ = join.search(self._block[start:stop], query, radius=self._radius, threads=1)
        found = self._members[start + rows]
        others: NDArray[np.int64] = found[found != number]
        return others

    def labels(self) -> NDArray[np.int64]:
        return self._labels


class SoughtHits:
    """Hits that are looked for when somebody asks: nodes are the hashes, and after these the items that may hit them.

    Parameters
    ----------
    distinct : ndarray of uint64, shape (n, words)
        Hashes without repetition.
    made : ndarray of uint64, shape (m, k, words)
        Hashes of what is made of each item.
    radius : int
        Greatest distance in bits, inclusive.
    threads : int
        How many threads join.
    """

    def __init__(self, distinct: Block, made: Block, radius: int, *, threads: int) -> None:
        items, each, width = made.shape
        self._nodes, self._radius = len(distinct), radius
        self.count: int = len(distinct) + items
        block = np.concatenate([distinct, made.reshape(-1, width)])
        number = np.concatenate([np.arange(self._nodes), self._nodes + np.arange(items).repeat(each)])
        # What is near the same hash is connected; so is, for simplicity, what two items are made into.
        self._labels = grouping.connected(self.count, number, number[join.components(block, radius, threads=threads)])
        sides = self._labels[: self._nodes], self._labels[self._nodes :]
        self._members = [np.argsort(labels, kind="stable") for labels in sides]
        self._sorted = [labels[members] for labels, members in zip(sides, self._members, strict=True)]
        self._blocks = distinct[self._members[0]], made[self._members[1]]
        self._distinct, self._made = distinct, made

    def near(self, number: int) -> NDArray[np.int64]:
        """Return the nodes that a node hits, or is hit by.

        Parameters
        ----------
        number : int
            The node.

        Returns
        -------
        ndarray of int64, shape (k,)
            In no particular order.
        """
        item = number >= self._nodes
        start, stop = np.searchsorted(self._sorted[not item], self._labels[number] + np.arange(2)).tolist()
        rows = self._blocks[not item][start:stop].reshape(-1, self._distinct.shape[1])
        query = self._made[number - self._nodes] if item else self._distinct[number : number + 1]
        _, row, _ = join.search(rows, query, radius=self._radius, threads=1)
        found = start + np.unique(row if item else row // self._made.shape[1])
        others: NDArray[np.int64] = self._members[not item][found] + (0 if item else self._nodes)
        return others

    def labels(self) -> NDArray[np.int64]:
        """Return the component of each node.

        Returns
        -------
        ndarray of int64, shape (count,)
            The smallest node in it.
        """
        return self._labels
