"""From matched images to members of groups: what holds whatever was matched with what."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lookalike.columns import Matches, Units, apart
from lookalike.members import members
from lookalike.model import Tier
from lookalike.verify import EVIDENCE

NAMES = [str(row) for row in range(12)]


def matches(keeper: list[int], tier: list[int]) -> Matches:
    """Return matches; the group of each image is that of its keeper, to the end."""
    own = np.array(keeper)
    group = own.copy()
    for _ in keeper:
        group = own[group]
    count = len(keeper)
    score = np.full(count, 900)
    levels = np.array(tier, np.uint8)
    verdict = np.zeros(count, np.int64), np.zeros(1, EVIDENCE), np.zeros(1, np.bool_), np.zeros((1, 2), np.int64)
    return Matches(own, group, levels, score, *verdict)


def units(unit: list[int], masks: tuple[int, ...] = ()) -> Units:
    mask = np.zeros(len(unit), np.bool_)
    mask[list(masks)] = True
    paths = [tuple(NAMES[row] for row, at in enumerate(unit) if at == one) for one in range(max(unit) + 1)]
    return Units(np.array(unit), mask, paths)


ORDER = np.arange(12)


def test_images_for_themselves_are_what_they_were() -> None:
    found = members(matches([0, 0, 2, 2, 4], [0, 1, 0, 3, 0]), apart(NAMES[:5]), ORDER[:5])
    assert found.group.tolist() == [0, 0, 2, 2, 4]
    assert found.shown.tolist() == [True, True, True, True, False]
    assert found.duplicate.tolist() == [False, True, False, False, False]


def test_a_unit_is_shown_once_and_goes_as_a_whole() -> None:
    # 0 and 1 are a unit, 2 and 3 its copy, matched image by image.
    found = members(matches([0, 1, 0, 1], [0, 0, 1, 1]), units([0, 0, 1, 1]), ORDER[:4])
    assert found.shown.tolist() == [True, False, True, False]
    assert found.duplicate.tolist() == [False, False, True, True]
    assert found.group.tolist() == [0, 0, 0, 0]


def test_what_is_near_another_image_of_its_unit_has_the_keeper_of_that() -> None:
    found = members(matches([0, 0, 1], [0, 2, 1]), units([0, 1, 1]), ORDER[:3])
    assert found.duplicate.tolist() == [False, True, True]
    assert found.shown.tolist() == [True, True, False]
    similar = members(matches([0, 0, 1], [0, 3, 1]), units([0, 1, 1]), ORDER[:3])
    assert similar.duplicate.tolist() == [False, False, False]
    assert similar.shown.tolist() == [True, True, False]


def test_images_of_one_unit_alone_make_no_group() -> None:
    found = members(matches([0, 0, 2], [0, 1, 0]), units([0, 0, 1]), ORDER[:3])
    assert not found.shown.any()
    assert not found.duplicate.any()


def test_an_image_without_a_keeper_holds_its_unit_back() -> None:
    found = members(matches([0, 0, 2], [0, 1, 0]), units([0, 1, 1]), ORDER[:3])
    assert found.shown.tolist() == [True, True, False]
    assert not found.duplicate.any()


def test_masks_are_in_no_group() -> None:
    found = members(matches([0, 0, 2, 2], [0, 1, 0, 0]), units([0, 1, 0, 1], (2, 3)), ORDER[:4])
    assert found.shown.tolist() == [True, True, False, False]
    assert found.duplicate.tolist() == [False, True, False, False]


@st.composite
def cases(draw: st.DrawFn) -> tuple[Matches, Units]:
    """Draw matches as grouping makes them: keepers come first, and a keeper of others is itself attached more loosely."""
    count = draw(st.integers(1, len(NAMES)))
    keeper, tier = [0], [0]
    for row in range(1, count):
        near = draw(st.integers(0, row))
        keeper.append(near)
        tier.append(0 if near == row else draw(st.integers(0, 4)))
    unit = sorted(draw(st.lists(st.integers(0, 5), min_size=count, max_size=count)))
    numbers = {one: at for at, one in enumerate(dict.fromkeys(unit))}
    masks = tuple(row for row in range(count) if draw(st.integers(0, 9)) == 0)
    return matches(keeper, tier), units([numbers[one] for one in unit], masks)


@given(cases())
def test_laws(case: tuple[Matches, Units]) -> None:
    matched, shot = case
    rows = np.arange(len(matched.keeper))
    found = members(matched, shot, rows)
    shown = np.flatnonzero(found.shown)
    keepers = shown[found.group[shown] == shown]
    others = np.setdiff1d(shown, keepers)
    assert not shot.mask[shown].any()
    assert set(found.group[shown]) == set(keepers), "each group has its keeper, and each keeper a group"
    assert set(found.group[others]) == set(keepers), "and that two members at least"
    assert len(set(shot.unit[keepers])) == len(keepers)
    assert len(set(shot.unit[others])) == len(others)
    assert not found.duplicate[keepers].any()
    assert set(shot.unit[found.duplicate]) == {shot.unit[row] for row in others if found.duplicate[row]}
    for row in others:
        assert shot.unit[matched.keeper[row]] != shot.unit[row]
        assert shot.unit[found.group[row]] != shot.unit[row]
    for row in np.flatnonzero(found.duplicate):
        whole = (shot.unit == shot.unit[row]) & ~shot.mask
        assert found.duplicate[whole].all()
        at = row
        while shot.unit[at] == shot.unit[row]:  # each image of a duplicate leads to a keeper in another unit
            assert matched.tier[at] < Tier.SIMILAR
            assert matched.keeper[at] != at
            at = matched.keeper[at]
