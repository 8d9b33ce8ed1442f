"""Images to matches: equal bytes and equal pixels, join, verify, group."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lookalike import events, grouping
from lookalike.candidates.distances import FineDistances
from lookalike.candidates.proposing import propose
from lookalike.columns import Images, Matches
from lookalike.limiting import SecondLooks
from lookalike.matches.anyframe import AnyFrame
from lookalike.matches.frames import NO_FRAMES, Frames, pictures
from lookalike.matches.items import Items
from lookalike.model import MIN_DETAIL, Tier
from lookalike.options import FindOptions
from lookalike.sources.reading import Reader
from lookalike.stores.catalog import Catalog
from lookalike.stores.decisions import Standing
from lookalike.verdicts.judging import Judge
from lookalike.verify import EVIDENCE


def match(
    images: Images,
    order: NDArray[np.int64],
    same: NDArray[np.int64],
    store: Catalog,
    options: FindOptions,
    looks: SecondLooks,
    standing: Standing,
    reader: Reader,
    *,
    against: bool,
    increment: bool = False,
    workers: int,
    candidates: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None,
    frames: Frames = NO_FRAMES,
) -> Matches:
    """Match images by equal bytes and equal pixels, then by verified candidates within the radius.

    Parameters
    ----------
    images : Images
        What to match.
    order : ndarray of int64, shape (n,)
        Rows of `images` in keep order.
    same : ndarray of int64, shape (m,)
        For each content the first one with the same pixels, as `lookalike.matches.twins.twins` gives it.
    store : Catalog
        Where thumbnails, hashes and verdicts are kept.
    options : FindOptions
        Hash, radius, tier, orientations, verification and group rule.
    looks : SecondLooks
        Who looks at files again, of those that were accepted.
    standing : Standing
        What decisions say about the contents: what they keep apart is not looked at, and never matches.
    reader : Reader
        Who reads the files again.
    against : bool
        Whether images under test are matched with references only.
    increment : bool
        Whether they are matched with each other, too; references, the first in keep order, match nothing by themselves.
    workers : int
        How many threads verify and join; it changes no result.
    candidates : tuple of ndarray of int64, shape (m,), optional
        Pairs of rows of `images` that are verified like those that hashes propose.
    frames : Frames
        Further frames of contents by which they may match, too.

    Returns
    -------
    Matches
        One row per image.
    """
    items = Items(images, order, same, standing, against=against, increment=increment)
    bare = np.isin(images.facts.id, store.bare())
    shown = pictures(items, images, frames.only(~bare[frames.content]), store)
    count = len(items.content)
    detailed = shown.facts.detail[shown.content] >= MIN_DETAIL
    joined = detailed & ~items.again[shown.item] & (count > 1) & (options.tier > Tier.EXACT)
    joined &= ~np.isin(shown.facts.id, images.facts.id[bare])[shown.content]
    listed = None if candidates is None else (items.item[candidates[0]], items.item[candidates[1]])
    proposals = propose(shown.content, joined, shown.facts.id, store, options, threads=workers, listed=listed)
    near = proposals.candidates
    started = time.monotonic()
    with ThreadPoolExecutor(workers) as threads, ThreadPoolExecutor(workers) as closer:
        judge = Judge(
            replace(images, facts=shown.facts), shown.content, shown.image, proposals, store, options, threads, closer=closer,
            looks=looks, reader=reader, frames=(shown.number, shown.file),
        )  # fmt: skip
        by_frames = AnyFrame(judge, near, shown)
        ask = _unless_apart(by_frames, items)
        if len(shown.item) > count:
            near = near.owned(shown.item, count)
        ids = shown.facts.id[shown.content[joined]]
        fine = FineDistances(shown.item[joined], ids, store, orient=options.orient, threads=workers, listed=listed)
        crowds = grouping.Crowds(fine, items.apart)
        if against:
            done = items.has_both | items.kept
            matched = grouping.match_references(near, ask, options.tier, items.reference, done, crowds)
        else:
            matched = grouping.group(near, ask, options.tier, options.group, items.different, crowds)
        own = np.arange(count)
        attached = np.flatnonzero((matched.keeper != own) & ~items.apart(matched.keeper, own))
        one, other = by_frames.met(matched.keeper[attached], attached)
        left, right = judge.ordered(one, other)
        verdict = np.zeros(count, np.int64)
        verdict[attached] = 1 + np.arange(len(attached))
        evidence = np.concatenate([np.zeros(1, EVIDENCE), judge.evidence(left, right)])
        keeper_left = np.concatenate([[False], left == one])
        counts = {name: judge.asked[name] for name in ("pairs", "known", "verified", "files")}
        events.VERIFY_ENDED(**counts, seconds=events.since(started))
        groups = np.unique(matched.keeper[attached])
        events.GROUP_ENDED(groups=len(groups), attached=len(attached), passed=crowds.passed)
        numbers = np.concatenate([np.zeros((1, 2), np.int64), shown.number[np.stack([one, other], axis=1)]])
    return replace(items.spread(matched, verdict, evidence, keeper_left, numbers), passed=crowds.passed)


def _unless_apart(judge: grouping.Judge, items: Items) -> grouping.Judge:
    """Return a judge who does not look at what never matches: what decisions keep apart, and references of an increment."""

    def judged(left: NDArray[np.int64], right: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        tier, score = np.full(len(left), Tier.NONE, np.uint8), np.zeros(len(left), np.int64)
        asked = np.flatnonzero(~items.apart(left, right))
        tier[asked], score[asked] = judge(left[asked], right[asked])
        return tier, score

    return judged
