"""The pictures of an index: hashes in memory, by content; names from whoever added them, or from the catalog."""

import numpy as np
from numpy.typing import NDArray

from lookalike import bits, decode, join
from lookalike.candidates.hinting import MOST_TURNS
from lookalike.columns import Images
from lookalike.model import HashSpec
from lookalike.rows import Rows
from lookalike.scan.recalling import above
from lookalike.scan.variants import hash_words, stored_name
from lookalike.sources.volumes import mounted
from lookalike.stores.catalog import Catalog

VARIANTS = ("plain", "trimmed")
"""What is hashed of each picture."""
HASHED_AT_ONCE = 100_000

Ids = NDArray[np.int64]


class Indexed:
    """Which contents are in an index, what is near to a hash, and what they are called.

    Parameters
    ----------
    store : Catalog
        Where hashes, thumbnails and names are kept.
    spec : HashSpec
        The hash to search by.
    workers : int
        How many threads hash and search.
    """

    def __init__(self, store: Catalog, spec: HashSpec, workers: int) -> None:
        self._store, self._spec, self._workers = store, spec, workers
        self._rows = Rows(bits.words(spec.bits))
        self._own = np.empty(0, np.int64)
        """Contents that were there from the beginning, ascending."""
        self._added: set[int] = set()
        self._names: dict[int, list[str]] = {}
        self._everything = ""
        """What the catalog is called where all names that it knows count, too."""

    def __len__(self) -> int:
        return len(self._own) + len(self._added)

    def __contains__(self, content: int) -> bool:
        at = int(np.searchsorted(self._own, content))
        return content in self._added or (at < len(self._own) and int(self._own[at]) == content)

    def take(self, images: Images) -> None:
        """Begin with what a scan found.

        Parameters
        ----------
        images : Images
            All of it.
        """
        self._own = images.facts.id
        self._include(self._own)
        for path, content in zip(images.path, self._own[images.content].tolist(), strict=True):
            self._names.setdefault(content, []).append(path)

    def load(self, called: str) -> None:
        """Begin with everything that the catalog knows; what it has a thumbnail but no hash of is hashed.

        Parameters
        ----------
        called : str
            What paths of the catalog begin with.
        """
        self._everything = called
        for variant in VARIANTS:
            lacking = self._store.without_words(self._spec, stored_name(variant), version=decode.VERSION)
            for start in range(0, len(lacking), HASHED_AT_ONCE):
                part = lacking[start : start + HASHED_AT_ONCE]
                hash_words(part, self._store, self._spec, variant, threads=self._workers)
        self._rows.reserve(self._store.count_words(self._spec, stored_name("plain")))
        for variant in VARIANTS:
            for owner, block in self._store.all_words(self._spec, stored_name(variant)):
                self._rows.append(owner, block)
            self._own = self._rows.owner.copy() if variant == "plain" else self._own

    def add(self, content: int, name: str) -> None:
        """Add a name, and its content unless that is there.

        Parameters
        ----------
        content : int
            Its id.
        name : str
            What it is called.
        """
        if content not in self:
            self._include(np.array([content]))
            self._added.add(content)
        names = self._names.setdefault(content, [])
        if name not in names:
            names.append(name)

    def near(self, block: NDArray[np.uint64], turn: Ids, radius: int) -> tuple[dict[int, int], dict[int, list[int]]]:
        """Find what is near to a picture.

        Parameters
        ----------
        block : ndarray of uint64, shape (n, words)
            Hashes of the picture as it is, and turned.
        turn : ndarray of int64, shape (n,)
            The EXIF orientation that each was turned by.
        radius : int
            Greatest distance in bits, inclusive.

        Returns
        -------
        distance : dict of int to int
            By content, in bits.
        turns : dict of int to list of int
            The turns that bring the picture there.
        """
        which, row, bits_off = join.search(self._rows.block, block, radius=radius, threads=self._workers)
        distance: dict[int, int] = {}
        turns: dict[int, list[int]] = {}
        order = np.argsort(bits_off, kind="stable")
        for content, way, off in zip(
            self._rows.owner[row[order]].tolist(), turn[which[order]].tolist(), bits_off[order].tolist(), strict=True
        ):
            distance.setdefault(content, off)
            ways = turns.setdefault(content, [])
            if way not in (1, *ways) and len(ways) < MOST_TURNS:
                ways.append(way)
        return distance, turns

    def named(self, ids: Ids) -> dict[int, list[str]]:
        """Return the names of contents: those known here, and those of the catalog where all of that is indexed.

        Parameters
        ----------
        ids : ndarray of int64, shape (n,)
            Contents.

        Returns
        -------
        dict of int to list of str
            Sorted; those that have none are left out.
        """
        names = {content: list(self._names.get(content, ())) for content in ids.tolist()}
        if self._everything:
            here = mounted()
            for content, source, volume, key, name in self._store.named(ids):
                names[content].append(above(self._everything, here, source, volume, key) + name)
        return {content: sorted(set(paths)) for content, paths in names.items() if paths}

    def _include(self, ids: Ids) -> None:
        """Append the hashes of contents."""
        for variant in VARIANTS:
            owner, block = hash_words(ids, self._store, self._spec, variant, threads=self._workers)
            self._rows.append(ids[owner], block)
