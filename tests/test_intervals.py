"""Intervals: against published values, and against simulated collections."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike import intervals
from lookalike.intervals import Interval

LABELS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 4)), min_size=1, max_size=40)


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
    row = intervals.wilson(found / count, count)
    assert (round(row.low, 4), round(row.high, 4)) == (low, high)


@pytest.mark.parametrize(("found", "low", "high"), [(0, 0.0, 3.689), (1, 0.025, 5.572), (10, 4.795, 18.390)])
def test_counts_of_independent_pairs_have_the_exact_poisson_interval(found: int, low: float, high: float) -> None:
    row = intervals.expected(found, 1.0, 1.0)
    assert (round(row.low, 3), round(row.high, 3)) == (low, high)


@given(st.floats(0, 1), st.just(0.0) | st.floats(0.5, 1000))
@settings(deadline=None)
def test_a_share_lies_in_its_interval(share: float, count: float) -> None:
    row = intervals.wilson(share, count)
    assert holds(row)
    assert row.high <= 1
    assert row.low < row.high


@given(st.just(0.0) | st.floats(1e-6, 1e6), st.floats(1, 1e4), st.floats(0.01, 1e6))
@settings(deadline=None)
def test_an_expected_number_lies_in_its_interval_and_scales(found: float, sharing: float, scale: float) -> None:
    row = intervals.expected(found, sharing, scale)
    assert holds(row)
    assert row.high > 0, "none seen has an upper bound"
    once = intervals.expected(found, sharing, 1.0)
    for end in ("estimate", "low", "high"):
        assert getattr(row, end) == pytest.approx(getattr(once, end) * scale)
    wider = intervals.expected(found, sharing * 2, scale)
    assert wider.low <= row.low
    assert wider.high >= row.high


@given(LABELS)
@settings(deadline=None)
def test_units_are_clusters_and_no_more_than_those(rows: list[tuple[int, ...]]) -> None:
    _, owner = columns(rows)
    assert 1 <= intervals.independent(owner) <= len(np.unique(owner)) + 1e-9
    assert intervals.independent(np.repeat(np.arange(7), 5)) == pytest.approx(7)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)).filter(lambda pair: pair[0] != pair[1]), max_size=30))
@settings(deadline=None)
def test_false_pairs_of_pictures_count_as_shares_of_pairs_of_images(rows: list[tuple[int, ...]]) -> None:
    one, other = columns(rows) if rows else columns([(0, 0)] * 0 or [(0, 1)])
    weight = np.full(len(one), 0.1 if rows else 0.0)
    found = intervals.false_between(one, other, weight, 6, 3.0)
    shares = {pair: 0.1 * sum({*row} == {*pair} for row in rows) for pair in combinations(range(6), 2)}
    assert found.estimate == pytest.approx(3 * sum(shares.values()))
    assert holds(found)


def test_nothing_found_between_images_is_bounded_by_their_pairs() -> None:
    none = np.zeros(0, np.int64)
    row = intervals.false_between(none, none, np.zeros(0), 200, 10.0)
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
        row = intervals.expected(found, intervals.sharing_of(degree, found), 1.0)
        held += row.low <= truth <= row.high
        row = intervals.expected(found, 1.0, 1.0)
        alone += row.low <= truth <= row.high
    assert held >= least * trials, "and of only some six images of one kind it cannot be known how they vary"
    assert alone < held - 0.15 * trials, "as if pairs were independent, the interval would be too narrow"


def test_independent_pairs_share_nothing_to_speak_of() -> None:
    random = np.random.default_rng(2)
    pairs = np.array([pair for pair in combinations(range(80), 2) if random.random() < 0.02])
    degree = np.bincount(pairs.ravel(), minlength=80).astype(float)
    assert intervals.sharing_of(degree, len(pairs)) < 1.3
