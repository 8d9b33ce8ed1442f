"""The fast decoding against a straightforward one, mode by mode; facts and damage: test_decode_facts.py."""

import contextlib
import dataclasses
import io
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps

from conftest import encode, scene
from lookalike.decode import decode, decoders, detail, environment, turn, upright_size
from lookalike.decode import picture as decode_picture
from lookalike.decode import planes as decode_planes
from lookalike.errors import DecodeError
from lookalike.hashes import lanczos
from lookalike.model import MIN_DETAIL, Thumbnail

LARGE, SMALL = (328, 248), (120, 90)
"""A size that goes through block means, and one that does not."""
GRAY_RAMP = np.linspace(0, 1, 480, dtype=np.float32) * np.linspace(0.3, 1, 360, dtype=np.float32)[:, np.newaxis]


def reference(picture: Image.Image) -> NDArray[np.float64]:
    """Return the thumbnail as it is specified, in floats: over white, gray, block means where large enough, Lanczos."""
    over = Image.new("RGBA", picture.size, "white")
    over.alpha_composite(picture.convert("RGBA"))
    gray = np.asarray(over.convert("L"), np.float64)
    height, width = gray.shape
    scale = 8 if -(-min(width, height) // 8) >= 24 else 1
    rows, columns = range(0, height, scale), range(0, width, scale)
    means = np.add.reduceat(np.add.reduceat(gray, rows), columns, axis=1)
    means /= np.outer([min(scale, height - row) for row in rows], [min(scale, width - column) for column in columns])
    box = (0.0, 0.0, width / scale, height / scale)
    small = Image.fromarray(means.astype(np.float32)).resize((64, 64), Image.Resampling.LANCZOS, box)
    return np.clip(np.asarray(small, np.float64), 0, 255)


def off(thumbnail: Thumbnail, expected: NDArray[np.float64]) -> float:
    """Return the mean absolute difference of luma in levels."""
    return float(np.abs(thumbnail.luma - expected).mean())


def see_through(picture: Image.Image) -> Image.Image:
    picture = picture.convert("RGBA")
    ramp = np.tile(np.linspace(0, 255, picture.width), (picture.height, 1)).astype(np.uint8)
    picture.putalpha(Image.fromarray(ramp))
    return picture


def palette_with_hole(picture: Image.Image) -> bytes:
    paletted = picture.quantize(64)
    return encode(paletted, "PNG", transparency=int(np.bincount(np.asarray(paletted).ravel()).argmax()))


EIGHT_BIT: dict[str, Callable[[Image.Image], bytes]] = {
    "1": lambda picture: encode(picture.convert("1"), "PNG"),
    "1 tiff": lambda picture: encode(picture.convert("1"), "TIFF", compression="group4"),
    "L": lambda picture: encode(picture.convert("L"), "PNG"),
    "L tRNS": lambda picture: encode(picture.convert("L"), "PNG", transparency=128),
    "LA": lambda picture: encode(see_through(picture).convert("LA"), "PNG"),
    "P": lambda picture: encode(picture.quantize(64), "PNG"),
    "P gif": lambda picture: encode(picture.quantize(64), "GIF"),
    "P+tRNS": palette_with_hole,
    "RGB": lambda picture: encode(picture, "PNG"),
    "RGB tRNS": lambda picture: encode(picture, "PNG", transparency=picture.getpixel((0, 0))),
    "RGBA": lambda picture: encode(see_through(picture), "PNG"),
    "RGBA webp": lambda picture: encode(see_through(picture), "WEBP", lossless=True, exact=True),
    "RGBA tiff": lambda picture: encode(see_through(picture), "TIFF"),
    "CMYK": lambda picture: encode(picture.convert("CMYK"), "JPEG", quality=95),
    "CMYK tiff": lambda picture: encode(picture.convert("CMYK"), "TIFF"),
    "YCbCr": lambda picture: encode(picture.convert("YCbCr"), "TIFF"),
    "JPEG": lambda picture: encode(picture, "JPEG", quality=95),
    "JPEG gray": lambda picture: encode(picture.convert("L"), "JPEG", quality=95),
    "JPEG progressive": lambda picture: encode(picture, "JPEG", quality=95, progressive=True),
    "AVIF": lambda picture: encode(picture, "AVIF", quality=95),
    "JPEG2000": lambda picture: encode(picture, "JPEG2000"),
    "BMP": lambda picture: encode(picture, "BMP"),
    "PPM": lambda picture: encode(picture, "PPM"),
    "QOI": lambda picture: encode(picture, "QOI"),
    "TGA": lambda picture: encode(picture, "TGA"),
    "MPO": lambda picture: encode(picture, "MPO", quality=95),
}


@pytest.mark.parametrize("size", [(333, 201), SMALL, (48, 300), (8, 5), (1, 1)], ids=str)
@pytest.mark.parametrize("kind", EIGHT_BIT)
def test_every_mode_is_close_to_a_straightforward_decode(kind: str, size: tuple[int, int]) -> None:
    data = EIGHT_BIT[kind](scene(3, *size))
    thumbnail = decode(data, "a.tga" if kind == "TGA" else "")
    with Image.open(io.BytesIO(data)) as picture:
        assert off(thumbnail, reference(picture)) < 1
    assert (thumbnail.width, thumbnail.height) == size
    assert (thumbnail.luma.dtype.name, thumbnail.luma.shape) == ("uint8", (64, 64))
    assert (thumbnail.chroma.dtype.name, thumbnail.chroma.shape) == ("uint8", (8, 8, 2))
    assert thumbnail.luma.flags.c_contiguous
    assert thumbnail.chroma.flags.c_contiguous
    assert thumbnail.colour is not (kind in ("1", "1 tiff", "L", "L tRNS", "LA", "JPEG gray")) or size == (1, 1)


@pytest.mark.parametrize("size", [LARGE, SMALL], ids=str)
def test_pa_and_lab(size: tuple[int, int]) -> None:
    picture = scene(3, *size)
    with_alpha = picture.quantize(64).convert("PA")
    with_alpha.putalpha(see_through(picture).getchannel("A"))
    assert off(decode(encode(with_alpha, "TIFF")), reference(with_alpha)) < 1
    assert decode(encode(with_alpha, "TIFF")).alpha
    lab = Image.merge("LAB", [picture.convert("L"), *[Image.new("L", size, 128)] * 2])
    thumbnail = decode(encode(lab, "TIFF"))
    assert off(thumbnail, reference(lab.convert("RGB"))) < 1
    assert thumbnail.detail >= MIN_DETAIL


WIDE: dict[str, tuple[Callable[[], bytes], int]] = {
    "I;16 png": (lambda: encode(Image.fromarray((GRAY_RAMP * 65535).astype(np.uint16)), "PNG"), 16),
    "I;16 tiff": (lambda: encode(Image.fromarray((GRAY_RAMP * 65535).astype(np.uint16)), "TIFF"), 16),
    "I 16 bits": (lambda: encode(Image.fromarray((GRAY_RAMP * 65535).astype(np.int32)), "TIFF"), 32),
    "I 8 bits": (lambda: encode(Image.fromarray((GRAY_RAMP * 255).astype(np.int32)), "TIFF"), 32),
    "I own range": (lambda: encode(Image.fromarray((GRAY_RAMP * 2**30).astype(np.int32)), "TIFF"), 32),
    "I signed": (lambda: encode(Image.fromarray(((GRAY_RAMP - 0.5) * 2**20).astype(np.int32)), "TIFF"), 32),
    "F 0..1": (lambda: encode(Image.fromarray(GRAY_RAMP), "TIFF"), 32),
    "F 0..255": (lambda: encode(Image.fromarray(GRAY_RAMP * 255), "TIFF"), 32),
    "F 0..65535": (lambda: encode(Image.fromarray(GRAY_RAMP * 65535), "TIFF"), 32),
    "F signed": (lambda: encode(Image.fromarray(GRAY_RAMP - 0.5), "TIFF"), 32),
    "PFM": (lambda: encode(Image.fromarray(GRAY_RAMP), "PPM"), 32),
}


@pytest.mark.parametrize("kind", WIDE)
def test_wide_samples_are_scaled_to_8_bits(kind: str) -> None:
    make, depth = WIDE[kind]
    thumbnail = decode(make())
    assert off(thumbnail, reference(Image.fromarray(np.rint(GRAY_RAMP * 255).astype(np.uint8)))) < 1
    assert thumbnail.depth == depth
    assert not thumbnail.colour
    assert not thumbnail.alpha


def test_samples_that_are_no_numbers_are_black() -> None:
    samples = GRAY_RAMP.copy()
    samples[:8, :8] = np.nan
    samples[-8:, -8:] = np.inf
    thumbnail = decode(encode(Image.fromarray(samples), "TIFF"))
    assert off(thumbnail, reference(Image.fromarray(np.rint(GRAY_RAMP * 255).astype(np.uint8)))) < 1


@pytest.mark.parametrize("size", [(320, 240), (327, 241), (487, 199)], ids=str)
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}, {"quality": 30}], ids=str)
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_draft_and_full_decode_of_a_jpeg_agree(size: tuple[int, int], options: dict[str, object], mode: str) -> None:
    data = encode(scene(4, *size).convert(mode), "JPEG", **options)
    with Image.open(io.BytesIO(data)) as picture:
        full = decode(encode(picture, "PNG"))
    drafted = decode(data)
    difference = np.abs(drafted.luma.astype(int) - full.luma)
    assert difference.mean() < 1
    assert np.percentile(difference, 99) <= 4
    off = np.abs(drafted.chroma.astype(int) - full.chroma)
    # Blocks of chroma stand for 16 by 16 pixels, a cell of the thumbnail for two and a half of them here.
    assert (off.max() <= 4) if "subsampling" in options else (off.max() <= 16 and off.mean() <= 2)


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize(("short", "scale"), [(40, 1), (184, 1), (185, 8), (192, 8)])  # ceil(184 / 8) = 23
def test_block_means_are_taken_from_the_design_s_size_on(mode: str, short: int, scale: int) -> None:
    data = encode(scene(5, 400, short).convert(mode), "JPEG", quality=95)

    def levels(scale: int) -> NDArray[np.int64]:
        """Return how far the thumbnail is from luma as the file has it, or from the means of its blocks."""
        with Image.open(io.BytesIO(data)) as picture:
            picture.draft("YCbCr" if mode == "RGB" else "L", (400 // scale, short // scale))
            assert picture.size == (400 // scale, -(-short // scale))
            own = Image.fromarray(np.asarray(picture.getchannel(0), np.float32))
        small = own.resize((64, 64), Image.Resampling.LANCZOS, (0, 0, 400 / scale, short / scale))
        off: NDArray[np.int64] = np.abs(
            decode(data).luma - np.rint(np.clip(np.asarray(small), 0, 255)).astype(np.int64)
        )
        return off

    assert levels(scale).max() <= 2
    assert levels(9 - scale).max() > 2, "the two can be told apart"


def adobe(data: bytes, transform: int) -> bytes:
    """Return a JPEG with a marker of Adobe, which says what its components are."""
    return data[:2] + b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00" + bytes([transform]) + data[2:]


def without_jfif(data: bytes) -> bytes:
    """Return a JPEG without the marker that says its components are luma and chroma."""
    if data[2:4] != b"\xff\xe0":
        return data
    return data[:2] + data[4 + int.from_bytes(data[4:6]) :]


RGB_JPEG: dict[str, Callable[[Image.Image], bytes]] = {
    "as Pillow writes it": lambda picture: encode(picture, "JPEG", quality=95, keep_rgb=True),
    "no marker": lambda picture: without_adobe(encode(picture, "JPEG", quality=95, keep_rgb=True)),
    "Adobe RGB": lambda picture: adobe(without_adobe(encode(picture, "JPEG", quality=95, keep_rgb=True)), 0),
    "progressive": lambda picture: encode(picture, "JPEG", quality=95, keep_rgb=True, progressive=True),
}
YCC_JPEG: dict[str, Callable[[Image.Image], bytes]] = {
    "no marker of JFIF": lambda picture: without_jfif(encode(picture, "JPEG", quality=95)),
    "Adobe YCbCr": lambda picture: adobe(without_jfif(encode(picture, "JPEG", quality=95)), 1),
    "JFIF and Adobe": lambda picture: adobe(encode(picture, "JPEG", quality=95), 1),
}


def without_adobe(data: bytes) -> bytes:
    """Return a JPEG without the marker of Adobe."""
    at = data.find(b"Adobe")
    return data if at < 0 else data[: at - 4] + data[at - 2 + int.from_bytes(data[at - 2 : at]) :]


@pytest.mark.parametrize("size", [(320, 240), (192, 192), (185, 185), (184, 184), SMALL], ids=str)
@pytest.mark.parametrize("make", [*RGB_JPEG.values(), *YCC_JPEG.values()], ids=[*RGB_JPEG, *YCC_JPEG])
def test_jpegs_of_red_green_and_blue_look_like_others(
    make: Callable[[Image.Image], bytes], size: tuple[int, int]
) -> None:
    picture = scene(9, *size)
    data = make(picture)
    with Image.open(io.BytesIO(data)) as opened:
        assert opened.format == "JPEG"
        assert np.abs(np.asarray(opened.convert("RGB")).astype(int) - np.asarray(picture)).mean() < 9
    one, usual = decode(data), decode(encode(picture, "JPEG", quality=95))
    assert (one.width, one.height, one.colour) == (*size, True)
    difference = np.abs(one.luma.astype(int) - usual.luma)
    assert difference.mean() < 1
    assert difference.max() <= 6
    assert np.abs(one.chroma.astype(int) - usual.chroma).mean() < 3


planes = st.integers(1, 9).flatmap(lambda side: arrays(np.uint8, (side, side)))


@given(planes, st.integers(1, 8))
def test_turn_is_what_pillow_does(plane: NDArray[np.uint8], orientation: int) -> None:
    image = Image.fromarray(plane)
    image.getexif()[ExifTags.Base.Orientation] = orientation
    turned = turn(plane, orientation)
    assert np.array_equal(turned, np.asarray(ImageOps.exif_transpose(image)))
    assert turned.flags.c_contiguous


@given(planes, st.sampled_from([0, 1, 9, 255, -1]))
def test_other_orientations_turn_nothing(plane: NDArray[np.uint8], orientation: int) -> None:
    assert np.array_equal(turn(plane, orientation), plane)
    assert upright_size(3, 4, orientation) == (3, 4)


def test_turn_keeps_further_axes() -> None:
    plane = np.arange(8, dtype=np.uint8).reshape(2, 2, 2)
    for orientation in range(1, 9):
        for channel in (0, 1):
            assert np.array_equal(turn(plane, orientation)[..., channel], turn(plane[..., channel], orientation))


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("size", [LARGE, SMALL], ids=str)
def test_files_are_turned_upright(format_: str, orientation: int, size: tuple[int, int]) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    data = encode(scene(6, *size), format_, exif=exif)
    thumbnail = decode(data)
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
        upright = ImageOps.exif_transpose(picture)
    assert (thumbnail.width, thumbnail.height) == upright.size
    assert (thumbnail.width, thumbnail.height) == (size if orientation < 5 else size[::-1])
    assert off(thumbnail, reference(upright)) < 1
    small = np.asarray(upright.convert("YCbCr").resize((8, 8), Image.Resampling.BOX))[..., 1:]
    assert np.abs(thumbnail.chroma.astype(int) - small).mean() < 3


@pytest.mark.parametrize("size", [LARGE, SMALL], ids=str)
def test_transparency_lies_over_white(size: tuple[int, int]) -> None:
    for colour in ((0, 0, 0, 0), (255, 0, 0, 0)):
        thumbnail = decode(encode(Image.new("RGBA", size, colour), "PNG"))
        assert (thumbnail.luma == 255).all()
        assert (thumbnail.chroma == 128).all()
        assert (thumbnail.alpha, thumbnail.colour, thumbnail.detail) == (True, False, 0)
    half = decode(encode(Image.new("RGBA", size, (0, 0, 0, 128)), "PNG"))
    assert np.abs(half.luma.astype(int) - 127).max() <= 1
    opaque = decode(encode(scene(7, *size).convert("RGBA"), "PNG"))
    plain = decode(encode(scene(7, *size), "PNG"))
    assert not opaque.alpha
    assert np.array_equal(opaque.luma, plain.luma)
    assert np.array_equal(opaque.chroma, plain.chroma)


@given(arrays(np.uint8, (64, 64)))
@settings(max_examples=30)
def test_detail_is_a_share_and_blind_to_turns(luma: NDArray[np.uint8]) -> None:
    assert 0 <= detail(luma) <= 100
    assert {detail(turn(luma, orientation)) for orientation in range(1, 9)} == {detail(luma)}


@given(st.integers(0, 255))
def test_flat_pictures_have_no_detail(level: int) -> None:
    assert detail(np.full((64, 64), level, np.uint8)) == 0


def test_smooth_light_has_little_detail_and_scenes_have_much() -> None:
    ramp = np.tile(np.arange(0, 256, 4, dtype=np.uint8), (64, 1))
    assert detail(ramp) < MIN_DETAIL
    assert all(decode(encode(scene(seed), "PNG")).detail >= 2 * MIN_DETAIL for seed in range(5))


def test_what_installed_decoders_say() -> None:
    assert decoders().startswith(f"pillow {environment()['pillow']}")
    assert decoders() is decoders()


def test_thumbnails_do_not_depend_on_the_name_or_on_the_run() -> None:
    data = encode(scene(8), "JPEG")
    one, other = decode(data, "a.jpg"), decode(data, "b.dat")
    for field in dataclasses.fields(Thumbnail):
        assert np.array_equal(getattr(one, field.name), getattr(other, field.name)), field.name


def test_real_photos(shared_data: Path) -> None:
    photos = sorted((shared_data / "photos").glob("*.jpg"))[:12]
    assert photos
    for path in photos:
        with Image.open(path) as picture:
            expected = reference(ImageOps.exif_transpose(picture))
        assert off(decode(path.read_bytes(), path.name), expected) < 1


@pytest.mark.parametrize("highest", [255, 4000, 65535])
def test_16_bit_gray_is_the_same_in_every_container(highest: int) -> None:
    levels = (np.asarray(scene(4, 120, 90).convert("L")).astype(np.uint32) * highest // 255).astype(np.uint16)
    pgm = b"P5 120 90 65535\n" + levels.astype(">u2").tobytes()
    thumbnails = [decode(encode(Image.fromarray(levels), format_)).luma for format_ in ("PNG", "TIFF")] + [
        decode(pgm).luma
    ]
    assert np.array_equal(thumbnails[0], thumbnails[1])
    assert np.array_equal(thumbnails[0], thumbnails[2])
    assert abs(int(thumbnails[0].max()) - round(highest / 257)) < 20


@pytest.mark.parametrize("shape", [(1, 300_000), (300_000, 1), (3, 40_000)])
def test_long_thin_pictures_take_little_memory_and_give_the_same_luma(shape: tuple[int, int]) -> None:
    levels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    data = encode(Image.fromarray(levels), "PNG")
    tracemalloc.start()
    luma = decode(data).luma
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 200 * levels.size + 4_000_000  # 64 16-bit sums a row
    exact = levels.astype(np.float64)
    across = exact @ lanczos.weights(shape[1], 1, shape[1], 64).astype(np.float64)
    across = np.floor((across + 8192) / 16384)
    down = lanczos.weights(shape[0], 1, shape[0], 64).astype(np.float64).T @ across
    assert np.array_equal(luma, np.clip(np.floor((down + 8192) / 16384), 0, 255))


def test_a_file_damaged_in_another_way_does_not_end_a_run_that_accepts_truncated_ones() -> None:
    data = bytearray(encode(scene(1, 40, 30), "PNG"))
    at = data.index(b"IDAT")
    length = int.from_bytes(data[at - 4 : at])
    data[at + 4 + length] ^= 255  # its checksum
    chunk = bytes(data[: at + 8 + length]) + b"\0\0\0\4\1\2\3\4abcd" + bytes(data[at + 8 + length :])
    for broken in (bytes(data), chunk):
        with contextlib.suppress(DecodeError):
            assert decode(broken, truncated=True).luma.shape == (64, 64)


def test_planes_are_upright_and_finer_than_the_thumbnail() -> None:
    whole = scene(3, 640, 480)
    turned = Image.Exif()
    turned[0x0112] = 6
    files = [encode(whole, "PNG"), encode(whole.transpose(Image.Transpose.ROTATE_90), quality=95, exif=turned)]
    (luma, chroma), (other, tint) = (decode_planes(data, "", 256) for data in files)
    assert (luma.shape, chroma.shape) == ((256, 256), (8, 8, 2))
    assert luma.dtype == chroma.dtype == np.uint8
    assert np.abs(luma.astype(int) - other).mean() < 4
    assert np.abs(chroma.astype(int) - tint).max() <= 6
    small = decode(files[0])
    means = luma.reshape(64, 4, 64, 4).mean(axis=(1, 3))
    assert np.abs(means - small.luma).mean() < 8
    with pytest.raises(DecodeError):
        decode_planes(files[1][:3000], "", 256)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_picture_to_work_on_is_upright_small_and_in_colour(orientation: int) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    stored = scene(4, 1200, 900)
    data = encode(stored, quality=95, exif=exif.tobytes())
    made = decode_picture(data, "a.jpg", 300)
    with Image.open(io.BytesIO(data)) as opened:
        upright = ImageOps.exif_transpose(opened).convert("RGB")
    assert (made.mode, max(made.size)) == ("RGB", 300)
    assert made.size == tuple(round(length / 4) for length in upright.size)
    expected = np.asarray(upright.resize(made.size, Image.Resampling.LANCZOS)).astype(int)
    assert np.abs(np.asarray(made).astype(int) - expected).mean() < 4
    small = decode_picture(encode(stored.resize((120, 90)), "PNG"), "a.png", 300)
    assert small.size == (120, 90), "what is small stays as it is"


def test_a_picture_to_work_on_has_no_transparency_and_eight_bits() -> None:
    clear = Image.new("RGBA", (40, 30), (0, 0, 0, 0))
    assert decode_picture(encode(clear, "PNG"), "", 100).getpixel((5, 5)) == (255, 255, 255)
    wide = Image.fromarray(np.full((30, 40), 32768, np.uint16))
    assert decode_picture(encode(wide, "PNG"), "", 100).getpixel((5, 5)) == (128, 128, 128)
    with pytest.raises(DecodeError, match="truncated"):
        decode_picture(encode(scene(4), "JPEG")[:2000], "", 100)
