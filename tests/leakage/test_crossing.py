"""Pairs across splits: every verified one, and none of the nodes that share a component is left out."""

from hypothesis import given
from hypothesis import strategies as st

from lookalike.leakage.crossing import Crossing, Edge, components, crossings

NODES = 12


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[int], list[Edge]]:
    split = draw(st.lists(st.integers(0, 2), min_size=NODES, max_size=NODES))
    node = st.integers(0, NODES - 1)
    ends = draw(st.lists(st.tuples(node, node).filter(lambda pair: pair[0] != pair[1]), max_size=14))
    return split, [Edge(*pair, draw(st.integers(0, 4)), draw(st.integers(0, 1000)) / 1000) for pair in ends]


def away(start: int, edges: list[Edge]) -> dict[int, int]:
    """Return how many edges away each node of a component is, one step after the other."""
    found, steps = {start: 0}, 0
    while True:
        steps += 1
        further = {
            end
            for edge in edges
            for end, other in ((edge.one, edge.other), (edge.other, edge.one))
            if other in found and end not in found
        }
        if not further:
            return found
        found |= dict.fromkeys(further, steps)


@given(graphs())
def test_each_node_is_in_a_pair_with_each_other_split_of_its_component(graph: tuple[list[int], list[Edge]]) -> None:
    split, edges = graph
    pairs = crossings(split, edges)
    assert len({frozenset((pair.one, pair.other)) for pair in pairs}) == len(pairs)
    assert all(split[pair.one] != split[pair.other] for pair in pairs)
    met = {(one, split[other]) for pair in pairs for one, other in ((pair.one, pair.other), (pair.other, pair.one))}
    assert met == {
        (node, split[other]) for node in range(NODES) for other in away(node, edges) if split[other] != split[node]
    }
    assert len(pairs) <= len(edges) + NODES * 2


@given(graphs())
def test_edges_across_are_pairs_and_others_are_as_near_as_any(graph: tuple[list[int], list[Edge]]) -> None:
    split, edges = graph
    pairs = crossings(split, edges)
    direct = {frozenset((edge.one, edge.other)) for edge in edges if split[edge.one] != split[edge.other]}
    assert {frozenset((pair.one, pair.other)) for pair in pairs if pair.edge is not None} == direct
    for pair in pairs:
        assert (pair.edge is None) != (pair.through is None)
        if pair.edge is not None:
            assert edges[pair.edge][2:] == (pair.tier, pair.score)
            continue
        steps = away(pair.one, edges)
        assert steps[pair.other] == min(steps[node] for node in steps if split[node] == split[pair.other])
        assert steps[int(pair.through or 0)] == 1
        assert pair.tier in {edge.tier for edge in edges}
        assert pair.score in {edge.score for edge in edges}


def test_the_loosest_and_the_lowest_on_the_way_count() -> None:
    chain = [Edge(0, 1, 1, 0.9), Edge(1, 2, 2, 0.95), Edge(3, 4, 0, 1.0)]
    assert crossings([0, 0, 1, 1, 1], chain) == [
        Crossing(1, 2, 2, 0.95, edge=1), Crossing(0, 2, 2, 0.9, through=1),
    ]  # fmt: skip
    assert components(5, chain) == [[0, 1, 2], [3, 4]]
    assert components(3, []) == []
    assert crossings([0, 1, 2], []) == []
