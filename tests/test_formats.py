import io
import os
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import lookalike as la
from conftest import encode, scene
from lookalike import endings, formats

PICTURE = scene(1, 64, 48)

WRITTEN = [
    ("JPEG", "JPEG", "RGB"),
    ("PNG", "PNG", "RGBA"),
    ("GIF", "GIF", "P"),
    ("WEBP", "WEBP", "RGB"),
    ("AVIF", "AVIF", "RGB"),
    ("TIFF", "TIFF", "RGB"),
    ("BMP", "BMP", "RGB"),
    ("JPEG2000", "JPEG2000", "RGB"),
    ("ICO", "ICO", "RGBA"),
    ("ICNS", "ICNS", "RGBA"),
    ("PPM", "PPM", "RGB"),
    ("PPM", "PPM", "L"),
    ("PPM", "PPM", "1"),
    ("QOI", "QOI", "RGB"),
    ("DDS", "DDS", "RGB"),
    ("SGI", "SGI", "RGB"),
    ("PCX", "PCX", "RGB"),
    ("BLP", "BLP", "P"),
    ("XBM", "XBM", "1"),
    ("MPO", "JPEG", "RGB"),
]


@pytest.mark.parametrize(("writer", "format_", "mode"), WRITTEN)
def test_what_pillow_writes_is_recognised(writer: str, format_: str, mode: str) -> None:
    data = encode(PICTURE.convert(mode), writer)
    assert formats.sniff(data[: formats.HEAD_BYTES]) == format_
    assert formats.sniff(data[: formats.HEAD_BYTES], "misleading.txt") == format_


HEADERS = [
    (b"GIF87a", "GIF"),
    (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIF"),
    (b"\0\0\0\x18ftyphevc\0\0\0\0", "HEIF"),
    (b"\0\0\0\x18ftypmif1\0\0\0\0", "HEIF"),
    (b"\0\0\0\x1cftypavif\0\0\0\0", "AVIF"),
    (b"\0\0\0\x1cftypavis\0\0\0\0", "AVIF"),
    (b"\0\0\0\x18ftypcrx \0\0\0\1", "RAW"),
    (b"FUJIFILMCCD-RAW 0201", "RAW"),
    (b"II*\0\x10\0\0\0CR\x02\0", "RAW"),
    (b"IIU\0\x08\0\0\0", "RAW"),
    (b"IIRO\x08\0\0\0", "RAW"),
    (b"\0MRM\0\0", "RAW"),
    (b"FOVb\0\0", "RAW"),
    (b"MM\0*\0\0\0\x08", "TIFF"),
    (b"II+\0\x08\0\0\0", "TIFF"),
    (b"\xff\x0a\xfa\x1f", "JXL"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "JXL"),
    (b"\xff\x4f\xff\x51\0\x2f", "JPEG2000"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG2000"),
    (b"8BPS\0\x01\0\0", "PSD"),
    (b"\0\0\x01\0\x01\0", "ICO"),
    (b"\0\0\x02\0\x01\0", "ICO"),
    (b"Pf\n2 2\n-1.0\n", "PPM"),
    (b"P2\n# comment\n", "PPM"),
    (b"\x59\xa6\x6a\x95" + bytes(28), "SUN"),
    (b"\xb1\x68\xde\x3a", "DCX"),
    (b"SIMPLE  =                    T", "FITS"),
    (b"BLP1", "BLP"),
    (b"FTEX", "FTEX"),
    (struct.pack(">5I4sI", 30, 2, 4, 4, 1, b"GIMP", 10), "GBR"),
    (struct.pack("<IHHHHHH", 99, 0xAF12, 1, 8, 8, 8, 0), "FLI"),
    (b"/* XPM */\nstatic char *a[] = {", "XPM"),
]


@pytest.mark.parametrize(("head", "format_"), HEADERS)
def test_headers_are_recognised(head: bytes, format_: str) -> None:
    assert formats.sniff(head.ljust(formats.HEAD_BYTES, b"\0")) == format_


def test_every_magic_is_covered_here() -> None:
    covered = {format_ for _, format_, _ in WRITTEN} | {format_ for _, format_ in HEADERS}
    assert covered == {name for name, _ in formats.MAGIC}


@pytest.mark.parametrize(
    "head",
    [
        b"", b"\xff\xd8", b"hello, world", b"<svg xmlns='http://www.w3.org/2000/svg'>", b"%PDF-1.7", b"%!PS-Adobe-3.0 EPSF",
        b"RIFF\x24\0\0\0WAVEfmt ", b"\0\0\0\x20ftypisom\0\0\2\0", b"\0\0\0\x14ftypqt  ", b"PK\3\4", b"SQLite format 3\0",
        b"\x7fELF\2\1\1", b"BM says hello to all the readers of this", b"#!/bin/sh\n", bytes(64), b"P8 nothing", b"PNG",
        b"II is a text", b"MM is one too",
    ],
)  # fmt: skip
def test_other_files_are_no_images(head: bytes) -> None:
    assert formats.sniff(head, "a.jpg") is None


@given(st.binary(max_size=64), st.sampled_from(["a.txt", "a.jpg", "a.nef", "a.tga", ""]))
def test_sniff_takes_any_bytes(head: bytes, name: str) -> None:
    names = {name for name, _ in formats.MAGIC} | {"TGA", None}
    assert formats.sniff(head, name) in names


@pytest.mark.parametrize("name", ["a.nef", "a.DNG", "b/c.Cr2"])
def test_a_tiff_with_the_name_of_a_camera_file_is_raw(name: str) -> None:
    data = encode(PICTURE, "TIFF")
    assert formats.sniff(data[:64], name) == "RAW"
    assert formats.sniff(encode(PICTURE)[:64], name) == "JPEG"


def test_formats_without_magic_go_by_name_and_never_when_empty() -> None:
    data = encode(PICTURE, "TGA")
    assert formats.sniff(data[:64], "a.TGA") == "TGA"
    assert formats.sniff(data[:64], "a.dat") is None
    assert formats.sniff(b"", "a.tga") is None


@pytest.mark.parametrize(
    ("name", "claims"),
    [
        ("a.jpg", True), ("A.JPG", True), ("x/y.z/a.JpEg", True), ("a.png.txt", False), ("a.heic", True), ("a.nef", True),
        ("a.svg", False), ("a.emf", False), ("a.mov", False), ("a.pdf", False), ("jpg", False), (".jpg", False),
        ("a.", False), ("", False),
        ("a.jpg/b", False), ("no\udcff.png", True), ("._a.jpg", True), ("a.xmp", False),
    ],
)  # fmt: skip
def test_claims_image(name: str, claims: bool) -> None:
    assert formats.claims_image(name) is claims


@given(st.text(st.characters(exclude_characters="/."), min_size=1), st.sampled_from(sorted(formats.EXTENSIONS)))
def test_the_ending_alone_makes_the_claim(stem: str, ending: str) -> None:
    assert formats.extension(f"{stem}.{ending.upper()}") == ending
    assert formats.claims_image(f"folder.txt/{stem}.{ending}")
    assert not formats.claims_image(f"{stem}.{ending}/{stem}")


@pytest.mark.parametrize(
    ("head", "name", "kind"),
    [
        (b"\x00\x05\x16\x07\x00\x02\x00\x00", "._a.jpg", "AppleDouble metadata"),
        (b"<svg", "a.svg", "vector graphic"),
        (b"\x1f\x8b", "a.SVGZ", "vector graphic"),
        (b"%!PS", "a.eps", "vector graphic"),
        (b"\xd7\xcd\xc6\x9a", "a.wmf", "vector graphic"),
        (b"\1\0\0\0\x6c\0\0\0", "a.EMF", "vector graphic"),
        (b"\0\0\0\x14ftypqt  ", "a.MOV", "video"),
        (b"hello", "a.txt", "not an image"),
        (b"", "", "not an image"),
        (b"%PDF-1.7", "a", "document"),
        (b"", "a.PDF", "document"),
    ],
)
def test_kinds_of_what_is_skipped(head: bytes, name: str, kind: str) -> None:
    assert formats.kind_of_other(head, name) == kind


def test_apple_double_is_no_image_whatever_its_name() -> None:
    assert formats.sniff(b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        ", "._a.jpg") is None


@pytest.mark.parametrize("writer", ["PNG", "BMP", "TIFF", "PPM", "QOI"])
def test_lossless_containers(writer: str) -> None:
    assert formats.lossless(writer, encode(PICTURE, writer))


@pytest.mark.parametrize("writer", ["JPEG", "MPO", "AVIF", "WEBP", "JPEG2000", "GIF"])
def test_lossy_containers(writer: str) -> None:
    assert not formats.lossless(writer, encode(PICTURE, writer))


def test_a_tiff_may_hold_a_jpeg() -> None:
    assert not formats.lossless("TIFF", encode(PICTURE, "TIFF", compression="jpeg", quality=30))
    assert formats.lossless("TIFF", encode(PICTURE, "TIFF", compression="tiff_lzw"))


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("lossless", [False, True])
@pytest.mark.parametrize("extended", [False, True])
def test_webp_is_asked_which_kind_it_holds(alpha: bool, lossless: bool, extended: bool) -> None:
    picture = PICTURE.convert("RGBA" if alpha else "RGB")
    if alpha:
        picture.putalpha(Image.fromarray(np.tile(np.arange(64, dtype=np.uint8) * 4, (48, 1))))
    options = {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"} if extended else {}
    assert formats.lossless("WEBP", encode(picture, "WEBP", lossless=lossless, **options)) is lossless


def test_what_is_listed_ends_as_the_docs_say(tmp_path: Path) -> None:
    brush = struct.pack(">5I4sI", 30, 2, 64, 48, 1, b"GIMP", 10) + b"a\0" + PICTURE.convert("L").tobytes()
    files = {
        "a.gbr": brush, "b.txt": brush, "c.emf": b"\1\0\0\0\x6c\0\0\0" + bytes(100), "d.wmf": b"\xd7\xcd\xc6\x9a" + bytes(100),
        "e.dib": encode(PICTURE, "DIB"),
    }  # fmt: skip
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    found = la.find(tmp_path, use_catalog=False, workers=1)
    assert found.failures == []
    assert (found.stats["hashed"], found.stats["skipped"]) == (3, {"vector graphic": 2})


@pytest.mark.parametrize("lossless", [False, True])
def test_webp_is_asked_which_kind_its_frames_are(lossless: bool) -> None:
    data = encode(PICTURE, "WEBP", save_all=True, append_images=[scene(2, 64, 48)], lossless=lossless)
    assert b"ANMF" in data
    assert formats.lossless("WEBP", data) is lossless


def test_tables_agree_with_each_other() -> None:
    assert not formats.EXTENSIONS & endings.RAW
    assert formats.SIGNED_BY_NAME <= formats.EXTENSIONS
    assert all(name == name.lower() and "." not in name for name in formats.EXTENSIONS | endings.RAW)
    Image.init()
    known = {
        ending.removeprefix(".")
        for ending, writer in Image.registered_extensions().items()
        if writer in ("PNG", "JPEG")
    }
    assert known <= formats.EXTENSIONS


def test_every_format_named_by_magic_has_a_decoder_or_a_reason() -> None:
    assert {name for name, _ in formats.MAGIC} <= {*formats.PILLOW_FORMATS, *formats.EXTRA, "RAW"}


def test_head_bytes_are_enough_for_every_header() -> None:
    for writer, format_, mode in WRITTEN:
        with io.BytesIO(encode(PICTURE.convert(mode), writer)) as file:
            assert formats.sniff(file.read(formats.HEAD_BYTES)) == format_
    assert os.fsencode("no\udcff.png") == b"no\xff.png"
