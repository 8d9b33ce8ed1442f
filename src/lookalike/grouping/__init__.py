"""Pairs to groups: star (default), clique and component, nested by tier.

Items are numbered in keep order, the best first, so the keeper of a group is its smallest number and no result depends on
the order in which anything was met. Groups form at tier copy first; each looser tier then unites whole groups.
"""

from collections.abc import Iterator, Mapping
from itertools import compress, islice

import numpy as np
from numpy.typing import NDArray

from lookalike.columns import Grouped
from lookalike.grouping.asking import Edges, Judge, ask_all, ask_for_stars
from lookalike.grouping.candidates import Candidates, Layer, Listed, Neighbours
from lookalike.grouping.crowds import Crowds
from lookalike.grouping.graph import connected, without_repetition
from lookalike.model import GroupRule, Tier

__all__ = [
    "Candidates", "Crowds", "Judge", "Layer", "Listed", "Neighbours", "connected", "group", "match_references",
    "without_repetition",
]  # fmt: skip

LOOSER = (Tier.COPY, Tier.EDIT, Tier.SIMILAR)
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

    Examples
    --------
    >>> items = np.arange(3)
    >>> candidates = Candidates(3, [Layer(items, items, Listed(3, np.array([0, 1]), np.array([1, 2])))])
    >>> copies = lambda left, right: (np.full(len(left), Tier.COPY, np.uint8), np.full(len(left), 990))
    >>> group(candidates, copies, Tier.EDIT).group  # item 2 is near no keeper
    array([0, 0, 2])
    """
    count = len(candidates)
    matches = Grouped(np.arange(count), np.arange(count), np.zeros(count, np.uint8), np.zeros(count, np.int64))
    if loosest is Tier.EXACT:
        return matches
    edges = (
        ask_for_stars(candidates, judge, loosest, crowds or Crowds()) if rule == "star" else ask_all(candidates, judge)
    )
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


def _attach(matches: Grouped, edges: Edges, loosest: Tier) -> None:
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
