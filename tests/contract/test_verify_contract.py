"""Alignment and measures: the kernels and the NumPy references beside them, to the bit; maps against known ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from conftest import scene
from lookalike.verify import measuring, tiles
from lookalike.verify.measuring import REFERENCE, Measures, measure

pytestmark = pytest.mark.skipif(measuring.KERNELS == (REFERENCE,), reason="no kernels in this installation")

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
def test_the_kernel_measures_what_the_reference_measures(seed: int, sides: tuple[int, int]) -> None:
    size, side = sides
    left, right = pairs(seed, size)
    quick, slow = measure(left, right, side), measure(left, right, side, kernel=REFERENCE)
    for name in Measures.__slots__:
        assert np.array_equal(getattr(quick, name), getattr(slow, name)), name
    assert quick.finished[KINDS.index("same")]
    assert (quick.change[~quick.finished] == tiles.OUTSIDE).all()


def test_large_planes_too() -> None:
    side = 512
    left, right = (planes[[0, 3, 4, 5]] for planes in pairs(7, side))
    quick, slow = measure(left, right, side), measure(left, right, side, kernel=REFERENCE)
    for name in Measures.__slots__:
        assert np.array_equal(getattr(quick, name), getattr(slow, name)), name


def test_nothing_overflows_on_the_largest_planes() -> None:
    half = np.where(np.arange(2048) < 1024, 0, 255).astype(np.uint8) * np.ones((2048, 1), np.uint8)
    left, right = half[np.newaxis], half[np.newaxis, :, ::-1]
    for one, other in ((left, left), (left, right)):
        quick, slow = measure(one, other, 2048), measure(one, other, 2048, kernel=REFERENCE)
        for name in Measures.__slots__:
            assert np.array_equal(getattr(quick, name), getattr(slow, name)), name
    assert (measure(left, left, 2048).contrast >= 0.999 * (255 * 32) ** 2).all()


def test_extremes_are_measured_alike() -> None:
    checks = np.indices((64, 64)).sum(axis=0) % 2 * 255
    half = np.where(np.arange(64) < 32, 0, 255) * np.ones((64, 1), np.int64)
    planes = [checks, 255 - checks, half, half.T, 255 - half, np.zeros((64, 64)), np.full((64, 64), 255)]
    block = np.stack(planes).astype(np.uint8)
    left, right = block.repeat(len(block), 0), np.tile(block, (len(block), 1, 1))
    for side in (16, 32, 64):
        quick, slow = measure(left, right, side), measure(left, right, side, kernel=REFERENCE)
        for name in Measures.__slots__:
            assert np.array_equal(getattr(quick, name), getattr(slow, name)), (side, name)


def test_no_pairs_are_no_measures() -> None:
    none = np.zeros((0, 64, 64), np.uint8)
    for kernel in measuring.KERNELS:
        assert measure(none, none, 64, kernel=kernel).change.shape == (0, 64)


@pytest.mark.parametrize("bad", [(64, 63), (64, 128), (60, 16), (8, 8)])
def test_other_sides_are_refused(bad: tuple[int, int]) -> None:
    planes = np.zeros((1, bad[0], bad[0]), np.uint8)
    with pytest.raises(ValueError, match="power of two"):
        measure(planes, planes, bad[1])


@pytest.mark.parametrize("seed", range(5))
def test_a_crop_is_found_where_it_was_cut(seed: int) -> None:
    picture = scene(seed, 640, 640).convert("L")
    left, top, part = 50, 20, 540
    cut = picture.crop((left, top, left + part, top + part))
    planes = [np.asarray(one.resize((64, 64), Image.Resampling.BOX))[np.newaxis] for one in (picture, cut)]
    found = measure(planes[0], planes[1], 64)
    assert found.finished[0]
    assert not found.swapped[0]
    share = part / 640
    wanted = [[share, 0, (left + part / 2 - 320) / 10], [0, share, (top + part / 2 - 320) / 10]]
    assert np.abs(found.maps[0] - wanted).max() < 0.25
    back = measure(planes[1], planes[0], 64)
    assert back.swapped[0]
    assert np.abs(back.maps[0] - wanted).max() < 0.25
