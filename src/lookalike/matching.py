"""Images to matches: equal bytes, join, verify, group."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from lookalike import bits, decode, grouping, hashes, join, verify
from lookalike.columns import Images, Matches
from lookalike.model import MIN_DETAIL, FindOptions, HashSpec, Tier
from lookalike.stores.catalog import Catalog

VERIFY_STEP = f"{verify.STEP}/{decode.VERSION}"
PAIRS_AT_ONCE = 4096
PAIRS_PER_THREAD = 256
THUMBNAILS_AT_ONCE = 4096
FLUSH_PAIRS = 1 << 16
MOST_PAIRS = 1 << 25
"""Pairs of distinct hashes that are kept in memory, some 24 bytes each; beyond, each hash looks for its own."""


def hash_words(ids: NDArray[np.int64], store: Catalog, spec: HashSpec) -> NDArray[np.uint64]:
    """Return the hashes of contents; those the catalog lacks are made from its thumbnails.

    Parameters
    ----------
    ids : ndarray of int64, shape (n,)
        Content ids, ascending.
    store : Catalog
        Where thumbnails and hashes are kept.
    spec : HashSpec
        Which hash.

    Returns
    -------
    ndarray of uint64, shape (n, words)
        Row i belongs to ``ids[i]``.
    """
    found, words = store.hashes(ids, spec)
    block = np.zeros((len(ids), bits.words(spec.bits)), np.uint64)
    block[np.searchsorted(ids, found)] = words
    missing = np.setdiff1d(ids, found)
    for start in range(0, len(missing), THUMBNAILS_AT_ONCE):
        part = missing[start : start + THUMBNAILS_AT_ONCE]
        made = hashes.hash_block(store.thumbnails(part)[0], spec)
        with store.transaction():
            store.add_hashes(part.tolist(), made, spec)
        block[np.searchsorted(ids, part)] = made
    return block


def match(
    images: Images,
    order: NDArray[np.int64],
    block: NDArray[np.uint64],
    store: Catalog,
    options: FindOptions,
    *,
    against: bool,
    workers: int,
) -> Matches:
    """Match images by equal bytes, then by verified candidates within the radius.

    Parameters
    ----------
    images : Images
        What to match.
    order : ndarray of int64, shape (n,)
        Rows of `images` in keep order.
    block : ndarray of uint64, shape (contents, words)
        Hashes of the contents.
    store : Catalog
        Where thumbnails and verdicts are kept.
    options : FindOptions
        Tier, radius and group rule.
    against : bool
        Whether images under test are matched with references only.
    workers : int
        How many threads verify and join; it changes no result.

    Returns
    -------
    Matches
        One row per image.
    """
    units = _Units(images, order, against=against)
    detail = images.facts.detail[units.content]
    joined = (detail >= MIN_DETAIL) & (len(units.content) > 1) & (options.tier > Tier.EXACT)
    distinct, classes_joined = join.collapse(block[units.content[joined]])
    classes = np.full(len(units.content), -1, np.int64)
    classes[joined] = classes_joined
    candidates = grouping.Candidates(classes, neighbours(distinct, options.radius, threads=workers))
    with ThreadPoolExecutor(workers) as threads:
        judge = _Judge(images, units.content, store, threads)
        if against:
            matched = grouping.match_references(candidates, judge, options.tier, units.reference, units.has_both)
        else:
            matched = grouping.group(candidates, judge, options.tier, options.group)
        judge.flush()
    return units.spread(matched)


def neighbours(distinct: NDArray[np.uint64], radius: int, *, threads: int) -> grouping.Neighbours:
    """Find which hashes are near each other.

    Parameters
    ----------
    distinct : ndarray of uint64, shape (n, words)
        Hashes without repetition.
    radius : int
        Greatest distance in bits, inclusive.
    threads : int
        How many threads join.

    Returns
    -------
    Neighbours
        Listed, unless there are so many pairs that each hash had better look for its own when asked.
    """
    parts: list[join.Pairs] = []
    count = 0
    for part in join.stream_distinct_pairs(distinct, radius, threads=threads):
        parts.append(part)
        count += len(part[0])
        if count > MOST_PAIRS:
            return _Sought(distinct, radius, threads=threads)
    none = np.empty(0, np.int64)
    left, right, _ = (np.concatenate(column) for column in zip((none, none, none), *parts, strict=True))
    return grouping.Listed(len(distinct), left, right)


class _Sought:
    """Neighbours that are looked for within their component when somebody asks; nobody keeps their pairs."""

    def __init__(self, distinct: NDArray[np.uint64], radius: int, *, threads: int) -> None:
        self.count, self._radius = len(distinct), radius
        self._labels = join.components(distinct, radius, threads=threads)
        self._members = np.argsort(self._labels, kind="stable")
        self._block = distinct[self._members]
        self._bounds = np.searchsorted(self._labels[self._members], np.arange(self.count + 1))
        self._place = np.empty(self.count, np.int64)
        self._place[self._members] = np.arange(self.count)

    def near(self, number: int) -> NDArray[np.int64]:
        label, place = int(self._labels[number]), int(self._place[number])
        start, stop = self._bounds[label], self._bounds[label + 1]
        query = self._block[place : place + 1]
        _, rows, _ = join.search(self._block[start:stop], query, radius=self._radius, threads=1)
        found = self._members[start + rows]
        others: NDArray[np.int64] = found[found != number]
        return others

    def labels(self) -> NDArray[np.int64]:
        return self._labels


class _Units:
    """Distinct contents as the items of matching, numbered in keep order; images with equal bytes are one item."""

    def __init__(self, images: Images, order: NDArray[np.int64], *, against: bool) -> None:
        ranked = images.content[order]
        contents, first = np.unique(ranked, return_index=True)
        by_order = np.argsort(first)
        self.content: NDArray[np.int64] = contents[by_order]
        self.image = order[first[by_order]]
        """The best image of each item."""
        item_of_content = np.zeros(len(images.facts.id), np.int64)
        item_of_content[self.content] = np.arange(len(self.content))
        self._item = item_of_content[images.content]
        self._images, self._against = images, against
        self.reference = images.reference[self.image]
        under_test = np.zeros(len(self.content), np.bool_)
        under_test[self._item[~images.reference]] = True
        self.has_both = self.reference & under_test

    def spread(self, items: Matches) -> Matches:
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
        return Matches(keeper, group, tier, score)


class _Judge:
    """Verify pairs of items on their thumbnails, remembering verdicts in the catalog."""

    def __init__(self, images: Images, content: NDArray[np.int64], store: Catalog, threads: ThreadPoolExecutor) -> None:
        self._ids = images.facts.id[content]
        self._sizes = (images.facts.width[content], images.facts.height[content])
        self._store, self._threads = store, threads
        self._fresh: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8], NDArray[np.int64]]] = []
        self._waiting = 0

    def __call__(
        self, left: NDArray[np.int64], right: NDArray[np.int64]
    ) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        tier, score = np.zeros(len(left), np.uint8), np.zeros(len(left), np.int64)
        for start in range(0, len(left), PAIRS_AT_ONCE):
            rows = slice(start, start + PAIRS_AT_ONCE)
            tier[rows], score[rows] = self._judge(left[rows], right[rows])
        return tier, score

    def _judge(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        tier, score = np.zeros(len(left), np.uint8), np.zeros(len(left), np.int64)
        known, tier_known, score_known = self._store.pairs(self._ids[left], self._ids[right], VERIFY_STEP)
        tier[known], score[known] = tier_known, score_known
        unknown = np.ones(len(left), np.bool_)
        unknown[known] = False
        new = np.flatnonzero(unknown)
        if len(new):
            one, other = left[new], right[new]
            ids = np.unique(self._ids[np.concatenate([one, other])])
            luma, chroma = self._store.thumbnails(ids)
            width, height = self._sizes

            def verify_part(start: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
                items = [side[start : start + PAIRS_PER_THREAD] for side in (one, other)]
                at = [np.searchsorted(ids, self._ids[side]) for side in items]
                return verify.verify(
                    (luma[at[0]], luma[at[1]]),
                    (chroma[at[0]], chroma[at[1]]),
                    ((width[items[0]], height[items[0]]), (width[items[1]], height[items[1]])),
                )

            parts = list(self._threads.map(verify_part, range(0, len(new), PAIRS_PER_THREAD)))
            tier[new] = np.concatenate([part[0] for part in parts])
            score[new] = np.concatenate([part[1] for part in parts])
            self._fresh.append((self._ids[one], self._ids[other], tier[new], score[new]))
            self._waiting += len(new)
            if self._waiting >= FLUSH_PAIRS:
                self.flush()
        return tier, score

    def flush(self) -> None:
        """Store the verdicts made since the last flush."""
        if self._fresh:
            left, right, tier, score = (np.concatenate(column) for column in zip(*self._fresh, strict=True))
            with self._store.transaction():
                self._store.add_pairs(left, right, tier.astype(np.uint8), score, VERIFY_STEP)
        self._fresh, self._waiting = [], 0
