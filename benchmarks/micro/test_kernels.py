"""Each kernel and each hash by itself: `make micro` keeps the figures and compares the next ones with them."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lookalike import decode, hashes, join
from lookalike.hashes import ALGORITHMS, dct, gray, lanczos, pdq
from lookalike.model import MAX_PIXELS

Benchmark = Callable[..., Any]


def picture(width: int = 500, height: int = 375) -> Image.Image:
    """Light, edges and a little noise."""
    y, x = np.mgrid[0:height, 0:width]
    levels = 128 + 60 * np.sin(x / 37 + y / 51) + 40 * ((x // 60 + y // 45) % 2)
    levels = levels + np.random.default_rng(1).normal(0, 4, levels.shape)
    bands = [np.clip(levels + shift, 0, 255).astype(np.uint8) for shift in (0, 15, -20)]
    return Image.fromarray(np.stack(bands, axis=-1))


def encoded(image: Image.Image, format_: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()


LUMA = np.random.default_rng(2).integers(0, 256, (512, 64, 64), np.uint8)
FILES = {
    "jpeg": encoded(picture(), "JPEG", quality=95),
    "jpeg-progressive": encoded(picture(), "JPEG", quality=95, progressive=True),
    "jpeg-64x64": encoded(picture(64, 64), "JPEG", quality=85),
    "png": encoded(picture(), "PNG"),
    "png-palette": encoded(picture().quantize(), "PNG"),
}


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("together", [1, 32])
def test_decode(benchmark: Benchmark, kind: str, together: int) -> None:
    files = [FILES[kind]] * together
    assert None not in benchmark(decode.decode_all, files, max_pixels=MAX_PIXELS)


def test_shrink(benchmark: Benchmark) -> None:
    benchmark(lanczos.shrink, LUMA.reshape(-1)[: 47 * 63].reshape(47, 63), (500, 375), 8, 64)


def test_reduce(benchmark: Benchmark) -> None:
    benchmark(lanczos.reduce, LUMA, 9, 8)


def test_low_frequencies(benchmark: Benchmark) -> None:
    benchmark(dct.low_frequencies, LUMA, 8)


def test_resize_gray(benchmark: Benchmark) -> None:
    benchmark(gray.resize_gray, np.asarray(picture().convert("L")), 32, 32)


def test_pdq(benchmark: Benchmark) -> None:
    benchmark(pdq.prepare, picture())


@pytest.mark.parametrize("words", [1, 4])
def test_join(benchmark: Benchmark, words: int) -> None:
    block = np.random.default_rng(3).integers(0, 1 << 63, (100_000, words), np.uint64)
    benchmark(join.near_pairs, block, 8 * words, threads=1)


def test_search(benchmark: Benchmark) -> None:
    block = np.random.default_rng(3).integers(0, 1 << 63, (1_000_000, 1), np.uint64)
    benchmark(join.search, block, block[:1], limit=10, threads=1)


@pytest.mark.parametrize("name", [name for name, row in ALGORITHMS.items() if "fast" in row.ways])
def test_hash_of_thumbnails(benchmark: Benchmark, name: str) -> None:
    benchmark(hashes.hash_block, LUMA, hashes.make_spec(name, None, None, "fast"))


@pytest.mark.parametrize("name", ALGORITHMS)
def test_hash_of_a_picture(benchmark: Benchmark, name: str) -> None:
    benchmark(hashes.hash_picture, picture(), hashes.make_spec(name))
