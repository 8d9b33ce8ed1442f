"""Which items may match, as a graph of near hashes."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Neighbours(Protocol):
    """Which classes of equal hashes are within the radius of each other."""

    count: int

    def near(self, number: int) -> NDArray[np.int64]:
        """Return the other classes within the radius of one class."""

    def labels(self) -> NDArray[np.int64]:
        """Return the component of each class: the smallest class in it."""


class Listed:
    """Neighbours of which every pair is at hand.

    Parameters
    ----------
    count : int
        Number of classes.
    left, right : ndarray of int64, shape (m,)
        Pairs of distinct classes within the radius.
    """

    def __init__(self, count: int, left: NDArray[np.int64], right: NDArray[np.int64]) -> None:
        sources, targets = np.concatenate([left, right]), np.concatenate([right, left])
        order = np.argsort(sources, kind="stable")
        self._near = targets[order]
        self._bounds = bounds(sources[order], count)
        self.count, self._left, self._right = count, left, right

    def near(self, number: int) -> NDArray[np.int64]:
        """Return the other classes within the radius of one class.

        Parameters
        ----------
        number : int
            The class.

        Returns
        -------
        ndarray of int64, shape (k,)
            In no particular order.
        """
        return self._near[self._bounds[number] : self._bounds[number + 1]]

    def labels(self) -> NDArray[np.int64]:
        """Return the component of each class.

        Returns
        -------
        ndarray of int64, shape (count,)
            The smallest class in it.
        """
        return connected(self.count, self._left, self._right)


class Joined:
    """Neighbours of two sorts.

    Parameters
    ----------
    first : Neighbours
        Of the first nodes.
    second : Listed
        Of all nodes.
    """

    def __init__(self, first: Neighbours, second: Listed) -> None:
        self._first, self._second, self.count = first, second, second.count

    def near(self, number: int) -> NDArray[np.int64]:
        """Return the other nodes near one node, of either sort.

        Parameters
        ----------
        number : int
            The node.

        Returns
        -------
        ndarray of int64, shape (k,)
            In no particular order.
        """
        further = self._second.near(number)
        return np.concatenate([self._first.near(number), further]) if number < self._first.count else further

    def labels(self) -> NDArray[np.int64]:
        """Return the component of each node.

        Returns
        -------
        ndarray of int64, shape (count,)
            The smallest node in it.
        """
        own = np.arange(self.count)
        own[: self._first.count] = self._first.labels()
        held = np.arange(self.count)
        return connected(self.count, np.concatenate([own, self._second.labels()]), np.concatenate([held, held]))


class Candidates:
    """Which items may match: those of one node, and those of nodes within the radius.

    A node is a hash. An item has as many as there are hashes of it (of the whole, of what a border surrounds, ...); items with
    equal hashes share theirs.

    Parameters
    ----------
    count : int
        Number of items.
    item, node : ndarray of int64, shape (m,)
        Which items have which nodes; items without any are never joined.
    neighbours : Neighbours
        Which nodes are near each other.
    """

    def __init__(self, count: int, item: NDArray[np.int64], node: NDArray[np.int64], neighbours: Neighbours) -> None:
        self._count, self._neighbours = count, neighbours
        by_item, by_node = np.argsort(item, kind="stable"), np.lexsort((item, node))
        self._nodes, self._node_bounds = node[by_item], bounds(item[by_item], count)
        self._items, self._item_bounds = item[by_node], bounds(node[by_node], neighbours.count)

    def __len__(self) -> int:
        return self._count

    def near(self, item: int) -> NDArray[np.int64]:
        """Return every item that may match one item.

        Parameters
        ----------
        item : int
            Number of the item.

        Returns
        -------
        ndarray of int64, shape (k,)
            Ascending, without the item itself.
        """
        own = self._nodes[self._node_bounds[item] : self._node_bounds[item + 1]].tolist()
        nodes = [near for node in own for near in (node, *self._neighbours.near(node).tolist())]
        if not nodes:
            return np.zeros(0, np.int64)
        found = np.concatenate([self._items[self._item_bounds[at] : self._item_bounds[at + 1]] for at in nodes])
        found = np.sort(found) if len(own) == 1 else np.unique(found)
        others: NDArray[np.int64] = found[found != item]
        return others

    def components(self) -> list[NDArray[np.int64]]:
        """Return the connected components of two or more items.

        Returns
        -------
        list of ndarray of int64
            Items of each, ascending; ordered by their first item.
        """
        items = np.flatnonzero(np.diff(self._node_bounds))
        first = self._nodes[self._node_bounds[items]]
        labels = self._neighbours.labels()
        # What has several nodes connects their components.
        held = np.repeat(first, np.diff(self._node_bounds)[items])
        labels = connected(self._neighbours.count, labels[held], labels[self._nodes])[labels]
        label = labels[first]
        items = items[np.argsort(label, kind="stable")]
        parts = np.split(items, np.flatnonzero(np.diff(np.sort(label, kind="stable"))) + 1)
        return sorted((part for part in parts if len(part) > 1), key=lambda part: int(part[0]))


def connected(count: int, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64]:
    """Label the connected components of a graph by their smallest node.

    Parameters
    ----------
    count : int
        Number of nodes.
    left, right : ndarray of int64, shape (m,)
        Edges.

    Returns
    -------
    ndarray of int64, shape (count,)
        Smallest node of the component of each node.

    Examples
    --------
    >>> connected(4, np.array([1]), np.array([3]))
    array([0, 1, 2, 1])
    """
    labels = np.arange(count)
    while len(left):
        one, other = labels[left], labels[right]
        apart = one != other
        left, right = left[apart], right[apart]
        # Hook the root with the larger label below the smaller, then point every node at its root.
        np.minimum.at(labels, np.maximum(one, other)[apart], np.minimum(one, other)[apart])
        while not np.array_equal(labels, above := labels[labels]):
            labels = above
    return labels


def bounds(values: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return where each value begins in a sorted column.

    Parameters
    ----------
    values : ndarray of int64, shape (m,)
        Ascending, each less than `count`.
    count : int
        How many values there are.

    Returns
    -------
    ndarray of int64, shape (count + 1,)
        Value v lies from row v of the result to the next.

    Examples
    --------
    >>> bounds(np.array([0, 2, 2]), 3)
    array([0, 1, 1, 3])
    """
    return np.searchsorted(values, np.arange(count + 1))
