"""Values in memory: what rows may be, how pixels become files, and what is a failure."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from conftest import encode, scene
from lookalike import find, hash_images
from lookalike.errors import UsageError
from lookalike.groups.findings import Findings
from lookalike.sources.folders import Source, Unreadable
from lookalike.sources.pixels import ORIENTATION, as_file
from lookalike.sources.values import as_sources

SEEDS = [1, 2, 1, 3, 2]
"""Rows 0 and 2 are the same picture, and rows 1 and 4."""
KEPT = [0, 1, 3]
IMAGES = [scene(seed) for seed in SEEDS]


class MapStyle:
    """What torch calls a map-style dataset: a length, and items by number that are made when they are asked for."""

    def __init__(self, items: list[Any]) -> None:
        self._items = items

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, number: int) -> Any:
        item = self._items[number]
        if isinstance(item, Exception):
            raise item
        return item


def source(items: Any, column: Any = None) -> Source:
    (one,) = as_sources(items, column)
    assert isinstance(one, Source)
    return one


def read(items: Any, column: Any = None) -> list[bytes | Unreadable]:
    one = source(items, column)
    (folder,) = one.folders(0)
    return [
        data for part in one.parts(folder) for data in one.read([part.path_of(entry.name) for entry in part.entries])
    ]


FORMS: dict[str, Callable[[], Any]] = {
    "pictures": lambda: IMAGES,
    "tuple": lambda: tuple(IMAGES),
    "arrays": lambda: [np.asarray(image) for image in IMAGES],
    "one array": lambda: np.stack([np.asarray(image) for image in IMAGES]),
    "bytes": lambda: [encode(image) for image in IMAGES],
    "bytearrays": lambda: [bytearray(encode(image)) for image in IMAGES],
    "image and label": lambda: [(image, 1) for image in IMAGES],
    "label and image and mask": lambda: [("a cat", image, image.convert("L")) for image in IMAGES],
    "mappings": lambda: [{"pixels": image, "label": "cat.jpg is no path"} for image in IMAGES],
    "as Hugging Face stores it": lambda: [{"bytes": encode(image), "path": None} for image in IMAGES],
    "map-style": lambda: MapStyle([(image, 0) for image in IMAGES]),
    "generator": lambda: (image for image in IMAGES),
    "frame": lambda: pd.DataFrame({"data": [encode(image) for image in IMAGES], "label": 1}, index=list("edcba")),
    "frame of pictures": lambda: pd.DataFrame({"i": IMAGES}),
    "series": lambda: pd.Series(IMAGES, index=range(9, 4, -1)),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("workers", [1, 2])
def test_whatever_holds_the_pictures_the_same_rows_stay(form: str, workers: int) -> None:
    found = find(FORMS[form](), use_catalog=False, workers=workers)
    assert found.keep_indices.tolist() == KEPT
    assert found.keep_indices.dtype == np.int64
    assert found.roots == ["images"]
    assert found.duplicate_paths == ["images/2", "images/4"]
    assert found.failures == []


def test_the_same_pictures_give_the_same_groups_as_files(put: Callable[..., Path], tmp_path: Path) -> None:
    for row, image in enumerate(IMAGES):
        put(f"set/{row}", encode(image, "PNG", compress_level=1))

    def groups(found: Findings) -> list[list[tuple[str, Any, Any]]]:
        return [
            [(member.ref.path.rpartition("/")[2], member.tier, member.relation) for member in group.members]
            for group in found.groups
        ]

    files = find(tmp_path / "set", use_catalog=False)
    assert groups(find(IMAGES, use_catalog=False)) == groups(files) != []


@pytest.mark.parametrize(
    "mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "I;16", "RGBa", "La", "PA"]
)
def test_pictures_of_every_mode_are_files_of_the_same_pixels(mode: str) -> None:
    base = scene(5, 32, 24)
    if mode in ("RGBa", "La"):
        image = base.convert({"RGBa": "RGBA", "La": "LA"}[mode]).convert(mode)
    else:
        image = Image.new(mode, (32, 24)) if mode in ("I;16", "PA") else base.convert(mode)
    (data,) = read([image])
    assert isinstance(data, bytes)
    assert data == as_file(image)
    with Image.open(io.BytesIO(data)) as opened:
        wanted = {"HSV": "RGB", "RGBa": "RGBA", "La": "LA"}.get(mode, mode)
        assert (opened.mode, opened.size) == (wanted, image.size)
        assert opened.tobytes() == (image if wanted == mode else image.convert(wanted)).tobytes()


def test_a_picture_is_turned_by_its_exif_like_the_file_it_came_from(put: Callable[..., Path]) -> None:
    upright = scene(4)
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    exif[0x0132] = "2020:01:02 03:04:05"
    file = put("a.jpg", encode(upright.transpose(Image.Transpose.ROTATE_90), quality=95, exif=exif))
    with Image.open(file) as turned:
        assert find([upright, turned], use_catalog=False).duplicate_indices.tolist() in ([0], [1])
        table = hash_images([turned, upright], decode="fast", use_catalog=False)
    plain = hash_images(file, decode="fast", use_catalog=False)
    assert table.blocks["phash"][0].tolist() == plain.blocks["phash"][0].tolist()


def test_exif_that_cannot_be_written_again_still_turns() -> None:
    image = scene(4)
    image.getexif()[ORIENTATION] = 8
    image.getexif()[0x010E] = object()
    with Image.open(io.BytesIO(as_file(image))) as opened:
        assert opened.getexif()[ORIENTATION] == 8


def test_what_is_no_image_is_a_failure_in_its_own_words(put: Callable[..., Path]) -> None:
    cut_short = Image.open(io.BytesIO(encode(scene(1))[:3000]))
    items = [
        IMAGES[0],
        None,
        np.zeros((4, 4)),
        np.zeros((0, 4), np.uint8),
        ValueError("the label is missing"),
        b"no image",
        7,
        cut_short,
        str(put("a.jpg", encode(IMAGES[0]))),
        "none.jpg",
        IMAGES[0],
    ]
    found = find(MapStyle(items), use_catalog=False)
    told = {int(row.ref.path.rpartition("/")[2]): (row.kind, row.reason) for row in found.failures}
    assert told[1] == ("not-here", "the row holds no image: it is empty")
    assert told[2][0] == "unsupported"
    assert "got float64 of shape (4, 4)" in told[2][1]
    assert told[3] == ("unsupported", "the array has no pixels: its shape is (0, 4)")
    assert told[4] == ("damaged", "getting it raised ValueError: the label is missing")
    assert told[5][0] == "damaged"
    assert told[6] == ("unsupported", "the row holds no image: it is int, not bytes, a path, a PIL image or an array")
    assert told[7][0] == "damaged"
    assert "truncated" in told[7][1]
    assert told[9] == ("not-here", "the row names none.jpg, which is not there")
    assert sorted(told) == [1, 2, 3, 4, 5, 6, 7, 9]
    assert len(found.keep_indices) == 1
    assert sorted([*found.keep_indices, *found.duplicate_indices]) == [0, 8, 10]


def test_rows_are_told_apart_by_what_the_user_names() -> None:
    rows = [{"image": image, "mask": scene(7)} for image in IMAGES]
    with pytest.raises(
        UsageError, match=r"each row of images has images in several columns \(image, mask\): .* by column=NAME"
    ):
        find(rows)
    assert find(rows, column="image", use_catalog=False).keep_indices.tolist() == KEPT
    assert find(rows, column="mask", use_catalog=False).keep_indices.tolist() == [0]
    pairs = [(scene(7), image) for image in IMAGES]
    assert find(pairs, use_catalog=False).keep_indices.tolist() == [0]
    assert find(pairs, column=1, use_catalog=False).keep_indices.tolist() == KEPT
    with pytest.raises(UsageError, match="a row of images has no column 2; it has 0, 1"):
        find(pairs, column=2)
    with pytest.raises(UsageError, match="no column of each row of images seems to hold images; it has label"):
        find([{"label": "cat"}])


@pytest.mark.parametrize("broken", [{"bytes": b"no image", "path": "a"}, {"bytes": None, "path": "a"}])
def test_an_image_that_cannot_be_read_does_not_make_rows_of_the_others(broken: dict[str, Any]) -> None:
    whole = {"bytes": encode(IMAGES[0]), "path": "folder/named-without-ending"}
    for items in ([broken, whole], [whole, broken]):
        assert read(items)[items.index(whole)] == whole["bytes"]


def test_a_row_without_the_column_is_a_failure() -> None:
    found = find([{"image": IMAGES[0]}, {"label": 1}, {"image": IMAGES[2]}], use_catalog=False)
    assert [(row.ref.path, row.reason) for row in found.failures] == [
        ("images/1", "getting it raised KeyError: 'image'")
    ]
    assert found.keep_indices.tolist() == [0]


def test_frames_count_by_position_and_name_files(put: Callable[..., Path]) -> None:
    files = [str(put(f"{row}.png", encode(image, "PNG"))) for row, image in enumerate(IMAGES)]
    frame = pd.DataFrame({"label": ["a"] * 5, "path": files}, index=[7, 7, 8, 8, 9])
    found = find(frame, use_catalog=False)
    assert found.keep_indices.tolist() == KEPT
    assert frame.iloc[found.keep_indices].path.tolist() == [files[row] for row in KEPT]
    holes = pd.DataFrame({"path": [files[0], None, float("nan"), files[2]]})
    assert [row.kind for row in find(holes, use_catalog=False).failures] == ["not-here", "not-here"]
    with pytest.raises(UsageError, match="the data frame has no column 'image'; it has label, path"):
        find(frame, column="image")
    assert find(frame.iloc[:0], use_catalog=False).keep_indices.tolist() == []


def test_nothing_is_remembered_by_its_name_and_contents_are_by_their_bytes() -> None:
    first = find(IMAGES)
    assert first.stats["cached"] == 0
    assert find(list(reversed(IMAGES))).keep_indices.tolist() == [0, 1, 2]
    again = find(IMAGES)
    assert again.keep_paths == first.keep_paths
    assert again.stats["cached"] == 0


def test_hashes_of_values_are_those_of_files(put: Callable[..., Path], tmp_path: Path) -> None:
    data = [encode(image) for image in IMAGES]
    for row, one in enumerate(data):
        put(f"{row}.jpg", one)
    files = hash_images(tmp_path, algorithms=("phash", "dhash"), use_catalog=False)
    table = hash_images([{"x": one} for one in data], algorithms=("phash", "dhash"), column="x", use_catalog=False)
    assert list(table.refs.paths) == [f"images/{row}" for row in range(5)]
    for name in ("phash", "dhash"):
        assert np.array_equal(table.blocks[name], files.blocks[name])


def test_what_comes_beside_images_is_had_by_its_name() -> None:
    rows: list[Any] = [{"image": image, "label": number} for number, image in enumerate(IMAGES)]
    rows[3] = None
    for given in (pd.DataFrame(rows[:3]), rows):
        one: Any = source(given)
        assert one.column_names() == ["image", "label"]
        assert one.values("label", ["images/2", "images/0", "images/99"]) == [2, 0, None]
    assert one.values("label", ["images/3"]) == [None]
    bare: Any = source(IMAGES)
    assert bare.column_names() == []
