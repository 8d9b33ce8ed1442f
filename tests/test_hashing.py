"""Hashes of one image: whatever it is given as, in every mode and size, and what is no image."""

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageOps

import lookalike as la
from conftest import encode, scene
from lookalike.decode import decode, turn
from lookalike.errors import DecodeError, UsageError
from lookalike.hashes import ALGORITHMS, hash_block, hash_picture, make_spec, way
from lookalike.hashes.value import ImageHash

ONE_HASH = [name for name, row in ALGORITHMS.items() if not row.several]
WAYS = [(name, decoding) for name in ONE_HASH for decoding in ALGORITHMS[name].ways]
FAST = [name for name, decoding in WAYS if decoding == "fast"]


def given(data: bytes, folder: Path) -> dict[str, Any]:
    """Return one image file in every form it may be given as."""
    path = folder / "image.png"
    path.write_bytes(data)
    return {
        "str": str(path),
        "Path": path,
        "bytes": data,
        "file object": io.BytesIO(data),
        "PIL": Image.open(io.BytesIO(data)),
    }


@pytest.mark.parametrize(("name", "decoding"), WAYS)
def test_the_form_makes_no_difference(name: str, decoding: str, tmp_path: Path) -> None:
    picture = scene(1, 230, 201)
    forms = given(encode(picture, "PNG"), tmp_path) | {"array": np.asarray(picture)}
    made = {form: la.hash_image(image, name, decode=decoding) for form, image in forms.items()}
    assert set(made.values()) == {made["str"]}, made
    assert made["str"].spec == make_spec(name, decoding=decoding)
    assert len(made["str"]) == made["str"].spec.bits
    forms["PIL"].close()


def test_an_open_file_is_read_from_where_it_stands_and_stays_open(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encode(scene(1), "PNG"))
    with path.open("rb") as file:
        assert la.phash(file) == la.phash(path)
        assert not file.closed


def test_a_path_may_be_named_in_any_bytes(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), b"no\xff\ntext.png")))
    path.write_bytes(encode(scene(1), "PNG"))
    assert la.phash(path) == la.phash(str(path)) == la.phash(scene(1))


@pytest.mark.parametrize(("name", "decoding"), WAYS)
@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1), (3, 2), (7, 200)], ids=str)
def test_tiny_and_odd_pictures_are_valid(name: str, decoding: str, size: tuple[int, int]) -> None:
    for mode in ("RGB", "L"):
        picture = scene(2, *size).convert(mode)
        one = la.hash_image(np.asarray(picture), name, decode=decoding)
        assert one == la.hash_image(encode(picture, "PNG"), name, decode=decoding)


def test_one_pixel_has_every_other_hash_too() -> None:
    dot = np.full((1, 1), 200, np.uint8)
    assert len(la.crop_resistant(dot)) >= 1
    value, quality = la.pdq(dot)
    assert (int(value), quality) == (0, 0)
    assert len(la.dihedral(dot)) == 8


MODES = ("1", "L", "P", "RGB", "RGBA", "LA", "PA", "CMYK", "YCbCr", "HSV", "I", "F", "I;16", "RGBX", "RGBa")


@pytest.mark.parametrize("mode", MODES)
def test_pictures_of_every_mode_have_hashes(mode: str) -> None:
    picture = Image.new(mode, (40, 30), 1)
    for name, decoding in WAYS:
        assert isinstance(la.hash_image(picture, name, decode=decoding), ImageHash)
    assert la.crop_resistant(picture)


@pytest.mark.parametrize("mode", ["LAB", "La"])
def test_a_mode_without_brightness_is_refused(mode: str) -> None:
    with pytest.raises(UsageError, match=rf"mode {mode}.*conversion"):
        la.phash(Image.new(mode, (40, 30)))


def test_a_sound_file_of_such_a_mode_is_unsupported_and_not_damaged() -> None:
    planes = [scene(1).convert("L"), *[Image.new("L", (480, 360), 128)] * 2]
    data = encode(Image.merge("LAB", planes), "TIFF")
    with pytest.raises(DecodeError) as caught:
        la.phash(data)
    assert caught.value.kind == "unsupported"
    assert la.phash(data, decode="fast")


def test_arrays_of_every_documented_kind_are_pictures() -> None:
    picture = scene(3, 120, 90)
    gray, alpha = picture.convert("L"), picture.convert("RGBA")
    alpha.putalpha(gray)
    assert la.phash(np.asarray(gray)) == la.phash(gray)
    assert la.phash(np.asarray(picture)) == la.phash(picture)
    assert la.phash(np.asarray(alpha)) == la.phash(alpha)
    wide = np.asarray(gray).astype(np.uint16) * 257
    assert la.phash(wide, decode="fast") == la.phash(gray, decode="fast")
    assert la.dhash(wide, decode="imgdd") == la.dhash(gray, decode="imgdd")
    assert la.phash(np.asarray(picture)[::-1, ::-1]) == la.phash(picture.rotate(180)), "views are read as they look"
    assert la.phash(np.asfortranarray(np.asarray(picture))) == la.phash(picture)
    read_only = np.asarray(picture).copy()
    read_only.setflags(write=False)
    assert la.phash(read_only) == la.phash(picture)


NO_IMAGES: dict[str, Any] = {
    "NaN": np.full((9, 9), np.nan),
    "floats": np.zeros((9, 9), np.float32),
    "booleans": np.zeros((9, 9), np.bool_),
    "signed": np.zeros((9, 9), np.int16),
    "64 bits": np.zeros((9, 9), np.int64),
    "wide colour": np.zeros((9, 9, 3), np.uint16),
    "complex": np.zeros((9, 9), np.complex64),
    "objects": np.zeros((9, 9), object),
    "texts": np.array([["a"]]),
    "no rows": np.zeros((0, 9), np.uint8),
    "no columns": np.zeros((9, 0, 3), np.uint8),
    "no axis": np.uint8(3) + np.zeros((), np.uint8),
    "one axis": np.zeros(9, np.uint8),
    "one channel": np.zeros((9, 9, 1), np.uint8),
    "two channels": np.zeros((9, 9, 2), np.uint8),
    "five channels": np.zeros((9, 9, 5), np.uint8),
    "channels first": np.zeros((3, 9, 9), np.uint8),
    "a stack": np.zeros((2, 9, 9, 3), np.uint8),
    "a picture without pixels": Image.new("RGB", (0, 0)),
    "a picture without rows": Image.new("L", (5, 0)),
    "None": None,
    "a number": 7,
    "a list": [[1, 2], [3, 4]],
    "text file": io.StringIO("text"),
    "a class": Image.Image,
    "bytearray": bytearray(b"abc"),
}


@pytest.mark.parametrize("decoding", ["full", "fast", "imgdd"])
@pytest.mark.parametrize("kind", NO_IMAGES)
def test_what_is_no_image_is_refused(kind: str, decoding: str) -> None:
    with pytest.raises(UsageError) as caught:
        la.phash(NO_IMAGES[kind], decode=decoding)
    assert str(caught.value)


@pytest.mark.parametrize("decoding", ["full", "fast", "imgdd"])
def test_files_that_cannot_be_decoded_say_so(decoding: str, tmp_path: Path) -> None:
    whole = encode(scene(1), "PNG")
    for data in (b"", b"text", whole[:100], whole[: len(whole) // 2], b"\xff\xd8\xff"):
        path = tmp_path / "broken.png"
        path.write_bytes(data)
        for form in (data, path, io.BytesIO(data)):
            with pytest.raises(DecodeError) as caught:
                la.phash(form, decode=decoding)
            assert caught.value.kind == "damaged"


def test_paths_that_cannot_be_read_say_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        la.phash(tmp_path / "missing.jpg")
    with pytest.raises(OSError, match="directory"):
        la.phash(tmp_path)
    with pytest.raises(FileNotFoundError):
        la.phash("")


WRONG: dict[str, Callable[[Image.Image], Any]] = {
    "algorithm": lambda image: la.hash_image(image, "fhash"),
    "size 0": lambda image: la.phash(image, size=0),
    "size 1": lambda image: la.phash(image, size=1),
    "negative size": lambda image: la.phash(image, size=-8),
    "size 65": lambda image: la.dhash(image, size=65),
    "fast size": lambda image: la.phash(image, size=6, decode="fast"),
    "imgdd size": lambda image: la.phash(image, size=16, decode="imgdd"),
    "whash size": lambda image: la.whash(image, size=6),
    "colorhash size": lambda image: la.colorhash(image, size=1),
    "crop_resistant size": lambda image: la.crop_resistant(image, size=1),
    "whash8 size": lambda image: la.hash_image(image, "whash8", size=16),
    "pdq size": lambda image: la.hash_image(image, "pdq", size=8),
    "filter": lambda image: la.phash(image, filter="lanczos"),
    "fast filter": lambda image: la.phash(image, filter="box", decode="fast"),
    "whash filter": lambda image: la.hash_image(image, "whash", filter="box"),
    "decoding": lambda image: la.phash(image, decode="slow"),
    "decoding of dhash_vertical": lambda image: la.dhash_vertical(image, decode="imgdd"),
    "decoding of colorhash": lambda image: la.hash_image(image, "colorhash", decode="fast"),
    "decoding of phash": lambda image: la.phash(image, decode="pdq"),
    "several": lambda image: la.hash_image(image, "crop_resistant"),
    "wavelet": lambda image: la.whash(image, mode="harr"),
    "scale": lambda image: la.whash(image, image_scale=100),
    "small scale": lambda image: la.whash(image, image_scale=4),
    "scale under fast": lambda image: la.whash(image, image_scale=64, decode="fast"),
    "wavelet under imgdd": lambda image: la.whash(image, mode="db4", decode="imgdd"),
    "turns of dhash": lambda image: la.dihedral(image, "dhash"),
    "turns under imgdd": lambda image: la.dihedral(image, decode="imgdd"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_options_that_do_not_fit_are_refused(kind: str) -> None:
    with pytest.raises(UsageError) as caught:
        WRONG[kind](scene(1, 60, 40))
    assert isinstance(caught.value, ValueError)
    assert str(caught.value)


def test_the_functions_are_hash_image_by_name() -> None:
    picture = scene(4, 300, 220)
    for name in ("ahash", "mhash", "dhash", "dhash_vertical", "phash", "phash_simple", "whash"):
        function = getattr(la, name)
        for size in (4, 8, 16):
            assert function(picture, size=size) == la.hash_image(picture, name, size=size)
            fast = la.hash_image(picture, name, size=size, decode="fast")
            assert function(picture, size=size, decode="fast") == fast
    assert la.whash8(picture) == la.hash_image(picture, "whash8")
    assert la.colorhash(picture) == la.hash_image(picture, "colorhash")
    assert la.pdq(picture)[0] == la.hash_image(picture, "pdq")
    assert la.phash(picture, filter="box") != la.phash(picture, filter="nearest")
    assert la.phash(picture).spec.id == "phash-8-lanczos3-full-v1"
    assert la.pdq(picture)[0].spec.id == "pdq-16-tent-pdq-v1"


def test_a_wavelet_told_its_defaults_is_the_default() -> None:
    picture = scene(4, 300, 220)
    assert la.whash(picture, mode="haar", remove_max_haar_ll=True) == la.whash(picture)
    other = la.whash(picture, mode="db4")
    assert other.spec.options == "mode=db4"
    assert len(other) == other.to_array().size > 64
    with pytest.raises(UsageError):
        _ = other - la.whash(picture)


def test_hash_image_leaves_what_it_is_given_as_it_was() -> None:
    picture = scene(5, 300, 220)
    picture.getexif()[ExifTags.Base.Orientation] = 6
    before, array = picture.tobytes(), np.asarray(picture).copy()
    copy = array.copy()
    for name, decoding in WAYS:
        la.hash_image(picture, name, decode=decoding)
        la.hash_image(array, name, decode=decoding)
    la.crop_resistant(picture)
    assert (picture.tobytes(), picture.size, picture.mode) == (before, (300, 220), "RGB")
    assert np.array_equal(array, copy)


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "P", "CMYK"])
def test_several_hashes_of_one_opened_picture_are_those_of_fresh_ones(mode: str) -> None:
    data = encode(scene(6, 900, 700).convert(mode), "JPEG" if mode in ("RGB", "L", "CMYK") else "PNG")
    whole = [(name, decoding) for name, decoding in WAYS if decoding != "fast"]
    with Image.open(io.BytesIO(data)) as opened:
        for name, decoding in [*whole, *reversed(whole)]:
            block = hash_picture(opened, make_spec(name, decoding=decoding))[0][0]
            fresh = la.hash_image(data, name, decode=decoding)
            assert ImageHash.from_row(block[0], fresh.spec) == fresh, (name, decoding)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_what_find_sees_and_not_what_imagehash_sees(orientation: int) -> None:
    picture = scene(7, 256, 240)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    data = encode(picture, "PNG", exif=exif)
    with Image.open(io.BytesIO(data)) as opened:
        upright = ImageOps.exif_transpose(opened)
        assert la.phash(data) == la.phash(opened) == la.phash(picture)
        assert la.phash(data, decode="fast") == la.phash(opened, decode="fast")
        assert la.phash(data, decode="fast") - la.phash(upright, decode="fast") <= 2


def thumbnails(count: int = 40) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return luma of drawn pictures, of noise, and of what has nothing in it."""
    random = np.random.default_rng(1)
    drawn = [decode(encode(scene(seed, 240, 200), "PNG")).luma for seed in range(count - 10)]
    noise = random.integers(0, 256, (6, 64, 64), dtype=np.uint8)
    ramp = np.tile(np.arange(0, 256, 4, dtype=np.uint8), (64, 1))
    flat = [np.full((64, 64), level, np.uint8) for level in (0, 255)]
    return np.stack([*drawn, *noise, ramp, np.ascontiguousarray(ramp.T), *flat])


@pytest.mark.parametrize("name", FAST)
def test_a_block_is_hashed_as_its_rows_are(name: str) -> None:
    luma = thumbnails()
    for size in ALGORITHMS[name].ways["fast"].sizes:
        spec = make_spec(name, size, decoding="fast")
        block = hash_block(luma, spec)
        singles = np.concatenate([hash_block(luma[at : at + 1], spec) for at in range(len(luma))])
        assert (block.dtype.name, block.shape) == ("uint64", (len(luma), -(-spec.bits // 64)))
        assert np.array_equal(block, singles)
        assert np.array_equal(hash_block(luma[::-1], spec), block[::-1])
        assert hash_block(luma[:0], spec).shape == (0, block.shape[1])


def test_hash_image_under_fast_is_the_hash_of_the_thumbnail() -> None:
    for seed, form in ((1, "PNG"), (2, "JPEG"), (3, "WEBP")):
        data = encode(scene(seed, 640, 480), form)
        for name in FAST:
            spec = make_spec(name, decoding="fast")
            row = hash_block(decode(data).luma[np.newaxis], spec)[0]
            assert la.hash_image(data, name, decode="fast") == ImageHash.from_row(row, spec)


@pytest.mark.parametrize(("name", "size"), [("phash", 4), ("phash", 8), ("phash", 16), ("pdq", 16)])
def test_turns_of_thumbnails_are_exact(name: str, size: int) -> None:
    luma = thumbnails()
    spec = make_spec(name, size, decoding="fast")
    chosen = way(spec)
    assert chosen.dihedral is not None
    turned = chosen.dihedral(chosen.prepare(luma, size, spec.filter), size)
    assert turned.shape == (8, len(luma), spec.bits // 64 or 1)
    assert np.array_equal(turned[0], hash_block(luma, spec))
    for orientation in range(1, 9):
        expected = hash_block(np.stack([turn(plane, orientation) for plane in luma]), spec)
        assert np.array_equal(turned[orientation - 1], expected), orientation


def turned_picture(picture: Image.Image, orientation: int) -> Image.Image:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    with Image.open(io.BytesIO(encode(picture, "PNG", exif=exif))) as opened:
        return ImageOps.exif_transpose(opened)


@pytest.mark.parametrize("seed", range(6))
def test_turns_of_whole_pictures_are_within_two_bits(seed: int) -> None:
    square = scene(seed, 512, 512)
    for orientation, one in enumerate(la.dihedral(square), 1):
        assert one - la.phash(turned_picture(square, orientation)) <= 2, orientation
    small = scene(seed, 64, 64)
    for orientation, one in enumerate(la.dihedral(small, "pdq"), 1):
        assert one - la.pdq(turned_picture(small, orientation))[0] <= 2, orientation


@pytest.mark.parametrize(("name", "decoding"), [("phash", "full"), ("phash", "fast"), ("pdq", "pdq"), ("pdq", "fast")])
def test_the_first_turn_is_the_image_as_it_is(name: str, decoding: str, tmp_path: Path) -> None:
    for image in given(encode(scene(8, 300, 260), "PNG"), tmp_path).values():
        turns = la.dihedral(image, name, decode=decoding)
        assert len(set(turns)) == len(turns) == 8
        assert turns[0] == la.hash_image(tmp_path / "image.png", name, decode=decoding)


def test_pdq_has_a_quality_of_its_own() -> None:
    value, quality = la.pdq(scene(1))
    assert (len(value), type(quality)) == (256, int)
    assert 50 < quality <= 100
    assert la.pdq(Image.new("RGB", (200, 200), "red"))[1] == 0


def test_crop_resistant_hashes_each_segment() -> None:
    halves = np.zeros((300, 600, 3), np.uint8)
    halves[:, 300:] = 255
    parts = la.crop_resistant(halves)
    assert len(parts) == 2
    assert {part.spec.id for part in parts} == {"crop_resistant-8-lanczos3-full-v1"}
    assert all(part.spec.size == 4 for part in la.crop_resistant(halves, size=4))


def test_a_wrong_option_met_while_a_file_is_open_is_no_damage(tmp_path: Path) -> None:
    scene(1, 90, 70).save(tmp_path / "a.png")
    for options in ({"image_scale": 7}, {"mode": "no such wavelet"}):
        with pytest.raises(UsageError):
            la.whash(tmp_path / "a.png", **options)
