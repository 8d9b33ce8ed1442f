"""An exact join cut into tasks that know nothing of each other: bands of bits, buckets of equal bands, hot buckets in parts.

Of two hashes that differ in r bits at most, none of these falls into at least one of r + 1 bands of bits. So each hash is dealt
into a bucket for every band, by the value of its bits there; whoever holds a bucket joins it by itself, with the kernel of one
machine; and a pair counts in the bucket of the first band in which it agrees, so that it comes exactly once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import NDArray

from lookalike import bits
from lookalike.join.arguments import LIMIT, Block, Column, Pairs
from lookalike.join.cross import stream_cross_pairs
from lookalike.join.pairs import stream_distinct_pairs

OLD, MADE = 1, 2
"""Sides of a hash, to be added up: known before, so that it meets no other one that was; made of something, to be held against
hashes of things as they are."""
_SECOND = 4
"""Side of what lies in the second of the two parts of a hot bucket that a task holds."""
_SIDE_BITS, _PART_BITS, _KEY_BITS, _BAND_BITS = 3, 7, 34, 8
MOST_PARTS = 1 << _PART_BITS
MOST_BANDS = 1 << _BAND_BITS
MOST_JOINS = 1 << (64 - _SIDE_BITS - 2 * _PART_BITS - _KEY_BITS - _BAND_BITS)
"""How many joins can share buckets: their numbers have the bits that are left."""
ALONE = 1 << 20
"""So few hashes go into one bucket: a second of the kernel."""
MOST_ROWS = 1 << 24
"""Hashes of one bucket: some 70 bytes each while it is joined, and half a minute of the kernel."""
FEWEST_ROWS = 1 << 12
"""Buckets are not made smaller on purpose: each costs a call."""
BALANCED_BY = 1 << 14
"""How many hashes of a sample decide which bits go together."""

Numbers = NDArray[np.uint64]


@dataclass(frozen=True, slots=True, eq=False)
class Bands:
    """How the hashes of one join are dealt into buckets. Made by `Bands.of`.

    Attributes
    ----------
    masks : ndarray of uint64, shape (bands, words)
        Which bits each band looks at; no bit is in two.
    radius : int
        Greatest distance of a pair in bits, inclusive.
    crossed : bool
        Whether what is `MADE` meets only what is not; else everything meets everything.
    second : int or None
        Greatest distance of other hashes, whose words come after those of the first; None where there are none.
    count : int
        How many hashes there are in all.
    hot : tuple of (ndarray of uint64, ndarray of uint64)
        For each band: buckets that hold too much, ascending, and how many parts each is cut into.
    records : int
        About how many records these hashes are dealt into.
    """

    masks: Block
    radius: int
    crossed: bool
    second: int | None
    count: int
    hot: tuple[tuple[Numbers, Numbers], ...]
    records: int = 0

    @classmethod
    def of(
        cls, sample: Block, radius: int, count: int, *, words: int | None = None, crossed: bool = False,
        second: int | None = None, most: int = MOST_ROWS,
    ) -> "Bands":  # fmt: skip
        """Plan a join.

        Parameters
        ----------
        sample : ndarray of uint64, shape (n, words)
            Some of the hashes, without repetition. It changes how much work there is, never which pairs are found.
        radius : int
            Greatest distance in bits, inclusive.
        count : int
            How many hashes there are in all.
        words : int, optional
            Words of the first hash, where those of a second one follow; None for all.
        crossed, second
            As the attributes.
        most : int
            How many hashes one bucket should hold at most; where all fit, and are few, there is one bucket.

        Returns
        -------
        Bands
            Bits that go together are chosen so that the fullest buckets hold as little as can be.

        Raises
        ------
        ValueError
            If the radius is negative, or so wide that it takes more bands than there may be.

        Examples
        --------
        >>> random = np.random.default_rng(1).integers(0, 1 << 63, (1000, 1), np.uint64)
        >>> Bands.of(random, 8, 1000).masks.shape, Bands.of(random, 8, 1000, most=100).masks.shape
        ((1, 1), (9, 1))
        """
        words = sample.shape[1] if words is None else words
        wide = radius + 1 > bits.WORD * words
        if not 0 <= radius < MOST_BANDS and not wide:
            raise ValueError(f"radius must be 0 to {MOST_BANDS - 1} bits to be joined in bands, got {radius}")
        first = sample[:, :words]
        masks = (
            np.zeros((1, words), np.uint64)
            if count <= min(most, ALONE) or wide
            else _balanced(first[:BALANCED_BY], radius + 1)
        )
        plan = cls(masks, radius, crossed, second, count, ())
        hot, records = [], count * len(masks)
        for band in range(len(masks)):
            key, held = np.unique(plan._keys(first, band), return_counts=True)
            rows = held * count // max(len(first), 1)
            parts = np.minimum(-(-rows // most), MOST_PARTS)
            full = np.flatnonzero(parts > 1)
            hot.append((key[full], parts[full].astype(np.uint64)))
            records += int((rows[full] * (parts[full] - 1)).sum())
        return cls(masks, radius, crossed, second, count, tuple(hot), records)

    def deal(self, block: Block, side: int = 0, number: int = 0) -> NDArray[np.void]:
        """Deal hashes into buckets.

        Parameters
        ----------
        block : ndarray of uint64, shape (n, words)
            Hashes, first and second ones.
        side : int
            A sum of `OLD` and `MADE`.
        number : int
            Of this join, among those that share buckets; 0 to ``MOST_JOINS - 1``.

        Returns
        -------
        ndarray of `record`, shape (m,)
            One for each band, and of hot buckets one for each of their parts.

        Raises
        ------
        ValueError
            If too many joins share buckets: numbers would run into each other.
        """
        if not 0 <= number < MOST_JOINS:
            raise ValueError(f"joins that share buckets have the numbers 0 to {MOST_JOINS - 1}, got {number}")
        words = self.masks.shape[1]
        own = _mixed(block, 0)
        rows, codes = [], []
        for band, (hot, parts) in enumerate(self.hot):
            key = self._keys(block[:, :words], band)
            code = np.uint64(number << _BAND_BITS | band) << np.uint64(_KEY_BITS) | key
            cut = np.minimum(np.searchsorted(hot, key), max(len(hot) - 1, 0))
            is_hot = hot[cut] == key if len(hot) else np.zeros(len(key), np.bool_)
            cool = np.flatnonzero(~is_hot)
            rows.append(cool)
            codes.append(_coded(code[cool], 0, 0, side))
            for at in np.unique(cut[is_hot]).tolist():
                those = np.flatnonzero(is_hot & (cut == at))
                part = own[those] % parts[at]
                for other in range(int(parts[at])):
                    low, high = np.minimum(part, other), np.maximum(part, other)
                    rows.append(those)
                    codes.append(_coded(code[those], low, high, side | _SECOND * (part > other)))
        row = np.concatenate(rows)
        made = np.empty(len(row), record(block.shape[1]))
        made["bucket"], made["words"] = np.concatenate(codes), block[row]
        return made

    def first_agreeing(self, left: Block, right: Block) -> Column:
        """Return the first band in which pairs agree.

        Parameters
        ----------
        left, right : ndarray of uint64, shape (n, words)
            First hashes.

        Returns
        -------
        ndarray of int64, shape (n,)
            The number of bands for a pair that agrees in none.
        """
        found = np.full(len(left), len(self.masks))
        differing = left ^ right
        for band in reversed(range(len(self.masks))):
            found[~(differing & self.masks[band]).any(axis=1)] = band
        return found

    def _keys(self, first: Block, band: int) -> Numbers:
        buckets = max(1, min(self.count // FEWEST_ROWS, 1 << _KEY_BITS))
        return _mixed(first & self.masks[band], 1) % np.uint64(buckets)


def record(words: int) -> np.dtype[np.void]:
    """Return what a hash in a bucket is: the bucket, and the words of the hash.

    Parameters
    ----------
    words : int
        Of first and second hashes together.

    Returns
    -------
    dtype
        Fields bucket and words.

    Examples
    --------
    >>> record(1).itemsize
    16
    """
    return np.dtype([("bucket", "<u8"), ("words", "<u8", (words,))])


def task_of(records: NDArray[np.void], tasks: int) -> Column:
    """Say which task holds each record.

    Parameters
    ----------
    records : ndarray of `record`, shape (n,)
        From `Bands.deal`.
    tasks : int
        How many tasks there are.

    Returns
    -------
    ndarray of int64, shape (n,)
        0 to ``tasks - 1``; the same for all that lies in one bucket.
    """
    bucket = records["bucket"] >> np.uint64(_SIDE_BITS)
    return (_mixed(bucket[:, np.newaxis], 2) % np.uint64(tasks)).astype(np.int64)


def meet(
    joins: tuple[Bands, ...], records: NDArray[np.void], *, limit: int = LIMIT
) -> Iterator[tuple[int, Block, Block, Column]]:
    """Join what a task holds.

    Parameters
    ----------
    joins : tuple of Bands
        By their numbers.
    records : ndarray of `record`, shape (n,)
        All that was dealt into some buckets, in any order. Of one bucket no hash comes twice with the same side.
    limit : int
        As for `lookalike.join.stream_distinct_pairs`.

    Yields
    ------
    tuple of (int, left, right, distance)
        Number of the join; blocks of hashes and int64 distances of first hashes, one row per pair. The left one is what is
        `MADE` in crossed joins, else the lesser hash. Over all buckets no pair of one join comes twice.
    """
    order = np.argsort(records["bucket"], kind="stable")
    code, words = records["bucket"][order], np.ascontiguousarray(records["words"][order])
    bucket = code >> np.uint64(_SIDE_BITS)
    ends = np.append(np.flatnonzero(bucket[1:] != bucket[:-1]) + 1, len(bucket))
    start = 0
    for end in ends.tolist():
        if end - start > 1:
            yield from _meet(joins, int(bucket[start]), code[start:end], words[start:end], limit)
        start = end


def _meet(
    joins: tuple[Bands, ...], bucket: int, code: Numbers, words: Block, limit: int
) -> Iterator[tuple[int, Block, Block, Column]]:
    """Join one bucket, side by side; its rows are sorted by side."""
    high, low = bucket >> _PART_BITS & MOST_PARTS - 1, bucket & MOST_PARTS - 1
    number, band = divmod(bucket >> _KEY_BITS + 2 * _PART_BITS, MOST_BANDS)
    plan = joins[number]
    sides, starts = np.unique(code & np.uint64((1 << _SIDE_BITS) - 1), return_index=True)
    stops = [*starts[1:].tolist(), len(code)]
    parts = list(zip(sides.tolist(), starts.tolist(), stops, strict=True))
    for (one, start, stop), (other, begin, end) in combinations_with_replacement(parts, 2):
        differ = one ^ other
        if one & other & OLD or (plan.crossed and not differ & MADE) or (high != low and not differ & _SECOND):
            continue
        if one == other:
            left, right = words[start:stop], words[start:stop]
            found = _within(plan, left, limit)
        else:
            left, right = (words[start:stop], words[begin:end])
            found = _between(plan, left, right, limit)
        for row, column, distance in found:
            first, last = left[row], right[column]
            kept = plan.first_agreeing(first[:, : plan.masks.shape[1]], last[:, : plan.masks.shape[1]]) == band
            first, last = first[kept], last[kept]
            swap = np.full(len(first), not one & MADE) if plan.crossed else _less(last, first)
            swapped = swap[:, np.newaxis]
            if len(first):
                yield number, np.where(swapped, last, first), np.where(swapped, first, last), distance[kept]


def _within(plan: Bands, block: Block, limit: int) -> Iterator[Pairs]:
    words = plan.masks.shape[1]
    first, second = np.ascontiguousarray(block[:, :words]), None
    if plan.second is not None:
        second = np.ascontiguousarray(block[:, words:]), plan.second
    return stream_distinct_pairs(first, plan.radius, threads=1, limit=limit, second=second)


def _between(plan: Bands, left: Block, right: Block, limit: int) -> Iterator[Pairs]:
    words = plan.masks.shape[1]
    one, other = (np.ascontiguousarray(block[:, :words]) for block in (left, right))
    for row, column, distance in stream_cross_pairs(one, other, plan.radius, threads=1, limit=limit):
        if plan.second is None:
            yield row, column, distance
            continue
        kept = bits.distance(left[row, words:], right[column, words:]) <= plan.second
        yield row[kept], column[kept], distance[kept]


def _less(left: Block, right: Block) -> NDArray[np.bool_]:
    """Say of which pairs the left hash is less, the first word counting most."""
    less = np.zeros(len(left), np.bool_)
    for word in reversed(range(left.shape[1])):
        less = (left[:, word] < right[:, word]) | ((left[:, word] == right[:, word]) & less)
    return less


def _coded(key: Numbers, low: Numbers | int, high: Numbers | int, side: NDArray[np.int64] | int) -> Numbers:
    parts = np.asarray(low, np.uint64) << np.uint64(_PART_BITS) | np.asarray(high, np.uint64)
    return (key << np.uint64(2 * _PART_BITS) | parts) << np.uint64(_SIDE_BITS) | np.asarray(side, np.uint64)


def _mixed(block: Block, seed: int) -> Numbers:
    """Mix the words of each row into one number (the finalizer of SplitMix64, Steele, Lea and Flood 2014)."""
    mixed = np.full(len(block), seed, np.uint64)
    for word in block.T:
        mixed = (mixed ^ word) + np.uint64(0x9E3779B97F4A7C15)
        mixed = (mixed ^ mixed >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ mixed >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
    return mixed


def _balanced(sample: Block, bands: int) -> Block:
    """Share bits out among bands: the next best bit goes to the band whose buckets would be fullest."""
    width = bits.WORD * sample.shape[1]
    masks = np.zeros((bands, sample.shape[1]), np.uint64)
    at = np.arange(width)
    set_ = (sample[:, at // bits.WORD] >> (at % bits.WORD).astype(np.uint64) & np.uint64(1)).astype(np.bool_)
    share = set_.mean(axis=0) if len(sample) else np.zeros(width)
    key = np.zeros((bands, len(sample)), np.uint64)
    crowd, own = np.ones(bands), np.zeros(bands, np.int64)
    for bit in np.argsort(np.abs(share - 0.5), kind="stable").tolist():
        band = int(np.lexsort((own, -crowd))[0])
        masks[band, bit // bits.WORD] |= np.uint64(1 << bit % bits.WORD)
        key[band] = key[band] * np.uint64(0x9E3779B97F4A7C15) + set_[:, bit]
        own[band] += 1
        _, held = np.unique(key[band], return_counts=True)
        crowd[band] = (held * (held - 1)).sum() / max(len(sample) * (len(sample) - 1), 1)
    return masks
