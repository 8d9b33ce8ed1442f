"""Pairs of planes to measures: the best of some starts, aligned from coarse to fine, compared by tiles; native and reference.

Whatever is clearly another picture leaves early: after the alignment of planes of 16 pixels, or after that of 32.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike.verify.alignment import COARSEST, Map, Plane, align, pyramid, sample
from lookalike.verify.tiles import FLOOR, OUTSIDE, SHARE, Column, compare, tiles_per_side

REFERENCE = "reference"
try:
    from lookalike._native import measure as _measure_native
except ModuleNotFoundError:  # installed without a compiler; kernels that are there but broken still fail loudly
    KERNELS: tuple[str, ...] = (REFERENCE,)
else:
    KERNELS = ("native", REFERENCE)  # best first

CHUNK = 64
STILL_MATCH, STILL_CHANGE = 1000, 12
"""Squared correlation, in 1/1024, from which no alignment is tried if no tile changes by more than the other number."""
LEAST_MATCH = 320
"""Squared correlation of planes of 16 pixels, in 1/1024, below which a pair is given up."""
CHANGED = 51
"""Change from which a tile counts as changed, in 1/1024 of the variance of the picture."""
MOST_AREA = 8.0
"""How many times as large one picture may be in the frame of the other."""
MIDDLE = 32
"""Side of the planes at which a pair is given up where more than three in five tiles are changed."""


@dataclass(frozen=True, slots=True)
class Measures:
    """What is measured of pairs; one row per pair.

    Attributes
    ----------
    maps : ndarray of float64, shape (n, 2, 3)
        From positions in the inner picture to positions in the outer one, as in `lookalike.verify.alignment`.
    swapped : ndarray of bool, shape (n,)
        Whether the left picture is the inner one.
    start : ndarray of int64, shape (n,)
        Which start won; its number among those of the pair.
    match : ndarray of int64, shape (n,)
        Squared correlation of planes of 16 pixels, in 1/1024.
    finished : ndarray of bool, shape (n,)
        Whether the pair went through to the end; what follows is zero or `OUTSIDE` where not.
    change : ndarray of int64, shape (n, tiles)
        As in `lookalike.verify.tiles.Tiles`, the inner picture as the right one.
    structure : ndarray of int64, shape (n, tiles, 2)
        As there.
    contrast, level : ndarray of int64, shape (n, 2)
        As there.
    inside, difference : ndarray of int64, shape (n,)
        As there.
    """

    maps: Map
    swapped: NDArray[np.bool_]
    start: Column
    match: Column
    finished: NDArray[np.bool_]
    change: Column
    structure: Column
    contrast: Column
    level: Column
    inside: Column
    difference: Column


def measure(
    left: NDArray[np.uint8],
    right: NDArray[np.uint8],
    starts: Map,
    bounds: Column,
    side: int,
    *,
    kernel: str | None = None,
) -> Measures:
    """Measure pairs of planes.

    Parameters
    ----------
    left, right : ndarray of uint8, shape (n, size, size)
        Luma; `size` a power of two from 16 to 256.
    starts : ndarray of float64, shape (m, 2, 3)
        Maps from positions in `right` to positions in `left` to begin with.
    bounds : ndarray of int64, shape (n + 1,)
        Pair i has the starts ``bounds[i]`` to ``bounds[i + 1]``, at least one.
    side : int
        The finest side to compare at, 16 to `size`.
    kernel : str, optional
        One of `KERNELS`; None means the first. It changes no measure.

    Returns
    -------
    Measures
        One row per pair.

    Examples
    --------
    >>> from lookalike.verify.alignment import IDENTITY
    >>> luma = np.random.default_rng(0).integers(0, 256, (1, 64, 64), np.uint8)
    >>> found = measure(luma, luma, IDENTITY[np.newaxis], np.array([0, 1]), 64)
    >>> bool(found.finished[0]), int(found.change.max())
    (True, 0)
    """
    if (kernel or KERNELS[0]) != REFERENCE:
        columns = _measure_native(
            np.ascontiguousarray(left), np.ascontiguousarray(right), np.ascontiguousarray(starts),
            np.ascontiguousarray(bounds, np.int64), side,
        )  # fmt: skip
        maps, facts, change, structure = columns
        return Measures(
            maps=maps, swapped=facts[:, 1] != 0, start=facts[:, 0], match=facts[:, 2], finished=facts[:, 3] != 0,
            change=change.astype(np.int64), structure=structure.astype(np.int64), contrast=facts[:, 4:6], level=facts[:, 6:8],
            inside=facts[:, 8], difference=facts[:, 9],
        )  # fmt: skip
    parts = [
        _measure(left[at : at + CHUNK], right[at : at + CHUNK], starts, bounds[at : at + CHUNK + 1], side)
        for at in range(0, len(left), CHUNK)
    ]
    return Measures(*(np.concatenate([getattr(part, name) for part in parts]) for name in Measures.__slots__))


def inverted(maps: Map) -> Map:
    """Return the maps that lead back.

    Parameters
    ----------
    maps : ndarray of float64, shape (n, 2, 3)
        Maps.

    Returns
    -------
    ndarray of float64, shape (n, 2, 3)
        Their inverses.

    Examples
    --------
    >>> inverted(np.array([[[2.0, 0.0, 4.0], [0.0, 1.0, 0.0]]]))[0, 0].tolist()
    [0.5, -0.0, -2.0]
    """
    a, b, shift_x = maps[:, 0, 0], maps[:, 0, 1], maps[:, 0, 2]
    c, d, shift_y = maps[:, 1, 0], maps[:, 1, 1], maps[:, 1, 2]
    area = areas(maps)
    rows = [d / area, -b / area, -c / area, a / area]
    made = np.empty_like(maps)
    made[:, 0, 0], made[:, 0, 1], made[:, 1, 0], made[:, 1, 1] = rows
    made[:, 0, 2] = -(rows[0] * shift_x + rows[1] * shift_y)
    made[:, 1, 2] = -(rows[2] * shift_x + rows[3] * shift_y)
    return made


def areas(maps: Map) -> NDArray[np.float64]:
    """Return how large what maps lead to is.

    Parameters
    ----------
    maps : ndarray of float64, shape (n, 2, 3)
        Maps.

    Returns
    -------
    ndarray of float64, shape (n,)
        As a share of where they start from; negative if mirrored.

    Examples
    --------
    >>> areas(np.array([[[2.0, 0.0, 4.0], [0.0, 1.0, 0.0]]])).tolist()
    [2.0]
    """
    return maps[:, 0, 0] * maps[:, 1, 1] - maps[:, 0, 1] * maps[:, 1, 0]


def match_of(left: Plane, right: Plane, maps: Map) -> Column:
    """Return how well planes agree where they overlap.

    Parameters
    ----------
    left, right : ndarray of int64, shape (n, side, side)
        Planes of one side.
    maps : ndarray of float64, shape (n, 2, 3)
        From positions in `right` to positions in `left`.

    Returns
    -------
    ndarray of int64, shape (n,)
        Squared correlation in 1/1024; 0 where it is negative or less than a quarter of `right` lies in `left`.

    Examples
    --------
    >>> from lookalike.verify.alignment import IDENTITY
    >>> plane = np.arange(256).reshape(1, 16, 16) * 64
    >>> match_of(plane, plane, IDENTITY[np.newaxis]).tolist()
    [1024]
    """
    seen, inside = sample(left, maps, right.shape[1])
    held = inside.astype(np.int64)
    count = held.sum(axis=(1, 2))
    n = np.maximum(count, 1)

    def product(one: Plane, other: Plane) -> Column:
        sums = [(values * held).sum(axis=(1, 2)) for values in (one, other, one * other)]
        found: Column = np.maximum(n * sums[2] - sums[0] * sums[1], 0) // (n * n)
        return found

    common = product(seen, right)
    powers = [np.maximum(product(plane, plane), FLOOR) for plane in (seen, right)]
    found = np.minimum(common * common // powers[0] * SHARE // powers[1], SHARE)
    return np.where(4 * count >= right.shape[1] ** 2, found, 0)


def _measure(left: NDArray[np.uint8], right: NDArray[np.uint8], starts: Map, bounds: Column, side: int) -> Measures:
    count = len(left)
    pair = np.repeat(np.arange(count), np.diff(bounds))
    maps = starts[bounds[0] : bounds[-1]]
    first = bounds[:-1] - bounds[0]
    planes = pyramid(left), pyramid(right)
    best = maps[first]
    tiles = tiles_per_side(side) ** 2
    zero = np.zeros(count, np.int64)
    made = Measures(
        maps=best, swapped=np.zeros(count, np.bool_), start=zero.copy(),
        match=match_of(planes[0][COARSEST], planes[1][COARSEST], best), finished=np.zeros(count, np.bool_),
        change=np.full((count, tiles), OUTSIDE), structure=np.zeros((count, tiles, 2), np.int64),
        contrast=np.zeros((count, 2), np.int64), level=np.zeros((count, 2), np.int64), inside=zero.copy(),
        difference=zero.copy(),
    )  # fmt: skip
    still = np.flatnonzero(made.match >= STILL_MATCH)
    still = still[_finish(made, still, planes, side, most=STILL_CHANGE)]
    going = np.setdiff1d(np.arange(count), still)

    searched = np.isin(pair, going)
    refined = align(
        {COARSEST: planes[0][COARSEST][pair[searched]]}, {COARSEST: planes[1][COARSEST][pair[searched]]},
        maps[searched], (COARSEST,),
    )  # fmt: skip
    match = match_of(planes[0][COARSEST][pair[searched]], planes[1][COARSEST][pair[searched]], refined)
    made.match[going] = -1
    for at, (row, value) in enumerate(zip(pair[searched].tolist(), match.tolist(), strict=True)):
        if value > made.match[row]:
            made.match[row], made.maps[row] = value, refined[at]
            made.start[row] = np.flatnonzero(searched)[at] - first[row]
    going = going[made.match[going] >= LEAST_MATCH]

    area = areas(made.maps)
    going = going[(area[going] >= 1 / MOST_AREA) & (area[going] <= MOST_AREA)]
    larger = going[area[going] > 1]
    made.swapped[larger] = True
    made.maps[larger] = inverted(made.maps[larger])
    at = COARSEST
    while at < side and len(going):
        at *= 2
        outer, inner = _ordered(planes, made.swapped, going, at)
        made.maps[going] = align({at: outer}, {at: inner}, made.maps[going], (at,))
        if at == MIDDLE < side:
            change = compare(outer, inner, made.maps[going]).change
            going = going[5 * (change >= CHANGED).sum(axis=1) <= 3 * (change != OUTSIDE).sum(axis=1)]
    _finish(made, going, planes, side, most=None)
    return made


def _ordered(
    planes: tuple[dict[int, Plane], dict[int, Plane]], swapped: NDArray[np.bool_], rows: Column, side: int
) -> tuple[Plane, Plane]:
    """Return the outer and the inner planes of some pairs."""
    left, right = planes[0][side][rows], planes[1][side][rows]
    swap = swapped[rows, None, None]
    return np.where(swap, right, left), np.where(swap, left, right)


def _finish(
    made: Measures, rows: Column, planes: tuple[dict[int, Plane], dict[int, Plane]], side: int, *, most: int | None
) -> NDArray[np.bool_]:
    """Compare pairs at their finest side; with `most`, keep only what lies inside and changes no more. Say what was kept."""
    if not len(rows):
        return np.zeros(0, np.bool_)
    found = compare(*_ordered(planes, made.swapped, rows, side), made.maps[rows])
    kept = np.ones(len(rows), np.bool_)
    if most is not None:
        kept = (found.change <= most).all(axis=1) & (found.change != OUTSIDE).all(axis=1)
    made.finished[rows[kept]] = True
    for name in ("change", "structure", "contrast", "level", "inside", "difference"):
        getattr(made, name)[rows[kept]] = getattr(found, name)[kept]
    return kept
