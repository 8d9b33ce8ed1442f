"""Hashes of boxes of a thumbnail: those of the pictures that were cut out, from one transform."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from conftest import encode, scene
from lookalike import bits, hashes
from lookalike.decode import decode
from lookalike.hashes import crops
from lookalike.kernels import KERNELS, REFERENCE
from lookalike.model import THUMBNAIL_SIDE

SCENES = 12


def luma(picture: Image.Image) -> NDArray[np.uint8]:
    return decode(encode(picture, "PNG")).luma


@st.composite
def boxes(draw: st.DrawFn) -> NDArray[np.int64]:
    """Draw some boxes of at least 8 pixels a side."""

    def side() -> tuple[int, int]:
        length = draw(st.integers(8, THUMBNAIL_SIDE))
        start = draw(st.integers(0, THUMBNAIL_SIDE - length))
        return start, start + length

    drawn = [(side(), side()) for _ in range(draw(st.integers(1, 5)))]
    return np.array([[left, top, right, bottom] for (left, right), (top, bottom) in drawn])


@given(boxes(), st.integers(0, 1 << 32))
def test_kernels_agree(boxes: NDArray[np.int64], seed: int) -> None:
    block = np.random.default_rng(seed).integers(0, 256, (3, 64, 64), dtype=np.uint8)
    assert KERNELS[0] == "native"  # a must here: without it this compares nothing
    assert np.array_equal(crops.hash_boxes(block, boxes), crops.hash_boxes(block, boxes, kernel=REFERENCE))


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_whole_and_a_magnified_box(kernel: str) -> None:
    block = np.random.default_rng(1).integers(0, 256, (4, 64, 64), dtype=np.uint8)
    whole = np.array([[0, 0, 64, 64]])
    assert np.array_equal(crops.hash_boxes(block, whole, kernel=kernel)[:, 0], hashes.hash_block(block, crops.SPEC))
    smooth = np.stack([luma(scene(seed)) for seed in range(SCENES)])
    quarter = smooth[:, 16:48, 8:40]
    larger = quarter.repeat(2, 1).repeat(2, 2)
    found = crops.hash_boxes(smooth, np.array([[8, 16, 40, 48]]), kernel=kernel)[:, 0]
    # The cosines of 32 points are those of 64 but for the width of a point.
    assert bits.distance(found, hashes.hash_block(larger, crops.SPEC)).max() <= 2


def test_no_picture_and_the_boxes_themselves() -> None:
    assert crops.hash_boxes(np.zeros((0, 64, 64), np.uint8), crops.PARTS).shape == (0, 4, 1)
    for table in (crops.PARTS, crops.CROPS):
        assert len(np.unique(table, axis=0)) == len(table)
        assert table.min() >= 0
        assert table.max() == THUMBNAIL_SIDE
        area = (table[:, 2] - table[:, 0]) * (table[:, 3] - table[:, 1])
        assert area.min() >= 0.48 * THUMBNAIL_SIDE**2
        mirrored = table[:, [2, 1, 0, 3]] * [-1, 1, -1, 1] + [64, 0, 64, 0]
        assert np.abs(mirrored[:, np.newaxis] - table).sum(axis=2).min(axis=1).max() <= 4  # no side is preferred


def test_crops_wherever_they_were_cut_out_have_a_box_near() -> None:
    generator = np.random.default_rng(3)
    near = []
    for seed in range(SCENES):
        picture = scene(seed, 480, 400)
        known = crops.hash_boxes(luma(picture)[np.newaxis], crops.CROPS)[0]
        for share in generator.uniform(0.71, 0.97, 10).tolist():
            width, height = round(480 * share), round(400 * share)
            left, top = (int(generator.integers(0, free + 1)) for free in (480 - width, 400 - height))
            cut = luma(picture.crop((left, top, left + width, top + height)))
            near.append(int(bits.distance(known, hashes.hash_block(cut[np.newaxis], crops.SPEC)).min()))
    assert np.mean(np.array(near) <= 12) >= 0.97
