"""Alignment, measures and what they tell: the kernels and the NumPy references beside them, to the bit; maps against known
ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from conftest import scene
from lookalike.kernels import REFERENCE
from lookalike.verify import tiles
from lookalike.verify.colour import colour
from lookalike.verify.measuring import KERNELS, Measures, measure
from lookalike.verify.texture import texture
from lookalike.verify.views import WHOLE, Pictures, crop, hinted

pytestmark = pytest.mark.skipif(KERNELS == (REFERENCE,), reason="no kernels in this installation")
QUICK = KERNELS[:-1]

KINDS = ("same", "noise", "tone", "patch", "moved", "larger", "turned", "other", "flat", "dots")


def plane(seed: int, side: int) -> Image.Image:
    return scene(seed, 2 * side, 2 * side).convert("L").resize((side, side), Image.Resampling.BOX)


def other_of(picture: Image.Image, kind: str, random: np.random.Generator) -> NDArray[np.uint8]:
    """Make the other plane of a pair."""
    side = picture.width
    values = np.asarray(picture).astype(np.int64)
    if kind in ("moved", "larger", "turned"):
        shift = random.uniform(-side / 12, side / 12, 2)
        angle = np.deg2rad(random.uniform(-4, 4)) if kind == "turned" else 0.0
        zoom = random.uniform(0.7, 1.4) if kind == "larger" else 1.0
        a, b = zoom * np.cos(angle), zoom * np.sin(angle)
        half = side / 2
        data = (a, -b, half - a * half + b * half + shift[0], b, a, half - b * half - a * half + shift[1])
        return np.asarray(picture.transform(picture.size, Image.Transform.AFFINE, data, Image.Resampling.BILINEAR))
    made = {
        "same": values,
        "noise": values + random.integers(-9, 10, values.shape),
        "tone": (values**2) // 255 // 2 + 30,
        "patch": values.copy(),
        "other": np.asarray(plane(int(random.integers(1000, 2000)), side)).astype(np.int64),
        "flat": np.full_like(values, int(random.integers(0, 256))),
        "dots": random.integers(0, 256, values.shape),
    }[kind]
    if kind == "patch":
        made[side // 8 : side // 3, side // 2 :] = int(random.integers(0, 256))
    clipped: NDArray[np.uint8] = np.clip(made, 0, 255).astype(np.uint8)
    return clipped


def all_pairs(left: NDArray[np.uint8], right: NDArray[np.uint8], side: int, *, kernel: str | None = None) -> Measures:
    """Measure each plane against that of the same row."""
    rows = np.arange(len(left))
    return measure((left, rows), (right, rows), side, kernel=kernel)


def assert_same(slow: Measures, quick: Measures, what: object = None) -> None:
    for name in Measures.__slots__:
        assert np.array_equal(getattr(quick, name), getattr(slow, name)), (what, name)


def pairs(seed: int, side: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    random = np.random.default_rng(seed)
    pictures = [plane(seed + number, side) for number in range(len(KINDS))]
    left = np.stack([np.asarray(picture) for picture in pictures])
    right = np.stack([other_of(picture, kind, random) for picture, kind in zip(pictures, KINDS, strict=True)])
    swap = random.random(len(KINDS)) < 0.5
    return np.where(swap[:, None, None], right, left), np.where(swap[:, None, None], left, right)


@given(
    st.integers(0, 10**6), st.sampled_from([(16, 16), (32, 32), (64, 16), (64, 32), (64, 64), (128, 128), (256, 256)])
)
@settings(deadline=None, max_examples=25)
def test_the_kernels_measure_what_the_reference_measures(seed: int, sides: tuple[int, int]) -> None:
    size, side = sides
    left, right = pairs(seed, size)
    slow = all_pairs(left, right, side, kernel=REFERENCE)
    for kernel in QUICK:
        assert_same(slow, all_pairs(left, right, side, kernel=kernel), kernel)
    assert slow.finished[KINDS.index("same")]
    assert (slow.change[~slow.finished] == tiles.OUTSIDE).all()


@given(st.integers(0, 10**6), st.lists(st.tuples(st.integers(0, 9), st.integers(0, 19)), max_size=40))
@settings(deadline=None, max_examples=10)
def test_rows_may_repeat_and_one_block_may_begin_the_other(seed: int, rows: list[tuple[int, int]]) -> None:
    left, right = pairs(seed, 64)
    both = np.concatenate([left, right])
    one, other = np.array(rows, np.int64).reshape(-1, 2).T
    slow = measure((left, one), (both, other), 64, kernel=REFERENCE)
    for kernel in QUICK:
        assert_same(slow, measure((left, one), (both, other), 64, kernel=kernel), kernel)
        assert_same(slow, measure((both[: len(left)], one), (both, other), 64, kernel=kernel), kernel)


@pytest.mark.parametrize("size", [64, 256])
def test_more_planes_than_are_kept_at_once(size: int) -> None:
    left, right = (planes.repeat(12, 0) for planes in pairs(3, size))
    rows = np.arange(len(left))
    once = all_pairs(left, right, size)
    for turned in (rows, rows[::-1]):
        found = measure((left, turned), (right, turned), size)
        for name in Measures.__slots__:
            assert np.array_equal(getattr(found, name), getattr(once, name)[turned]), name


@given(st.integers(0, 10**6))
@settings(deadline=None, max_examples=10)
def test_turned_and_cropped_views_too(seed: int) -> None:
    random = np.random.default_rng(seed)
    luma = np.concatenate(pairs(seed, 64))
    size, whole = np.full(len(luma), 640), np.repeat(WHOLE[np.newaxis], len(luma), 0)
    pictures = Pictures(luma, np.zeros((len(luma), 8, 8, 2), np.uint8), size, size, whole, luma)
    row, turn = random.integers(0, len(luma), (2, 40)), random.integers(1, 9, (2, 40))
    box = np.concatenate([random.integers(0, 16, (2, 40, 2)), random.integers(48, 65, (2, 40, 2))], axis=2)
    views = [hinted(pictures, row[which], turn[which], box[which]) for which in (0, 1)]
    left, right = ((view.planes, view.plane) for view in views)
    slow = measure(left, right, 64, kernel=REFERENCE)
    for kernel in QUICK:
        assert_same(slow, measure(left, right, 64, kernel=kernel), kernel)


@given(st.integers(0, 10**6), st.sampled_from([16, 64, 256]))
@settings(deadline=None, max_examples=20)
def test_what_boxes_hold(seed: int, side: int) -> None:
    random = np.random.default_rng(seed)
    luma = np.concatenate(pairs(seed, side))
    box = np.concatenate([random.integers(0, 32, (len(luma), 2)), random.integers(33, 65, (len(luma), 2))], axis=1)
    box[0] = WHOLE
    slow = crop(luma, box, kernel=REFERENCE)
    assert np.array_equal(slow[0], luma[0])
    assert not np.array_equal(slow, luma)
    for kernel in QUICK:
        assert np.array_equal(crop(luma, box, kernel=kernel), slow), kernel


@pytest.mark.parametrize("side", [16, 64, 256, 512])
def test_the_kernels_tell_what_the_reference_tells(side: int) -> None:
    left, right = pairs(11, side)
    found = all_pairs(left, right, side)
    slow, changed = texture(found, kernel=REFERENCE)
    assert changed.any()
    for kernel in QUICK:
        quick, also_changed = texture(found, kernel=kernel)
        assert np.array_equal(changed, also_changed)
        for name, values in slow.items():
            assert np.array_equal(quick[name], values), name


@given(st.integers(0, 10**6))
@settings(deadline=None, max_examples=25)
def test_the_kernels_compare_colours_as_the_reference_does(seed: int) -> None:
    random = np.random.default_rng(seed)
    chroma = (128 + random.normal(0, random.choice([1, 6, 60]), (6, 8, 8, 2))).clip(0, 255).astype(np.uint8)
    row, swapped = random.integers(0, 6, (2, 30)), random.random(30) < 0.5
    maps = np.eye(2, 3) + random.normal(0, 1, (30, 2, 3)) * random.choice([0, 0.02, 1], (30, 1, 1)) * [1, 1, 32]
    given_ = (chroma, row[0]), (chroma, row[1]), maps, swapped, random.random((30, 8, 8)) < 0.2
    slow = colour(*given_, kernel=REFERENCE)
    for kernel in QUICK:
        for name, values in colour(*given_, kernel=kernel).items():
            assert np.array_equal(values, slow[name]), name


def test_large_planes_too() -> None:
    side = 512
    left, right = (planes[[0, 3, 4, 5]] for planes in pairs(7, side))
    slow = all_pairs(left, right, side, kernel=REFERENCE)
    for kernel in QUICK:
        assert_same(slow, all_pairs(left, right, side, kernel=kernel), kernel)


def test_nothing_overflows_on_the_largest_planes() -> None:
    half = np.where(np.arange(2048) < 1024, 0, 255).astype(np.uint8) * np.ones((2048, 1), np.uint8)
    left, right = half[np.newaxis], half[np.newaxis, :, ::-1]
    for one, other in ((left, left), (left, right)):
        assert_same(all_pairs(one, other, 2048, kernel=REFERENCE), all_pairs(one, other, 2048))
    assert (all_pairs(left, left, 2048).contrast >= 0.999 * (255 * 32) ** 2).all()


@pytest.mark.parametrize(("size", "count"), [(64, 7), (256, 4)])
def test_extremes_are_measured_alike(size: int, count: int) -> None:
    checks = np.indices((size, size)).sum(axis=0) % 2 * 255
    half = np.where(np.arange(size) < size // 2, 0, 255) * np.ones((size, 1), np.int64)
    planes = [checks, 255 - checks, half, half.T, 255 - half, np.zeros((size, size)), np.full((size, size), 255)]
    block = np.stack(planes[:count]).astype(np.uint8)
    left, right = np.arange(len(block)).repeat(len(block)), np.tile(np.arange(len(block)), len(block))
    for side in (16, 32, 64, size):
        slow = measure((block, left), (block, right), side, kernel=REFERENCE)
        for kernel in QUICK:
            assert_same(slow, measure((block, left), (block, right), side, kernel=kernel), (kernel, side))


def test_no_pairs_are_no_measures() -> None:
    none, nothing = np.zeros((0, 64, 64), np.uint8), np.zeros(0, np.int64)
    for kernel in KERNELS:
        found = measure((none, nothing), (none, nothing), 64, kernel=kernel)
        assert found.change.shape == (0, 64)
        columns, changed = texture(found, kernel=kernel)
        assert columns["tiles"].shape == (0,)
        assert changed.shape == (0, 64)


@pytest.mark.parametrize("bad", [(64, 63), (64, 128), (60, 16), (8, 8)])
def test_other_sides_are_refused(bad: tuple[int, int]) -> None:
    planes = np.zeros((1, bad[0], bad[0]), np.uint8)
    with pytest.raises(ValueError, match="power of two"):
        all_pairs(planes, planes, bad[1])


@pytest.mark.parametrize("rows", [[1], [-1], [0, 0]])
def test_rows_that_are_not_there_are_refused(rows: list[int]) -> None:
    planes = np.zeros((1, 64, 64), np.uint8)
    with pytest.raises(ValueError, match="rows"):
        measure((planes, np.array(rows)), (planes, np.array([0])), 64)


@pytest.mark.parametrize("seed", range(5))
def test_a_crop_is_found_where_it_was_cut(seed: int) -> None:
    picture = scene(seed, 640, 640).convert("L")
    left, top, part = 50, 20, 540
    cut = picture.crop((left, top, left + part, top + part))
    planes = [np.asarray(one.resize((64, 64), Image.Resampling.BOX))[np.newaxis] for one in (picture, cut)]
    found = all_pairs(planes[0], planes[1], 64)
    assert found.finished[0]
    assert not found.swapped[0]
    share = part / 640
    wanted = [[share, 0, (left + part / 2 - 320) / 10], [0, share, (top + part / 2 - 320) / 10]]
    assert np.abs(found.maps[0] - wanted).max() < 0.25
    back = all_pairs(planes[1], planes[0], 64)
    assert back.swapped[0]
    assert np.abs(back.maps[0] - wanted).max() < 0.25
