"""What of contents is joined: hashes of whole pictures, of their parts, and of what is made of them, as rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from lookalike import bits
from lookalike.extras import optional
from lookalike.hashes import crops
from lookalike.join.bands import MADE
from lookalike.model import LUMA_BYTES, MIN_DETAIL, THUMBNAIL_SIDE, HashSpec
from lookalike.scan.variants import VARIANTS, Sort
from lookalike.spark.columns import column_name, read_variant
from lookalike.spark.near import octets_array

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

HASHES = "join int, side int, hash binary, digest binary, old boolean"

Hashes = tuple[NDArray[np.int64], NDArray[np.uint64]]
"""``(owner, block)``: row i of the hash block belongs to that row; owners ascend."""


@dataclass(frozen=True, slots=True)
class Joined:
    """Hashes that are joined with each other.

    Attributes
    ----------
    spec : HashSpec
        Which hash.
    own : tuple of str
        Variants of it that pictures have as they are.
    part : int or None
        Which hash of a variant with several counts; None for all.
    radius : int
        Greatest distance in bits, inclusive.
    made : str or None
        Variant that is held against `own`; None where these are held against each other.
    hashes : int
        How many hashes of that variant a picture has.
    second : HashSpec or None
        Another hash, whose octets follow those of the first.
    """

    spec: HashSpec
    own: tuple[str, ...]
    radius: int
    part: int | None = None
    made: str | None = None
    hashes: int = 1
    second: HashSpec | None = None


def joined(sorts: Sequence[Sort], *, parts: bool = True, second: HashSpec | None = None) -> tuple[Joined, ...]:
    """Return what is joined for what proposes.

    Parameters
    ----------
    sorts : sequence of Sort
        From `lookalike.scan.variants.sorts`.
    parts : bool
        Whether parts of pictures propose, too; else whole ones alone, and what was turned.
    second : HashSpec, optional
        A second hash of whole pictures, of 64 bits.

    Returns
    -------
    tuple of Joined
        Whole pictures first; each part by itself.
    """
    plain = sorts[0]
    own = ("plain", "trimmed")
    found = [Joined(plain.spec, own, plain.radius, second=second)]
    for sort in sorts[1:]:
        if sort.variant == "turned":
            found.append(Joined(sort.spec, own, sort.radius, None, sort.variant, sort.hashes))
        elif not parts:
            continue
        elif sort.crossed:
            found.append(Joined(sort.spec, ("plain",), sort.radius, None, sort.variant, sort.hashes))
        else:
            found += [Joined(sort.spec, (sort.variant,), sort.radius, part) for part in range(sort.hashes)]
    return tuple(found)


_SIGN = column_name(crops.SPEC, "parts")
"""Every picture whose variants were hashed has a value there: in other columns nothing may mean that there is nothing."""


def needed(joins: Sequence[Joined]) -> tuple[tuple[HashSpec, str], ...]:
    """Return the hashes that joins need.

    Parameters
    ----------
    joins : sequence of Joined
        What is joined.

    Returns
    -------
    tuple of (HashSpec, str)
        Spec and variant of each, once.
    """
    found: dict[tuple[HashSpec, str], None] = {}
    for one in joins:
        for variant in (*one.own, *([] if one.made is None else [one.made])):
            found[one.spec, variant] = None
            if one.second is not None:
                found[one.second, variant] = None
    return tuple(found)


def hash_columns(joins: Sequence[Joined]) -> list[str]:
    """Return the columns that tables may have for what joins need.

    Parameters
    ----------
    joins : sequence of Joined
        What is joined.

    Returns
    -------
    list of str
        Hashes, and what says whether those that are not there were made.
    """
    return list(dict.fromkeys([*(column_name(*one) for one in needed(joins)), _SIGN]))


def unmade(contents: "DataFrame", joins: Sequence[Joined]) -> "Column":
    """Say which rows lack hashes that joins need, so that these are made of thumbnails.

    Parameters
    ----------
    contents : DataFrame
        Rows of hash tables without failures.
    joins : sequence of Joined
        What is joined.

    Returns
    -------
    Column
        True for all rows if a column is not there, and for those that lack what every row has whose hashes were made.
    """
    functions = optional("pyspark.sql.functions", "spark")
    names = hash_columns(joins)
    if not {*names} <= {*contents.columns}:
        return cast("Column", functions.lit(True))
    always = {column_name(spec, "plain") for spec, _ in needed(joins)} | {_SIGN}
    return cast("Column", functions.expr(" or ".join(f"`{name}` is null" for name in sorted(always) if name in names)))


def hashes_of(batch: Any, spec: HashSpec, variant: str) -> Hashes:
    """Return the hashes of one variant: those that a table has, the others made of its thumbnails.

    Parameters
    ----------
    batch : pyarrow.RecordBatch
        Rows of a hash table; a column of that variant, or the column thumbnail, or both.
    spec : HashSpec
        Which hash.
    variant : str
        One of `lookalike.scan.variants.VARIANTS`.

    Returns
    -------
    owner : ndarray of int64, shape (m,)
        Rows, ascending; none of what has neither.
    block : ndarray of uint64, shape (m, words)
        Row i belongs to row ``owner[i]``.
    """
    owners, blocks = [np.zeros(0, np.int64)], [np.zeros((0, bits.words(spec.bits)), np.uint64)]
    name = column_name(spec, variant)
    rest = np.ones(batch.num_rows, np.bool_)
    if name in batch.schema.names and (variant == "plain" or _SIGN in batch.schema.names):
        owner, block = read_variant(batch[name], spec)
        owners.append(owner)
        blocks.append(block)
        rest = batch[name if variant == "plain" else _SIGN].is_null().to_numpy(zero_copy_only=False)
    if "thumbnail" in batch.schema.names and rest.any():
        rows, luma = luma_of(batch, rest)
        made, block = VARIANTS[variant](luma, spec)
        owners.append(rows[made])
        blocks.append(block)
    owner, block = np.concatenate(owners), np.concatenate(blocks)
    order = np.argsort(owner, kind="stable")
    return owner[order], block[order]


def luma_of(batch: Any, wanted: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Return the luma of thumbnails.

    Parameters
    ----------
    batch : pyarrow.RecordBatch
        With a column thumbnail.
    wanted : ndarray of bool, shape (n,)
        Rows that are wanted.

    Returns
    -------
    rows : ndarray of int64, shape (m,)
        Those that have a thumbnail, of the wanted ones.
    luma : ndarray of uint8, shape (m, 64, 64)
        Of each.
    """
    column = batch["thumbnail"]
    rows = np.flatnonzero(wanted & column.is_valid().to_numpy(zero_copy_only=False))
    data = b"".join(column[row].as_py()[:LUMA_BYTES] for row in rows.tolist())
    return rows, np.frombuffer(data, np.uint8).reshape(-1, THUMBNAIL_SIDE, THUMBNAIL_SIDE)


def own_hashes(contents: "DataFrame", joins: Sequence[Joined]) -> "DataFrame":
    """Return the hashes of contents, by join and side.

    Parameters
    ----------
    contents : DataFrame
        Columns digest, old, detail, and those that `needed` asks for, or thumbnail.
    joins : sequence of Joined
        What is joined.

    Returns
    -------
    DataFrame
        Columns join, side (0 or `MADE`), hash (octets of whole words), digest and old; each once for a row of contents.
    """
    wanted = ["digest", "old", *(name for name in (*hash_columns(joins), "thumbnail") if name in contents.columns)]
    joinable = contents.where(f"detail >= {MIN_DETAIL}").select(*(f"`{name}`" for name in wanted))
    return joinable.mapInArrow(partial(_hashes, tuple(joins)), HASHES)


def _hashes(joins: tuple[Joined, ...], batches: Iterator[Any]) -> Iterator[Any]:
    """Hash contents for each join."""
    arrow = optional("pyarrow")
    for batch in batches:
        known = {one: hashes_of(batch, *one) for one in needed(joins)}
        for number, one in enumerate(joins):
            sides = [(0, variant) for variant in one.own] + ([] if one.made is None else [(MADE, one.made)])
            rows = [(side, *_chosen(one, variant, known)) for side, variant in sides]
            side = np.concatenate([np.full(len(owner), side) for side, owner, _ in rows])
            owner = np.concatenate([owner for _, owner, _ in rows])
            block = np.concatenate([block for _, _, block in rows])
            order = np.lexsort((*block.T, side, owner))
            side, owner, block = side[order], owner[order], block[order]
            again = np.zeros(len(order), np.bool_)
            again[1:] = (block[1:] == block[:-1]).all(axis=1) & (owner[1:] == owner[:-1]) & (side[1:] == side[:-1])
            kept = ~again
            at = arrow.array(owner[kept])
            columns = [
                arrow.array(np.full(int(kept.sum()), number, np.int32)), arrow.array(side[kept].astype(np.int32)),
                octets_array(block[kept]), batch["digest"].take(at), batch["old"].take(at),
            ]  # fmt: skip
            yield arrow.RecordBatch.from_arrays(columns, ["join", "side", "hash", "digest", "old"])


def _chosen(one: Joined, variant: str, known: Mapping[tuple[HashSpec, str], Hashes]) -> Hashes:
    """Return the hashes of a variant that a join wants, with the second ones after the first."""
    owner, block = known[one.spec, variant]
    if one.part is not None or variant == one.made:
        place = np.arange(len(owner)) - np.searchsorted(owner, owner)
        kept = place == one.part if one.part is not None else place < one.hashes
        owner, block = owner[kept], block[kept]
    if one.second is None:
        return owner, block
    other_owner, other = known[one.second, variant]  # one a row, as the first
    both, here, there = np.intersect1d(owner, other_owner, assume_unique=True, return_indices=True)
    return both, np.concatenate([block[here], other[there]], axis=1)
