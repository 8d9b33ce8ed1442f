"""A hash as a value: what can be read back, what compares, and what is refused."""

import dataclasses
import pickle
from typing import Any

import imagehash
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lookalike as la
from conftest import scene
from lookalike.errors import UsageError
from lookalike.hashes import make_spec
from lookalike.hashes.value import ImageHash
from lookalike.model import HashSpec

SPEC = HashSpec("phash", 8, "lanczos3", "full")
COLOUR, WIDE, IMGDD = make_spec("colorhash"), make_spec("pdq"), make_spec("dhash", decoding="imgdd")
values = st.integers(0, 2**64 - 1)
hashes = st.sampled_from([SPEC, COLOUR, WIDE, make_spec("phash", 4)]).flatmap(
    lambda spec: st.builds(ImageHash, st.integers(0, 2**spec.bits - 1), st.just(spec))
)


def test_it_is_what_the_package_exports() -> None:
    assert la.ImageHash is ImageHash


def test_it_never_changes() -> None:
    one = ImageHash(5, SPEC)
    for name, value in (("value", 6), ("spec", COLOUR), ("length", 3)):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(one, name, value)
    with pytest.raises((AttributeError, TypeError)):
        one.more = 1  # type: ignore[attr-defined]
    array, row = one.to_array(), one.to_row()
    array[:] = True
    row[:] = 9
    assert int(one) == 5, "what it hands out is a copy"


def test_hashes_of_100_000_random_values_are_all_different() -> None:
    random = np.random.default_rng(0)
    for spec in (SPEC, WIDE):
        rows = random.integers(0, 2**64, (100_000, spec.bits // 64), dtype=np.uint64)
        made = [ImageHash.from_row(row, spec) for row in rows]
        count = len({one.value for one in made})
        assert len({hash(one) for one in made}) == count
        assert len(set(made)) == count


@given(values, values, values)
def test_minus_is_a_metric(a: int, b: int, c: int) -> None:
    one, other, third = (ImageHash(value, SPEC) for value in (a, b, c))
    assert one - other == other - one == (a ^ b).bit_count()
    assert (one - other == 0) == (one == other) == (a == b)
    assert one - third <= (one - other) + (other - third)
    assert 0 <= one - other <= len(one) == 64


@given(values)
def test_equal_hashes_have_equal_keys(value: int) -> None:
    assert hash(ImageHash(value, SPEC)) == hash(ImageHash(value, dataclasses.replace(SPEC)))
    assert ImageHash(value, SPEC) == ImageHash(value, SPEC, 64)
    number: object = value
    assert ImageHash(value, SPEC) != number


OTHERS = (
    make_spec("dhash"),
    make_spec("phash", decoding="fast"),
    make_spec("phash", filter_="box"),
    dataclasses.replace(SPEC, version=2),
    dataclasses.replace(SPEC, options="mode=db4"),
)


@pytest.mark.parametrize("other", OTHERS, ids=lambda spec: spec.id)
def test_unlike_specs_are_never_compared(other: HashSpec) -> None:
    assert ImageHash(1, SPEC) != ImageHash(1, other)
    with pytest.raises(UsageError) as caught:
        _ = ImageHash(1, SPEC) - ImageHash(1, other)
    assert SPEC.id in str(caught.value)
    assert other.id in str(caught.value)


def test_other_lengths_and_other_things_are_never_compared() -> None:
    with pytest.raises(UsageError):
        _ = ImageHash(1, SPEC) - ImageHash(1, SPEC, 100)
    for other in (1, "0000000000000001", None, imagehash.ImageHash(np.eye(8, dtype=bool))):
        with pytest.raises((TypeError, UsageError)):
            _ = ImageHash(1, SPEC) - other  # type: ignore[operator,unused-ignore]


@given(hashes)
def test_everything_reads_back(one: ImageHash) -> None:
    text = str(one)
    assert len(text) == -(-len(one) // 4)
    assert text == text.lower()
    assert int(text or "0", 16) == int(one) == one.value
    assert ImageHash.from_hex(text, one.spec) == one
    assert ImageHash.from_hex(text.upper(), one.spec) == one
    assert ImageHash.from_row(one.to_row(), one.spec) == one
    assert ImageHash.from_array(one.to_array(), one.spec) == one
    assert ImageHash.from_array(one.to_array().ravel(), one.spec) == one
    assert pickle.loads(pickle.dumps(one)) == one
    assert hash(pickle.loads(pickle.dumps(one))) == hash(one)
    assert eval(repr(one), {"ImageHash": ImageHash, "HashSpec": HashSpec}) == one
    assert (one.to_row().dtype.name, one.to_row().shape) == ("uint64", (-(-len(one) // 64),))
    assert (one.to_array().dtype.name, one.to_array().size) == ("bool", len(one))


@given(st.integers(1, 300).flatmap(lambda length: st.tuples(st.just(length), st.integers(0, 2**length - 1))))
@settings(max_examples=50)
def test_any_length_reads_back(case: tuple[int, int]) -> None:
    length, value = case
    one = ImageHash(value, SPEC, length)
    assert len(one) == length
    assert ImageHash.from_hex(str(one), SPEC, length) == one
    assert eval(repr(one), {"ImageHash": ImageHash, "HashSpec": HashSpec}) == one
    assert pickle.loads(pickle.dumps(one)) == one


def test_the_first_bit_is_the_most_significant() -> None:
    assert str(ImageHash.from_array(np.arange(64).reshape(8, 8) == 0, SPEC)) == "8000000000000000"
    assert str(ImageHash.from_array(np.arange(42).reshape(14, 3) == 41, COLOUR)) == "00000000001"
    assert ImageHash(1 << 41, COLOUR).to_row().tolist() == [1 << 63]
    assert ImageHash(1 << 41, COLOUR).to_array().shape == (14, 3)
    assert ImageHash(1, WIDE).to_row().tolist() == [0, 0, 0, 1]
    assert ImageHash(1, WIDE).to_array().shape == (16, 16)


@pytest.mark.parametrize("size", [2, 3, 4, 5, 6])
def test_arrays_of_a_colorhash_have_the_shape_of_imagehash(size: int) -> None:
    theirs = imagehash.colorhash(scene(1), size)
    ours = la.colorhash(scene(1), size=size)
    assert ours.to_array().shape == theirs.hash.shape
    assert np.array_equal(ours.to_array(), theirs.hash)
    assert ImageHash.from_array(theirs.hash, ours.spec) == ours


def test_hashes_travel_to_imagehash_and_back() -> None:
    theirs = imagehash.phash(scene(1))
    ours = la.phash(scene(1))
    assert ImageHash.from_array(theirs.hash, ours.spec) == ours
    assert imagehash.ImageHash(ours.to_array()) == theirs
    assert str(ours) == str(theirs)
    assert ImageHash.from_hex(str(theirs), ours.spec) == ours
    assert imagehash.hex_to_hash(str(ours)) == theirs


@given(values)
def test_texts_of_imgdd_have_no_leading_zeros(value: int) -> None:
    one = ImageHash(value, IMGDD)
    text = one.to_imgdd()
    assert text == f"{value:x}"
    assert ImageHash.from_imgdd(text, IMGDD) == ImageHash.from_imgdd(text.upper(), IMGDD) == one


WRONG_TEXTS: tuple[tuple[str, HashSpec], ...] = (
    ("", SPEC), ("0" * 15, SPEC), ("0" * 17, SPEC), ("g" * 16, SPEC), ("0x" + "0" * 14, SPEC), (" " + "0" * 15, SPEC),
    ("-" + "0" * 15, SPEC), ("0" * 8 + "_" + "0" * 7, SPEC), ("\u0661" * 16, SPEC), ("fffffffffff", COLOUR),
    ("0" * 10, COLOUR), ("0" * 63, WIDE),
)  # fmt: skip


@pytest.mark.parametrize(("text", "spec"), WRONG_TEXTS)
def test_texts_that_are_no_hash_are_refused(text: str, spec: HashSpec) -> None:
    with pytest.raises(UsageError):
        ImageHash.from_hex(text, spec)


@pytest.mark.parametrize("text", ["", "0" * 17, "xyz", "0x1", "-1", "+1", " 1", "1_0"])
def test_texts_that_are_none_of_imgdd_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        ImageHash.from_imgdd(text, IMGDD)


@pytest.mark.parametrize("value", [-1, 1 << 64, 3.0, "3", None])
def test_values_that_do_not_fit_are_refused(value: Any) -> None:
    with pytest.raises(UsageError):
        ImageHash(value, SPEC)


def test_lengths_that_make_no_sense_are_refused() -> None:
    with pytest.raises(UsageError):
        ImageHash(1, SPEC, -1)
    with pytest.raises(UsageError):
        ImageHash.from_array(np.zeros((0, 0), np.bool_), SPEC)


def test_integers_of_numpy_are_integers() -> None:
    one = ImageHash(np.uint64(2**64 - 1), SPEC)  # type: ignore[arg-type]
    assert one == ImageHash(2**64 - 1, SPEC)
    assert one.to_row().tolist() == [2**64 - 1]
    assert repr(one) == repr(ImageHash(2**64 - 1, SPEC))
