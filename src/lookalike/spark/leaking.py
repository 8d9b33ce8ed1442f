"""Pictures in more than one split of a data set, on Spark."""

from dataclasses import dataclass, field
from functools import reduce
from itertools import permutations
from typing import TYPE_CHECKING, Any, Unpack

from lookalike.errors import UsageError
from lookalike.extras import optional
from lookalike.leakage.linking import Links
from lookalike.leakage.splits import Pair, Split
from lookalike.model import Orient
from lookalike.spark.concluded import Told, in_bins, opened, paths_of, table_of
from lookalike.spark.searching import SearchKeywords, failures_of, make_search, rows_of, together
from lookalike.stores.decisions import Standing
from lookalike.tables.files import printable, raw_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import DataFrame

SIDE = "{0} string, {0}_bytes binary, {0}_split string, {0}_digest binary"
PAIRS = (
    f"group string, {SIDE.format('image')}, {SIDE.format('keeper')}, tier string, score double, distance int, "
    "distance_share double, relation string, through string, through_bytes binary"
)
"""Columns of pairs across splits, as ``leaks --output FILE.csv`` has them; `group` is the first path of their group."""


@dataclass(frozen=True, slots=True)
class Leaked:
    """What `leaks` found on Spark; DataFrames are made when somebody asks for them.

    Attributes
    ----------
    pairs : DataFrame
        A row for each pair across splits: `PAIRS`.
    failures : DataFrame
        Columns path, path_bytes, source, split, stage, failure and reason.
    warnings : list of str
        What about the options may mislead, one line each.
    held : tuple of DataFrame
        What executors keep for these, until `release`.
    """

    pairs: "DataFrame"
    failures: "DataFrame"
    warnings: list[str] = field(default_factory=list)
    held: "tuple[DataFrame, ...]" = ()

    def release(self) -> None:
        """Let go of what executors keep for the DataFrames; these are made anew if they are asked for again."""
        for frame in self.held:
            frame.unpersist()


def leaks(splits: "Mapping[str, DataFrame]", *, orient: Orient = "mirror", **options: Unpack[SearchKeywords]) -> Leaked:
    """Find pictures that are in more than one split of a data set, as `lookalike.leaks` does on one machine.

    Parameters
    ----------
    splits : mapping of str to DataFrame
        Hash rows of each split, from `lookalike.spark.hash_images` or `lookalike.spark.read_hashes`.
    orient : str
        upright, mirror (also mirrored pictures are the same) or all (also rotated ones).
    **options
        Further options of `lookalike.spark.find`.

    Returns
    -------
    Leaked
        Pairs across splits, and failures. What lies in different classes is not looked for.

    Raises
    ------
    UsageError
        If there are fewer than two splits, an option does not fit, or the rows lack what is joined by.

    Examples
    --------
    >>> leaks({"train": train, "test": test}).pairs.show()  # doctest: +SKIP
    """
    if len(splits) < 2:
        raise UsageError("leaks compares splits: name two at least, such as train and test")
    search = make_search(orient=orient, **options)
    parts = [rows_of(df, search, split=name) for name, df in splits.items()]
    rows = reduce(lambda one, other: one.unionByName(other, allowMissingColumns=True), parts)
    found = together(rows, search)
    names, told = tuple(splits), search.told
    pairs = in_bins(
        _in_several(found.images), lambda rows: leaked_rows(rows, names, told), PAIRS, images_in_bin=search.bin_images
    )
    return Leaked(pairs, failures_of(rows), found.warnings, found.held)


def leaked_rows(rows: Any, names: tuple[str, ...], told: Told) -> Any:
    """Find pairs across splits among some rows.

    Parameters
    ----------
    rows : pyarrow.Table
        Rows of hash tables with the column split; all with thumbnails, or none.
    names : tuple of str
        All splits, in their order.
    told : Told
        What is looked for.

    Returns
    -------
    pyarrow.Table
        Columns `PAIRS`.
    """
    compute = optional("pyarrow.compute")
    home = dict(zip(paths_of(rows), rows["split"].to_pylist(), strict=True))
    there = {name: rows.filter(compute.equal(rows["split"], name)) for name in names}
    there = {name: part for name, part in there.items() if part.num_rows}
    with opened(rows, told) as search:
        held = [search(rows, rows.slice(0, 0))]
        held += [search(one, other) for one, other in permutations(there.values(), 2)]
    links = Links([Split(name, ()) for name in there], home.get, held, None)
    digests = {bytes(digest) for digest in rows["digest"].to_pylist()}
    groups, pairs = links.crossing(Standing.of(told.decided, digests))
    first = [min(placed.path for placed in group) for group in groups]
    return table_of([_row(pair, first[pair.group - 1]) for pair in pairs], PAIRS)


def _row(pair: Pair, group: str) -> dict[str, Any]:
    row: dict[str, Any] = {
        "group": printable(group), "tier": None if pair.tier is None else pair.tier_name, "score": pair.score,
        "distance": pair.distance, "distance_share": pair.share, "relation": pair.relation,
    }  # fmt: skip
    for name, side in zip(("image", "keeper"), pair.sides, strict=True):
        row |= {name: printable(side.path), f"{name}_bytes": raw_path(side.path)}
        row |= {f"{name}_split": side.split, f"{name}_digest": side.digest}
    if pair.through is not None:
        row |= {"through": printable(pair.through), "through_bytes": raw_path(pair.through)}
    return row


def _in_several(images: "DataFrame") -> "DataFrame":
    """Leave out components that lie in one split."""
    functions = optional("pyspark.sql.functions", "spark")
    by_component = optional("pyspark.sql", "spark").Window.partitionBy("component")
    one, other = (how("split").over(by_component) for how in (functions.min, functions.max))
    return images.withColumn("several", one != other).where("several").drop("several")
