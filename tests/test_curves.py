"""Recall and false pairs by radius, and the best of them: against brute force."""

from collections.abc import Sequence
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike import curves
from lookalike.curves import HashCurve
from lookalike.intervals import Interval
from lookalike.model import HashSpec, Tier

LABELS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 4)), min_size=1, max_size=40)
PAIRS = st.sets(st.tuples(st.integers(0, 8), st.integers(0, 8)).filter(lambda pair: pair[0] < pair[1]), max_size=36)


def columns(rows: Sequence[tuple[int, ...]]) -> list[np.ndarray[tuple[int], np.dtype[np.int64]]]:
    return list(np.array(rows, np.int64).reshape(len(rows), -1).T)


def holds(row: Interval) -> bool:
    return 0 <= row.low <= row.estimate <= row.high


@given(LABELS)
@settings(deadline=None)
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
@settings(deadline=None)
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


@given(st.lists(st.integers(0, 30), min_size=1, max_size=12), st.floats(0, 40), st.integers(0, 12))
@settings(deadline=None)
def test_the_best_radius_is_the_widest_within_the_budget(steps: list[int], budget: float, most: int) -> None:
    false = tuple(Interval(value, 0, 1e9) for value in np.cumsum(steps).tolist())
    recall = tuple(Interval(value, 0, 1) for value in np.linspace(0, 1, len(steps)).tolist())
    made = curves.hash_curve(HashSpec(), recall, false, budget, most)
    fitting = [radius for radius, row in enumerate(false) if row.estimate <= budget and radius <= most]
    assert made.within_budget == bool(fitting)
    assert made.radius == (fitting[-1] if fitting else 0)


@given(st.integers(0, 70), st.integers(-1, 90))
@settings(deadline=None)
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
