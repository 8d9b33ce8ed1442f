"""Contents to candidates: which of them may be the same picture, by their hashes, and how to look at a pair of them.

A pair is a candidate if its whole pictures, or what borders surround, have near hashes; or its upper left corners have, or
any of the other three; or one picture cropped a little has a hash near that of the other; or, as options allow, one
turned, or cropped more.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike import grouping, join
from lookalike.hashes import crops
from lookalike.model import FindOptions, HashSpec
from lookalike.stores.catalog import Catalog
from lookalike.turns import BACK
from lookalike.variants import TURNS, hash_words
from lookalike.verify import Hints
from lookalike.verify.views import WHOLE

MOST_PAIRS = 1 << 25
"""Pairs of distinct hashes that are kept in memory, some 24 bytes each; beyond, each hash looks for its own."""
MOST_TURNS = 3
"""Turns that an item gets beside one hash, the nearest."""
CROP_MORE = 2
"""Bits by which the hash of a crop may be farther off than that of a part: it lies between the places that are tried."""

Column = NDArray[np.int64]
Owned = tuple[Column, NDArray[np.uint64]]
"""``(item, block)``: row i of the hash block belongs to that item."""

_BOX = np.concatenate([np.broadcast_to(WHOLE, (len(BACK), 4)), crops.EDGES, crops.CROPS])
_TURN = np.array([*range(len(BACK)), *[1] * (len(_BOX) - len(BACK))], np.uint8)
"""Ways to look at an item: by EXIF orientation turned, or upright cropped."""
_CROPPED = len(BACK)


@dataclass(frozen=True, slots=True)
class _Hinted:
    """What is known of how items lie to others.

    Attributes
    ----------
    nodes : ndarray of int64, shape (items, k)
        Nodes of each item's own hashes; -1 where there is none.
    count : int
        Number of nodes.
    key : ndarray of int64, shape (m,)
        ``item * count + node``, ascending: the item, looked at in that way, has the hash of the node or one near it.
    way : ndarray of int64, shape (m,)
        Row of the table of ways.
    """

    nodes: NDArray[np.int64]
    count: int
    key: Column
    way: Column

    def of(self, items: Column, others: Column) -> tuple[Column, Column]:
        """Return rows of pairs, and in which way to look at the item to see the other."""
        rows, ways = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for column in range(self.nodes.shape[1]):
            node = self.nodes[others, column]
            start, stop = (np.searchsorted(self.key, items * self.count + node, side) for side in ("left", "right"))
            found = np.where(node >= 0, stop - start, 0)
            for step in range(int(found.max(initial=0))):
                at = np.flatnonzero(found > step)
                rows.append(at)
                ways.append(self.way[start[at] + step])
        return np.concatenate(rows), np.concatenate(ways)


@dataclass(frozen=True, slots=True)
class Proposals:
    """Candidates, and what is known of how they lie to each other.

    Attributes
    ----------
    candidates : Candidates
        Which items may match.
    hinted : tuple
        What is known beside: of turned items, of cropped ones.
    """

    candidates: grouping.Candidates
    hinted: tuple[_Hinted, ...]

    def hints(self, left: Column, right: Column) -> Hints | None:
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
        found = [(*known.of(left, right), True) for known in self.hinted]
        found += [(*known.of(right, left), False) for known in self.hinted]
        rows, ways, of_left = (
            np.concatenate([np.broadcast_to(part[at], part[0].shape) for part in found] or [np.zeros(0, np.int64)])
            for at in range(3)
        )
        if not len(rows):
            return None
        # The right picture is the one to be turned.
        ways = np.where(of_left & (ways < _CROPPED), np.array(BACK)[np.minimum(ways, _CROPPED - 1)], ways)
        side = (of_left & (ways >= _CROPPED)).astype(np.int64)
        rest, side = np.divmod(np.unique((rows * len(_TURN) + ways) * 2 + side), 2)
        pair, way = np.divmod(rest, len(_TURN))
        boxes = [np.where((side == which)[:, np.newaxis], _BOX[way], WHOLE) for which in (1, 0)]
        return Hints(pair, _TURN[way], *boxes)


def propose(
    content: Column,
    joined: NDArray[np.bool_],
    ids: Column,
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
        Hash, radius, orientations, and whether to look for crops.
    threads : int
        How many threads join.

    Returns
    -------
    Proposals
        Pairs within the radius.
    """
    count, spec, radius = len(content), options.spec, options.radius
    item_of = np.full(len(ids), -1, np.int64)
    item_of[content[joined]] = np.flatnonzero(joined)
    wanted = np.flatnonzero(item_of >= 0)

    def hashes(spec: HashSpec, variant: str) -> Owned:
        owner, block = hash_words(ids[wanted], store, spec, variant, threads=threads)
        return item_of[wanted[owner]], block

    whole, without = hashes(spec, "plain"), hashes(spec, "trimmed")
    item, block = (np.concatenate(column) for column in zip(whole, without, strict=True))
    distinct, node = join.collapse(block)
    layers = [grouping.Layer(item, node, near_hashes(distinct, radius, threads=threads))]
    within = radius * crops.SPEC.bits // spec.bits
    part, block = hashes(crops.SPEC, "parts")
    for corner in range(len(crops.PARTS)):
        rows = slice(corner, None, len(crops.PARTS))
        layers.append(_near_layer(part[rows], block[rows], within, threads=threads))
    hinted: list[_Hinted] = []
    if options.orient != "upright":
        nodes = np.full((count, 2), -1, np.int64)
        nodes[whole[0], 0], nodes[without[0], 1] = node[: len(whole[0])], node[len(whole[0]) :]
        owner, turned = hashes(spec, "turned")
        turn = np.tile(np.array(TURNS), len(owner) // len(TURNS))
        if options.orient == "mirror":
            owner, turned, turn = owner[turn == 2], turned[turn == 2], turn[turn == 2]
        hits = _hits(distinct, turned, radius, (owner, turn, item, node), most=MOST_TURNS, threads=threads)
        _add_hits(layers, hinted, (item, node, nodes), *hits)
    boxes = crops.CROPS if options.crops else crops.EDGES
    first = len(_BOX) - len(boxes) if options.crops else _CROPPED
    item, block = hashes(crops.SPEC, "plain")
    distinct, node = join.collapse(block)
    nodes = np.full((count, 1), -1, np.int64)
    nodes[item, 0] = node
    owner, block = hashes(crops.SPEC, "crops" if options.crops else "edges")
    way = first + np.tile(np.arange(len(boxes)), len(owner) // len(boxes))
    farther = min(within + CROP_MORE, crops.SPEC.bits) if options.crops else within
    hits = _hits(distinct, block, farther, (owner, way, item, node), most=1, threads=threads)
    _add_hits(layers, hinted, (item, node, nodes), *hits)
    return Proposals(grouping.Candidates(count, layers), tuple(hinted))


def _near_layer(item: Column, block: NDArray[np.uint64], radius: int, *, threads: int) -> grouping.Layer:
    """Join one hash of each item; where pairs can be listed, forget the many hashes that have none near them."""
    distinct, node = join.collapse(block)
    near = near_hashes(distinct, radius, threads=threads)
    if isinstance(near, grouping.Listed):
        kept = np.bincount(node, minlength=len(distinct)) > 1
        kept[near.left] = kept[near.right] = True
        rows, number = kept[node], np.cumsum(kept) - 1
        near = grouping.Listed(int(kept.sum()), number[near.left], number[near.right])
        item, node = item[rows], number[node[rows]]
    return grouping.Layer(item, node, near)


def _hits(
    distinct: NDArray[np.uint64],
    queries: NDArray[np.uint64],
    radius: int,
    known: tuple[Column, Column, Column, Column],
    *,
    most: int,
    threads: int,
) -> tuple[Column, Column]:
    """Find which items, looked at in which ways, have a hash near a node of another.

    `known` is the owner and the way of each query, and which items have which nodes. Of a (item, node) the `most` nearest
    ways stay, as ``key`` and ``way`` of `_Hinted`.
    """
    owner, way, item, node = known
    count = len(distinct)
    alone = np.full(count, -1, np.int64)  # what looks like itself when turned or cropped is no candidate for itself
    alone[node] = item
    alone[np.bincount(node, minlength=count) > 1] = -1
    kept = np.zeros((3, 0), np.int64)
    for row, query, distance in _few_at_once(join.stream_cross_pairs(distinct, queries, radius, threads=threads)):
        other = alone[row] != owner[query]
        found = np.stack([owner[query] * count + row, distance, way[query]])[:, other]
        kept = np.concatenate([kept, found], axis=1)
        kept = kept[:, np.lexsort(kept[::-1])]
        first = np.searchsorted(kept[0], kept[0])
        kept = kept[:, np.arange(kept.shape[1]) - first < most]
    return kept[0], kept[2]


def _few_at_once(parts: Iterable[join.Pairs]) -> Iterable[join.Pairs]:
    """Gather small parts until there are as many pairs as in a full one."""
    waiting: list[join.Pairs] = []
    for part in parts:
        waiting.append(part)
        if sum(len(row) for row, _, _ in waiting) >= join.LIMIT:
            yield _joined(waiting)
            waiting = []
    if waiting:
        yield _joined(waiting)


def _joined(parts: list[join.Pairs]) -> join.Pairs:
    left, right, distance = (np.concatenate(column) for column in zip(*parts, strict=True))
    return left, right, distance


def _add_hits(
    layers: list[grouping.Layer],
    hinted: list[_Hinted],
    own: tuple[Column, Column, NDArray[np.int64]],
    key: Column,
    way: Column,
) -> None:
    """Add what items have hits, as nodes of their own beside those of the hashes that they hit."""
    item, node, nodes = own
    count = int(node.max(initial=-1)) + 1
    owner, hit = np.divmod(np.unique(key), max(count, 1))
    owners, at = np.unique(owner, return_inverse=True)
    near = grouping.Listed(count + len(owners), hit, count + at)
    further = count + np.arange(len(owners))
    layers.append(grouping.Layer(np.concatenate([item, owners]), np.concatenate([node, further]), near))
    hinted.append(_Hinted(nodes, count, key, way))


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
