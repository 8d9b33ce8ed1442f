"""Images to items of matching and back: names with equal bytes or pixels are one item, unless somebody decided otherwise."""

from dataclasses import dataclass, field
from itertools import count

import numpy as np
from numpy.typing import NDArray

from lookalike.columns import Grouped, Images, Matches
from lookalike.model import Tier
from lookalike.stores.decisions import Standing

Rows = NDArray[np.int64]


class Items:
    """The items of matching, numbered in keep order.

    Parameters
    ----------
    images : Images
        What is matched.
    order : ndarray of int64, shape (n,)
        Rows of `images` in keep order.
    same : ndarray of int64, shape (m,)
        For each content the first one with the same pixels.
    standing : Standing
        What decisions say about the contents.
    against : bool
        Whether images under test are matched with references only.
    increment : bool
        Whether they are matched with each other, too, and references still with nothing.

    Attributes
    ----------
    image, content : ndarray of int64, shape (items,)
        The best image of each item, and its content. Several items have one content where each name of that is to be kept.
    item : ndarray of int64, shape (n,)
        The item of each image.
    reference, has_both : ndarray of bool, shape (items,)
        Whether the best image is a reference; whether it is, and others are under test.
    kept : ndarray of bool, shape (items,)
        Items that are never duplicates of anything.
    again : ndarray of bool, shape (items,)
        Items with the content of an earlier one.
    different : dict of int to frozenset of int
        Decisions by item; items that share one are never duplicates of each other.
    """

    def __init__(
        self, images: Images, order: Rows, same: Rows, standing: Standing, *, against: bool, increment: bool = False
    ) -> None:
        known, different = _pictures(images, order, same, standing, against=against)
        picture, first = np.unique(known[order], return_index=True)
        by_order = np.argsort(first)
        self.image: NDArray[np.int64] = order[first[by_order]]
        self.content: Rows = images.content[self.image]
        item_of_picture = np.zeros(int(known.max(initial=0)) + 1, np.int64)
        item_of_picture[picture[by_order]] = np.arange(len(self.content))
        self.item: NDArray[np.int64] = item_of_picture[known]
        self._images, self._against, self._increment = images, against, increment
        self.reference: NDArray[np.bool_] = images.reference[self.image]
        under_test = np.zeros(len(self.content), np.bool_)
        under_test[self.item[~images.reference]] = True
        self.has_both: NDArray[np.bool_] = self.reference & under_test
        self.different: dict[int, frozenset[int]] = {
            int(item_of_picture[number]): ids for number, ids in different.items()
        }
        self._set_apart = np.zeros(len(self.content), np.bool_)
        self._set_apart[list(self.different)] = True
        self.kept = np.zeros(len(self.content), np.bool_)
        self.again: NDArray[np.bool_] = np.zeros(len(self.content), np.bool_)
        if standing.kept:
            kept = np.array([digest in standing.kept for digest in images.facts.digest], np.bool_)
            self.kept = kept[self.content]
            self.again[:] = True
            self.again[np.unique(self.content, return_index=True)[1]] = False
        if increment:
            self.kept = self.kept | self.reference

    def apart(self, left: Rows, right: Rows) -> NDArray[np.bool_]:
        """Tell which pairs of items decisions keep apart.

        Parameters
        ----------
        left, right : ndarray of int64, shape (n,)
            Items, in either order.

        Returns
        -------
        ndarray of bool, shape (n,)
            Whether the later of the two is never a duplicate of the earlier one.
        """
        found: NDArray[np.bool_] = self.kept[np.maximum(left, right)]
        for row in np.flatnonzero(self._set_apart[left] & self._set_apart[right]).tolist():
            one, other = self.different[int(left[row])], self.different[int(right[row])]
            found[row] |= not one.isdisjoint(other)
        return found

    def spread(
        self, items: Grouped, verdict: Rows, evidence: NDArray[np.void], keeper_left: NDArray[np.bool_], frames: Rows
    ) -> Matches:
        """Turn matches of items into matches of images.

        Parameters
        ----------
        items : Grouped
            One row per item.
        verdict : ndarray of int64, shape (items,)
            Row of the following of each item.
        evidence, keeper_left, frames : ndarray, shape (m, ...)
            As in `Matches`.

        Returns
        -------
        Matches
            One row per image.
        """
        rows = np.arange(len(self._images))
        best = self.image[self.item]
        keeper = np.where(rows == best, self.image[items.keeper[self.item]], best)
        group = self.image[items.group[self.item]]
        tier = np.where(rows == best, items.tier[self.item], Tier.EXACT).astype(np.uint8)
        score = np.where(rows == best, items.score[self.item], 1000)
        if self._against:
            # References stand for themselves; each image under test names its reference, never another image under test.
            test = ~self._images.reference & ~self.has_both[self.item]
            keeper = np.where(test, self.image[items.keeper[self.item]], best)
            tier = np.where(test, items.tier[self.item], Tier.EXACT).astype(np.uint8)
            score = np.where(test, items.score[self.item], 1000)
            alone = self._images.reference | (test & (items.keeper[self.item] == self.item))
        elif self._increment:
            alone = self._images.reference  # also where another one has its pixels: it was there before
            tier, score = np.where(alone, Tier.EXACT, tier).astype(np.uint8), np.where(alone, 1000, score)
        if self._against or self._increment:
            keeper, group = np.where(alone, rows, keeper), np.where(alone, rows, group)
        return Matches(keeper, group, tier, score, verdict[self.item], evidence, keeper_left, frames)


@dataclass(slots=True)
class _Part:
    """Names of one picture that decisions let be one item.

    Attributes
    ----------
    number : int
        Number of the part among all pictures.
    only : bytes or None
        The one content that it takes; None for any.
    digests : set of bytes
        Contents in it that may be set apart from others.
    """

    number: int
    only: bytes | None
    digests: set[bytes] = field(default_factory=set)

    def takes(self, digest: bytes, standing: Standing) -> bool:
        return self.only in (None, digest) and not any(standing.apart(one, digest) for one in self.digests)


def _pictures(
    images: Images, order: Rows, same: Rows, standing: Standing, *, against: bool
) -> tuple[Rows, dict[int, frozenset[int]]]:
    """Return the same number for names that are one item, and the decisions that set numbers apart.

    Each name in keep order joins the first part of its picture that holds nothing it is set apart from; what is to be kept
    joins none. Against references, what one image under test is set apart from says nothing of another, so they share no part
    unless a reference is in it.
    """
    picture: Rows = same[images.content]
    if not (standing.different or standing.kept):
        return picture, {}
    digest = images.facts.digest
    decided = np.array([one in standing.different or one in standing.kept for one in digest], np.bool_)
    concerned = np.unique(same[decided])
    parts: dict[int, list[_Part]] = {}
    numbers = count(len(same))
    for row in order[np.isin(picture[order], concerned)].tolist():
        own = digest[int(images.content[row])]
        those = parts.setdefault(int(picture[row]), [])
        alone = against and not images.reference[row]
        home = None if own in standing.kept else next((part for part in those if part.takes(own, standing)), None)
        joins = home is not None
        if home is None:
            home = _Part(next(numbers), own if alone else None)
            those.append(home)
        if own in standing.different and not (alone and joins):
            home.digests.add(own)
        picture[row] = home.number
    different = {
        part.number: frozenset().union(*(standing.different[one] for one in part.digests))
        for those in parts.values()
        for part in those
        if part.digests
    }
    return picture, different
