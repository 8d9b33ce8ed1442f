"""The main job on Spark: candidates, verified on their thumbnails, then whole components through the search of one machine."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING, Literal, get_args

from lookalike import hashes
from lookalike.chances import wide
from lookalike.errors import UsageError
from lookalike.extras import optional
from lookalike.globs import compiled
from lookalike.hashes import make_spec
from lookalike.join.bands import MOST_ROWS
from lookalike.keep import parse_rules
from lookalike.loading import CUT_SHORT
from lookalike.model import DEFAULT_KEEP, MAX_PIXELS, GroupRule, HashSpec, Orient, Tier, Truncated, VerifyStep
from lookalike.options import FindOptions, ScanOptions
from lookalike.spark.columns import column_name
from lookalike.spark.components import DRIVER_EDGES, components
from lookalike.spark.concluded import BIN_IMAGES, Told, concluded
from lookalike.spark.contents import read_thumbnails, same_ties, sample_kinds, twin_ties, unit_ties, with_kinds
from lookalike.spark.hashed import Joined, hash_columns, joined, needed, own_hashes
from lookalike.spark.proposing import candidates, classes_of
from lookalike.spark.verified import VERDICTS, shown_columns, verified
from lookalike.stores.decisions import Decided
from lookalike.tables.schema import FACTS, FAILURE, PLACE
from lookalike.variants import sorts

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Thumbnails = Literal["candidates", "none"]
FAILURES = ("path", "path_bytes", "source", "stage", "failure", "reason")


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
        A row for each member of a group: `lookalike.spark.concluded.MEMBERS`.
    failures : DataFrame
        Columns path, path_bytes, source, stage, failure and reason.
    warnings : list of str
        What about the options may mislead, one line each.
    """

    pairs: "DataFrame"
    groups: "DataFrame"
    failures: "DataFrame"
    warnings: list[str] = field(default_factory=list)
    held: tuple["DataFrame", ...] = ()

    def release(self) -> None:
        """Let go of what executors keep for the DataFrames; these are made anew if they are asked for again."""
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
    tier, algorithm, size, radius, group, keep, protect, orient, crops, verify, units, truncated, max_pixels
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
    spec = make_spec(algorithm, size, None, "fast")
    usual = hashes.default_radius(spec)
    options = FindOptions(
        tier=Tier.parse(tier), spec=spec, radius=usual if radius is None else radius, group=group, keep=keep,
        orient=orient, crops=crops, verify=verify, protect=tuple(protect), units=units,
    )  # fmt: skip
    _check(keep, protect, thumbnails)
    other = _second(second, parts=parts)
    if against is not None and group != "star":
        raise UsageError(f"group {group!r} has no meaning with rows that were searched before: leave it at star")
    accepted = ScanOptions(truncated=truncated, max_pixels=max_pixels)
    told = Told(options, accepted, tuple(roots), tuple(decisions), against is not None)
    functions = optional("pyspark.sql.functions", "spark")
    joins = joined(sorts(options), parts=parts, second=other)
    rows = _rows(df, spec, joins, old=False)
    if against is not None:
        rows = rows.unionByName(_rows(against, spec, joins, old=True), allowMissingColumns=True)
    rows = _refused(rows, accepted)
    images = rows.where("failure is null")
    light = images.drop("thumbnail")
    held: list[DataFrame] = []

    def kept(frame: "DataFrame") -> "DataFrame":
        held.append(frame.persist())
        return held[-1]

    twins = kept(twin_ties(light, spec))
    ties = [same_ties(light), twins]
    kinds = kept(sample_kinds(rows.where(functions.lit(units))))
    if units:
        ties.append(unit_ties(light, kinds))
    pairs, looked_at = None, twins
    if options.tier > Tier.EXACT:
        hashed = own_hashes(images, joins)
        classes = kept(classes_of(hashed))
        edges = kept(candidates(hashed, classes, joins, second=None if second is None else second[1], most=most))
        proposed = edges.where("not together").select("left", "right")
        ties.append(edges.where("together").select("left", "right"))
        looked_at = twins.union(edges.select("left", "right"))
    bare = not images.where("thumbnail is null").isEmpty()
    if bare and thumbnails == "candidates":
        images = _with_thumbnails(images, looked_at, told, kept)
    if options.tier > Tier.EXACT:
        contents = images.select(*(f"`{name}`" for name in shown_columns(joins) if name in images.columns))
        shown = contents.where("thumbnail is not null").join(_ends(proposed), "digest").dropDuplicates(["digest"])
        pairs = kept(verified(proposed, shown, options, joins))
        ties.append(pairs.select("left", "right"))
    label = kept(components(reduce(lambda one, more: one.unionByName(more), ties), most=driver_edges))
    members = images.join(label.withColumnRenamed("node", "digest"), "digest")
    if told.increment:
        members = _touching_new(members)
    members = with_kinds(members.select(*_batch_columns(spec), "old", "component"), kinds)
    groups = concluded(members, told, images_in_bin=bin_images)
    return Found(
        _told_pairs(pairs, images), groups, rows.where("failure is not null").select(*FAILURES),
        wide(options, light.count()) + (_unseen(images, joins) if bare else []), tuple(held),
    )  # fmt: skip


def _check(keep: str, protect: Sequence[str], thumbnails: str) -> None:
    parse_rules(keep)
    if isinstance(protect, str):
        raise UsageError(f"protect is a list of globs, got the text {protect!r}: write [{protect!r}]")
    compiled(tuple(protect))
    if thumbnails not in get_args(Thumbnails):
        raise UsageError(f"thumbnails must be {' or '.join(get_args(Thumbnails))}, got {thumbnails!r}")


def _second(second: tuple[str, int] | None, *, parts: bool) -> HashSpec | None:
    if second is None:
        return None
    if parts:
        raise UsageError("a second hash is one of whole pictures: leave parts out (parts=False, --no-parts)")
    spec = make_spec(second[0], None, None, "fast")
    if spec.bits != 64:
        raise UsageError(f"the second hash must have 64 bits, {spec.id} has {spec.bits}")
    return spec


def _rows(df: "DataFrame", spec: HashSpec, joins: Sequence[Joined], *, old: bool) -> "DataFrame":
    """Return the columns of hash rows that a search needs."""
    functions = optional("pyspark.sql.functions", "spark")
    must = [*PLACE, "digest", *FACTS, spec.id, *FAILURE]
    lacking = [name for name in must if name not in df.columns]
    if lacking:
        raise UsageError(f"these rows lack the column {lacking[0]}: they are to come from hash_images or read_hashes")
    second = joins[0].second
    if second is not None and not {second.id, "thumbnail"} & set(df.columns):
        raise UsageError(f"these rows lack the column {second.id} of the second hash: hash with both algorithms")
    wanted = dict.fromkeys([*must, *(name for name in hash_columns(joins) if name in df.columns)])
    columns = [functions.col(f"`{name}`") for name in wanted]
    thumbnail = functions.col("thumbnail") if "thumbnail" in df.columns else functions.lit(None).cast("binary")
    return df.select(*columns, thumbnail.alias("thumbnail"), functions.lit(old).alias("old"))


def _refused(rows: "DataFrame", accepted: ScanOptions) -> "DataFrame":
    """Make failures of images that are not accepted, as `lookalike.loading` does."""
    functions = optional("pyspark.sql.functions", "spark")
    good = functions.col("failure").isNull()
    large = functions.col("width").cast("long") * functions.col("height") > accepted.max_pixels
    ends_early = functions.col("truncated") if accepted.truncated == "refuse" else functions.lit(False)
    limit = "decode", "limit", f"more than {accepted.max_pixels:,} pixels: raise --max-pixels"
    told = {
        name: functions.when(good & ends_early, cut).when(good & large, much).otherwise(functions.col(name))
        for name, cut, much in zip(FAILURE, CUT_SHORT, limit, strict=True)
    }
    return rows.withColumns(told)


def _batch_columns(spec: HashSpec) -> list[str]:
    return [f"`{name}`" for name in (*PLACE, "digest", *FACTS, spec.id, "thumbnail", *FAILURE)]


def _with_thumbnails(
    images: "DataFrame", pairs: "DataFrame", told: Told, kept: Callable[["DataFrame"], "DataFrame"]
) -> "DataFrame":
    """Give thumbnails to images that have none and are in a pair."""
    functions = optional("pyspark.sql.functions", "spark")
    bare = images.where("thumbnail is null")
    name = functions.min(functions.struct("path", "path_bytes", "bytes")).alias("name")
    wanted = bare.join(_ends(pairs), "digest").groupBy("digest").agg(name).select("digest", "name.*")
    again = kept(read_thumbnails(wanted, told)).withColumnRenamed("thumbnail", "again")
    given = functions.coalesce("thumbnail", "again")
    return images.join(again, "digest", "left").withColumn("thumbnail", given).drop("again")


def _unseen(images: "DataFrame", joins: Sequence[Joined]) -> list[str]:
    """Warn of hashes that can only be made of thumbnails, where some are not there."""
    named = {variant: column_name(spec, variant) for spec, variant in needed(joins)}
    lacking = ", ".join(variant for variant, name in named.items() if name not in images.columns)
    told = f"some rows have neither thumbnails nor hashes of what is {lacking}: what these alone would find is not found there"
    return [told] if lacking else []


def _ends(pairs: "DataFrame") -> "DataFrame":
    """Return the contents of pairs, each once."""
    return pairs.select(pairs["left"].alias("digest")).union(pairs.select("right")).distinct()


def _told_pairs(pairs: "DataFrame | None", images: "DataFrame") -> "DataFrame":
    """Return verdicts as people read them."""
    functions = optional("pyspark.sql.functions", "spark")
    if pairs is None:
        pairs = images.sparkSession.createDataFrame([], VERDICTS)
    names = [functions.lit(part) for one in Tier for part in (int(one), one.name.lower())]
    tier = functions.create_map(*names)[functions.col("tier")].alias("tier")
    return pairs.select("left", "right", "distance", tier, (functions.col("score") / 1000).alias("score"), "doubt")


def _touching_new(members: "DataFrame") -> "DataFrame":
    """Leave out components of old images alone."""
    functions = optional("pyspark.sql.functions", "spark")
    by_component = optional("pyspark.sql", "spark").Window.partitionBy("component")
    return members.withColumn("all_old", functions.min("old").over(by_component)).where("not all_old").drop("all_old")
