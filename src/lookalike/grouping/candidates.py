"""Which items may match, as a graph of near hashes."""

from collections.abc import Sequence
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
        self.count, self.left, self.right = count, left, right

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
        return connected(self.count, self.left, self.right)


class Layer:
    """Which items may match by one sort of hash: those of one node, and those of nodes within the radius.

    A node is a hash. An item has as many as there are hashes of it (of the whole, of what a border surrounds, ...); items with
    equal hashes share theirs.

    Parameters
    ----------
    item, node : ndarray of int64, shape (m,)
        Which items have which nodes; items may have none.
    neighbours : Neighbours
        Which nodes are near each other.
    """

    def __init__(self, item: NDArray[np.int64], node: NDArray[np.int64], neighbours: Neighbours) -> None:
        self._neighbours = neighbours
        by_item, by_node = np.lexsort((node, item)), np.lexsort((item, node))
        self._holders, self._nodes = item[by_item], node[by_item]
        self._items, self._bounds = item[by_node], bounds(node[by_node], neighbours.count)

    def owned(self, owner: NDArray[np.int64]) -> "Layer":
        """Return the same for what the items belong to.

        Parameters
        ----------
        owner : ndarray of int64, shape (n,)
            The owner of each item.

        Returns
        -------
        Layer
            An owner has the nodes of all its items.
        """
        return Layer(owner[self._holders], self._nodes, self._neighbours)

    def near(self, item: int) -> list[NDArray[np.int64]]:
        """Return the items that may match one item, node by node.

        Parameters
        ----------
        item : int
            Number of the item.

        Returns
        -------
        list of ndarray of int64
            Ascending each; the item itself is among them if it has a node.
        """
        start, stop = np.searchsorted(self._holders, (item, item + 1)).tolist()
        own = self._nodes[start:stop].tolist()
        nodes = (near for node in own for near in (node, *self._neighbours.near(node).tolist()))
        return [self._items[self._bounds[node] : self._bounds[node + 1]] for node in nodes]

    def edges(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return pairs of items that connect what this layer connects.

        Returns
        -------
        left, right : ndarray of int64, shape (m,)
            Each item with the least one of each of its components.
        """
        label = self._neighbours.labels()[self._nodes]
        least = np.full(self._neighbours.count, np.iinfo(np.int64).max)
        np.minimum.at(least, label, self._holders)
        return least[label], self._holders


class Candidates:
    """Which items may match, by any of several sorts of hashes.

    Parameters
    ----------
    count : int
        Number of items.
    layers : sequence of Layer
        What each sort says.
    """

    def __init__(self, count: int, layers: Sequence[Layer]) -> None:
        self._count, self._layers = count, layers

    def __len__(self) -> int:
        return self._count

    def owned(self, owner: NDArray[np.int64], count: int) -> "Candidates":
        """Return the same for what the items belong to.

        Parameters
        ----------
        owner : ndarray of int64, shape (n,)
            The owner of each item.
        count : int
            Number of owners.

        Returns
        -------
        Candidates
            Two owners may match if any two of their items may.
        """
        return Candidates(count, [layer.owned(owner) for layer in self._layers])

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
        parts = [part for layer in self._layers for part in layer.near(item)]
        found = np.unique(np.concatenate(parts)) if parts else np.zeros(0, np.int64)
        others: NDArray[np.int64] = found[found != item]
        return others

    def components(self) -> list[NDArray[np.int64]]:
        """Return the connected components of two or more items.

        Returns
        -------
        list of ndarray of int64
            Items of each, ascending; ordered by their first item.
        """
        edges = [layer.edges() for layer in self._layers]
        none = np.zeros(0, np.int64)
        left, right = (np.concatenate(column) for column in zip((none, none), *edges, strict=True))
        label = connected(self._count, left, right)
        order = np.argsort(label, kind="stable")
        parts = np.split(order, np.flatnonzero(np.diff(label[order])) + 1)
        return [part for part in parts if len(part) > 1]


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
