"""Images to matches: equal bytes and equal pixels, join, verify, group."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from lookalike import grouping
from lookalike.columns import Grouped, Images, Matches
from lookalike.judging import Judge
from lookalike.model import MIN_DETAIL, FindOptions, ScanOptions, Tier
from lookalike.proposing import propose
from lookalike.stores.catalog import Catalog
from lookalike.verify import EVIDENCE


def match(
    images: Images,
    order: NDArray[np.int64],
    same: NDArray[np.int64],
    store: Catalog,
    options: FindOptions,
    scanned: ScanOptions,
    *,
    against: bool,
    workers: int,
) -> Matches:
    """Match images by equal bytes and equal pixels, then by verified candidates within the radius.

    Parameters
    ----------
    images : Images
        What to match.
    order : ndarray of int64, shape (n,)
        Rows of `images` in keep order.
    same : ndarray of int64, shape (m,)
        For each content the first one with the same pixels, as `lookalike.twins.twins` gives it.
    store : Catalog
        Where thumbnails, hashes and verdicts are kept.
    options : FindOptions
        Hash, radius, tier, orientations, verification and group rule.
    scanned : ScanOptions
        Which files were accepted: those that are looked at again are read likewise.
    against : bool
        Whether images under test are matched with references only.
    workers : int
        How many threads verify and join; it changes no result.

    Returns
    -------
    Matches
        One row per image.
    """
    units = _Units(images, order, same, against=against)
    detail = images.facts.detail[units.content]
    joined = (detail >= MIN_DETAIL) & (len(units.content) > 1) & (options.tier > Tier.EXACT)
    proposals = propose(units.content, joined, images.facts.id, store, options, threads=workers)
    with ThreadPoolExecutor(workers) as threads:
        judge = Judge(
            images, units.content, units.image, proposals, store, options, threads,
            truncated=scanned.truncated == "accept", max_pixels=scanned.max_pixels,
        )  # fmt: skip
        if against:
            matched = grouping.match_references(
                proposals.candidates, judge, options.tier, units.reference, units.has_both
            )
        else:
            matched = grouping.group(proposals.candidates, judge, options.tier, options.group)
        attached = np.flatnonzero(matched.keeper != np.arange(len(units.content)))
        left, right = judge.ordered(matched.keeper[attached], attached)
        evidence = np.zeros(len(units.content), EVIDENCE)
        evidence[attached] = judge.evidence(left, right)
        keeper_left = np.zeros(len(units.content), np.bool_)
        keeper_left[attached] = left == matched.keeper[attached]
    return units.spread(matched, evidence, keeper_left)


class _Units:
    """The items of matching, numbered in keep order; images with equal bytes or equal pixels are one item."""

    def __init__(self, images: Images, order: NDArray[np.int64], same: NDArray[np.int64], *, against: bool) -> None:
        known = same[images.content]
        picture, first = np.unique(known[order], return_index=True)
        by_order = np.argsort(first)
        self.image = order[first[by_order]]
        """The best image of each item."""
        self.content: NDArray[np.int64] = images.content[self.image]
        item_of_picture = np.zeros(len(same), np.int64)
        item_of_picture[picture[by_order]] = np.arange(len(self.content))
        self._item = item_of_picture[known]
        self._images, self._against = images, against
        self.reference = images.reference[self.image]
        under_test = np.zeros(len(self.content), np.bool_)
        under_test[self._item[~images.reference]] = True
        self.has_both = self.reference & under_test

    def spread(self, items: Grouped, evidence: NDArray[np.void], keeper_left: NDArray[np.bool_]) -> Matches:
        """Turn matches of items into matches of images."""
        rows = np.arange(len(self._images))
        best = self.image[self._item]
        keeper = np.where(rows == best, self.image[items.keeper[self._item]], best)
        group = self.image[items.group[self._item]]
        tier = np.where(rows == best, items.tier[self._item], Tier.EXACT).astype(np.uint8)
        score = np.where(rows == best, items.score[self._item], 1000)
        if self._against:
            # References stand for themselves; each image under test names its reference, never another image under test.
            test = ~self._images.reference & ~self.has_both[self._item]
            keeper = np.where(test, self.image[items.keeper[self._item]], best)
            tier = np.where(test, items.tier[self._item], Tier.EXACT).astype(np.uint8)
            score = np.where(test, items.score[self._item], 1000)
            alone = self._images.reference | (test & (items.keeper[self._item] == self._item))
            keeper, group = np.where(alone, rows, keeper), np.where(alone, rows, group)
        return Matches(keeper, group, tier, score, evidence[self._item], keeper_left[self._item])
