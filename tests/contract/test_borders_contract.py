"""Borders of thumbnails: pictures that are passed over at once are those in which a closer look finds none."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.hashes import borders


@given(st.integers(0, 10**6), st.tuples(*[st.integers(0, 30)] * 4), st.integers(0, 30), st.integers(0, 255))
@settings(max_examples=300)
def test_a_closer_look_at_all_finds_the_same(seed: int, widths: tuple[int, ...], rough: int, level: int) -> None:
    random = np.random.default_rng(seed)
    left, top, right, bottom = widths
    luma = random.integers(0, 256, (3, 64, 64))
    framed = level + random.integers(-rough, rough + 1, luma.shape) // 2
    framed[:, top : 64 - bottom, left : 64 - right] = luma[:, top : 64 - bottom, left : 64 - right]
    planes = np.concatenate([luma, framed.clip(0, 255)]).astype(np.uint8)
    assert np.array_equal(borders.trim_boxes(planes), borders._boxes(planes))
