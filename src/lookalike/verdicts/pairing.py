"""Verified pairs of a catalog as a stream: join and verify with memory that does not grow with the number of pairs."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike import decode, hashes, join
from lookalike.columns import Column
from lookalike.errors import SourceError
from lookalike.model import MIN_DETAIL, Tier
from lookalike.opening import open_catalog
from lookalike.options import FindOptions
from lookalike.pool import workers_of
from lookalike.scan.variants import hash_words
from lookalike.searching import spec_of
from lookalike.stores.catalog import Catalog
from lookalike.verdicts.judging import PAIRS_AT_ONCE, pictures_of
from lookalike.verdicts.verifying import Verdict, in_order, judge_thumbnails, one_ahead, precedence
from lookalike.verify.exposures import Exposures
from lookalike.verify.views import Pictures


@dataclass(frozen=True, slots=True)
class VerifiedPairs:
    """Pairs of contents of a catalog; one row per pair.

    Attributes
    ----------
    left, right : ndarray of int64, shape (n,)
        Content ids of the catalog, left < right.
    distance : ndarray of int64, shape (n,)
        Between their hashes, in bits.
    tier : ndarray of uint8, shape (n,)
        `lookalike.Tier` values.
    score : ndarray of int64, shape (n,)
        Verification score in thousandths.
    """

    left: Column
    right: Column
    distance: Column
    tier: NDArray[np.uint8]
    score: Column

    def __len__(self) -> int:
        return len(self.left)


def iter_verified_pairs(
    catalog: str | os.PathLike[str],
    *,
    tier: str = "edit",
    algorithm: str = "phash",
    size: int | None = None,
    radius: int | None = None,
    workers: int | None = None,
) -> Iterator[VerifiedPairs]:
    """Join all that a catalog knows and verify each candidate on its thumbnails, block by block.

    It is for collections too large to hold groups of: memory is that of the hashes, whatever pairs there are. No file is
    opened, so where thumbnails leave doubts these stay; only hashes of whole pictures join (`find` also joins parts, turned
    and cropped pictures, and what borders surround); equal bytes are one content, and near-blank pictures are left out.

    Parameters
    ----------
    catalog : path
        Catalog file.
    tier : str
        Loosest tier to yield: copy, edit or similar.
    algorithm : str
        Hash that proposes candidate pairs.
    size : int, optional
        Side of the hash; None for the algorithm's own.
    radius : int, optional
        Largest Hamming distance of a candidate pair in bits, inclusive; None for the algorithm's own.
    workers : int, optional
        How many threads join and verify; None for one per core. It changes no pair.

    Yields
    ------
    VerifiedPairs
        Pairs within the tier, in the order of the join; no pair comes twice.

    Raises
    ------
    UsageError
        If an option does not fit.
    SourceError
        If the catalog is not there.
    CatalogError
        If it cannot be used.

    Examples
    --------
    >>> from lookalike import find
    >>> found = find("photos", catalog="archive.sqlite")
    >>> for block in iter_verified_pairs("archive.sqlite", tier="copy"):
    ...     print(len(block.left), block.tier, block.score)
    2 [1 1] [1000 1000]
    """
    spec, workers = spec_of(algorithm, size), workers_of(workers)
    within = hashes.default_radius(spec) if radius is None else radius
    options = FindOptions(tier=Tier.parse(tier), spec=spec, radius=within)
    place = os.fspath(catalog)
    if not os.path.isfile(place):
        raise SourceError(f"nothing to read: there is no catalog {place!r}")
    return _verified(place, options, workers)


def _verified(place: str, options: FindOptions, workers: int) -> Iterator[VerifiedPairs]:
    with open_catalog(place) as store, ThreadPoolExecutor(workers) as threads:
        ids = store.decoded(version=decode.VERSION, detail=MIN_DETAIL)
        owner, block = hash_words(ids, store, options.spec, threads=workers)
        ids = ids[owner]
        for left, right, distance in join.iter_near_pairs(block, options.radius, threads=workers):
            parts = [slice(start, start + PAIRS_AT_ONCE) for start in range(0, len(left), PAIRS_AT_ONCE)]
            begun = (_judged(store, ids[left[rows]], ids[right[rows]], threads) for rows in parts)
            for rows, (tier, score) in zip(parts, one_ahead(begun), strict=True):
                kept = np.flatnonzero(tier <= options.tier)
                if len(kept):
                    at = rows.start + kept
                    yield VerifiedPairs(ids[left[at]], ids[right[at]], distance[at], tier[kept], score[kept])


def _judged(store: Catalog, left: Column, right: Column, threads: ThreadPoolExecutor) -> Callable[[], Verdict]:
    """Begin to verify pairs of contents on their thumbnails; return what waits for the verdicts."""
    needed, at = np.unique(np.concatenate([left, right]), return_inverse=True)
    facts = store.contents(needed)
    luma, chroma = store.thumbnails(needed)
    rank = precedence(facts.width * facts.height, facts.digest)
    one, other = in_order(rank, at[: len(left)], at[len(left) :])

    def shown(rows: Column) -> Pictures:
        return pictures_of(luma[rows], chroma[rows], facts.width[rows], facts.height[rows])

    verified = judge_thumbnails(shown, one, other, Exposures(facts), (one, other), threads)

    def finish() -> Verdict:
        found = verified()
        return found.tier, found.score

    return finish
