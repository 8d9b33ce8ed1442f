"""Traces of JPEG in the pixels of lossless files."""

import io

import numpy as np
import pytest
from PIL import Image

from conftest import encode
from lookalike.blocks import has_blocks
from test_resolved import photo


def saved(picture: Image.Image, quality: int) -> Image.Image:
    return Image.open(io.BytesIO(encode(picture, quality=quality))).convert("L")


@pytest.mark.parametrize("quality", [30, 60, 75, 85, 90])
@pytest.mark.parametrize("size", [(480, 360), (163, 97)])
def test_what_was_jpeg_has_blocks(size: tuple[int, int], quality: int) -> None:
    assert has_blocks(np.asarray(saved(photo(1, *size), quality)))


@pytest.mark.parametrize("share", [0.5, 0.6, 1.5, 2])
def test_what_was_jpeg_at_another_size_has_none(share: float) -> None:
    picture = saved(photo(2), 75)
    size = round(480 * share), round(360 * share)
    assert not has_blocks(np.asarray(picture.resize(size, Image.Resampling.LANCZOS)))


@pytest.mark.parametrize("corner", [(1, 0), (0, 1), (4, 4), (3, 5)])
def test_a_grid_that_begins_elsewhere_does_not_count(corner: tuple[int, int]) -> None:
    assert not has_blocks(np.asarray(saved(photo(3), 75))[corner[1] :, corner[0] :])


def test_what_was_never_jpeg_is_flat_or_is_small_has_none() -> None:
    assert not has_blocks(np.asarray(photo(4)))
    assert not has_blocks(np.full((64, 64), 90, np.uint8))
    assert not has_blocks(np.asarray(saved(photo(4), 30))[:20, :20])
