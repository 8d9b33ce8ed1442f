"""Which items may match, as a graph of near hashes."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lookalike.grouping.graph import bounds, connected, without_repetition


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
        self.count: int = count
        self.left: NDArray[np.int64] = left
        self.right: NDArray[np.int64] = right

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

    def costs(self) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
        """Return how many pairs of items this layer lists.

        Returns
        -------
        tuple of (ndarray of int64, ndarray of int64) or None
            An item each, and pairs in its component: together those of the whole layer. None where pairs are not at hand.
        """
        if not isinstance(self._neighbours, Listed):
            return None
        one, other = self._node_pairs(self._neighbours)
        size = np.diff(self._bounds)
        return self._items[self._bounds[one]], np.where(
            one == other, size[one] * (size[one] - 1) // 2, size[one] * size[other]
        )

    def pairs(self, wanted: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the pairs of items that may match; only where `costs` is known.

        Parameters
        ----------
        wanted : ndarray of bool, shape (items,)
            Items whose pairs are wanted: all or none of a component.

        Returns
        -------
        left, right : ndarray of int64, shape (m,)
            Items, left < right; pairs may come several times.
        """
        assert isinstance(self._neighbours, Listed)
        one, other = self._node_pairs(self._neighbours)
        kept = wanted[self._items[self._bounds[one]]]
        one, other = one[kept], other[kept]
        size = np.diff(self._bounds)
        count = size[one] * size[other]
        at = np.repeat(np.arange(len(one)), count)
        place = np.arange(len(at)) - np.repeat(np.cumsum(count) - count, count)
        row, column = np.divmod(place, size[other][at])
        left, right = self._items[self._bounds[one][at] + row], self._items[self._bounds[other][at] + column]
        # Of pairs within a node each comes twice, and each item with itself; an item of two nodes that are near is no pair.
        kept = (left != right) & ((one != other)[at] | (left < right))
        left, right = left[kept], right[kept]
        return np.minimum(left, right), np.maximum(left, right)

    def _node_pairs(self, neighbours: Listed) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return pairs of nodes that have items: a node with itself, where it has several, and the near ones."""
        size = np.diff(self._bounds)
        several = np.flatnonzero(size > 1)
        held = (size[neighbours.left] > 0) & (size[neighbours.right] > 0)
        return (
            np.concatenate([several, neighbours.left[held]]),
            np.concatenate([several, neighbours.right[held]]),
        )

    def edges(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return pairs of items that connect what this layer connects.

        Returns
        -------
        left, right : ndarray of int64, shape (m,)
            Each item with the least one of each of its components, but for itself.
        """
        label = self._neighbours.labels()[self._nodes]
        least = np.full(self._neighbours.count, np.iinfo(np.int64).max)
        np.minimum.at(least, label, self._holders)
        first = least[label]
        others = np.flatnonzero(first != self._holders)  # few: most hashes are near no other
        return first[others], self._holders[others]


class Candidates:
    """Which items may match, by any of several sorts of hashes.

    Parameters
    ----------
    count : int
        Number of items.
    layers : sequence of Layer
        What each sort says.

    Examples
    --------
    >>> near = Listed(2, np.array([0]), np.array([1]))  # two hashes within the radius; items 1 and 2 share the second
    >>> Candidates(3, [Layer(np.arange(3), np.array([0, 1, 1]), near)]).near(0)
    array([1, 2])
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

    def labels(self) -> NDArray[np.int64]:
        """Return the connected component of each item.

        Returns
        -------
        ndarray of int64, shape (n,)
            The smallest item in it.
        """
        edges = [layer.edges() for layer in self._layers]
        none = np.zeros(0, np.int64)
        left, right = (np.concatenate(column) for column in zip((none, none), *edges, strict=True))
        return connected(self._count, left, right)

    def components(self, wanted: NDArray[np.bool_] | None = None) -> list[NDArray[np.int64]]:
        """Return the connected components of two or more items.

        Parameters
        ----------
        wanted : ndarray of bool, shape (n,), optional
            Items of those that are asked for; None for all.

        Returns
        -------
        list of ndarray of int64
            Items of each, ascending; ordered by their first item.
        """
        label = self.labels()
        several = np.bincount(label, minlength=self._count)[label] > 1
        rows = np.flatnonzero(several if wanted is None else several & wanted)
        order = rows[np.argsort(label[rows], kind="stable")]
        return np.split(order, np.flatnonzero(np.diff(label[order])) + 1) if len(order) else []

    def listed(self, most: int, each: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
        """Return the pairs of the components that have few.

        Parameters
        ----------
        most : int
            How many pairs are few in all; repetitions count.
        each : int
            How many are few for each item of a component, on average.

        Returns
        -------
        left, right : ndarray of int64, shape (m,)
            Items, left < right; sorted, without repetition.
        rest : ndarray of bool, shape (n,)
            Items of the other components, whose pairs are to be asked for with `near`.
        """
        costs = [layer.costs() for layer in self._layers]
        label, keys = self.labels(), np.zeros(0, np.int64)
        if any(cost is None for cost in costs):
            return keys, keys, np.ones(self._count, np.bool_)
        pairs = np.zeros(self._count, np.int64)
        for item, count in filter(None, costs):
            np.add.at(pairs, label[item], count)
        own = np.flatnonzero(pairs)
        share = pairs[own] / np.bincount(label, minlength=self._count)[own]
        own = own[np.argsort(share, kind="stable")]
        few = np.zeros(self._count, np.bool_)
        few[own[(np.cumsum(pairs[own]) <= most) & (np.sort(share) <= each)]] = True
        wanted = few[label]
        for layer in self._layers:
            left, right = layer.pairs(wanted)
            keys = without_repetition(keys, left * self._count + right)
        left, right = np.divmod(keys, max(self._count, 1))
        return left, right, ~wanted
