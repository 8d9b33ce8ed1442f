"""Contents to candidates: which of them may be the same picture, by any sort of hash that `find` proposes by."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lookalike.extras import optional
from lookalike.join.bands import MADE, MOST_ROWS, OLD
from lookalike.spark.hashed import Joined
from lookalike.spark.near import meetings, plan_joins

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

MOST_EACH = 256
"""Candidates of one image that are verified one by one; where one has more, all of them are looked at together."""
EDGES = "left binary, right binary, together boolean"
Members = tuple[list[bytes], list[bool]]
"""Digests, and which of them are old."""


def classes_of(hashed: "DataFrame") -> "DataFrame":
    """Put together what has equal hashes.

    Parameters
    ----------
    hashed : DataFrame
        From `own_hashes`; rows may come several times.

    Returns
    -------
    DataFrame
        Columns join, side (with `OLD` where nothing in the class is new), made (whether the side is `MADE`), hash, members (the
        first of them by digest, up to one more than `MOST_EACH`: digest and old) and first (digest).
    """
    functions = optional("pyspark.sql.functions", "spark")
    by_hash = optional("pyspark.sql", "spark").Window.partitionBy("join", "side", "hash")
    ranked = hashed.withColumn("at", functions.dense_rank().over(by_hash.orderBy("digest")))
    few = functions.when(ranked["at"] <= MOST_EACH + 1, functions.struct("digest", "old"))
    grouped = ranked.groupBy("join", "side", "hash").agg(
        functions.min("old").cast("int").alias("all_old"),
        functions.sort_array(functions.collect_set(few)).alias("members"),
    )
    return grouped.select(
        "join", (grouped["side"] + grouped["all_old"] * OLD).alias("side"), (grouped["side"] == MADE).alias("made"), "hash",
        "members", grouped["members"][0]["digest"].alias("first"),
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
    sizes = classes.select("join", "made", "hash", functions.size("members"))
    met = met.join(sizes.toDF("join", "right_made", "right", "right_size"), ["join", "right_made", "right"])
    for name, size in (("left", col("right_size")), ("right", functions.size("left_members"))):
        near = functions.sum(size).over(window.partitionBy("join", f"{name}_made", name))
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


def _between(batches: Iterator[Any]) -> Iterator[Any]:
    """Pair the members of classes that are near each other."""
    for batch in batches:
        sides = [[_members(row) for row in batch[f"{name}_members"].to_pylist()] for name in ("left", "right")]
        firsts = [batch[f"{name}_first"].to_pylist() for name in ("left", "right")]
        near = [batch[f"{name}_near"].to_numpy().tolist() for name in ("left", "right")]
        edges = _Edges()
        for one, other, first, second, *counts in zip(*sides, *firsts, *near, strict=True):
            if max(count + len(members[0]) for count, members in zip(counts, (one, other), strict=True)) > MOST_EACH:
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
    """Return members, each once: a content that new images have, too, is new, and the first of its two rows says so."""
    told = {row["digest"]: row["old"] for row in reversed(rows)}
    return list(reversed(told)), list(reversed(told.values()))


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
