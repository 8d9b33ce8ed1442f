"""An enlargement is told from a picture taken at its size; whatever leaves doubts counts as such a picture."""

from functools import cache

import numpy as np
import pytest
from PIL import Image, ImageFilter

from conftest import scene
from lookalike.decode import predictions
from lookalike.resolved import TILE, corners, is_enlargement

FILTERS = [Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS, Image.Resampling.NEAREST]


@cache
def photo(seed: int, width: int = 480, height: int = 360) -> Image.Image:
    """Return a picture with detail of every size, as photos have: each octave about as strong as the next."""
    random = np.random.default_rng(seed)
    picture = np.asarray(scene(seed, width, height).convert("L"), np.float32)
    for size in (1, 2, 4, 8):
        noise = random.normal(0, 8, (-(-height // size), -(-width // size))).astype(np.float32)
        picture = picture + np.asarray(Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC))
    return Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))


def enlarges(large: Image.Image, small: Image.Image) -> bool:
    return is_enlargement(*predictions(large, small), small.width / large.width)


@pytest.mark.parametrize("resample", FILTERS)
@pytest.mark.parametrize("factor", [1.25, 1.5, 2, 3, 4])
def test_an_enlargement_is_known_by_its_source(factor: float, resample: Image.Resampling) -> None:
    if resample == Image.Resampling.NEAREST and factor % 1:
        pytest.skip("pixels repeated unevenly leave doubts")
    source = photo(1)
    large = source.resize((round(480 * factor), round(360 * factor)), resample)
    assert enlarges(large, source)
    assert not enlarges(photo(2, *large.size), source)


@pytest.mark.parametrize("resample", FILTERS)
@pytest.mark.parametrize("share", [0.8, 0.75, 0.5, 0.25])
@pytest.mark.parametrize("blur", [0, 0.7, 1.2])
def test_a_picture_is_no_enlargement_of_its_reduction(share: float, blur: float, resample: Image.Resampling) -> None:
    own = photo(3, 960, 720).filter(ImageFilter.GaussianBlur(blur))
    assert not enlarges(own, own.resize((round(960 * share), round(720 * share)), resample))


def test_brightness_and_contrast_do_not_matter() -> None:
    source = photo(4)
    large = source.resize((960, 720), Image.Resampling.BICUBIC)
    assert enlarges(large.point(lambda level: level * 3 // 4 + 20), source)


def test_flat_and_small_pictures_leave_doubts() -> None:
    flat = Image.new("L", (960, 720), 90)
    assert not enlarges(flat, flat.resize((480, 360)))
    tiny = photo(5, 100, 100)
    assert corners(*tiny.size) == []
    assert not enlarges(tiny, tiny.resize((50, 50)))


@pytest.mark.parametrize("size", [(128, 128), (255, 700), (4000, 3000)])
def test_squares_lie_within_the_picture_and_reach_its_ends(size: tuple[int, int]) -> None:
    places = corners(*size)
    assert len(set(places)) == len(places) <= 25
    for at, length in enumerate(size):
        assert min(place[at] for place in places) == 0
        ends = {place[at] + TILE for place in places}
        assert max(ends) == length or len(ends) == 1
