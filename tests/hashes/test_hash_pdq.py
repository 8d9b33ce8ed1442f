"""PDQ against the package pdqhash, bit for bit, and the compiled kernels against plain NumPy."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pdqhash
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from skimage import data

from conftest import scene
from lookalike import _native, bits
from lookalike.decode import turn
from lookalike.errors import UsageError
from lookalike.hashes import pdq
from lookalike.kernels import KERNELS, REFERENCE

Kernel = str
SHAPES = [(5, 5), (5, 700), (700, 5), (63, 65), (65, 64), (64, 65), (128, 128), (129, 127), (257, 130), (375, 500)]
TINY = [(1, 1), (1, 500), (4, 900), (900, 4), (4, 4)]
PDQHASH_ORDER = [0, 5, 2, 4, 6, 3, 7, 1]  # where compute_dihedral returns orientation 1, 2, ..., 8
PHOTOS = 120
SAMPLES = ["astronaut", "camera", "chelsea", "coffee", "coins", "hubble_deep_field", "moon", "page", "rocket", "text"]

kernels = pytest.mark.parametrize("kernel", KERNELS)


def noise(*shape: int) -> NDArray[np.uint8]:
    return np.random.default_rng(shape).integers(0, 256, (*shape, 3), dtype=np.uint8)


def row(flags: NDArray[np.integer]) -> NDArray[np.uint64]:
    """Return a vector of pdqhash as a row of words."""
    packed: NDArray[np.uint64] = bits.pack(flags[np.newaxis].astype(np.bool_))[0]
    return packed


def assert_same(image: Image.Image, kernel: Kernel | None = None) -> None:
    rgb = np.asarray(image.convert("RGB"))
    flags, quality = pdqhash.compute(rgb)
    small = pdq.prepare(image) if kernel is None else pdq.reduce_luma(pdq.luma(rgb), kernel=kernel)
    block = small[np.newaxis]
    assert np.array_equal(pdq.pdq(block, 16, kernel=kernel)[0], row(flags))
    assert pdq.quality(block).tolist() == [quality]
    if min(rgb.shape[:2]) >= pdq.LEAST_SIDE:  # pdqhash.compute_float does not check for smaller ones
        floats = pdqhash.compute_float(rgb)[0]
        assert np.array_equal(pdq.frequencies(block, kernel=kernel)[0].ravel()[::-1], floats)


def test_there_is_a_kernel_besides_the_reference() -> None:
    assert KERNELS == ("native", REFERENCE)


@kernels
@pytest.mark.parametrize("shape", [*SHAPES, *TINY, (64, 64)], ids=str)
def test_noise_of_odd_sizes_gives_pdqhash_s_bits(shape: tuple[int, int], kernel: Kernel) -> None:
    assert_same(Image.fromarray(noise(*shape)), kernel)


@pytest.mark.parametrize("shape", [*SHAPES, *TINY, (64, 64)], ids=str)
def test_prepare_is_the_reference_to_the_last_bit(shape: tuple[int, int]) -> None:
    rgb = noise(*shape)
    expected = pdq.reduce_luma_reference(pdq.luma(rgb))
    assert pdq.prepare(Image.fromarray(rgb)).tobytes() == expected.tobytes()
    assert expected.shape == (64, 64)
    assert expected.dtype == np.float32


@given(st.integers(1, 300), st.integers(1, 300), st.integers(0, 2**32))
@settings(deadline=None, max_examples=60)
def test_kernel_and_reference_agree_on_any_floats(rows: int, columns: int, seed: int) -> None:
    luma = np.random.default_rng(seed).uniform(0, 255, (rows, columns)).astype(np.float32)
    small = [pdq.reduce_luma(luma, kernel=kernel) for kernel in KERNELS]
    low = [pdq.frequencies(small[0][np.newaxis], kernel=kernel) for kernel in KERNELS]
    for group in (small, low):
        assert {plane.tobytes() for plane in group} == {group[0].tobytes()}


@kernels
@pytest.mark.parametrize("level", [0, 1, 127, 255])
def test_flat_pictures(level: int, kernel: Kernel) -> None:
    assert_same(Image.new("RGB", (200, 150), (level, 255 - level, level // 2)), kernel)


@kernels
@pytest.mark.parametrize("seed", range(6))
def test_scenes(seed: int, kernel: Kernel) -> None:
    assert_same(scene(seed, 320 + 37 * seed, 240 - 11 * seed), kernel)


@pytest.mark.parametrize("name", SAMPLES)
def test_pictures_of_scikit_image(name: str) -> None:
    assert_same(Image.fromarray(getattr(data, name)()))


def test_photos(shared_data: Path) -> None:
    paths = sorted((shared_data / "photos").iterdir())[:PHOTOS]
    assert len(paths) == PHOTOS
    for path in paths:
        with Image.open(path) as image:
            assert_same(image)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "YCbCr"])
def test_other_modes_are_converted(mode: str) -> None:
    assert_same(scene(3, 150, 200).convert(mode))


def test_the_hex_text_is_pdq_s_usual_one() -> None:
    image = scene(4)
    flags, _ = pdqhash.compute(np.asarray(image))
    text = "".join(f"{int(''.join(map(str, flags[i : i + 4])), 2):x}" for i in range(0, 256, 4))
    got = pdq.pdq(pdq.prepare(image)[np.newaxis], 16)[0]
    assert bits.to_hex(bits.to_int(got, 256), 256) == text


@kernels
def test_a_block_is_its_pictures_one_by_one(kernel: Kernel) -> None:
    block = np.stack([pdq.prepare(scene(seed, 100 + seed, 90)) for seed in range(5)])
    single = [pdq.pdq(picture[np.newaxis], 16, kernel=kernel)[0] for picture in block]
    hashes = pdq.pdq(block, 16, kernel=kernel)
    assert np.array_equal(hashes, np.stack(single))
    assert len({tuple(words) for words in hashes.tolist()}) == 5
    assert np.array_equal(pdq.quality(block), np.concatenate([pdq.quality(picture[np.newaxis]) for picture in block]))
    strided = np.ascontiguousarray(block.transpose(1, 2, 0)).transpose(2, 0, 1)
    assert np.array_equal(pdq.pdq(strided, 16, kernel=kernel), hashes)
    assert np.array_equal(pdq.dihedral(block, kernel=kernel)[:, 2:3], pdq.dihedral(block[2:3], kernel=kernel))


@kernels
def test_an_empty_block(kernel: Kernel) -> None:
    none = np.empty((0, 64, 64), np.float32)
    hashes = pdq.pdq(none, 16, kernel=kernel)
    assert hashes.shape == (0, 4)
    assert hashes.dtype == np.uint64
    assert pdq.quality(none).shape == (0,)
    assert pdq.dihedral(none, kernel=kernel).shape == (8, 0, 4)


@kernels
@pytest.mark.parametrize("shape", [(375, 500), (63, 65), (5, 700), (65, 64), (4, 900)], ids=str)
def test_dihedral_is_pdqhash_s(shape: tuple[int, int], kernel: Kernel) -> None:
    rgb = noise(*shape)
    expected, _ = pdqhash.compute_dihedral(rgb)
    got = pdq.dihedral(pdq.prepare(Image.fromarray(rgb))[np.newaxis], kernel=kernel)
    assert got.shape == (8, 1, 4)
    for index, where in enumerate(PDQHASH_ORDER):
        assert np.array_equal(got[index, 0], row(expected[where])), f"orientation {index + 1}"


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("orientation", range(1, 9))
def test_dihedral_is_near_the_hash_of_the_picture_turned(seed: int, orientation: int) -> None:
    block = pdq.prepare(scene(seed, 300, 300))[np.newaxis]
    pixels = np.asarray(scene(seed, 300, 300))
    turned = pdq.prepare(Image.fromarray(turn(pixels, orientation)))[np.newaxis]
    far = bits.distance(pdq.dihedral(block)[:, 0], pdq.pdq(turned, 16)[0])
    assert far[orientation - 1] <= 20
    assert far.argmin() == orientation - 1
    assert np.sort(far)[1] > 60


def test_dihedral_of_64x64_comes_from_the_dct_of_the_picture_as_it_is() -> None:
    block = pdq.prepare(scene(1, 64, 64))[np.newaxis]
    assert np.array_equal(pdq.dihedral(block)[0], pdq.pdq(block, 16))


@pytest.mark.parametrize("size", [0, 8, 32, 256])
def test_another_size_is_refused(size: int) -> None:
    with pytest.raises(UsageError, match=rf"no size {size}: use 16"):
        pdq.pdq(np.zeros((1, 64, 64), np.float32), size)


def test_an_unknown_kernel_is_refused_with_the_names() -> None:
    block = np.zeros((1, 64, 64), np.float32)
    for call in (
        lambda: pdq.pdq(block, 16, kernel="fast"),
        lambda: pdq.dihedral(block, kernel="fast"),
        lambda: pdq.reduce_luma(block[0], kernel="fast"),
    ):
        with pytest.raises(UsageError, match="native, reference, got 'fast'"):
            call()


def test_without_kernels_prepare_uses_the_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    image = scene(2, 90, 70)
    expected = pdq.prepare(image)
    monkeypatch.setattr(pdq, "KERNELS", (REFERENCE,))
    monkeypatch.delattr(pdq, "pdq_reduce_rgb")
    assert pdq.prepare(image).tobytes() == expected.tobytes()


def test_an_install_without_kernels_has_the_reference_only() -> None:
    code = (
        "import sys; sys.modules['lookalike._native'] = None\n"
        "from lookalike.hashes import pdq; from PIL import Image\n"
        "print(pdq.KERNELS, pdq.pdq(pdq.prepare(Image.new('L', (90, 70), 9))[None], 16).shape)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "('reference',) (1, 4)\n"


def test_the_kernels_check_their_arguments() -> None:
    with pytest.raises(ValueError, match="3 channels"):
        _native.pdq_reduce_rgb(np.zeros((9, 9, 4), np.uint8))
    for block, basis in (((1, 64, 63), (16, 64)), ((1, 64, 64), (16, 63)), ((1, 63, 64), (16, 64))):
        with pytest.raises(ValueError, match="64x64 and the basis 16x64"):
            _native.pdq_frequencies(np.zeros(block, np.float32), np.zeros(basis, np.float32))
    with pytest.raises(TypeError):
        _native.pdq_reduce_luma(np.zeros((9, 9)))  # type: ignore[arg-type]
