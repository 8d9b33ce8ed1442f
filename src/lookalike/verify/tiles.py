"""Two aligned planes, compared tile by tile: how much of each tile neither gain nor offset explains."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike.columns import Column
from lookalike.verify.alignment import VALUE_BITS, Map, Plane, sample

SHARE = 1 << 16
"""Measures of tiles are in 1/65536 of the variance of the whole picture."""
MOST = 1 << 24
"""Largest measure."""
SQUARE = 1 << (2 * VALUE_BITS)
"""One level squared."""
NOISE = 2 * SQUARE
"""Variance that codecs leave."""
FLOOR = SQUARE // 4
"""Least variance of a tile or a picture."""
OUTSIDE = -1
"""Measure of a tile that lies outside the other picture."""


@dataclass(frozen=True, slots=True)
class Tiles:
    """What a comparison by tiles finds; one row per pair.

    Attributes
    ----------
    change : ndarray of int64, shape (n, tiles)
        What is different in a tile: the unexplained part of its structure or the offset of its level from a common tone
        curve, whichever is more, in 1/65536 of the variance of the picture; `OUTSIDE` for a tile that lies outside.
    structure : ndarray of int64, shape (n, tiles, 2)
        Variance of the left and the right picture in a tile, in the same unit; 0 where it lies outside.
    contrast : ndarray of int64, shape (n, 2)
        Variance of the left and the right picture where they overlap, in levels squared times 4096.
    level : ndarray of int64, shape (n, 2)
        Their means there, in 1/64 of a level.
    inside : ndarray of int64, shape (n,)
        Positions of the right picture that lie in the left one, of ``side ** 2``.
    difference : ndarray of int64, shape (n,)
        Mean absolute difference there, in 1/64 of a level.
    """

    change: Column
    structure: Column
    contrast: Column
    level: Column
    inside: Column
    difference: Column


def tiles_per_side(side: int) -> int:
    """Return how many tiles planes of a side are cut into along each side.

    Parameters
    ----------
    side : int
        A power of two from 16.

    Returns
    -------
    int
        So many that a tile has at least 4 pixels a side, and 16 from 128 pixels on.

    Examples
    --------
    >>> [tiles_per_side(side) for side in (16, 32, 64, 256)]
    [4, 8, 8, 16]
    """
    return max(min(side // 4, 8), side // 16)


def compare(left: Plane, right: Plane, maps: Map) -> Tiles:
    """Compare planes tile by tile.

    Parameters
    ----------
    left, right : ndarray of int64, shape (n, side, side)
        Planes of one side.
    maps : ndarray of float64, shape (n, 2, 3)
        From positions in `right` to positions in `left`.

    Returns
    -------
    Tiles
        On the grid of `right`.
    """
    count, side = len(left), left.shape[1]
    cut = tiles_per_side(side)
    seen, inside = sample(left, maps, side)
    one, other, held = smooth(seen), smooth(right), inside.astype(np.int64)

    def sums(values: Plane) -> Column:
        cells: Column = (values * held).reshape(count, cut, side // cut, cut, side // cut).sum(axis=(2, 4))
        return cells.reshape(count, cut * cut)

    size = sums(np.ones_like(held))
    firsts = [sums(one), sums(other)]
    seconds = [sums(one * one), sums(other * other)]
    whole = np.maximum(size.sum(axis=1), 1)
    contrast = np.stack(
        [_variance(whole, first.sum(1), second.sum(1)) for first, second in zip(firsts, seconds, strict=True)]
    )
    n = np.maximum(size, 1)
    own = [_variance(n, first, second) for first, second in zip(firsts, seconds, strict=True)]
    common = moment(n, sums(one * other), firsts[0], firsts[1])
    rest = [own[k] - np.minimum(common * common // own[1 - k], own[k]) for k in (0, 1)]
    shares = [np.maximum(rest[k] - NOISE, 0) * SHARE // contrast[k][:, None] for k in (0, 1)]
    structure = np.stack([np.minimum(own[k] * SHARE // contrast[k][:, None], MOST) for k in (0, 1)], axis=2)
    counts = 4 * size >= 3 * (side // cut) ** 2
    means = [first // n for first in firsts]
    offset = np.minimum(
        _off_curve(means[0], means[1], size, counts, contrast[1]),
        _off_curve(means[1], means[0], size, counts, contrast[0]),
    )
    change = np.minimum(np.maximum(np.minimum(*shares), offset), MOST)
    return Tiles(
        change=np.where(counts, change, OUTSIDE),
        structure=np.where(counts[:, :, None], structure, 0),
        contrast=contrast.T,
        level=np.stack([first.sum(axis=1) // whole for first in firsts], axis=1),
        inside=size.sum(axis=1),
        difference=sums(np.abs(one - other)).sum(axis=1) // whole,
    )


def smooth(planes: Plane) -> Plane:
    """Blur planes by 1, 2, 1 per axis: what the sharper of two has beyond the other then counts for little.

    Parameters
    ----------
    planes : ndarray of int64, shape (n, side, side)
        Planes.

    Returns
    -------
    ndarray of int64, shape (n, side, side)
        Of the same unit.

    Examples
    --------
    >>> int(smooth(np.full((1, 16, 16), 640))[0, 0, 0])
    640
    """
    wide = np.pad(planes, ((0, 0), (1, 1), (1, 1)), mode="edge")
    rows = wide[:, :-2] + 2 * wide[:, 1:-1] + wide[:, 2:]
    both: Plane = (rows[:, :, :-2] + 2 * rows[:, :, 1:-1] + rows[:, :, 2:] + 8) >> 4
    return both


def _variance(count: Column, first: Column, second: Column) -> Column:
    return np.maximum(moment(count, second, first, first), FLOOR)


def moment(count: Column, product: Column, one: Column, other: Column) -> Column:
    """Return a second moment about the means, from sums, without an overflow on large planes.

    Parameters
    ----------
    count : ndarray of int64
        How many values, at least 1.
    product, one, other : ndarray of int64
        Sums of the products of values, none negative, and of the values themselves.

    Returns
    -------
    ndarray of int64
        ``(count * product - one * other) // count ** 2``, at least 0.

    Examples
    --------
    >>> moment(*(np.array([value]) for value in (4, 30, 10, 10))).tolist()
    [1]
    """
    (a, one_rest), (b, other_rest) = np.divmod(one, count), np.divmod(other, count)
    centred = product - a * other - b * one_rest
    found: Column = np.maximum(centred - -(-one_rest * other_rest // count), 0) // count
    return found


def _off_curve(given: Column, wanted: Column, size: Column, counts: NDArray[np.bool_], contrast: Column) -> Column:
    """Return by how much levels of tiles miss the best rising curve (pool adjacent violators: Ayer et al., 1955)."""
    off = np.zeros_like(given)
    for row in range(len(given)):
        order = np.flatnonzero(counts[row])
        order = order[np.argsort(given[row][order], kind="stable")]
        pools: list[list[int]] = []  # sum, weight, tiles
        for level, weight in zip(wanted[row][order].tolist(), size[row][order].tolist(), strict=True):
            pools.append([level * weight, weight, 1])
            while len(pools) > 1 and pools[-2][0] * pools[-1][1] >= pools[-1][0] * pools[-2][1]:
                last = pools.pop()
                pools[-1] = [a + b for a, b in zip(pools[-1], last, strict=True)]
        curve = np.repeat([total // weight for total, weight, _ in pools], [tiles for _, _, tiles in pools])
        miss = wanted[row][order] - curve
        off[row, order] = np.maximum(miss * miss - NOISE, 0) * SHARE // contrast[row]
    return off
