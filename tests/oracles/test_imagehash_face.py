"""`lookalike.imagehash` against the package it stands in for: every bit, every name, programs, and the faults mended."""

import contextlib
import copy
import inspect
import io
import itertools
import json
import pickle
import re
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagehash
import numpy as np
import pytest
from PIL import Image
from programs import PROGRAMS
from scipy import fftpack

from conftest import scene
from hash_pictures import formats, made, outcome, read, samples
from lookalike import imagehash as ours

THEIRS: Any = imagehash
OURS: Any = ours
SMALL = {"segmentation_image_size": 60, "min_segment_size": 20}

HASHES: dict[str, Callable[[Any, Image.Image], Any]] = {
    "average_hash": lambda module, image: module.average_hash(image),
    "average_hash 16": lambda module, image: module.average_hash(image, 16),
    "average_hash median": lambda module, image: module.average_hash(image, 5, np.median),
    "phash": lambda module, image: module.phash(image),
    "phash 16": lambda module, image: module.phash(image, 16),
    "phash 3": lambda module, image: module.phash(image, 3, highfreq_factor=2),
    "phash_simple": lambda module, image: module.phash_simple(image),
    "phash_simple 16": lambda module, image: module.phash_simple(image, 16),
    "dhash": lambda module, image: module.dhash(image),
    "dhash 16": lambda module, image: module.dhash(image, 16),
    "dhash_vertical": lambda module, image: module.dhash_vertical(image),
    "dhash_vertical 16": lambda module, image: module.dhash_vertical(image, 16),
    "colorhash": lambda module, image: module.colorhash(image),
}
WAVELETS: dict[str, Callable[[Any, Image.Image], Any]] = {
    "whash": lambda module, image: module.whash(image),
    "whash 16": lambda module, image: module.whash(image, 16, 64),
    "whash db4": lambda module, image: module.whash(image, mode="db4"),
    "whash with mean": lambda module, image: module.whash(image, remove_max_haar_ll=False),
}
SEGMENTS: dict[str, Callable[[Any, Image.Image], Any]] = {
    "crop_resistant_hash": lambda module, image: module.crop_resistant_hash(image, **SMALL),
    "crop_resistant_hash phash": lambda module, image: module.crop_resistant_hash(image, module.phash, 2, 100, **SMALL),
    "crop_resistant_hash colorhash": lambda module, image: module.crop_resistant_hash(image, module.colorhash, **SMALL),
}


def unlike(image: Image.Image, table: dict[str, Callable[[Any, Image.Image], Any]]) -> list[str]:
    """Return which hashes of an image differ between the two libraries."""
    return [name for name, call in table.items() if outcome(call, OURS, image) != outcome(call, THEIRS, image)]


@pytest.mark.parametrize("name", [*made(), *samples()])
def test_every_picture_has_the_bits_of_imagehash(name: str) -> None:
    image = (made() | samples())[name]
    assert unlike(image, HASHES | WAVELETS | SEGMENTS) == []


def test_ties_fall_by_the_same_rounding_noise() -> None:
    random = np.random.default_rng(0)
    swapped = 0
    for _ in range(20):
        corner = random.integers(0, 128, (32, 32), dtype=np.uint8)
        levels = corner + corner.T  # so that frequencies come in pairs, equal but for noise
        assert unlike(Image.fromarray(levels), {"phash": HASHES["phash"]}) == []
        other = fftpack.dct(fftpack.dct(levels, axis=1), axis=0)[:8, :8]
        swapped += not np.array_equal(other > np.median(other), OURS.phash(Image.fromarray(levels)).hash)
    assert swapped > 0, "the order of the two transforms should be seen"


def test_photos_have_the_bits_of_imagehash(shared_data: Path) -> None:
    paths = sorted((shared_data / "photos").iterdir())[-300:]
    assert len(paths) == 300
    for number, path in enumerate(paths):
        table = HASHES | WAVELETS if number % 15 == 0 else HASHES if number % 4 == 0 else LUMA_HASHES
        assert unlike(read(path), table) == [], path


LUMA_HASHES = {name: call for name, call in HASHES.items() if name != "colorhash"}


def test_every_format_and_mode_has_the_bits_or_the_error_of_imagehash(shared_data: Path) -> None:
    compared, refused, modes = 0, 0, set()
    for path in formats(shared_data / "formats"):
        # Opened anew for each, since a file that failed once may be read the second time.
        own, theirs = (outcome(lambda path, module: module.phash(Image.open(path)), path, m) for m in (OURS, THEIRS))
        assert own == theirs, path
        compared += 1
        if isinstance(own, type):
            refused += 1
            continue
        image = read(path)
        modes.add(image.mode)
        if image.width * image.height <= 300_000:
            assert unlike(image, HASHES | (WAVELETS | SEGMENTS if compared % 16 == 0 else {})) == [], path
    assert compared > 1000
    assert refused > 10
    assert len(modes) > 8


@pytest.mark.parametrize("program", PROGRAMS)
def test_programs_print_the_same_with_one_import_changed(program: str, tmp_path: Path) -> None:
    for number in range(6):
        scene(number // 2 if number < 4 else number, 420, 320).save(tmp_path / f"{number}.png")
    text = PROGRAMS[program]
    changed = re.sub(r"\bimport (os, )?imagehash\b(?! as)", r"import \1lookalike.imagehash as imagehash", text)
    changed = changed.replace("imagehash as ih", "lookalike.imagehash as ih")
    assert changed.count("lookalike.imagehash") == 1
    theirs, own = (_printed(source, tmp_path) for source in (text, changed))
    assert own == theirs
    assert theirs.count("\n") > 8


def _printed(source: str, folder: Path) -> str:
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(source, {"FOLDER": str(folder)})
    # From NumPy 2.4 on a distance of imagehash is a number of NumPy's.
    return re.sub(r"np\.int64\((\d+)\)", r"\1", printed.getvalue())


def _public(module: types.ModuleType) -> set[str]:
    foreign = {"Callable", "Literal", "absolute_import", "division", "print_function"}
    names = {name for name, value in vars(module).items() if not name.startswith("_") and not inspect.ismodule(value)}
    return names - foreign - {"Image", "ImageFilter"} | {"__version__"}


def _parameters(value: Any) -> list[tuple[str, Any, Any]]:
    return [
        (parameter.name, getattr(parameter.default, "__name__", parameter.default), parameter.kind)
        for parameter in inspect.signature(value).parameters.values()
    ]


def test_every_public_name_is_there_and_no_other() -> None:
    assert set(ours.__all__) == _public(imagehash)
    assert ours.__version__ == imagehash.__version__ == "4.3.2"
    assert ours.ANTIALIAS is imagehash.ANTIALIAS
    assert ours.NDArray == imagehash.NDArray
    assert ours.WhashMode == imagehash.WhashMode


@pytest.mark.parametrize(
    "name", sorted(name for name in _public(imagehash) if inspect.isfunction(vars(imagehash).get(name)))
)
def test_functions_have_the_parameters_and_defaults_of_imagehash(name: str) -> None:
    assert _parameters(getattr(ours, name)) == _parameters(getattr(imagehash, name))


@pytest.mark.parametrize("name", ["ImageHash", "ImageMultiHash"])
def test_methods_have_the_parameters_and_defaults_of_imagehash(name: str) -> None:
    own, theirs = getattr(ours, name), getattr(imagehash, name)
    methods = [key for key, value in vars(theirs).items() if inspect.isfunction(value) and key != "__ne__"]
    assert len(methods) >= 6
    for method in methods:
        assert _parameters(getattr(own, method)) == _parameters(getattr(theirs, method)), method
    assert own.__module__ == "lookalike.imagehash"


def matrix(seed: int, side: int = 8) -> Any:
    return np.random.default_rng(seed).random((side, side)) < 0.5


def multi(module: Any, *seeds: int, side: int = 8) -> Any:
    return module.ImageMultiHash([module.ImageHash(matrix(seed, side)) for seed in seeds])


@pytest.mark.parametrize("side", [2, 3, 5, 7, 8, 9, 16, 33])
def test_texts_and_distances_are_those_of_imagehash(side: int) -> None:
    for left, right in itertools.pairwise(range(30)):
        own = [OURS.ImageHash(matrix(seed, side)) for seed in (left, right)]
        theirs = [THEIRS.ImageHash(matrix(seed, side)) for seed in (left, right)]
        assert str(own[0]) == str(theirs[0])
        assert repr(own[0]) == repr(theirs[0])
        assert own[0] - own[1] == theirs[0] - theirs[1]
        assert type(own[0] - own[1]) is int
        assert (own[0] == own[1]) is (theirs[0] == theirs[1])
        assert OURS.hex_to_hash(str(own[0])) == own[0]
        assert OURS.hex_to_hash(str(own[0])).hash.shape == THEIRS.hex_to_hash(str(theirs[0])).hash.shape


@pytest.mark.parametrize("cutoffs", [(None, None), (20, None), (None, 0.4), (None, 0.0), (31.5, 0.1)])
def test_distances_of_multi_hashes_are_those_of_imagehash_to_the_last_digit(cutoffs: tuple[Any, Any]) -> None:
    sets = [(1,), (1, 2), (3, 4, 5), (2, 9, 1, 7), tuple(range(20, 29))]
    for left, right in itertools.product(sets, sets):
        own, theirs = [(multi(module, *left), multi(module, *right)) for module in (OURS, THEIRS)]
        assert own[0].hash_diff(own[1], *cutoffs) == theirs[0].hash_diff(theirs[1], *cutoffs)
        assert own[0].__sub__(own[1], *cutoffs) == theirs[0].__sub__(theirs[1], *cutoffs)
        for regions in (0, 1, 2):
            assert own[0].matches(own[1], regions, *cutoffs) is theirs[0].matches(theirs[1], regions, *cutoffs)
        assert (own[0] == own[1]) is (theirs[0] == theirs[1])
        assert (own[0] != own[1]) is (theirs[0] != theirs[1])


def test_both_libraries_can_be_mixed() -> None:
    own, theirs = OURS.ImageHash(matrix(1)), THEIRS.ImageHash(matrix(2))
    assert own - theirs == theirs - own == np.count_nonzero(matrix(1) != matrix(2))
    assert own != theirs
    assert own == THEIRS.ImageHash(matrix(1))
    assert multi(OURS, 1, 2) - multi(THEIRS, 1, 2) == multi(THEIRS, 1, 2) - multi(OURS, 1, 2) == 0


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_hashes_survive_pickles_and_copies(protocol: int) -> None:
    for value in (OURS.ImageHash(matrix(1)), multi(OURS, 1, 2, 3)):
        for again in (pickle.loads(pickle.dumps(value, protocol)), copy.copy(value), copy.deepcopy(value)):
            assert again == value
            assert hash(again) == hash(value)
            assert str(again) == str(value)
            assert type(again) is type(value)


def test_pickles_of_imagehash_can_be_read_under_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    stored = pickle.dumps([THEIRS.ImageHash(matrix(1)), multi(THEIRS, 1, 2)])
    monkeypatch.setitem(sys.modules, "imagehash", ours)
    single, several = pickle.loads(stored)
    assert single == OURS.ImageHash(matrix(1))
    assert type(single) is ours.ImageHash
    assert several - multi(OURS, 1, 2) == 0


def test_a_hash_keeps_the_array_it_was_given() -> None:
    bits = matrix(1)
    value = OURS.ImageHash(bits)
    assert value.hash is bits
    before = str(value)
    value.hash[0, 0] = not value.hash[0, 0]
    assert str(value) != before
    hashes = [value]
    assert OURS.ImageMultiHash(hashes).segment_hashes is hashes


# The faults mended: docs/imagehash.md has one row for each test below.


def test_fault_unequal_to_none() -> None:
    for value, same in ((OURS.ImageHash(matrix(1)), False), (multi(OURS, 1), False)):
        assert (value != None) is True  # noqa: E711
        assert (value == None) is same  # noqa: E711
    assert (THEIRS.ImageHash(matrix(1)) != None) is False  # noqa: E711
    with pytest.raises(AttributeError):
        assert multi(THEIRS, 1) != None  # noqa: E711


@pytest.mark.parametrize(
    "other", ["ffff", 3, object(), b"", [1], matrix(1).tolist()], ids=lambda other: repr(other).partition(" at ")[0]
)
def test_fault_compared_with_something_else(other: object) -> None:
    for value in (OURS.ImageHash(matrix(1)), multi(OURS, 1)):
        assert (value == other) is (other == value) is False
        assert (value != other) is (other != value) is True
        assert [other].count(value) == 0
        with pytest.raises(TypeError):
            _ = value - other
    assert OURS.ImageHash(matrix(1)) != multi(OURS, 1)
    assert multi(OURS, 1) != OURS.ImageHash(matrix(1))
    with pytest.raises(AttributeError):
        assert THEIRS.ImageHash(matrix(1)) == other
    for wrong in (None, other):
        with pytest.raises(TypeError, match="multi-hash"):
            multi(OURS, 1).matches(wrong)


def test_fault_hash_of_few_values() -> None:
    hashes = [OURS.ImageHash(matrix(seed)) for seed in range(3000)]
    assert len(set(map(hash, hashes))) == len(set(hashes)) == 3000
    assert len({hash(THEIRS.ImageHash(matrix(seed))) for seed in range(3000)}) < 1500


def test_equal_hashes_hash_alike_whatever_their_shape_and_type() -> None:
    bits = matrix(1)
    alike = [bits, bits.ravel(), bits.reshape(4, 16), bits.astype(int), np.asfortranarray(bits)]
    for left, right in itertools.product(alike, alike):
        assert OURS.ImageHash(left) == OURS.ImageHash(right)
        assert hash(OURS.ImageHash(left)) == hash(OURS.ImageHash(right))
    zeros = [OURS.ImageHash(np.zeros(size, np.bool_)) for size in range(1, 80)]
    assert len(set(zeros)) == len(set(map(hash, zeros))) == 79


def test_hashes_are_the_same_in_every_process() -> None:
    code = (
        "import lookalike.imagehash as i; h = i.hex_to_hash('0123456789abcdef');"
        "print(hash(h), hash(i.ImageMultiHash([h, h])))"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1]


def test_fault_multi_hashes_in_sets_are_told_apart_by_all_segments() -> None:
    near = [multi(OURS, 1, *others) for others in [(2,), (3,), (2, 3), (3, 2)]]
    assert all(left == right for left in near for right in near)
    assert len(set(near)) == 4
    assert multi(OURS, 1, 2) in set(near)
    assert multi(OURS, 1) not in set(near)


def test_fault_multi_hashes_of_unlike_sizes_are_unequal() -> None:
    for small, large in ((multi(OURS, 1), multi(OURS, 1, side=16)), (multi(OURS, 1, side=16), multi(OURS, 1, 2))):
        assert (small == large) is False
        assert (small != large) is True
        with pytest.raises(TypeError):
            _ = small - large
    with pytest.raises(TypeError):
        assert multi(THEIRS, 1) == multi(THEIRS, 1, side=16)


def test_fault_empty_multi_hashes() -> None:
    empty, full = OURS.ImageMultiHash([]), multi(OURS, 1, 2)
    assert empty.hash_diff(full) == full.hash_diff(empty) == empty.hash_diff(empty) == (0, 0)
    assert (full - empty, empty - full) == (2, 0)
    assert not empty.matches(full)
    assert empty != full
    assert full != empty
    assert full.best_match([empty, full]) is full
    assert str(empty) == ""
    assert OURS.hex_to_multihash("").segment_hashes == []
    assert hash(empty) == hash(OURS.ImageMultiHash([]))
    for left, right in ((THEIRS.ImageMultiHash([]), multi(THEIRS, 1)), (multi(THEIRS, 1), THEIRS.ImageMultiHash([]))):
        with pytest.raises((IndexError, ValueError)):
            left.hash_diff(right)


@pytest.mark.parametrize("size", [3, 4, 5, 8])
def test_fault_texts_of_colour_hashes(size: int) -> None:
    random = np.random.default_rng(size)
    failed = 0
    for first in (True, False):
        for _ in range(20):
            bits = random.random((14, size)) < 0.5
            bits[0, 0] = first
            text = str(OURS.ImageHash(bits))
            own = OURS.hex_to_hash(text)
            assert own == OURS.ImageHash(bits)
            assert own == OURS.hex_to_hash(text + "\n")
            theirs = outcome(THEIRS.hex_to_hash, text)
            if isinstance(theirs, type) or np.size(theirs) != 14 * size:
                failed += 1
            else:
                assert own.hash.tolist() == theirs
    assert failed > 0


def test_what_is_more_than_a_colour_hash_is_read_as_imagehash_reads_it() -> None:
    text = "8d6d64803f9423f942"  # as many digits as a colour hash of 5 bits per colour, and two bits more
    for said in (text, f"0{text}"):
        own = OURS.hex_to_hash(said)
        assert (own.hash.tolist(), str(own)) == (THEIRS.hex_to_hash(said).hash.tolist(), text)


@pytest.mark.parametrize("size", [4, 8, 12, 16])
def test_fault_old_texts_of_other_sizes_are_square(size: int) -> None:
    text = np.random.default_rng(size).bytes(size * size // 8).hex()
    own, theirs = OURS.old_hex_to_hash(text, size), THEIRS.old_hex_to_hash(text, size)
    assert own.hash.ravel().tolist() == theirs.hash.ravel().tolist()
    assert own.hash.shape == (size, size)
    if size != 8:
        assert theirs.hash.shape != (size, size)


def test_fault_old_texts_that_were_never_written() -> None:
    for size in (0, 2, 5, 6, 10):
        with pytest.raises(ValueError, match="4, 8, 12"):
            OURS.old_hex_to_hash("f" * (size * (size // 4)), size)
        assert len(THEIRS.old_hex_to_hash("f" * (size * (size // 4)), size)) < size * size or size == 0
    with pytest.raises(ValueError, match="16 hexadecimal digits"):
        OURS.old_hex_to_hash("_1" * 8)


def test_fault_wavelet_sizes_are_refused_by_an_optimised_python_too() -> None:
    code = (
        "import lookalike.imagehash as i; from PIL import Image\n"
        "try: i.whash(Image.new('L', (9, 9)), 7)\n"
        "except AssertionError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-O", "-c", code], capture_output=True, text=True, check=True)
    assert "power of two" in done.stdout


def test_fault_distances_are_python_numbers() -> None:
    own = [OURS.ImageHash(matrix(seed)) for seed in (1, 2)]
    several = multi(OURS, 1, 2)
    assert json.dumps([own[0] - own[1], several - several, *several.hash_diff(several)])


def test_fault_other_wavelets_do_not_warn() -> None:
    image = scene(1, 64, 64)
    with pytest.warns(UserWarning, match="too high"):
        THEIRS.whash(image, 2, mode="db4")
    OURS.whash(image, 2, mode="db4")  # warnings are errors here


def test_fault_colours_of_too_many_bits() -> None:
    image = scene(1, 64, 64)
    for size in (33, 60, 64):
        with pytest.raises(ValueError, match=f"1 to 32 .* {size}"):
            OURS.colorhash(image, size)
    assert unlike(image, {"most bits": lambda module, picture: module.colorhash(picture, 32)}) == []
    assert outcome(THEIRS.colorhash, image, 64) is OverflowError
