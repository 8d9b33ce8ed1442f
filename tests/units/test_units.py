"""Which files belong to one shot: by names alone, and never by half of a name."""

import itertools
import os
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lookalike import endings, formats
from lookalike.units import BESIDE, Unit, folders_of, group, takeout
from lookalike.units.folder import EDITORS, TRAINING

DOCS = Path(__file__).parents[2] / "docs" / "units.md"


def units(*paths: str) -> list[Unit]:
    """Group paths, in whatever order: the units are the same."""
    found = group(paths, formats.claims_image)
    assert sorted(group(paths[::-1], formats.claims_image)) == sorted(found)
    return found


def parts(*paths: str) -> set[tuple[tuple[str, ...], tuple[str, ...]]]:
    return {(unit.images, unit.sidecars) for unit in units(*paths)}


@pytest.mark.parametrize(
    ("images", "whole"),
    [
        (("1.JPG", "1.CR2"), True),
        (("img_1.jpg", "IMG_1.CR2"), True),
        (("1.heic", "1.dng"), True),
        (("1.HEIC", "1.jpg"), True),
        (("1.hif", "1.jpg", "1.cr3"), True),
        (("1.jpg", "1.CR2", "1.dng"), True),
        (("1.jpg", "1.png"), False),
        (("1.png", "1.CR2"), False),
        (("1.CR2", "1.dng"), False),
        (("1.jpg", "1.jpeg"), False),
        (("a.jpg", "A.JPG"), False),
        (("1.jpg", "1.jpeg", "1.CR2"), False),
        (("IMG_1.jpg", "IMG_10.CR2"), False),
        (("1.jpg", "1.tif"), False),
        (("1.jpg", "b/1.CR2"), False),
        (("1.jpg", "1.jpg.jpg"), False),
        (("1", "1.CR2"), False),
    ],
)
def test_images_of_one_shot(images: tuple[str, ...], whole: bool) -> None:
    found = group([f"a/{name}" for name in images], lambda _: True)
    if whole:
        assert found == [Unit(tuple(f"a/{name}" for name in images))]
    else:
        assert sorted(found) == sorted(Unit((f"a/{name}",)) for name in images)


def test_case_tells_whose_a_raw_file_is_only_where_it_must() -> None:
    assert parts("a.jpg", "A.JPG", "a.CR2") == {(("a.jpg", "a.CR2"), ()), (("A.JPG",), ())}
    assert parts("ab.jpg", "AB.JPG", "Ab.CR2") == {(("ab.jpg",), ()), (("AB.JPG",), ()), (("Ab.CR2",), ())}
    assert parts("a.jpg", "A.JPG", "a.txt") == {(("a.jpg",), ("a.txt",)), (("A.JPG",), ())}
    assert parts("a.jpg", "A.TXT") == {(("a.jpg",), ("A.TXT",))}


@pytest.mark.parametrize("record", ["IMG_1234.AAE", "IMG_O1234.AAE"])
@pytest.mark.parametrize("edit", ["IMG_E1234.HEIC", "IMG_E1234.JPG"])
def test_an_edit_belongs_to_its_original_where_its_record_is_there(edit: str, record: str) -> None:
    original = "IMG_1234.HEIC"
    assert units(edit, original) == [Unit((edit,)), Unit((original,))]
    (found,) = units(edit, original, record, "IMG_1234.MOV", "IMG_E1234.MOV")
    assert found.images == (original, edit)
    assert set(found.sidecars) == {record, "IMG_1234.MOV", "IMG_E1234.MOV"}
    assert units(edit, record) == [Unit((edit,), (record,))]
    assert parts(original, "IMG_E12345.JPG", record) == {((original,), (record,)), (("IMG_E12345.JPG",), ())}


def test_an_edit_of_a_raw_shot_stands_before_the_raw_file() -> None:
    paths = ("IMG_0001.DNG", "IMG_0001.HEIC", "IMG_E0001.HEIC", "IMG_E0001.JPG", "IMG_0001.AAE")
    assert units(*paths) == [
        Unit(("IMG_0001.HEIC", "IMG_E0001.HEIC", "IMG_E0001.JPG", "IMG_0001.DNG"), ("IMG_0001.AAE",))
    ]


@pytest.mark.parametrize("ending", [*EDITORS, *TRAINING])
def test_sidecars(ending: str) -> None:
    for name in (f"x.{ending}", f"x.{ending.upper()}", f"x.CR2.{ending}"):
        assert parts("x.CR2", "x1.CR2", name) == {(("x.CR2",), (name,)), (("x1.CR2",), ())}
        assert parts("x1.CR2", name) == {(("x1.CR2",), ())}
    both = f"x.{ending}"
    assert parts("x.jpg", "x.png", both) == {(("x.jpg",), (both,)), (("x.png",), (both,))}
    assert parts("x.jpg", "x.png", f"x.png.{ending}") == {(("x.jpg",), ()), (("x.png",), (f"x.png.{ending}",))}
    assert parts("x.jpg", f"b/x.{ending}") == {(("x.jpg",), ())}


def test_further_edits_of_darktable() -> None:
    assert units("x.CR2", "x_01.CR2.xmp") == [Unit(("x.CR2",), ("x_01.CR2.xmp",))]
    assert parts("x.CR2", "x_01.CR2", "x_01.CR2.xmp") == {(("x.CR2",), ()), (("x_01.CR2",), ("x_01.CR2.xmp",))}


def test_a_video_belongs_to_a_picture_of_a_phone() -> None:
    assert units("x.HEIC", "x.MOV") == [Unit(("x.HEIC",), ("x.MOV",))]
    assert units("x.jpg", "X.mp4") == [Unit(("x.jpg",), ("X.mp4",))]
    assert parts("x.png", "y.jpg", "x.mov", "y1.mov") == {(("x.png",), ()), (("y.jpg",), ())}


TAKEOUT = [  # most from immich-go, adapters/googlePhotos/matcher_test.go
    ("PXL_20211013_220651983.jpg.json", "PXL_20211013_220651983.jpg"),
    ("DSC_0101.JPG(1).json", "DSC_0101(1).JPG"),
    ("x(1).jpg.json", "x(1).jpg"),
    ("IMG_2710.HEIC(1).json", "IMG_2710(1).HEIC"),
    ("PXL_20230809_203449253.LONG_EXPOSURE-02.ORIGIN.json", "PXL_20230809_203449253.LONG_EXPOSURE-02.ORIGINA.jpg"),
    ("05yqt21kruxwwlhhgrwrdyb6chhwszi9bqmzu16w0 2.jp.json", "05yqt21kruxwwlhhgrwrdyb6chhwszi9bqmzu16w0 2.jpg"),
    ("😀😃😄😁😆😅😂🤣🥲☺️😊😇🙂🙃😉😌😍🥰😘😗😙😚😋.json", "😀😃😄😁😆😅😂🤣🥲☺️😊😇🙂🙃😉😌😍🥰😘😗😙😚😋😛.jpg"),
    (
        "Backyard_ceremony_wedding_photography_xxxxxxx_(494).json",
        "Backyard_ceremony_wedding_photography_xxxxxxx_m(494).jpg",
    ),
    ("original_1d4caa6f-16c6-4c3d-901b-9387de10e528_.json", "original_1d4caa6f-16c6-4c3d-901b-9387de10e528_P.jpg"),
    ("13039_327707840323_537645323_9470255_27214_n.j(1).json", "13039_327707840323_537645323_9470255_27214_n(1).jpg"),
    ("20161105_170829.jpg.supplemental-metadata.json", "20161105_170829.jpg"),
    ("Screenshot_20231027_123303_Facebook.jpg.supple.json", "Screenshot_20231027_123303_Facebook.jpg"),
    ("Screenshot_20231027_123303_Facebook.jpg.supple(1).json", "Screenshot_20231027_123303_Facebook(1).jpg"),
    ("MVIMG_20191230_232926.jpg.supplemental-metadat.json", "MVIMG_20191230_232926.jpg"),
    ("MVIMG_20200207_134534~2.jpg.supplemental-metad.json", "MVIMG_20200207_134534~2.jpg"),
    ("Scan35.jpg.supplemental-metadata(1).json", "Scan35(1).jpg"),
    ("N0-36-35(1).jpg.supplemental-metadata(1).json", "N0-36-35(1)(1).jpg"),
    ("Peanut Butter Balls.supplemental-metadata.json", "Peanut Butter Balls.jpg"),
    ("2013-12-23.supplemental-metadata(1).json", "2013-12-23(1).jpg"),
    ("IMAG0061.JPG.supplemental-metadata.json", "IMAG0061-edited.JPG"),
    ("IMG_1.HEIC.json", "IMG_1-edited.jpg"),
    ("IMG-20230325-WA0122~2.jpg.supplemental-metadat.json", "IMG-20230325-WA0122~2-edited.jpg"),
    ("2234089303984509579.supplemental-metadata.json", "2234089303984509579-bearbeitet.jpg"),
    ("x.jpg.supplemental-metadata(2).json", "x-edited(2).jpg"),
    ("ccccm_20210613_184811_ssssnnnnnnn_666666666.jp.json", "ccccm_20210613_184811_ssssnnnnnnn_666666666-edi.jpg"),
    ("Negative-36-35(1).jpg.supplemental-metadata.json", "Negative-36-35(1)-editat.jpg"),
]


@pytest.mark.parametrize(("json", "image"), TAKEOUT)
def test_takeout(json: str, image: str) -> None:
    assert units(image, json) == [Unit((image,), (json,))]


@pytest.mark.parametrize(
    ("json", "image"),
    [
        ("PXL_20211013_220651983.jpg.json", "PXL_20211013_220651958.jpg"),
        ("DSC_0102.JPG(2).json", "DSC_0102(1).JPG"),
        ("DSC_0103.JPG(1).json", "DSC_0103.JPG"),
        ("DSC_0104.JPG.json", "DSC_0104(1).JPG"),
        ("Backyard_ceremony_wedding_photography_xxxxxxx_(494).json", "Backyard_ceremony_wedding_photography_xxxxxxx_m(1).jpg"),
        ("x.jpg.supplementary.json", "x.jpg"),
        ("IMG_1.jpg.json", "IMG_10.jpg"),
        ("IMG_1.jpg.json", "IMG_1-edi.jpg"),
        ("metadata.json", "x.jpg"),
        ("original_1d4caa6f-16c6-4c3d-901b.json", "original_1d4caa6f-16c6-4c3d-901b-9387de10e528_P.jpg"),
    ],
)  # fmt: skip
def test_takeout_of_others(json: str, image: str) -> None:
    assert units(image, json) == [Unit((image,))]


def test_an_image_and_its_edit_share_what_takeout_says() -> None:
    for json in ("x.jpg.json", "x.jpg.supplemental-metadata.json"):
        assert parts("x.jpg", "x-edited.jpg", json) == {(("x.jpg",), (json,)), (("x-edited.jpg",), (json,))}


def test_every_cut_of_a_takeout_suffix_is_known() -> None:
    for length in range(len(takeout.SUFFIX) + 1):
        json = f"a.jpg.{takeout.SUFFIX[:length]}.json"
        assert units("a.jpg", json) == [Unit(("a.jpg",), (json,))]


def test_labels_and_masks_beside_a_folder_of_images() -> None:
    for place in ("", "set/", "set/images/old/"):
        image, label, mask = f"{place}images/train/1.jpg", f"{place}labels/train/1.txt", f"{place}masks/train/1.png"
        assert units(image, label, mask, f"{place}labels/train/10.txt") == [Unit((image,), (label, mask))]
        assert folders_of(image) == tuple(os.path.dirname(path) for path in (image, label, mask))
    assert parts("a/images/1.jpg", "b/labels/1.txt") == {(("a/images/1.jpg",), ())}
    assert parts("my images/1.jpg", "my labels/1.txt") == {(("my images/1.jpg",), ())}


def test_a_mask_without_an_image_is_an_image_and_one_of_two_images_is_in_both() -> None:
    assert units("a/masks/1.png") == [Unit(("a/masks/1.png",))]
    shared = ("a/masks/1.png",)
    assert units("a/images/1.jpg", "a/images/1.png", *shared) == [
        Unit(("a/images/1.jpg",), shared),
        Unit(("a/images/1.png",), shared),
    ]


name = st.sampled_from(
    [
        f"{stem}.{ending}"
        for stem in ("IMG_1", "img_1", "IMG_10", "IMG_E1234", "IMG_1234", "x-edited", "x", "x(1)", "no\udcff", "x.jpg")
        for ending in ("jpg", "JPG", "CR2", "heic", "png", "xmp", "AAE", "json", "supplemental-me.json", "mov", "txt")
    ]
)
tree = st.lists(st.builds("{}/{}".format, st.sampled_from(["a", "a/images", "a/masks", "a/labels"]), name), unique=True)


@given(tree, st.randoms(use_true_random=False))
def test_every_image_is_in_one_unit_whatever_the_order(paths: list[str], shuffled: random.Random) -> None:
    found = group(paths, formats.claims_image)
    images = [path for unit in found for path in unit.images]
    masks = {path for unit in found for path in unit.sidecars if formats.claims_image(path)}
    assert len(images) == len(set(images))
    assert set(images) | masks == {path for path in paths if formats.claims_image(path)}
    assert not masks & set(images)
    assert all(path.startswith(("a/masks/", "a/labels/")) for path in masks)
    for unit in found:
        assert {path for path in unit.sidecars if os.path.dirname(path) not in folders_of(unit.images[0])} == set()
    mixed = list(paths)
    shuffled.shuffle(mixed)
    assert {frozenset(unit.images) for unit in group(mixed, formats.claims_image)} == {
        frozenset(unit.images) for unit in found
    }


@given(tree)
def test_a_file_more_takes_no_sidecar_from_a_unit_of_its_name(paths: list[str]) -> None:
    before = group(paths, formats.claims_image)
    after = group([*paths, "b/IMG_1.jpg", "b/IMG_1.xmp"], formats.claims_image)
    assert after == [*before, Unit(("b/IMG_1.jpg",), ("b/IMG_1.xmp",))]


def test_many_files_of_one_folder_take_time_in_proportion() -> None:
    calls = itertools.count()

    def is_image(path: str) -> bool:
        next(calls)
        return formats.claims_image(path)

    paths = [f"a/{at}.{ending}" for at in range(20_000) for ending in ("jpg", "cr2", "xmp", "jpg.json")]
    found = group(paths, is_image)
    assert len(found) == 20_000
    assert all(np.array([(len(unit.images), len(unit.sidecars)) for unit in found]).ravel() == 2)
    assert next(calls) == len(paths)


def test_the_documentation_has_the_same_tables() -> None:
    rows = {
        cells[0].strip(): {cell.strip("` ") for cell in cells[1].split(",")}
        for line in DOCS.read_text("utf-8").splitlines()
        if line.startswith("| ") and len(cells := line.strip("|").split("|")) == 2
    }
    assert rows == {
        "set": {"endings"},
        "JPEG": endings.JPEG,
        "HEIC": endings.HEIC,
        "raw": endings.RAW,
        "video of a Live Photo": endings.VIDEO,
        "written by editors": set(EDITORS),
        "training": set(TRAINING),
        "folders beside `images`": set(BESIDE),
        "names of edited images in Google Takeout": set(takeout.EDITED),
    }
