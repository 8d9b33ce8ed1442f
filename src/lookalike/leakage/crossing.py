"""Pairs across parts of a graph: nodes are images, edges are verified matches, and each node lies in one of some splits."""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lookalike.grouping import connected


class Edge(NamedTuple):
    """Two nodes that match.

    Attributes
    ----------
    one, other : int
        The nodes.
    tier : int
        `lookalike.model.Tier` of the match; NONE where it was never verified.
    score : float
        Its score.
    """

    one: int
    other: int
    tier: int
    score: float


@dataclass(frozen=True, slots=True)
class Crossing:
    """Two nodes of one component that lie in different splits.

    Attributes
    ----------
    one, other : int
        The nodes.
    tier, score : int, float
        Of the edge between them; where there is none, the loosest and the lowest on the way.
    edge : int or None
        Number of the edge between them; None where they meet through others.
    through : int or None
        Then the neighbour of `one` on the way.
    """

    one: int
    other: int
    tier: int
    score: float
    edge: int | None = None
    through: int | None = None


def components(count: int, edges: Sequence[Edge]) -> list[list[int]]:
    """Return the connected components of two or more nodes.

    Parameters
    ----------
    count : int
        Number of nodes.
    edges : sequence of Edge
        Their edges.

    Returns
    -------
    list of list of int
        Nodes ascending, in the order of the first of each.

    Examples
    --------
    >>> components(5, [Edge(4, 1, 0, 1.0), Edge(2, 3, 0, 1.0)])
    [[1, 4], [2, 3]]
    """
    ends = np.array([(edge.one, edge.other) for edge in edges], np.int64).reshape(-1, 2)
    label = connected(count, ends[:, 0], ends[:, 1])
    found: dict[int, list[int]] = defaultdict(list)
    for node in np.unique(ends).tolist():
        found[int(label[node])].append(node)
    return [found[first] for first in sorted(found)]


def crossings(split: Sequence[int], edges: Sequence[Edge]) -> list[Crossing]:
    """Return pairs across splits that leave no node out.

    Parameters
    ----------
    split : sequence of int
        The split of each node.
    edges : sequence of Edge
        Matches; of two between the same nodes the first counts.

    Returns
    -------
    list of Crossing
        First each edge between two splits. Then, for each node and each other split that its component reaches into and none of
        its edges does, the pair of it and the node of that split which is fewest edges away. So every node of a component
        that lies in several splits is in a pair with each of the others, and there are no more pairs than edges, and
        nodes times splits.

    Examples
    --------
    >>> star = [Edge(1, 0, 1, 0.9), Edge(2, 0, 2, 0.8)]  # the keeper in split 0, its two members in splits 1 and 2
    >>> [(pair.one, pair.other, pair.tier, pair.through) for pair in crossings([0, 1, 2], star)]
    [(1, 0, 1, None), (2, 0, 2, None), (2, 1, 2, 0)]
    """
    found: dict[frozenset[int], Crossing] = {}
    near: dict[int, list[Edge]] = defaultdict(list)
    for number, edge in enumerate(edges):
        near[edge.one].append(edge)
        near[edge.other].append(Edge(edge.other, edge.one, edge.tier, edge.score))
        if split[edge.one] != split[edge.other]:
            found.setdefault(
                frozenset((edge.one, edge.other)), Crossing(edge.one, edge.other, edge.tier, edge.score, number)
            )
    for nodes in components(len(split), edges):
        for part in sorted({split[node] for node in nodes}):
            for pair in _to_nearest([node for node in nodes if split[node] == part], near):
                found.setdefault(frozenset((pair.one, pair.other)), pair)
    return list(found.values())


def _to_nearest(targets: Iterable[int], near: dict[int, list[Edge]]) -> Iterator[Crossing]:
    """Yield each other node of their component that no edge joins to a target, with the target that is fewest edges away."""
    way = {node: Crossing(node, node, 0, 1.0) for node in targets}
    inside = set(way)
    waiting = deque(way)
    while waiting:
        node = waiting.popleft()
        before = way[node]
        for edge in near[node]:
            if edge.other not in way:
                way[edge.other] = Crossing(
                    edge.other, before.other, max(before.tier, edge.tier), min(before.score, edge.score), through=node
                )
                waiting.append(edge.other)
    yield from (pair for node, pair in way.items() if node not in inside and pair.through not in inside)
