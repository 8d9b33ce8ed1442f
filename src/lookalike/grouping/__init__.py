"""Pairs to groups: star (default), clique and component, nested by tier.

Items are numbered in keep order, the best first, so the keeper of a group is its smallest number and no result depends on
the order in which anything was met. Groups form at tier copy first; each looser tier then unites whole groups.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import compress, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.columns import Grouped
from lookalike.grouping.candidates import Candidates, Layer, Listed, Neighbours, bounds, connected, without_repetition
from lookalike.grouping.crowds import Crowds
from lookalike.model import GroupRule, Tier

__all__ = [
    "Candidates", "Crowds", "Judge", "Layer", "Listed", "Neighbours", "connected", "group", "match_references",
    "without_repetition",
]  # fmt: skip

Judge = Callable[[NDArray[np.int64], NDArray[np.int64]], tuple[NDArray[np.uint8], NDArray[np.int64]]]
"""``(left, right) -> (tier, score)``: verify pairs of items, left < right."""

LOOSER = (Tier.COPY, Tier.EDIT, Tier.SIMILAR)
MOST_KEEPERS, MOST_CLAIMED = 256, 8
"""Where a step of a walk stops looking for further keepers in one component."""
SLICE = 4096
"""How many items of a component a step looks at together."""
MOST_LISTED, MOST_EACH = 1 << 24, 256
"""Pairs that are listed in all, and for each item of a component on average: 8 bytes each, 60 while they are put in order."""
MOST_OPEN = 1 << 13
"""How many items look for their references together."""


def group(
    candidates: Candidates,
    judge: Judge,
    loosest: Tier,
    rule: GroupRule = "star",
    different: Mapping[int, frozenset[int]] | None = None,
    crowds: Crowds | None = None,
) -> Grouped:
    """Group items by verified pairs.

    Parameters
    ----------
    candidates : Candidates
        Which pairs may match.
    judge : callable
        Verifies pairs; with the rule star it is asked only about items against keepers.
    loosest : Tier
        Loosest tier that groups may have.
    rule : str
        star: each item is verified against its keeper. clique: any two items of a group are. component: each item is
        against some other.
    different : mapping of int to frozenset of int, optional
        Items that are set apart, each with marks; those that share a mark never come into one star.
    crowds : Crowds, optional
        Where a star stops to ask; the other rules ask about every candidate.

    Returns
    -------
    Grouped
        One row per item.
    """
    count = len(candidates)
    matches = Grouped(np.arange(count), np.arange(count), np.zeros(count, np.uint8), np.zeros(count, np.int64))
    if loosest is Tier.EXACT:
        return matches
    edges = _walk(candidates, judge, loosest, crowds or Crowds()) if rule == "star" else _every_pair(candidates, judge)
    left, right, tier, _ = edges
    for level in LOOSER[: LOOSER.index(loosest) + 1]:
        within = tier <= level
        if rule == "star":
            merged = _star(matches.group, left[within], right[within], different or {})
        else:
            merged = {"clique": _clique, "component": _component}[rule](matches.group, left[within], right[within])
        joined = np.flatnonzero((matches.group == np.arange(count)) & (merged != np.arange(count)))
        matches.keeper[joined] = merged[joined]
        matches.tier[joined] = level
        matches.group[:] = merged[matches.group]
    _attach(matches, edges, loosest)
    return matches


def match_references(
    candidates: Candidates,
    judge: Judge,
    loosest: Tier,
    reference: NDArray[np.bool_],
    done: NDArray[np.bool_],
    crowds: Crowds | None = None,
) -> Grouped:
    """Match items with references only: never with each other, and references never with anything.

    Parameters
    ----------
    candidates : Candidates
        Which pairs may match.
    judge : callable
        Verifies pairs.
    loosest : Tier
        Loosest tier of a match.
    reference : ndarray of bool, shape (n,)
        Which items are references.
    done : ndarray of bool, shape (n,)
        Items that need no match.
    crowds : Crowds, optional
        Where an item stops to ask; None to ask until it finds a copy.

    Returns
    -------
    Grouped
        Each item with the reference of the tightest tier, the best in keep order among those.
    """
    count = len(candidates)
    matches = Grouped(np.arange(count), np.arange(count), np.zeros(count, np.uint8), np.zeros(count, np.int64))
    if loosest is Tier.EXACT:
        return matches
    best = np.full(count, Tier.NONE, np.uint8)
    crowds = crowds or Crowds()

    def references(item: int) -> NDArray[np.int64]:
        near = candidates.near(item)
        return near[reference[near]]

    def in_turn(item: int) -> Iterator[np.int64]:
        asking = [(item, crowds.parts(item, references(item)))]
        while asking:
            before = best[item]
            yield from asking[0][1][0]
            asking = crowds.rest(asking, {item} if best[item] < before else ())

    waiting = ((item, in_turn(item)) for item in np.flatnonzero(~reference & ~done).tolist())
    open_items: list[tuple[int, Iterator[np.int64]]] = []
    while open_items := [*open_items, *islice(waiting, MOST_OPEN - len(open_items))]:
        # One reference per item and round; an item that found a copy looks no further, and another takes its place.
        asked = [(item, at, rest) for item, rest in open_items if (at := next(rest, None)) is not None]
        items = np.array([item for item, _, _ in asked], np.int64)
        found = np.array([at for _, at, _ in asked], np.int64)
        tier, score = judge(np.minimum(items, found), np.maximum(items, found))
        better = np.flatnonzero((tier < best[items]) & (tier <= loosest))
        best[items[better]] = tier[better]
        matches.keeper[items[better]] = matches.group[items[better]] = found[better]
        matches.tier[items[better]] = tier[better]
        matches.score[items[better]] = score[better]
        open_items = [(item, rest) for item, _, rest in compress(asked, best[items] > Tier.COPY)]
    return matches


def _walk(candidates: Candidates, judge: Judge, loosest: Tier, crowds: Crowds) -> tuple[Any, ...]:
    """Verify what a star walk at tier copy asks for: each item against the keepers that come before it.

    Every pair of two keepers that is not passed over has been asked when the walk ends, so looser tiers need no further
    question. Most components have few pairs: these are listed and walked through all at once. The others are asked for what
    is near, item by item.
    """
    left, right, rest = candidates.listed(MOST_LISTED, MOST_EACH)
    asked = [*_walk_listed(len(candidates), left, right, judge)]
    asked += _walk_on_demand(candidates, rest, judge, loosest, crowds)
    return _edges(asked)


def _walk_listed(
    count: int, left: NDArray[np.int64], right: NDArray[np.int64], judge: Judge
) -> Iterator[tuple[Any, ...]]:
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
) -> Iterator[tuple[Any, ...]]:
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


def _every_pair(candidates: Candidates, judge: Judge) -> tuple[Any, ...]:
    """Verify every candidate pair, a bounded number at a time."""
    asked: list[tuple[Any, ...]] = []
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
        if waiting >= 1 << 16 or position == len(items) - 1:
            left, right = np.concatenate(lefts), np.concatenate(rights)
            tier, score = judge(left, right)
            asked.append(_matching(left, right, tier, score))
            lefts, rights, waiting = [], [], 0
    return _edges(asked)


def _matching(
    left: NDArray[np.int64], right: NDArray[np.int64], tier: NDArray[np.uint8], score: NDArray[np.int64]
) -> tuple[Any, ...]:
    """Drop pairs of tier NONE: most are, and none of them makes a group or is named in one."""
    same = tier < Tier.NONE
    return left[same], right[same], tier[same], score[same]


def _edges(parts: list[tuple[Any, ...]]) -> tuple[Any, ...]:
    """Concatenate edge blocks, sorted by left, then right."""
    if not parts:
        return tuple(np.zeros(0, np.int64) for _ in range(4))
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    order = np.lexsort((columns[1], columns[0]))
    return tuple(column[order] for column in columns)


def _star(
    groups: NDArray[np.int64],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    different: Mapping[int, frozenset[int]],
) -> NDArray[np.int64]:
    """Unite keepers around the first of them; edges of members that are not keepers do not count."""
    merged = np.arange(len(groups))
    marks: dict[int, set[int]] = {}
    for item, own in different.items():
        marks.setdefault(int(groups[item]), set()).update(own)
    between = (groups[left] == left) & (groups[right] == right)
    # Edges are sorted by left: when one is met, whether its left end was itself attached is settled.
    for one, other in zip(left[between].tolist(), right[between].tolist(), strict=True):
        if merged[one] == one and merged[other] == other and marks.get(one, set()).isdisjoint(marks.get(other, ())):
            merged[other] = one
            if other in marks:
                marks.setdefault(one, set()).update(marks[other])
    return merged


def _component(groups: NDArray[np.int64], left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64]:
    """Unite groups that any pair connects."""
    return connected(len(groups), groups[left], groups[right])


def _clique(groups: NDArray[np.int64], left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64]:
    """Unite groups in keep order where every pair across them is verified."""
    edges: dict[int, set[int]] = {}
    for one, other in zip(left.tolist(), right.tolist(), strict=True):
        edges.setdefault(one, set()).add(other)
        edges.setdefault(other, set()).add(one)
    members: dict[int, set[int]] = {}
    for item in sorted(edges):
        members.setdefault(int(groups[item]), set())
    for item in np.flatnonzero(np.isin(groups, list(members))).tolist():
        members[int(groups[item])].add(item)
    merged = np.arange(len(groups))
    cliques: dict[int, set[int]] = {}
    for keeper in sorted(members):
        own = members[keeper]
        homes = sorted({int(merged[groups[near]]) for item in own for near in edges.get(item, ())} & cliques.keys())
        home = next((at for at in homes if all(cliques[at] <= edges.get(item, set()) for item in own)), keeper)
        cliques.setdefault(home, set()).update(own)
        merged[keeper] = home
    return merged


def _attach(matches: Grouped, edges: tuple[Any, ...], loosest: Tier) -> None:
    """Fill in tier and score of each item with its own keeper; NONE where that pair was never verified."""
    left, right, tier, score = edges
    attached = np.flatnonzero(matches.keeper != np.arange(len(matches.keeper)))
    width = len(matches.keeper)
    wanted = matches.keeper[attached] * width + attached
    have = left * width + right
    at = np.searchsorted(have, wanted)
    found = at < len(have)
    found[found] = have[at[found]] == wanted[found]
    found[found] = tier[at[found]] <= loosest
    matches.tier[attached] = np.where(found, matches.tier[attached], Tier.NONE)
    rows = attached[found]
    # Never tighter than the tier at which the two came together: a tighter run would not have joined them.
    matches.tier[rows] = np.maximum(matches.tier[rows], tier[at[found]])
    matches.score[rows] = score[at[found]]
