"""Grouping on demand gives what verifying every candidate pair first would give, for every rule and tier."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lookalike import grouping, join
from lookalike.candidates import seeking
from lookalike.columns import Grouped
from lookalike.grouping import Candidates, Crowds, Layer, Listed, Neighbours, asking, crowds, group, match_references
from lookalike.grouping.verdicts import group_pairs
from lookalike.model import GroupRule, Tier

Pair = tuple[int, int]
LOOSEST = (Tier.COPY, Tier.EDIT, Tier.SIMILAR)
RULES: tuple[GroupRule, ...] = ("star", "clique", "component")


@dataclass
class Case:
    """Items with classes, near classes, and what verification would say of every pair."""

    classes: list[int]
    near: list[Pair]
    verdict: NDArray[np.uint8]
    asked: list[Pair] = field(default_factory=list)

    def candidates(self, near: Sequence[Pair] | None = None) -> Candidates:
        edges = np.array(self.near if near is None else near, np.int64).reshape(-1, 2)
        count = max([*self.classes, *edges.ravel().tolist()], default=-1) + 1
        return self.joined_by(Listed(count, edges[:, 0], edges[:, 1]))

    def joined_by(self, neighbours: Neighbours) -> Candidates:
        classes = np.array(self.classes, np.int64)
        items = np.flatnonzero(classes >= 0)
        return Candidates(len(classes), [Layer(items, classes[items], neighbours)])

    def judge(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        assert (left < right).all()
        self.asked += zip(left.tolist(), right.tolist(), strict=True)
        return self.verdict[left, right], self.score(left, right)

    def score(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[np.int64]:
        return left * 31 + right

    def pairs(self) -> dict[Pair, Tier]:
        """Return the verdict of every candidate pair."""
        near = {frozenset(pair) for pair in self.near}
        return {
            (i, j): Tier(int(self.verdict[i, j]))
            for i, one in enumerate(self.classes)
            for j, other in enumerate(self.classes[i + 1 :], i + 1)
            if one >= 0 and other >= 0 and (one == other or frozenset((one, other)) in near)
        }

    def verified(self, i: int, j: int, tier: Tier) -> bool:
        return self.pairs().get((min(i, j), max(i, j)), Tier.NONE) <= tier


@st.composite
def cases(draw: st.DrawFn, most: int = 14) -> Case:
    """Draw classes of equal hashes, which of them are near, and verdicts."""
    count = draw(st.integers(0, most))
    classes = draw(st.lists(st.integers(-1, draw(st.integers(0, 7))), min_size=count, max_size=count))
    used = sorted(set(classes) - {-1})
    number = {old: new for new, old in enumerate(used)}
    every = [(i, j) for i in range(len(used)) for j in range(i + 1, len(used))]
    near = draw(st.lists(st.sampled_from(every), unique=True)) if every else []
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    share = random.dirichlet(np.full(4, draw(st.sampled_from([0.3, 1.0, 5.0]))))
    verdict = random.choice(np.array([1, 2, 3, 4], np.uint8), (count, count), p=share)
    return Case([number.get(value, -1) for value in classes], near, verdict)


def naive(case: Case, loosest: Tier, rule: GroupRule) -> tuple[list[int], list[int]]:
    """Return keeper and group of each item by the plainest means: every pair verified, groups as lists of items."""
    pairs = case.pairs()
    count = len(case.classes)
    groups = [[item] for item in range(count)]
    keeper = list(range(count))

    def near(one: list[int], other: list[int], level: Tier) -> bool:
        verdicts = [pairs.get((min(i, j), max(i, j)), Tier.NONE) <= level for i in one for j in other]
        if rule == "star":
            return verdicts[0]  # keeper with keeper: both come first
        return all(verdicts) if rule == "clique" else any(verdicts)

    for level in [tier for tier in LOOSEST if tier <= loosest]:
        united: list[list[list[int]]] = []
        for part in sorted(groups):
            homes = [
                home
                for home in united
                if near(home[0] if rule == "star" else [item for own in home for item in own], part, level)
            ]
            if rule == "component":
                united = [home for home in united if home not in homes]
                united.append(sorted([own for home in homes for own in home] + [part]))
                united.sort()
            elif homes:
                homes[0].append(part)
            else:
                united.append([part])
        for home in united:
            for part in home[1:]:
                keeper[part[0]] = home[0][0]
        groups = [sorted(item for part in home for item in part) for home in united]
    label = [0] * count
    for part in groups:
        for item in part:
            label[item] = part[0]
    return keeper, label


def rows(matches: Grouped) -> list[tuple[int, ...]]:
    columns = (matches.keeper, matches.group, matches.tier, matches.score)
    return list(zip(*(column.tolist() for column in columns), strict=True))


@given(
    case=cases(), loosest=st.sampled_from(LOOSEST), rule=st.sampled_from(RULES), listed=st.sampled_from([0, 9, 1 << 20])
)
@settings(deadline=None, max_examples=500)
def test_on_demand_is_the_same_as_verifying_everything(case: Case, loosest: Tier, rule: GroupRule, listed: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asking, "MOST_LISTED", listed)
        matches = group(case.candidates(), case.judge, loosest, rule)
    keeper, label = naive(case, loosest, rule)
    assert matches.keeper.tolist() == keeper
    assert matches.group.tolist() == label


@given(case=cases(), loosest=st.sampled_from(LOOSEST), rule=st.sampled_from(RULES), seed=st.integers(0, 99))
@settings(deadline=None, max_examples=200)
def test_pairs_with_verdicts_come_into_the_same_groups(case: Case, loosest: Tier, rule: GroupRule, seed: int) -> None:
    pairs = case.pairs()
    # Again, with looser verdicts; in any order and either way round.
    told = [(i, j, int(tier), i * 31 + j) for (i, j), tier in pairs.items()]
    told += [(i, j, min(tier + 1, Tier.NONE), 2000) for i, j, tier, _ in told[::2]]
    told += [(i, i, Tier.COPY, 1000) for i in range(0, len(case.classes), 3)]
    block = np.random.default_rng(seed).permutation(np.array(told, np.int64).reshape(-1, 4))
    ends = np.where(block[:, :1] % 2 == 0, block[:, :2], block[:, 1::-1])
    matches = group_pairs(
        len(case.classes), ends[:, 0], ends[:, 1], block[:, 2].astype(np.uint8), block[:, 3], rule, loosest
    )
    assert rows(matches) == rows(group(case.candidates(), case.judge, loosest, rule))


def test_pairs_of_equal_bytes_are_exact_and_grouped_with_copies() -> None:
    left, right, tier = (
        np.array([0, 1, 3]),
        np.array([1, 2, 4]),
        np.array([Tier.EXACT, Tier.EXACT, Tier.COPY], np.uint8),
    )
    known = left, right, tier, np.array([1000, 1000, 990])
    assert rows(group_pairs(5, *known, "component", Tier.EXACT)) == [
        (0, 0, Tier.EXACT, 0), (0, 0, Tier.EXACT, 1000), (0, 0, Tier.NONE, 0), (3, 3, Tier.EXACT, 0), (4, 4, Tier.EXACT, 0),
    ]  # fmt: skip
    assert rows(group_pairs(5, *known))[3:] == [(3, 3, Tier.EXACT, 0), (3, 3, Tier.COPY, 990)]


def hashed_items(seed: int) -> tuple[Case, NDArray[np.uint64], int]:
    """Return items of short hashes in any keep order, the distinct hashes, and a radius."""
    random = np.random.default_rng(seed)
    items, bits = int(random.integers(2, 40)), int(random.integers(3, 8))
    distinct, classes = join.collapse(random.integers(0, 1 << bits, items).astype(np.uint64))
    radius = int(random.integers(0, 3))
    left, right, _ = join.distinct_pairs(distinct, radius)
    share = random.dirichlet([1, 0.3, 0.3, 2])
    verdict = random.choice(np.array([1, 2, 3, 4], np.uint8), (items, items), p=share)
    return Case(classes.tolist(), list(zip(left.tolist(), right.tolist(), strict=True)), verdict), distinct, radius


@pytest.mark.parametrize("loosest", LOOSEST)
@pytest.mark.parametrize("most", [(1, 8, 3), (2, 8, 1), (3, 1, 7), (256, 8, 2), (256, 1000, 4096)])
def test_steps_of_any_length_lead_where_single_steps_lead(
    most: tuple[int, int, int], loosest: Tier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "MOST_KEEPERS", most[0])
    monkeypatch.setattr(asking, "MOST_CLAIMED", most[1])
    monkeypatch.setattr(asking, "SLICE", most[2])
    monkeypatch.setattr(seeking, "MOST_PAIRS", -1)
    for seed in range(150):
        case, distinct, radius = hashed_items(seed)
        keeper, label = naive(case, loosest, "star")
        sought = seeking.near_hashes(distinct, radius, threads=1)
        for listed in (0, 20, 1 << 20):  # none, some components, all of them
            monkeypatch.setattr(asking, "MOST_LISTED", listed)
            for candidates in (case.candidates(), case.joined_by(sought)):
                matches = group(candidates, case.judge, loosest)
                assert (matches.keeper.tolist(), matches.group.tolist()) == (keeper, label), seed


def test_the_first_keeper_claims_an_item_that_a_later_one_asked_about_before_it() -> None:
    verdict = np.full((4, 4), Tier.NONE, np.uint8)
    verdict[1, 3] = verdict[2, 3] = Tier.COPY  # 1 waits for what 0 says of it, 2 does not
    matches = group(
        Case([0, 1, 2, 3], [(0, 1), (1, 3), (2, 3)], verdict).candidates(), Case([], [], verdict).judge, Tier.COPY
    )
    assert matches.keeper.tolist() == [0, 1, 2, 1]


@given(case=cases(), loosest=st.sampled_from(LOOSEST))
@settings(deadline=None, max_examples=200)
def test_star_verifies_each_duplicate_against_its_own_keeper(case: Case, loosest: Tier) -> None:
    matches = group(case.candidates(), case.judge, loosest)
    pairs = case.pairs()
    assert len(case.asked) == len(set(case.asked))
    assert set(case.asked) <= set(pairs)
    for item, (keeper, top, tier, score) in enumerate(rows(matches)):
        if keeper == item:
            assert (top, tier, score) == (item, Tier.EXACT, 0)
            continue
        assert keeper < item
        assert pairs[keeper, item] == tier <= loosest
        assert score == keeper * 31 + item
        assert (keeper, item) in case.asked
        assert matches.group[keeper] == top


@given(case=cases(), rule=st.sampled_from(RULES))
@settings(deadline=None, max_examples=200)
def test_looser_groups_are_unions_of_tighter_ones(case: Case, rule: GroupRule) -> None:
    labels = [group(case.candidates(), case.judge, tier, rule).group for tier in (Tier.EXACT, *LOOSEST)]
    assert labels[0].tolist() == list(range(len(case.classes)))
    for tight, loose in pairwise(labels):
        assert np.array_equal(loose[tight], loose)
        assert (loose <= tight).all()


@given(case=cases(), rule=st.sampled_from(RULES))
@settings(deadline=None, max_examples=300)
def test_findings_at_a_looser_tier_hold_those_of_a_tighter_one(case: Case, rule: GroupRule) -> None:
    """One story: cleaning the findings of a looser tier removes what the tighter one would."""

    def removed(loosest: Tier, up_to: Tier) -> set[tuple[int, int, int]]:
        found = rows(group(case.candidates(), case.judge, loosest, rule))
        return {
            (item, keeper, tier) for item, (keeper, _, tier, _) in enumerate(found) if keeper != item and tier <= up_to
        }

    for at, tight in enumerate(LOOSEST):
        for loose in LOOSEST[at:]:
            assert removed(loose, tight) == removed(tight, tight)


@given(case=cases(), rule=st.sampled_from(RULES), loosest=st.sampled_from(LOOSEST), data=st.data())
@settings(deadline=None, max_examples=150)
def test_the_order_of_class_pairs_makes_no_difference(
    case: Case, rule: GroupRule, loosest: Tier, data: st.DataObject
) -> None:
    mixed = [pair[::-1] if data.draw(st.booleans()) else pair for pair in data.draw(st.permutations(case.near))]
    one = group(case.candidates(), case.judge, loosest, rule)
    other = group(case.candidates(mixed), case.judge, loosest, rule)
    assert rows(one) == rows(other)


@given(case=cases(), loosest=st.sampled_from(LOOSEST))
@settings(deadline=None, max_examples=200)
def test_any_two_members_of_a_clique_are_verified(case: Case, loosest: Tier) -> None:
    matches = group(case.candidates(), case.judge, loosest, "clique")
    pairs = case.pairs()
    label = matches.group.tolist()
    for i, j in combinations(range(len(label)), 2):
        assert label[i] != label[j] or pairs[i, j] <= loosest
    assert Tier.NONE not in matches.tier.tolist()


@given(case=cases(), loosest=st.sampled_from(LOOSEST))
@settings(deadline=None, max_examples=200)
def test_components_name_unverified_members_as_such(case: Case, loosest: Tier) -> None:
    matches = group(case.candidates(), case.judge, loosest, "component")
    for item, (keeper, _, tier, _) in enumerate(rows(matches)):
        verified = keeper != item and case.verified(keeper, item, loosest)
        if keeper != item:
            assert (tier == Tier.NONE) is not verified
        if verified:
            assert tier <= loosest


@given(case=cases(), loosest=st.sampled_from((Tier.EXACT, *LOOSEST)), most=st.sampled_from([1, 3, 64]), data=st.data())
@settings(deadline=None, max_examples=300)
def test_references(case: Case, loosest: Tier, most: int, data: st.DataObject) -> None:
    count = len(case.classes)
    flags = st.lists(st.booleans(), min_size=count, max_size=count)
    reference, done = (np.array(data.draw(flags), np.bool_) for _ in range(2))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grouping, "MOST_OPEN", most)
        matches = match_references(case.candidates(), case.judge, loosest, reference, done)
    pairs = case.pairs()
    assert len(case.asked) == len(set(case.asked))
    for item, (keeper, top, tier, score) in enumerate(rows(matches)):
        offers = [
            (verdict, other)
            for other in np.flatnonzero(reference).tolist()
            if (verdict := pairs.get((min(item, other), max(item, other)), Tier.NONE)) <= loosest
        ]
        if reference[item] or done[item] or not offers or loosest is Tier.EXACT:
            assert (keeper, top, tier, score) == (item, item, Tier.EXACT, 0)
        else:
            best, other = min(offers)
            assert (keeper, top, tier) == (other, other, best)
            assert score == min(item, other) * 31 + max(item, other)


def test_2000_equal_looking_items_cost_fewer_than_2000_verifications() -> None:
    count = 2000
    case = Case([0] * count, [], np.full((count, count), Tier.COPY, np.uint8))
    matches = group(case.candidates(), case.judge, Tier.SIMILAR)
    assert len(case.asked) < count
    assert set(matches.group.tolist()) == {0}


def test_items_that_are_never_joined_are_never_asked_about() -> None:
    case = Case([-1] * 5, [], np.full((5, 5), Tier.COPY, np.uint8))
    for rule in RULES:
        assert rows(group(case.candidates(), case.judge, Tier.SIMILAR, rule)) == [(at, at, 0, 0) for at in range(5)]
    assert case.asked == []


def test_exact_asks_nothing() -> None:
    case = Case([0] * 5, [], np.full((5, 5), Tier.COPY, np.uint8))
    for rule in RULES:
        assert group(case.candidates(), case.judge, Tier.EXACT, rule).group.tolist() == [0, 1, 2, 3, 4]
    assert case.asked == []


def likest_first(case: Case) -> Crowds:
    """Return crowds by an ideal distance: what is more alike is nearer, and of equals those that come first."""

    def distance(item: int, others: NDArray[np.int64]) -> NDArray[np.int64]:
        tier = case.verdict[np.minimum(item, others), np.maximum(item, others)].astype(np.int64)
        return tier * len(case.verdict) + others

    return Crowds(distance)


@given(case=cases(), loosest=st.sampled_from(LOOSEST), most=st.sampled_from([1, 2, 5]))
@settings(deadline=None, max_examples=300)
def test_crowds_lose_nothing_where_what_matches_is_nearest(case: Case, loosest: Tier, most: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asking, "MOST_LISTED", 0)
        patch.setattr(crowds, "MOST_ASKED", most)
        few = likest_first(case)
        found = rows(group(case.candidates(), case.judge, loosest, crowds=few))
    asked, case.asked = set(case.asked), []
    assert found == rows(group(case.candidates(), case.judge, loosest))
    assert len(set(case.asked) - asked) <= few.passed


@given(case=cases(), loosest=st.sampled_from(LOOSEST), most=st.sampled_from([1, 2, 5]), data=st.data())
@settings(deadline=None, max_examples=300)
def test_crowds_of_references_lose_nothing_either(case: Case, loosest: Tier, most: int, data: st.DataObject) -> None:
    count = len(case.classes)
    flags = st.lists(st.booleans(), min_size=count, max_size=count)
    reference, done = (np.array(data.draw(flags), np.bool_) for _ in range(2))
    every = rows(match_references(case.candidates(), case.judge, loosest, reference, done))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(crowds, "MOST_ASKED", most)
        few = likest_first(case)
        assert rows(match_references(case.candidates(), case.judge, loosest, reference, done, few)) == every


@pytest.mark.parametrize("against", [False, True])
def test_a_crowd_of_different_pictures_costs_a_part_for_each(against: bool) -> None:
    count = 1200
    verdict = np.full((count, count), Tier.NONE, np.uint8)
    verdict[3, 1100] = Tier.COPY
    case = Case([0] * count, [], verdict)
    few = likest_first(case)
    if against:
        reference = np.arange(count) < count // 2
        matches = match_references(case.candidates(), case.judge, Tier.EDIT, reference, ~reference, few)
        assert case.asked == []
        matches = match_references(case.candidates(), case.judge, Tier.EDIT, reference, reference, few)
    else:
        matches = group(case.candidates(), case.judge, Tier.EDIT, crowds=few)
    assert matches.keeper[1100] == 3
    assert len(case.asked) <= count * crowds.MOST_ASKED
    assert few.passed > len(case.asked)
    own = np.arange(count) != 1100
    assert (matches.keeper[own] == np.flatnonzero(own)).all()
