"""Distances of items by a finer hash than that which joins: made only of those that are asked about."""

import numpy as np
from numpy.typing import NDArray

from lookalike import bits
from lookalike.grouping import Listed
from lookalike.model import HashSpec, Orient
from lookalike.scan.variants import TURNS, hash_words
from lookalike.stores.catalog import Catalog

FINE = HashSpec("phash", 16)
"""Of 27,696 pairs of copies and edits with equal hashes of 64 bits, one is more than 48 of its 256 bits apart."""
_AS_THEY_ARE = 2
"""Hashes of a picture that is not turned: of all of it, and of what a border surrounds."""


class FineDistances:
    """What `lookalike.grouping.crowds.Crowds` puts items in order by.

    Items are held against each other in all ways by which they may have been joined as wholes: by any of their frames, with
    and without borders, turned.

    Parameters
    ----------
    item : ndarray of int64, shape (n,)
        Which item each picture is of.
    ids : ndarray of int64, shape (n,)
        Content id of each picture; each has a thumbnail.
    store : Catalog
        Where thumbnails and hashes are kept.
    orient : str
        Which turns count as the same picture.
    threads : int
        How many threads hash.
    listed : tuple of ndarray of int64, shape (m,), optional
        Pairs of items that somebody named: they are asked in any case.
    """

    def __init__(
        self, item: NDArray[np.int64], ids: NDArray[np.int64], store: Catalog, *, orient: Orient, threads: int,
        listed: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None,
    ) -> None:  # fmt: skip
        order = np.argsort(item, kind="stable")
        self._ids, self._store, self._threads = ids[order], store, threads
        self._ends = np.cumsum(np.bincount(item))
        self._listed = None if listed is None else Listed(len(self._ends), *listed)
        self._turns = {"upright": 0, "mirror": 1}.get(orient, len(TURNS))  # the mirrored one is the first
        self._known = np.zeros(len(ids), np.bool_)
        self._words = np.zeros((len(ids), _AS_THEY_ARE + self._turns, bits.words(FINE.bits)), np.uint64)

    def __call__(self, item: int, others: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how far items are from one.

        Parameters
        ----------
        item : int
            The one.
        others : ndarray of int64, shape (n,)
            Items, at least one.

        Returns
        -------
        ndarray of int64, shape (n,)
            In bits, 0..256; -1 for what is listed.
        """
        own, _ = self._pictures(np.array([item]))
        rows, first = self._pictures(others)
        self._learn(np.concatenate([rows, own]))
        found = np.full(len(rows), FINE.bits)
        for seen in self._words[own].reshape(-1, self._words.shape[2]):
            for way in range(_AS_THEY_ARE):
                np.minimum(found, bits.distance(self._words[rows, way], seen), out=found)
        far = np.minimum.reduceat(found, first)
        if self._listed is not None:
            far[np.isin(others, self._listed.near(item))] = -1
        return far

    def _pictures(self, items: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the pictures of items, and where those of each begin."""
        start = np.where(items > 0, self._ends[items - 1], 0)
        length = self._ends[items] - start
        first = np.cumsum(length) - length
        return np.arange(int(length.sum())) + np.repeat(start - first, length), first

    def _learn(self, rows: NDArray[np.int64]) -> None:
        new = rows[~self._known[rows]]
        if len(new):
            ids, at = np.unique(self._ids[new], return_inverse=True)
            _, plain = hash_words(ids, self._store, FINE, threads=self._threads)
            words = np.repeat(plain[:, np.newaxis], self._words.shape[1], 1)
            bordered, block = hash_words(ids, self._store, FINE, "trimmed", threads=self._threads)
            words[bordered, 1] = block
            if self._turns:
                _, block = hash_words(ids, self._store, FINE, "turned", threads=self._threads)
                words[:, _AS_THEY_ARE:] = block.reshape(len(ids), len(TURNS), -1)[:, : self._turns]
            self._words[new], self._known[new] = words[at], True
