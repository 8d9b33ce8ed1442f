"""What `find` does with pictures of which it is known who shows whom: proposed and verified pair by pair."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike import bits
from lookalike.candidates.proposing import Proposals, propose
from lookalike.columns import Column, Images
from lookalike.limiting import SecondLooks
from lookalike.model import MIN_DETAIL, HashSpec, Tier
from lookalike.options import FindOptions
from lookalike.scan.variants import hash_words
from lookalike.stores.catalog import Catalog
from lookalike.verdicts.judging import Judge


class Trial:
    """Scanned pictures, ready to be tried by hash and by `find`; equal files are one item.

    Parameters
    ----------
    images : Images
        What was scanned.
    store : Catalog
        Where thumbnails, hashes and verdicts are kept.
    workers : int
        How many threads join and verify.
    looks : SecondLooks, optional
        Who looks at files again; None for the usual limits.
    """

    def __init__(self, images: Images, store: Catalog, workers: int, looks: SecondLooks | None = None) -> None:
        self._images, self._store, self._workers, self._looks = images, store, workers, looks
        self._content, self._first = np.unique(images.content, return_index=True)
        self._joined = images.facts.detail[self._content] >= MIN_DETAIL
        items = np.searchsorted(self._content, images.content)
        self._item = dict(zip(images.path, items.tolist(), strict=True))

    def __len__(self) -> int:
        return len(self._content)

    def items(self, paths: Sequence[str]) -> Column:
        """Return the item of each path.

        Parameters
        ----------
        paths : sequence of str
            As scanned.

        Returns
        -------
        ndarray of int64, shape (n,)
            -1 for what could not be read.
        """
        return np.array([self._item.get(path, -1) for path in paths], np.int64)

    def distances(self, spec: HashSpec, left: Column, right: Column) -> Column:
        """Return how far the hashes of items are apart.

        Parameters
        ----------
        spec : HashSpec
            Which hash.
        left, right : ndarray of int64, shape (n,)
            Items.

        Returns
        -------
        ndarray of int64, shape (n,)
            In bits; more than the hash has where one has too little detail to be joined at all.
        """
        _, block = hash_words(self._images.facts.id[self._content], self._store, spec)
        apart = bits.distance(block[left], block[right])
        return np.where((left == right) | (self._joined[left] & self._joined[right]), apart, spec.bits + 1)

    @contextmanager
    def found(self, options: FindOptions) -> Iterator["Found"]:
        """Offer what `find` proposes and says while the body runs.

        Parameters
        ----------
        options : FindOptions
            What `find` is told.

        Yields
        ------
        Found
            To be asked.
        """
        images, store = self._images, self._store
        proposals = propose(
            self._content, self._joined, images.facts.id, store, options, threads=self._workers
        )  # fmt: skip
        with ThreadPoolExecutor(self._workers) as threads:
            judge = Judge(images, self._content, self._first, proposals, store, options, threads, looks=self._looks)
            yield Found(proposals, judge)
            judge.flush()


@dataclass(frozen=True, slots=True)
class Found:
    """What `find` proposes among some items, and what verification says of it.

    Attributes
    ----------
    proposals : Proposals
        The candidates.
    judge : Judge
        Verifies them.
    """

    proposals: Proposals
    judge: Judge

    def proposed(self, left: Column, right: Column) -> NDArray[np.bool_]:
        """Say which pairs are candidates.

        Parameters
        ----------
        left, right : ndarray of int64, shape (n,)
            Items.

        Returns
        -------
        ndarray of bool, shape (n,)
            Whether they are; equal items always.
        """
        candidates = self.proposals.candidates
        near = {item: set(candidates.near(item).tolist()) for item in np.unique(left).tolist()}
        found = [one == other or other in near[one] for one, other in zip(left.tolist(), right.tolist(), strict=True)]
        return np.array(found, np.bool_)

    def tiers(self, left: Column, right: Column) -> tuple[NDArray[np.bool_], NDArray[np.uint8]]:
        """Return what becomes of pairs.

        Parameters
        ----------
        left, right : ndarray of int64, shape (n,)
            Items.

        Returns
        -------
        proposed : ndarray of bool, shape (n,)
            Whether they are candidates.
        tier : ndarray of uint8, shape (n,)
            `Tier` values; NONE for what is not proposed.
        """
        proposed, equal = self.proposed(left, right), left == right
        tier = np.where(equal, Tier.EXACT, Tier.NONE).astype(np.uint8)
        asked = proposed & ~equal
        tier[asked] = self.judge(np.minimum(left, right)[asked], np.maximum(left, right)[asked])[0]
        return proposed, tier

    def strangers(self, items: Column, owner: Column) -> tuple[Column, Column, NDArray[np.uint8]]:
        """Return the candidates of items among those of other owners, verified.

        Parameters
        ----------
        items : ndarray of int64, shape (n,)
            Whose candidates.
        owner : ndarray of int64, shape (all,)
            Whose each item is; -1 for nobody's.

        Returns
        -------
        left, right : ndarray of int64, shape (m,)
            Pairs of items, the left one of `items`; a pair of two of them comes once.
        tier : ndarray of uint8, shape (m,)
            `Tier` values.
        """
        mine = np.zeros(len(owner), np.bool_)
        mine[items] = True
        lefts, rights = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for item in items.tolist():
            near = self.proposals.candidates.near(item)
            near = near[(owner[near] >= 0) & (owner[near] != owner[item]) & (~mine[near] | (near > item))]
            lefts.append(np.full(len(near), item))
            rights.append(near)
        left, right = np.concatenate(lefts), np.concatenate(rights)
        tier, _ = self.judge(np.minimum(left, right), np.maximum(left, right))
        return left, right, tier
