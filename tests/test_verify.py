"""Verification against a slow one in plain Python integers, its symmetry, and what it says of real edits."""

from functools import cache
from math import isqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image, ImageEnhance

from conftest import encode, scene
from lookalike import verify
from lookalike.columns import Facts
from lookalike.decode import decode
from lookalike.model import Thumbnail, Tier

Size = tuple[int, int]
Plane = list[list[int]]


@cache
def large(seed: int) -> Image.Image:
    return scene(seed, 800, 600)


def judge(one: Thumbnail, other: Thumbnail) -> tuple[Tier, int]:
    return call(
        (one.luma, other.luma), (one.chroma, other.chroma), ((one.width, one.height), (other.width, other.height))
    )


def call(
    luma: tuple[NDArray[np.uint8], NDArray[np.uint8]],
    chroma: tuple[NDArray[np.uint8], NDArray[np.uint8]],
    size: tuple[Size, Size],
) -> tuple[Tier, int]:
    columns = [(np.array([width]), np.array([height])) for width, height in size]
    tier, score = verify.verify(
        (luma[0][np.newaxis], luma[1][np.newaxis]),
        (chroma[0][np.newaxis], chroma[1][np.newaxis]),
        (columns[0], columns[1]),
    )
    assert (tier.dtype.name, score.dtype.name) == ("uint8", "int64")
    return Tier(int(tier[0])), int(score[0])


def slow_side(size: tuple[Size, Size]) -> int:
    resolved = []
    for width, height in size:
        blocks = -(-min(width, height) // 8)
        resolved.append(blocks if blocks >= 24 else min(width, height))
    return next((side for side in (64, 32, 16) if min(resolved) >= side), 8)


def slow_shrink(plane: Plane, side: int) -> Plane:
    while len(plane) > side:
        size = len(plane)

        def halve(line: list[int], size: int = size) -> list[int]:
            padded = [line[0], *line, line[-1]]
            return [padded[at] + 3 * padded[at + 1] + 3 * padded[at + 2] + padded[at + 3] for at in range(0, size, 2)]

        columns = [halve([row[x] for row in plane]) for x in range(size)]
        rows = [[columns[x][y] for x in range(size)] for y in range(size // 2)]
        plane = [[(value + 8) // 16 for value in halve(row)] for row in rows]
    return plane


def slow_verify(
    luma: tuple[NDArray[np.uint8], NDArray[np.uint8]],
    chroma: tuple[NDArray[np.uint8], NDArray[np.uint8]],
    size: tuple[Size, Size],
) -> tuple[Tier, int]:
    """Return tier and score of one pair as verify.py describes them, one Python integer at a time."""
    side = slow_side(size)
    count, tile = side * side, side // 8
    left, right = ([value for row in slow_shrink(plane.tolist(), side) for value in row] for plane in luma)
    rests = [[count * value - sum(plane) for value in plane] for plane in (left, right)]
    power = [sum(value * value for value in rest) // count for rest in rests]
    common = sum(a * b for a, b in zip(*rests, strict=True)) // count
    score = 0
    if common > 0 and power[0] and power[1]:
        score = min(1000, isqrt(1_000_000 * common * common // (power[0] * power[1])))
    if score < 850:
        return Tier.NONE, score
    if score < 980:
        return Tier.SIMILAR, score

    short = [value >> 10 for value in power]
    flat, steep = (0, 1) if short[0] <= short[1] else (1, 0)
    explained = common >> 10
    worst = max(
        sum(
            abs(rests[flat][y * side + x] * explained - rests[steep][y * side + x] * short[flat])
            for y in range(row, row + tile)
            for x in range(column, column + tile)
        )
        for row in range(0, side, tile)
        for column in range(0, side, tile)
    )
    if worst > 14 * tile * tile * 4096 * short[flat]:
        return Tier.SIMILAR, score
    tones = [plane.ravel().tolist() for plane in chroma]
    recolour = sum(abs(a - b) for a, b in zip(*tones, strict=True))
    gray = [all(abs(value - 128) <= 2 for value in plane) for plane in tones]
    if gray[0] == gray[1] and recolour > 16 * 128:
        return Tier.SIMILAR, score
    retone = sum(abs(a - b) for a, b in zip(left, right, strict=True))
    (w0, h0), (w1, h1) = size
    stretched = all(2 * abs(w0 * h1 - h0 * w1) > 3 * length for length in (w0, h0, w1, h1))
    if retone > 6 * 4096 or recolour > 5 * 128 or stretched:
        return Tier.EDIT, score
    return Tier.COPY, score


sizes = st.one_of(
    st.tuples(st.integers(1, 5000), st.integers(1, 5000)),
    st.sampled_from([(800, 600), (400, 300), (801, 600), (184, 184), (185, 185), (64, 64), (16, 9), (600, 800)]),
)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[tuple[NDArray[np.uint8], ...], tuple[NDArray[np.uint8], ...]]:
    """Draw two thumbnails: unrelated, or one made from the other by tone, noise or a patch."""
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    base = draw(
        st.one_of(
            arrays(np.uint8, (64, 64)),
            st.integers(0, 300).map(lambda seed: np.asarray(scene(seed, 64, 64).convert("L"))),
        )
    )
    kind = draw(st.sampled_from(["same", "noise", "tone", "patch", "blend", "other", "flat"]))
    wide = base.astype(np.int64)
    other = {
        "same": wide,
        "noise": wide + random.integers(-draw(st.integers(0, 12)), draw(st.integers(1, 12)), (64, 64)),
        "tone": wide * draw(st.integers(1, 120)) // 100 + draw(st.integers(-40, 40)),
        "patch": wide,
        "blend": (wide * 9 + random.integers(0, 256, (64, 64))) // 10,
        "other": random.integers(0, 256, (64, 64)),
        "flat": np.full((64, 64), draw(st.integers(0, 255))),
    }[kind].copy()
    if kind == "patch":
        other[3:17, 30:44] += draw(st.integers(-200, 200))
    tint = random.integers(100, 156, (8, 8, 2)) if draw(st.booleans()) else np.full((8, 8, 2), 128)
    tinted = tint + random.integers(-draw(st.integers(0, 20)), draw(st.integers(1, 20)), (8, 8, 2))
    luma = (base, np.clip(other, 0, 255).astype(np.uint8))
    return luma, (tint.astype(np.uint8), np.clip(tinted, 0, 255).astype(np.uint8))


@given(pair=pairs(), one=sizes, other=sizes)
@settings(deadline=None, max_examples=60)
def test_verify_is_the_slow_one_to_the_bit_and_symmetric(
    pair: tuple[tuple[NDArray[np.uint8], NDArray[np.uint8]], tuple[NDArray[np.uint8], NDArray[np.uint8]]],
    one: Size,
    other: Size,
) -> None:
    luma, chroma = pair
    found = call(luma, chroma, (one, other))
    assert found == slow_verify(luma, chroma, (one, other))
    assert found == call((luma[1], luma[0]), (chroma[1], chroma[0]), (other, one))


@given(arrays(np.uint8, (64, 64)), arrays(np.uint8, (8, 8, 2)), sizes)
@settings(max_examples=60)
def test_equal_thumbnails_are_a_copy_of_1000_or_flat(
    luma: NDArray[np.uint8], chroma: NDArray[np.uint8], size: Size
) -> None:
    tier, score = call((luma, luma), (chroma, chroma), (size, size))
    assert (tier, score) in [(Tier.COPY, 1000), (Tier.NONE, 0)]
    if np.ptp(luma.astype(int).reshape(8, 8, 8, 8).mean(axis=(1, 3))) > 8:
        assert tier is Tier.COPY


@pytest.mark.parametrize("level", [0, 1, 128, 255])
def test_flat_planes_match_nothing(level: int) -> None:
    flat, gray = np.full((64, 64), level, np.uint8), np.full((8, 8, 2), 128, np.uint8)
    dot = flat.copy()
    dot[20, 20] ^= 1
    busy = np.asarray(scene(1, 64, 64).convert("L"))
    for one, other in ((flat, flat), (flat, dot), (flat, busy), (dot, flat)):
        assert call((one, other), (gray, gray), ((800, 600), (800, 600))) == (Tier.NONE, 0)
    for size in ((800, 600), (20, 20), (1, 1)):
        found = call((dot, dot), (gray, gray), (size, size))
        assert found == slow_verify((dot, dot), (gray, gray), (size, size))


def test_blocks_and_chunks_equal_single_pairs() -> None:
    random = np.random.default_rng(3)
    count = 2 * verify.CHUNK + 5
    luma = np.stack([np.asarray(scene(seed % 40, 64, 64).convert("L")) for seed in range(count)])
    noisy = np.clip(luma.astype(int) + random.integers(-6, 7, luma.shape), 0, 255).astype(np.uint8)
    chroma = random.integers(120, 136, (count, 8, 8, 2), dtype=np.uint8)
    short = random.choice([8, 20, 40, 100, 300, 900], count)
    size = (short * 4 // 3, short)
    tier, score = verify.verify((luma, noisy), (chroma, chroma[::-1]), (size, size))
    for at in range(0, count, 9):
        own = (int(size[0][at]), int(size[1][at]))
        assert (Tier(int(tier[at])), int(score[at])) == call(
            (luma[at], noisy[at]), (chroma[at], chroma[::-1][at]), (own, own)
        )
    empty = np.zeros((0, 64, 64), np.uint8), np.zeros((0, 8, 8, 2), np.uint8), np.zeros(0, np.int64)
    nothing = verify.verify((empty[0],) * 2, (empty[1],) * 2, ((empty[2],) * 2,) * 2)
    assert [len(column) for column in nothing] == [0, 0]


SEEDS = range(20, 26)


@pytest.mark.parametrize("seed", SEEDS)
def test_encodings_and_sizes_of_one_picture_are_copies(seed: int) -> None:
    picture = large(seed)
    whole = decode(encode(picture, "PNG"))
    for data in (
        encode(picture, quality=90), encode(picture, quality=50), encode(picture, "WEBP", quality=80),
        encode(picture.resize((400, 300), Image.Resampling.LANCZOS), quality=85), encode(picture.resize((200, 150)), "PNG"),
        encode(picture.resize((1600, 1200), Image.Resampling.BICUBIC)), encode(picture.resize((401, 300)), "PNG"),
    ):  # fmt: skip
        tier, score = judge(whole, decode(data))
        assert tier is Tier.COPY
        assert score >= 980


@pytest.mark.parametrize("seed", SEEDS)
def test_changes_on_purpose_are_edits(seed: int) -> None:
    picture = large(seed)
    whole = decode(encode(picture, "PNG"))
    for edited in (
        picture.convert("L"), ImageEnhance.Brightness(picture).enhance(0.7), ImageEnhance.Contrast(picture).enhance(0.6),
        picture.resize((800, 500)), picture.resize((500, 600)),
    ):  # fmt: skip
        assert judge(whole, decode(encode(edited, "PNG")))[0] is Tier.EDIT


@pytest.mark.parametrize("seed", SEEDS)
def test_another_scene_is_no_copy(seed: int) -> None:
    one, other = (decode(encode(large(number), "PNG")) for number in (seed, seed + 50))
    assert judge(one, other)[0] in (Tier.NONE, Tier.SIMILAR)
    negative = Image.eval(large(seed), lambda value: 255 - value)
    assert judge(one, decode(encode(negative, "PNG"))) == (Tier.NONE, 0)


@pytest.mark.parametrize("seed", SEEDS)
def test_something_put_over_a_corner_is_no_copy(seed: int) -> None:
    picture = large(seed)
    covered = picture.copy()
    covered.paste((255, 255, 255), (560, 420, 780, 580))
    tier, _ = judge(decode(encode(picture, "PNG")), decode(encode(covered, "PNG")))
    assert tier in (Tier.EDIT, Tier.SIMILAR, Tier.NONE)


@given(sizes, st.integers(2, 9))
def test_scaling_with_rounding_is_no_stretch(size: Size, divisor: int) -> None:
    smaller = (max(1, round(size[0] / divisor)), max(1, round(size[1] / divisor)))
    plane, gray = np.asarray(scene(1, 64, 64).convert("L")), np.full((8, 8, 2), 128, np.uint8)
    assert call((plane, plane), (gray, gray), (size, smaller))[0] is Tier.COPY


def facts(*rows: dict[str, object]) -> Facts:
    def column(name: str, default: object) -> list[object]:
        return [row.get(name, default) for row in rows]

    def numbers(name: str, default: int = 0) -> NDArray[np.int64]:
        return np.array(column(name, default), np.int64)

    flags = {
        name: np.array(column(name, default), np.bool_)
        for name, default in (("alpha", False), ("colour", True), ("lossless", False))
    }
    return Facts(
        id=np.arange(len(rows)), size=numbers("size"), width=numbers("width", 800), height=numbers("height", 600),
        frames=numbers("frames", 1), depth=numbers("depth", 8), detail=numbers("detail", 50), **flags,
        quality=numbers("quality"), format=[str(value) for value in column("format", "JPEG")], captured=[""] * len(rows),
        exif=[value for value in column("exif", {}) if isinstance(value, dict)], digest=[b""] * len(rows),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("member", "tier", "words"),
    [
        ({"width": 400, "height": 300, "quality": 40}, Tier.COPY, "half size, recompressed (quality 85 -> 40)"),
        ({"quality": 85}, Tier.COPY, "re-encoded"),
        ({"format": "PNG", "quality": 0}, Tier.COPY, "JPEG -> PNG"),
        ({"width": 200, "height": 150, "quality": 85}, Tier.COPY, "0.25x size"),
        ({"exif": {"orientation": 6}, "quality": 85}, Tier.COPY, "EXIF-turned"),
        ({"colour": False, "quality": 85}, Tier.EDIT, "recoloured, gray"),
        ({"quality": 85}, Tier.EDIT, "re-toned"),
        ({"width": 800, "height": 400, "quality": 85}, Tier.EDIT, "stretched"),
        ({}, Tier.SIMILAR, "similar"),
    ],
)
def test_relation_in_words(member: dict[str, object], tier: Tier, words: str) -> None:
    assert verify.relation(facts({"quality": 85}, member), 0, 1, tier).startswith(words)
