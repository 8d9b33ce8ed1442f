"""What the fast decoding says of a picture beside its thumbnail, and what it does with damaged and hostile files."""

import importlib.util
import io
import random
import struct
import threading
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageFile

from conftest import encode, scene
from lookalike.decode import decode, is_truncated, opened
from lookalike.errors import DecodeError
from lookalike.model import Thumbnail

PICTURE = scene(11, 96, 64)
FRAMES = [scene(seed, 96, 64) for seed in range(3)]


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_header(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))


def switches() -> tuple[int | None, bool, list[object]]:
    """Return the settings of this process that a decode must leave as they were."""
    return Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, list(warnings.filters)


def failure(data: bytes, name: str = "", *, truncated: bool = False, max_pixels: int = 10**8) -> DecodeError:
    with pytest.raises(DecodeError) as caught:
        decode(data, name, truncated=truncated, max_pixels=max_pixels)
    assert "\n" not in caught.value.reason
    assert " at 0x" not in caught.value.reason
    return caught.value


@pytest.mark.parametrize("format_", ["GIF", "PNG", "WEBP", "TIFF", "AVIF"])
def test_frames_are_counted_and_the_first_is_shown(format_: str) -> None:
    options = {"lossless": True} if format_ == "WEBP" else {}
    thumbnail = decode(encode(FRAMES[0], format_, save_all=True, append_images=FRAMES[1:], **options))
    alone = decode(encode(FRAMES[0], format_, **options))
    assert thumbnail.frames == 3
    assert alone.frames == 1
    assert np.abs(thumbnail.luma.astype(int) - alone.luma).mean() < 4


def test_the_second_picture_of_an_mpo_is_a_frame() -> None:
    thumbnail = decode(encode(FRAMES[0], "MPO", save_all=True, append_images=FRAMES[1:2]))
    assert (thumbnail.format, thumbnail.frames) == ("MPO", 2)
    assert not thumbnail.lossless


@pytest.mark.parametrize(
    ("mode", "format_", "depth"),
    [("1", "PNG", 1), ("L", "PNG", 8), ("P", "PNG", 8), ("RGB", "PNG", 8), ("RGB", "JPEG", 8), ("1", "TIFF", 1)],
)
def test_depth(mode: str, format_: str, depth: int) -> None:
    assert decode(encode(PICTURE.convert(mode), format_)).depth == depth


def test_depth_of_16_bit_colour_that_pillow_reduces_to_8() -> None:
    rows = np.zeros((64, 96, 3), ">u2")
    rows[..., 0] = np.linspace(0, 65535, 96)
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    header = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 96, 64, 16, 2, 0, 0, 0))
    thumbnail = decode(header + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b""))
    assert (thumbnail.depth, thumbnail.colour, thumbnail.lossless) == (16, True, True)


def test_alpha_is_a_fact_of_the_pixels_not_of_the_mode() -> None:
    opaque = PICTURE.convert("RGBA")
    assert not decode(encode(opaque, "PNG")).alpha
    opaque.putpixel((5, 5), (1, 2, 3, 254))
    assert decode(encode(opaque, "PNG")).alpha


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("size", [(480, 360), (96, 64)])
def test_colour_is_a_fact_of_the_pixels_not_of_the_mode(format_: str, size: tuple[int, int]) -> None:
    gray = scene(12, *size).convert("L").convert("RGB")
    assert not decode(encode(gray, format_)).colour
    patch = size[0] // 8
    gray.paste((200, 40, 40), (0, 0, patch, patch))
    assert decode(encode(gray, format_)).colour


def test_quality_and_lossless() -> None:
    jpeg, png = decode(encode(PICTURE, quality=71)), decode(encode(PICTURE, "PNG"))
    assert (jpeg.quality, jpeg.lossless, jpeg.format) == (71, False, "JPEG")
    assert (png.quality, png.lossless, png.format) == (None, True, "PNG")
    assert decode(encode(PICTURE, "WEBP", lossless=True)).lossless
    assert not decode(encode(PICTURE, "WEBP")).lossless


def test_exif_facts() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Canon"
    exif[ExifTags.Base.Orientation] = 6
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2019:07:04 12:30:59"
    thumbnail = decode(encode(PICTURE, exif=exif))
    assert thumbnail.captured == "2019-07-04 12:30:59"
    assert (thumbnail.exif["make"], thumbnail.exif["orientation"]) == ("Canon", 6)
    assert "captured" not in thumbnail.exif
    assert decode(encode(PICTURE)).captured is None


def test_the_pixel_limit_is_inclusive_and_says_the_size() -> None:
    data = encode(PICTURE, "PNG")
    assert decode(data, max_pixels=96 * 64).width == 96
    error = failure(data, max_pixels=96 * 64 - 1)
    assert (error.kind, error.size) == ("limit", (96, 64))
    assert "96x64" in error.reason


@pytest.mark.parametrize("side", [14_000, 30_000, 2**31 - 1])
def test_a_bomb_is_refused_by_its_header(side: int) -> None:
    error = failure(png_header(side, side) + chunk(b"IDAT", zlib.compress(bytes(1000))))
    assert error.kind == "limit"
    assert str(side) in error.reason


def test_a_limit_above_that_of_pillow_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    assert decode(encode(PICTURE, "PNG")).width == 96


def test_an_image_inside_an_image_has_the_limit_too() -> None:
    inner = png_header(50_000, 50_000) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    icon = struct.pack("<HHHBBBBHHII", 0, 1, 1, 16, 16, 0, 0, 1, 32, len(inner), 22) + inner
    assert failure(icon, "a.ico").kind in ("limit", "damaged")


def test_a_text_chunk_that_swells_is_refused() -> None:
    text = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(100_000_000)))
    whole = encode(PICTURE, "PNG")
    assert failure(whole[:33] + text + whole[33:]).kind in ("limit", "damaged")


@pytest.mark.parametrize("truncated", [False, True])
def test_an_empty_file(truncated: bool) -> None:
    error = failure(b"", "a.jpg", truncated=truncated)
    assert (error.kind, error.reason) == ("damaged", "the file is empty")


@pytest.mark.parametrize("data", [b"hello, world\n" * 10, b"\0" * 200, b"%PDF-1.7\n%\xe2\xe3", b"<svg/>", b"\xff"])
def test_what_is_no_image(data: bytes) -> None:
    error = failure(data, "a.png")
    assert error.kind == "damaged"
    assert "not an image" in error.reason


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF"])
def test_a_lone_header_says_what_it_starts_like(format_: str) -> None:
    error = failure(encode(PICTURE, format_)[:12], "a.jpg")
    assert error.kind == "damaged"


@pytest.mark.skipif(importlib.util.find_spec("pi_heif") is not None, reason="the decoder is installed")
@pytest.mark.parametrize("brand", [b"heic", b"heix", b"mif1"])
def test_heic_without_its_decoder_names_the_extra(brand: bytes) -> None:
    error = failure(b"\0\0\0\x18ftyp" + brand + b"\0\0\0\0mif1heic" + bytes(200), "a.heic")
    assert error.kind == "unsupported"
    assert error.reason == "HEIF needs a decoder: pip install 'lookalike[formats]'"


@pytest.mark.skipif(importlib.util.find_spec("pillow_jxl") is not None, reason="the decoder is installed")
def test_jpeg_xl_without_its_decoder_names_the_extra() -> None:
    error = failure(b"\xff\x0a" + bytes(100), "a.jxl")
    assert (error.kind, "lookalike[jxl]" in error.reason) == ("unsupported", True)


@pytest.mark.parametrize(
    ("format_", "at", "change", "reason"),
    [
        ("DDS", 80, b"\4\0\0\0ABCD", "Unimplemented pixel format"),
        ("BLP", 8, b"\x09", "Unknown BLP encoding"),
    ],
)
def test_pixels_of_a_kind_that_the_decoder_does_not_know_are_unsupported_and_not_damaged(
    format_: str, at: int, change: bytes, reason: str
) -> None:
    data = bytearray(encode(PICTURE.convert("P") if format_ == "BLP" else PICTURE, format_))
    assert isinstance(decode(bytes(data), f"a.{format_}"), Thumbnail)
    data[at : at + len(change)] = change
    error = failure(bytes(data), f"a.{format_}")
    assert error.kind == "unsupported"
    assert error.reason.startswith(reason)


def test_camera_raw_is_unsupported() -> None:
    assert failure(encode(PICTURE, "TIFF"), "a.nef").kind == "unsupported"


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "GIF", "TIFF", "BMP"])
def test_a_truncated_file_is_refused_unless_it_is_accepted(format_: str) -> None:
    whole = encode(scene(13), format_)
    cut = whole[: len(whole) * 2 // 3]
    error = failure(cut)
    assert (error.kind, error.truncated) == ("damaged", True)
    accepted = decode(cut, truncated=True)
    assert accepted.truncated
    assert (accepted.width, accepted.height) == (480, 360)
    if format_ in ("JPEG", "PNG", "TIFF"):  # which hold rows from the top, of about equal size here
        top = decode(whole).luma[:32].astype(int)
        assert np.abs(accepted.luma[:32] - top).mean() < 6
    assert not decode(whole, truncated=True).truncated


def test_damage_that_is_no_truncation_is_never_called_so() -> None:
    whole = bytearray(encode(scene(13), "PNG"))
    whole[len(whole) // 2] ^= 0xFF
    assert not failure(bytes(whole)).truncated


WRITERS = ["JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP", "ICO", "ICNS", "PPM", "QOI", "TGA", "DDS", "SGI", "PCX", "JPEG2000",
           "AVIF", "MPO"]  # fmt: skip
SEEDS = {
    **{format_: encode(PICTURE, format_) for format_ in WRITERS},
    "P": encode(PICTURE.quantize(16), "PNG", transparency=3),
    "animation": encode(FRAMES[0], "GIF", save_all=True, append_images=FRAMES[1:]),
    "APNG": encode(FRAMES[0], "PNG", save_all=True, append_images=FRAMES[1:]),
    "LZW": encode(PICTURE, "TIFF", compression="tiff_lzw"),
    "JPEG in TIFF": encode(PICTURE, "TIFF", compression="jpeg"),
    "float": encode(Image.fromarray(np.linspace(0, 1, 6144, dtype=np.float32).reshape(64, 96)), "TIFF"),
}


@given(kind=st.sampled_from(sorted(SEEDS)), seed=st.integers(0, 2**32), accept=st.booleans())
@settings(deadline=None, max_examples=300)
def test_a_damaged_file_is_a_picture_or_a_failure_and_nothing_else(kind: str, seed: int, accept: bool) -> None:
    chance = random.Random(seed)
    data = bytearray(SEEDS[kind])
    for _ in range(chance.choice([1, 1, 3, 20])):
        at = chance.randrange(min(len(data), chance.choice([64, 400, len(data)])))
        data[at] = chance.choice([0, 255, data[at] ^ 1 << chance.randrange(8), chance.randrange(256)])
    if chance.random() < 0.3:
        del data[chance.randrange(len(data)) :]
    before = switches()
    found: Thumbnail | DecodeError
    try:
        found = decode(bytes(data), "a.tga" if kind == "TGA" else "", truncated=accept, max_pixels=10**6)
    except DecodeError as error:
        found = error
    if isinstance(found, DecodeError):
        assert found.kind in ("damaged", "limit", "unsupported")
        assert 0 < len(found.reason) <= 200
    else:
        assert found.luma.shape == (64, 64)
        assert found.frames >= 1
        assert found.width * found.height <= 10**6
    assert switches() == before


def test_pillow_knows_nothing_of_us_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 123_456)
    before = switches()
    assert before[:2] == (123_456, False)
    assert isinstance(decode(encode(PICTURE, "PNG"), max_pixels=10**6, truncated=True), Thumbnail)
    assert switches() == before
    whole = encode(PICTURE, "PNG")
    for data in (whole[:-5000], b"", b"hello", whole[:40], b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", b"short"), whole):
        for truncated in (False, True):
            failure(data, truncated=truncated, max_pixels=10)
            assert switches() == before
    with Image.open(io.BytesIO(whole)) as image:
        assert image.size == (96, 64)


def test_threads_that_want_the_same_of_pillow_decode_side_by_side() -> None:
    before, data = switches(), encode(PICTURE, "PNG")
    inside = threading.Barrier(2, timeout=30)

    def look() -> tuple[int, int]:
        with opened(data, "", truncated=False, max_pixels=10**6) as image:
            inside.wait()  # broken if the other has to wait for this one to be done
            return image.size

    with ThreadPoolExecutor(2) as threads:
        assert [found.result() for found in [threads.submit(look) for _ in range(2)]] == [(96, 64)] * 2
    assert switches() == before


@pytest.mark.parametrize("other", [{"truncated": True, "max_pixels": 10**6}, {"truncated": False, "max_pixels": 10**9}])
def test_threads_that_want_something_else_of_pillow_wait(other: dict[str, int]) -> None:
    before, data, done = switches(), encode(PICTURE, "PNG"), threading.Event()

    def accept() -> bool:
        with opened(data, "", truncated=bool(other["truncated"]), max_pixels=other["max_pixels"]):
            return done.is_set()

    with ThreadPoolExecutor(1) as threads:
        with opened(data, "", truncated=False, max_pixels=10**6) as image:
            waiting = threads.submit(accept)
            assert not done.wait(0.1)  # long enough for the other to come in, were it let in
            assert not ImageFile.LOAD_TRUNCATED_IMAGES
            assert Image.MAX_IMAGE_PIXELS == 10**6
            image.load()
            done.set()
        assert waiting.result(30), "it came in while this one was inside"
    assert switches() == before


def test_a_bomb_is_named_by_its_size_while_another_thread_decodes() -> None:
    bomb = png_header(30_000, 20_000) + chunk(b"IDAT", zlib.compress(bytes(1000)))
    with ThreadPoolExecutor(1) as threads, opened(encode(PICTURE, "PNG"), "", truncated=False, max_pixels=10**6):
        error = threads.submit(failure, bomb, max_pixels=10**6).result(30)
    assert (error.kind, error.size) == ("limit", (30_000, 20_000))
    assert error.reason == "30000x20000 pixels, more than the limit of 1,000,000"


def test_what_cannot_be_decoded_for_want_of_memory_is_not_called_truncated() -> None:
    assert not is_truncated(png_header(2**31 - 1, 1) + chunk(b"IDAT", zlib.compress(bytes(1000))))
