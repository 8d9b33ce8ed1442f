"""Groups on Spark against groups on one machine."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from lookalike import spark as package
from lookalike.columns import Grouped
from lookalike.errors import UsageError
from lookalike.grouping.verdicts import group_pairs
from lookalike.model import GroupRule, Tier
from lookalike.spark import grouped, groups

NAMES = [tier.name.lower() for tier in Tier]
RULES: tuple[GroupRule, ...] = ("star", "clique", "component")


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
