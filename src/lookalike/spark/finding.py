"""The main job on Spark: what may belong together, through the search of one machine."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lookalike.extras import optional
from lookalike.join.bands import MOST_ROWS
from lookalike.model import DEFAULT_KEEP, MAX_PIXELS, GroupRule, Orient, Tier, Truncated, VerifyStep
from lookalike.spark.components import DRIVER_EDGES
from lookalike.spark.concluded import BIN_IMAGES, MEMBERS, conclude_rows, in_bins
from lookalike.spark.searching import Thumbnails, failures_of, make_search, rows_of, together
from lookalike.stores.decisions import Decided

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@dataclass(frozen=True, slots=True)
class Found:
    """What `find` found on Spark; DataFrames are made when somebody asks for them.

    Attributes
    ----------
    pairs : DataFrame
        Columns left and right (digests, left < right), distance (bits), tier, score (0..1) and doubt (whether only the files
        can tell): what thumbnails show, within the tier. Where one image has hundreds of candidates by one hash, these are
        grouped without being listed here.
    groups : DataFrame
        A row for each member of a group, with the fields of ``find --json``; `group` is the path of its keeper.
    failures : DataFrame
        Columns path, path_bytes, source, stage, failure and reason.
    warnings : list of str
        What about the options may mislead, one line each.
    held : tuple of DataFrame
        What executors keep for these, until `release`.
    """

    pairs: "DataFrame"
    groups: "DataFrame"
    failures: "DataFrame"
    warnings: list[str] = field(default_factory=list)
    held: tuple["DataFrame", ...] = ()

    def release(self) -> None:
        """Let go of what executors keep for the DataFrames; these are made anew if they are asked for again.

        Until then another search of the same rows takes what is kept, whatever has become of the files.
        """
        for frame in self.held:
            frame.unpersist()


def find(
    df: "DataFrame",
    *,
    against: "DataFrame | None" = None,
    tier: str = "edit",
    algorithm: str = "phash",
    size: int | None = None,
    radius: int | None = None,
    second: tuple[str, int] | None = None,
    parts: bool = True,
    group: GroupRule = "star",
    keep: str = DEFAULT_KEEP,
    protect: Sequence[str] = (),
    orient: Orient = "upright",
    crops: bool = False,
    verify: VerifyStep = "thumbnail",
    units: bool = True,
    thumbnails: Thumbnails = "candidates",
    truncated: Truncated = "refuse",
    max_pixels: int = MAX_PIXELS,
    max_seconds: float | None = None,
    max_memory: int | None = None,
    roots: Sequence[str] = (),
    decisions: Sequence[Decided] = (),
    most: int = MOST_ROWS,
    driver_edges: int = DRIVER_EDGES,
    bin_images: int = BIN_IMAGES,
) -> Found:
    """Find the images that are the same picture, as `lookalike.find` does on one machine.

    Parameters
    ----------
    df : DataFrame
        Hash rows, from `lookalike.spark.hash_images` or `lookalike.spark.read_hashes`.
    against : DataFrame, optional
        Hash rows that were searched before: only pairs that touch a row of `df` are looked for, and these are always keepers.
    tier, algorithm, size, radius, group, keep, protect, orient, crops, verify, units, truncated, max_pixels, \
max_seconds, max_memory
        As for `lookalike.find`.
    second : tuple of (str, int), optional
        A second algorithm, of 64 bits, and how far its hashes of whole pictures may be apart too; needs ``parts=False``.
    parts : bool
        Whether parts of pictures propose, too, as on one machine; False joins a quarter of the hashes, and finds fewer crops.
    thumbnails : str
        What becomes of rows without thumbnail: candidates are read again, or none is, and they can only be exact.
    roots : sequence of str
        What the rows were made of: `protect` is relative to these, and of URLs nothing else is read.
    decisions : sequence of Decided
        Decisions of people, from `lookalike.decisions`.
    most : int
        How many hashes one bucket of a join holds.
    driver_edges : int
        How many pairs the driver takes, to find components.
    bin_images : int
        About how many images are grouped together.

    Returns
    -------
    Found
        Pairs, groups and failures. What is counted on the way is counted when this is called.

    Raises
    ------
    UsageError
        If an option does not fit, or the rows lack what is joined by.

    Examples
    --------
    >>> found = find(read_hashes(spark, ["hashes"]), tier="copy")  # doctest: +SKIP
    >>> found.groups.write.parquet("groups")  # doctest: +SKIP
    """
    given = dict(locals())
    search = make_search(increment=against is not None, **{name: given[name] for name in given if name not in _ROWS})
    rows = rows_of(df, search)
    if against is not None:
        rows = rows.unionByName(rows_of(against, search, old=True), allowMissingColumns=True)
    found = together(rows, search)
    members = found.images if against is None else _touching_new(found.images)
    groups = in_bins(members, lambda rows: conclude_rows(rows, search.told), MEMBERS, images_in_bin=search.bin_images)
    failures = failures_of(rows).drop("split")
    return Found(told_pairs(found.pairs), groups, failures, found.warnings, found.held)


_ROWS = ("df", "against")


def told_pairs(pairs: "DataFrame") -> "DataFrame":
    """Return verdicts as people read them.

    Parameters
    ----------
    pairs : DataFrame
        From `lookalike.spark.verified.verified`.

    Returns
    -------
    DataFrame
        The tier by name, and the score from 0 to 1.
    """
    functions = optional("pyspark.sql.functions", "spark")
    names = [functions.lit(part) for one in Tier for part in (int(one), one.name.lower())]
    tier = functions.create_map(*names)[functions.col("tier")].alias("tier")
    return pairs.select("left", "right", "distance", tier, (functions.col("score") / 1000).alias("score"), "doubt")


def _touching_new(members: "DataFrame") -> "DataFrame":
    """Leave out components of old images alone."""
    functions = optional("pyspark.sql.functions", "spark")
    by_component = optional("pyspark.sql", "spark").Window.partitionBy("component")
    return members.withColumn("all_old", functions.min("old").over(by_component)).where("not all_old").drop("all_old")
