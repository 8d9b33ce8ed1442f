"""Pairs of hashes on Spark are those of one machine."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lookalike as la
from lookalike import bits, join
from lookalike.errors import UsageError
from lookalike.grouping.verdicts import group_pairs
from lookalike.spark import grouped, groups, near, near_pairs
from lookalike.spark.near import octets_array
from spark_session import compiled

arrow = pytest.importorskip("pyarrow")
pytest.importorskip("pyarrow.parquet")


def _frame(spark: Any, block: Any, ids: Any = None) -> Any:
    rows = arrow.array(np.arange(len(block)) if ids is None else ids)
    return spark.createDataFrame(arrow.table({"id": rows, "hash": octets_array(block)})).repartition(3)


def _found(pairs: Any) -> list[tuple[Any, ...]]:
    table = pairs.toArrow()
    return sorted(zip(*(table[name].to_pylist() for name in ("left", "right", "distance")), strict=True))


def _expected(block: Any, radius: int, **options: Any) -> list[tuple[Any, ...]]:
    return list(zip(*(column.tolist() for column in la.near_pairs(block, radius, **options)), strict=True))


def synthetic(count: int, seed: int = 1) -> Any:
    """Make hashes: clusters, one value that 1 % have, a part with few telling bits, the rest by chance."""
    random = np.random.default_rng(seed)
    block = random.integers(0, 1 << 63, (count, 1), np.uint64) << np.uint64(1) | random.integers(
        0, 2, (count, 1), np.uint64
    )
    planted = count // 10
    copies = block[random.integers(0, count // 2, planted)]
    for _ in range(6):
        copies ^= np.uint64(1) << random.integers(0, 64, (planted, 1)).astype(np.uint64)
    block[count // 2 : count // 2 + planted] = copies
    poor = slice(count // 2 + planted, count // 2 + 2 * planted)
    block[poor] &= np.uint64(0x00FF00000000FFFF)
    block[-(count // 100) :] = block[0]
    return block


def test_50000_hashes_make_the_pairs_and_the_groups_of_one_machine(
    spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    block = synthetic(50_000)
    left, right, distance = la.near_pairs(block, 5)
    assert len(left) > 120_000  # of the hot ones
    arrow.parquet.write_table(
        arrow.table({"id": np.arange(len(block)), "hash": octets_array(block)}), tmp_path / "hashes.parquet"
    )
    hashes = spark.read.parquet(str(tmp_path / "hashes.parquet")).repartition(3)
    with compiled(spark):
        near_pairs(hashes, 5, most=5_000).write.parquet(str(tmp_path / "pairs"))
        table = arrow.parquet.read_table(tmp_path / "pairs")
        made = join.pairs.in_order(*(table[name].to_numpy() for name in ("left", "right", "distance")))
        for one, other in zip(made, (left, right, distance), strict=True):
            np.testing.assert_array_equal(one, other)
        monkeypatch.setattr(grouped, "BIN", 1250)
        pairs = spark.read.parquet(str(tmp_path / "pairs"))
        tier = "int(1 + distance / 3) as tier"
        result = groups(pairs.selectExpr("left", "right", tier, "1000 - distance as score")).orderBy("id").toArrow()
    _same_groups(result, group_pairs(len(block), left, right, (1 + distance // 3).astype(np.uint8), 1000 - distance))
    assert 1_250 < len(np.unique(result["group"])) < result.num_rows / 2


def _same_groups(result: Any, matches: Any) -> None:
    """Hold groups of Spark against those of one machine."""
    alone = matches.keeper == np.arange(len(matches.keeper))
    verified = ~alone & (matches.tier != la.Tier.NONE)
    items = result["id"].to_numpy()
    assert np.isin(np.flatnonzero(~alone), items).all()
    expected = {
        "group": matches.group,
        "keeper": np.where(alone, -1, matches.keeper),
        "tier": np.where(verified, np.array([tier.name.lower() for tier in la.Tier])[matches.tier], ""),
        "score": np.where(verified, matches.score, -1),
    }
    for name, values in expected.items():
        column = result[name].fill_null("" if name == "tier" else -1)
        np.testing.assert_array_equal(column.to_numpy(), values[items])


@pytest.mark.parametrize("most", [500, 1 << 20])
def test_only_pairs_that_touch_a_new_row(spark: Any, most: int) -> None:
    block = synthetic(6000, 2)
    old = np.arange(6000) % 3 > 0
    ids = np.arange(6000)
    found = near_pairs(_frame(spark, block[~old], ids[~old]), 6, against=_frame(spark, block[old], ids[old]), most=most)
    expected = [pair for pair in _expected(block, 6) if not (old[pair[0]] and old[pair[1]])]
    assert _found(found) == expected


def test_a_second_hash_planned_without_a_look_at_any(spark: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near, "SAMPLE", 0)
    block = synthetic(4000, 3)
    second = np.random.default_rng(1).integers(0, 1 << 8, (4000, 1), np.uint64)
    table = arrow.table(
        {"id": np.arange(4000), "one": octets_array(block), "two": arrow.array(second[:, 0].astype(np.int64))}
    )
    found = near_pairs(spark.createDataFrame(table), 8, hash="one", second=("two", 2), most=300)
    assert _found(found) == _expected(block, 8, second=(second, 2))


def test_long_and_odd_hashes(spark: Any) -> None:
    random = np.random.default_rng(5)
    wide = random.integers(0, 1 << 63, (600, 4), np.uint64)
    wide[300:] = wide[:300] ^ np.uint64(1 << 5)
    assert _found(near_pairs(_frame(spark, wide), 6, most=100)) == _expected(wide, 6)
    odd = bits.from_octets(random.integers(0, 4, (500, 6)).astype(np.uint8), 48)
    octets = [row.tobytes() for row in bits.to_octets(odd, 48)]
    table = arrow.table({"id": [f"{at:04}" for at in range(500)], "hash": octets})
    found = near_pairs(spark.createDataFrame(table), 4, most=100)
    assert _found(found) == [(f"{one:04}", f"{two:04}", far) for one, two, far in _expected(odd, 4)]


def test_rows_without_hash_are_passed_over(spark: Any) -> None:
    table = arrow.table({"id": ["a", "b", "c"], "hash": arrow.array([b"\0" * 8, None, b"\0" * 8])})
    assert _found(near_pairs(spark.createDataFrame(table), 3)) == [("a", "c", 0)]
    assert not _found(near_pairs(spark.createDataFrame(table).where("id = 'b'"), 3))


def test_a_radius_that_does_not_fit(spark: Any) -> None:
    frame = _frame(spark, synthetic(100))
    with pytest.raises(UsageError, match=r"radius must lie in 0\.\.64 bits"):
        near_pairs(frame, 65)
    with pytest.raises(UsageError, match="radius must be 0 to 255 bits to be joined in bands, got 256"):
        near_pairs(_frame(spark, np.arange(16, dtype=np.uint64).reshape(2, 8)), 256)


def test_hashes_of_two_lengths_are_refused(spark: Any) -> None:
    table = arrow.table({"id": ["a", "b"], "hash": arrow.array([b"\0" * 8, b"\0" * 7])})
    with pytest.raises(Exception, match="hashes of one join have one length, got 7 and 8 bytes"):
        near_pairs(spark.createDataFrame(table).coalesce(1), 3)
