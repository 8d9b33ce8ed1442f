"""Camera metadata: it may say that two files are two exposures, and never says that they are one picture."""

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image, TiffImagePlugin

import lookalike as la
from conftest import encode, scene
from lookalike.opening import open_catalog
from lookalike.options import FindOptions, ScanOptions
from lookalike.scan.scanning import scan
from lookalike.verify.exposures import Exposures

CAMERA: dict[int, object] = {ExifTags.Base.Make: "Maker", ExifTags.Base.Model: "One"}
BASE = ExifTags.Base
SHOT: dict[int, object] = {
    BASE.DateTimeOriginal: "2021:07:14 10:00:00",
    BASE.SubsecTimeOriginal: "120",
    BASE.ISOSpeedRatings: 200,
}


def photo(path: Path, shot: Mapping[int, object], *, picture: Image.Image | None = None, quality: int = 90) -> Path:
    tags = Image.Exif()
    tags.update(dict(CAMERA))
    tags.get_ifd(ExifTags.IFD.Exif).update(shot)
    buffer = io.BytesIO()
    (picture or scene(3, 640, 480)).save(buffer, "JPEG", quality=quality, exif=tags)
    path.write_bytes(buffer.getvalue())
    return path


def tiers(folder: Path) -> dict[str, str]:
    """Return the tier of every member that is no keeper, by file name."""
    found = la.find(folder, tier="similar", use_catalog=False, workers=1)
    return {
        Path(member.ref.path).name: member.tier.name.lower()
        for group in found.groups
        for member in group.members[1:]
        if member.tier is not None
    }


def rational(value: float) -> TiffImagePlugin.IFDRational:
    return TiffImagePlugin.IFDRational(round(value * 1000), 1000)


@pytest.mark.parametrize(
    "other",
    [
        {BASE.SubsecTimeOriginal: "480"},  # burst
        {BASE.DateTimeOriginal: "2021:07:14 10:00:30"},  # timelapse
        {BASE.DateTimeOriginal: "2021:07:14 12:00:02"},
        {BASE.DateTimeOriginal: "2021:07:14 12:00:01"},  # a second later by a clock that counts fractions
        {BASE.DateTimeOriginal: "2021:07:14 04:14:58"},
        {BASE.ExposureTime: rational(0.25)},  # bracket by time
        {BASE.ISOSpeedRatings: 800},  # bracket by sensitivity
        {BASE.ExposureBiasValue: rational(-2)},
        {BASE.SubjectDistance: rational(4.2)},  # focus stack
        {BASE.ImageNumber: 1002},
        {BASE.ImageUniqueID: "f" * 32},
    ],
)
def test_two_exposures_are_similar_at_most(other: dict[int, object], tmp_path: Path) -> None:
    first = SHOT | {
        BASE.ExposureTime: rational(1 / 60), BASE.ExposureBiasValue: rational(0), BASE.SubjectDistance: rational(2),
        BASE.ImageNumber: 1001, BASE.ImageUniqueID: "0" * 32,
    }  # fmt: skip
    photo(tmp_path / "a.jpg", first)
    photo(tmp_path / "b.jpg", first | other, quality=80)
    assert list(tiers(tmp_path).values()) == ["similar"]
    (group,) = la.find(tmp_path, tier="similar", use_catalog=False).groups
    assert group.members[1].relation == "similar, another exposure"
    assert not la.find(tmp_path, use_catalog=False).groups


@pytest.mark.parametrize(
    "shot",
    [
        SHOT,
        {},  # metadata stripped
        {BASE.DateTimeOriginal: "2021:07:14 10:00:00"},  # sub-seconds dropped
        {BASE.DateTimeOriginal: "2021:07:14 10:00:01"},  # and rounded
        SHOT | {BASE.DateTimeOriginal: "2021:07:14 12:00:00"},  # moved to another zone
        SHOT | {BASE.DateTimeOriginal: "2021:07:14 15:30:00"},  # to India
        SHOT | {BASE.DateTimeOriginal: "2021:07:14 04:15:00"},  # from Nepal
        {BASE.DateTimeOriginal: "2021:07:14 12:00:01"},  # moved and rounded
        {BASE.DateTimeOriginal: "2021:07:14 04:14:59"},
        {BASE.DateTimeOriginal: "2021:07:14 07:00:01"},
        SHOT | {BASE.SubsecTimeOriginal: "12"},  # the same fraction, without its zero
        {BASE.ExposureTime: rational(0.017), **SHOT},  # rounded
    ],
)
def test_a_copy_of_one_exposure_stays_a_copy(shot: dict[int, object], tmp_path: Path) -> None:
    photo(tmp_path / "a.jpg", SHOT | {BASE.ExposureTime: TiffImagePlugin.IFDRational(1, 60)})
    photo(tmp_path / "b.jpg", shot, quality=70)
    assert list(tiers(tmp_path).values()) == ["copy"]


def test_other_cameras_and_equal_metadata_prove_nothing(tmp_path: Path) -> None:
    photo(tmp_path / "a.jpg", SHOT)
    photo(tmp_path / "b.jpg", SHOT, picture=scene(4, 640, 480))
    assert not tiers(tmp_path)
    (tmp_path / "c.jpg").write_bytes(encode(scene(3, 640, 480), quality=60))
    assert tiers(tmp_path) == {"c.jpg": "copy"}


def test_damaged_times_and_numbers_say_nothing(tmp_path: Path) -> None:
    photo(tmp_path / "a.jpg", SHOT | {BASE.DateTimeOriginal: "2021:06:31 10:00:00"})
    photo(tmp_path / "b.jpg", {BASE.DateTimeOriginal: "2021:06:30 10:00:05"}, quality=70)
    assert list(tiers(tmp_path).values()) == ["copy"]


def test_only_contents_that_are_asked_for_are_read_and_the_order_changes_nothing(tmp_path: Path) -> None:
    for name, seconds in (("a.jpg", "00"), ("b.jpg", "00"), ("c.jpg", "30")):
        picture = scene(ord(name[0]), 96, 64)
        photo(tmp_path / name, SHOT | {BASE.DateTimeOriginal: f"2021:07:14 10:00:{seconds}"}, picture=picture)
    with open_catalog(None) as store:
        images = scan([str(tmp_path)], [], store, FindOptions().spec, ScanOptions(), workers=1).images
    a, b, c = images.content[np.argsort(images.path)].tolist()
    exposures = Exposures(images.facts)
    assert exposures.differ(np.array([a, c]), np.array([c, a])).tolist() == [True, True]
    images.facts.exif[a] = images.facts.exif[c] = {}  # read already
    assert exposures.differ(np.array([a, b, c]), np.array([b, c, c])).tolist() == [False, True, False]
    assert not Exposures(images.facts).differ(np.array([a, b]), np.array([c, c])).any()
    exposures = Exposures(images.facts)
    images.facts.exif[b] = {"make": "Another", "model": "One", "shot": "1"}  # not read before
    images.facts.exif[c] = {"make": "Another", "model": "One", "shot": "2"}
    assert exposures.differ(np.array([b]), np.array([c])).tolist() == [True]
