"""Contents to candidates: which of them may be the same picture, by their hashes, and how to look at a pair of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike import grouping, join
from lookalike.model import FindOptions, HashSpec
from lookalike.stores.catalog import Catalog
from lookalike.turns import BACK
from lookalike.variants import TURNS, hash_words
from lookalike.verify import Hints
from lookalike.verify.views import WHOLE

MOST_PAIRS = 1 << 25
"""Pairs of distinct hashes that are kept in memory, some 24 bytes each; beyond, each hash looks for its own."""
MOST_HINTS = 3
"""Hints that a pair gets, from either side."""


@dataclass(frozen=True, slots=True)
class Proposals:
    """Candidates, and what is known of how they lie to each other.

    Attributes
    ----------
    candidates : Candidates
        Which items may match.
    nodes : ndarray of int64, shape (items, 2)
        Nodes of each item's own hashes: of the whole, and of what a border surrounds; -1 where there is none.
    hinted : ndarray of int64, shape (k,)
        ``item * count + node``, ascending: the item, turned, has the hash of that node or one near it.
    turn : ndarray of uint8, shape (k,)
        The EXIF orientation that turned it.
    count : int
        Number of nodes.
    """

    candidates: grouping.Candidates
    nodes: NDArray[np.int64]
    hinted: NDArray[np.int64]
    turn: NDArray[np.uint8]
    count: int

    def hints(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> Hints | None:
        """Return how to look at pairs, beside as they are.

        Parameters
        ----------
        left, right : ndarray of int64, shape (n,)
            Items.

        Returns
        -------
        Hints or None
            None where there is none for any.
        """
        if not len(self.hinted):
            return None
        rows: list[NDArray[np.int64]] = []
        turns: list[NDArray[np.uint8]] = []
        for turned, other, back in ((right, left, False), (left, right, True)):
            for column in range(self.nodes.shape[1]):
                node = self.nodes[other, column]
                key = turned * self.count + node
                start = np.searchsorted(self.hinted, key)
                found = np.where(node >= 0, np.searchsorted(self.hinted, key, side="right") - start, 0)
                for step in range(min(int(found.max(initial=0)), MOST_HINTS)):
                    at = np.flatnonzero(found > step)
                    turn = self.turn[start[at] + step]
                    rows.append(at)
                    turns.append(np.array(BACK, np.uint8)[turn] if back else turn)
        if not rows:
            return None
        both = np.unique(np.concatenate(rows) * len(BACK) + np.concatenate(turns))
        pair, turn = both // len(BACK), (both % len(BACK)).astype(np.uint8)
        whole = np.broadcast_to(WHOLE, (len(pair), 4))
        return Hints(pair, turn, whole, whole) if len(pair) else None


def propose(
    content: NDArray[np.int64],
    joined: NDArray[np.bool_],
    ids: NDArray[np.int64],
    store: Catalog,
    options: FindOptions,
    *,
    threads: int,
) -> Proposals:
    """Propose which items to verify against each other.

    Parameters
    ----------
    content : ndarray of int64, shape (n,)
        Row of `ids` of each item.
    joined : ndarray of bool, shape (n,)
        Which items may be joined at all.
    ids : ndarray of int64, shape (contents,)
        Content ids, ascending.
    store : Catalog
        Where hashes are kept.
    options : FindOptions
        Hash, radius and orientations.
    threads : int
        How many threads join.

    Returns
    -------
    Proposals
        Pairs within the radius: of the whole pictures or of what borders surround, and turned as the options allow.
    """
    count, spec, radius = len(content), options.spec, options.radius
    item_of = np.full(len(ids), -1, np.int64)
    item_of[content[joined]] = np.flatnonzero(joined)
    whole, without = (_of_items(item_of, ids, store, spec, variant) for variant in ("plain", "trimmed"))
    item, block = (np.concatenate(column) for column in zip(whole, without, strict=True))
    distinct, node = join.collapse(block)
    nodes = np.full((count, 2), -1, np.int64)
    nodes[whole[0], 0], nodes[without[0], 1] = node[: len(whole[0])], node[len(whole[0]) :]
    neighbours = near_hashes(distinct, radius, threads=threads)
    none = np.empty(0, np.int64)
    if options.orient == "upright":
        candidates = grouping.Candidates(count, item, node, neighbours)
        return Proposals(candidates, nodes, none, none.astype(np.uint8), len(distinct))
    owner, turned = _of_items(item_of, ids, store, spec, "turned")
    turn = np.tile(np.array(TURNS, np.uint8), len(owner) // len(TURNS))
    if options.orient == "mirror":
        owner, turned, turn = owner[turn == 2], turned[turn == 2], turn[turn == 2]
    row, found = join.search(distinct, turned, radius=radius, threads=threads)[:2]
    hit, at = np.unique(row, return_inverse=True)
    extra = len(distinct) + np.arange(len(hit))
    everything = grouping.Joined(neighbours, grouping.Listed(len(distinct) + len(hit), found, extra[at]))
    candidates = grouping.Candidates(
        count, np.concatenate([item, owner[hit]]), np.concatenate([node, extra]), everything
    )
    key = owner[row] * len(distinct) + found
    order = np.lexsort((turn[row], key))
    return Proposals(candidates, nodes, key[order], turn[row][order], len(distinct))


def _of_items(
    item_of: NDArray[np.int64], ids: NDArray[np.int64], store: Catalog, spec: HashSpec, variant: str
) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Return the hashes of a variant, each with its item, for the items that are joined."""
    wanted = np.flatnonzero(item_of >= 0)
    owner, block = hash_words(ids[wanted], store, spec, variant)
    return item_of[wanted[owner]], block


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
