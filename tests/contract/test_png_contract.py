"""The PNG kernel against Pillow on the same files: what the kernel accepts is equal, to the level."""

import itertools
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from conftest import encode, scene
from lookalike import decode
from lookalike.decode import thumbnails
from lookalike.decode.png import inflate
from lookalike.errors import DecodeError
from lookalike.hashes import lanczos
from lookalike.model import MAX_PIXELS

if TYPE_CHECKING:
    from lookalike._native import Planes

native = pytest.importorskip("lookalike._native", reason="installed without kernels")
DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
KINDS = [(colour, depth) for colour, depths in DEPTHS.items() for depth in depths]
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
MIXED = 5


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def filtered(rows: NDArray[np.uint8], step: int, kind: int) -> bytes:
    """Apply a filter, or all in turn, by the definition in the standard."""
    wide = np.pad(rows.astype(np.int16), ((1, 0), (step, 0)))
    left, upper, corner = wide[1:, :-step], wide[:-1, step:], wide[:-1, :-step]
    near = np.abs(np.stack([upper - corner, left - corner, left + upper - 2 * corner])).argmin(axis=0)
    guesses = [0 * left, left, upper, (left + upper) // 2, np.choose(near, [left, upper, corner])]
    types = np.arange(len(rows)) * 3 % 5 if kind == MIXED else np.full(len(rows), kind)
    lines = [[type_, *((rows[y] - guesses[type_][y]) % 256)] for y, type_ in enumerate(types)]
    return np.array(lines, np.uint8).tobytes()


def png(
    width: int, height: int, colour: int, depth: int, *, filter_: int = MIXED, extra: bytes = b"", seed: int = 0,
    parts: int = 1, tail: bytes = b"", opaque: bool = False,
) -> bytes:  # fmt: skip
    """Write a PNG of noise over a gradient; `extra` comes before the pixels, `tail` after them."""
    random = np.random.default_rng([seed, width, height, colour, depth])
    step = max(1, CHANNELS[colour] * depth // 8)
    size = (width * CHANNELS[colour] * depth + 7) // 8
    rows = (np.arange(height)[:, np.newaxis] + np.arange(size) + random.integers(0, 90, (height, size))).astype(
        np.uint8
    )
    if opaque:
        rows[:, CHANNELS[colour] - 1 :: CHANNELS[colour]] = 255
    packed = zlib.compress(filtered(rows, step, filter_), 1)
    cuts = [len(packed) * i // parts for i in range(parts + 1)]
    palette = b""
    if colour == 3:
        palette = chunk(b"PLTE", random.integers(0, 256, 3 << depth, np.uint8).tobytes())
    return b"".join([
        b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)), palette,
        extra, *(chunk(b"IDAT", packed[a:b]) for a, b in itertools.pairwise(cuts)), tail, chunk(b"IEND", b""),
    ])  # fmt: skip


def read_png(data: bytes, max_pixels: int) -> "Planes | None":
    """Return what the kernel makes of a file; None where it leaves that to Pillow."""
    inflated = inflate(data, max_pixels)
    return None if inflated is None else native.png_picture(data, inflated, max_pixels)


def compare(data: bytes) -> bool:
    """Return whether the kernel takes a file; whatever it takes must equal Pillow's."""
    found = read_png(data, MAX_PIXELS)
    if found is None:
        return False
    width, height, unit, luma, cb, cr, chroma_width, chroma_height, orientation, exif, exif_size, alpha, depth = found
    with (
        pytest.MonkeyPatch.context() as patch,
        decode.opened(data, "a.png", truncated=False, max_pixels=MAX_PIXELS) as image,
    ):
        patch.setattr(thumbnails, "IS_COMPILED", False)
        expected = thumbnails.thumbnail(image, data)
    small = lanczos.shrink(luma, (width, height), unit, 64)
    chroma, colour = np.full((8, 8, 2), 128, np.uint8), False
    if cb is not None and cr is not None:
        planes = Image.merge("YCbCr", [Image.fromarray(plane) for plane in (cb, cb, cr)])
        box = (0.0, 0.0, chroma_width, chroma_height)
        chroma = np.array(planes.resize((8, 8), Image.Resampling.BOX, box))[..., 1:]
        colour = max(abs(int(level) - 128) for level in (cb.min(), cb.max(), cr.min(), cr.max())) > 3
    with decode.opened(data, "a.png", truncated=False, max_pixels=MAX_PIXELS) as image:
        gray = thumbnails._flatten(image)[1].convert("L")
        plane = thumbnails.block_means(gray) if unit == 8 else np.asarray(gray)
    assert np.array_equal(luma, plane)
    assert np.array_equal(thumbnails.turn(small, orientation), expected.luma)
    assert np.array_equal(thumbnails.turn(chroma, orientation), expected.chroma)
    assert thumbnails.upright_size(width, height, orientation) == (expected.width, expected.height)
    assert (alpha, depth, colour) == (expected.alpha, expected.depth, expected.colour)
    assert expected.exif.get("orientation", 1) == orientation
    assert (exif_size > 0) >= ("tags" in expected.exif)
    assert not exif_size or data[exif - 4 : exif] == b"eXIf"
    (made,) = decode.decode_all([data], max_pixels=MAX_PIXELS)
    assert made is not None
    assert np.abs(made.chroma.astype(int) - expected.chroma).max() <= 1
    for name in set(type(made).__slots__) - {"chroma"}:
        assert np.array_equal(getattr(made, name), getattr(expected, name)), name
    return True


@pytest.mark.parametrize("filter_", range(6))
@pytest.mark.parametrize(("colour", "depth"), KINDS)
def test_every_kind_and_filter(colour: int, depth: int, filter_: int) -> None:
    for width, height in ((37, 23), (201, 190)):
        assert compare(png(width, height, colour, depth, filter_=filter_))
        assert compare(png(width, height, colour, depth, filter_=filter_, parts=7, opaque=colour > 3))


@pytest.mark.parametrize("colour", [0, 2, 3, 4, 6])
def test_sizes_around_the_edges_of_blocks(colour: int) -> None:
    for width, height in itertools.product(range(1, 18), (1, 2, 7, 8, 9, 17)):
        assert compare(png(width, height, colour, 8))
    for width, height in itertools.product((184, 185, 191, 192, 193), repeat=2):
        assert compare(png(width, height, colour, 8))


@pytest.mark.parametrize(
    ("colour", "depth", "content", "taken"),
    [
        (0, 1, b"\0\1", True), (0, 1, b"\0\0", True), (0, 8, b"\0\x40", True), (0, 8, b"\0\xff", True),
        (0, 8, b"\1\x40", False), (0, 4, b"\0\1", False), (0, 16, b"\0\1", False), (2, 16, b"\0\1" * 3, False),
        (2, 8, b"\0\x40\0\x41\0\x42", True), (2, 8, b"\0\x40\0\x41", False), (6, 8, b"\0", False),
        (3, 8, b"\0", True), (3, 8, b"\xff\0\xff", True), (3, 8, bytes(range(200)), True), (3, 4, b"\xff" * 16, True),
        (3, 2, b"\x80\0\xff\x10", True), (3, 1, b"\0\0\0", False), (3, 8, b"", False), (3, 8, b"\0\xff\n", False),
    ],
)  # fmt: skip
def test_transparent_levels(colour: int, depth: int, content: bytes, taken: bool) -> None:
    for size in ((60, 50), (200, 190)):
        assert compare(png(*size, colour, depth, extra=chunk(b"tRNS", content))) == taken


def test_pictures_of_pillow_and_their_orientation() -> None:
    exif = Image.Exif()
    for orientation in range(1, 9):
        exif[274] = orientation
        exif[271] = "maker"
        assert compare(encode(scene(orientation, 260, 210), "PNG", exif=exif))
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
        assert compare(encode(scene(1).convert("L").convert(mode) if mode == "I;16" else scene(1).convert(mode), "PNG"))


@pytest.mark.parametrize(
    "extra",
    [
        chunk(b"acTL", bytes(8)), chunk(b"IHDR", bytes(13)), chunk(b"ABCD", b""), chunk(b"gAMA", b"\0"),
        chunk(b"tEXt", b"transparency\0x"), chunk(b"tEXt", b"Raw profile type exif\0x"),
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0<x/>"), chunk(b"zTXt", b"a:b\0\1"), chunk(b"eXIf", b"MM\0*\0\0\0\1"),
        chunk(b"iCCP", b"name\0\0" + zlib.compress(bytes(1 << 21))), b"\0\0\0\0tIME\0\0\0\0", chunk(b"PLTE", b"") * 2,
    ],
)  # fmt: skip
def test_what_is_declined(extra: bytes) -> None:
    assert not compare(png(30, 20, 3, 8, extra=extra))


def test_ordinary_chunks_are_taken() -> None:
    profile = chunk(b"iCCP", b"name\0\0" + zlib.compress(bytes(5000)))
    words = chunk(b"tEXt", b"Software\0x") + chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"y"))
    plain = chunk(b"gAMA", bytes(4)) + chunk(b"pHYs", bytes(9)) + chunk(b"tIME", bytes(7))
    assert compare(png(30, 20, 2, 8, extra=profile + words + plain, tail=chunk(b"tEXt", b"date:create\0x")))


def test_an_index_without_an_entry_is_declined() -> None:
    data = png(30, 20, 3, 8)
    at = data.index(b"PLTE") - 4
    assert not compare(data[:at] + chunk(b"PLTE", bytes(30)) + data[at + 12 + 768 :])


@pytest.mark.parametrize(("colour", "depth"), KINDS)
def test_cut_and_changed_files(colour: int, depth: int) -> None:
    data = png(40, 30, colour, depth, parts=2)
    for end in range(0, len(data), 41):
        assert not compare(data[:end])
    random = np.random.default_rng(depth)
    taken = 0
    for _ in range(300):
        changed = bytearray(data)
        changed[random.integers(8, len(data) if random.integers(2) else 60)] ^= 1 << random.integers(8)
        taken += compare(bytes(changed))
    assert taken < 300


def test_the_limit_of_pixels() -> None:
    data = png(30, 20, 2, 8)
    assert read_png(data, 600) is not None
    assert read_png(data, 599) is None


def test_pixels_are_not_more_than_the_data_can_hold() -> None:
    data = bytearray(png(30, 20, 0, 8))
    data[16:24] = struct.pack(">II", 100_000, 10_000)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    assert read_png(bytes(data), 1 << 62) is None


def test_real_files(shared_data: Path) -> None:
    taken = 0
    for path in sorted(shared_data.rglob("*")):
        if path.is_file() and path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n":
            try:
                taken += compare(path.read_bytes())
            except DecodeError as error:
                pytest.fail(f"{path.name} is taken, and Pillow says: {error}")
    assert taken > 10


@pytest.mark.parametrize("size", [(1, 1), (7, 9), (184, 300), (185, 191), (193, 450), (2000, 192)])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_planes_of_pixels(size: tuple[int, int], mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(size).integers(0, 256, (size[1], size[0], 3), np.uint8)
    for image in (Image.fromarray(noise).convert(mode), scene(3, *size).convert(mode)):
        blocks = -(-min(size) // 8) >= 24
        found = thumbnails._planes(image, size, 1, blocks=blocks)
        with monkeypatch.context() as patch:
            patch.setattr(thumbnails, "IS_COMPILED", False)
            expected = thumbnails._planes(image, size, 1, blocks=blocks)
        assert np.array_equal(found[0], expected[0])
        assert np.array_equal(found[1], expected[1])
        assert found[2] == expected[2]
