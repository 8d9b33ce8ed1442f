"""The written edits: each does what its name says, the same every time."""

import io

import numpy as np
import pytest
from PIL import Image

from conftest import scene
from lookalike.transforms import TRANSFORMS, Transform

FAMILIES = "codec scale aspect tone blur noise text logo caption border crop rotation turn chain"
EACH = pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS)


def edited(transform: Transform, seed: int = 0) -> Image.Image:
    data = transform.apply(scene(5, 400, 300), np.random.default_rng(seed))
    return Image.open(io.BytesIO(data)).convert("RGB")


@EACH
def test_every_edit_gives_the_same_file_again_and_leaves_the_picture_alone(transform: Transform) -> None:
    picture = scene(5, 400, 300)
    before = picture.tobytes()
    files = {transform.apply(picture, np.random.default_rng(seed)) for seed in (1, 1)}
    assert len(files) == 1
    assert picture.tobytes() == before
    other = transform.apply(picture, np.random.default_rng(2)) not in files
    assert other == transform.drawn or "corner" in transform.name


@EACH
def test_every_edit_has_the_size_it_should(transform: Transform) -> None:
    name, made = transform.name.split(), edited(transform)
    part = int(name[1]) / 100 if transform.family == "crop" else 0
    sizes: dict[str, tuple[float, float]] = {
        "scale": (400 * float(name[1]), 300 * float(name[1])) if transform.family == "scale" else (0, 0),
        "aspect": (400 * float(name[1]), 300) if transform.family == "aspect" else (0, 0),
        "crop": (400 * (1 - part), 300 * (1 - part)),
        "caption": (400, 345),
        "border": made.size,
        "turn": (300, 400) if "90" in name else (400, 300),
        "chain": (180, 135) if "crop," in name else (200, 150),
    }
    width, height = sizes.get(transform.family, (400, 300))
    assert abs(made.width - width) <= 1
    assert abs(made.height - height) <= 1
    if transform.family == "border":
        assert made.width > 400 or made.height > 300


def test_the_table_is_whole_and_its_rows_differ() -> None:
    assert {transform.family for transform in TRANSFORMS.values()} == set(FAMILIES.split())
    assert list(TRANSFORMS) == [transform.name for transform in TRANSFORMS.values()]
    assert len({edited(transform).tobytes() for transform in TRANSFORMS.values()}) == len(TRANSFORMS)


@pytest.mark.parametrize(("share", "left"), [(2, 8), (10, 40), (30, 120)])
def test_a_crop_shows_a_part_of_the_picture(share: int, left: int) -> None:
    whole = np.asarray(scene(5, 400, 300)).astype(int)
    made = np.asarray(edited(TRANSFORMS[f"crop {share} % centre"])).astype(int)
    height, width, _ = made.shape
    part = whole[(300 - height) // 2 :, left // 2 :][:height, :width]
    assert np.abs(made - part).mean() < 6
