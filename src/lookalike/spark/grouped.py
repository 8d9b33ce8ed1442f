"""Verified pairs as groups around keepers: components first, then whole components through the grouping of one machine."""

from functools import partial
from typing import TYPE_CHECKING, cast, get_args

import numpy as np

from lookalike.errors import UsageError, check_known
from lookalike.extras import optional
from lookalike.grouping.verdicts import group_pairs
from lookalike.model import GroupRule, Tier
from lookalike.spark.components import components
from lookalike.spark.lineage import MOST_TASKS

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import Column, DataFrame

BIN = 50_000
"""Ids that are grouped together; whole components, so a large one makes a large bin."""
WHOLE = ("tinyint", "smallint", "int", "bigint")


def groups(
    pairs: "DataFrame", *, order: "DataFrame | None" = None, tier: str = "similar", rule: GroupRule = "star"
) -> "DataFrame":
    """Group ids by verified pairs, as `lookalike.find` groups images.

    Components are found when this is called (``lookalike.spark.components``), groups when the result is used. `pairs` are read
    at both times: where they take long to make, write them, or persist them, first.

    Parameters
    ----------
    pairs : DataFrame
        Columns left and right, of one type that can be ordered, either way round; a pair with null, or of an id with
        itself, is none. Of a pair that comes several times the tightest tier counts. Optional columns: tier, a name or a
        number of `lookalike.Tier` (without: copy), and score, in thousandths (without: 1000).
    order : DataFrame, optional
        Column id and others, by which ids are sorted, ascending, into keep order: the best first. Ids that are not in it,
        or have null, come last; equal ones are sorted by id. None to sort by id alone.
    tier : str
        Loosest tier that groups may have: exact, copy, edit or similar.
    rule : str
        star: each id is paired with its keeper. clique: any two of a group are a pair. component: each is paired with some
        other.

    Returns
    -------
    DataFrame
        One row for each id that has a pair within the tier: id; group, the keeper of its group; keeper, the id it was
        attached to, null where it is the group's keeper; tier and score of these two, null where they are no pair.

    Raises
    ------
    UsageError
        If a column is missing, or an option is not as described.
    """
    functions = optional("pyspark.sql.functions", "spark")
    loosest = Tier.parse(tier)
    check_known("group rule", rule, get_args(GroupRule))
    verdicts = _verdicts(pairs).where(functions.col("tier") <= int(loosest))
    homes = components(verdicts.select("left", "right"))
    bins = -(-homes.count() // BIN) or 1
    home = functions.pmod(functions.xxhash64("component"), functions.lit(bins)).alias("bin")
    nodes = homes.select(functions.col("node").alias("id"), home)
    verdicts = verdicts.join(homes.withColumnRenamed("node", "left"), "left").select(*verdicts.columns, home)
    if order is not None:
        if "id" not in order.columns:
            raise UsageError(f"order has no column id, only {', '.join(order.columns)}")
        keys = [functions.col(name).alias(f"by {at}") for at, name in enumerate(order.columns) if name != "id"]
        nodes = nodes.join(order.select("id", *keys), "id", "left")
    tasks = min(bins, MOST_TASKS)  # said in numbers, so that adaptive execution leaves them apart
    kind = pairs.schema["left"].dataType.simpleString()
    grouped: DataFrame = (
        nodes.repartition(tasks, "bin")
        .groupBy("bin")
        .cogroup(verdicts.repartition(tasks, "bin").groupBy("bin"))
        .applyInArrow(
            partial(_group_bin, rule=rule, loosest=int(loosest)),
            f"id {kind}, `group` {kind}, keeper {kind}, tier string, score int",
        )
    )
    return grouped


def _verdicts(pairs: "DataFrame") -> "DataFrame":
    """Return pairs as left, right, tier and score, the last two as numbers."""
    functions = optional("pyspark.sql.functions", "spark")
    kinds = dict(pairs.dtypes)
    if missing := {"left", "right"} - kinds.keys():
        raise UsageError(f"pairs have no column {' and none '.join(sorted(missing))}, only {', '.join(kinds)}")
    if kinds["left"] != kinds["right"]:
        raise UsageError(f"left and right of pairs must be of one type, got {kinds['left']} and {kinds['right']}")
    if (score := kinds.get("score", "int")) not in WHOLE:
        raise UsageError(f"the score of pairs is in whole thousandths (990 for 0.99), got a column of type {score}")
    return pairs.where("left is not null and right is not null and left != right").select(
        "left",
        "right",
        (_tier(kinds["tier"]) if "tier" in kinds else functions.lit(int(Tier.COPY))).cast("tinyint").alias("tier"),
        functions.col("score").cast("int") if "score" in kinds else functions.lit(1000).alias("score"),
    )


def _tier(kind: str) -> "Column":
    functions = optional("pyspark.sql.functions", "spark")
    if kind not in ("string", *WHOLE):
        raise UsageError(f"the tier of pairs is a name or a small number, got a column of type {kind}")
    known = functions.lit(None)
    for tier in Tier:
        said = tier.name.lower() if kind == "string" else int(tier)
        known = functions.when(functions.col("tier") == said, int(tier)).otherwise(known)
    names = ", ".join(f"{tier.name.lower()} ({int(tier)})" for tier in Tier)
    wrong = functions.concat(
        functions.lit("unknown tier of a pair: "),
        functions.coalesce(functions.col("tier").cast("string"), functions.lit("null")),
        functions.lit(f"; use one of {names}"),
    )
    return cast("Column", functions.coalesce(known, functions.raise_error(wrong)))


def _group_bin(nodes: "pa.Table", verdicts: "pa.Table", *, rule: GroupRule, loosest: int) -> "pa.Table":
    """Group the ids of some components."""
    pa = optional("pyarrow", "spark")
    compute = optional("pyarrow.compute", "spark")
    keys = sorted((name for name in nodes.column_names if name.startswith("by ")), key=lambda name: int(name[3:]))
    ranked = nodes.take(compute.sort_indices(nodes, sort_keys=[(key, "ascending") for key in (*keys, "id")]))
    ids = ranked["id"].combine_chunks()
    first = compute.index_in(ids, value_set=ids).to_numpy() == np.arange(len(ids))  # an id may be ordered several times
    ids = ids.filter(pa.array(first))
    left, right = (
        compute.index_in(verdicts[end], value_set=ids).to_numpy().astype(np.int64) for end in ("left", "right")
    )
    tier, score = (verdicts[name].to_numpy().astype(np.int64) for name in ("tier", "score"))
    matches = group_pairs(len(ids), left, right, tier.astype(np.uint8), score, rule, Tier(loosest))
    alone = matches.keeper == np.arange(len(ids))
    unverified = alone | (matches.tier == Tier.NONE)
    names = np.array([tier.name.lower() for tier in Tier], object)
    return pa.table(
        {
            "id": ids,
            "group": ids.take(pa.array(matches.group)),
            "keeper": ids.take(pa.array(matches.keeper, mask=alone)),
            "tier": pa.array(names[matches.tier], pa.string(), mask=unverified),
            "score": pa.array(matches.score.astype(np.int32), mask=unverified),
        }
    )
