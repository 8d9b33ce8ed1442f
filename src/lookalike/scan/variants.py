"""Hashes of contents and of what is made of them (without a border, turned, parts): made of thumbnails, kept in the catalog."""

from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from lookalike import bits, hashes
from lookalike.hashes import crops
from lookalike.hashes.borders import WHOLE, trim_boxes, trimmed, within
from lookalike.model import HashSpec
from lookalike.options import FindOptions
from lookalike.stores.catalog import Catalog
from lookalike.turns import turned

Made = tuple[NDArray[np.int64], NDArray[np.uint64]]
"""``(owner, block)``: row i of the hash block belongs to thumbnail ``owner[i]``; owners ascend."""

THUMBNAILS_AT_ONCE, THUMBNAILS_A_THREAD = 4096, 512
CROP_MORE = 2
"""Bits by which the hash of a crop may be farther off than that of a part: it lies between the places that are tried."""
TURNS = tuple(range(2, 9))
"""EXIF orientations of the variant turned, in their order."""


def _plain(luma: NDArray[np.uint8], spec: HashSpec) -> Made:
    return np.arange(len(luma)), hashes.hash_block(luma, spec)


def _trimmed(luma: NDArray[np.uint8], spec: HashSpec) -> Made:
    boxes = within(trim_boxes(luma))
    owner = np.flatnonzero((boxes != np.array(WHOLE)).any(axis=1))
    return owner, hashes.hash_block(trimmed(luma[owner], boxes[owner]), spec)


def _turned(luma: NDArray[np.uint8], spec: HashSpec) -> Made:
    way = hashes.way(spec)
    if way.dihedral is not None:
        made = way.dihedral(way.prepare(luma, spec.size, spec.filter), spec.size)[1:]
    else:
        made = np.stack([hashes.hash_block(turned(luma, orientation), spec) for orientation in TURNS])
    count = len(luma)
    return np.repeat(np.arange(count), len(TURNS)), made.transpose(1, 0, 2).reshape(len(TURNS) * count, made.shape[2])


def _boxes(boxes: NDArray[np.int64], luma: NDArray[np.uint8], spec: HashSpec) -> Made:
    if spec != crops.SPEC:
        raise ValueError(f"parts of pictures are hashed by {crops.SPEC.id} only, not by {spec.id}")
    return np.repeat(np.arange(len(luma)), len(boxes)), crops.hash_boxes(luma, boxes).reshape(len(luma) * len(boxes), 1)


_BOXES = {"parts": crops.PARTS, "edges": crops.EDGES, "crops": crops.CROPS}
VARIANTS: dict[str, Callable[[NDArray[np.uint8], HashSpec], Made]] = {
    "plain": _plain, "trimmed": _trimmed, "turned": _turned,
    **{name: partial(_boxes, boxes) for name, boxes in _BOXES.items()},
}  # fmt: skip
"""What can be hashed of a thumbnail: none, one or several hashes each."""
COUNTS = {"plain": 1, "trimmed": 1, "turned": len(TURNS), **{name: len(boxes) for name, boxes in _BOXES.items()}}
"""How many that are; of the variant trimmed none, too."""


def box_names(tables: dict[str, NDArray[np.int64]]) -> dict[str, str]:
    """Return names of variants that are boxes, with a digest of these.

    Parameters
    ----------
    tables : dict of ndarray of int64, shape (b, 4)
        Boxes by variant.

    Returns
    -------
    dict of str
        Names by variant.

    Examples
    --------
    >>> box_names({"parts": np.array([[0, 0, 45, 45]])})
    {'parts': 'parts-46d8d605'}
    """
    return {name: f"{name}-{crc32(repr(boxes.tolist()).encode()):08x}" for name, boxes in tables.items()}


TRIMMING = 1
"""Version of what is taken for a border; raise it when that changes."""
STORED = {"trimmed": f"trimmed-{TRIMMING}", **box_names(_BOXES)}
"""Names that a catalog keeps variants by, where they differ."""


def stored_name(variant: str) -> str:
    """Return the name under which a catalog keeps a variant: another one once something else is hashed.

    Parameters
    ----------
    variant : str
        One of `VARIANTS`.

    Returns
    -------
    str
        With a digest of the table of boxes where there is one, a version where what is hashed is computed.

    Examples
    --------
    >>> stored_name("plain"), stored_name("trimmed")
    ('plain', 'trimmed-1')
    """
    return STORED.get(variant, variant)


def at_scan(spec: HashSpec) -> tuple[tuple[HashSpec, str], ...]:
    """Return what is hashed of each picture that is scanned; whatever else is wanted is made of thumbnails later.

    Parameters
    ----------
    spec : HashSpec
        The hash to join by.

    Returns
    -------
    tuple of (HashSpec, str)
        Hashes, and one of `VARIANTS` each.
    """
    return (spec, "plain"), (spec, "trimmed"), (crops.SPEC, "parts"), (crops.SPEC, "edges")


@dataclass(frozen=True, slots=True)
class Sort:
    """One sort of hashes that proposes.

    Attributes
    ----------
    spec : HashSpec
        Which hash.
    variant : str
        Of what, one of `VARIANTS`.
    hashes : int
        Hashes of an item.
    radius : int
        Greatest distance in bits, inclusive.
    crossed : bool
        Whether each of them is held against the whole pictures, rather than against its like.
    """

    spec: HashSpec
    variant: str
    hashes: int
    radius: int
    crossed: bool = False


def sorts(options: FindOptions) -> tuple[Sort, ...]:
    """Return what proposes.

    Parameters
    ----------
    options : FindOptions
        Hash, radius, orientations, and whether to look for crops.

    Returns
    -------
    tuple of Sort
        Whole pictures first. What borders surround is one sort with them, though few pictures have such a hash.

    Examples
    --------
    >>> [(sort.variant, sort.radius) for sort in sorts(FindOptions(radius=4, crops=True))]
    [('plain', 4), ('parts', 4), ('edges', 4), ('crops', 6)]
    """
    spec, radius = options.spec, options.radius
    near = part_radius(spec, radius)
    found = [Sort(spec, "plain", 1, radius), Sort(crops.SPEC, "parts", len(crops.PARTS), near)]
    if options.orient != "upright":  # the mirrored one is the first
        found.append(Sort(spec, "turned", 1 if options.orient == "mirror" else len(TURNS), radius, crossed=True))
    found.append(Sort(crops.SPEC, "edges", len(crops.EDGES), near, crossed=True))
    if options.crops:
        farther = min(near + CROP_MORE, crops.SPEC.bits)
        found.append(Sort(crops.SPEC, "crops", len(crops.CROPS), farther, crossed=True))
    return tuple(found)


def part_radius(spec: HashSpec, radius: int) -> int:
    """Return the radius of parts: as far from the usual one of their hash as that of whole pictures is from its own.

    Parameters
    ----------
    spec : HashSpec
        The hash of whole pictures.
    radius : int
        Their radius in bits.

    Returns
    -------
    int
        In bits, by `lookalike.hashes.crops.SPEC`.

    Examples
    --------
    >>> part_radius(HashSpec("phash", 8), 6), part_radius(HashSpec("dhash", 8), 0)
    (6, 0)
    """
    usual = hashes.default_radius(spec)
    if not usual:  # of hashes that join equal ones only; the share of bits is all there is to go by
        return radius * crops.SPEC.bits // spec.bits
    return min(round(hashes.default_radius(crops.SPEC) * radius / usual), crops.SPEC.bits)


def add(store: Catalog, ids: NDArray[np.int64], luma: NDArray[np.uint8], spec: HashSpec, variant: str) -> None:
    """Hash thumbnails and store that; call inside a transaction.

    Parameters
    ----------
    store : Catalog
        Where to.
    ids : ndarray of int64, shape (n,)
        Content ids.
    luma : ndarray of uint8, shape (n, 64, 64)
        Their thumbnails.
    spec : HashSpec
        Which hash.
    variant : str
        One of `VARIANTS`.
    """
    _store(store, ids, VARIANTS[variant](luma, spec), spec, variant)


def _store(store: Catalog, ids: NDArray[np.int64], made: Made, spec: HashSpec, variant: str) -> None:
    owner, block = made
    words = bits.to_bytes(block)
    ends = np.searchsorted(owner, np.arange(len(ids) + 1)).tolist()
    rows = (b"".join(words[start:end]) for start, end in pairwise(ends))
    store.add_words(zip(ids.tolist(), rows, strict=True), spec, stored_name(variant))


def _made(luma: NDArray[np.uint8], spec: HashSpec, variant: str, threads: Executor) -> Made:
    """Hash thumbnails, some at a time in each thread."""
    starts = range(0, len(luma), THUMBNAILS_A_THREAD)
    parts = threads.map(lambda start: VARIANTS[variant](luma[start : start + THUMBNAILS_A_THREAD], spec), starts)
    owners, blocks = zip(
        *((start + owner, block) for start, (owner, block) in zip(starts, parts, strict=True)), strict=True
    )
    return np.concatenate(owners), np.concatenate(blocks)


def hash_words(
    ids: NDArray[np.int64], store: Catalog, spec: HashSpec, variant: str = "plain", *, threads: int = 1
) -> Made:
    """Return the hashes of contents; those the catalog lacks are made from its thumbnails.

    Parameters
    ----------
    ids : ndarray of int64, shape (n,)
        Content ids, ascending.
    store : Catalog
        Where thumbnails and hashes are kept.
    spec : HashSpec
        Which hash.
    variant : str
        One of `VARIANTS`.
    threads : int
        How many threads hash.

    Returns
    -------
    owner : ndarray of int64, shape (m,)
        Rows of `ids`, ascending; for the variant plain each of them once.
    block : ndarray of uint64, shape (m, words)
        Row i belongs to ``ids[owner[i]]``.
    """
    found, count, block = store.word_columns(ids, spec, stored_name(variant))
    missing = np.setdiff1d(ids, found, assume_unique=True)
    with ThreadPoolExecutor(threads) as pool:
        for start in range(0, len(missing), THUMBNAILS_AT_ONCE):
            part = missing[start : start + THUMBNAILS_AT_ONCE]
            made = _made(store.thumbnails(part)[0], spec, variant, pool)
            with store.transaction():
                _store(store, part, made, spec, variant)
    if len(missing):
        found, count, block = store.word_columns(ids, spec, stored_name(variant))
    if not np.array_equal(found, ids):
        raise store.damaged("hashes that were stored are missing, or are there twice")
    if not np.isin(count, (0, 1) if variant == "trimmed" else COUNTS[variant]).all():
        raise store.damaged("a picture has another number of hashes")
    return np.repeat(np.arange(len(found)), count), block
