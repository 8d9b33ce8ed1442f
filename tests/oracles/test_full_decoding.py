"""Decoding full, as the table of algorithms and the command make it, against the face, which is imagehash to the bit."""

from collections.abc import Callable
from pathlib import Path

import imagehash
import numpy as np
import pytest
from PIL import Image

import lookalike
import lookalike.imagehash as face
from hash_pictures import formats, made, outcome, read, samples
from lookalike import bits
from lookalike.hashes import hash_picture, make_spec
from lookalike.model import HashSpec

FUNCTIONS: dict[str, Callable[[Image.Image, int], object]] = {
    "ahash": face.average_hash,
    "mhash": lambda image, size: face.average_hash(image, size, mean=np.median),
    "dhash": face.dhash,
    "dhash_vertical": face.dhash_vertical,
    "phash": face.phash,
    "phash_simple": face.phash_simple,
    "whash": face.whash,
    "colorhash": face.colorhash,
    "crop_resistant": lambda image, size: face.crop_resistant_hash(image, lambda part: face.dhash(part, size)),
}
SPECS = [make_spec(name, size) for name in FUNCTIONS for size in ((3, 4) if name == "colorhash" else (8, 16))]


def texts(image: Image.Image, *specs: HashSpec) -> list[str]:
    """Return the hashes of a picture as the command prints them."""
    made = hash_picture(image, *specs)
    return [
        ",".join(bits.to_hex(bits.to_int(row, spec.bits), spec.bits) for row in block)
        for spec, (block, _) in zip(specs, made, strict=True)
    ]


def expected(image: Image.Image, *specs: HashSpec) -> list[str]:
    """Return what the face prints."""
    return [str(FUNCTIONS[spec.algorithm](image, spec.size)) for spec in specs]


def unlike(image: Image.Image, specs: list[HashSpec]) -> list[str]:
    """Return the specs of which table and face differ; errors count by their class."""
    return [spec.id for spec in specs if outcome(texts, image, spec) != outcome(expected, image, spec)]


@pytest.mark.parametrize("name", sorted(made()))
def test_pictures_made_by_rule(name: str) -> None:
    assert unlike(made()[name], SPECS) == []
    assert outcome(texts, made()["gradient"], *SPECS) == expected(made()["gradient"], *SPECS)


def test_sample_pictures() -> None:
    assert len(samples()) > 20
    assert {name: found for name, picture in samples().items() if (found := unlike(picture, SPECS))} == {}


def test_300_photos_are_imagehash_s(shared_data: Path) -> None:
    photos = sorted((shared_data / "photos").rglob("*.jpg"))[:300]
    specs = [make_spec(name, size) for name in ("ahash", "dhash", "phash", "whash") for size in (8, 16)]
    functions = (imagehash.average_hash, imagehash.dhash, imagehash.phash, imagehash.whash)
    for path in photos:
        with Image.open(path) as image:
            theirs = [str(function(image, size)) for function in functions for size in (8, 16)]
            assert texts(image, *specs) == theirs, path


def test_every_small_file_of_every_format(shared_data: Path) -> None:
    specs = [make_spec(name) for name in FUNCTIONS if name != "crop_resistant"]
    compared = 0
    for path in formats(shared_data / "formats"):
        image = outcome(read, path)
        if isinstance(image, Image.Image) and image.width * image.height <= 300_000:
            assert unlike(image, specs) == [], path
            compared += 1
    assert compared > 900


def test_the_single_image_functions_print_the_same(tmp_path: Path) -> None:
    picture = made()["gradient"].convert("RGB")
    picture.save(tmp_path / "a.png")
    for spec in SPECS:
        if spec.algorithm == "crop_resistant":
            text = ",".join(str(part) for part in lookalike.crop_resistant(tmp_path / "a.png", size=spec.size))
        else:
            text = str(lookalike.hash_image(tmp_path / "a.png", spec.algorithm, size=spec.size))
        assert [text] == expected(picture, spec)
