"""Gray pictures resampled by the kernels, by the reference and by Pillow itself, byte for byte."""

import io
import subprocess
import sys
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from conftest import scene
from lookalike import _native
from lookalike.errors import UsageError
from lookalike.hashes import gray
from lookalike.hashes.luma import luma

NATIVE = [kernel for kernel in gray.KERNELS if kernel != gray.PILLOW]
SIZES = [
    (400, 534),
    (534, 400),
    (700, 700),
    (1, 1),
    (1, 500),
    (500, 1),
    (3, 2000),
    (2000, 3),
    (33, 31),
    (64, 65),
    (2, 2),
]
TARGETS = [(8, 8), (9, 8), (8, 9), (32, 32), (256, 256), (300, 300), (1, 1), (300, 1), (1, 300), (17, 2), (64, 33)]
CHANGED = [probe for probe in gray.PROBES if probe[0] != probe[2] and probe[1] != probe[3]]

sides = st.one_of(st.integers(1, 40), st.integers(1, 300))


def extremes(width: int, height: int, seed: int = 0) -> NDArray[np.uint8]:
    """Return noise in black and white: sums then leave 0 to 255 at both ends."""
    return np.random.default_rng(seed).integers(0, 2, (height, width), dtype=np.uint8) * np.uint8(255)


def by_pillow(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.LANCZOS))


def in_order(order: gray.Order) -> gray.Resize:
    """Return what a Pillow with that order of passes would do."""

    def resize(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
        first = order(pixels.shape[1], pixels.shape[0], width, height)
        return gray.resize_reference(pixels, width, height, vertical_first=first)

    return resize


def assert_all_alike(pixels: NDArray[np.uint8], width: int, height: int, *, reference: bool = True) -> None:
    expected = by_pillow(pixels, width, height)
    assert expected.shape == (height, width)
    for kernel in (*gray.KERNELS, None):
        got = gray.resize_gray(pixels, width, height, kernel=kernel)
        assert got.dtype == np.uint8
        assert np.array_equal(got, expected), kernel
    if reference:
        assert np.array_equal(in_order(gray.ORDERS[str(gray.installed_order())])(pixels, width, height), expected)


def test_there_are_kernels_and_the_installed_pillow_is_understood() -> None:
    assert gray.KERNELS[-2:] == ("plain", gray.PILLOW)
    assert gray.installed_order() in gray.ORDERS


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_sizes_of_every_kind(size: tuple[int, int], target: tuple[int, int]) -> None:
    assert_all_alike(extremes(*size), *target)


@given(sides, sides, sides, sides, st.integers(0, 2**32))
@settings(deadline=None, max_examples=300)
def test_any_size(width: int, height: int, across: int, down: int, seed: int) -> None:
    assert_all_alike(extremes(width, height, seed), across, down)


@pytest.mark.parametrize("seed", range(40))
def test_any_size_with_all_levels(seed: int) -> None:
    random = np.random.default_rng(seed)
    width, height, across, down = (int(random.integers(1, most)) for most in (700, 700, 300, 300))
    assert_all_alike(random.integers(0, 256, (height, width), dtype=np.uint8), across, down)


@pytest.mark.parametrize(("width", "height"), [(1, 1), (7, 300), (300, 7), (90, 90)])
def test_a_side_that_keeps_its_size_is_left_as_it_is(width: int, height: int) -> None:
    pixels = extremes(width, height)
    for across, down in product((width, 1, 13, 250), (height, 1, 13, 250)):
        if width == across or height == down:
            assert_all_alike(pixels, across, down)
    assert np.array_equal(gray.resize_gray(pixels, width, height), pixels)


@pytest.mark.parametrize("target", [(8, 8), (9, 8), (30, 5), (45, 60)], ids=str)
def test_both_sides_of_where_the_order_of_passes_turns(target: tuple[int, int]) -> None:
    across, down = target
    for width in (across, across + 1, across + 13, across + 40, max(1, across - 4)):
        turn = down + 2 * (width - across)
        for height in {max(1, turn + step) for step in (-2, -1, 0, 1, 2)} | {100 * width, 100 * width + 1}:
            assert_all_alike(extremes(width, height), across, down)


@pytest.mark.parametrize(("width", "height"), [(20_000, 300), (300, 20_000), (65_000, 2), (1, 65_000)])
def test_long_sides(width: int, height: int) -> None:
    assert_all_alike(extremes(width, height), 8, 9, reference=False)


@pytest.mark.parametrize("level", [0, 1, 254, 255])
def test_flat_pictures_stay_flat(level: int) -> None:
    for across, down in ((8, 8), (300, 300), (1, 1)):
        pixels = np.full((123, 77), level, np.uint8)
        assert_all_alike(pixels, across, down)


def test_pixels_may_lie_anyhow_in_memory() -> None:
    pixels = extremes(90, 120)
    for view in (pixels.T, pixels[::-1, ::2], pixels[3:70, 5:11]):
        assert_all_alike(view, 8, 9)
    pixels.flags.writeable = False
    assert_all_alike(pixels, 8, 9)


def test_the_weights_of_a_pixel_sum_to_one() -> None:
    for size, result in ((500, 8), (8, 500), (3, 3), (1, 9), (301, 300)):
        assert np.abs(gray.weights(size, result).sum(axis=1) / 2**22 - 1).max() < 1e-4


@pytest.mark.parametrize("probe", CHANGED, ids=str)
def test_every_probe_tells_the_orders_apart(probe: tuple[int, int, int, int]) -> None:
    pixels = gray.probe_picture(*probe[:2])
    one, other = (gray.resize_reference(pixels, *probe[2:], vertical_first=first) for first in (False, True))
    assert not np.array_equal(one, other)


def test_probes_lie_on_both_sides_of_every_order() -> None:
    answers = {tuple(order(*probe) for order in gray.ORDERS.values()) for probe in CHANGED}
    assert answers >= {(False, False, False), (True, False, False), (True, True, False)}


@pytest.mark.parametrize("name", gray.ORDERS)
def test_each_known_order_is_found(name: str) -> None:
    assert gray.find_order(in_order(gray.ORDERS[name])) == name


@pytest.mark.parametrize(
    "rule",
    [
        lambda *_: True,
        lambda width, height, across, down: height > down and height - down >= 2 * (width - across),
        lambda width, height, across, down: height / down > 2 * width / across,
        lambda width, height, *_: height > width,
        lambda width, height, *_: height >= 100 * width,
        lambda width, height, across, down: height > down and height - down > 3 * (width - across),
    ],
)
def test_an_order_that_is_not_known_is_not_taken_for_one_that_is(rule: gray.Order) -> None:
    assert gray.find_order(in_order(rule)) is None


def test_other_weights_or_roundings_are_not_taken_for_pillow_s() -> None:
    def off_by_one(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
        got = by_pillow(pixels, width, height).copy()
        got[-1, -1] ^= 1
        return got

    def bicubic(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
        return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC))

    def filters_sides_that_stay(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
        return by_pillow(pixels, width, height) if pixels.shape != (12, 20) else bicubic(pixels, width, height)

    for resize in (off_by_one, bicubic, filters_sides_that_stay):
        assert gray.find_order(resize) is None


@pytest.mark.parametrize("probe", gray.PROBES, ids=str)
def test_a_pillow_that_no_order_explains_is_used_for_everything(
    probe: tuple[int, int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def strange(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
        got = by_pillow(pixels, width, height)
        return 255 - got if (*pixels.shape[::-1], width, height) == probe else got

    monkeypatch.setattr(gray, "_resize_pillow", strange)
    gray.installed_order.cache_clear()
    try:
        assert gray.installed_order() is None
        monkeypatch.setattr(gray, "_resize_native", None)  # a call of it would fail
        pixels = extremes(50, 60)
        assert np.array_equal(gray.resize_gray(pixels, 8, 8), by_pillow(pixels, 8, 8))
    finally:
        gray.installed_order.cache_clear()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I", "F", "I;16"])
@pytest.mark.parametrize("target", [(8, 8), (9, 8), (32, 32), (300, 300)], ids=str)
def test_luma_is_what_imagehash_asks_of_pillow(mode: str, target: tuple[int, int]) -> None:
    image = scene(3, 150, 400).convert("L" if mode == "I;16" else mode).convert(mode)
    expected = np.asarray(image.convert("L").resize(target, Image.Resampling.LANCZOS))
    assert np.array_equal(luma(image, *target), expected)


def test_errors_are_pillow_s() -> None:
    image = Image.new("L", (30, 20))
    for width, height in ((0, 8), (8, 0), (-1, 8)):
        with pytest.raises(ValueError, match="must be > 0"):
            luma(image, width, height)
    with pytest.raises(TypeError, match="'float' object cannot be interpreted as an integer"):
        luma(image, 8.0, 8)  # type: ignore[arg-type]
    assert luma(image, *np.array([9, 8])).shape == (8, 9)
    assert luma(Image.new("L", (5, 0)), 3, 2).tolist() == [[0, 0, 0], [0, 0, 0]]
    file = io.BytesIO()
    Image.fromarray(extremes(200, 200)).save(file, "JPEG")
    with pytest.raises(OSError, match="truncated"):
        luma(Image.open(io.BytesIO(file.getvalue()[:9000])), 8, 8)


def test_an_unknown_kernel_is_refused_with_the_names() -> None:
    with pytest.raises(UsageError, match=r"plain, pillow, got 'fast'"):
        gray.resize_gray(np.zeros((9, 9), np.uint8), 8, 8, kernel="fast")


def test_the_kernels_check_their_arguments() -> None:
    pixels, axis = np.zeros((9, 9), np.uint8), _native.LanczosAxis(9, 8)
    for size, result in ((0, 8), (8, 0), (2**31, 8)):
        with pytest.raises(ValueError, match=r"1 to 2\*\*30"):
            _native.LanczosAxis(size, result)
    for across, down in ((_native.LanczosAxis(8, 8), axis), (axis, _native.LanczosAxis(10, 8))):
        with pytest.raises(ValueError, match="another size"):
            _native.resize_gray(pixels, across, down, False, NATIVE[0])
    with pytest.raises(ValueError, match="no kernel here is called 'fast'"):
        _native.resize_gray(pixels, axis, axis, False, "fast")
    with pytest.raises(TypeError):
        _native.resize_gray(pixels.T[::2], axis, axis, False, NATIVE[0])


def test_an_install_without_kernels_uses_pillow() -> None:
    code = (
        "import sys; sys.modules['lookalike._native'] = None\n"
        "from lookalike.hashes import gray; from lookalike.hashes.luma import luma; from PIL import Image\n"
        "print(gray.KERNELS, gray.installed_order(), luma(Image.new('RGB', (90, 70)), 9, 8).shape)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "('pillow',) None (8, 9)\n"
