import io
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image

from conftest import encode, scene
from lookalike import metadata

PICTURE = scene(2, 64, 48)


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def exif_of(tags: dict[int, Any], details: dict[int, Any] | None = None, format_: str = "JPEG") -> dict[str, str | int]:
    exif = Image.Exif()
    exif.update(tags)
    if details:
        exif.get_ifd(ExifTags.IFD.Exif).update(details)
    with opened(encode(PICTURE, format_, exif=exif)) as image:
        image.load()
        return metadata.exif(image)


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_no_exif_is_an_empty_answer_or_says_nothing_of_the_camera(format_: str) -> None:
    with opened(encode(PICTURE, format_)) as image:
        facts = metadata.exif(image)
    assert facts.keys() <= ({"tags"} if format_ == "TIFF" else set())


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP"])  # Pillow turns a TIFF itself
@pytest.mark.parametrize("orientation", range(2, 9))
def test_orientation_in_every_container(format_: str, orientation: int) -> None:
    assert exif_of({ExifTags.Base.Orientation: orientation}, format_=format_)["orientation"] == orientation


@pytest.mark.parametrize("orientation", [0, 1, 9, 255])
def test_an_orientation_that_turns_nothing_is_none(orientation: int) -> None:
    assert "orientation" not in exif_of({ExifTags.Base.Orientation: orientation})


def test_camera_and_program() -> None:
    facts = exif_of({ExifTags.Base.Make: "Canon\0", ExifTags.Base.Model: " EOS 5D ", ExifTags.Base.Software: "GIMP"})
    assert (facts["make"], facts["model"], facts["software"]) == ("Canon", "EOS 5D", "GIMP")
    assert facts["tags"] == 3
    assert "make" not in exif_of({ExifTags.Base.Make: " \0 ", ExifTags.Base.Model: "x"})


@pytest.mark.parametrize(
    ("date", "fraction", "captured"),
    [
        ("2019:07:04 12:30:59", None, "2019-07-04 12:30:59"),
        ("2019:07:04 12:30:59", "123", "2019-07-04 12:30:59.123"),
        ("2019:07:04 12:30:59", "50  ", "2019-07-04 12:30:59.50"),
        ("2019:07:04 12:30:59", "abc", "2019-07-04 12:30:59"),
        ("0000:00:00 00:00:00", None, None),
        ("    :  :     :  :  ", None, None),
        ("yesterday", None, None),
    ],
)
def test_capture_date(date: str, fraction: str | None, captured: str | None) -> None:
    details: dict[int, Any] = {ExifTags.Base.DateTimeOriginal: date}
    if fraction is not None:
        details[ExifTags.Base.SubsecTimeOriginal] = fraction
    assert exif_of({ExifTags.Base.Make: "A"}, details).get("captured") == captured


def test_facts_are_text_and_whole_numbers_only() -> None:
    facts = exif_of({ExifTags.Base.Make: "A", ExifTags.Base.Orientation: 6}, {ExifTags.Base.ExposureTime: 0.5})
    kinds = {"orientation": int, "make": str, "tags": int, "exposure": str}
    assert {name: type(value) for name, value in facts.items()} == kinds
    assert facts["tags"] == 4  # with the pointer to the details


WARNS = pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # here as in `decode`, which silences Pillow
"""Pillow warns of damaged EXIF."""


@WARNS
@pytest.mark.parametrize(
    "block",
    [
        b"Exif\0\0",
        b"Exif\0\0MM",
        b"Exif\0\0XX\0*\0\0\0\x08",
        b"Exif\0\0MM\0*\0\0\0\x08\xff\xff",
        b"Exif\0\0MM\0*\xff\xff\xff\xff",
        b"Exif\0\0" + bytes(40),
        b"Exif\0\0MM\0*\0\0\0\x08\0\x01" + struct.pack(">HHII", 0x8769, 4, 1, 0xFFFFFF) + bytes(4),
    ],
)
def test_damaged_exif_says_nothing_of_the_picture(block: bytes) -> None:
    data = encode(PICTURE)
    data = data[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + data[2:]
    with opened(data) as image:
        assert metadata.exif(image).keys() <= {"tags"}


@WARNS
def test_exif_cut_off_in_its_middle_is_empty() -> None:
    block = b"Exif\0\0MM\0*\0\0\0\x08\0\x02" + struct.pack(">HHIHH", 0x0112, 3, 1, 6, 0) + b"\x01"
    data = encode(PICTURE)
    data = data[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + data[2:]
    with opened(data) as image:
        assert "make" not in metadata.exif(image)


@WARNS
@given(st.binary(max_size=60))
def test_any_bytes_as_exif_never_raise(block: bytes) -> None:
    image = Image.new("L", (1, 1))
    image.info["exif"] = b"Exif\0\0MM\0*\0\0\0\x08" + block
    facts = metadata.exif(image)
    assert all(isinstance(value, (int, str)) for value in facts.values())


@pytest.mark.parametrize("quality", range(5, 96, 5))
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_the_quality_is_the_one_pillow_saved_with(quality: int, mode: str) -> None:
    with opened(encode(PICTURE.convert(mode), quality=quality)) as image:
        estimate = metadata.jpeg_quality(image)
    assert estimate is not None
    assert abs(estimate - quality) <= 1


def test_every_quality_is_told_apart_from_its_neighbours() -> None:
    small = PICTURE.resize((8, 8))
    estimates = []
    for quality in range(5, 96):
        with opened(encode(small, quality=quality)) as image:
            estimates.append(metadata.jpeg_quality(image))
    assert all(estimate is not None and abs(estimate - at) <= 1 for at, estimate in enumerate(estimates, 5))
    assert estimates == sorted(estimates, key=lambda estimate: estimate or 0)


@pytest.mark.parametrize("format_", ["PNG", "GIF", "WEBP", "BMP"])
def test_without_quantisation_tables_there_is_no_quality(format_: str) -> None:
    with opened(encode(PICTURE, format_)) as image:
        assert metadata.jpeg_quality(image) is None


def test_real_photos_have_facts(shared_data: Path) -> None:
    photos = sorted((shared_data / "photos").rglob("*.jpg"))[:20]
    assert photos
    for path in photos:
        with Image.open(path) as image:
            quality = metadata.jpeg_quality(image)
        assert quality is not None
        assert 1 <= quality <= 100


def described(
    tags: dict[int, Any], details: dict[int, Any] | None = None, place: dict[int, Any] | None = None
) -> dict[str, str]:
    exif = Image.Exif()
    exif.update(tags)
    exif.get_ifd(ExifTags.IFD.Exif).update(details or {})
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(place or {})
    with opened(encode(PICTURE, "JPEG", exif=exif)) as image:
        return metadata.described(image)


def test_all_exif_is_described_by_name_and_without_pointers() -> None:
    found = described(
        {ExifTags.Base.Make: " Canon\0", ExifTags.Base.Orientation: 6, 0xFDE8: "of nobody", ExifTags.Base.XResolution: 72.0},
        {ExifTags.Base.ExposureTime: 0.25, ExifTags.Base.UserComment: b"ASCII\0\0\0hello", ExifTags.Base.MakerNote: b"1234"},
        {ExifTags.GPS.GPSLatitudeRef: "N", ExifTags.GPS.GPSLatitude: (52.0, 30.0, 7.5), ExifTags.GPS.GPSAltitudeRef: b"\0"},
    )  # fmt: skip
    assert found == {
        "Make": "Canon", "Orientation": "6", "XResolution": "72.0", "tag 65000": "of nobody", "ExposureTime": "0.25",
        "UserComment": "13 bytes", "GPSLatitudeRef": "N", "GPSLatitude": "52.0, 30.0, 7.5", "GPSAltitudeRef": "",
    }  # fmt: skip


def test_what_is_described_is_never_long() -> None:
    long = "x" * 5000
    found = described(
        {ExifTags.Base.Make: long, 0xFDE8: tuple(range(500))},
        {ExifTags.Base.ExifVersion: long.encode(), ExifTags.Base.UserComment: b"\0 plain text \0"},
    )
    assert found["Make"] == found["ExifVersion"] == "x" * metadata.MOST_TEXT
    assert found["UserComment"] == "plain text"
    assert found["tag 65000"] == ", ".join(map(str, range(metadata.MOST_VALUES))) + ", ..."


def test_without_exif_nothing_is_described() -> None:
    with opened(encode(PICTURE)) as image:
        assert metadata.described(image) == {}


@WARNS
@given(st.binary(max_size=80), st.sampled_from([b"MM\0*\0\0\0\x08", b"II*\0\x08\0\0\0"]))
def test_any_bytes_as_exif_are_described_or_not(block: bytes, head: bytes) -> None:
    image = Image.new("L", (1, 1))
    image.info["exif"] = b"Exif\0\0" + head + block
    found = metadata.described(image)
    assert all(isinstance(name, str) and isinstance(value, str) for name, value in found.items())
    assert all(len(value) < metadata.MOST_VALUES * (metadata.MOST_TEXT + 2) + 5 for value in found.values())
