"""Contents to candidates: which of them may be the same picture, by any sort of hash that `find` proposes by."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lookalike import bits
from lookalike.extras import optional
from lookalike.join.bands import MADE, MOST_ROWS, OLD
from lookalike.model import MIN_DETAIL, THUMBNAIL_SIDE, HashSpec
from lookalike.spark.near import meetings, octets_array, plan_joins
from lookalike.variants import VARIANTS, Sort, stored_name

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

MOST_EACH = 256
"""Candidates of one image that are verified one by one; where one has more, all of them are looked at together."""
HASHES = "join int, side int, hash binary, digest binary, old boolean"
EDGES = "left binary, right binary, together boolean"
LUMA_BYTES = THUMBNAIL_SIDE * THUMBNAIL_SIDE

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
        From `lookalike.variants.sorts`.
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


def column_name(spec: HashSpec, variant: str) -> str:
    """Return the name of the column that holds a variant of a hash.

    Parameters
    ----------
    spec : HashSpec
        Which hash.
    variant : str
        One of `lookalike.variants.VARIANTS`.

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


def read_hashes(batch: Any, spec: HashSpec, variant: str) -> Hashes:
    """Return the hashes of one variant: those that a table has, the others made of its thumbnails.

    Parameters
    ----------
    batch : pyarrow.RecordBatch
        Rows of a hash table; a column of that variant, or the column thumbnail, or both.
    spec : HashSpec
        Which hash.
    variant : str
        One of `lookalike.variants.VARIANTS`.

    Returns
    -------
    owner : ndarray of int64, shape (m,)
        Rows, ascending; none of what has neither.
    block : ndarray of uint64, shape (m, words)
        Row i belongs to row ``owner[i]``.
    """
    width = -(-spec.bits // 8)
    owners, blocks = [np.zeros(0, np.int64)], [np.zeros((0, bits.words(spec.bits)), np.uint64)]
    name = column_name(spec, variant)
    rest = np.ones(batch.num_rows, np.bool_)
    if name in batch.schema.names:
        told = batch[name].to_pylist()
        lengths = np.array([0 if value is None else len(value) for value in told], np.int64)
        octets = np.frombuffer(b"".join(filter(None, told)), np.uint8)
        owners.append(np.repeat(np.arange(len(told)), lengths // width))
        blocks.append(bits.from_octets(octets.reshape(-1, width), spec.bits))
        rest = np.array([value is None for value in told], np.bool_)
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
        Columns join, side (0 or `MADE`), hash (octets of whole words), digest and old; no row comes twice.
    """
    names = [column_name(spec, variant) for spec, variant in needed(joins)]
    wanted = ["digest", "old", *(name for name in (*names, "thumbnail") if name in contents.columns)]
    joinable = contents.where(f"detail >= {MIN_DETAIL}").select(*(f"`{name}`" for name in wanted))
    return joinable.mapInArrow(partial(_hashes, tuple(joins)), HASHES)


def classes_of(hashed: "DataFrame") -> "DataFrame":
    """Put together what has equal hashes.

    Parameters
    ----------
    hashed : DataFrame
        From `own_hashes`.

    Returns
    -------
    DataFrame
        Columns join, side (with `OLD` where nothing in the class is new), made (whether the side is `MADE`), hash, members (the
        first of them by digest, up to one more than `MOST_EACH`: digest and old) and first (digest).
    """
    functions = optional("pyspark.sql.functions", "spark")
    by_hash = optional("pyspark.sql", "spark").Window.partitionBy("join", "side", "hash")
    ranked = hashed.withColumn("at", functions.row_number().over(by_hash.orderBy("digest")))
    ranked = ranked.withColumn("first", functions.min("digest").over(by_hash))
    few = functions.when(ranked["at"] <= MOST_EACH + 1, functions.struct("digest", "old"))
    grouped = ranked.groupBy("join", "side", "hash", "first").agg(
        functions.min("old").cast("int").alias("all_old"),
        functions.sort_array(functions.collect_list(few)).alias("members"),
    )
    return grouped.select(
        "join", (grouped["side"] + grouped["all_old"] * OLD).alias("side"), (grouped["side"] == MADE).alias("made"), "hash",
        "members", "first",
    )  # fmt: skip


def candidates(
    hashed: "DataFrame",
    classes: "DataFrame",
    joins: Sequence[Joined],
    *,
    second: int | None = None,
    most: int = MOST_ROWS,
) -> "DataFrame":
    """Propose pairs of contents.

    Parameters
    ----------
    hashed, classes : DataFrame
        From `own_hashes` and `classes_of`; the classes are read several times.
    joins : sequence of Joined
        What is joined.
    second : int, optional
        Radius of the second hash.
    most : int
        How many hashes one bucket holds.

    Returns
    -------
    DataFrame
        Columns left and right (digests, left < right) and together (bool); each row once. Candidates that are to be verified,
        none of them two old ones; and, where one image would have more than `MOST_EACH` candidates by one join, what keeps all
        of these together without being verified.
    """
    functions = optional("pyspark.sql.functions", "spark")
    col, window = functions.col, optional("pyspark.sql", "spark").Window
    radii = {number: (one.radius, one.made is not None) for number, one in enumerate(joins)}
    plans = plan_joins(classes, radii, second=second, most=most)
    crossed = [number for number, one in enumerate(joins) if one.made is not None]
    is_crossed = col("join").isin(crossed)
    met = meetings(classes, plans).select(
        "join", is_crossed.alias("left_made"), "left", functions.lit(False).alias("right_made"), "right"
    )
    held = classes.select("join", "made", "hash", "members", "first")
    for name in ("left", "right"):
        near = functions.count("*").over(window.partitionBy("join", f"{name}_made", name))
        met = met.withColumn(f"{name}_near", near).join(
            held.toDF("join", f"{name}_made", name, f"{name}_members", f"{name}_first"), ["join", f"{name}_made", name]
        )
    between = met.select(*(f"{name}_{what}" for name in ("left", "right") for what in ("members", "first", "near")))
    edges = between.mapInArrow(_between, EDGES)
    within = classes.where(~is_crossed & (functions.size("members") > 1) & (col("side") < OLD)).select(
        "members", "first"
    )
    edges = edges.unionByName(within.mapInArrow(_within, EDGES))
    # What is beyond the members that a class lists hangs on the first of them.
    beyond = hashed.join(
        classes.where(functions.size("members") > MOST_EACH).select(
            "join", (col("made").cast("int") * MADE).alias("side"), "hash", "first"
        ),
        ["join", "side", "hash"],
    ).where("digest <> first")
    edges = edges.unionByName(
        beyond.select(col("first").alias("left"), col("digest").alias("right"), functions.lit(True).alias("together"))
    )
    return edges.groupBy("left", "right").agg(functions.max("together").alias("together"))


def _hashes(joins: tuple[Joined, ...], batches: Iterator[Any]) -> Iterator[Any]:
    """Hash contents for each join."""
    arrow = optional("pyarrow")
    for batch in batches:
        known: dict[tuple[HashSpec, str], Hashes] = {}

        def of(spec: HashSpec, variant: str) -> Hashes:
            if (spec, variant) not in known:
                known[spec, variant] = read_hashes(batch, spec, variant)  # noqa: B023 - called before the next batch
            return known[spec, variant]

        for number, one in enumerate(joins):
            sides = [(0, variant) for variant in one.own] + ([] if one.made is None else [(MADE, one.made)])
            rows = [(side, *_chosen(one, variant, of)) for side, variant in sides]
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


def _chosen(one: Joined, variant: str, of: Callable[[HashSpec, str], Hashes]) -> Hashes:
    """Return the hashes of a variant that a join wants, with the second ones after the first."""
    owner, block = of(one.spec, variant)
    if one.part is not None or variant == one.made:
        place = np.arange(len(owner)) - np.searchsorted(owner, owner)
        kept = place == one.part if one.part is not None else place < one.hashes
        owner, block = owner[kept], block[kept]
    if one.second is None:
        return owner, block
    other_owner, other = of(one.second, variant)  # one a row, as the first
    both, here, there = np.intersect1d(owner, other_owner, assume_unique=True, return_indices=True)
    return both, np.concatenate([block[here], other[there]], axis=1)


Members = tuple[list[bytes], list[bool]]


def _between(batches: Iterator[Any]) -> Iterator[Any]:
    """Pair the members of classes that are near each other."""
    for batch in batches:
        sides = [[_members(row) for row in batch[f"{name}_members"].to_pylist()] for name in ("left", "right")]
        firsts = [batch[f"{name}_first"].to_pylist() for name in ("left", "right")]
        near = [batch[f"{name}_near"].to_numpy().tolist() for name in ("left", "right")]
        edges = _Edges()
        for one, other, first, second, *counts in zip(*sides, *firsts, *near, strict=True):
            if max(*counts, len(one[0]), len(other[0])) > MOST_EACH:
                edges.tie(first, one[0])
                edges.tie(second, other[0])
                edges.tie(first, [second])
            else:
                for digest, old in zip(*one, strict=True):
                    edges.add(digest, [far for far, was in zip(*other, strict=True) if not (old and was)])
        yield edges.batch()


def _within(batches: Iterator[Any]) -> Iterator[Any]:
    """Pair the members of classes."""
    for batch in batches:
        edges = _Edges()
        for members in map(_members, batch["members"].to_pylist()):
            digests, old = members
            if len(digests) > MOST_EACH:
                edges.tie(digests[0], digests)
                continue
            for at, digest in enumerate(digests):
                rest = zip(digests[at + 1 :], old[at + 1 :], strict=True)
                edges.add(digest, [far for far, was in rest if not (old[at] and was)])
        yield edges.batch()


def _members(rows: Sequence[Mapping[str, Any]]) -> Members:
    return [row["digest"] for row in rows], [row["old"] for row in rows]


class _Edges:
    """Edges on their way into Arrow; those of a content with itself are left out."""

    def __init__(self) -> None:
        self._left: list[bytes] = []
        self._right: list[bytes] = []
        self._together: list[bool] = []

    def add(self, digest: bytes, others: Sequence[bytes], *, together: bool = False) -> None:
        for other in others:
            if other != digest:
                self._left.append(min(digest, other))
                self._right.append(max(digest, other))
                self._together.append(together)

    def tie(self, first: bytes, others: Sequence[bytes]) -> None:
        self.add(first, others, together=True)

    def batch(self) -> Any:
        arrow = optional("pyarrow")
        columns = [
            arrow.array(self._left, arrow.binary()),
            arrow.array(self._right, arrow.binary()),
            arrow.array(self._together, arrow.bool_()),
        ]
        return arrow.RecordBatch.from_arrays(columns, ["left", "right", "together"])
