import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from lookalike import grouping
from lookalike.grouping import (
    Candidates,
    Judge,
    Layer,
    Listed,
    asking,
    connected,
    group,
    match_references,
    without_repetition,
)
from lookalike.model import GroupRule, Tier

Edges = tuple[int, list[tuple[int, int]]]


@st.composite
def graphs(draw: st.DrawFn) -> Edges:
    count = draw(st.integers(1, 40))
    node = st.integers(0, count - 1)
    return count, draw(st.lists(st.tuples(node, node), max_size=60))


def columns(edges: list[tuple[int, int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    block = np.array(edges, np.int64).reshape(-1, 2)
    return block[:, 0], block[:, 1]


@given(st.lists(st.lists(st.integers(0, 9), max_size=20), min_size=1, max_size=3))
def test_values_without_repetition_are_the_unique_ones(values: list[list[int]]) -> None:
    columns_ = [np.array(column, np.int64) for column in values]
    assert np.array_equal(without_repetition(*columns_), np.unique(np.concatenate(columns_)))


@given(graphs())
def test_connected_labels_are_those_of_scipy(graph: Edges) -> None:
    count, edges = graph
    left, right = columns(edges)
    labels = connected(count, left, right)
    matrix = coo_array((np.ones(len(edges)), (left, right)), (count, count))
    expected = connected_components(matrix, directed=False)[1]
    smallest = {label: int(np.flatnonzero(expected == label)[0]) for label in set(expected.tolist())}
    assert labels.tolist() == [smallest[label] for label in expected.tolist()]


def test_connected_on_a_long_chain_and_on_nothing() -> None:
    chain = np.random.default_rng(0).permutation(5000)
    assert not connected(5000, chain[:-1], chain[1:]).any()
    nothing = np.zeros(0, np.int64)
    assert connected(3, nothing, nothing).tolist() == [0, 1, 2]
    assert connected(0, nothing, nothing).tolist() == []


def test_connected_leaves_its_arguments_alone() -> None:
    left, right = columns([(0, 1), (1, 2), (4, 3)])
    before = left.copy(), right.copy()
    connected(5, left, right)
    assert np.array_equal(left, before[0])
    assert np.array_equal(right, before[1])


@given(st.lists(st.integers(-1, 5), max_size=25), graphs())
def test_near_and_components_by_definition(classes: list[int], graph: Edges) -> None:
    near = sorted({(min(edge), max(edge)) for edge in graph[1] if edge[0] != edge[1] and max(edge) < 6})
    joined = np.flatnonzero(np.array(classes) >= 0)
    listed = Listed(1 + max([*classes, *(at for pair in near for at in pair)], default=-1), *columns(near))
    candidates = Candidates(len(classes), [Layer(joined, np.array(classes, np.int64)[joined], listed)])
    assert len(candidates) == len(classes)

    def may_match(i: int, j: int) -> bool:
        one, other = sorted((classes[i], classes[j]))
        return i != j and one >= 0 and (one == other or (one, other) in near)

    found = [candidates.near(item).tolist() for item in range(len(classes))]
    assert found == [[j for j in range(len(classes)) if may_match(i, j)] for i in range(len(classes))]
    parts = [part.tolist() for part in candidates.components()]
    assert parts == sorted(parts)
    assert all(len(part) > 1 and part == sorted(part) for part in parts)
    home = {item: at for at, part in enumerate(parts) for item in part}
    assert len(home) == sum(map(len, parts))
    # A component may be held together by a class without items of its own; no candidate pair ever leaves one.
    assert all(home[i] == home[j] for i in range(len(classes)) for j in found[i])


def told(verdicts: dict[tuple[int, int], Tier]) -> Judge:
    def judge(left: NDArray[np.int64], right: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        pairs = zip(left.tolist(), right.tolist(), strict=True)
        tiers = [verdicts.get(pair, Tier.NONE) for pair in pairs]
        return np.array(tiers, np.uint8), np.full(len(left), 990)

    return judge


CHAIN = {(0, 1): Tier.COPY, (1, 2): Tier.COPY}
"""0 like 1 and 1 like 2, but 0 unlike 2."""


@pytest.mark.parametrize(
    ("rule", "groups", "keepers", "tiers"),
    [
        ("star", [0, 0, 2], [0, 0, 2], [Tier.EXACT, Tier.COPY, Tier.EXACT]),
        ("clique", [0, 0, 2], [0, 0, 2], [Tier.EXACT, Tier.COPY, Tier.EXACT]),
        ("component", [0, 0, 0], [0, 0, 0], [Tier.EXACT, Tier.COPY, Tier.NONE]),
    ],
)
def test_a_chain_under_each_rule(rule: GroupRule, groups: list[int], keepers: list[int], tiers: list[Tier]) -> None:
    candidates = Candidates(3, [Layer(np.arange(3), np.zeros(3, np.int64), Listed(1, *columns([])))])
    matches = group(candidates, told(CHAIN), Tier.COPY, rule)
    assert matches.group.tolist() == groups
    assert matches.keeper.tolist() == keepers
    assert matches.tier.tolist() == tiers
    assert matches.score.tolist() == [990 if tier is Tier.COPY else 0 for tier in tiers]


def test_a_member_names_the_keeper_of_its_own_tier() -> None:
    # 1 and 3 are copies; 0 was re-toned from 1: the group is one, but 3 stays with 1.
    verdicts = {(1, 3): Tier.COPY, (0, 1): Tier.EDIT, (0, 3): Tier.EDIT, (0, 2): Tier.SIMILAR}
    candidates = Candidates(4, [Layer(np.arange(4), np.zeros(4, np.int64), Listed(1, *columns([])))])
    matches = group(candidates, told(verdicts), Tier.EDIT)
    assert matches.group.tolist() == [0, 0, 2, 0]
    assert matches.keeper.tolist() == [0, 0, 2, 1]
    assert matches.tier.tolist() == [Tier.EXACT, Tier.EDIT, Tier.EXACT, Tier.COPY]
    assert group(candidates, told(verdicts), Tier.SIMILAR).group.tolist() == [0, 0, 0, 0]


def test_what_is_set_apart_never_comes_into_one_star() -> None:
    # Everything is like 0, and 4 like 3; 1 and 2 share a mark, and so do 2 and 4.
    marks = {1: frozenset({7}), 2: frozenset({7, 8}), 4: frozenset({8, 9})}
    verdicts = {(0, 1): Tier.COPY, (0, 2): Tier.COPY, (0, 3): Tier.EDIT, (0, 4): Tier.EDIT, (3, 4): Tier.COPY}
    candidates = Candidates(5, [Layer(np.arange(5), np.zeros(5, np.int64), Listed(1, *columns([])))])
    matches = group(candidates, told(verdicts), Tier.EDIT, "star", marks)
    assert matches.group.tolist() == [0, 0, 2, 0, 0]
    assert matches.keeper.tolist() == [0, 0, 2, 0, 3]
    # 4 came with 3; were it set apart from 1, both would stay out.
    marks[4] |= {7}
    assert group(candidates, told(verdicts), Tier.EDIT, "star", marks).group.tolist() == [0, 0, 2, 3, 3]
    assert group(candidates, told(verdicts), Tier.EDIT).group.tolist() == [0] * 5


class Watched(Listed):
    """Neighbours that note how much memory is held whenever they are asked."""

    def __init__(self, count: int) -> None:
        super().__init__(count, *columns([]))
        self.held: list[int] = []

    def near(self, number: int) -> NDArray[np.int64]:
        self.held.append(tracemalloc.get_traced_memory()[0])
        return super().near(number)


def test_a_step_copies_no_large_component() -> None:
    count = 200_000
    watched = Watched(1)
    candidates = Candidates(count, [Layer(np.arange(count), np.zeros(count, np.int64), watched)])
    tracemalloc.start()
    matches = group(candidates, lambda left, _: (np.full(len(left), Tier.COPY, np.uint8), left), Tier.COPY)
    tracemalloc.stop()
    assert not matches.group.any()
    # Six columns of 8 bytes at most; a list of the items takes 40 bytes each.
    assert max(watched.held) < 60 * count


def test_pairs_that_do_not_match_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    count = 1000
    monkeypatch.setattr(asking, "MOST_KEEPERS", 16)
    candidates = Candidates(count, [Layer(np.arange(count), np.zeros(count, np.int64), Listed(1, *columns([])))])
    held = []

    def judge(left: NDArray[np.int64], right: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        held.append(tracemalloc.get_traced_memory()[0])
        return np.full(len(left), Tier.NONE, np.uint8), left

    tracemalloc.start()
    matches = group(candidates, judge, Tier.SIMILAR)
    tracemalloc.stop()
    assert matches.group.tolist() == list(range(count))
    assert len(held) > 50
    # No more than the pairs of a step are at hand; all half a million take 8 MB.
    assert max(held) < 2_000_000


def test_candidates_of_all_items_are_never_at_hand_together(monkeypatch: pytest.MonkeyPatch) -> None:
    tests, references = 1500, 100
    monkeypatch.setattr(grouping, "MOST_OPEN", 50)
    count = tests + references
    candidates = Candidates(count, [Layer(np.arange(count), np.zeros(count, np.int64), Listed(1, *columns([])))])
    held = []

    def judge(left: NDArray[np.int64], right: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        held.append(tracemalloc.get_traced_memory()[0])
        return np.where(left + tests == right, Tier.COPY, Tier.EDIT).astype(np.uint8), left

    is_reference = np.arange(count) >= tests
    tracemalloc.start()
    matches = match_references(candidates, judge, Tier.COPY, is_reference, np.zeros(count, np.bool_))
    tracemalloc.stop()
    expected = [*range(tests, count), *range(references, count)]
    assert matches.keeper.tolist() == expected
    # All 150,000 pairs take 1.2 MB, as lists 6 MB.
    assert max(held) < 600_000
