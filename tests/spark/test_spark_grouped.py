"""Groups on Spark against groups on one machine."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

import lookalike
from lookalike import spark as package
from lookalike.columns import Grouped
from lookalike.errors import UsageError
from lookalike.grouping.verdicts import group_pairs
from lookalike.model import GroupRule, Tier
from lookalike.spark import grouped, groups

NAMES = [tier.name.lower() for tier in Tier]
RULES: tuple[GroupRule, ...] = ("star", "clique", "component")


def synthetic(count: int, seed: int = 3) -> NDArray[np.uint64]:
    """Return hashes with planted clusters, a hot value with 1 % of all rows, and a tenth of little entropy."""
    random = np.random.default_rng(seed)
    block = random.integers(0, 1 << 63, count, np.uint64) << np.uint64(1)
    for near in range(1, 4):  # a tenth of the rows gets three relatives, each some bits further
        source, target = np.arange(count // 10), np.arange(count // 10) + near * (count // 10)
        block[target] = block[source]
        for _ in range(2 * near):
            block[target] ^= np.uint64(1) << random.integers(0, 64, len(target), np.uint64)
    low = np.arange(count // 2, count // 2 + count // 10)
    block[low] = random.integers(0, 1 << 14, len(low), np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    block[random.choice(count, count // 100, replace=False)] = np.uint64(0x0F0F0F0F0F0F0F0F)
    return block


def rows(matches: Grouped, items: NDArray[np.int64]) -> list[tuple[Any, ...]]:
    """Return what `groups` says of some items, in their order."""
    found = []
    for item in items.tolist():
        keeper, tier = int(matches.keeper[item]), int(matches.tier[item])
        verified = keeper != item and tier != Tier.NONE
        found.append((
            item, int(matches.group[item]), keeper if keeper != item else None,
            NAMES[tier] if verified else None, int(matches.score[item]) if verified else None,
        ))  # fmt: skip
    return found


def test_200000_hashes_come_into_the_groups_of_one_machine(spark: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    count = 200_000
    left, right, distance = lookalike.near_pairs(synthetic(count), 8)
    tier = np.array([1, 1, 1, 2, 2, 2, 3, 3, 3], np.uint8)[distance]
    score = 1000 - distance
    assert len(left) > 1_990_000  # the hot ones alone
    matches = group_pairs(count, left, right, tier, score)
    items = np.union1d(left, right)
    pairs = spark.createDataFrame(
        pa.table({"left": left, "right": right, "tier": tier.astype(np.int8), "score": score})
    )
    monkeypatch.setattr(grouped, "BIN", 5000)
    result = groups(pairs).orderBy("id").toArrow()
    verified = (matches.keeper != np.arange(count)) & (matches.tier != Tier.NONE)
    assert np.array_equal(result["id"], items)
    assert np.array_equal(result["group"], matches.group[items])
    assert np.array_equal(
        result["keeper"].fill_null(-1), np.where(matches.keeper == np.arange(count), -1, matches.keeper)[items]
    )
    assert np.array_equal(result["tier"].fill_null(""), np.where(verified, np.array(NAMES)[matches.tier], "")[items])
    assert np.array_equal(result["score"].fill_null(-1), np.where(verified, matches.score, -1)[items])
    assert 10_000 < len(np.unique(matches.group[items])) < len(items) / 2


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_and_keep_order_in_many_bins(spark: Any, rule: GroupRule, monkeypatch: pytest.MonkeyPatch) -> None:
    # Names and their order have nothing to do with the numbers that one machine gives the items.
    random = np.random.default_rng(RULES.index(rule))
    count = 400
    left, right = random.integers(0, count, (2, 500))
    right[:300] = left[:300] // 8 * 8 + right[:300] % 8  # within eights, so that cliques are there
    tier, score = random.integers(0, 5, 500).astype(np.uint8), random.integers(800, 1000, 500)
    pair = np.minimum(left, right) * count + np.maximum(left, right)
    score = 800 + pair * 7 % 200
    names = np.array([f"picture {number:04}" for number in random.permutation(count)])
    frame = spark.createDataFrame(
        pa.table({"left": names[left], "right": names[right], "tier": np.array(NAMES)[tier], "score": score})
    )
    order = spark.createDataFrame(
        [(names[item].item(), item // 10, -(item % 10)) for item in range(count - 1)] + [(names[5].item(), 99, 0)],
        "id string, tens int, ones int",
    )
    rank = {item: at for at, item in enumerate(sorted(range(count - 1), key=lambda item: (item // 10, -(item % 10))))}
    number = np.array([rank.get(item, count - 1) for item in range(count)])
    named = {int(number[item]): names[item].item() for item in range(count)}
    monkeypatch.setattr(grouped, "BIN", 30)
    result = groups(frame, order=order, tier="edit", rule=rule).collect()
    matches = group_pairs(count, number[left], number[right], tier, score, rule, Tier.EDIT)
    wanted = (tier <= Tier.EDIT) & (left != right)
    items = np.union1d(number[left][wanted], number[right][wanted])
    expected = [
        (named[item], named[group], named.get(keeper), *rest) for item, group, keeper, *rest in rows(matches, items)
    ]
    assert sorted(map(tuple, result)) == sorted(expected)
    assert len({row[1] for row in expected}) < len(expected)


def test_pairs_need_no_more_than_two_columns(spark: Any) -> None:
    pairs = spark.createDataFrame([(5, 3), (3, 5), (5, 9), (4, 4), (None, 3)], "left long, right long")
    assert sorted(map(tuple, groups(pairs).collect())) == [
        (3, 3, None, None, None), (5, 3, 3, "copy", 1000), (9, 9, None, None, None),
    ]  # fmt: skip
    exact = pairs.selectExpr("left", "right", "case when left = 3 then 0 else 2 end as tier")
    assert sorted(map(tuple, groups(exact, tier="exact").collect())) == [
        (3, 3, None, None, None), (5, 3, 3, "exact", 1000),
    ]  # fmt: skip
    assert groups(exact.limit(0)).collect() == []


def test_what_is_not_as_described_is_said(spark: Any) -> None:
    pairs = spark.createDataFrame([("a", "b", "copie", 1)], "left string, right string, tier string, score int")
    with pytest.raises(UsageError, match="unknown tier 'same'"):
        groups(pairs, tier="same")
    with pytest.raises(UsageError, match="unknown group rule 'ring': use one of star, clique, component"):
        groups(pairs, rule="ring")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="pairs have no column right, only left"):
        groups(pairs.select("left"))
    with pytest.raises(UsageError, match="of one type, got string and int"):
        groups(pairs.selectExpr("left", "score as right"))
    with pytest.raises(UsageError, match="whole thousandths"):
        groups(pairs.withColumn("score", pairs["score"] / 2))
    with pytest.raises(UsageError, match="got a column of type double"):
        groups(pairs.withColumn("tier", pairs["score"] / 2))
    with pytest.raises(Exception, match=r"unknown tier of a pair: copie; use one of exact \(0\), copy \(1\)"):
        groups(pairs)
    whole = pairs.drop("tier")
    with pytest.raises(UsageError, match="order has no column id, only left"):
        groups(whole, order=whole.select("left"))


def test_public_names() -> None:
    assert package.__all__ == sorted(package.__all__) == sorted(package._HOME)
    assert all(callable(getattr(package, name)) for name in package.__all__)
    assert dir(package) == package.__all__
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = package.no_such_name
