"""Connected components of a graph whose edges are rows: on the driver while it holds them, in rounds where it does not."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from lookalike.extras import optional
from lookalike.grouping import connected
from lookalike.spark.lineage import cut

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray
    from pyspark.sql import DataFrame

DRIVER_EDGES = 50_000_000
"""Edges that the driver takes: by estimate 100 bytes each for 64-bit numbers, 200 for digests of 32 bytes: 5 and 10 GB."""
CHUNK = 1 << 20
"""Edges that an executor contracts together, and that travel to the driver together."""
SENT = 1 << 16
"""Rows of the batches that an executor hands back."""


def components(edges: "DataFrame", *, most: int = DRIVER_EDGES) -> "DataFrame":
    """Label the connected components of a graph by their least node.

    Executors contract the edges they have, to at most one for each node; that needs no shuffle. What is left goes to the
    driver, if that is few enough. If not, it goes through rounds of large-star and small-star (Kiveris, Lattanzi, Mirrokni,
    Rastogi and Vassilvitskii, *Connected components in MapReduce and beyond*, 2014), each followed by another contraction,
    until nothing changes or the rest is few enough. The result is the same on either way, and in every run.

    A round reads what the one before it wrote, never the edges: the lineage is cut, as the plan would double otherwise.
    Where `SparkContext.setCheckpointDir` was called, the cut is a checkpoint in that folder, and the loss of an executor
    costs no more than its tasks. Where it was not, executors keep the rows themselves, which is faster, and the loss of one
    ends the job. On a cluster that loses machines call it before a job of more than `most` edges.

    Parameters
    ----------
    edges : DataFrame
        Columns left and right, of one type that can be ordered: strings, binary, whole numbers. Edges may come several
        times and either way round; an edge of a node with itself makes the node occur; null makes no edge.
    most : int
        How many edges the driver takes, counted after the first contraction.

    Returns
    -------
    DataFrame
        Columns node and component, one row for each node that occurs. What the driver has labelled is held by it until the
        DataFrame is let go of.
    """
    optional("pyarrow", "spark")
    functions = optional("pyspark.sql.functions", "spark")
    kept = edges.where("left is not null and right is not null")
    forest = _contracted(kept.select("left", "right", functions.lit(False).alias("changed"))).persist()
    try:
        count, changed = forest.count(), True
        while count > most and changed:
            before, forest = forest, cut(_round(forest))
            before.unpersist()
            count, changed = forest.agg(functions.count("*"), functions.max("changed")).collect()[0]
        if count <= most:
            return _on_driver(forest, count)
        roots = forest.select(functions.col("right").alias("left"), "right")
        return forest.select("left", "right").union(roots).distinct().toDF("node", "component")
    finally:
        forest.unpersist()


def _contracted(edges: "DataFrame") -> "DataFrame":
    return edges.mapInArrow(contract, edges.schema)


def contract(batches: "Iterator[pa.RecordBatch]") -> "Iterator[pa.RecordBatch]":
    """Contract edges to stars: each node with the least one that these edges connect it with.

    No more than two chunks are held; what no chunk connects is left for others to find.

    Parameters
    ----------
    batches : iterator of RecordBatch
        Edges: columns left, right, and changed, whether the last round has changed anything.

    Yields
    ------
    RecordBatch
        The same columns. Left is greater than right, but for a node that is alone. Changed is true everywhere if it was
        anywhere, or if contraction has changed anything but the number of repetitions.
    """
    pa = optional("pyarrow", "spark")
    held: list[Any] = []
    rows = 0
    for batch in batches:
        held.append(batch)
        rows += batch.num_rows
        if rows >= CHUNK:
            stars = _stars(pa.Table.from_batches(held))
            held, rows = stars.to_batches(), stars.num_rows
            if rows > CHUNK // 2:
                yield from stars.to_batches(SENT)
                held, rows = [], 0
    if held:
        yield from _stars(pa.Table.from_batches(held)).to_batches(SENT)


def _stars(edges: "pa.Table") -> "pa.Table":
    pa = optional("pyarrow", "spark")
    nodes, left, right = numbered(edges["left"], edges["right"])
    label = connected(len(nodes), left, right)
    changed = bool((label[np.maximum(left, right)] != np.minimum(left, right)).any()) or any(
        edges["changed"].unique().to_pylist()
    )
    alone = np.bincount(label, minlength=len(nodes)) == 1
    leaves = np.flatnonzero((label != np.arange(len(nodes))) | alone)
    columns = [
        nodes.take(pa.array(leaves)),
        nodes.take(pa.array(label[leaves])),
        pa.array(np.full(len(leaves), changed)),
    ]
    return pa.table([column.cast(kind) for column, kind in zip(columns, edges.schema.types, strict=True)], edges.schema)


def numbered(
    left: "pa.ChunkedArray", right: "pa.ChunkedArray"
) -> "tuple[pa.Array, NDArray[np.int64], NDArray[np.int64]]":
    """Give the nodes of some edges numbers.

    Parameters
    ----------
    left, right : ChunkedArray, length m
        Edges.

    Returns
    -------
    nodes : Array
        Each once, ascending.
    left, right : ndarray of int64, shape (m,)
        The number of each end.
    """
    pa = optional("pyarrow", "spark")
    compute = optional("pyarrow.compute", "spark")
    ends = pa.chunked_array([*left.chunks, *right.chunks], left.type)
    if pa.types.is_integer(ends.type):  # twice as fast as by a dictionary
        values, number = np.unique(ends.to_numpy(), return_inverse=True)
        return pa.array(values), number[: len(left)], number[len(left) :]
    large = {pa.string(): pa.large_string(), pa.binary(): pa.large_binary()}  # one array may hold more than 2 GB
    encoded = ends.cast(large.get(ends.type, ends.type)).combine_chunks().dictionary_encode()
    order = compute.sort_indices(encoded.dictionary)
    rank = np.empty(len(order), np.int64)
    rank[order.to_numpy()] = np.arange(len(order))
    number = rank[encoded.indices.to_numpy()]
    return encoded.dictionary.take(order), number[: len(left)], number[len(left) :]


def _round(forest: "DataFrame") -> "DataFrame":
    """Go through one large-star and one small-star; edges are (greater, lesser) throughout.

    In the paper's large-star a node hands its greater neighbours to the least one it knows of. Seen from an edge: its lesser
    end is replaced by the least neighbour of that. In small-star a node hands its lesser neighbours, and itself, to the
    least of them. Contraction before it leaves few lesser neighbours to a node: one for each chunk. Nodes with many greater
    ones are the hubs; what is joined to them is one row, and adaptive execution splits the other side.
    """
    functions = optional("pyspark.sql.functions", "spark")
    window = optional("pyspark.sql.window", "spark").Window
    least = forest.groupBy(functions.col("left").alias("at")).agg(functions.min("right").alias("least"))
    lesser = functions.coalesce("least", "right")
    large = forest.join(least, forest["right"] == least["at"], "left").select(
        "left", lesser.alias("right"), (lesser != functions.col("right")).alias("changed")
    )
    apart = functions.col("right") != functions.col("least")
    small = (
        _contracted(large)
        .withColumn("least", functions.min("right").over(window.partitionBy("left")))
        .select(
            functions.when(apart, functions.col("right")).otherwise(functions.col("left")).alias("left"),
            functions.col("least").alias("right"),
            (apart | functions.col("changed")).alias("changed"),
        )
    )
    return _contracted(small)


def _on_driver(forest: "DataFrame", count: int) -> "DataFrame":
    pa = optional("pyarrow", "spark")
    types = optional("pyspark.sql.types", "spark")
    kind = forest.schema["left"].dataType
    schema = types.StructType([types.StructField(name, kind, nullable=False) for name in ("node", "component")])
    parts = [pa.ipc.open_stream(part).read_all() for part in _fetched(forest, count)]
    if not parts:
        return forest.sparkSession.createDataFrame([], schema)
    edges = pa.concat_tables(parts)
    nodes, left, right = numbered(edges["left"], edges["right"])
    del edges, parts
    numbers = np.arange(len(nodes)), connected(len(nodes), left, right)
    starts = range(0, len(nodes), CHUNK)  # pieces, for no piece may hold 2 GB of text
    columns = [
        pa.chunked_array([nodes.take(pa.array(column[at : at + CHUNK])) for at in starts], nodes.type)
        for column in numbers
    ]
    return forest.sparkSession.createDataFrame(pa.table(columns, schema.names), schema)


def _fetched(forest: "DataFrame", count: int) -> Iterator[bytes]:
    """Bring edges to the driver as Arrow, a chunk at a time: no task's result is near ``spark.driver.maxResultSize``."""
    tasks = forest.select("left", "right").coalesce(-(-count // CHUNK) or 1)
    for row in tasks.mapInArrow(_pack, "edges binary").toLocalIterator(prefetchPartitions=True):
        yield bytes(row["edges"])


def _pack(batches: "Iterator[pa.RecordBatch]") -> "Iterator[pa.RecordBatch]":
    pa = optional("pyarrow", "spark")
    held: list[Any] = []
    rows = 0

    def packed() -> Any:
        sink = pa.BufferOutputStream()
        table = pa.Table.from_batches(held)
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
        return pa.record_batch([pa.array([sink.getvalue().to_pybytes()], pa.binary())], ["edges"])

    for batch in batches:
        held.append(batch)
        rows += batch.num_rows
        if rows >= CHUNK:
            yield packed()
            held, rows = [], 0
    if rows:
        yield packed()
