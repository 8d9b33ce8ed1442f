"""Pairs of hashes within a Hamming radius, exactly: dealt into buckets on one side of a shuffle, joined on the other."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lookalike import bits
from lookalike.errors import UsageError
from lookalike.extras import optional
from lookalike.join.bands import MOST_ROWS, OLD, Bands, meet, record, task_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

SAMPLE = 1 << 16
"""About how many hashes of each join are looked at to plan it."""
RECORDS_PER_TASK = 1 << 22
"""Hashes in buckets that a task should hold: 16 bytes each, some 100 while it joins them."""
RECORDS_AT_ONCE = 1 << 20
"""Hashes in buckets that are sent together, task by task."""
FEWEST_TASKS = 2
"""Tasks for each core, so that none waits long for the last one."""

Block = NDArray[np.uint64]


def near_pairs(
    df: "DataFrame",
    radius: int,
    *,
    id: str = "id",  # noqa: A002 - what the column is called
    hash: str = "hash",
    second: tuple[str, int] | None = None,
    against: "DataFrame | None" = None,
    most: int = MOST_ROWS,
) -> "DataFrame":
    """Find all pairs of rows whose hashes are within a radius: exactly those that `lookalike.near_pairs` finds.

    Parameters
    ----------
    df : DataFrame
        One row for each image; rows without a hash are passed over.
    radius : int
        Greatest distance in bits, inclusive.
    id : str
        Column that names rows: of any type that can be ordered, without repetition.
    hash : str
        Column of hashes: binary as in a hash table, all of one length, or bigint for 64 bits.
    second : tuple of (str, int), optional
        Another such column, and how far its hashes may be apart too: 64 bits run out near 10 ** 9 images.
    against : DataFrame, optional
        Rows that were known before: pairs of two of these are neither looked for nor found. Same columns.
    most : int
        How many hashes one bucket holds; buckets that would hold more are cut into parts.

    Returns
    -------
    DataFrame
        Columns left, right (of the type of `id`, left < right) and distance (int, bits). No pair comes twice.

    Raises
    ------
    UsageError
        If the radius does not fit the hashes, or these are not of one length.

    Notes
    -----
    Planning looks at the rows twice, for their number and for a sample, when this is called; the rest is done when somebody
    asks for the pairs. A hash repeated k times makes k * (k - 1) / 2 pairs.

    Examples
    --------
    >>> pairs = near_pairs(spark.read.parquet("hashes"), 10, id="path", hash="phash-8-lanczos3-fast-v1")  # doctest: +SKIP
    """
    functions = optional("pyspark.sql.functions", "spark")
    columns = [hash] if second is None else [hash, second[0]]
    rows = _hashed(df, id, columns, old=False)
    if against is not None:
        rows = rows.unionByName(_hashed(against, id, columns, old=True))
    number = functions.lit(0).alias("join")
    listed = rows.select(number, "hash")
    joins = plan_joins(listed, {0: (radius, False)}, second=None if second is None else second[1], most=most)
    classes = rows.groupBy("hash").agg((functions.min("old").cast("int") * OLD).alias("side"))
    near = meetings(classes.select(number, "side", "hash"), joins).select("left", "right", "distance")
    own = rows.select(functions.col("hash").alias("left"), functions.col("id").alias("one"), "old")
    other = own.toDF("right", "two", "was")
    apart = near.join(own, "left").join(other, "right")
    # Equal hashes of old rows alone would meet in vain, and one that many rows have is where most pairs are.
    fresh = own.where("not old")
    equal = fresh.join(other, functions.col("left") == functions.col("right")).where("was or one < two")
    both = apart.select("one", "two", "distance", "old", "was").unionByName(
        equal.select("one", "two", functions.lit(0).alias("distance"), "old", "was")
    )
    if against is not None:
        both = both.where("not (old and was)")
    return both.select(
        functions.least("one", "two").alias("left"), functions.greatest("one", "two").alias("right"), "distance"
    )


def plan_joins(
    classes: "DataFrame", radii: Mapping[int, tuple[int, bool]], *, second: int | None = None, most: int = MOST_ROWS
) -> dict[int, Bands]:
    """Plan joins by their numbers of hashes, and by a sample of each.

    Parameters
    ----------
    classes : DataFrame
        Columns join (int) and hash (binary, whole words). Where hashes come several times, buckets are thought fuller than
        they are.
    radii : mapping of int to tuple of (int, bool)
        For each join its radius in bits, and whether it is crossed.
    second : int, optional
        Radius of second hashes, of one word, whose octets follow those of the first.
    most : int
        As for `lookalike.join.bands.Bands.of`.

    Returns
    -------
    dict of int to Bands
        Joins that have any hashes.

    Raises
    ------
    UsageError
        If a radius does not fit.
    """
    functions = optional("pyspark.sql.functions", "spark")
    counts = {row["join"]: row["count"] for row in classes.groupBy("join").count().collect()}
    if not counts:
        return {}
    # The lot of a hash is drawn by the hash, so that every run draws the same.
    lot = functions.pmod(functions.xxhash64("hash"), functions.lit(1 << 30))
    drawn = functions.lit(False)
    for number, count in counts.items():
        bound = (SAMPLE << 30) // count
        drawn |= (functions.col("join") == number) & (lot < functions.lit(bound))
    sampled = classes.where(drawn).select("join", "hash").distinct().toArrow()
    number_of = sampled["join"].to_numpy()
    planned: dict[int, Bands] = {}
    for number, count in sorted(counts.items()):
        radius, crossed = radii[number]
        octets = sampled["hash"].filter(optional("pyarrow").array(number_of == number))
        words = _words_of(classes, number) if not len(octets) else 0
        sample = np.zeros((0, words), np.uint64) if words else _block(octets.combine_chunks())
        width = sample.shape[1] - (second is not None)
        if not 0 <= radius <= bits.WORD * width:
            raise UsageError(f"radius must lie in 0..{bits.WORD * width} bits for these hashes, got {radius}")
        try:
            planned[number] = Bands.of(sample, radius, count, words=width, crossed=crossed, second=second, most=most)
        except ValueError as error:
            raise UsageError(str(error)) from error
    return planned


def meetings(classes: "DataFrame", joins: Mapping[int, Bands]) -> "DataFrame":
    """Join hashes.

    Parameters
    ----------
    classes : DataFrame
        Columns join (int), side (int) and hash (binary, whole words); no row comes twice.
    joins : mapping of int to Bands
        From `plan_joins`.

    Returns
    -------
    DataFrame
        Columns join (int), left, right (binary) and distance (int): pairs of unequal hashes, each once for its join; in
        crossed ones the left hash is what is made of something.
    """
    session = classes.sparkSession
    plans = tuple(joins.get(number, _NONE) for number in range(max(joins, default=-1) + 1))
    records = sum(plan.records for plan in plans)
    tasks = max(FEWEST_TASKS * session.sparkContext.defaultParallelism, -(-records // RECORDS_PER_TASK))
    lanes = _lanes(session, int(tasks))
    dealt = classes.mapInArrow(partial(_deal, plans, lanes), "lane int, words int, records binary")
    # An explicit number of partitions is kept: adaptive execution must not put small ones together, the work is to come.
    placed = dealt.repartition(int(tasks), "lane")
    return placed.mapInArrow(partial(_meet, plans), "join int, left binary, right binary, distance int")


def normal(column: Any) -> Any:
    """Return hashes as octets of whole words, as all joins have them.

    Parameters
    ----------
    column : pyarrow.Array
        Of int64, or of binary of one length.

    Returns
    -------
    pyarrow.BinaryArray
        As many rows.

    Raises
    ------
    UsageError
        If the lengths differ.
    """
    arrow = optional("pyarrow")
    if arrow.types.is_integer(column.type):
        block = column.to_numpy(zero_copy_only=False).astype(np.int64).view(np.uint64)[:, np.newaxis]
    else:
        block = _block(column)
    return octets_array(block)


def octets_array(block: Block) -> Any:
    """Return hashes as an Arrow column of octets.

    Parameters
    ----------
    block : ndarray of uint64, shape (n, words)
        Hashes.

    Returns
    -------
    pyarrow.BinaryArray
        As many rows, of whole words.
    """
    octets = bits.to_octets(block, bits.WORD * block.shape[1])
    return binary_array(np.ascontiguousarray(octets).tobytes(), np.full(len(block), octets.shape[1]))


def binary_array(data: bytes, lengths: NDArray[np.int64]) -> Any:
    """Return a binary column for Spark.

    Parameters
    ----------
    data : bytes
        All values, one after the other.
    lengths : ndarray of int64, shape (n,)
        Bytes of each.

    Returns
    -------
    pyarrow.BinaryArray
        Without nulls.
    """
    arrow = optional("pyarrow")
    ends = np.zeros(len(lengths) + 1, np.int32)
    np.cumsum(lengths, out=ends[1:])
    return arrow.BinaryArray.from_buffers(
        arrow.binary(), len(lengths), [None, arrow.py_buffer(ends), arrow.py_buffer(data)]
    )


_NONE = Bands(np.zeros((1, 1), np.uint64), 0, crossed=False, second=None, count=0, hot=())


def _hashed(df: "DataFrame", id_: str, columns: Sequence[str], *, old: bool) -> "DataFrame":
    """Return id, hash (first and second together, in whole words) and old."""
    functions = optional("pyspark.sql.functions", "spark")
    chosen = [functions.col(f"`{name}`").alias(f"hash{at}") for at, name in enumerate(columns)]
    given = df.select(functions.col(f"`{id_}`").alias("id"), *chosen).dropna(
        subset=[f"hash{at}" for at in range(len(columns))]
    )
    schema = optional("pyspark.sql.types", "spark").StructType([given.schema["id"]]).add("hash", "binary")
    return given.mapInArrow(_normalised, schema).withColumn("old", functions.lit(old))


def _normalised(batches: Iterator[Any]) -> Iterator[Any]:
    arrow = optional("pyarrow")
    for batch in batches:
        parts = [normal(batch[name]) for name in batch.schema.names[1:]]
        whole = parts[0]
        if len(parts) > 1:
            whole = optional("pyarrow.compute").binary_join_element_wise(*parts, arrow.scalar(b"", arrow.binary()))
        yield arrow.RecordBatch.from_arrays([batch["id"], whole], ["id", "hash"])


def _block(column: Any) -> Block:
    """Return binary hashes of one length as words."""
    if not len(column):
        return np.zeros((0, 1), np.uint64)
    column = column.cast("binary")
    ends = np.frombuffer(column.buffers()[1], np.int32)[column.offset : column.offset + len(column) + 1]
    lengths = np.diff(ends)
    if lengths.min() != lengths.max() or not lengths[0]:
        raise UsageError(f"hashes of one join have one length, got {lengths.min()} and {lengths.max()} bytes")
    octets = np.frombuffer(column.buffers()[2], np.uint8)[ends[0] : ends[-1]]
    width = int(lengths[0])
    return bits.from_octets(octets.reshape(-1, width), 8 * width)


def _words_of(classes: "DataFrame", number: int) -> int:
    """Return the words of one hash, where the sample has none."""
    (row,) = classes.where(classes["join"] == number).select("hash").limit(1).collect()
    return len(row["hash"]) * 8 // bits.WORD


@cache
def _lanes(session: "SparkSession", count: int) -> tuple[int, ...]:
    """Return numbers of which each leads to a partition of its own; some tasks would hold twice as much as others else."""
    functions = optional("pyspark.sql.functions", "spark")
    number = functions.col("id").cast("int")
    home = functions.pmod(functions.hash(number), functions.lit(count))
    drawn = session.range(16 * count).select(number.alias("id"), home.alias("home"))
    return tuple(
        row["id"] for row in drawn.groupBy("home").agg(functions.min("id").alias("id")).orderBy("home").collect()
    )


def _deal(plans: tuple[Bands, ...], lanes: Sequence[int], batches: Iterator[Any]) -> Iterator[Any]:
    """Deal hashes into buckets; those of one task are sent as one row."""
    waiting: dict[int, list[NDArray[np.void]]] = {}
    held = 0
    for batch in batches:
        number, side = (batch[name].to_numpy(zero_copy_only=False) for name in ("join", "side"))
        for kind in np.unique(number * 8 + side).tolist():
            those = number * 8 + side == kind
            block = _block(batch["hash"].filter(optional("pyarrow").array(those)))
            records = plans[kind // 8].deal(block, kind % 8, kind // 8)
            waiting.setdefault(block.shape[1], []).append(records)
            held += len(records)
        if held >= RECORDS_AT_ONCE:
            yield from _sent(waiting, lanes)
            waiting, held = {}, 0
    yield from _sent(waiting, lanes)


def _sent(waiting: Mapping[int, Sequence[NDArray[np.void]]], lanes: Sequence[int]) -> Iterator[Any]:
    arrow = optional("pyarrow")
    for words, parts in waiting.items():
        records = np.concatenate(parts)
        task = task_of(records, len(lanes))
        held = np.bincount(task, minlength=len(lanes))
        data = records[np.argsort(task, kind="stable")].tobytes()
        some = np.flatnonzero(held)
        lane = arrow.array(np.array(lanes, np.int32)[some])
        blobs = binary_array(data, held[some] * record(words).itemsize)
        columns = [lane, arrow.array(np.full(len(some), words, np.int32)), blobs]
        yield arrow.RecordBatch.from_arrays(columns, ["lane", "words", "records"])


def _meet(plans: tuple[Bands, ...], batches: Iterator[Any]) -> Iterator[Any]:
    """Join what lies in the buckets of one task."""
    arrow = optional("pyarrow")
    parts: dict[int, list[bytes]] = {}
    for batch in batches:
        for words, data in zip(batch["words"].to_pylist(), batch["records"].to_pylist(), strict=True):
            parts.setdefault(words, []).append(data)
    for words in sorted(parts):
        records = np.frombuffer(b"".join(parts.pop(words)), record(words))
        for number, left, right, distance in meet(plans, records):
            columns = [
                arrow.array(np.full(len(left), number, np.int32)), octets_array(left), octets_array(right),
                arrow.array(distance.astype(np.int32)),
            ]  # fmt: skip
            yield arrow.RecordBatch.from_arrays(columns, ["join", "left", "right", "distance"])
