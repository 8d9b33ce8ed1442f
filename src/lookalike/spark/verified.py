"""Pairs of contents to verdicts: the thumbnails of both, and the code that looks at them on one machine."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from lookalike import bits, verify
from lookalike.candidates.hinting import Ways, hints_of, nearest_ways
from lookalike.columns import Column
from lookalike.extras import optional
from lookalike.model import CHROMA_SIDE, LUMA_BYTES, THUMBNAIL_BYTES, THUMBNAIL_SIDE, HashSpec, Tier
from lookalike.options import FindOptions
from lookalike.spark.hashed import Hashes, Joined, hash_columns, hashes_of
from lookalike.tables.facts import facts_from_arrow
from lookalike.tables.schema import FACTS
from lookalike.verdicts.judging import pictures_of
from lookalike.verdicts.verifying import in_order, judge_thumbnails, precedence
from lookalike.verify.exposures import Exposures
from lookalike.verify.views import Pictures

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

VERDICTS = "left binary, right binary, distance int, tier int, score int, doubt boolean"
PLAIN = "plain"


def shown_columns(joins: Sequence[Joined]) -> list[str]:
    """Return the columns that verification needs of a content.

    Parameters
    ----------
    joins : sequence of Joined
        What proposed.

    Returns
    -------
    list of str
        Those of a hash table; of hashes, the ones that a table may have.
    """
    return ["digest", "bytes", *FACTS, "thumbnail", *hash_columns(joins)]


def verified(pairs: "DataFrame", contents: "DataFrame", options: FindOptions, joins: Sequence[Joined]) -> "DataFrame":
    """Verify pairs on their thumbnails.

    Parameters
    ----------
    pairs : DataFrame
        Columns left and right: digests, left < right.
    contents : DataFrame
        One row for each digest, with those of `shown_columns` that there are; what has no thumbnail is compared with nothing.
    options : FindOptions
        Which tier is the loosest, and how thoroughly to look.
    joins : sequence of Joined
        What proposed: it says how to look at pairs.

    Returns
    -------
    DataFrame
        Pairs within the tier, and pairs that only a look at the files can settle: columns left, right, distance (int, bits),
        tier (int, `lookalike.Tier`), score (int, thousandths) and doubt (bool).
    """
    functions = optional("pyspark.sql.functions", "spark")
    wanted = [f"`{name}`" for name in shown_columns(joins) if name in contents.columns]
    seen = contents.where("thumbnail is not null").select("digest", functions.struct(*wanted).alias("shown"))
    both = pairs.select("left", "right").join(seen.toDF("left", "one"), "left").join(seen.toDF("right", "two"), "right")
    return both.select("one", "two").mapInArrow(partial(_verify, options, tuple(joins)), VERDICTS)


def _verify(options: FindOptions, joins: tuple[Joined, ...], batches: Iterator[Any]) -> Iterator[Any]:
    arrow = optional("pyarrow")
    with ThreadPoolExecutor(1) as thread:
        for batch in batches:
            if not batch.num_rows:
                continue
            sides = [arrow.RecordBatch.from_struct_array(batch[name]) for name in ("one", "two")]
            both = arrow.Table.from_batches(sides).combine_chunks().to_batches(batch.num_rows * 2)[0]
            digest, columns, kept = both["digest"], *_judged(both, options, joins, thread)
            left, right = digest.slice(0, batch.num_rows), digest.slice(batch.num_rows)
            at = arrow.array(kept)
            yield arrow.RecordBatch.from_arrays([left.take(at), right.take(at), *columns], list(_NAMES))


_NAMES = ("left", "right", "distance", "tier", "score", "doubt")


def _judged(
    both: Any, options: FindOptions, joins: tuple[Joined, ...], thread: ThreadPoolExecutor
) -> tuple[list[Any], Column]:
    """Judge pairs of row i of the first half and row i of the second; return columns of those that count, and their rows."""
    arrow = optional("pyarrow")
    count = both.num_rows // 2
    facts = facts_from_arrow(both)
    octets = np.frombuffer(b"".join(both["thumbnail"].to_pylist()), np.uint8).reshape(-1, THUMBNAIL_BYTES)
    luma = octets[:, :LUMA_BYTES].reshape(-1, THUMBNAIL_SIDE, THUMBNAIL_SIDE)
    chroma = octets[:, LUMA_BYTES:].reshape(-1, CHROMA_SIDE, CHROMA_SIDE, 2)
    rank = precedence(facts.width * facts.height, facts.digest)
    left, right = in_order(rank, np.arange(count), np.arange(count, 2 * count))

    def shown(rows: Column) -> Pictures:
        return pictures_of(luma[rows], chroma[rows], facts.width[rows], facts.height[rows])

    hints = _hints(both, joins, left, right)
    found = judge_thumbnails(shown, left, right, Exposures(facts), (left, right), thread, hints=hints)()
    doubt = found.doubt > verify.Doubt.NONE
    if options.verify == "pixels":
        doubt |= found.tier < Tier.NONE
    doubt &= found.evidence["two_exposures"] == 0
    kept = np.flatnonzero((found.tier <= options.tier) | doubt)
    owner, plain = hashes_of(both, options.spec, PLAIN)
    assert len(owner) == 2 * count
    distance = bits.distance(plain[kept], plain[count + kept])
    columns = [arrow.array(values.astype(np.int32)) for values in (distance, found.tier[kept], found.score[kept])]
    return [*columns, arrow.array(doubt[kept])], kept


def _hints(
    both: Any, joins: tuple[Joined, ...], left: Column, right: Column
) -> Callable[[slice], verify.Hints | None] | None:
    """Return what says how to look at some of the pairs."""
    crossed = [one for one in joins if one.made is not None]
    if not crossed:
        return None
    known: dict[tuple[HashSpec, str], Hashes] = {
        (one.spec, variant): hashes_of(both, one.spec, variant)
        for one in crossed
        for variant in (*one.own, str(one.made))
    }

    def ways(items: Column, others: Column) -> Iterator[Ways]:
        for one in crossed:
            made = known[one.spec, str(one.made)][1].reshape(both.num_rows, -1, bits.words(one.spec.bits))
            for variant in one.own:
                owner, block = known[one.spec, variant]
                there = np.full(both.num_rows, -1)
                there[owner] = np.arange(len(owner))
                having = there[others] >= 0
                if having.any():
                    yield nearest_ways(
                        made[items, : one.hashes], block[there[others]], one.radius, str(one.made), having
                    )

    def hints(rows: slice) -> verify.Hints | None:
        return hints_of(ways(left[rows], right[rows]), ways(right[rows], left[rows]))

    return hints
