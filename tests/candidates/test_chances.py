"""What is said of options that may mislead."""

from dataclasses import replace

import pytest

from lookalike import bits
from lookalike.candidates.chances import MOST_IN_ALL, MOST_NEIGHBOURS, by_chance, wide
from lookalike.hashes import crops
from lookalike.model import HashSpec, Tier
from lookalike.options import FindOptions


def test_neighbours_by_chance_are_summed_over_all_that_proposes() -> None:
    usual = bits.chance(64, 10, balanced=True)
    assert by_chance(FindOptions(), 1000) == pytest.approx(1000 * usual * (1 + 4 + 2 * 4))
    assert by_chance(FindOptions(orient="mirror"), 1000) == pytest.approx(1000 * usual * (1 + 4 + 2 * 4 + 2))
    assert by_chance(FindOptions(orient="all"), 1000) == pytest.approx(1000 * usual * (1 + 4 + 2 * 4 + 2 * 7))
    more = 2 * len(crops.CROPS) * bits.chance(64, 12, balanced=True)
    assert by_chance(FindOptions(crops=True), 1000) == pytest.approx(1000 * (usual * 13 + more))
    dhash = FindOptions(spec=HashSpec("dhash", 8), radius=8)  # the usual one: parts have theirs
    assert by_chance(dhash, 1000) == pytest.approx(1000 * (bits.chance(64, 8) + usual * 12))
    assert by_chance(dhash, 1000, chosen=False) == pytest.approx(1000 * usual * 12)


@pytest.mark.parametrize(
    ("options", "count", "advised"),
    [
        (FindOptions(), 1_000_000, None),
        (FindOptions(), 10_000_000, "--radius 9"),
        (FindOptions(crops=True), 5_000, None),
        (FindOptions(radius=20), 14, None),
        (FindOptions(crops=True), 500_000, "--radius 7, or no --crops"),
        (FindOptions(radius=40, crops=True), 5_000, "--radius 11"),
        (FindOptions(spec=HashSpec("dhash", 8), radius=16), 1_000, "--radius 13"),
        (FindOptions(spec=HashSpec("ahash", 4), radius=1), 5_000, "--radius 0, or a hash of more bits (--size)"),
        (FindOptions(spec=HashSpec("ahash", 4), radius=1, crops=True), 200_000, "a hash of more bits (--size)"),
        (FindOptions(radius=40, tier=Tier.EXACT), 5_000, None),
    ],
    ids=str,
)
def test_a_wide_radius_is_warned_of_with_what_helps(options: FindOptions, count: int, advised: str | None) -> None:
    said = wide(options, count)
    assert [line.partition("; use ")[2] for line in said] == ([] if advised is None else [advised])
    balanced = options.spec.algorithm == "phash"
    for radius in [int(word) for word in (advised or "").replace(",", "").split() if word.isdigit()]:
        for tried, is_wide in ((radius, False), (radius + 1, True)):
            own = count * bits.chance(options.spec.bits, tried, balanced=balanced)
            in_all = by_chance(replace(options, radius=tried), count)
            assert (own > MOST_NEIGHBOURS or in_all > MOST_IN_ALL) == is_wide
    assert all(("with --crops" in line) == options.crops for line in said)
