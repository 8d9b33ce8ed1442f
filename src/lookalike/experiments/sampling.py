"""A collection to a sample: its different images, how near their hashes are, and written edits of some of them."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookalike import bits, curves, decode, grouping, hashes, join
from lookalike.candidates.proposing import propose
from lookalike.columns import Column, Images
from lookalike.errors import DecodeError
from lookalike.limiting import File, SecondLooks
from lookalike.model import MIN_DETAIL, HashSpec, Tier
from lookalike.options import FindOptions
from lookalike.scan.scanning import OnProgress
from lookalike.scan.variants import THUMBNAILS_AT_ONCE
from lookalike.stores.catalog import Catalog
from lookalike.transforms import Transform
from lookalike.verdicts.judging import Judge

LONG_SIDE = 640
"""Pixels of the longer side that pictures are reduced to before they are edited."""
SHORT_SIDE = 16
"""Pixels of the shorter side that they must have then: edits draw on them."""
MOST_COMPARED = 20_000
"""Images whose hashes are compared with each other."""
OTHERS = 1000
"""Images that are compared with the edits of others as they are."""
NEAREST = 1000
"""Pairs of each hash that are verified, the nearest, in search of the same picture among what the join left apart."""
MOST_PAIRS = 1 << 24
"""Pairs of a hash that are counted by image; the curve ends before the radius that has more."""


@dataclass(frozen=True, slots=True)
class Collection:
    """The different images of a collection, or of a sample of it, in the order of their digests.

    Attributes
    ----------
    images : Images
        What was scanned.
    row : ndarray of int64, shape (n,)
        Rows of `images`; no two are the same picture, as far as verification can tell.
    contents : int
        Distinct files in the collection.
    joinable : int
        Those of them with enough detail to be joined by hash.
    compared : int
        Those of them that were compared with each other: all, up to `MOST_COMPARED`.
    same : int
        Those of them that were left out, being the same picture as another.
    """

    images: Images
    row: Column
    contents: int
    joinable: int
    compared: int
    same: int

    @property
    def pairs(self) -> int:
        """Pairs of the different images."""
        return len(self.row) * (len(self.row) - 1) // 2

    @property
    def scale(self) -> float:
        """Pairs in the whole collection over these."""
        return self.joinable * (self.joinable - 1) / 2 / max(self.pairs, 1)


def different_images(
    images: Images, store: Catalog, specs: Sequence[HashSpec], *, workers: int, looks: SecondLooks | None = None
) -> Collection:
    """Leave one image of each picture of a collection.

    Candidates are those of `find` with its defaults, and the nearest pairs of each hash.

    Parameters
    ----------
    images : Images
        What was scanned.
    store : Catalog
        Where thumbnails are kept, and verdicts.
    specs : sequence of HashSpec
        The hashes.
    workers : int
        How many threads join and verify; it changes nothing in the result.
    looks : SecondLooks, optional
        Who looks at files again; None for the usual limits.

    Returns
    -------
    Collection
        Of images with enough detail; where there are many, of those with the least digests.
    """
    facts = images.facts
    content, first = np.unique(images.content, return_index=True)
    joinable = np.flatnonzero(facts.detail[content] >= MIN_DETAIL)
    order = sorted(joinable.tolist(), key=lambda at: facts.digest[content[at]])[:MOST_COMPARED]
    content, first = content[order], first[order]
    options = FindOptions()
    proposals = propose(content, np.ones(len(content), np.bool_), facts.id, store, options, threads=workers)
    with ThreadPoolExecutor(workers) as threads:
        judge = Judge(images, content, first, proposals, store, options, threads, looks=looks)
        grouped = grouping.group(proposals.candidates, judge, Tier.EDIT)
        judge.flush()
        kept = np.flatnonzero(grouped.group == np.arange(len(content)))
        near = [_nearest(block) for block in _blocks(facts.id[content[kept]], store, specs)]
        pairs = np.unique(np.concatenate([np.zeros((2, 0), np.int64), *near], axis=1), axis=1)
        # These verdicts are not stored: find may know by a hint how such a pair is to be looked at.
        tier, _ = judge(kept[pairs[0]], kept[pairs[1]])
    again = np.unique(pairs[1, tier <= Tier.EDIT])
    row = first[np.delete(kept, again)]
    return Collection(images, row, len(facts.id), len(joinable), len(content), len(content) - len(row))


def degrees_of(collection: Collection, store: Catalog, specs: Sequence[HashSpec]) -> list[NDArray[np.int64]]:
    """Count how many others are near each image of a collection, by hash and distance.

    Parameters
    ----------
    collection : Collection
        Different images.
    store : Catalog
        Where thumbnails are kept.
    specs : sequence of HashSpec
        The hashes.

    Returns
    -------
    list of ndarray of int64, shape (radii, n)
        As from `lookalike.curves.degrees`, one for each hash, up to `lookalike.curves.REACH`; fewer radii where
        those have more than `MOST_PAIRS`.
    """
    made = []
    ids = collection.images.facts.id[collection.images.content[collection.row]]
    for spec, block in zip(specs, _blocks(ids, store, specs), strict=True):
        within = np.cumsum(join.count_pairs(block, int(spec.bits * curves.REACH)))
        most = max(int((within <= MOST_PAIRS).sum()) - 1, 0)
        made.append(curves.degrees(join.iter_near_pairs(block, most), len(block), most))
    return made


def proposed_among(collection: Collection, store: Catalog, options: FindOptions, *, workers: int) -> float:
    """Count what `find` proposes in a collection: by whole pictures, and by parts, crops and turns of them.

    Parameters
    ----------
    collection : Collection
        Different images: every candidate among them is false.
    store : Catalog
        Where thumbnails and hashes are kept.
    options : FindOptions
        What `find` is told.
    workers : int
        How many threads join.

    Returns
    -------
    float
        False candidates to be expected in the whole collection.
    """
    content = collection.images.content[collection.row]
    every = np.ones(len(content), np.bool_)
    found = propose(content, every, collection.images.facts.id, store, options, threads=workers).candidates
    return collection.scale * sum(len(found.near(item)) for item in range(len(content))) / 2


def _blocks(ids: Column, store: Catalog, specs: Sequence[HashSpec]) -> list[NDArray[np.uint64]]:
    """Hash thumbnails without a trace in the catalog, which need not hold what only this job wants."""
    ascending = np.argsort(ids)
    parts = [[np.zeros((0, bits.words(spec.bits)), np.uint64)] for spec in specs]
    for start in range(0, len(ids), THUMBNAILS_AT_ONCE):
        luma, _ = store.thumbnails(ids[ascending[start : start + THUMBNAILS_AT_ONCE]])
        for part, spec in zip(parts, specs, strict=True):
            part.append(hashes.hash_block(luma, spec))
    back = np.argsort(ascending)
    return [np.concatenate(part)[back] for part in parts]


def _nearest(block: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return the nearest pairs, whole shells of equal distance of at most `NEAREST` together; else so many equal ones."""
    within = np.cumsum(join.count_pairs(block, int(block.shape[1] * bits.WORD * curves.REACH)))
    radius = int((within <= NEAREST).sum()) - 1
    near = join.near_pairs(block, radius) if radius >= 0 else next(join.iter_near_pairs(block, 0, limit=NEAREST))
    return np.stack(near[:2])


def sample_of(collection: Collection, count: int) -> tuple[Column, Column]:
    """Choose images to edit, and others to compare the edits with.

    Parameters
    ----------
    collection : Collection
        Different images.
    count : int
        Most of them to edit.

    Returns
    -------
    edited : ndarray of int64, shape (up to count,)
        Rows of its images: those with the least digests of those that are large enough to be drawn on.
    others : ndarray of int64, shape (up to OTHERS,)
        Those of the others with the least digests.
    """
    facts, content = collection.images.facts, collection.images.content[collection.row]
    sides = np.stack([facts.width[content], facts.height[content]])
    large = np.flatnonzero(sides.min(axis=0) * np.minimum(LONG_SIDE / sides.max(axis=0), 1) >= SHORT_SIDE)[:count]
    return collection.row[large], np.delete(collection.row, large)[:OTHERS]


@dataclass(frozen=True, slots=True)
class Edit:
    """An edited picture.

    Attributes
    ----------
    original : int
        Number of its original in the sample.
    transform : Transform
        What was done.
    path : str
        Where it was written.
    """

    original: int
    transform: Transform
    path: str


def write_edits(
    originals: Sequence[tuple[str, bytes]],
    transforms: Sequence[Transform],
    folder: str,
    *,
    workers: int,
    progress: OnProgress,
    looks: SecondLooks | None = None,
) -> list[Edit]:
    """Write edits of images into a folder.

    Parameters
    ----------
    originals : sequence of (str, bytes)
        Path and digest of each image; the digest decides what is left to chance.
    transforms : sequence of Transform
        What to do to each.
    folder : str
        Where to; must be there.
    workers : int
        How many threads edit.
    progress : callable
        Told about progress, in files.
    looks : SecondLooks, optional
        Who decodes them; None for the usual limits.

    Returns
    -------
    list of Edit
        All edits of each image that could be read.
    """
    every, looks = len(originals) * len(transforms), looks or SecondLooks()

    def edit(number: int) -> list[Edit]:
        path, digest = originals[number]
        try:
            with open(path, "rb") as file:
                picture = looks(_picture, (file.read(), path), max_pixels=looks.options.max_pixels)
        except (OSError, DecodeError):  # it was there when it was scanned; the caller counts what came of it
            return []
        made = []
        for at, transform in enumerate(transforms):
            place = os.path.join(folder, f"{number}-{at}.jpg")  # what it is shows its content
            random = np.random.default_rng([int.from_bytes(digest[:8]), *transform.name.encode()])
            with open(place, "wb") as file:
                file.write(transform.apply(picture, random))
            made.append(Edit(number, transform, place))
        return made

    edits: list[Edit] = []
    with _mapping(edit, range(len(originals)), workers) as results:
        for number, made in enumerate(results, 1):
            edits += made
            progress(number * len(transforms), every, True)
    return edits


def _picture(file: File, *, max_pixels: int) -> Image.Image:
    return decode.picture(*file, LONG_SIDE, max_pixels=max_pixels)


@contextmanager
def _mapping(
    function: Callable[[int], list[Edit]], numbers: Iterable[int], workers: int
) -> Iterator[Iterable[list[Edit]]]:
    """Map in threads; where the body fails or is interrupted, what has not begun never will."""
    threads = ThreadPoolExecutor(workers)
    try:
        yield threads.map(function, numbers)
    finally:
        threads.shutdown(cancel_futures=True)
