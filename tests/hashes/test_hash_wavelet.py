"""whash against the package imagehash and PyWavelets, bit for bit, and the compiled kernel against plain NumPy."""

import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import imagehash
import numpy as np
import pytest
import pywt
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image
from skimage import data

from conftest import scene
from lookalike import _native, bits
from lookalike.errors import UsageError
from lookalike.hashes import wavelet
from lookalike.kernels import KERNELS, REFERENCE

Kernel = str
SIZES = (4, 8, 16)
MODES = ("haar", "db4", "sym4", "bior2.2")
PHOTOS = 120
SAMPLES = ["astronaut", "camera", "chelsea", "coffee", "coins", "hubble_deep_field", "moon", "page", "rocket", "text"]
STATM = Path("/proc/self/statm")

kernels = pytest.mark.parametrize("kernel", KERNELS)


def noise(*shape: int) -> NDArray[np.uint8]:
    return np.random.default_rng(shape).integers(0, 256, shape, dtype=np.uint8)


def theirs(
    image: Image.Image, size: int, mode: str = "haar", scale: int | None = None, *, remove: bool = True
) -> NDArray[np.bool_]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of PyWavelets, about too many levels
        whash: Any = imagehash.whash  # its types allow two wavelets, it all
        flags: NDArray[np.bool_] = whash(image, size, scale, mode, remove_max_haar_ll=remove).hash.ravel()
    return flags


def assert_same(
    image: Image.Image, size: int, mode: str = "haar", scale: int | None = None, *, remove: bool = True
) -> None:
    expected = theirs(image, size, mode, scale, remove=remove)
    block = wavelet.prepare(image, size, scale)[np.newaxis]
    got = wavelet.whash(block, size, mode, remove)
    assert np.array_equal(got, bits.pack(expected[np.newaxis])), (size, mode, scale, remove)


def literal_low(pixels: NDArray[np.uint8], size: int, mode: str, *, remove: bool) -> NDArray[np.float64]:
    """Return the low band by PyWavelets alone."""
    side = len(pixels)
    planes = pixels / 255.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        if remove:
            coefficients = pywt.wavedec2(planes, "haar", level=side.bit_length() - 1)
            coefficients[0] *= 0
            planes = pywt.waverec2(coefficients, "haar")
        low: NDArray[np.float64] = pywt.wavedec2(planes, mode, level=(side // size).bit_length() - 1)[0]
    return low


def patterns(side: int) -> list[NDArray[np.uint8]]:
    """Return noise, flat ones, chequers, stripes and a ramp: where ties are many, rounding noise decides."""
    row, column = np.indices((side, side))
    chequers = (row + column) % 2 * 201 + 3
    coarse = (row // 4 + column // 4) % 2 * 90 + 7
    rule = [chequers, coarse, row % 2 * 255, column * 255 // side, (row * column) % 256]
    flat = [np.full((side, side), level) for level in (0, 1, 77, 255)]
    return [noise(side, side), *(plane.astype(np.uint8) for plane in (*rule, *flat))]


def test_there_is_a_kernel_besides_the_reference() -> None:
    assert KERNELS == ("native", REFERENCE)


@kernels
@pytest.mark.parametrize("side", [1, 2, 4, 8, 16, 32, 64, 128, 256, 512])
@pytest.mark.parametrize("remove", [True, False])
def test_haar_is_pywavelets_to_the_last_bit(side: int, kernel: Kernel, *, remove: bool) -> None:
    for pixels in patterns(side):
        for level in range(side.bit_length()):
            size = side >> level
            got = wavelet.low_frequencies(pixels, size, remove_max_haar_ll=remove, kernel=kernel)
            expected = literal_low(pixels, size, "haar", remove=remove)
            assert got.tobytes() == np.ascontiguousarray(expected).tobytes(), (side, size)
            assert got.shape == (size, size)


@kernels
@pytest.mark.parametrize("mode", ["db1", *MODES[1:], "coif1", "rbio3.1", "dmey"])
@pytest.mark.parametrize("remove", [True, False])
def test_other_wavelets_are_pywavelets_to_the_last_bit(mode: str, kernel: Kernel, *, remove: bool) -> None:
    for side in (1, 4, 16, 64):
        for pixels in patterns(side):
            for size in (side, max(1, side // 2), max(1, side // 8)):
                got = wavelet.low_frequencies(pixels, size, mode, remove, kernel=kernel)
                expected = literal_low(pixels, size, mode, remove=remove)
                assert got.shape == expected.shape
                assert got.tobytes() == np.ascontiguousarray(expected).tobytes()


@given(
    st.integers(0, 5).flatmap(lambda k: arrays(np.uint8, (2, 1 << k, 1 << k))),
    st.integers(0, 5),
    st.sampled_from(["haar", "db2"]),
    st.booleans(),
)
@settings(deadline=None, max_examples=80)
def test_kernel_and_reference_agree(block: NDArray[np.uint8], level: int, mode: str, remove: bool) -> None:
    size = max(1, block.shape[1] >> level)
    hashes = [wavelet.whash(block, size, mode, remove, kernel=kernel) for kernel in KERNELS]
    assert np.array_equal(hashes[0], hashes[1])
    low = [wavelet.low_frequencies(block[0], size, mode, remove, kernel=kernel) for kernel in KERNELS]
    assert low[0].tobytes() == low[1].tobytes()


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("mode", MODES)
def test_pictures_of_scikit_image(name: str, mode: str) -> None:
    image = Image.fromarray(getattr(data, name)())
    for size in SIZES:
        for remove in (True, False):
            assert_same(image, size, mode, remove=remove)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("scale", [None, 16, 64, 256])
def test_scenes(seed: int, mode: str, scale: int | None) -> None:
    image = scene(seed, 150 + 40 * seed, 170)
    for size in SIZES:
        for remove in (True, False):
            assert_same(image, size, mode, scale, remove=remove)


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (2, 3), (3, 3), (64, 64), (65, 63), (127, 128)], ids=str)
def test_small_pictures(size: tuple[int, int]) -> None:
    for image in (scene(1, *size), Image.new("L", size, 90)):
        for hash_size in (1, 2, 4, 8, 16):
            assert_same(image, hash_size)
            assert_same(image, hash_size, "db4", remove=False)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "YCbCr"])
def test_other_modes_are_converted(mode: str) -> None:
    assert_same(scene(3, 150, 200).convert(mode), 8)


@pytest.mark.parametrize("level", [0, 1, 30, 127, 128, 254, 255])
def test_flat_pictures_have_imagehash_s_noise(level: int) -> None:
    for size in SIZES:
        for mode in MODES:
            assert_same(Image.new("L", (70, 150), level), size, mode)


def test_photos(shared_data: Path) -> None:
    paths = sorted((shared_data / "photos").iterdir())[:PHOTOS]
    assert len(paths) == PHOTOS
    cases = [
        (size, mode, remove, scale) for size in SIZES for mode in MODES for remove in (True, False) for scale in (0, 64)
    ]
    for number, path in enumerate(paths):
        with Image.open(path) as file:
            image = file.convert("L")
        for size, mode, remove, scale in cases[number % 4 :: 4]:
            assert_same(image, size, mode, scale or None, remove=remove)
        assert_same(image, 8)


@kernels
@pytest.mark.parametrize("mode", ["haar", "sym4"])
def test_a_block_is_its_pictures_one_by_one(kernel: Kernel, mode: str) -> None:
    block = np.stack([wavelet.prepare(scene(seed, 100, 90), 8) for seed in range(5)])
    hashes = wavelet.whash(block, 8, mode, kernel=kernel)
    single = [wavelet.whash(picture[np.newaxis], 8, mode, kernel=kernel)[0] for picture in block]
    assert np.array_equal(hashes, np.stack(single))
    assert len({tuple(words) for words in hashes.tolist()}) == 5
    strided = np.ascontiguousarray(block.transpose(1, 2, 0)).transpose(2, 0, 1)
    assert np.array_equal(wavelet.whash(strided, 8, mode, kernel=kernel), hashes)


@kernels
@pytest.mark.parametrize("mode", ["haar", "db4"])
def test_an_empty_block(kernel: Kernel, mode: str) -> None:
    hashes = wavelet.whash(np.empty((0, 64, 64), np.uint8), 8, mode, kernel=kernel)
    assert len(hashes) == 0
    assert hashes.dtype == np.uint64
    assert wavelet.whash8(np.empty((0, 8, 8), np.uint8), 8).shape == (0, 1)
    assert wavelet.whash_fast(np.empty((0, 64, 64), np.uint8), 16).shape == (0, 4)


def test_no_wavelet_warns() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for mode in MODES:
            wavelet.whash(np.zeros((1, 16, 16), np.uint8), 1, mode)
    with pytest.warns(UserWarning, match="boundary effects"):  # imagehash's users do see it
        imagehash.whash(Image.new("L", (16, 16)), 1, mode="db4")


@pytest.mark.parametrize("size", [0, -8, 3, 12])
def test_a_size_that_is_no_power_of_two_is_refused(size: int) -> None:
    with pytest.raises(UsageError, match=rf"^size must be a power of two .*got {size}$"):
        wavelet.prepare(scene(0, 90, 90), size)
    with pytest.raises(UsageError, match=rf"^size must be a power of two .*got {size}$"):
        wavelet.whash(np.zeros((1, 16, 16), np.uint8), size)


@pytest.mark.parametrize("scale", [0, -64, 100])
def test_a_scale_that_is_no_power_of_two_is_refused(scale: int) -> None:
    with pytest.raises(UsageError, match=rf"^image_scale must be a power of two .*got {scale}$"):
        wavelet.prepare(scene(0, 90, 90), 8, scale)


def test_a_size_above_the_scale_is_refused() -> None:
    with pytest.raises(UsageError, match="size must be at most image_scale, 8, got 16"):
        wavelet.prepare(scene(0, 90, 90), 16, 8)
    with pytest.raises(UsageError, match="size must be at most the side of the picture, 8, got 16"):
        wavelet.whash(np.zeros((1, 8, 8), np.uint8), 16)


def test_pictures_of_another_side_are_refused() -> None:
    with pytest.raises(UsageError, match=r"side of a picture must be a power of two .*got 12"):
        wavelet.whash(np.zeros((1, 12, 12), np.uint8), 4)


@pytest.mark.parametrize("mode", ["morl", "", "haar2"])
def test_an_unknown_wavelet_is_refused_with_the_names(mode: str) -> None:
    with pytest.raises(UsageError, match=rf"unknown wavelet '{mode}': use one of bior1.1, .*db4.*haar") as caught:
        wavelet.whash(np.zeros((1, 8, 8), np.uint8), 8, mode)
    assert all(name in str(caught.value) for name in pywt.wavelist(kind="discrete"))


def test_an_unknown_kernel_is_refused_with_the_names() -> None:
    with pytest.raises(UsageError, match="native, reference, got 'fast'"):
        wavelet.whash(np.zeros((1, 8, 8), np.uint8), 8, kernel="fast")


def test_without_kernels_the_reference_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    block = noise(3, 32, 32)
    expected = wavelet.whash(block, 8)
    monkeypatch.setattr(wavelet, "KERNELS", (REFERENCE,))
    monkeypatch.delattr(wavelet, "haar_low")
    assert np.array_equal(wavelet.whash(block, 8), expected)


def literal_whash8(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the bits that PyWavelets in float64 gives, and where they are no tie."""
    coefficients = pywt.wavedec2(pixels.astype(np.float64), "haar", level=3)
    coefficients[0] = np.zeros_like(coefficients[0])
    values = pywt.waverec2(coefficients, "haar").ravel()
    middle = np.median(values)
    return values > middle, np.abs(values - middle) > 1e-9


eights = st.one_of(
    arrays(np.uint8, (8, 8)),
    st.integers(0, 2**32).map(lambda seed: np.random.default_rng(seed).integers(0, 256, (8, 8), dtype=np.uint8)),
    st.integers(0, 500).map(lambda seed: np.asarray(scene(seed, 80, 80).convert("L").resize((8, 8)))),
)


@given(eights)
@settings(deadline=None, max_examples=200)
def test_whash8_is_the_literal_one_but_for_ties(pixels: NDArray[np.uint8]) -> None:
    expected, sure = literal_whash8(pixels)
    got = bits.unpack(wavelet.whash8(pixels[np.newaxis], 8), 64)[0]
    assert np.array_equal(got[sure], expected[sure])
    assert not got[~sure].any()


def slow_whash_fast(luma: NDArray[np.uint8], size: int) -> list[bool]:
    """Return the bits of one thumbnail by the definition, in Python integers."""
    side = 64 // size
    rows = luma.tolist()
    sums = [
        sum(rows[y][x] for y in range(side * i, side * (i + 1)) for x in range(side * j, side * (j + 1)))
        for i in range(size)
        for j in range(size)
    ]
    ordered = sorted(sums)
    middle = ordered[len(sums) // 2 - 1] + ordered[len(sums) // 2]
    return [2 * value > middle for value in sums]


@pytest.mark.parametrize("size", wavelet.FAST_SIZES)
def test_whash_fast_is_the_slow_one_to_the_bit(size: int) -> None:
    thumbnails = [np.asarray(scene(seed, 64, 64).convert("L")) for seed in range(5)]
    block = np.stack([*thumbnails, *patterns(64)])
    hashes = wavelet.whash_fast(block, size)
    assert hashes.shape == (len(block), bits.words(size * size))
    assert bits.unpack(hashes, size * size).tolist() == [slow_whash_fast(luma, size) for luma in block]


@pytest.mark.parametrize("seed", range(8))
def test_whash_fast_is_near_whash_of_the_same_thumbnail(seed: int) -> None:
    block = np.asarray(scene(seed, 64, 64).convert("L"))[np.newaxis]
    assert bits.distance(wavelet.whash_fast(block, 8), wavelet.whash(block, 8))[0] <= 2


@pytest.mark.parametrize("size", [0, 1, 3, 12, 64])
def test_sizes_of_the_integer_hashes(size: int) -> None:
    with pytest.raises(UsageError, match=rf"whash_fast has no size {size}: use one of 2, 4, 8, 16, 32"):
        wavelet.whash_fast(np.zeros((1, 64, 64), np.uint8), size)
    with pytest.raises(UsageError, match=rf"whash8 has no size {size}: use 8"):
        wavelet.whash8(np.zeros((1, 8, 8), np.uint8), size)


LOOP = """
import sys
from pathlib import Path
import numpy as np
from PIL import Image
from lookalike.hashes import wavelet

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1])

image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (16, 16), dtype=np.uint8))
def work(calls):
    for _ in range(calls // 2):
        for mode in ("haar", "db4"):
            wavelet.whash(wavelet.prepare(image, 8)[np.newaxis], 8, mode)

work(1000)
before = resident()
work(int(sys.argv[1]))
print((resident() - before) * 4096)
"""


@pytest.mark.skipif(not STATM.exists(), reason="the system does not say how much memory a process holds")
def test_memory_stays_flat() -> None:
    done = subprocess.run([sys.executable, "-c", LOOP, "20000"], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 500_000  # 25 bytes a call


def test_an_install_without_kernels_has_the_reference_only() -> None:
    code = (
        "import sys; sys.modules['lookalike._native'] = None\n"
        "from lookalike.hashes import wavelet; from PIL import Image\n"
        "print(wavelet.KERNELS, wavelet.whash(wavelet.prepare(Image.new('L', (90, 70)), 8)[None], 8).shape)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "('reference',) (1, 1)\n"


def test_the_kernel_checks_its_arguments() -> None:
    for shape in ((1, 8, 4), (1, 12, 12), (1, 0, 0)):
        with pytest.raises(ValueError, match="square, their side a power of two"):
            _native.haar_low(np.zeros(shape, np.uint8), 0, True)
    for levels in (4, 64, 1000):
        with pytest.raises(ValueError, match="too many levels"):
            _native.haar_low(np.zeros((1, 8, 8), np.uint8), levels, True)
