"""Pairs of planes to measures: aligned from coarse to fine, compared by tiles; native and reference.

Planes that agree as they lie are not aligned (fine ones, where most of their tiles do). Whatever is clearly another picture
leaves early: after the alignment of planes of 16 pixels, or after that of 32. Where planes agree better as they lie than
aligned (a strange tone or something put over one of them can pull the map away), they are taken as they lie.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.columns import Column
from lookalike.kernels import IS_COMPILED, REFERENCE, chosen
from lookalike.verify.alignment import COARSEST, IDENTITY, Map, Plane, align, pyramid, sample
from lookalike.verify.tiles import FLOOR, OUTSIDE, SHARE, Tiles, compare, moment, tiles_per_side

KERNELS: tuple[str, ...] = (REFERENCE,)
if IS_COMPILED:
    from lookalike._native import measure as _measure_native
    from lookalike._native import verify_kernels

    KERNELS = (*verify_kernels(), REFERENCE)  # best first

Planes = tuple[NDArray[np.uint8], Column]
"""Planes, and which of them each pair has."""

CHUNK = 64
"""Pairs measured together by the reference: their planes stay near."""
MATCH = 1024
"""Squared correlation is in 1/1024."""
STILL_MATCH, STILL_CHANGE = 512, SHARE // 80
"""Squared correlation from which planes are compared as they lie, and the change up to which that is all."""
LEAST_MATCH = 320
"""Squared correlation of planes of 16 pixels below which a pair is given up."""
CHANGED = SHARE // 20
"""Change from which a tile counts as changed."""
FINE = 128
"""Side from which three in four tiles so little changed are enough: a shift would show in most of them."""
MOST_AREA = 8.0
"""How many times as large one picture may be in the frame of the other."""
ALIGNED = 256
"""Side of the finest planes that are aligned: to a small part of a pixel of larger ones."""
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
    match : ndarray of int64, shape (n,)
        Squared correlation of planes of 16 pixels, in 1/1024.
    finished : ndarray of bool, shape (n,)
        Whether the pair went through to the end; what follows is zero or `OUTSIDE` where not.
    change : ndarray of int32 or int64, shape (n, tiles)
        As in `lookalike.verify.tiles.Tiles`, the inner picture as the right one.
    structure : ndarray of int32 or int64, shape (n, tiles, 2)
        As there.
    contrast, level : ndarray of int64, shape (n, 2)
        As there.
    inside, difference : ndarray of int64, shape (n,)
        As there.
    """

    maps: Map
    swapped: NDArray[np.bool_]
    match: Column
    finished: NDArray[np.bool_]
    change: NDArray[np.signedinteger]
    structure: NDArray[np.signedinteger]
    contrast: Column
    level: Column
    inside: Column
    difference: Column


def measure(left: Planes, right: Planes, side: int, *, kernel: str | None = None) -> Measures:
    """Measure pairs of planes.

    Parameters
    ----------
    left, right : tuple of ndarray of uint8, shape (m, size, size), and ndarray of int64, shape (n,)
        Luma, `size` a power of two from 16 to 2048; and the row of the plane of each pair. What many pairs need of a plane
        is made once.
    side : int
        The finest side to compare at, 16 to `size`.
    kernel : str, optional
        One of `KERNELS`; None means the first. It changes no measure.

    Returns
    -------
    Measures
        One row per pair.

    Raises
    ------
    UsageError
        If no kernel is called that.
    ValueError
        If sides are others, or rows are not there.

    Examples
    --------
    >>> luma = np.random.default_rng(0).integers(0, 256, (1, 64, 64), np.uint8)
    >>> found = measure((luma, np.array([0])), (luma, np.array([0])), 64)
    >>> bool(found.finished[0]), int(found.change.max())
    (True, 0)
    """
    name = chosen(kernel, KERNELS)
    if name != REFERENCE:
        one, other = ((np.ascontiguousarray(planes), np.ascontiguousarray(rows)) for planes, rows in (left, right))
        maps, facts, change, structure = _measure_native(*one, *other, side, name)
        return Measures(
            maps=maps, swapped=facts[:, 0] != 0, match=facts[:, 1], finished=facts[:, 2] != 0, change=change,
            structure=structure, contrast=facts[:, 3:5], level=facts[:, 5:7], inside=facts[:, 7], difference=facts[:, 8],
        )  # fmt: skip
    parts = [
        _measure(left[0][left[1][at : at + CHUNK]], right[0][right[1][at : at + CHUNK]], side)
        for at in range(0, max(len(left[1]), 1), CHUNK)
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
        return moment(n, *((values * held).sum(axis=(1, 2)) for values in (one * other, one, other)))

    common = product(seen, right)
    powers = [np.maximum(product(plane, plane), FLOOR) for plane in (seen, right)]
    found = np.minimum(common * common // powers[0] * MATCH // powers[1], MATCH)
    return np.where(4 * count >= right.shape[1] ** 2, found, 0)


def _measure(left: NDArray[np.uint8], right: NDArray[np.uint8], side: int) -> Measures:
    count, tiles = len(left), tiles_per_side(side) ** 2
    planes = pyramid(left), pyramid(right)
    zero = np.zeros(count, np.int64)
    still = np.repeat(IDENTITY[np.newaxis], count, 0)
    made = Measures(
        maps=still.copy(), swapped=np.zeros(count, np.bool_),
        match=match_of(planes[0][COARSEST], planes[1][COARSEST], still), finished=np.zeros(count, np.bool_),
        change=np.full((count, tiles), OUTSIDE), structure=np.zeros((count, tiles, 2), np.int64),
        contrast=np.zeros((count, 2), np.int64), level=np.zeros((count, 2), np.int64), inside=zero.copy(),
        difference=zero.copy(),
    )  # fmt: skip
    tried = np.flatnonzero(made.match >= STILL_MATCH)
    _keep(made, tried, compare(planes[0][side][tried], planes[1][side][tried], still[tried]), IDENTITY, swapped=False)
    still_tiles = (made.change[tried] <= STILL_CHANGE).sum(axis=1)
    alike = 4 * still_tiles >= (3 if side >= FINE else 4) * tiles
    made.finished[tried] = 5 * (made.change[tried] >= CHANGED).sum(axis=1) <= 3 * tiles

    going = np.setdiff1d(np.arange(count), tried[alike])
    outer, inner = planes[0][COARSEST][going], planes[1][COARSEST][going]
    maps = align({COARSEST: outer}, {COARSEST: inner}, still[going], (COARSEST,))
    match = match_of(outer, inner, maps)
    maps[match < made.match[going]] = IDENTITY
    made.match[going] = np.maximum(match, made.match[going])
    area = areas(maps)
    kept = (made.match[going] >= LEAST_MATCH) & (area >= 1 / MOST_AREA) & (area <= MOST_AREA)
    going, maps, area = going[kept], maps[kept], area[kept]
    swapped = area > 1
    maps[swapped] = inverted(maps[swapped])

    at = COARSEST
    while at < side and len(going):
        at *= 2
        outer, inner = _ordered(planes, swapped, going, at)
        if at <= ALIGNED:
            maps = align({at: outer}, {at: inner}, maps, (at,))
        if at == MIDDLE < side:
            change = compare(outer, inner, maps).change
            kept = 5 * (change >= CHANGED).sum(axis=1) <= 3 * (change != OUTSIDE).sum(axis=1)
            going, maps, swapped = going[kept], maps[kept], swapped[kept]
    sound = areas(maps) >= 1 / MOST_AREA
    going, maps, swapped = going[sound], maps[sound], swapped[sound]
    if len(going):
        found = compare(*_ordered(planes, swapped, going, side), maps)
        before, after = _sums(made.change[going]), _sums(found.change)
        better = ~made.finished[going] | (after[0] * before[1] < before[0] * after[1])
        made.finished[going] = True
        _keep(made, going[better], found, maps, swapped=swapped, rows=better)
    for name in ("change", "structure", "contrast", "level", "inside", "difference"):
        getattr(made, name)[~made.finished] = OUTSIDE if name == "change" else 0
    return made


def _ordered(
    planes: tuple[dict[int, Plane], dict[int, Plane]], swapped: NDArray[np.bool_], rows: Column, side: int
) -> tuple[Plane, Plane]:
    """Return the outer and the inner planes of some pairs."""
    left, right = planes[0][side][rows], planes[1][side][rows]
    swap = swapped[:, None, None]
    return np.where(swap, right, left), np.where(swap, left, right)


def _sums(change: Column) -> tuple[Column, Column]:
    """Return the sum of changes, none over the whole variance, and how many there are."""
    counted = change != OUTSIDE
    return np.where(counted, np.minimum(change, SHARE), 0).sum(axis=1), counted.sum(axis=1)


def _keep(
    made: Measures, at: Column, found: Tiles, maps: Map, *, swapped: NDArray[np.bool_] | bool, rows: Any = slice(None)
) -> None:
    """Put the `rows` of what was found in their places."""
    made.maps[at] = maps[rows] if maps.ndim > 2 else maps
    made.swapped[at] = swapped if isinstance(swapped, bool) else swapped[rows]
    for name in Tiles.__slots__:
        getattr(made, name)[at] = getattr(found, name)[rows]
