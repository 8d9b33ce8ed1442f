"""The compiled functions and what they are given: no argument of a wrong kind is taken, and nothing beside an array is read."""

import ctypes
import mmap
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lookalike.hashes import dct, pdq, resampled

native = pytest.importorskip("lookalike._native", reason="installed without kernels")

Values = dict[str, Any]


def noise(*shape: int, dtype: type[np.generic] = np.uint8) -> NDArray[Any]:
    """Return levels of a picture, or as many numbers of another type."""
    return np.random.default_rng(sum(shape)).integers(0, 256, shape).astype(dtype)


def maps(count: int) -> NDArray[np.float64]:
    return np.eye(2, 3) + np.random.default_rng(count).normal(0, 0.1, (count, 2, 3)) * [1, 1, 32]


@dataclass(frozen=True)
class Call:
    """A call that is right, and what of it may be otherwise.

    Attributes
    ----------
    function : callable
        What is called.
    values : dict
        Its arguments by name, arrays and others.
    free : dict of str to tuple of int
        Axes of arrays that may be longer or shorter by themselves.
    wrong : dict of str to tuple
        What other arguments must not be.
    """

    function: Callable[..., Any]
    values: Values
    free: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    wrong: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)

    def arrays(self) -> list[str]:
        return [name for name, value in self.values.items() if isinstance(value, np.ndarray)]


def windows(side: str, source: int, target: int) -> Values:
    return dict(
        zip(
            (f"{side}_start", f"{side}_bounds", f"{side}_weights"),
            resampled.taps(source, target, "lanczos3"),
            strict=True,
        )
    )


def stream(**values: Any) -> list[Any]:
    """Take all answers of a join."""
    made = native.PairStream(**values)
    return list(iter(lambda: made.next(100), None))


def counted(weights: NDArray[np.uint64], **values: Any) -> list[Any]:
    return [native.PairStream(**values).count(weights), native.PairStream(**values).components()]


def calls() -> dict[str, Call]:
    hashes = {"block": noise(70, 3, dtype=np.uint64), "radius": 9, "threads": 2, "kernel": native.kernels()[0]}
    rows = {"left_rows": np.array([0, 2, 1, 1]), "right_rows": np.array([3, 0, 3, 2])}
    chroma = {"left": noise(3, 8, 8, 2), "right": noise(4, 8, 8, 2)}
    places = {"maps": maps(4), "swapped": np.array([True, False, True, False]), "changed": noise(4, 8, 8) > 128}
    axis = {"across": native.LanczosAxis(37, 9), "down": native.LanczosAxis(51, 8)}
    bad_rows = tuple(np.array([0, 1, 2, row]) for row in (-1, 4, 1 << 40, -(1 << 63)))
    return {
        "pdq_reduce_luma": Call(native.pdq_reduce_luma, {"luma": noise(70, 91, dtype=np.float32)}, {"luma": (0, 1)}),
        "pdq_reduce_rgb": Call(native.pdq_reduce_rgb, {"rgb": noise(70, 91, 3)}, {"rgb": (0, 1)}),
        "pdq_frequencies": Call(
            native.pdq_frequencies, {"block": noise(3, 64, 64, dtype=np.float32), "basis": pdq.basis()}, {"block": (0,)}
        ),
        "haar_low": Call(
            native.haar_low, {"block": noise(3, 32, 32), "levels": 2, "remove_mean": True}, {"block": (0,)},
            {"levels": (6, 64, 1 << 31, 1 << 32, -1)},
        ),
        "shrink": Call(
            native.shrink, {"plane": noise(9, 13), "width": 101, "height": 70, "unit": 8, "side": 16}, {},
            {"width": (0, 96, 105, 1 << 31, -1), "height": (0, 64, 73), "unit": (0, 7, 65), "side": (0, 4097, 1 << 62)},
        ),
        "reduce": Call(
            native.reduce, {"pictures": noise(3, 64, 64), "width": 9, "height": 8}, {"pictures": (0,)},
            {"width": (0, 4097, -1), "height": (0, 4097, 1 << 62)},
        ),
        "low_frequencies": Call(
            native.low_frequencies,
            {
                "pictures": noise(3, 64, 64), "bases": dct.basis(9).astype(np.int16)[np.newaxis].repeat(2, 0),
                "spans": np.array([[0, 64], [3, 50]]), "boxes": np.array([[0, 1], [1, 1], [1, 0]]),
            },
            {"pictures": (0,), "bases": (1,), "boxes": (0,)},
            {
                "spans": tuple(np.array([[0, 64], span]) for span in ([3, 65], [-1, 9], [9, 9], [1 << 62, 64])),
                "boxes": tuple(np.array([[0, place]]) for place in (2, -1, 1 << 62)),
            },
        ),
        "resize_gray": Call(
            native.resize_gray, {"pixels": noise(51, 37), **axis, "down_first": False, "kernel": "plain"}, {},
            {"across": (native.LanczosAxis(36, 9),), "down": (native.LanczosAxis(52, 8),), "kernel": ("fast",)},
        ),
        "resample": Call(
            native.resample, {"pixels": noise(50, 37, 3), **windows("down", 50, 9), **windows("across", 37, 8)},
            {"pixels": (0, 1, 2)}, {"pixels": (noise(49, 37, 3), noise(50, 36, 3))},
        ),
        "planes": Call(native.planes, {"pixels": noise(200, 211, 3)}, {"pixels": (0, 1)}),
        "measure": Call(
            native.measure,
            {"left": noise(3, 64, 64), "right": noise(4, 64, 64), **rows, "side": 64, "kernel": native.verify_kernels()[0]},
            {"left": (0,), "right": (0,)},
            {"left_rows": bad_rows, "right_rows": bad_rows, "side": (0, 8, 48, 128, 1 << 40), "kernel": ("fast",)},
        ),
        "show": Call(native.show, {"luma": noise(4, 64, 64), "maps": maps(4)}),
        "texture": Call(
            native.texture,
            {
                "change": noise(4, 64, dtype=np.int32), "structure": noise(4, 64, 2, dtype=np.int32),
                "contrast": noise(4, 2, dtype=np.int64), "kernel": native.verify_kernels()[0],
            },
            {}, {"kernel": ("fast",)},
        ),
        "colour": Call(
            native.colour, {**chroma, **rows, **places}, {"left": (0,), "right": (0,)},
            {"left_rows": bad_rows, "right_rows": bad_rows},
        ),
        "search": Call(
            native.search, {**hashes, "queries": noise(5, 3, dtype=np.uint64), "most": 7}, {"block": (0,), "queries": (0,)},
            {"kernel": ("fast",), "radius": (-1, 1 << 32), "most": (-1,)},
        ),
        "pairs": Call(
            stream, {**hashes, "second": noise(70, 2, dtype=np.uint64), "second_radius": 60}, {"block": (1,), "second": (1,)},
            {"radius": (-1, 193, 1 << 32), "threads": (-1, 1 << 32), "kernel": ("fast",)},
        ),
        "crossed pairs": Call(stream, {**hashes, "queries": noise(90, 3, dtype=np.uint64)}, {"block": (0,), "queries": (0,)}),
        "counts": Call(counted, {**hashes, "weights": noise(70, dtype=np.uint64)}, {"block": (1,)}),
    }  # fmt: skip


CALLS = calls()
ARRAYS = [(name, array) for name, call in CALLS.items() for array in call.arrays()]


BY_FUZZERS = {"jpeg", "jpegs", "png_header", "png_picture", "thumbnails"}
"""What takes bytes of files (native/fuzz)."""
WITHOUT_ARRAYS = {"LanczosAxis", "PairStream", "gray_kernels", "kernels", "read_files", "verify_kernels"}
"""What takes no array, or is reached by the two functions above."""


def test_every_function_is_tried() -> None:
    tried = {name for name in dir(native) if name in CALLS}
    assert {name for name in dir(native) if not name.startswith("_")} == tried | BY_FUZZERS | WITHOUT_ARRAYS


def guarded(values: NDArray[Any], *, at_end: bool) -> NDArray[Any]:
    """Return a copy whose first or last byte lies beside memory that must not be touched."""
    page = mmap.PAGESIZE
    room = -(-values.nbytes // page) * page
    memory = mmap.mmap(-1, room + 2 * page)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    protect = ctypes.CDLL(None, use_errno=True).mprotect
    for place in (start, start + page + room):
        assert protect(ctypes.c_void_p(place), ctypes.c_size_t(page), 0) == 0
    offset = page + (room - values.nbytes if at_end else 0)
    made: NDArray[Any] = np.frombuffer(memory, values.dtype, values.size, offset).reshape(values.shape)
    made[...] = values
    made.flags.writeable = False
    return made


def flat(found: Any) -> list[Any]:
    """Return the arrays of an answer one after the other."""
    if isinstance(found, (list, tuple)):
        return [one for part in found for one in flat(part)]
    return [found]


def check_guarded(name: str) -> None:
    call = CALLS[name]
    plain = flat(call.function(**call.values))
    for at_end in (False, True):
        values = {
            key: guarded(value, at_end=at_end) if key in call.arrays() else value for key, value in call.values.items()
        }
        for one, other in zip(plain, flat(call.function(**values)), strict=True):
            assert np.array_equal(one, other)


@pytest.mark.skipif(sys.platform not in ("linux", "darwin"), reason="guards memory by mprotect")
def test_nothing_beside_an_array_is_read() -> None:
    code = f"import sys; sys.path[:0] = {sys.path!r}\nfrom test_native_arguments import CALLS, check_guarded\n"
    code += "for name in CALLS:\n    print(name, flush=True)\n    check_guarded(name)\nprint('whole')"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=__file__.rpartition("/")[0]
    )
    assert done.stdout.endswith("whole\n"), (done.stdout[-100:], done.returncode, done.stderr)


@pytest.mark.skipif(sys.platform not in ("linux", "darwin"), reason="guards memory by mprotect")
def test_the_guard_catches_a_read() -> None:
    code = "import ctypes, numpy as np\nfrom test_native_arguments import guarded\n"
    code += (
        "values = guarded(np.zeros(7, np.uint8), at_end=True)\nctypes.string_at(values.ctypes.data, 8)\nprint('read')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=__file__.rpartition("/")[0]
    )
    assert done.returncode < 0
    assert "read" not in done.stdout


@pytest.mark.parametrize(("name", "array"), ARRAYS)
def test_arrays_of_another_type_order_or_number_of_axes_are_refused(name: str, array: str) -> None:
    call = CALLS[name]
    given = call.values[array]
    others = [
        given.astype(np.float64 if given.dtype != np.float64 else np.float32),
        given.astype(np.int8),
        given.astype(given.dtype.newbyteorder()) if given.dtype.itemsize > 1 else given.astype(np.uint32),
        given.repeat(2, -1)[..., ::2],
        given[..., ::-1],
        given[np.newaxis, np.newaxis],
        given.tolist(),
    ]
    if given.ndim > 1:
        others.append(np.asfortranarray(given))
    if name != "planes":  # one row of colours is a gray picture
        others.append(given[0])
    if array not in ("second", "queries", "weights"):  # these may be left out
        others.append(None)
    for other in others:
        with pytest.raises((TypeError, ValueError)):
            call.function(**call.values | {array: other})


@pytest.mark.parametrize(("name", "array"), ARRAYS)
def test_arrays_that_do_not_go_with_the_others_are_refused(name: str, array: str) -> None:
    call = CALLS[name]
    given = call.values[array]
    for axis in set(range(given.ndim)) - set(call.free.get(array, ())):
        length = given.shape[axis]
        for other in (0, length - 1, length + 1, 3 * length):
            values = call.values | {
                array: np.ascontiguousarray(np.resize(given, [*given.shape[:axis], other, *given.shape[axis + 1 :]]))
            }
            with pytest.raises((TypeError, ValueError)):
                call.function(**values)


@pytest.mark.parametrize("name", [name for name, call in CALLS.items() if call.wrong])
def test_numbers_out_of_range_are_refused(name: str) -> None:
    call = CALLS[name]
    for argument, values in call.wrong.items():
        for value in values:
            with pytest.raises((TypeError, ValueError)):
                call.function(**call.values | {argument: value})


@pytest.mark.parametrize(("name", "array"), [(name, array) for name, array in ARRAYS if CALLS[name].free.get(array)])
def test_none_at_all_is_an_empty_answer_or_refused(name: str, array: str) -> None:
    call = CALLS[name]
    given = call.values[array]
    for axis in call.free[array]:
        try:
            call.function(**call.values | {array: given[(slice(None),) * axis + (slice(0),)].copy()})
        except (TypeError, ValueError):
            continue


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300, -1e300, 5e8, -5e8])
def test_numbers_that_lead_nowhere_stay_inside(value: float) -> None:
    for name in ("show", "colour"):
        call = CALLS[name]
        for place in np.ndindex(2, 3):
            odd = call.values["maps"].copy()
            odd[(slice(None), *place)] = value
            arrays = {key: call.values[key] for key in call.arrays()} | {"maps": odd}
            assert len(call.function(**call.values | arrays)) == 4
    call = CALLS["resample"]
    weights = np.full_like(call.values["down_weights"], np.clip(value, -3e38, 3e38))
    found = call.function(**call.values | {"down_weights": weights})
    assert found.shape == (9, 8, 3)


@pytest.mark.parametrize("structure", [-(2**31), -9, 0, 2**31 - 1])
@pytest.mark.parametrize("contrast", [-(2**63), -1, 0, 2**63 - 1])
def test_measures_that_no_picture_has_tell_something(structure: int, contrast: int) -> None:
    call = CALLS["texture"]
    odd = {"structure": np.full((4, 64, 2), structure, np.int32), "contrast": np.full((4, 2), contrast)}
    for change in (-(2**31), -9, 2**31 - 1):
        numbers, changed = call.function(**call.values | odd | {"change": np.full((4, 64), change, np.int32)})
        assert len(numbers) == len(changed) == 4


def test_answers_too_large_for_any_memory_are_an_error() -> None:
    pictures, bases = np.zeros((1 << 14, 64, 64), np.uint8), np.zeros((1, 1 << 15, 64), np.int16)
    boxes = np.zeros((1 << 20, 2), np.int64)
    with pytest.raises(MemoryError):  # 2**64 numbers: none, if that wraps around
        native.low_frequencies(pictures, bases, np.array([[0, 64]]), boxes)


def test_files_and_their_rows_are_as_many() -> None:
    for files, inflated in (
        ([b""], []),
        ([], [None]),
        ([None], [None]),
        ([b""], ["rows"]),
        ([b""], [np.zeros((2, 2))]),
    ):
        with pytest.raises((TypeError, ValueError)):
            native.thumbnails(files, inflated, 100)
    assert native.thumbnails([b"", b"\x89PNG\r\n\x1a\n"], [None, bytearray(9)], 100)[0].tolist() == [0, 0]
