"""Contents of other bytes and the same pixels: facts and thumbnails say which may be, a full decode of each decides."""

import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lookalike import decode
from lookalike.columns import Facts, Images
from lookalike.limiting import limits
from lookalike.model import MAX_PIXELS
from lookalike.options import ScanOptions
from lookalike.pool import Pool
from lookalike.scan.examining import Scanned, scanned
from lookalike.scan.pixels import LUMA_KEY_BYTES, PixelOutcome, examine_pixels, luma_key, pixels_overran, pixels_unknown
from lookalike.scan.shortcut import CHUNK_FILES, chunk_length
from lookalike.scan.storing import BATCH_FILES, BATCH_SECONDS
from lookalike.sources.reading import Reader
from lookalike.stores.catalog import Catalog

THUMBNAILS_AT_ONCE = 4096
BLOCK_MEANS = ("JPEG", "MPO")
"""Formats whose thumbnails are made of block means: those of lossless files with the same pixels are near, not equal."""

Rows = NDArray[np.int64]


def twins(
    images: Images,
    order: Rows,
    words: NDArray[np.uint64],
    store: Catalog,
    reader: Reader,
    options: ScanOptions,
    *,
    workers: int,
) -> Rows:
    """Find the contents that have the same pixels.

    Parameters
    ----------
    images : Images
        What was scanned.
    order : ndarray of int64, shape (n,)
        Rows of `images` in keep order; of each content the first name is read.
    words : ndarray of uint64, shape (m, words)
        A fast hash of each content: a pure function of its thumbnail, so unequal hashes need no look at thumbnails.
    store : Catalog
        Where thumbnails and what full decodes found are kept.
    reader : Reader
        Who reads what is no ordinary file.
    options : ScanOptions
        With the limits that somebody set. What could not be decoded before is then tried again, and what breaks one of these is
        not kept as what cannot be decoded.
    workers : int
        How many files are decoded at a time; it changes no result.

    Returns
    -------
    ndarray of int64, shape (m,)
        For each content the first one with the same pixels, itself where that is known of no other.

    Notes
    -----
    Nothing is done by pairs. A content is decoded once, if another one has the same size, frames, alpha, depth and luma; chroma
    may be a level off between two ways to decode, and so may the fact whether there is colour, so both are left to the decode.
    A thumbnail is turned after it was made, and not quite that of a file saved upright: what EXIF turns is decoded if it may
    have such a twin at all, and then has the luma of one.
    """
    facts = images.facts
    same = np.arange(len(facts.id))
    label = _shapes(facts)
    turned, beside = _turned(facts, label)
    bare = np.flatnonzero(np.isin(facts.id, store.bare()))  # nothing is known of those but a hash
    turned, rows = np.setdiff1d(turned, bare), np.setdiff1d(np.union1d(suspects(facts, words), beside), bare)
    if not len(rows):
        return same
    decoder = _Decoder(images, order, store, reader, options, workers)
    keys = _keys(facts.id[rows], store)
    for row, (_, luma) in decoder(turned).items():
        if luma is not None:
            keys[np.searchsorted(rows, row)] = np.frombuffer(luma, np.uint64)
    first: dict[bytes, int] = {}
    for row, (digest, _) in sorted(decoder(rows[_repeated(label[rows], *keys.T)]).items()):
        if digest is not None:
            same[row] = first.setdefault(digest, row)
    return same


def suspects(facts: Facts, words: NDArray[np.uint64]) -> Rows:
    """Return the contents of one shape and hash with another one: these may have the same pixels.

    Parameters
    ----------
    facts : Facts
        What is known of contents.
    words : ndarray of uint64, shape (m, words)
        A fast hash of each.

    Returns
    -------
    ndarray of int64, shape (n,)
        Rows, ascending.
    """
    return _repeated(_shapes(facts), *words.T)


def _shapes(facts: Facts) -> Rows:
    return _labels(facts.width, facts.height, facts.frames, facts.alpha, facts.depth)


class _Decoder:
    """Say what full decodes find of contents; what the catalog knows is not decoded again."""

    def __init__(
        self, images: Images, order: Rows, store: Catalog, reader: Reader, options: ScanOptions, workers: int
    ) -> None:
        self._images, self._store, self._reader = images, store, reader
        self._options, self._workers = options, workers
        self._step = f"{decode.PIXELS_VERSION}/{decode.decoders()}"
        self._image = np.empty(len(images.facts.id), np.int64)
        self._image[images.content[order[::-1]]] = order[::-1]  # the last to be written is the first in keep order

    def __call__(self, rows: Rows) -> dict[int, tuple[bytes | None, bytes | None]]:
        """Return digest and upright luma by row; without those that cannot be known now."""
        ids = self._images.facts.id
        stored = self._store.pixels(ids[rows], self._step)
        by_row = dict(zip(rows.tolist(), ids[rows].tolist(), strict=True))
        found = {row: stored[content] for row, content in by_row.items() if content in stored}
        if self._options.held or self._options.max_pixels != MAX_PIXELS:
            found = {row: one for row, one in found.items() if one[0] is not None}
        fresh: list[PixelOutcome] = []
        kept = time.monotonic()
        for seen in self._decoded([row for row in by_row if row not in found]):
            fresh += (one for one in seen if one.settled)
            if len(fresh) >= BATCH_FILES or time.monotonic() - kept > BATCH_SECONDS:
                self._keep(fresh, found)
                fresh, kept = [], time.monotonic()
        self._keep(fresh, found)
        return found

    def _keep(self, fresh: list[PixelOutcome], found: dict[int, tuple[bytes | None, bytes | None]]) -> None:
        if not fresh:
            return
        ids = self._images.facts.id
        with self._store.transaction():
            self._store.add_pixels(((int(ids[one.row]), one.digest, one.luma) for one in fresh), self._step)
        found.update((one.row, (one.digest, one.luma)) for one in fresh)

    def _decoded(self, rows: list[int]) -> Iterator[list[PixelOutcome]]:
        if not rows:
            return
        at = 0
        may, held = limits(self._options), self._options.held
        with Pool(
            examine_pixels, pixels_unknown, workers=self._workers, limits=may, isolated=held,
            overran=pixels_unknown if held else pixels_overran,
        ) as pool:  # fmt: skip
            while at < len(rows):
                ahead = rows[at : at + CHUNK_FILES]
                length = chunk_length(self._images.facts.size[ahead].tolist())
                pool.submit([file for file in map(self._file, ahead[:length]) if file is not None])
                at += length
                yield from (seen for _, seen in pool.results(wait=not pool.room))
            while results := list(pool.results(wait=True)):
                yield from (seen for _, seen in results)

    def _file(self, row: int) -> Scanned | None:
        return scanned(row, self._images.path[int(self._image[row])], self._images.facts, self._reader, self._options)


def _labels(*columns: NDArray[np.generic]) -> Rows:
    """Return a number for each row of some columns, the same for equal rows."""
    order = np.lexsort(columns)
    new = np.zeros(len(order), np.bool_)
    for column in columns:
        new[1:] |= np.diff(column[order]) != 0
    label = np.empty(len(order), np.int64)
    label[order] = np.cumsum(new)
    return label


def _repeated(*columns: NDArray[np.generic]) -> Rows:
    """Return which rows of some columns there are more than once, ascending."""
    label = _labels(*columns)
    return np.flatnonzero(np.bincount(label)[label] > 1)


def _turned(facts: Facts, label: Rows) -> tuple[Rows, Rows]:
    """Return contents that EXIF turns and that may be the same as one that lies otherwise, and all that lie beside them."""
    way = np.array([exif.get("orientation", 1) for exif in facts.exif], np.int64)
    whole = np.array([format_ not in BLOCK_MEANS for format_ in facts.format], np.bool_)
    turned = whole & (way != 1)
    if not turned.any():
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    lossless = np.zeros(len(label), np.bool_)  # no two lossy files come to the same pixels by lying otherwise
    lossless[label[whole & facts.lossless]] = True
    least, most = np.full(len(label), 8), np.ones(len(label), np.int64)
    np.minimum.at(least, label[whole], way[whole])
    np.maximum.at(most, label[whole], way[whole])
    mixed = (lossless & (least < most))[label]
    return np.flatnonzero(turned & mixed), np.flatnonzero(whole & mixed)


def _keys(ids: Rows, store: Catalog) -> NDArray[np.uint64]:
    """Return short digests of the luma of contents, some thumbnails at a time."""
    keys = bytearray()
    for start in range(0, len(ids), THUMBNAILS_AT_ONCE):
        luma, _ = store.thumbnails(ids[start : start + THUMBNAILS_AT_ONCE])
        keys += b"".join(map(luma_key, luma))
    return np.frombuffer(keys, np.uint64).reshape(len(ids), LUMA_KEY_BYTES // 8)
