"""The table of hashes, and every hash in blocks: against slow ones, against the usual ones, and against imagehash."""

import math
import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import imagehash
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image

from conftest import encode, scene
from hash_pictures import outcome, read, samples
from lookalike import bits
from lookalike.decode import decode, turn
from lookalike.errors import UsageError
from lookalike.hashes import (
    ALGORITHMS,
    Way,
    algorithm,
    default_radius,
    hash_block,
    hash_picture,
    lanczos,
    make_spec,
    way,
)
from lookalike.hashes import dct as dct_hashes
from lookalike.hashes.luma import FILTERS
from lookalike.hashes.table import ANY_SIZE
from lookalike.model import HashSpec

SIZES = (4, 8, 16)
ORIENTATIONS = range(1, 9)
THEIRS: Any = imagehash
PHOTOS = 100
FAST = [
    make_spec(name, size, None, "fast")
    for name, row in ALGORITHMS.items()
    if "fast" in row.ways
    for size in row.ways["fast"].sizes
]
WAYS = [(name, decoding) for name, row in ALGORITHMS.items() for decoding in row.ways]
COSINES = [
    [round(1024 * math.cos(math.pi * frequency * (2 * position + 1) / 128)) for position in range(64)]
    for frequency in range(17)
]

fast_specs = pytest.mark.parametrize("spec", FAST, ids=lambda spec: spec.id)


def slow_coefficients(luma: NDArray[np.uint8], count: int) -> list[list[int]]:
    """Return the low frequencies of one thumbnail by the definition, in Python integers; rows: vertical frequency."""
    pixels = luma.tolist()
    across = [[sum(a * b for a, b in zip(COSINES[v], row, strict=True)) for v in range(count)] for row in pixels]
    return [[sum(COSINES[u][y] * across[y][v] for y in range(64)) for v in range(count)] for u in range(count)]


def slow_phash(luma: NDArray[np.uint8], size: int) -> list[bool]:
    """Return the bits of one thumbnail by the definition, in Python integers."""
    values = [value for row in slow_coefficients(luma, size) for value in row]
    ordered = sorted(values)
    middle = ordered[len(ordered) // 2 - 1] + ordered[len(ordered) // 2]
    return [2 * value > middle for value in values]


def bits_of(luma: NDArray[np.uint8], spec: HashSpec) -> list[bool]:
    row: list[bool] = bits.unpack(hash_block(luma[np.newaxis], spec), spec.bits)[0].tolist()
    return row


def noise(seed: int, *shape: int) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


lumas = st.one_of(
    arrays(np.uint8, (64, 64)),
    st.integers(0, 2**32).map(lambda seed: noise(seed, 64, 64)),
    st.integers(0, 500).map(lambda seed: np.asarray(scene(seed, 64, 64).convert("L"))),
)


# Decoding fast, on thumbnails


@given(luma=lumas, size=st.sampled_from(SIZES))
@settings(deadline=None, max_examples=60)
def test_phash_is_the_slow_one_to_the_bit(luma: NDArray[np.uint8], size: int) -> None:
    assert bits_of(luma, HashSpec(size=size)) == slow_phash(luma, size)


@pytest.mark.parametrize("level", [0, 1, 127, 255])
@pytest.mark.parametrize("size", SIZES)
def test_flat_pictures_give_the_slow_one_s_bits_too(level: int, size: int) -> None:
    flat = np.full((64, 64), level, np.uint8)
    assert bits_of(flat, HashSpec(size=size)) == slow_phash(flat, size)


@pytest.mark.parametrize("case", ["noise", "white", "chequers", "halves"])
def test_the_transform_is_exact(case: str) -> None:
    row, column = np.indices((64, 64))
    luma = {
        "noise": noise(1, 64, 64),
        "white": np.full((64, 64), 255, np.uint8),
        "chequers": ((row + column) % 2 * 255).astype(np.uint8),
        "halves": (column // 32 * 255).astype(np.uint8),
    }[case]
    assert dct_hashes.low_frequencies(luma[np.newaxis], 17)[0].tolist() == slow_coefficients(luma, 17)


@pytest.mark.parametrize("count", [1, 8, 17])
def test_the_basis_is_integers_of_11_bits(count: int) -> None:
    rows = dct_hashes.basis(count)
    assert rows.shape == (count, 64)
    assert np.abs(rows).max() <= 1024
    assert rows.tolist() == COSINES[:count]


@given(st.lists(lumas, min_size=1, max_size=6), st.sampled_from(FAST))
@settings(deadline=None, max_examples=60)
def test_a_block_is_its_pictures_one_by_one(pictures: list[NDArray[np.uint8]], spec: HashSpec) -> None:
    block = hash_block(np.stack(pictures), spec)
    single = [hash_block(picture[np.newaxis], spec)[0] for picture in pictures]
    assert np.array_equal(block, np.stack(single))
    assert block.dtype == np.uint64
    assert block.shape == (len(pictures), bits.words(spec.bits))


@fast_specs
def test_a_block_of_scenes_is_its_pictures_one_by_one(spec: HashSpec) -> None:
    luma = np.stack([np.asarray(scene(seed, 64, 64).convert("L")) for seed in range(12)])
    block = hash_block(luma, spec)
    assert np.array_equal(block, np.concatenate([hash_block(one[np.newaxis], spec) for one in luma]))
    assert len(np.unique(block, axis=0)) > 6


CHUNKS = sorted({dct_hashes.CHUNK, lanczos.CHUNK})
COUNTS = sorted({0, 1, *(n for chunk in CHUNKS for n in (chunk - 1, chunk, chunk + 1, 2 * chunk + 3))})


@pytest.mark.parametrize("count", COUNTS)
@fast_specs
def test_chunks_leave_no_seam(count: int, spec: HashSpec) -> None:
    luma = noise(count, count, 64, 64)
    block = hash_block(luma, spec)
    assert block.shape == (count, bits.words(spec.bits))
    seams = {0, count - 1, *(at for chunk in CHUNKS for at in (chunk - 1, chunk, 2 * chunk - 1, 2 * chunk))}
    for at in seams & set(range(count)):
        assert np.array_equal(block[at : at + 1], hash_block(luma[at : at + 1], spec)), at


@fast_specs
def test_memory_order_makes_no_difference(spec: HashSpec) -> None:
    luma = noise(0, 64, 64, 5)
    expected = hash_block(np.ascontiguousarray(luma.transpose(2, 0, 1)), spec)
    assert np.array_equal(hash_block(luma.transpose(2, 0, 1), spec), expected)
    assert np.array_equal(hash_block(np.asfortranarray(luma.transpose(2, 0, 1)), spec), expected)
    luma.flags.writeable = False  # nothing is written to the thumbnails either
    assert np.array_equal(hash_block(luma.transpose(2, 0, 1), spec), expected)


@given(
    lumas, st.sampled_from([spec for spec in FAST if spec.algorithm in ("phash", "mhash", "whash", "whash8", "pdq")])
)
@settings(deadline=None, max_examples=60)
def test_at_most_half_of_the_bits_are_above_a_median(luma: NDArray[np.uint8], spec: HashSpec) -> None:
    assert sum(bits_of(luma, spec)) <= spec.bits // 2


def test_distances_of_phash_are_even_for_pictures_without_ties() -> None:
    luma = noise(1, 40, 64, 64)
    for size in SIZES:
        block = hash_block(luma, HashSpec(size=size))
        distances = bits.distance(block[:1], block)
        assert set((distances % 2).tolist()) == {0}
        assert distances.max() > 0


@pytest.mark.parametrize("spec", [spec for spec in FAST if way(spec).dihedral], ids=lambda spec: spec.id)
def test_turned_hashes_are_those_of_turned_thumbnails(spec: HashSpec) -> None:
    row, column = np.indices((64, 64))
    made = [
        noise(2, 64, 64),
        np.full((64, 64), 9),
        (row + column) % 2 * 255,
        column // 32 * 255,
        np.minimum(row, column),
    ]
    scenes = [np.asarray(scene(seed, 64, 64).convert("L")) for seed in range(4)]
    luma = np.stack([*made, *scenes]).astype(np.uint8)
    dihedral = way(spec).dihedral
    assert dihedral is not None
    variants = dihedral(luma, spec.size)
    assert variants.shape == (8, len(luma), bits.words(spec.bits))
    for orientation, variant in zip(ORIENTATIONS, variants, strict=True):
        assert np.array_equal(variant, hash_block(np.stack([turn(one, orientation) for one in luma]), spec)), (
            orientation
        )
    assert len({variant[0].tobytes() for variant in variants}) == 8
    assert dihedral(luma[:0], spec.size).shape == (8, 0, bits.words(spec.bits))


def test_which_ways_know_turned_pictures() -> None:
    known = {(name, decoding) for name, decoding in WAYS if ALGORITHMS[name].ways[decoding].dihedral}
    assert known == {("phash", "full"), ("phash", "fast"), ("pdq", "pdq"), ("pdq", "fast")}


USUAL: dict[str, tuple[Callable[[Image.Image], Any], int]] = {
    "dhash": (THEIRS.dhash, 5),
    "dhash_vertical": (THEIRS.dhash_vertical, 5),
    "phash": (THEIRS.phash, 4),
    "phash_simple": (THEIRS.phash_simple, 4),
    "whash": (THEIRS.whash, 6),
}


@cache
def thumbnail_of(seed: int, width: int, height: int) -> NDArray[np.uint8]:
    return decode(encode(scene(seed, width, height), "PNG")).luma


@pytest.mark.parametrize("size", [(480, 360), (360, 480), (150, 120)], ids=str)
@pytest.mark.parametrize("name", list(USUAL))
def test_the_fast_hash_is_near_the_usual_one(name: str, size: tuple[int, int]) -> None:
    usual, limit = USUAL[name]
    for seed in range(8):
        theirs = usual(scene(seed, *size)).hash.ravel()
        ours = np.array(bits_of(thumbnail_of(seed, *size), make_spec(name, 8, None, "fast")))
        assert int((theirs != ours).sum()) <= limit, seed


@pytest.mark.parametrize("size", [(480, 360), (360, 480), (150, 120)], ids=str)
@pytest.mark.parametrize(("name", "middle"), [("ahash", np.mean), ("mhash", np.median)])
def test_the_fast_hash_differs_from_the_usual_one_only_next_to_the_middle(
    name: str, middle: Callable[[NDArray[np.int64]], float], size: tuple[int, int]
) -> None:
    for seed in range(8):
        image = scene(seed, *size)
        levels = np.asarray(image.convert("L").resize((8, 8), Image.Resampling.LANCZOS)).astype(np.int64)
        fast = lanczos.reduce(thumbnail_of(seed, *size)[np.newaxis], 8, 8)[0].astype(np.int64)
        assert np.abs(levels - fast).max() <= 1
        theirs = THEIRS.average_hash(image, mean=middle).hash
        ours = np.array(bits_of(thumbnail_of(seed, *size), make_spec(name, 8, None, "fast"))).reshape(8, 8)
        assert (np.abs(levels - middle(levels))[theirs != ours] <= 1.5).all(), seed
        assert (theirs == ours).mean() > 0.8


@pytest.mark.parametrize("seed", range(5))
def test_copies_lie_within_the_default_radius_and_others_do_not(seed: int) -> None:
    picture = scene(seed, 800, 600)
    own = np.array(bits_of(decode(encode(picture, "PNG")).luma, HashSpec()))
    half, tiny = picture.resize((400, 300)), picture.resize((160, 120))
    for copy in (encode(picture, quality=40), encode(half), encode(tiny, "PNG"), encode(picture, "WEBP")):
        assert int((own != np.array(bits_of(decode(copy).luma, HashSpec()))).sum()) <= default_radius(HashSpec())
    other = np.array(bits_of(decode(encode(scene(seed + 100, 800, 600))).luma, HashSpec()))
    assert int((own != other).sum()) > default_radius(HashSpec())


# Decoding full, in blocks, against imagehash


FULL: dict[str, Callable[[Image.Image, int], Any]] = {
    "ahash": THEIRS.average_hash,
    "mhash": lambda image, size: THEIRS.average_hash(image, size, np.median),
    "dhash": THEIRS.dhash,
    "dhash_vertical": THEIRS.dhash_vertical,
    "phash": THEIRS.phash,
    "phash_simple": THEIRS.phash_simple,
}


def assert_blocks_are_those_of_imagehash(pictures: dict[str, Image.Image], name: str, size: int) -> None:
    chosen = way(make_spec(name, size))
    block = np.concatenate([chosen.prepare(picture, size, "lanczos3") for picture in pictures.values()])
    ours = bits.unpack(chosen.bits(block, size), size * size)
    theirs = np.stack([np.asarray(outcome(FULL[name], picture, size)).ravel() for picture in pictures.values()])
    unlike = dict(zip(pictures, (ours != theirs).sum(axis=1).tolist(), strict=True))
    assert {picture: count for picture, count in unlike.items() if count} == {}
    assert len(np.unique(theirs, axis=0)) > len(pictures) // 4  # so that not all of them are blank


@cache
def tied() -> dict[str, Image.Image]:
    """Return pictures with many equal levels and coefficients, at the sides that hashes are made of and at others."""
    pictures: dict[str, Image.Image] = {}
    for side in (8, 16, 32, 64, 100):
        row, column = np.indices((side, side))
        corner = noise(side, side, side) // 2
        rule = {
            "ramp": column * 255 // side,
            "ramp down": row * 255 // side,
            "halves": column * 2 // side * 255,
            "halves down": row * 2 // side * 200 + 3,
            "quarters": (column * 2 // side + row * 2 // side) % 2 * 255,
            "chequers": (row + column) % 2 * 255,
            "two levels": noise(side + 1, side, side) // 128 * 255,
            "symmetric": corner + corner.T,
            "mirrored": np.maximum(corner, corner[:, ::-1]),
            "upended": np.maximum(corner, corner[::-1]),
            "four ways": np.maximum(np.maximum(corner, corner[:, ::-1]), np.maximum(corner, corner[:, ::-1])[::-1]),
            "steps": column * 4 // side * 60,
            "dot": (row == side // 2) * (column == side // 2) * 255,
            "cross": ((row == side // 2) | (column == side // 3)) * 255,
            "rings": np.hypot(row - side / 2 + 0.5, column - side / 2 + 0.5).astype(int) % 5 * 50,
            "flat": np.full((side, side), 77),
        }
        pictures |= {f"{name} {side}": Image.fromarray(levels.astype(np.uint8)) for name, levels in rule.items()}
    return pictures


@pytest.mark.parametrize("size", [8, 16])
@pytest.mark.parametrize("name", list(FULL))
@pytest.mark.parametrize("pictures", [samples, tied], ids=["skimage", "ties"])
def test_blocks_of_decoding_full_are_imagehash_to_the_bit(
    pictures: Callable[[], dict[str, Image.Image]], name: str, size: int
) -> None:
    assert len(pictures()) > 20
    assert_blocks_are_those_of_imagehash(pictures(), name, size)


def test_blocks_of_photos_are_imagehash_to_the_bit(shared_data: Path) -> None:
    paths = sorted((shared_data / "photos").iterdir())[:PHOTOS]
    assert len(paths) == PHOTOS
    # Gray at once: it is what both begin with, and one conversion a photo is enough.
    photos = {path.name: read(path).convert("L") for path in paths}
    for name in FULL:
        for size in (8, 16):
            assert_blocks_are_those_of_imagehash(photos, name, size)


# The table


def test_an_unknown_algorithm_is_refused_with_the_names() -> None:
    names = re.escape(", ".join(ALGORITHMS))
    for call in (
        lambda: algorithm("fhash"),
        lambda: way(HashSpec("fhash")),
        lambda: make_spec("fhash"),
        lambda: default_radius(HashSpec("fhash")),
        lambda: hash_block(np.zeros((1, 64, 64), np.uint8), HashSpec("fhash")),
    ):
        with pytest.raises(UsageError, match=f"unknown algorithm 'fhash': use one of {names}$"):
            call()


@pytest.mark.parametrize("size", [0, -8, 3, 7, 9, 65])
def test_an_unknown_size_is_refused_with_the_sizes(size: int) -> None:
    message = rf"^phash has no size {size} under decoding fast: use one of 4, 8, 16$"
    for call in (
        lambda: default_radius(HashSpec(size=size)),
        lambda: make_spec("phash", size, None, "fast"),
        lambda: hash_block(np.zeros((1, 64, 64), np.uint8), HashSpec(size=size)),
    ):
        with pytest.raises(UsageError, match=message):
            call()


@pytest.mark.parametrize(
    ("name", "size", "decoding", "allowed"),
    [
        ("phash", 65, "full", "2 to 64"),
        ("dhash", 1, "full", "2 to 64"),
        ("phash", 16, "imgdd", "8"),
        ("whash", 12, "full", "2, 4, 8, 16, 32, 64"),
        ("whash8", 16, "fast", "8"),
        ("pdq", 8, "pdq", "16"),
        ("pdq", 8, "fast", "16"),
        ("colorhash", 8, "full", "2, 3, 4, 5, 6"),
    ],
)
def test_sizes_are_those_of_algorithm_and_decoding(name: str, size: int, decoding: str, allowed: str) -> None:
    with pytest.raises(
        UsageError, match=f"^{name} has no size {size} under decoding {decoding}: use one of {allowed}$"
    ):
        make_spec(name, size, None, decoding)


def test_an_unknown_filter_is_refused_with_the_filters() -> None:
    with pytest.raises(UsageError, match=r"^unknown filter of phash under decoding fast 'box': use one of lanczos3$"):
        make_spec("phash", 8, "box", "fast")
    with pytest.raises(
        UsageError, match=r"^unknown filter of dhash under decoding full 'cubic': use one of lanczos3, cat"
    ):
        make_spec("dhash", 8, "cubic")
    with pytest.raises(UsageError, match=r"use one of tent$"):
        make_spec("pdq", 16, "lanczos3")


def test_an_unknown_decoding_is_refused_with_the_decodings() -> None:
    with pytest.raises(UsageError, match=r"^unknown decoding of phash 'quick': use one of full, fast, imgdd$"):
        make_spec("phash", decoding="quick")
    with pytest.raises(UsageError, match=r"^unknown decoding of colorhash 'fast': use one of full$"):
        way(HashSpec("colorhash", 3))


def test_each_kind_of_input_has_its_decodings() -> None:
    with pytest.raises(UsageError, match="decoding fast only, got phash-8-lanczos3-full-v1"):
        hash_block(np.zeros((1, 64, 64), np.uint8), make_spec("phash"))
    with pytest.raises(UsageError, match=r"no hash of decoding fast .*phash-8-lanczos3-fast-v1"):
        hash_picture(Image.new("L", (9, 9)), HashSpec())


@pytest.mark.parametrize("name", sorted(ALGORITHMS))
def test_every_row_of_the_table_is_sound(name: str) -> None:
    row = algorithm(name)
    assert row.name == name
    assert row.ways
    assert set(row.ways) <= {"full", "fast", "imgdd", "pdq"}
    assert row.size in row.ways[next(iter(row.ways))].sizes
    assert row.joinable == ("fast" in row.ways)
    assert row.joinable == bool(row.radius)
    assert row.several == (name == "crop_resistant")
    if row.joinable:
        assert tuple(sorted(row.radius)) == row.ways["fast"].sizes
    radii = []
    for size, radius in sorted(row.radius.items()):
        spec = make_spec(name, size, None, "fast")
        assert default_radius(spec) == radius
        assert 0 <= radius <= spec.bits // 4
        radii.append(radius / spec.bits)
    assert radii == sorted(radii), "a longer hash tolerates no smaller share of its bits"


@pytest.mark.parametrize(("name", "decoding"), WAYS, ids=str)
def test_every_way_hashes_at_every_size_and_filter(name: str, decoding: str) -> None:
    chosen: Way = ALGORITHMS[name].ways[decoding]
    assert list(chosen.sizes) == sorted(set(chosen.sizes))
    assert chosen.filters[0] == make_spec(name, chosen.sizes[0], None, decoding).filter
    image = scene(2, 90, 70)
    picture = np.asarray(image.convert("L").resize((64, 64)))[np.newaxis] if decoding == "fast" else image
    sizes = (2, 3, 8, 11, 16, 64) if chosen.sizes is ANY_SIZE else chosen.sizes
    for size in sizes:
        spec = make_spec(name, size, None, decoding)
        for filter_ in chosen.filters:
            block = chosen.prepare(picture, size, filter_)
            hashes = chosen.bits(block, size)
            assert hashes.dtype == np.uint64
            assert hashes.shape == (len(block), bits.words(spec.bits))
            assert len(block) == 1 or ALGORITHMS[name].several
            assert hashes.any()
            padding = bits.unpack(hashes, 64 * hashes.shape[1])[:, spec.bits :]
            assert not padding.any(), "bits beyond the last stay zero"


@pytest.mark.parametrize("name", sorted(ALGORITHMS))
def test_make_spec_completes_what_is_left_out(name: str) -> None:
    row = ALGORITHMS[name]
    spec = make_spec(name)
    decoding = "pdq" if name == "pdq" else "full"
    assert spec == HashSpec(name, row.size, row.ways[decoding].filters[0], decoding)
    assert way(spec) is row.ways[decoding]
    for other in row.ways:
        assert make_spec(name, decoding=other) == replace(spec, decoding=other, filter=row.ways[other].filters[0])


def test_make_spec_keeps_what_is_given() -> None:
    assert make_spec("phash", 8, "lanczos3", "fast") == HashSpec()
    assert make_spec("dhash", 12, "box").id == "dhash-12-box-full-v1"
    assert make_spec("whash", 16, options="mode=db4").id == "whash-16-lanczos3-full-v1-mode=db4"
    assert make_spec("pdq").id == "pdq-16-tent-pdq-v1"
    assert make_spec("pdq", decoding="fast").id == "pdq-16-lanczos3-fast-v1"
    assert {make_spec("ahash", filter_=filter_).filter for filter_ in FILTERS} == set(FILTERS)


def test_the_default_is_what_find_uses() -> None:
    assert HashSpec().id == "phash-8-lanczos3-fast-v1"
    assert default_radius(HashSpec()) == 10


@pytest.mark.parametrize("name", ["colorhash", "crop_resistant"])
def test_what_is_not_for_joining_has_no_radius(name: str) -> None:
    joinable = [other for other, row in ALGORITHMS.items() if row.joinable]
    assert name not in joinable
    with pytest.raises(UsageError, match=f"^{name} is not for joining, .*: use one of {', '.join(joinable)}$"):
        default_radius(make_spec(name))
