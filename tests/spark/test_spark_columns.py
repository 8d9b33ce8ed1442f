"""Variant columns: what is written is what is read, and what the single machine joins by."""

import numpy as np
import pytest

from lookalike.batches import make_specs
from lookalike.hashes import crops
from lookalike.scan.variants import VARIANTS
from lookalike.spark.columns import read_variant, variant_columns, variant_names

arrow = pytest.importorskip("pyarrow")


def thumbnails(count: int) -> "np.typing.NDArray[np.uint8]":
    """Return noise, every third with a black border."""
    luma = np.random.default_rng(5).integers(0, 256, (count, 64, 64), np.uint8)
    luma[::3, :12] = luma[::3, -12:] = 0
    return luma


@pytest.mark.parametrize("count", [0, 1, 700])
@pytest.mark.parametrize("algorithms", [("phash",), ("dhash", "phash")])
def test_columns_hold_the_hashes_of_the_single_machine(count: int, algorithms: tuple[str, ...]) -> None:
    specs = make_specs(algorithms, decoding="fast")
    luma = thumbnails(count)
    columns = variant_columns(luma, specs)
    assert list(columns) == list(variant_names(specs))
    for name, (spec, variant) in variant_names(specs).items():
        owner, block = VARIANTS[variant](luma, spec)
        again = read_variant(columns[name], spec)
        np.testing.assert_array_equal(again[0], owner)
        np.testing.assert_array_equal(again[1], block)
        assert len(columns[name]) == count
        assert columns[name].null_count == count - len(np.unique(owner))
    if count == 700:
        trimmed = columns[next(name for name in columns if "trimmed" in name)]
        assert 0 < trimmed.null_count < count


def test_some_rows_and_chunks_can_be_read_alone() -> None:
    name = next(
        name for name, (_, variant) in variant_names(make_specs("phash", decoding="fast")).items() if variant == "parts"
    )
    luma = thumbnails(9)
    column = variant_columns(luma, make_specs("phash", decoding="fast"))[name]
    owner, block = VARIANTS["parts"](luma, crops.SPEC)
    some = read_variant(column.slice(2, 3), crops.SPEC)
    np.testing.assert_array_equal(some[0], np.repeat(np.arange(3), 4))
    np.testing.assert_array_equal(some[1], block[8:20])
    chunks = read_variant(arrow.chunked_array([column.slice(0, 4), column.slice(4)]), crops.SPEC)
    np.testing.assert_array_equal(chunks[0], owner)
    np.testing.assert_array_equal(chunks[1], block)


def test_half_a_hash_is_refused() -> None:
    with pytest.raises(ValueError, match="must have 8 bytes each, got 7 bytes"):
        read_variant(arrow.array([b"1234567"], arrow.binary()), crops.SPEC)
