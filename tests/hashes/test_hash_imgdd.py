"""The imgdd hashes against imgdd itself, and the resampling kernel against its reference."""

import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import imgdd as oracle
import numpy as np
import pytest
import skimage
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from conftest import scene
from lookalike import bits
from lookalike.errors import UsageError
from lookalike.hashes import imgdd, resampled
from lookalike.hashes.middle import middles
from lookalike.hashes.resampled import FILTERS, resample
from lookalike.kernels import KERNELS, REFERENCE

HASHES: dict[str, Callable[[NDArray[np.uint8], int], NDArray[np.uint64]]] = {
    "ahash": imgdd.ahash,
    "mhash": imgdd.mhash,
    "dhash": imgdd.dhash,
    "phash": imgdd.phash,
    "whash": imgdd.whash,
}
CASES = [(name, filter_) for name in HASHES for filter_ in FILTERS]
ODD_SIZES = [(1, 1), (2, 1), (5, 7), (8, 8), (9, 8), (8, 9), (9, 9), (32, 32), (31, 33), (3, 500), (500, 3), (257, 190)]


def expected(folder: Path, name: str, filter_: str) -> dict[str, str]:
    """Return what imgdd says, file by file, its number padded."""
    found = oracle.hash(os.fspath(folder), filter=filter_, algo=name)  # type: ignore[arg-type]  # any case is taken
    return {os.path.basename(path): text.zfill(16) for path, text in found.items()}


@cache
def opened(folder: Path) -> dict[str, Image.Image]:
    """Return the pictures of a folder as Pillow reads them; hundreds of files for each hash and filter."""
    images: dict[str, Image.Image] = {file.name: Image.open(file) for file in sorted(folder.iterdir())}
    for image in images.values():
        image.load()
    return images


def ours(folder: Path, name: str, filter_: str) -> dict[str, str]:
    """Return what lookalike says of the same files."""
    images = opened(folder)
    block = np.stack([imgdd.prepare(image, *imgdd.SIZES[name], filter_) for image in images.values()])
    rows = HASHES[name](block, 8)
    return {name: bits.to_hex(bits.to_int(row, 64), 64) for name, row in zip(images, rows, strict=True)}


def png16(pixels: NDArray[np.uint16]) -> bytes:
    """Return a PNG of 16-bit colour, which Pillow cannot write."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    height, width, channels = pixels.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 16, {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def modes(seed: int, width: int, height: int) -> dict[str, Image.Image]:
    """Return one picture in every mode that a PNG can hold and Pillow keeps."""
    colour = scene(seed, width, height)
    plain = colour.convert("L")
    veil = scene(seed + 1, width, height).convert("L")
    deep = np.asarray(plain).astype(np.uint16) * 255 + np.asarray(veil)
    few = colour.quantize(11)
    holes = few.copy()
    holes.info["transparency"] = bytes(range(0, 220, 20))
    return {
        "rgb": colour,
        "rgba": Image.merge("RGBA", (*colour.split(), veil)),
        "gray": plain,
        "gray-alpha": Image.merge("LA", (plain, veil)),
        "palette": few,
        "palette-alpha": holes,
        "bilevel": plain.convert("1"),
        "gray-16": Image.fromarray(deep),
    }


@pytest.fixture(scope="module")
def by_rule(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of pictures of odd sizes and of every mode."""
    folder = tmp_path_factory.mktemp("by-rule")
    for seed, size in enumerate(ODD_SIZES):
        scene(seed, *size).save(folder / f"scene-{size[0]}x{size[1]}.png")
    for size in [(40, 30), (150, 111), (8, 8), (9, 8), (32, 32), (6, 5)]:
        for name, image in modes(7, *size).items():
            image.save(folder / f"{name}-{size[0]}x{size[1]}.png")
    return folder


@pytest.fixture(scope="module")
def ties(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of small pictures with equal pixels, equal rows and symmetry: rounding and ties decide."""
    folder = tmp_path_factory.mktemp("ties")
    random = np.random.default_rng(0)
    for width, height in [(8, 8), (9, 8), (32, 32)]:
        shape = height, width
        pictures = {f"flat-{level}": np.full(shape, level) for level in (0, 1, 127, 128, 254, 255)}
        pictures |= {f"few-{at}": random.integers(0, 2 + at, shape) * 3 for at in range(60)}
        pictures |= {f"noise-{at}": random.integers(0, 256, shape) for at in range(60)}
        pictures |= {f"sorted-{at}": np.sort(random.integers(0, 256, shape), axis=None) for at in range(8)}
        y, x = np.mgrid[:height, :width]
        pictures |= {"ramp": x * 5, "down": y * 7, "checks": (x + y) % 2 * 255, "bowl": (x - width // 2) ** 2 % 256}
        for name, picture in pictures.items():
            gray = picture.reshape(shape).astype(np.uint8)
            Image.fromarray(gray).save(folder / f"{name}-{width}x{height}.png")
            mirrored = np.concatenate([gray[:, : width // 2], gray[:, (width - 1) // 2 :: -1]], axis=1)
            Image.fromarray(mirrored).save(folder / f"{name}-mirrored-{width}x{height}.png")
    return folder


@pytest.fixture(scope="module")
def of_skimage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of scikit-image's PNG files."""
    folder = tmp_path_factory.mktemp("skimage")
    files = sorted((Path(skimage.__file__).parent / "data").glob("*.png"))
    assert len(files) > 5
    for file in files:
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


@pytest.mark.parametrize(("name", "filter_"), CASES)
@pytest.mark.parametrize("folder", ["by_rule", "ties", "of_skimage"])
def test_hashes_are_those_of_imgdd(name: str, filter_: str, folder: str, request: pytest.FixtureRequest) -> None:
    files: Path = request.getfixturevalue(folder)
    assert ours(files, name, filter_) == expected(files, name, filter_)


def test_hashes_of_photos_are_those_of_imgdd(shared_data: Path, tmp_path: Path) -> None:
    photos = sorted((shared_data / "photos").iterdir())[:60]
    images = [Image.open(photo).convert("RGB") for photo in photos]
    for photo, image in zip(photos, images, strict=True):
        image.save(tmp_path / f"{photo.stem}.png", compress_level=1)
    for name, filter_ in CASES:
        theirs = expected(tmp_path, name, filter_)
        block = np.stack([imgdd.prepare(image, *imgdd.SIZES[name], filter_) for image in images])
        numbers = [bits.to_int(row, 64) for row in HASHES[name](block, 8)]
        assert len(theirs) == len(photos)
        differing = {
            photo.stem: (number ^ int(theirs[f"{photo.stem}.png"], 16)).bit_count()
            for photo, number in zip(photos, numbers, strict=True)
        }
        assert not any(differing.values()), (name, filter_, differing)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("name", HASHES)
def test_deep_colour_is_reduced_last(channels: int, name: str, tmp_path: Path) -> None:
    random = np.random.default_rng(channels)
    deep = np.asarray(scene(3, 61, 47)).astype(np.uint16)[..., [0, 1, 2, 0]] * 256
    deep += random.integers(0, 256, deep.shape, dtype=np.uint16)
    pixels = deep[..., :channels]
    (tmp_path / "deep.png").write_bytes(png16(pixels))
    for filter_ in FILTERS:
        small = imgdd.gray(pixels, *imgdd.SIZES[name], filter_)
        (row,) = HASHES[name](small[np.newaxis], 8)
        assert {"deep.png": bits.to_hex(bits.to_int(row, 64), 64)} == expected(tmp_path, name, filter_)


@given(
    side=st.tuples(st.integers(1, 70), st.integers(1, 70), st.integers(1, 5)),
    target=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    filter_=st.sampled_from(sorted(FILTERS)),
    deep=st.booleans(),
    seed=st.integers(0, 2**32),
)
@settings(deadline=None, max_examples=150)
def test_the_kernel_is_the_reference_to_the_bit(
    side: tuple[int, int, int], target: tuple[int, int], filter_: str, deep: bool, seed: int
) -> None:
    depth = np.uint16 if deep else np.uint8
    pixels = np.random.default_rng(seed).integers(0, np.iinfo(depth).max, side, depth, endpoint=True)
    found = resample(pixels, *target, filter_)
    assert found.dtype == depth
    assert found.shape == (target[1], target[0], side[2])
    assert np.array_equal(found, resample(pixels, *target, filter_, kernel=REFERENCE))


@pytest.mark.parametrize("filter_", FILTERS)
@pytest.mark.parametrize("shape", [(375, 500, 3), (20, 1100, 1), (2, 2100, 5), (3, 4, 1500)])
def test_tiles_leave_no_seam(filter_: str, shape: tuple[int, int, int]) -> None:
    pixels = np.random.default_rng(5).integers(0, 256, shape, dtype=np.uint8)
    for target in [(9, 8), (32, 32), (1, 1)]:
        found = resample(pixels, *target, filter_)
        assert np.array_equal(found, resample(pixels, *target, filter_, kernel=REFERENCE))


def test_memory_order_makes_no_difference() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (3, 41, 50), dtype=np.uint8)
    turned = pixels.transpose(1, 2, 0)
    assert np.array_equal(resample(turned, 9, 8, "lanczos3"), resample(np.ascontiguousarray(turned), 9, 8, "lanczos3"))
    backwards = turned[::-1, ::-2]
    found = resample(backwards, 9, 8, "gaussian")
    assert np.array_equal(found, resample(backwards.copy(), 9, 8, "gaussian", kernel=REFERENCE))


def test_without_kernels_the_reference_runs() -> None:
    code = (
        "import sys; sys.modules['lookalike._native'] = None\n"
        "import numpy as np\n"
        "from lookalike.hashes.resampled import resample\n"
        "print(resample(np.arange(30, dtype=np.uint8).reshape(5, 6, 1), 2, 1, 'catmullrom').tolist())\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    pixels = np.arange(30, dtype=np.uint8).reshape(5, 6, 1)
    assert done.stdout == f"{resample(pixels, 2, 1, 'catmullrom').tolist()}\n"


def test_the_same_size_is_a_copy() -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (8, 9, 1), dtype=np.uint8)
    for kernel in KERNELS:
        found = resample(pixels, 9, 8, "gaussian", kernel=kernel)
        assert np.array_equal(found, pixels)
        assert not np.shares_memory(found, pixels)


@pytest.mark.parametrize("filter_", FILTERS)
@given(source=st.integers(1, 3000), target=st.integers(1, 64))
@settings(deadline=None, max_examples=40)
def test_windows_lie_within_the_picture_and_add_up_to_one(filter_: str, source: int, target: int) -> None:
    start, bounds, weights = resampled.taps(source, target, filter_)
    assert (start >= 0).all()
    assert (np.diff(bounds) >= 1).all()
    assert (start + np.diff(bounds) <= source).all()
    assert np.abs(np.add.reduceat(weights.astype(np.float64), bounds[:-1]) - 1).max() < 1e-4


@pytest.mark.parametrize(
    ("mode", "channels", "depth"),
    [
        ("1", 1, np.uint8), ("L", 1, np.uint8), ("LA", 1, np.uint8), ("La", 1, np.uint8), ("F", 1, np.uint8),
        ("I", 1, np.uint16), ("I;16", 1, np.uint16), ("I;16L", 1, np.uint16), ("I;16B", 1, np.uint16),
        ("P", 3, np.uint8), ("PA", 3, np.uint8), ("RGB", 3, np.uint8), ("RGBX", 3, np.uint8), ("RGBA", 3, np.uint8),
        ("RGBa", 3, np.uint8), ("CMYK", 3, np.uint8), ("YCbCr", 3, np.uint8), ("HSV", 3, np.uint8),
    ],
)  # fmt: skip
def test_every_mode_is_prepared(mode: str, channels: int, depth: type) -> None:
    image = Image.new(mode, (13, 11))
    pixels = imgdd.pixels_of(image)
    assert pixels.shape == (11, 13, channels)
    assert pixels.dtype == depth
    small = imgdd.prepare(image, 9, 8, "triangle")
    assert small.shape == (8, 9)
    assert small.dtype == np.uint8
    assert small.min() == small.max()


@pytest.mark.parametrize("kind", ["rgb", "gray"])
def test_transparency_is_left_out(kind: str) -> None:
    pictures = modes(3, 40, 30)
    veiled = pictures[{"rgb": "rgba", "gray": "gray-alpha"}[kind]]
    assert np.array_equal(imgdd.pixels_of(pictures[kind]), imgdd.pixels_of(veiled))
    assert np.array_equal(imgdd.pixels_of(pictures["palette"]), imgdd.pixels_of(pictures["palette-alpha"]))


def test_deep_integers_are_limited() -> None:
    image = Image.fromarray(np.array([[-5, 0, 70000]], np.int32))
    assert imgdd.pixels_of(image).ravel().tolist() == [0, 0, 65535]


@pytest.mark.parametrize("name", HASHES)
@pytest.mark.parametrize("count", [0, 1, imgdd.CHUNK - 1, imgdd.CHUNK, imgdd.CHUNK + 3])
def test_a_block_is_its_pictures_one_by_one(name: str, count: int) -> None:
    width, height = imgdd.SIZES[name]
    block = np.random.default_rng(count).integers(0, 256, (count, height, width), dtype=np.uint8)
    found = HASHES[name](block, 8)
    assert found.dtype == np.uint64
    assert found.shape == (count, 1)
    for at in {0, 1, imgdd.CHUNK - 1, imgdd.CHUNK, count - 1} & set(range(count)):
        assert np.array_equal(found[at : at + 1], HASHES[name](block[at : at + 1], 8))


@given(st.lists(st.lists(st.integers(0, 9), min_size=64, max_size=64), min_size=1, max_size=5))
@settings(deadline=None)
def test_middles_are_of_the_row_and_the_upper_one_is_sorted(rows: list[list[int]]) -> None:
    values = np.array(rows, np.uint8)
    before, middle = middles(values)
    assert np.array_equal(middle, np.sort(values, axis=1)[:, 32])
    assert (before <= middle).all()
    assert all(value in row for value, row in zip(before.tolist(), rows, strict=True))


@pytest.mark.parametrize("count", [2, 3, 15, 16])
def test_short_rows_are_sorted(count: int) -> None:
    values = np.random.default_rng(count).random((50, count), np.float32)
    before, middle = middles(values)
    ordered = np.sort(values, axis=1)
    assert np.array_equal(before, ordered[:, count // 2 - 1])
    assert np.array_equal(middle, ordered[:, count // 2])


def test_an_unknown_filter_is_refused_with_the_names() -> None:
    for kernel in KERNELS:
        with pytest.raises(UsageError, match=r"'bicubic'.*nearest, triangle, catmullrom, gaussian, lanczos3"):
            resample(np.zeros((5, 5, 1), np.uint8), 5, 5, "bicubic", kernel=kernel)
    with pytest.raises(UsageError, match="lanczos3"):
        imgdd.prepare(Image.new("L", (5, 5)), 8, 8, "Lanczos")


@pytest.mark.parametrize("shape", [(5, 5), (0, 5, 1), (5, 0, 1), (5, 5, 0), (1, 5, 5, 1)])
def test_pictures_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"\(h, w, channels\)"):
        resample(np.zeros(shape, np.uint8), 8, 8, "triangle")


@pytest.mark.parametrize("size", [(0, 8), (8, 0), (-1, 8)])
def test_an_empty_result_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        resample(np.zeros((5, 5, 1), np.uint8), *size, "triangle")


def test_another_depth_is_refused() -> None:
    with pytest.raises(TypeError, match="float32"):
        resample(np.zeros((5, 5, 1), np.float32), 8, 8, "triangle")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("start", "bounds"), [([3], [0, 3]), ([-1], [0, 3]), ([0], [0, 4]), ([0], [1, 3]), ([0], [0]), ([0, 9], [0, 5, 3])]
)
def test_the_kernel_refuses_windows_outside_the_picture(start: list[int], bounds: list[int]) -> None:
    pixels, weights = np.zeros((5, 5, 1), np.uint8), np.ones(3, np.float32)
    good = resampled.taps(5, 2, "triangle")
    bad = np.array(start, np.int64), np.array(bounds, np.int64), weights
    native = pytest.importorskip("lookalike._native", reason="installed without kernels")
    for windows in ((*bad, *good), (*good, *bad)):
        with pytest.raises(ValueError, match="outside the picture"):
            native.resample(pixels, *windows)
