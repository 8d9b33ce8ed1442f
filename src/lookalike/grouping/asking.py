"""Which pairs are verified: for stars each item against the keepers that come before it, for other rules every candidate."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from lookalike.grouping.candidates import Candidates
from lookalike.grouping.crowds import Crowds
from lookalike.grouping.graph import bounds
from lookalike.model import Tier

Judge = Callable[[NDArray[np.int64], NDArray[np.int64]], tuple[NDArray[np.uint8], NDArray[np.int64]]]
"""``(left, right) -> (tier, score)``: verify pairs of items, left < right."""
Edges: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8], NDArray[np.int64]]
"""Left and right item, tier and score of pairs that were verified and are of some tier."""

MOST_KEEPERS, MOST_CLAIMED = 256, 8
"""Where a step of a walk stops looking for further keepers in one component."""
SLICE = 4096
"""How many items of a component a step looks at together."""
MOST_LISTED, MOST_EACH = 1 << 24, 256
"""Pairs that are listed in all, and for each item of a component on average: 8 bytes each, 60 while they are put in order."""
ASKED_TOGETHER = 1 << 16
"""Pairs that are asked about at a time where all are: few enough for memory, enough to share the cost of asking."""


def ask_for_stars(candidates: Candidates, judge: Judge, loosest: Tier, crowds: Crowds) -> Edges:
    """Verify what a star walk at tier copy asks for: each item against the keepers that come before it.

    Parameters
    ----------
    candidates : Candidates
        Which pairs may match.
    judge : callable
        Verifies pairs.
    loosest : Tier
        Loosest tier of what counts as found in a crowd.
    crowds : Crowds
        Where to stop asking.

    Returns
    -------
    tuple of (left, right, tier, score), each ndarray, shape (m,)
        Pairs of some tier, sorted by left, then right.

    Notes
    -----
    Every pair of two keepers that is not passed over has been asked when the walk ends, so looser tiers need no further
    question. Most components have few pairs: these are listed and walked through all at once. The others are asked for what
    is near, item by item.
    """
    left, right, rest = candidates.listed(MOST_LISTED, MOST_EACH)
    asked = [*_walk_listed(len(candidates), left, right, judge)]
    asked += _walk_on_demand(candidates, rest, judge, loosest, crowds)
    return _edges(asked)


def _walk_listed(count: int, left: NDArray[np.int64], right: NDArray[np.int64], judge: Judge) -> Iterator[Edges]:
    """Walk through listed pairs, sorted: in each step everything is a keeper that waits for nothing that comes before it.

    Each pair is looked at when its left item becomes a keeper and when that is decided, so the cost is that of the pairs.
    """
    first = bounds(left, count)
    claimer = np.full(count, count)  # the first known keeper of each item, itself if it is one
    waits = np.bincount(right, minlength=count)  # for how many undecided items before it
    keepers = np.flatnonzero((waits == 0) & (np.diff(first) > 0))

    def after(items: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        length = first[items + 1] - first[items]
        place = np.arange(int(length.sum())) + np.repeat(first[items] - np.cumsum(length) + length, length)
        return np.repeat(items, length), right[place]

    while len(keepers):
        claimer[keepers] = keepers
        one, other = after(keepers)
        open_pairs = claimer[other] > one
        one, other = one[open_pairs], other[open_pairs]
        tier, score = judge(one, other)
        claimed = tier <= Tier.COPY
        fresh = np.unique(other[claimed & (claimer[other] == count)])
        np.minimum.at(claimer, other[claimed], one[claimed])
        yield _matching(one, other, tier, score)
        _, freed = after(np.concatenate([keepers, fresh]))
        np.subtract.at(waits, freed, 1)
        keepers = np.unique(freed[(waits[freed] == 0) & (claimer[freed] == count)])


def _walk_on_demand(
    candidates: Candidates, rest: NDArray[np.bool_], judge: Judge, loosest: Tier, crowds: Crowds
) -> Iterator[Edges]:
    """Walk through the components of some items, a number of keepers at a time.

    Components do not touch each other, so all of them take steps at a time and their questions travel together.
    """
    claimer = np.full(len(candidates), len(candidates))  # the first known keeper of each item, itself if it is one
    walks = candidates.components(rest)
    while walks:
        keepers: list[tuple[int, NDArray[np.int64]]] = []
        going = []
        for items in walks:
            if found := _next_keepers(candidates, items, claimer):
                keepers += found
                going.append(items[np.searchsorted(items, found[0][0]) + 1 :])
        walks = going
        for keeper, _ in keepers:
            claimer[keeper] = keeper
        asking = [(keeper, crowds.parts(keeper, others)) for keeper, others in keepers if len(others)]
        while asking:
            left = np.concatenate([np.full(len(parts[0]), keeper) for keeper, parts in asking])
            right = np.concatenate([parts[0] for _, parts in asking])
            tier, score = judge(left, right)
            np.minimum.at(claimer, right[tier <= Tier.COPY], left[tier <= Tier.COPY])
            yield _matching(left, right, tier, score)
            asking = crowds.rest(asking, set(left[tier <= loosest].tolist()))


def _next_keepers(
    candidates: Candidates, items: NDArray[np.int64], claimer: NDArray[np.int64]
) -> list[tuple[int, NDArray[np.int64]]]:
    """Return undecided items that no undecided item before them can claim, each with what it may claim itself.

    The first always is one. They are keepers, whatever the answers of this step: the walk step by step would ask about
    each of them in the end (Blelloch, Fineman and Shun, *Greedy sequential maximal independent set and matching are
    parallel on average*, 2012). They may claim what is undecided, or claimed by a keeper that comes after them.
    """
    found: list[tuple[int, NDArray[np.int64]]] = []
    claimed = 0
    for item in _undecided(items, claimer):
        others = candidates.near(item)
        others = others[claimer[others] > item]
        if len(others) and others[0] < item:
            claimed += 1 + len(others) // MOST_EACH  # what many may match takes long to ask for
        else:
            found.append((item, others))
        if claimed >= MOST_CLAIMED or len(found) == MOST_KEEPERS:
            break
    return found


def _undecided(items: NDArray[np.int64], claimer: NDArray[np.int64]) -> Iterator[int]:
    """Go through the items that nothing claims yet; a step that stops early has not looked at all of a large component."""
    for start in range(0, len(items), SLICE):
        some = items[start : start + SLICE]
        yield from some[claimer[some] == len(claimer)].tolist()


def ask_all(candidates: Candidates, judge: Judge) -> Edges:
    """Verify every candidate pair, a bounded number at a time.

    Parameters
    ----------
    candidates : Candidates
        Which pairs may match.
    judge : callable
        Verifies pairs.

    Returns
    -------
    tuple of (left, right, tier, score), each ndarray, shape (m,)
        Pairs of some tier, sorted by left, then right.
    """
    asked: list[Edges] = []
    lefts: list[NDArray[np.int64]] = []
    rights: list[NDArray[np.int64]] = []
    waiting = 0
    parts = candidates.components()
    items = np.concatenate(parts).tolist() if parts else []
    for position, item in enumerate(items):
        others = candidates.near(item)
        others = others[others > item]
        lefts.append(np.full(len(others), item, np.int64))
        rights.append(others)
        waiting += len(others)
        if waiting >= ASKED_TOGETHER or position == len(items) - 1:
            left, right = np.concatenate(lefts), np.concatenate(rights)
            tier, score = judge(left, right)
            asked.append(_matching(left, right, tier, score))
            lefts, rights, waiting = [], [], 0
    return _edges(asked)


def _matching(
    left: NDArray[np.int64], right: NDArray[np.int64], tier: NDArray[np.uint8], score: NDArray[np.int64]
) -> Edges:
    """Drop pairs of tier NONE: most are, and none of them makes a group or is named in one."""
    same = tier < Tier.NONE
    return left[same], right[same], tier[same], score[same]


def _edges(parts: list[Edges]) -> Edges:
    """Concatenate edge blocks, sorted by left, then right."""
    none = np.zeros(0, np.int64)
    parts = [(none, none, none.astype(np.uint8), none), *parts]
    left, right, tier, score = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((right, left))
    return left[order], right[order], tier[order], score[order]
