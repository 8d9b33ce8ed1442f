"""Distances of items by a finer hash than that which joins: made only of those that are asked about."""

import numpy as np
from numpy.typing import NDArray

from lookalike import bits
from lookalike.model import HashSpec
from lookalike.stores.catalog import Catalog
from lookalike.variants import hash_words

FINE = HashSpec("phash", 16)
"""Of 27,696 pairs of copies and edits with equal hashes of 64 bits, one is more than 48 of its 256 bits apart."""


class FineDistances:
    """What `lookalike.grouping.crowds.Crowds` puts items in order by.

    Parameters
    ----------
    ids : ndarray of int64, shape (n,)
        Content id of each item.
    store : Catalog
        Where thumbnails and hashes are kept.
    threads : int
        How many threads hash.
    """

    def __init__(self, ids: NDArray[np.int64], store: Catalog, *, threads: int) -> None:
        self._ids, self._store, self._threads = ids, store, threads
        self._known = np.zeros(len(ids), np.bool_)
        self._words = np.zeros((len(ids), bits.words(FINE.bits)), np.uint64)

    def __call__(self, item: int, others: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how far items are from one.

        Parameters
        ----------
        item : int
            The one.
        others : ndarray of int64, shape (n,)
            Items.

        Returns
        -------
        ndarray of int64, shape (n,)
            In bits, 0..256.
        """
        self._learn(np.append(others, item))
        return bits.distance(self._words[others], self._words[item])

    def _learn(self, items: NDArray[np.int64]) -> None:
        new = items[~self._known[items]]
        if len(new):
            ids, at = np.unique(self._ids[new], return_inverse=True)
            _, block = hash_words(ids, self._store, FINE, threads=self._threads)
            self._words[new], self._known[new] = block[at], True
