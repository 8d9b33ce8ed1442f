"""colorhash against a slow one by its definition, and against imagehash."""

from typing import Any

import imagehash
import numpy as np
import pytest
from PIL import Image

from hash_pictures import MODES, made, outcome, read, samples
from lookalike import bits
from lookalike.errors import UsageError
from lookalike.hashes import colour

THEIRS: Any = imagehash
BINS = 14


def ours(image: Image.Image, size: int) -> Any:
    block = colour.colorhash(colour.prepare(image)[np.newaxis], size)
    return bits.unpack(block, BINS * size).reshape(BINS, size).tolist()


def slow_bits(counts: list[int], size: int) -> list[bool]:
    """Return the bits of one row of counts by the definition, one number at a time."""
    every, black, gray, *hues = counts
    shares = [black / every * 2**size, gray / every * 2**size]
    shares += [count * 2**size * 1.0 / max(1, every - black - gray) for count in hues]
    values = [min(2**size - 1, int(share)) for share in shares]
    return [value // 2 ** (size - i - 1) % 2 ** (size - i) > 0 for value in values for i in range(size)]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 20])
def test_pictures_made_by_rule_and_samples_have_the_bits_of_imagehash(size: int) -> None:
    pictures = made() | samples()
    unlike = [
        name for name, image in pictures.items() if outcome(ours, image, size) != outcome(THEIRS.colorhash, image, size)
    ]
    assert unlike == []
    assert len(pictures) > 60


def test_photos_have_the_bits_of_imagehash(shared_data: Any) -> None:
    paths = sorted((shared_data / "photos").iterdir())[:60]
    assert len(paths) == 60
    for path in paths:
        image = read(path)
        for size in (3, 6):
            assert ours(image, size) == THEIRS.colorhash(image, size).hash.tolist(), path


@pytest.mark.parametrize("size", [1, 2, 3, 7, 16, 32])
def test_blocks_of_counts_have_the_bits_of_the_definition(size: int) -> None:
    random = np.random.default_rng(size)
    rows = []
    for _ in range(300):
        parts = random.multinomial(random.integers(1, 10 ** random.integers(1, 9)), random.dirichlet(np.full(15, 0.4)))
        rows.append([int(parts.sum()), *parts[:14].tolist()])  # the last part: coloured, of neither kind
    block = colour.colorhash(np.array(rows), size)
    assert block.shape == (300, bits.words(BINS * size))
    assert block.dtype == np.uint64
    assert bits.unpack(block, BINS * size).tolist() == [slow_bits(row, size) for row in rows]


def test_no_picture_is_an_empty_block() -> None:
    assert colour.colorhash(np.zeros((0, 15), np.int64), 3).shape == (0, 1)


@pytest.mark.parametrize(
    ("hue", "place"),
    [(0, 0), (42, 0), (43, 1), (84, 1), (85, 2), (127, 2), (128, 3), (169, 3), (170, 4), (212, 4), (213, 5), (255, 5)],
)
def test_hues_fall_into_sixths_of_255(hue: int, place: int) -> None:
    faint, bright = (colour.prepare(Image.new("HSV", (3, 2), (hue, level, 255))) for level in (169, 171))
    assert faint.tolist() == [6, 0, 0, *np.eye(12, dtype=int)[place] * 6]
    assert bright.tolist() == [6, 0, 0, *np.eye(12, dtype=int)[6 + place] * 6]


@pytest.mark.parametrize(
    ("level", "saturation", "kind"),
    [
        (31, 200, 1),
        (32, 0, 2),
        (255, 84, 2),
        (255, 85, 3),
        (255, 169, 3),
        (255, 170, None),
        (255, 171, 9),
        (32, 255, 2),
    ],
)
def test_black_is_below_32_and_gray_below_a_third(level: int, saturation: int, kind: int | None) -> None:
    image = Image.new("HSV", (5, 1), (0, saturation, 255)) if level == 255 else Image.new("L", (5, 1), level)
    counts = colour.prepare(image)
    assert counts[0] == 5
    assert counts.dtype == np.int64
    assert counts[1:].tolist() == [5 if place == kind else 0 for place in range(1, 15)]


@pytest.mark.parametrize("size", [-1, 0, 33])
def test_an_unknown_size_is_refused_with_the_sizes(size: int) -> None:
    with pytest.raises(UsageError, match=rf"1 to 32 .* {size}"):
        colour.colorhash(np.ones((1, 15), np.int64), size)


def test_a_picture_without_pixels_is_refused() -> None:
    with pytest.raises(UsageError, match="without pixels"):
        colour.colorhash(np.zeros((1, 15), np.int64), 3)


def test_every_mode_is_among_the_pictures() -> None:
    assert {image.mode for image in made().values()} >= set(MODES)
