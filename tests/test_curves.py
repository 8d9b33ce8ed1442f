"""Recall and false pairs by radius: against brute force, against published values, and against simulated collections."""

from collections.abc import Sequence
from itertools import combinations, pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike import curves
from lookalike.curves import HashCurve, Interval
from lookalike.model import HashSpec, Tier

LABELS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 4)), min_size=1, max_size=40)
PAIRS = st.sets(st.tuples(st.integers(0, 8), st.integers(0, 8)).filter(lambda pair: pair[0] < pair[1]), max_size=36)


def columns(rows: Sequence[tuple[int, ...]]) -> list[np.ndarray[tuple[int], np.dtype[np.int64]]]:
    return list(np.array(rows, np.int64).reshape(len(rows), -1).T)


def holds(row: Interval) -> bool:
    return 0 <= row.low <= row.estimate <= row.high


@pytest.mark.parametrize(
    ("found", "count", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_the_published_intervals(found: int, count: int, low: float, high: float) -> None:
    # R. G. Newcombe, Two-sided confidence intervals for the single proportion (1998), table I, method 3
    row = curves.wilson(found / count, count)
    assert (round(row.low, 4), round(row.high, 4)) == (low, high)


@pytest.mark.parametrize(("found", "low", "high"), [(0, 0.0, 3.689), (1, 0.025, 5.572), (10, 4.795, 18.390)])
def test_counts_of_independent_pairs_have_the_exact_poisson_interval(found: int, low: float, high: float) -> None:
    row = curves.expected(found, 1.0, 1.0)
    assert (round(row.low, 3), round(row.high, 3)) == (low, high)


@given(st.floats(0, 1), st.just(0.0) | st.floats(0.5, 1000))
def test_a_share_lies_in_its_interval(share: float, count: float) -> None:
    row = curves.wilson(share, count)
    assert holds(row)
    assert row.high <= 1
    assert row.low < row.high


@given(st.just(0.0) | st.floats(1e-6, 1e6), st.floats(1, 1e4), st.floats(0.01, 1e6))
def test_an_expected_number_lies_in_its_interval_and_scales(found: float, sharing: float, scale: float) -> None:
    row = curves.expected(found, sharing, scale)
    assert holds(row)
    assert row.high > 0, "none seen has an upper bound"
    once = curves.expected(found, sharing, 1.0)
    for end in ("estimate", "low", "high"):
        assert getattr(row, end) == pytest.approx(getattr(once, end) * scale)
    wider = curves.expected(found, sharing * 2, scale)
    assert wider.low <= row.low
    assert wider.high >= row.high


@given(LABELS)
def test_units_are_clusters_and_no_more_than_those(rows: list[tuple[int, ...]]) -> None:
    _, owner = columns(rows)
    assert 1 <= curves.units(owner) <= len(np.unique(owner)) + 1e-9
    assert curves.units(np.repeat(np.arange(7), 5)) == pytest.approx(7)


@given(LABELS)
def test_recall_is_what_counting_gives_and_never_falls(rows: list[tuple[int, ...]]) -> None:
    distance, owner = columns(rows)
    found = curves.recall_by_radius(distance, owner, 10)
    assert [row.estimate for row in found] == [
        sum(one <= radius for one, _ in rows) / len(rows) for radius in range(11)
    ]
    for name in ("estimate", "low", "high"):
        assert all(getattr(one, name) <= getattr(other, name) + 1e-12 for one, other in pairwise(found))
    assert all(holds(row) for row in found)


@given(PAIRS, st.randoms(use_true_random=False), st.floats(0.5, 100))
def test_false_pairs_are_what_counting_gives(pairs: set[tuple[int, int]], random: Random, scale: float) -> None:
    rows = [(left, right, random.randint(0, 6)) for left, right in sorted(pairs)]
    half = len(rows) // 2
    parts = [tuple(columns(part)) for part in (rows[:half], rows[half:]) if part]
    degree = curves.degrees(parts, 9, 4)  # type: ignore[arg-type]
    for at in range(5):
        for image in range(9):
            assert degree[at, image] == sum(distance == at and image in (left, right) for left, right, distance in rows)
    found = curves.false_by_radius(degree, scale)
    counts = [sum(distance <= radius for *_, distance in rows) for radius in range(5)]
    assert [row.estimate for row in found] == pytest.approx([count * scale for count in counts])
    assert all(holds(row) for row in found)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)).filter(lambda pair: pair[0] != pair[1]), max_size=30))
def test_false_pairs_of_pictures_count_as_shares_of_pairs_of_images(rows: list[tuple[int, ...]]) -> None:
    one, other = columns(rows) if rows else columns([(0, 0)] * 0 or [(0, 1)])
    weight = np.full(len(one), 0.1 if rows else 0.0)
    found = curves.false_between(one, other, weight, 6, 3.0)
    shares = {pair: 0.1 * sum({*row} == {*pair} for row in rows) for pair in combinations(range(6), 2)}
    assert found.estimate == pytest.approx(3 * sum(shares.values()))
    assert holds(found)


def test_nothing_found_between_images_is_bounded_by_their_pairs() -> None:
    none = np.zeros(0, np.int64)
    row = curves.false_between(none, none, np.zeros(0), 200, 10.0)
    assert (row.estimate, row.low, round(row.high, 1)) == (0, 0, 36.9)


@pytest.mark.parametrize(("often", "least"), [(0.1, 0.83), (0.2, 0.9), (0.3, 0.92)])
def test_intervals_hold_the_truth_where_pairs_share_images(often: float, least: float) -> None:
    # One template among photos: all images made from it are near each other, so that pairs come in cliques.
    random, count, trials = np.random.default_rng(1), 60, 400
    truth = often**2 * count * (count - 1) / 2
    held = alone = 0
    for _ in range(trials):
        alike = np.flatnonzero(random.random(count) < often)
        degree = np.zeros(count)
        degree[alike] = max(len(alike) - 1, 0)
        found = degree.sum() / 2
        row = curves.expected(found, curves.sharing_of(degree, found), 1.0)
        held += row.low <= truth <= row.high
        row = curves.expected(found, 1.0, 1.0)
        alone += row.low <= truth <= row.high
    assert held >= least * trials, "and of only some six images of one kind it cannot be known how they vary"
    assert alone < held - 0.15 * trials, "as if pairs were independent, the interval would be too narrow"


def test_independent_pairs_share_nothing_to_speak_of() -> None:
    random = np.random.default_rng(2)
    pairs = np.array([pair for pair in combinations(range(80), 2) if random.random() < 0.02])
    degree = np.bincount(pairs.ravel(), minlength=80).astype(float)
    assert curves.sharing_of(degree, len(pairs)) < 1.3


@given(st.lists(st.integers(0, 30), min_size=1, max_size=12), st.floats(0, 40), st.integers(0, 12))
@settings(max_examples=200)
def test_the_best_radius_is_the_widest_within_the_budget(steps: list[int], budget: float, most: int) -> None:
    false = tuple(Interval(value, 0, 1e9) for value in np.cumsum(steps).tolist())
    recall = tuple(Interval(value, 0, 1) for value in np.linspace(0, 1, len(steps)).tolist())
    made = curves.hash_curve(HashSpec(), recall, false, budget, most)
    fitting = [radius for radius, row in enumerate(false) if row.estimate <= budget and radius <= most]
    assert made.within_budget == bool(fitting)
    assert made.radius == (fitting[-1] if fitting else 0)


@given(st.integers(0, 70), st.integers(-1, 90))
def test_the_widest_that_fits_is_found(most: int, limit: int) -> None:
    assert curves.widest(most, lambda radius: radius <= limit) == max(min(most, limit), 0)


def curve(name: str, size: int, recall: float, *, false: float = 0.0, within: bool = True) -> HashCurve:
    return HashCurve(HashSpec(name, size), (Interval(recall, 0, 1),), (Interval(false, 0, 9),), 0, within)


def test_hashes_are_ranked_by_recall_then_habit_then_bits() -> None:
    given_ = [
        curve("dhash", 16, 0.8), curve("dhash", 8, 0.8), curve("phash", 16, 0.8), curve("ahash", 8, 0.9),
        curve("whash", 8, 1.0, false=8, within=False), curve("mhash", 8, 1.0, false=5, within=False),
    ]  # fmt: skip
    names = [f"{row.spec.algorithm} {row.spec.size}" for row in curves.ranked(given_, "phash")]
    assert names == ["ahash 8", "phash 16", "dhash 8", "dhash 16", "mhash 8", "whash 8"]
    assert curves.ranked(given_[::-1], "phash") == curves.ranked(given_, "phash")


@pytest.mark.parametrize(("copy", "edit", "tier"), [(0, 0.9, "EDIT"), (0.2, 1, "COPY"), (1.5, 3, "EXACT")])
def test_the_tier_is_the_loosest_without_a_false_pair_to_be_expected(copy: float, edit: float, tier: str) -> None:
    rows = {Tier.COPY: Interval(copy, 0, 9), Tier.EDIT: Interval(edit, 0, 9)}
    assert curves.loosest_tier(rows) is Tier[tier]
