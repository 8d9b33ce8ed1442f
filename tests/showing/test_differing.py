"""A difference is nearly black where two pictures lie on each other as they should, and gray where one ends."""

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from conftest import encode, scene
from lookalike.errors import DecodeError
from lookalike.showing.differing import MOST, OUTSIDE, difference

BASE = scene(4, 480, 360)
Turn = Image.Transpose
CROP = (60, 40, 440, 330)


def file(picture: Image.Image, format_: str = "PNG", **options: object) -> tuple[bytes, str]:
    return encode(picture, format_, **options), "x"


def drawn(first: Image.Image, second: Image.Image) -> np.ndarray:
    made = difference(file(first), file(second), orient="all")
    assert (made.mode, made.size) == ("L", first.size)  # in the frame of the first
    return np.asarray(made, np.int16)


def test_equal_pictures_are_black() -> None:
    assert drawn(BASE, BASE).max() == 0
    other = np.asarray(difference(file(BASE), file(BASE, "JPEG", quality=95)), np.int16)
    assert 0 < other.mean() < 12


@pytest.mark.parametrize("turn", [None, *Turn])
@pytest.mark.parametrize("swapped", [False, True])
def test_turned_and_mirrored_ones_are_turned_back(turn: Image.Transpose | None, swapped: bool) -> None:
    other = BASE.resize((240, 180), Image.Resampling.LANCZOS)
    pair = BASE, other if turn is None else other.transpose(turn)
    off = drawn(*(pair[::-1] if swapped else pair))
    assert off.mean() < 10
    assert np.median(off) <= 4


@pytest.mark.parametrize("turn", [None, Turn.FLIP_LEFT_RIGHT, Turn.ROTATE_90, Turn.TRANSVERSE])
def test_a_crop_lies_where_it_was_cut(turn: Image.Transpose | None) -> None:
    cut = BASE.crop(CROP)
    other = cut if turn is None else cut.transpose(turn)
    inner = drawn(other, BASE)
    assert inner.mean() < 8
    outer = drawn(BASE, other)
    left, top, right, bottom = CROP
    assert outer[top + 8 : bottom - 8, left + 8 : right - 8].mean() < 8
    outer[top - 8 : bottom + 8, left - 8 : right + 8] = OUTSIDE
    assert np.all(outer == OUTSIDE)  # only the first shows it


def test_within_a_border_there_is_no_difference() -> None:
    framed = ImageOps.expand(BASE, 40, (255, 255, 255))
    assert drawn(BASE, framed).mean() < 8
    outer = drawn(framed, BASE)
    assert outer[52:-52, 52:-52].mean() < 8
    outer[30:-30, 30:-30] = OUTSIDE
    assert np.all(outer == OUTSIDE)


def test_a_stretched_one_is_laid_on() -> None:
    other = BASE.resize((480, 300), Image.Resampling.LANCZOS)
    assert drawn(BASE, other).mean() < 10
    assert drawn(other, BASE).mean() < 10


@pytest.mark.parametrize("change", [lambda one: one, ImageOps.mirror])
@pytest.mark.parametrize("swapped", [False, True])
def test_what_was_written_into_a_picture_is_bright(change: Callable[[Image.Image], Image.Image], swapped: bool) -> None:
    other = BASE.copy()
    ImageDraw.Draw(other).rectangle((300, 200, 330, 225), fill="black")
    ImageDraw.Draw(other).rectangle((306, 206, 324, 219), fill="white")
    pair = BASE, change(other)
    off = drawn(*(pair[::-1] if swapped else pair))
    off = off if not swapped or change(other) == other else off[:, ::-1]
    assert off[205:220, 305:325].mean() > 100
    off[195:230, 295:335] = 0
    assert off.mean() < 8


def test_other_pictures_are_stretched_over_each_other() -> None:
    off = drawn(BASE, scene(5, 300, 200))
    assert off.mean() > 80
    assert drawn(Image.new("RGB", (64, 64), "red"), BASE.resize((64, 64))).shape == (64, 64)  # too flat to compare


def test_large_ones_are_drawn_smaller() -> None:
    large = scene(6, 1500, 900)
    made = difference(file(large), file(large.resize((750, 450))))
    assert made.size == (MOST, round(900 * MOST / 1500))
    assert np.asarray(made).mean() < 12


@pytest.mark.parametrize("size", [(1, 1), (1, 400), (400, 1), (3, 2)])
def test_of_any_shape(size: tuple[int, int]) -> None:
    assert drawn(Image.new("RGB", size), BASE).shape == size[::-1]
    assert drawn(BASE, Image.new("RGB", size)).shape == (360, 480)


@pytest.mark.parametrize("other", [b"", b"nothing", encode(BASE)[:900], b"<svg/>"])
def test_what_cannot_be_decoded(other: bytes) -> None:
    for pair in ((file(BASE), (other, "y")), ((other, "y"), file(BASE))):
        with pytest.raises(DecodeError):
            difference(*pair)
