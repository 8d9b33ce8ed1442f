"""The fast hashes against golden vectors, which a reference written from docs/hash-spec.md alone has made."""

import hashlib
import io
import json
import random
import struct
import zlib
from decimal import Decimal, getcontext
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, features

import lookalike
from golden import reference
from golden.make import chosen
from golden.pictures import RULES, picture
from lookalike.decode import decode
from lookalike.hashes import dct, hash_block, lanczos, make_spec
from lookalike.hashes.value import ImageHash
from lookalike.model import HashSpec

VERSION = 1
FILE = Path(__file__).parent / f"fast-v{VERSION}.json"
DIGEST = "c715fcddc835895dcaf136a7d5eb0749fe96fb784e4467b443cb933a5030272b"
VECTORS: list[dict[str, Any]] = json.loads(FILE.read_bytes())
SINGLES = 5
"""Every fifth vector goes through `lookalike.hash_image` for each of its hashes, the others for one in turn."""
EXACT = 2**24
"""Up to here every integer is a 32-bit float."""
ORIENTATION = 0x0112


def vectors_with(key: str) -> list[dict[str, Any]]:
    return [vector for vector in VECTORS if key in vector["hashes"] or key in vector.get("turned", {})]


@cache
def image_of(rule: str, width: int, height: int) -> Image.Image:
    return Image.fromarray(np.array(picture(rule, width, height), np.uint8))


def encoded(image: Image.Image, format_: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()


def which(vector: dict[str, Any]) -> tuple[str, int, int]:
    return vector["rule"], vector["width"], vector["height"]


@cache
def png_of(rule: str, width: int, height: int) -> bytes:
    return encoded(image_of(rule, width, height), compress_level=1)


@cache
def luma_of(rule: str, width: int, height: int) -> NDArray[np.uint8]:
    return decode(png_of(rule, width, height)).luma


def spec_of(key: str) -> HashSpec:
    algorithm, size = key.rsplit("-", 1)
    return make_spec(algorithm, int(size), None, "fast")


def texts(luma: NDArray[np.uint8], key: str) -> list[str]:
    spec = spec_of(key)
    return [str(ImageHash.from_row(row, spec)) for row in hash_block(luma, spec)]


def test_no_vector_has_changed() -> None:
    assert hashlib.sha256(FILE.read_bytes().replace(b"\r\n", b"\n")).hexdigest() == DIGEST, (
        f"{FILE.name} is frozen: hashes stored by users stay what they are. Where a bit has to change, raise "
        "HashSpec.version, write the new vectors into a new file beside this one, and set VERSION and DIGEST here."
    )


def test_the_vectors_are_of_the_version_that_is_in_use() -> None:
    assert HashSpec().version == VERSION, "a new version of the hashes needs vectors of its own: see golden/make.py"
    assert {spec_of(key).version for key in keys()} == {VERSION}


def keys() -> list[str]:
    return [f"{algorithm}-{size}" for algorithm, sizes in reference.SIZES.items() for size in sizes]


def test_the_vectors_are_what_the_rules_promise() -> None:
    assert [which(vector) for vector in VECTORS] == chosen()
    assert {vector["rule"] for vector in VECTORS} == set(RULES)
    assert len(VECTORS) >= 200
    for key in keys():
        assert len(vectors_with(key)) >= 150
        assert len({vector["hashes"].get(key) for vector in VECTORS}) >= (40 if key.endswith("-4") else 60)


def test_every_fast_algorithm_and_size_has_vectors() -> None:
    from lookalike.hashes import ALGORITHMS  # noqa: PLC0415

    fast = {name: set(row.ways["fast"].sizes) for name, row in ALGORITHMS.items() if "fast" in row.ways}
    assert fast == {name: set(sizes) for name, sizes in reference.SIZES.items()}
    assert {name: ALGORITHMS[name].size for name in fast} == {name: sizes[0] for name, sizes in reference.SIZES.items()}


@pytest.mark.parametrize("key", keys())
def test_blocks_of_decoded_thumbnails_give_the_vectors(key: str) -> None:
    vectors = [vector for vector in VECTORS if key in vector["hashes"]]
    got = texts(np.stack([luma_of(*which(vector)) for vector in vectors]), key)
    assert [(which(vector), text) for vector, text in zip(vectors, got, strict=True)] == [
        (which(vector), vector["hashes"][key]) for vector in vectors
    ]


def test_single_images_give_the_vectors() -> None:
    for at, vector in enumerate(VECTORS):
        known = list(vector["hashes"])
        for key in known if at % SINGLES == 0 else [known[at % len(known)]]:
            algorithm, size = key.rsplit("-", 1)
            got = lookalike.hash_image(png_of(*which(vector)), algorithm, size=int(size), decode="fast")
            assert str(got) == vector["hashes"][key], (which(vector), key)


def test_detail_is_that_of_the_vectors() -> None:
    for vector in VECTORS:
        assert decode(png_of(*which(vector))).detail == vector["detail"], which(vector)


@pytest.mark.parametrize("key", ["phash-8", "pdq-16"])
def test_turned_hashes_are_those_of_the_vectors(key: str) -> None:
    vectors = [vector for vector in VECTORS if "turned" in vector]
    assert len(vectors) >= 40
    for vector in vectors:
        got = lookalike.dihedral(png_of(*which(vector)), key.rsplit("-", 1)[0], decode="fast")
        assert [str(one) for one in got] == vector["turned"][key], which(vector)
        assert vector["turned"][key][0] == vector["hashes"][key]


LOSSLESS: list[tuple[str, dict[str, Any]]] = [
    ("BMP", {}),
    ("TIFF", {}),
    ("TIFF", {"compression": "tiff_lzw"}),
    ("WEBP", {"lossless": True, "exact": True}),
]


@pytest.mark.parametrize(("format_", "options"), LOSSLESS, ids=["bmp", "tiff", "tiff-lzw", "webp"])
def test_other_lossless_formats_give_the_same_hashes(format_: str, options: dict[str, Any]) -> None:
    if format_ == "WEBP" and not features.check("webp"):
        pytest.skip("this Pillow has no WebP")
    # Pillow writes no transparency into BMP.
    vectors = [v for v in VECTORS[::4] if not (format_ == "BMP" and image_of(*which(v)).mode == "RGBA")]
    assert len(vectors) > 50
    luma = np.stack([decode(encoded(image_of(*which(vector)), format_, **options)).luma for vector in vectors])
    for key in ("phash-8", "dhash-8", "whash-8", "pdq-16"):
        assert texts(luma, key) == [vector["hashes"][key] for vector in vectors]


def test_transparent_pictures_are_laid_over_white_in_every_vector_of_them() -> None:
    assert {image_of(*which(vector)).mode for vector in VECTORS} == {"L", "RGB", "RGBA"}
    clear, opaque = (decode(png_of(rule, 64, 64)).luma for rule in ("colours-clear", "colours-opaque"))
    assert (clear != opaque).any()
    assert np.array_equal(opaque, decode(png_of("colours", 64, 64)).luma)


def test_the_reference_still_makes_the_vectors() -> None:
    few = [vector for vector in VECTORS if vector["width"] * vector["height"] <= 8000]
    for vector in random.Random().sample(few, 12):
        luma = reference.thumbnail(picture(*which(vector)))
        assert reference.detail(luma) == vector["detail"], which(vector)
        for key, expected in vector["hashes"].items():
            algorithm, size = key.rsplit("-", 1)
            assert reference.hash_of(luma, algorithm, int(size)) == expected, (which(vector), key)
        for key, turned in vector.get("turned", {}).items():
            algorithm, size = key.rsplit("-", 1)
            assert reference.turned_hashes(luma, algorithm, int(size)) == turned, (which(vector), key)


def test_the_turned_hashes_of_the_reference_are_those_of_turned_thumbnails() -> None:
    luma = reference.thumbnail(picture("noise", 64, 64))
    for algorithm, size in (("phash", 8), ("pdq", 16)):
        ways = [reference.hash_of(reference.upright(luma, k), algorithm, size) for k in range(1, 9)]
        assert reference.turned_hashes(luma, algorithm, size) == ways
        assert len(set(ways)) == 8


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("size", [(100, 80), (185, 200)], ids=str)
def test_a_thumbnail_is_turned_upright_as_its_last_step(orientation: int, size: tuple[int, int]) -> None:
    rows = picture("cells", *size)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    luma = decode(encoded(image_of("cells", *size), exif=exif)).luma
    assert luma.tolist() == reference.thumbnail(rows, orientation)


# What the vectors leave out: 16 bits, one bit, palettes, CMYK, JPEG.


def deep_png(colour_type: int, sample: bytes, side: int = 9) -> bytes:
    """Return a flat PNG of 16 bits a channel, which Pillow cannot write in colour."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", side, side, 16, colour_type, 0, 0, 0)
    pixels = zlib.compress((b"\0" + sample * side) * side)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize("level", [0, 1, 128, 129, 255, 256, 385, 386, 511, 32767, 32896, 33023, 65406, 65407, 65535])
def test_levels_of_16_bits(level: int) -> None:
    sample = struct.pack(">H", level)
    assert set(decode(deep_png(0, sample)).luma.ravel().tolist()) == {(2 * level + 257) // 514}
    assert set(decode(deep_png(2, 3 * sample)).luma.ravel().tolist()) == {level // 256}
    assert set(decode(deep_png(4, sample + b"\xff\xff")).luma.ravel().tolist()) == {level // 256}


def test_cmyk_one_bit_and_palettes_become_levels_as_written() -> None:
    levels = picture("noise-rgba", 100, 80)
    inks = Image.fromarray(np.array(levels, np.uint8)).tobytes()
    cmyk = Image.frombytes("CMYK", (100, 80), inks)

    def light(ink: int, black: int) -> int:
        t = ink * (255 - black) + 128
        return reference.clip(255 - black - (((t >> 8) + t) >> 8))

    rows = [
        [tuple(light(ink, pixel[3]) for ink in pixel[:3]) for pixel in row if isinstance(pixel, tuple)]
        for row in levels
    ]
    assert decode(encoded(cmyk, "TIFF")).luma.tolist() == reference.thumbnail(rows)
    two = image_of("noise-two", 100, 80)
    for image, format_ in ((two.convert("1"), "PNG"), (two.convert("P"), "PNG"), (two.convert("P"), "GIF")):
        assert np.array_equal(decode(encoded(image, format_)).luma, luma_of("noise-two", 100, 80))
    hole = two.convert("P")  # index 0 transparent: black becomes white there
    assert decode(encoded(hole, transparency=0)).luma.min() == 255


@pytest.mark.parametrize("quality", [10, 50, 75, 92, 100])
@pytest.mark.parametrize("side", [256, 64])
def test_samples_of_jpeg_are_what_the_constant_coefficients_say(quality: int, side: int) -> None:
    count = side // 8
    tiles = np.arange(count * count).reshape(count, count) % 256
    flat = np.kron(tiles, np.ones((8, 8))).astype(np.uint8)
    data = encoded(Image.fromarray(flat), "JPEG", quality=quality)
    tables: dict[int, list[int]] = getattr(Image.open(io.BytesIO(data)), "quantization", {})
    q = tables[0][0]

    def decoded(level: int) -> int:
        constant = 8 * (level - 128)  # of a flat block; its quantised value is rounded, halves away from zero
        coefficient = (2 * abs(constant) + q) // (2 * q) * (1 if constant > 0 else -1)
        return reference.clip(128 + ((coefficient * q + 4) >> 3))

    if side == 256:
        plane, unit = [[decoded(level) for level in row] for row in tiles.tolist()], 8
    else:
        plane, unit = [[decoded(level) for level in row] for row in flat.tolist()], 1
    assert decode(data).luma.tolist() == reference.resample(plane, (side, side), unit, (64, 64))


# Nothing that is rounded lies near a half, by decimals of 50 digits.

getcontext().prec = 50


@cache
def pi() -> Decimal:
    """Return pi by Machin's formula."""

    def arctan(inverse: int) -> Decimal:
        term = total = Decimal(1) / inverse
        n = 1
        while abs(term) > Decimal(10) ** -49:
            term /= -inverse * inverse
            n += 2
            total += term / n
        return total

    return 4 * (4 * arctan(5) - arctan(239))


@cache
def sine(fraction: Decimal) -> Decimal:
    """Return sin(pi * fraction), by its series; reduced to a quarter turn first."""
    fraction %= 2
    if fraction > 1:
        return -sine(fraction - 1)
    if fraction > Decimal("0.5"):
        fraction = 1 - fraction
    angle = pi() * fraction
    term = total = angle
    n = 1
    while abs(term) > Decimal(10) ** -48:
        term *= -angle * angle / ((n + 1) * (n + 2))
        n += 2
        total += term
    return total


def from_half(value: Decimal) -> Decimal:
    """Return how far a number lies from the nearest half."""
    return abs(value % 1 - (Decimal("0.5") if value > 0 else Decimal("-0.5")))


def test_no_entry_of_the_lanczos_table_lies_near_a_half() -> None:
    def sinc(numerator: int, denominator: int) -> Decimal:
        x = Decimal(numerator) / denominator
        return sine(x) / (pi() * x) if numerator else Decimal(1)

    values = [65536 * sinc(k, 1024) * sinc(k, 3072) for k in range(3073)]
    assert min(from_half(value) for value in values) > Decimal("8e-5")
    assert [int(value.to_integral_value()) for value in values] == reference.kernel() == lanczos.KERNEL.tolist()


@pytest.mark.parametrize(("points", "count"), [(16, 5), (32, 9), (64, 17)])
def test_no_entry_of_the_cosine_tables_lies_near_a_half(points: int, count: int) -> None:
    angles = [[Decimal(u * (2 * x + 1)) / (2 * points) for x in range(points)] for u in range(count)]
    values = [[1024 * sine(angle + Decimal("0.5")) for angle in row] for row in angles]
    assert min(from_half(value) for row in values for value in row) > Decimal("1e-4")
    exact = [[int(value.to_integral_value()) for value in row] for row in values]
    assert exact == [[reference.cosine(u, x, points) for x in range(points)] for u in range(count)]
    assert dct.basis(count, points).astype(int).tolist() == exact


def test_decimals_know_sines() -> None:
    assert abs(pi() - Decimal("3.14159265358979323846264338327950288419716939937510")) < Decimal("1e-45")
    assert abs(sine(Decimal(1) / 6) - Decimal("0.5")) < Decimal("1e-45")
    assert abs(sine(Decimal("0.75")) - Decimal("0.5").sqrt()) < Decimal("1e-45")
    assert from_half(Decimal("-2.499")) == from_half(Decimal("2.501")) == Decimal("0.001")


# Weights

SIDES = (4, 5, 8, 9, 16, 17, 32, 64)
EXTENTS = (1, 2, 3, 5, 7, 8, 9, 31, 63, 64, 65, 100, 127, 129, 183, 184, 191)
WIDE = (185, 192, 193, 199, 200, 257, 511, 512, 513, 640, 1001, 1920, 4001, 7999, 20000)
COMBOS = [
    *((extent, 1, side) for extent in EXTENTS for side in SIDES),
    *((extent, 8, side) for extent in WIDE for side in SIDES),
    *((extent, 1, 64) for extent in (500, 700, 3001, 20000)),
]


def test_weights_are_those_of_the_reference_and_add_up() -> None:
    assert len(COMBOS) > 250
    for extent, unit, side in COMBOS:
        length = -(-extent // unit)
        table = lanczos.weights(extent, unit, length, side)
        assert table.T.tolist() == reference.weights(length, extent, unit, side), (extent, unit, side)
        assert set(table.sum(axis=0, dtype=np.float64).tolist()) == {float(reference.ONE)}


def test_no_sum_of_weights_leaves_the_integers_that_a_float_holds() -> None:
    largest: dict[int, int] = {}
    for extent, unit, side in [*COMBOS, *((extent, 1, 64) for extent in range(1, 400))]:
        table = lanczos.weights(extent, unit, -(-extent // unit), side).astype(np.int64)
        largest[side] = max(largest.get(side, 0), int(np.abs(table).sum(axis=0).max()))
    for across in largest.values():
        first = 255 * across + 8192
        assert first < EXACT
        overshoot = -(-first // reference.ONE)  # what the first pass can leave in size, before the second
        assert overshoot > 255
        for down in largest.values():
            assert overshoot * down + 8192 < EXACT
    cosines = max(int(np.abs(dct.basis(17, points)).sum(axis=1).max()) for points in (16, 32, 64))
    assert 255 * cosines < EXACT


def test_extreme_pictures_reach_the_same_thumbnail() -> None:
    for width, height in ((20000, 1), (1, 20000), (3, 3), (1, 1)):
        luma = decode(encoded(image_of("bars-x-3" if width > 1 else "bars-y-3", width, height))).luma
        rows = picture("bars-x-3" if width > 1 else "bars-y-3", width, height)
        assert luma.tolist() == reference.thumbnail(rows), (width, height)
