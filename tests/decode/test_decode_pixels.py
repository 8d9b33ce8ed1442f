"""All pixels of a file to one digest: equal for the same picture in any container, unequal where anything of it differs."""

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from conftest import encode, scene
from lookalike import decode
from lookalike.decode.pixels import BAND_PIXELS, LOOK_PIXELS
from lookalike.errors import DecodeError, FailureKind
from pixel_files import (
    DEEP,
    EQUAL,
    FEW,
    GRAY,
    PHOTO,
    SRGB,
    TURNS,
    animated,
    changed,
    chunk,
    chunked,
    saved,
    see_through,
    turned,
)


def digest(data: bytes) -> bytes:
    return decode.pixels_of(data).digest


@pytest.mark.parametrize("what", EQUAL)
def test_the_container_does_not_count(what: str) -> None:
    files = [make() for make in EQUAL[what]]
    assert len(set(files)) == len(files) > 1
    assert len({digest(data) for data in files}) == 1


DIFFERENT: dict[str, tuple[Callable[[], bytes], ...]] = {
    "a level": (lambda: encode(PHOTO, "PNG"), lambda: encode(changed(PHOTO), "PNG")),
    "a level of 16 bits": (lambda: encode(DEEP, "PNG"), lambda: encode(changed(DEEP), "PNG")),
    "depth": (lambda: encode(DEEP, "PNG"), lambda: encode(GRAY, "PNG")),
    "depth of black and white": (
        lambda: encode(GRAY.convert("1"), "PNG"), lambda: encode(GRAY.convert("1").convert("L"), "PNG"),
    ),
    "an alpha channel": (lambda: encode(PHOTO, "PNG"), lambda: encode(PHOTO.convert("RGBA"), "PNG")),
    "hidden colours": (lambda: encode(see_through(), "PNG"), lambda: encode(see_through(9), "PNG")),
    "frames": (
        lambda: animated("GIF", FEW, scene(4, 401, 305).quantize(64)), lambda: encode(FEW, "GIF"),
        lambda: animated("GIF", FEW, scene(5, 401, 305).quantize(64)),
    ),
    "later frames of PNG": (
        lambda: animated("PNG", PHOTO, changed(PHOTO)), lambda: animated("PNG", PHOTO, scene(5, 401, 305)),
        lambda: animated("PNG", PHOTO, scene(5, 401, 305), PHOTO),
    ),
    "later pictures of MPO": (
        lambda: animated("MPO", PHOTO, scene(4, 90, 60)), lambda: animated("MPO", PHOTO, scene(5, 90, 60)),
        lambda: animated("MPO", PHOTO, scene(4, 60, 90)), lambda: encode(PHOTO),
    ),
    "pages": (lambda: animated("TIFF", PHOTO, PHOTO), lambda: encode(PHOTO, "TIFF")),
    "profiles": (
        lambda: encode(PHOTO, "PNG", icc_profile=b"another profile"), lambda: encode(PHOTO, "PNG"),
        lambda: encode(PHOTO, "PNG", icc_profile=b"one profile"),
    ),
    "gamma and primaries": (
        *saved(PHOTO, "PNG"), lambda: chunked(gAMA=100000), lambda: chunked(gAMA=45455, cHRM=(*SRGB[:6], 21000, 71000)),
    ),
    "shape": (
        lambda: encode(Image.new("L", (40, 30), 255), "PNG"), lambda: encode(Image.new("L", (30, 40), 255), "PNG"),
        lambda: encode(Image.new("RGB", (20, 20), 255), "PNG"),
    ),
    "a pixel of a large white page": (
        lambda: encode(Image.new("RGB", (2000, 2000), "white"), "PNG"),
        lambda: encode(changed(Image.new("RGB", (2000, 2000), "white")), "PNG"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", DIFFERENT)
def test_everything_else_does(what: str) -> None:
    files = [make() for make in DIFFERENT[what]]
    assert len({digest(data) for data in files}) == len(files) > 1


def test_metadata_do_not_count_beside_the_same_scan_data() -> None:
    photo = encode(PHOTO, quality=90)
    comment = photo[:2] + b"\xff\xfe\0\x09comment" + photo[2:]
    assert digest(comment) == digest(photo)
    tags = Image.Exif()
    tags[0x010E] = "a description"
    assert digest(encode(PHOTO, quality=90, exif=tags)) == digest(photo) != digest(encode(PHOTO, quality=91))
    both = [animated("MPO", PHOTO, scene(4, 90, 60)), animated("MPO", PHOTO, scene(4, 90, 60), exif=tags.tobytes())]
    assert both[0] != both[1]
    assert digest(both[0]) == digest(both[1])


@pytest.mark.parametrize("size", [(1, 1), (3, LOOK_PIXELS), (LOOK_PIXELS + 7, 3), (BAND_PIXELS // 1000, 1500)])
def test_bands_of_any_shape_hold_all_rows(size: tuple[int, int]) -> None:
    for page in (Image.new("RGB", size, (9, 8, 7)), Image.new("RGB", size, (9, 9, 9))):
        last = page.copy()
        last.putpixel((size[0] - 1, size[1] - 1), (9, 8, 9))
        assert digest(encode(page, "PNG")) == digest(encode(page, "BMP")) != digest(encode(last, "PNG"))
    assert digest(encode(page.convert("L"), "PNG")) == digest(encode(page, "PNG"))


@pytest.mark.parametrize("orientation", TURNS)
@pytest.mark.parametrize("size", [(401, 305), (130, 77)])
def test_the_luma_of_what_is_turned_is_that_of_an_upright_file(orientation: int, size: tuple[int, int]) -> None:
    upright = scene(5, *size)
    luma = decode.pixels_of(turned(upright, orientation)).luma
    assert luma is not None
    assert np.array_equal(luma, decode.decode(encode(upright, "PNG")).luma)
    assert decode.pixels_of(encode(upright, "PNG")).luma is None


def deep_colour() -> bytes:
    """Return a PNG of 16 bits a channel, of which Pillow hands over 8."""
    rows = np.random.default_rng(1).integers(0, 1 << 16, (30, 40, 3)).astype(">u2")
    packed = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    header = struct.pack(">IIBBBBB", 40, 30, 16, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def bomb() -> bytes:
    return animated("GIF", *(Image.new("L", (100, 100), level) for level in range(12)))


def tiny_frames() -> bytes:
    return animated("GIF", *(Image.new("L", (1, 1), level) for level in range(250)))


def cut_in_the_last_frame(format_: str) -> bytes:
    data = animated(format_, FEW, scene(4, 401, 305).quantize(64), scene(5, 401, 305).quantize(64))
    return data[: -len(data) // 6]


def with_profile() -> bytes:
    """Return a BMP whose header, of the fifth version, says that a profile follows."""
    old = encode(PHOTO.resize((100, 90)), "BMP")
    header = old[18:54] + bytes(16) + b"DEBM" + bytes(64)
    return old[:10] + struct.pack("<II", 138, 124) + header + old[54:]


REFUSED: list[tuple[Callable[[], bytes], FailureKind, str]] = [
    (deep_colour, "unsupported", "16 bits per channel of which 8"),
    (lambda: encode(scene(2, 64, 64), "ICO"), "unsupported", "ICO"),
    (with_profile, "unsupported", "profile"),
    (lambda: b"P6\n4 4\n100\n" + bytes(range(48)), "unsupported", "scaled"),
    (bomb, "limit", "all frames than the limit of 100,000"),
    (tiny_frames, "limit", "all frames than the limit of 1,000,000"),
    (lambda: cut_in_the_last_frame("GIF"), "damaged", ""),
    (lambda: cut_in_the_last_frame("PNG"), "damaged", ""),
    (lambda: cut_in_the_last_frame("WEBP"), "damaged", ""),
    (lambda: encode(PHOTO.resize((100, 90)))[:-900], "damaged", "truncated"),
    (lambda: b"", "damaged", "empty"),
]


@pytest.mark.parametrize(("make", "kind", "reason"), REFUSED)
def test_what_is_not_decoded_as_a_whole_has_no_digest(make: Callable[[], bytes], kind: str, reason: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode.pixels_of(make(), max_pixels=100_000 if make is bomb else 10**6)
    assert caught.value.kind == kind
    assert reason in caught.value.reason


def test_avif_of_more_than_8_bits_is_refused() -> None:
    plain = encode(scene(2, 64, 64), "AVIF")
    at = plain.index(b"av1C") + 6
    assert len(digest(plain)) == 32
    with pytest.raises(DecodeError, match="AVIF"):
        decode.pixels_of(plain[:at] + bytes([plain[at] | 0x40]) + plain[at + 1 :])


def test_a_transparent_index_that_no_pixel_uses_is_no_channel() -> None:
    data = encode(FEW, "GIF", transparency=200)
    with Image.open(io.BytesIO(data)) as opened:
        assert "transparency" in opened.info
    assert digest(data) == digest(encode(FEW, "BMP"))
