"""What every search on Spark does: candidates, verified on their thumbnails, and components of what may belong together."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Literal, get_args

from lookalike import hashes
from lookalike.candidates.chances import wide
from lookalike.errors import UsageError
from lookalike.extras import optional
from lookalike.globs import compiled, listed
from lookalike.hashes import make_spec
from lookalike.join.bands import MOST_ROWS
from lookalike.keep import parse_rules
from lookalike.model import DEFAULT_KEEP, MAX_PIXELS, GroupRule, HashSpec, Orient, Tier, Truncated, VerifyStep
from lookalike.options import DecodeKeywords, FindOptions, MatchKeywords, ScanOptions
from lookalike.scan.loading import CUT_SHORT
from lookalike.scan.variants import sorts
from lookalike.spark.columns import column_name
from lookalike.spark.components import DRIVER_EDGES, components
from lookalike.spark.concluded import BIN_IMAGES, Told
from lookalike.spark.contents import read_thumbnails, same_ties, sample_kinds, twin_ties, unit_rows, with_kinds
from lookalike.spark.hashed import Joined, hash_columns, joined, needed, own_hashes, unmade
from lookalike.spark.proposing import candidates, classes_of
from lookalike.spark.steps import Steps
from lookalike.spark.verified import VERDICTS, shown_columns, verified
from lookalike.stores.decisions import Decided
from lookalike.tables.schema import FACTS, FAILURE, PLACE

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

FAILURES = ("path", "path_bytes", "source", "split", "stage", "failure", "reason")
Thumbnails = Literal["candidates", "none"]


@dataclass(frozen=True, slots=True)
class Search:
    """How to search. Made by `make_search`.

    Attributes
    ----------
    told : Told
        What is looked for.
    joins : tuple of Joined
        What proposes.
    second : int or None
        Radius of the second hash.
    thumbnails : str
        What becomes of rows without thumbnail: candidates are read again, or none is.
    most, driver_edges, bin_images : int
        How many hashes one bucket of a join holds, how many pairs the driver takes, and about how many images are grouped
        together.
    """

    told: Told
    joins: tuple[Joined, ...]
    second: int | None
    thumbnails: Thumbnails
    most: int
    driver_edges: int
    bin_images: int


@dataclass(frozen=True, slots=True)
class Together:
    """What may belong together.

    Attributes
    ----------
    images : DataFrame
        Rows of hash tables with old, split, component and kinds: images that share a component with others, or with themselves.
    pairs : DataFrame
        From `lookalike.spark.verified.verified`.
    warnings : list of str
        What may mislead, one line each.
    held : tuple of DataFrame
        What executors keep, to be unpersisted.
    """

    images: "DataFrame"
    pairs: "DataFrame"
    warnings: list[str]
    held: "tuple[DataFrame, ...]"


class SearchKeywords(DecodeKeywords, MatchKeywords, total=False):
    """The keywords of `lookalike.spark.find` that functions hand on which search likewise, for type checkers."""

    tier: str
    second: tuple[str, int] | None
    parts: bool
    thumbnails: Thumbnails
    roots: Sequence[str]
    decisions: Sequence[Decided]
    most: int
    driver_edges: int
    bin_images: int


def make_search(
    *,
    increment: bool = False,
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
) -> Search:
    """Check options and bring them together.

    Parameters
    ----------
    increment : bool
        Whether some rows were searched before.
    tier, algorithm, size, radius, second, parts, group, keep, protect, orient, crops, verify, units, thumbnails, truncated, \
max_pixels, max_seconds, max_memory, roots, decisions, most, driver_edges, bin_images
        As for `lookalike.spark.find`.

    Returns
    -------
    Search
        The same.

    Raises
    ------
    UsageError
        If an option does not fit.
    """
    spec = make_spec(algorithm, size, None, "fast")
    usual = hashes.default_radius(spec)
    options = FindOptions(
        tier=Tier.parse(tier), spec=spec, radius=usual if radius is None else radius, group=group, keep=keep,
        orient=orient, crops=crops, verify=verify, protect=listed("protect", protect), units=units,
    )  # fmt: skip
    _check(options, thumbnails)
    other = _second(second, parts=parts)
    if increment and group != "star":
        raise UsageError(f"group {group!r} has no meaning with rows that were searched before: leave it at star")
    scanned = ScanOptions(truncated=truncated, max_pixels=max_pixels, max_seconds=max_seconds, max_memory=max_memory)
    told = Told(options, scanned, tuple(roots), tuple(decisions), increment)
    joins = joined(sorts(options), parts=parts, second=other)
    return Search(told, joins, None if second is None else second[1], thumbnails, most, driver_edges, bin_images)


def rows_of(df: "DataFrame", search: Search, *, old: bool = False, split: str = "") -> "DataFrame":
    """Return the columns of hash rows that a search needs.

    Parameters
    ----------
    df : DataFrame
        Hash rows.
    search : Search
        Which hashes are wanted.
    old : bool
        Whether they were searched before.
    split : str
        Which split of a data set they are.

    Returns
    -------
    DataFrame
        Those columns; thumbnail, which may be null; old and split.

    Raises
    ------
    UsageError
        If a column is not there.
    """
    functions = optional("pyspark.sql.functions", "spark")
    must = _columns(search)
    lacking = [name for name in must if name not in df.columns]
    if lacking:
        raise UsageError(f"these rows lack the column {lacking[0]}: they are to come from hash_images or read_hashes")
    second = search.joins[0].second
    if second is not None and not {second.id, "thumbnail"} & set(df.columns):
        raise UsageError(f"these rows lack the column {second.id} of the second hash: hash with both algorithms")
    wanted = dict.fromkeys([*must, *(name for name in hash_columns(search.joins) if name in df.columns)])
    columns = [functions.col(f"`{name}`") for name in wanted]
    thumbnail = functions.col("thumbnail") if "thumbnail" in df.columns else functions.lit(None).cast("binary")
    said = functions.lit(old).alias("old"), functions.lit(split).alias("split")
    return _refused(df.select(*columns, thumbnail.alias("thumbnail"), *said), search.told.scan_options)


def together(rows: "DataFrame", search: Search) -> Together:
    """Find what may belong together: whole components, so that nothing that matches is in two of them.

    Parameters
    ----------
    rows : DataFrame
        From `rows_of`; read several times.
    search : Search
        What is looked for.

    Returns
    -------
    Together
        What is counted on the way is counted when this is called.
    """
    functions = optional("pyspark.sql.functions", "spark")
    options, steps = search.told.options, Steps()
    images = rows.where("failure is null")
    # Thumbnails are twenty times what everything else is, so that they are read as seldom as can be.
    light = images.withColumn("shown", images["thumbnail"].isNotNull()).drop("thumbnail").persist()
    steps.held.append(light)  # of its many columns each step needs some
    seen = _seen(light, search.joins)
    steps.ended("read", "images", lambda: seen.images)
    of_samples = options.units and seen.in_archives > 0
    kinds = sample_kinds(rows.where(functions.lit(of_samples)))
    kinds = steps.kept(kinds, "samples", "folders of shards") if of_samples else kinds
    shots = steps.kept(unit_rows(light.where(functions.lit(options.units)), kinds), "units", "ties and masks")
    masks = shots.where("mask is not null").select(functions.col("mask").alias("path"), "old").distinct()
    if not masks.isEmpty():  # equal masks, such as empty ones, would tie together whatever they are masks of
        images, light = (frame.join(masks, ["path", "old"], "left_anti") for frame in (images, light))
    twins = steps.kept(twin_ties(light, options.spec), "twins", "pairs to be read whole")
    ties = [same_ties(light), twins]
    if options.units:
        ties.append(shots.where("mask is null").select("left", "right"))
    pairs, looked_at = rows.sparkSession.createDataFrame([], VERDICTS), twins
    if options.tier > Tier.EXACT:
        hashed = own_hashes(images if seen.unmade else light, search.joins)
        classes = steps.kept(classes_of(hashed), "classes", "different hashes")
        edges = candidates(hashed, classes, search.joins, second=search.second, most=search.most)
        edges = steps.kept(edges, "join", "candidate pairs")
        proposed = edges.where("not together").select("left", "right")
        ties.append(edges.where("together").select("left", "right"))
        looked_at = twins.union(edges.select("left", "right"))
    if search.thumbnails == "candidates" and seen.bare:
        images = _with_thumbnails(images, light.where("not shown"), looked_at, search.told, steps)
    if options.tier > Tier.EXACT:
        contents = images.select(*(f"`{name}`" for name in shown_columns(search.joins) if name in images.columns))
        shown = contents.where("thumbnail is not null").join(_ends(proposed), "digest").dropDuplicates(["digest"])
        pairs = steps.kept(verified(proposed, shown, options, search.joins), "verify", "pairs")
        ties.append(pairs.select("left", "right"))
    label = components(reduce(lambda one, more: one.unionByName(more), ties), most=search.driver_edges)
    label = steps.kept(label, "components", "contents in them")
    members = images.join(label.withColumnRenamed("node", "digest"), "digest")
    wanted = (f"`{name}`" for name in (*_columns(search), "thumbnail", "old", "split", "component"))
    warnings = wide(options, seen.images) + (_unseen(light, search.joins) if seen.bare else [])
    return Together(with_kinds(members.select(*wanted), kinds), pairs, warnings, tuple(steps.held))


def failures_of(rows: "DataFrame") -> "DataFrame":
    """Return what could not be read.

    Parameters
    ----------
    rows : DataFrame
        From `rows_of`.

    Returns
    -------
    DataFrame
        Columns `FAILURES`.
    """
    return rows.where("failure is not null").select(*FAILURES)


@dataclass(frozen=True, slots=True)
class _Seen:
    """How many images there are: in all, without thumbnail, without all hashes, in archives."""

    images: int
    bare: int
    unmade: int
    in_archives: int


def _seen(light: "DataFrame", joins: Sequence[Joined]) -> _Seen:
    functions = optional("pyspark.sql.functions", "spark")
    told = functions.expr("not shown"), unmade(light, joins), functions.expr("source = 'tar'")
    (row,) = light.agg(functions.count("*"), *map(functions.count_if, told)).collect()
    return _Seen(*row)


def _refused(rows: "DataFrame", accepted: ScanOptions) -> "DataFrame":
    """Make failures of images that are not accepted, as `lookalike.scan.loading` does."""
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


def _columns(search: Search) -> list[str]:
    """Return the columns of hash tables that every search needs."""
    return [*PLACE, "digest", *FACTS, search.told.options.spec.id, *FAILURE]


def _check(options: FindOptions, thumbnails: str) -> None:
    parse_rules(options.keep)
    compiled(options.protect)
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


def _with_thumbnails(
    images: "DataFrame", bare: "DataFrame", pairs: "DataFrame", told: Told, steps: Steps
) -> "DataFrame":
    """Give thumbnails to images that have none and are in a pair."""
    functions = optional("pyspark.sql.functions", "spark")
    name = functions.min(functions.struct("path", "path_bytes", "bytes")).alias("name")
    wanted = bare.join(_ends(pairs), "digest").groupBy("digest").agg(name).select("digest", "name.*")
    again = steps.kept(read_thumbnails(wanted, told), "reread", "thumbnails")
    again = again.withColumnRenamed("thumbnail", "again")
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
