"""Images to matches: equal bytes and equal pixels, join, verify, group."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from lookalike import grouping
from lookalike.columns import Images, Matches
from lookalike.items import Items
from lookalike.judging import Judge
from lookalike.model import MIN_DETAIL, Tier
from lookalike.options import FindOptions, ScanOptions
from lookalike.proposing import propose
from lookalike.sources.reading import Reader
from lookalike.stores.catalog import Catalog
from lookalike.stores.decisions import Standing
from lookalike.verify import EVIDENCE


def match(
    images: Images,
    order: NDArray[np.int64],
    same: NDArray[np.int64],
    store: Catalog,
    options: FindOptions,
    scanned: ScanOptions,
    standing: Standing,
    reader: Reader,
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
    standing : Standing
        What decisions say about the contents: what they keep apart is not looked at, and never matches.
    reader : Reader
        Who reads the files again.
    against : bool
        Whether images under test are matched with references only.
    workers : int
        How many threads verify and join; it changes no result.

    Returns
    -------
    Matches
        One row per image.
    """
    items = Items(images, order, same, standing, against=against)
    detail = images.facts.detail[items.content]
    joined = (detail >= MIN_DETAIL) & ~items.again & (len(items.content) > 1) & (options.tier > Tier.EXACT)
    joined &= ~np.isin(images.facts.id, store.bare())[items.content]
    proposals = propose(items.content, joined, images.facts.id, store, options, threads=workers)
    with ThreadPoolExecutor(workers) as threads:
        judge = Judge(
            images, items.content, items.image, proposals, store, options, threads,
            truncated=scanned.truncated == "accept", max_pixels=scanned.max_pixels, reader=reader,
        )  # fmt: skip
        ask = _unless_apart(judge, items)
        if against:
            done = items.has_both | items.kept
            matched = grouping.match_references(proposals.candidates, ask, options.tier, items.reference, done)
        else:
            matched = grouping.group(proposals.candidates, ask, options.tier, options.group, items.different)
        own = np.arange(len(items.content))
        attached = np.flatnonzero((matched.keeper != own) & ~items.apart(matched.keeper, own))
        left, right = judge.ordered(matched.keeper[attached], attached)
        evidence = np.zeros(len(items.content), EVIDENCE)
        evidence[attached] = judge.evidence(left, right)
        keeper_left = np.zeros(len(items.content), np.bool_)
        keeper_left[attached] = left == matched.keeper[attached]
    return items.spread(matched, evidence, keeper_left)


def _unless_apart(judge: grouping.Judge, items: Items) -> grouping.Judge:
    """Return a judge who does not look at what decisions keep apart."""

    def judged(left: NDArray[np.int64], right: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        tier, score = np.full(len(left), Tier.NONE, np.uint8), np.zeros(len(left), np.int64)
        asked = np.flatnonzero(~items.apart(left, right))
        tier[asked], score[asked] = judge(left[asked], right[asked])
        return tier, score

    return judged
