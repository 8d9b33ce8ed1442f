"""Rows of hash tables: what belongs together by name or by bytes, and thumbnails that are read again."""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from lookalike import units
from lookalike.columns import Facts, Images
from lookalike.extras import optional
from lookalike.matches.redecoding import Again, read_again
from lookalike.model import HashSpec
from lookalike.sources.reading import Reader, ending_of_container
from lookalike.spark.concluded import Told, paths_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

UNITS = "left binary, right binary, mask string, old boolean"
SHAPE = ("width", "height", "frames", "alpha", "depth")
"""What images with the same pixels have in common, beside their hashes."""


def twin_ties(images: "DataFrame", spec: HashSpec) -> "DataFrame":
    """Tie images together that may have the same pixels: only full decodes can tell.

    Parameters
    ----------
    images : DataFrame
        Rows of hash tables without failures.
    spec : HashSpec
        A fast hash, which is a function of the thumbnail; all rows have it, wherever they come from.

    Returns
    -------
    DataFrame
        Columns left and right (digests): of one shape and detail, and equal by that hash.
    """
    functions = optional("pyspark.sql.functions", "spark")
    keyed = images.select("digest", "old", functions.struct(*SHAPE, "detail", f"`{spec.id}`").alias("key"))
    by_key = optional("pyspark.sql", "spark").Window.partitionBy("key")
    least = keyed.withColumn("least", functions.min("digest").over(by_key))
    tied = least.withColumn("all_old", functions.min("old").over(by_key)).where("digest <> least and not all_old")
    return tied.select(functions.col("least").alias("left"), functions.col("digest").alias("right")).distinct()


def same_ties(images: "DataFrame") -> "DataFrame":
    """Tie contents to themselves that several images have, at least one of them new.

    Parameters
    ----------
    images : DataFrame
        Columns digest and old.

    Returns
    -------
    DataFrame
        Columns left and right, equal digests.
    """
    functions = optional("pyspark.sql.functions", "spark")
    held = images.groupBy("digest").agg(functions.count("*").alias("names"), functions.min("old").alias("old"))
    return held.where("names > 1 and not old").select(
        functions.col("digest").alias("left"), functions.col("digest").alias("right")
    )


def sample_kinds(rows: "DataFrame") -> "DataFrame":
    """Return what samples of WebDataset shards have several images of, as `lookalike.units.samples` does for whole shards.

    Parameters
    ----------
    rows : DataFrame
        Rows of hash tables, failures included.

    Returns
    -------
    DataFrame
        Columns place (a folder of a shard, with the slash at its end), old, and kinds (array): what comes after the key of an
        image, lower-case. Only places where several kinds are found with more than half of the keys.
    """
    functions = optional("pyspark.sql.functions", "spark")
    listed = rows.where("source = 'tar'").select("old", *_placed())
    keys = functions.countDistinct("key")
    each = listed.groupBy("place", "old", "kind").agg(keys.alias("having"))
    whole = listed.groupBy("place", "old").agg(keys.alias("all"))
    usual = each.join(whole, ["place", "old"]).where("2 * having > all and all > 1")
    kinds = functions.sort_array(functions.collect_list("kind")).alias("kinds")
    return usual.groupBy("place", "old").agg(kinds).where("size(kinds) > 1")


def with_kinds(images: "DataFrame", kinds: "DataFrame") -> "DataFrame":
    """Give images the kinds of their shards.

    Parameters
    ----------
    images : DataFrame
        Columns path and old, and any others.
    kinds : DataFrame
        From `sample_kinds`: a row a shard, at most.

    Returns
    -------
    DataFrame
        With the column kinds, null where nothing is of samples of several images.
    """
    functions = optional("pyspark.sql.functions", "spark")
    place, _, _ = _placed()
    placed = images.withColumn("place", place)
    return placed.join(functions.broadcast(kinds), ["place", "old"], "left").drop("place")


def unit_rows(images: "DataFrame", kinds: "DataFrame") -> "DataFrame":
    """Say which images are of one shot or sample, and which are masks of others, as `lookalike.units` does.

    Parameters
    ----------
    images : DataFrame
        Columns path, path_bytes, source, digest and old.
    kinds : DataFrame
        From `sample_kinds`.

    Returns
    -------
    DataFrame
        Rows with left and right, digests that are tied together; and rows with mask and old, paths of images that are none in
        their own right.
    """
    functions = optional("pyspark.sql.functions", "spark")
    window = optional("pyspark.sql", "spark").Window
    listed = images.select("path", "path_bytes", "digest", "old", *_placed())
    of_sample = with_kinds(listed.drop("place"), kinds).where(functions.array_contains("kinds", functions.col("kind")))
    folder, _, _ = _placed()
    least = functions.min("digest").over(window.partitionBy(folder, "key", "old")).alias("left")
    samples = of_sample.select(least, functions.col("digest").alias("right"))
    # Folders images, labels and masks beside each other are looked at together, and of these what has a name like another.
    beside = functions.regexp_replace("place", "(^|/)(images|labels|masks)(?=/)", "$1images")
    shots = listed.withColumn("place", beside).withColumn("key", functions.lower("key"))
    alike = functions.count("*").over(window.partitionBy("place", "key"))
    several = shots.withColumn("alike", alike).where("alike > 1")
    shots = several.groupBy("place").applyInArrow(_units, UNITS)
    return shots.unionByName(samples.where("left <> right"), allowMissingColumns=True)


def _placed() -> tuple[Any, Any, Any]:
    """Return the columns place, key and kind of a path: its folder, its name up to the first dot, and the rest of that."""
    functions = optional("pyspark.sql.functions", "spark")
    name = functions.substring_index("path", "/", -1)
    key = functions.substring_index(name, ".", 1)
    kind = functions.lower(functions.regexp_replace(name, r"^[^.]*\.?", ""))
    return functions.regexp_replace("path", "[^/]*$", "").alias("place"), key.alias("key"), kind.alias("kind")


def read_thumbnails(images: "DataFrame", told: Told) -> "DataFrame":
    """Read images again, for their thumbnails.

    Parameters
    ----------
    images : DataFrame
        Columns path, path_bytes, bytes and digest, a row for each image that is wanted; those of one shard are read in turn.
    told : Told
        What may be read, and how.

    Returns
    -------
    DataFrame
        Columns digest and thumbnail; no row of what cannot be read, or is another content by now.
    """
    functions = optional("pyspark.sql.functions", "spark")
    shard = functions.udf(_shard, "string", useArrow=False)("path")
    wanted = images.select("path", "path_bytes", "bytes", "digest", shard.alias("shard"))
    count = images.sparkSession.sparkContext.defaultParallelism * 4
    placed = wanted.repartition(count, "shard").sortWithinPartitions("shard", "path")
    return placed.mapInArrow(partial(_read, told), "digest binary, thumbnail binary").dropDuplicates(["digest"])


def _units(rows: Any) -> Any:
    """Tie what belongs together in one folder, or some beside each other; name the masks there."""
    arrow = optional("pyarrow")
    paths = paths_of(rows)
    count = len(paths)
    zeros = np.zeros(count, np.int64)
    old = rows["old"].to_numpy().astype(np.bool_)
    images = Images(
        paths, [""] * count, paths, zeros, zeros, zeros, zeros, np.zeros(count, np.bool_), old, zeros, _NO_FACTS, [],
    )  # fmt: skip
    found = units.of_images(images, [], [])
    own = np.flatnonzero(~found.mask)
    _, first, place = np.unique(found.unit[own], return_index=True, return_inverse=True)
    tied = np.flatnonzero(first[place] != np.arange(len(own)))
    masks = np.flatnonzero(found.mask)
    schema = arrow.schema(
        [("left", arrow.binary()), ("right", arrow.binary()), ("mask", arrow.string()), ("old", arrow.bool_())]
    )
    digest = rows["digest"].combine_chunks()
    ends = [digest.take(arrow.array(at)) for at in (own[first[place][tied]], own[tied])]
    ties = arrow.table(
        [*ends, arrow.nulls(len(tied), arrow.string()), arrow.nulls(len(tied), arrow.bool_())], schema=schema
    )
    none = arrow.nulls(len(masks), arrow.binary())
    named = [rows[name].combine_chunks().take(arrow.array(masks)) for name in ("path", "old")]
    return arrow.concat_tables([ties, arrow.table([none, none, *named], schema=schema)])


def _shard(path: str) -> str:
    """Return what has to be opened to read an image, or its folder."""
    return ending_of_container(path) or path.rpartition("/")[0]


def _read(told: Told, batches: Iterator[Any]) -> Iterator[Any]:
    arrow = optional("pyarrow")
    reader = Reader(named=told.roots)
    for batch in batches:
        digests = batch["digest"].to_pylist()
        names = zip(digests, paths_of(batch), batch["bytes"].to_pylist(), strict=True)
        wanted = (Again(row, digest, ((path, size),)) for row, (digest, path, size) in enumerate(names))
        for part in read_again(wanted, reader, told.scan_options, workers=1, isolated=True):
            made = [(digests[one.row], one.thumbnail) for one in part if one.thumbnail is not None and one.kind is None]
            pixels = [seen.luma.tobytes() + seen.chroma.tobytes() for _, seen in made]
            columns = [arrow.array([digest for digest, _ in made], arrow.binary()), arrow.array(pixels, arrow.binary())]
            yield arrow.RecordBatch.from_arrays(columns, ["digest", "thumbnail"])
    reader.close()


_NONE, _NO_FLAGS = np.zeros(0, np.int64), np.zeros(0, np.bool_)
_NO_FACTS = Facts(
    _NONE, _NONE, _NONE, _NONE, _NONE, _NONE, _NONE, _NO_FLAGS, _NO_FLAGS, _NO_FLAGS, _NONE, [], [], [], []
)
"""Names alone decide what belongs together."""
