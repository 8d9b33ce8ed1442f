"""Variant columns: beside the hash of the whole picture, those of what `find` joins by as well, for each image in one value."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike import bits
from lookalike.extras import optional
from lookalike.hashes import crops
from lookalike.model import THUMBNAIL_SIDE, HashSpec
from lookalike.scan.variants import THUMBNAILS_A_THREAD, VARIANTS, Made, at_scan, stored_name
from lookalike.tables.hashes import HashTable


def variant_names(specs: Sequence[HashSpec]) -> dict[str, tuple[HashSpec, str]]:
    """Return the variant columns that belong to some hashes.

    Parameters
    ----------
    specs : sequence of HashSpec
        Hashes of whole pictures, of decoding fast.

    Returns
    -------
    dict of str to (HashSpec, str)
        By name of the column: which hash, of what.

    Examples
    --------
    >>> list(variant_names([HashSpec("dhash")]))[0]
    'dhash-8-lanczos3-fast-v1 trimmed-1'
    """
    # Edges are held against whole pictures hashed as they are, whatever these are joined by.
    wanted = dict.fromkeys(pair for spec in specs for pair in (*at_scan(spec), (crops.SPEC, "plain")))
    return {column_name(*pair): pair for pair in wanted if pair[1] != "plain" or pair[0] not in specs}


def column_name(spec: HashSpec, variant: str) -> str:
    """Return the name of the column that holds a variant of a hash.

    Parameters
    ----------
    spec : HashSpec
        Which hash.
    variant : str
        One of `lookalike.scan.variants.VARIANTS`.

    Returns
    -------
    str
        The id of the spec, and what the variant is stored as.

    Examples
    --------
    >>> column_name(HashSpec(), "plain"), column_name(HashSpec(), "trimmed")
    ('phash-8-lanczos3-fast-v1', 'phash-8-lanczos3-fast-v1 trimmed-1')
    """
    return spec.id if variant == "plain" else f"{spec.id} {stored_name(variant)}"


def variant_columns(luma: NDArray[np.uint8], specs: Sequence[HashSpec]) -> dict[str, Any]:
    """Hash thumbnails in all the ways that their variant columns hold.

    Parameters
    ----------
    luma : ndarray of uint8, shape (n, 64, 64)
        Luma of the thumbnails.
    specs : sequence of HashSpec
        Hashes of whole pictures, of decoding fast.

    Returns
    -------
    dict of str to pyarrow.BinaryArray
        By name of the column: the hashes of each picture one after the other, null where there is none.
    """
    arrow = optional("pyarrow")
    found = {}
    for name, (spec, variant) in variant_names(specs).items():
        starts = range(0, max(1, len(luma)), THUMBNAILS_A_THREAD)
        parts = (luma[start : start + THUMBNAILS_A_THREAD] for start in starts)
        found[name] = arrow.concat_arrays(
            [write_variant(VARIANTS[variant](part, spec), len(part), spec) for part in parts]
        )
    return found


def write_variant(made: Made, count: int, spec: HashSpec) -> Any:
    """Return hashes as a variant column.

    Parameters
    ----------
    made : tuple of ndarray
        Owners, ascending, and a block.
    count : int
        Number of pictures.
    spec : HashSpec
        Which hash.

    Returns
    -------
    pyarrow.BinaryArray
        A value a picture, null for one that owns nothing.
    """
    arrow = optional("pyarrow")
    owner, block = made
    octets = bits.to_octets(block, spec.bits)
    ends = np.searchsorted(owner, np.arange(count + 1)) * octets.shape[1]
    valid = np.packbits(np.diff(ends) > 0, bitorder="little")
    buffers = [arrow.py_buffer(part) for part in (valid, ends.astype(np.int32), octets)]
    return arrow.Array.from_buffers(arrow.binary(), count, buffers)


def read_variant(column: Any, spec: HashSpec) -> Made:
    """Undo `write_variant`.

    Parameters
    ----------
    column : pyarrow.Array or pyarrow.ChunkedArray
        A variant column, or some rows of one.
    spec : HashSpec
        Which hash.

    Returns
    -------
    owner : ndarray of int64, shape (m,)
        Rows of the column, ascending.
    block : ndarray of uint64, shape (m, words)
        Row i belongs to row ``owner[i]`` of the column.

    Raises
    ------
    ValueError
        If a value is not made of whole hashes.
    """
    arrow = optional("pyarrow")
    whole = column.combine_chunks() if isinstance(column, arrow.ChunkedArray) else column
    whole = whole.cast(arrow.large_binary()).fill_null(b"")
    _, ends, data = whole.buffers()
    width = -(-spec.bits // 8)
    ends = (
        np.frombuffer(ends, np.int64)[whole.offset : whole.offset + len(whole) + 1] if ends else np.zeros(1, np.int64)
    )
    counts, odd = np.divmod(np.diff(ends), width)
    if odd.any():
        raise ValueError(
            f"hashes by {spec.id} must have {width} bytes each, got {int(np.diff(ends)[odd > 0][0])} bytes"
        )
    flat = np.frombuffer(data or b"", np.uint8)[int(ends[0]) : int(ends[-1])]
    return np.repeat(np.arange(len(counts)), counts), bits.from_octets(flat.reshape(-1, width), spec.bits)


def with_variants(table: HashTable, *, thumbnails: bool = True) -> Any:
    """Return a hash table for Arrow, its variant columns at the end.

    Parameters
    ----------
    table : HashTable
        With thumbnails, of which they are made.
    thumbnails : bool
        Whether the column thumbnail stays.

    Returns
    -------
    pyarrow.Table
        Images, then failures.
    """
    arrow = optional("pyarrow")
    assert table.thumbnails is not None
    side = THUMBNAIL_SIDE
    luma = table.thumbnails[:, : side * side].reshape(-1, side, side)
    made = (table if thumbnails else replace(table, thumbnails=None)).to_arrow()
    for name, column in variant_columns(luma, table.specs).items():
        made = made.append_column(name, arrow.concat_arrays([column, arrow.nulls(len(table.failures), arrow.binary())]))
    return made
