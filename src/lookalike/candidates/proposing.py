"""Contents to candidates: which of them may be the same picture, by their hashes, and how to look at a pair of them.

A pair is a candidate if its whole pictures, or what borders surround, have near hashes; or its upper left corners have, or
any of the other three; or one picture cropped a little has a hash near that of the other; or, as options allow, one
turned, or cropped more.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike import bits, events, grouping, join
from lookalike.candidates.hinting import Ways, hints_of, nearest_ways
from lookalike.candidates.seeking import MOST_PAIRS, SoughtHits, near_hashes
from lookalike.columns import Column
from lookalike.model import HashSpec
from lookalike.options import FindOptions
from lookalike.scan.variants import Sort, hash_words, sorts
from lookalike.stores.catalog import Catalog
from lookalike.verify import Hints

MOST_LOOKS = 2
"""Hits that are looked through for each that may be kept: many of one pair, or of pairs that are near anyway."""
OWNERS_AT_ONCE, QUERIES_AT_ONCE = 100_000, 1 << 24

Block = NDArray[np.uint64]
Owned = tuple[Column, Block]
"""``(item, block)``: row i of the hash block belongs to that item."""


@dataclass(frozen=True, slots=True, eq=False)
class _Own:
    """Hashes of items as they are.

    Attributes
    ----------
    distinct : ndarray of uint64, shape (nodes, words)
        Hashes without repetition.
    item, node : ndarray of int64, shape (m,)
        Which items have which of them.
    nodes : ndarray of int64, shape (items, k)
        The same by item; -1 where there is none. The first is that of the whole picture.
    """

    distinct: Block
    item: Column
    node: Column
    nodes: Column

    @classmethod
    def of(cls, count: int, *parts: Owned) -> "_Own":
        item, block = (np.concatenate(column) for column in zip(*parts, strict=True))
        distinct, node = join.collapse(block)
        nodes = np.full((count, len(parts)), -1, np.int64)
        nodes[item, np.repeat(np.arange(len(parts)), [len(owner) for owner, _ in parts])] = node
        return cls(distinct, item, node, nodes)


@dataclass(frozen=True, slots=True, eq=False)
class _Crossed:
    """Hashes of what is made of items, to be held against those that others have as they are.

    Attributes
    ----------
    own : _Own
        Hashes of items as they are.
    made : ndarray of uint64, shape (items, hashes, words)
        Hashes of what is made of each; zeros where the item has no hash at all.
    sort : Sort
        What they are, and how near is near.
    """

    own: _Own
    made: Block
    sort: Sort

    def ways(self, items: Column, others: Column) -> Iterator[Ways]:
        """Yield, for each hash that others have, in which ways to look at items to see them."""
        for node in self.own.nodes[others].T:
            having = (node >= 0) & (self.own.nodes[items, 0] >= 0) & (items != others)
            if having.any():
                made, other = self.made[items], self.own.distinct[node]
                yield nearest_ways(made, other, self.sort.radius, self.sort.variant, having)

    def layer(self, known: int, *, threads: int) -> grouping.Layer:
        """Join; what is near as it is, within the radius `known`, needs no hit beside."""
        count = len(self.own.distinct)
        with events.JOIN_ENDED.timed(variant=self.sort.variant, radius=self.sort.radius, hashes=count) as told:
            keys = self._hits(known, threads=threads)
            told["pairs"] = None if keys is None else len(keys)
        if keys is None:
            owners = np.flatnonzero(self.own.nodes[:, 0] >= 0)
            near: grouping.Neighbours = SoughtHits(
                self.own.distinct, self.made[owners], self.sort.radius, threads=threads
            )
        else:
            owner, hit = np.divmod(keys, max(count, 1))
            owners, at = np.unique(owner, return_inverse=True)
            near = grouping.Listed(count + len(owners), hit, count + at)
        # What items have hits with is a node of their own, beside those of the hashes that they hit.
        further = count + np.arange(len(owners))
        return grouping.Layer(np.concatenate([self.own.item, owners]), np.concatenate([self.own.node, further]), near)

    def _hits(self, known: int, *, threads: int) -> Column | None:
        """Find ``item * nodes + node`` of what is near, ascending; None where that is too much."""
        own, width = self.own, self.made.shape[2]
        owners = np.flatnonzero(own.nodes[:, 0] >= 0)
        runs = [np.zeros(0, np.int64)]
        seen = 0
        step = max(1, QUERIES_AT_ONCE // self.sort.hashes)
        for start in range(0, len(owners), step):
            queries = self.made[owners[start : start + step]].reshape(-1, width)
            parts = join.stream_cross_pairs(own.distinct, queries, self.sort.radius, threads=threads)
            for row, query, _ in _few_at_once(parts):
                owner = owners[start + query // self.sort.hashes]
                far = bits.distance(own.distinct[own.nodes[owner, 0]], own.distinct[row]) > known
                runs.append(grouping.without_repetition(owner[far] * len(own.distinct) + row[far]))
                seen += len(row)
                # The runs are merged when they have doubled, so that no hit is moved often.
                if sum(map(len, runs[1:])) > max(len(runs[0]), join.LIMIT):
                    runs = [grouping.without_repetition(*runs)]
                if len(runs[0]) > MOST_PAIRS or seen > MOST_LOOKS * MOST_PAIRS:
                    return None
        keys = grouping.without_repetition(*runs)
        return keys if len(keys) <= MOST_PAIRS else None


@dataclass(frozen=True, slots=True)
class Proposals:
    """Candidates, and what is known of how they lie to each other.

    Attributes
    ----------
    candidates : Candidates
        Which items may match.
    crossed : tuple
        What says how to look at a pair: hashes of turned items, of cropped ones.
    """

    candidates: grouping.Candidates
    crossed: tuple[_Crossed, ...]

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
        return hints_of(
            [way for known in self.crossed for way in known.ways(left, right)],
            [way for known in self.crossed for way in known.ways(right, left)],
        )


def propose(
    content: Column,
    joined: NDArray[np.bool_],
    ids: Column,
    store: Catalog,
    options: FindOptions,
    *,
    threads: int,
    listed: tuple[Column, Column] | None = None,
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
    listed : tuple of ndarray of int64, shape (m,), optional
        Pairs of items that somebody else proposes.

    Returns
    -------
    Proposals
        Pairs within the radius, and those listed of which both may be joined.
    """
    count, spec = len(content), options.spec
    item_of = np.full(len(ids), -1, np.int64)
    item_of[content[joined]] = np.flatnonzero(joined)
    wanted = np.flatnonzero(item_of >= 0)

    def owned(spec: HashSpec, variant: str) -> Owned:
        owner, block = hash_words(ids[wanted], store, spec, variant, threads=threads)
        return item_of[wanted[owner]], block

    def made(sort: Sort) -> Block:
        found = np.zeros((count, sort.hashes, bits.words(sort.spec.bits)), np.uint64)
        for start in range(0, len(wanted), OWNERS_AT_ONCE):
            part = wanted[start : start + OWNERS_AT_ONCE]
            _, block = hash_words(ids[part], store, sort.spec, sort.variant, threads=threads)
            found[item_of[part]] = block.reshape(len(part), -1, found.shape[2])[:, : sort.hashes]
        return found

    plain, parts, *others = sorts(options)
    whole = owned(spec, "plain")
    own = _Own.of(count, whole, owned(spec, "trimmed"))
    layers = [grouping.Layer(own.item, own.node, _near(own.distinct, plain, threads=threads))]
    layers += _part_layers(parts, *owned(parts.spec, parts.variant), threads=threads)
    crossed: list[_Crossed] = []
    for sort in others:
        against = own
        if sort.variant != "turned":
            against = _Own.of(count, whole if sort.spec == spec else owned(sort.spec, "plain"))
        crossed.append(_Crossed(against, made(sort), sort))
        layers.append(crossed[-1].layer(plain.radius if sort.spec == spec else 0, threads=threads))
    if listed is not None:
        left, right = (side[(listed[0] != listed[1]) & joined[listed[0]] & joined[listed[1]]] for side in listed)
        items, node = np.unique(np.concatenate([left, right]), return_inverse=True)
        pairs = grouping.Listed(len(items), node[: len(left)], node[len(left) :])
        layers.append(grouping.Layer(items, np.arange(len(items)), pairs))
    return Proposals(grouping.Candidates(count, layers), tuple(crossed))


def _part_layers(sort: Sort, item: Column, block: Block, *, threads: int) -> list[grouping.Layer]:
    """Join each part of pictures with the same one of others."""
    parts = (slice(part, None, sort.hashes) for part in range(sort.hashes))
    return [_near_layer(item[rows], block[rows], sort, threads=threads) for rows in parts]


def _near(distinct: Block, sort: Sort, *, threads: int) -> grouping.Neighbours:
    with events.JOIN_ENDED.timed(variant=sort.variant, radius=sort.radius, hashes=len(distinct)) as told:
        near = near_hashes(distinct, sort.radius, threads=threads)
        told["pairs"] = _counted(near)
    return near


def _counted(near: grouping.Neighbours) -> int | None:
    """Return how many pairs there are; None where there are too many to be listed."""
    return len(near.left) if isinstance(near, grouping.Listed) else None


def _near_layer(item: Column, block: NDArray[np.uint64], sort: Sort, *, threads: int) -> grouping.Layer:
    """Join one hash of each item; where pairs can be listed, forget the many hashes that have none near them."""
    distinct, node = join.collapse(block)
    near = _near(distinct, sort, threads=threads)
    if isinstance(near, grouping.Listed):
        kept = np.bincount(node, minlength=len(distinct)) > 1
        kept[near.left] = kept[near.right] = True
        rows, number = kept[node], np.cumsum(kept) - 1
        near = grouping.Listed(int(kept.sum()), number[near.left], number[near.right])
        item, node = item[rows], number[node[rows]]
    return grouping.Layer(item, node, near)


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
