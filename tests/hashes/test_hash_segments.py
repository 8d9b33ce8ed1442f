"""The crop-resistant hash against imagehash: regions, boxes, bits."""

from typing import Any

import imagehash
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from conftest import scene
from hash_pictures import made, outcome, read, samples
from lookalike import bits
from lookalike.hashes import segments

THEIRS: Any = imagehash
SMALL = {"segmentation_image_size": 60, "min_segment_size": 20}


def ours(image: Image.Image, **options: Any) -> list[list[list[bool]]]:
    block = segments.crop_resistant(segments.prepare(image, **options), 8)
    return bits.unpack(block, 64).reshape(-1, 8, 8).tolist()


def their_regions(bright: NDArray[np.bool_], smallest: int) -> list[tuple[int, tuple[slice, slice]]]:
    found = []
    for region in THEIRS._find_all_segments(bright.astype(np.float32) * 255, 128, smallest):
        rows, columns = zip(*region, strict=True)
        found.append((len(region), (slice(min(rows), max(rows) + 1), slice(min(columns), max(columns) + 1))))
    return found


@pytest.mark.parametrize("share", [0.0, 0.02, 0.2, 0.45, 0.55, 0.8, 0.98, 1.0])
def test_regions_are_those_of_imagehash_in_its_order(share: float) -> None:
    random = np.random.default_rng(int(share * 100))
    for _ in range(120):
        side = random.integers(1, 24)
        bright = random.random((side, side)) < share
        if random.random() < 0.4:
            bright = np.kron(bright, np.ones((2, 2), np.bool_))
        smallest = int(random.integers(-1, 8))
        assert segments.regions(bright, smallest) == their_regions(bright, smallest)


def test_the_last_dark_regions_are_left_out_once_the_border_makes_up_for_them() -> None:
    bright = np.ones((30, 30), np.bool_)
    for row in range(2, 28, 5):
        bright[row, 2:20] = False  # six regions of 18; 4 * 30 places around the square count as seen
    found = segments.regions(bright, 5)
    assert found == their_regions(bright, 5)
    assert len(found) == 1, "792 bright pixels and 120 places are 900 already"
    bright[:] = True
    for row in range(2, 28, 5):
        bright[row : row + 2] = False  # seven bright regions of 540 pixels, six dark ones of 60 each
    found = segments.regions(bright, 5)
    assert found == their_regions(bright, 5)
    assert len(found) == 7 + 4, "540 and 120 and four times 60 are 900"


def test_regions_of_one_pixel_do_not_count_as_seen() -> None:
    bright = np.ones((24, 24), np.bool_)
    bright[1:12:2, 1:23:2] = False  # 66 single dark pixels
    bright[14:22, 2:22] = False  # and one region after them
    assert segments.regions(bright, 5) == their_regions(bright, 5)


def test_where_imagehash_runs_out_of_pixels_the_walk_ends() -> None:
    bright = np.indices((30, 30)).sum(axis=0) % 2 == 0
    with pytest.raises(IndexError):
        their_regions(bright, 0)
    assert len(segments.regions(bright, 0)) == 900
    assert segments.regions(bright, 1) == []


@pytest.mark.parametrize("side", [1, 2, 3, 4, 5])
def test_the_smallest_squares_have_no_dark_regions_or_few(side: int) -> None:
    for number in range(2 ** min(side * side, 9)):
        bright = (number >> np.arange(side * side) & 1).astype(np.bool_).reshape(side, side)
        assert segments.regions(bright, 0) == their_regions(bright, 0)


@pytest.mark.parametrize("threshold", [-1, 0, 1, 60, 127, 128, 128.5, 254, 255, 300])
def test_the_majority_is_the_median_after_the_threshold(threshold: float) -> None:
    random = np.random.default_rng(1)
    for shape in [(1, 1), (1, 9), (2, 2), (3, 5), (40, 30)]:
        levels = random.integers(0, 256, shape, dtype=np.uint8)
        median = np.asarray(Image.fromarray(levels).filter(ImageFilter.MedianFilter()))
        expected = median.astype(np.float32) > threshold
        assert np.array_equal(segments.majority(levels.astype(np.float32) > threshold), expected)


@pytest.mark.parametrize("name", [*made(), *samples()])
def test_every_picture_has_the_bits_of_imagehash(name: str) -> None:
    image = (made() | samples())[name]
    assert outcome(ours, image, **SMALL) == outcome(THEIRS.crop_resistant_hash, image, **SMALL)


@pytest.mark.parametrize("name", ["coins.png", "page.png", "no_time_for_that_tiny.gif", "chelsea.png"])
def test_samples_have_the_bits_of_imagehash_at_the_usual_size(name: str) -> None:
    image = samples()[name]
    assert ours(image) == outcome(THEIRS.crop_resistant_hash, image)


@pytest.mark.parametrize(
    "options",
    [
        {"limit_segments": 1},
        {"limit_segments": 3},
        {"limit_segments": -1},
        {"limit_segments": 0},
        {"segment_threshold": 90},
        {"segment_threshold": 127.99999999},
        {"segment_threshold": 255},
        {"min_segment_size": 0},
        {"min_segment_size": 10_000},
        {"segmentation_image_size": 41},
        {"segmentation_image_size": 1},
    ],
    ids=str,
)
def test_options_mean_what_they_mean_in_imagehash(options: dict[str, Any]) -> None:
    for name in ("scene 0", "noise P", "halves"):
        image = made()[name]
        assert ours(image, **(SMALL | options)) == outcome(THEIRS.crop_resistant_hash, image, **(SMALL | options))


@pytest.mark.parametrize("name", [name for name in made() if name.startswith(("noise", "palette", "16"))])
def test_it_makes_no_difference_whether_gray_or_the_box_comes_first(name: str) -> None:
    image = made()[name]
    box = (3.4, 2.0, image.width - 7.5, image.height * 0.7)
    try:
        first = np.asarray(image.crop(box).convert("L"))
    except ValueError:  # a mode without gray
        return
    assert np.array_equal(first, np.asarray(image.convert("L").crop(box)))


def test_boxes_are_whole_without_regions() -> None:
    assert segments.boxes(Image.new("L", (70, 35), 128), min_segment_size=90_000) == [(0.0, 0.0, 70.0, 35.0)]


def test_larger_hashes_of_regions() -> None:
    image = scene(1)
    expected = THEIRS.crop_resistant_hash(image, lambda part: THEIRS.dhash(part, 16), **SMALL)
    block = segments.crop_resistant(segments.prepare(image, 16, **SMALL), 16)
    assert bits.unpack(block, 256).tolist() == [segment.hash.ravel().tolist() for segment in expected.segment_hashes]
    assert len(block) > 1


def test_forty_photos_have_the_bits_of_imagehash(shared_data: Any) -> None:
    paths = sorted((shared_data / "photos").iterdir())[:40]
    assert len(paths) == 40
    for path in paths:
        image = read(path)
        expected = [segment.hash.tolist() for segment in THEIRS.crop_resistant_hash(image).segment_hashes]
        assert ours(image) == expected, path
