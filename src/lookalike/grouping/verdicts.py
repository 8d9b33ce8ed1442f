"""Pairs whose verdicts are known already, as groups."""

import numpy as np
from numpy.typing import NDArray

from lookalike.columns import Grouped
from lookalike.grouping import group
from lookalike.grouping.candidates import Candidates, Layer, Listed
from lookalike.model import GroupRule, Tier


def group_pairs(
    count: int,
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    tier: NDArray[np.uint8],
    score: NDArray[np.int64],
    rule: GroupRule = "star",
    loosest: Tier = Tier.SIMILAR,
) -> Grouped:
    """Group items by pairs that were verified before; what is no pair is no match.

    Parameters
    ----------
    count : int
        Number of items. They are numbered in keep order, the best first.
    left, right : ndarray of int64, shape (m,)
        Pairs of items, either way round. Of a pair that comes several times the tightest tier counts, and the highest score
        at that.
    tier : ndarray of uint8, shape (m,)
        `lookalike.model.Tier` of each pair.
    score : ndarray of int64, shape (m,)
        Verification score of each in thousandths.
    rule : str
        star, clique or component, as in `lookalike.grouping.group`.
    loosest : Tier
        Loosest tier that groups may have. Pairs of tier EXACT are united with those of tier COPY, where these may be.

    Returns
    -------
    Grouped
        One row per item.

    Examples
    --------
    >>> chain = np.array([0, 1]), np.array([1, 2]), np.full(2, Tier.COPY), np.full(2, 990)
    >>> group_pairs(3, *chain).group
    array([0, 0, 2])
    >>> group_pairs(3, *chain, rule="component").group
    array([0, 0, 0])
    """
    one, other = np.minimum(left, right), np.maximum(left, right)
    wanted = np.flatnonzero((tier <= loosest) & (one != other))
    wanted = wanted[np.lexsort((-score[wanted], tier[wanted], other[wanted], one[wanted]))]
    key = one[wanted] * count + other[wanted]
    first = np.ones(len(key), np.bool_)
    first[1:] = key[1:] != key[:-1]
    wanted, key = wanted[first], key[first]
    known_tier, known_score = tier[wanted].astype(np.uint8), score[wanted].astype(np.int64)

    def judge(left: NDArray[np.int64], right: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        at = np.searchsorted(key, left * count + right)  # there: nothing is asked but what is listed
        return known_tier[at], known_score[at]

    items = np.arange(count)
    candidates = Candidates(count, [Layer(items, items, Listed(count, one[wanted], other[wanted]))])
    matches = group(candidates, judge, max(loosest, Tier.COPY), rule)
    copies = np.flatnonzero(matches.tier == Tier.COPY)
    matches.tier[copies] = judge(matches.keeper[copies], copies)[0]  # EXACT, where it is
    return matches
