"""The same picture or not: two thumbnails in, a tier and a score out; sums and comparisons of integers only.

A pair is judged in three steps. The correlation of the two luma planes is blind to brightness and contrast. What one
plane does not explain of the other, tile by tile, tells another picture (or something put over the same one) from a
re-encoded copy. Colour and tone then tell a copy from a deliberate edit.
"""

from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.columns import Facts
from lookalike.model import BLOCK, MIN_BLOCKS, THUMBNAIL_SIDE, Tier

Size = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Width and height."""

STEP = "thumbnail-1"
"""Name and version of this step, stored with every verdict."""

LEVEL = THUMBNAIL_SIDE * THUMBNAIL_SIDE
"""One level of luma in the sums below."""
SIDES = (64, 32, 16, 8)
"""Sides at which thumbnails are compared, finest first."""
TILES = 8
"""Tiles per row and column."""
CHUNK = 128
POWER_SHIFT = 10

SAME_SCORE = 980
"""Thousandths of correlation from which two planes may be one picture."""
SIMILAR_SCORE = 850
"""Thousandths of correlation from which two pictures count as similar."""
TILE_LEVELS = 14
"""Mean level of the unexplained rest in the worst tile up to which two planes are one picture."""
COPY_LUMA_LEVELS = 6
"""Mean absolute difference of luma up to which tone was not changed on purpose."""
COPY_CHROMA_LEVELS = 5
"""Mean absolute difference of chroma up to which colour was not changed on purpose."""
EDIT_CHROMA_LEVELS = 16
"""The same for re-toned pictures; beyond it two products of different colour begin."""


def common_side(left: Size, right: Size) -> NDArray[np.int64]:
    """Return the side at which two thumbnails are compared: no finer than the coarser of them really is.

    Parameters
    ----------
    left, right : pair of ndarray of int64, shape (n,)
        Width and height of the pictures in pixels.

    Returns
    -------
    ndarray of int64, shape (n,)
        8, 16, 32 or 64: the largest that is at most the short side, in pixels or, where the thumbnail was made from
        block means (see `lookalike.decode`), in blocks.

    Examples
    --------
    >>> common_side((np.array([800]), np.array([600])), (np.array([4000]), np.array([3000])))
    array([64])
    >>> common_side((np.array([400]), np.array([300])), (np.array([4000]), np.array([3000])))
    array([32])
    """
    short = [np.minimum(*size) for size in (left, right)]
    blocks = [-(-side // BLOCK) for side in short]
    resolved = np.minimum(
        *(np.where(block >= MIN_BLOCKS, block, side) for block, side in zip(blocks, short, strict=True))
    )
    return np.select([resolved >= side for side in SIDES[:-1]], SIDES[:-1], SIDES[-1]).astype(np.int64)


def verify(
    luma: tuple[NDArray[np.uint8], NDArray[np.uint8]],
    chroma: tuple[NDArray[np.uint8], NDArray[np.uint8]],
    size: tuple[Size, Size],
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Judge pairs of thumbnails; the order within a pair makes no difference.

    Parameters
    ----------
    luma : pair of ndarray of uint8, shape (n, 64, 64)
        Luma of the left and the right pictures.
    chroma : pair of ndarray of uint8, shape (n, 8, 8, 2)
        Their Cb and Cr.
    size : pair of (ndarray of int64, ndarray of int64), shape (n,) each
        Width and height of the left and the right pictures in pixels.

    Returns
    -------
    tier : ndarray of uint8, shape (n,)
        COPY, EDIT, SIMILAR or NONE (`Tier` values).
    score : ndarray of int64, shape (n,)
        Correlation in thousandths, 0..1000, rounded down; negative correlation is 0.

    Examples
    --------
    >>> ramp = np.broadcast_to(np.arange(64, dtype=np.uint8) * 3, (1, 64, 64))
    >>> neutral = np.full((1, 8, 8, 2), 128, np.uint8)
    >>> large, small = (np.array([1600]), np.array([1200])), (np.array([800]), np.array([600]))
    >>> verify((ramp, ramp), (neutral, neutral), (large, small))
    (array([1], dtype=uint8), array([1000]))
    """
    side = common_side(*size)
    tier, score = np.zeros(len(side), np.uint8), np.zeros(len(side), np.int64)
    for value in SIDES:
        rows = np.flatnonzero(side == value)
        for start in range(0, len(rows), CHUNK):
            part = rows[start : start + CHUNK]
            tier[part], score[part] = _verify(
                _shrink(luma[0][part], value),
                _shrink(luma[1][part], value),
                (chroma[0][part], chroma[1][part]),
            )
    tier[(tier == Tier.COPY) & _stretched(*size)] = Tier.EDIT
    return tier, score


def relation(facts: Facts, keeper: int, member: int, tier: Tier) -> str:
    """Say in words what was done to a picture, as far as the facts of both files tell.

    Parameters
    ----------
    facts : Facts
        What is known of the contents.
    keeper, member : int
        Rows of `facts`; different contents.
    tier : Tier
        Tier of the pair.

    Returns
    -------
    str
        Such as ``half size, recompressed (quality 85 -> 40)``.
    """
    if tier == Tier.SIMILAR:
        return "similar"
    old, new = ((int(facts.width[at]), int(facts.height[at])) for at in (keeper, member))
    stretched = _stretched(old, new)
    said = []
    if facts.exif[keeper].get("orientation", 1) != facts.exif[member].get("orientation", 1):
        said.append("EXIF-turned")
    if stretched:
        said.append("stretched")
    elif old != new:
        said.append(_scaled(old[0], new[0]))
    if facts.colour[keeper] and not facts.colour[member]:
        said.append("recoloured, gray")
    elif tier == Tier.EDIT and not stretched:
        said.append("re-toned")
    if facts.format[keeper] != facts.format[member]:
        said.append(f"{facts.format[keeper]} -> {facts.format[member]}")
    elif facts.quality[keeper] != facts.quality[member]:
        before, after = (int(facts.quality[at]) or "unknown" for at in (keeper, member))
        said.append(f"recompressed (quality {before} -> {after})")
    elif not said or said == ["half size"]:
        said.append("re-encoded")
    return ", ".join(said)


def _scaled(old: int, new: int) -> str:
    """Say how a width changed."""
    if abs(2 * new - old) <= 1:
        return "half size"
    ratio = f"{new / old:.2g}" if new < 10 * old else f"{new / old:.0f}"
    return "slightly resized" if ratio == "1" else f"{ratio}x size"


def _stretched(left: Any, right: Any) -> Any:
    """Return whether no scaling, rounded to whole pixels of the smaller picture, gives both sizes (integers or columns)."""
    skew = 2 * abs(left[0] * right[1] - left[1] * right[0])
    return (skew > 3 * left[0]) & (skew > 3 * left[1]) & (skew > 3 * right[0]) & (skew > 3 * right[1])


def _shrink(luma: NDArray[np.uint8], side: int) -> NDArray[np.float64]:
    """Return planes of `side`, flat; one level of luma is 4096 / side**2. Integers, as floats for the sums to come.

    Each halving weighs four neighbours per axis by 1, 3, 3, 1: unlike a plain mean, that leaves little of the detail
    above the new resolution, which only the sharper of two thumbnails has.
    """
    planes: NDArray[np.unsignedinteger] = luma
    while planes.shape[1] > side:
        planes = planes.astype(np.uint32 if planes.shape[1] <= 16 else np.uint16)  # 2**8 * 4 * 64 just fits
        wide = np.pad(planes, ((0, 0), (1, 1), (0, 0)), mode="edge")
        rows = 3 * (wide[:, 1:-1:2] + wide[:, 2::2]) + wide[:, :-2:2] + wide[:, 3::2]
        wide = np.pad(rows, ((0, 0), (0, 0), (1, 1)), mode="edge")
        both = 3 * (wide[:, :, 1:-1:2] + wide[:, :, 2::2]) + wide[:, :, :-2:2] + wide[:, :, 3::2]
        planes = (both + 8) >> 4  # of the 64 both axes add, 4 stay
    return planes.reshape(len(planes), side * side).astype(np.float64)


def _verify(
    left: NDArray[np.float64], right: NDArray[np.float64], chroma: tuple[NDArray[np.uint8], NDArray[np.uint8]]
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    count = left.shape[1]
    # Centred and scaled by the number of values, so that means need no division; one level is LEVEL at every side. A
    # value has at most 20 bits, so a sum of 4096 products has at most 52: exact in floats, which have the faster sums.
    left_rest, right_rest = (count * plane - plane.sum(axis=1, keepdims=True) for plane in (left, right))
    left_power, right_power, common = (
        np.einsum("ij,ij->i", one, other).astype(np.int64) // count
        for one, other in ((left_rest, left_rest), (right_rest, right_rest), (left_rest, right_rest))
    )
    sums = zip(left_power.tolist(), right_power.tolist(), common.tolist(), strict=True)
    score = np.array([_score(*three) for three in sums], np.int64)
    tier = np.where(score >= SIMILAR_SCORE, Tier.SIMILAR, Tier.NONE).astype(np.uint8)
    near = np.flatnonzero(score >= SAME_SCORE)
    if len(near):
        tier[near] = _tier(
            (left_rest[near].astype(np.int64), right_rest[near].astype(np.int64)),
            (left_power[near], right_power[near], common[near]),
            np.abs(left[near] - right[near]).sum(axis=1),
            (chroma[0][near], chroma[1][near]),
        )
    return tier, score


def _score(left_power: int, right_power: int, common: int) -> int:
    """Return the correlation in thousandths, rounded down; exact in integers of any size."""
    if common <= 0 or not left_power or not right_power:
        return 0
    return min(1000, isqrt(1_000_000 * common * common // (left_power * right_power)))


def _tier(
    rest: tuple[NDArray[np.int64], NDArray[np.int64]],
    powers: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]],
    luma_difference: NDArray[np.float64],
    chroma: tuple[NDArray[np.uint8], NDArray[np.uint8]],
) -> NDArray[np.uint8]:
    """Return the tier of pairs whose planes correlate."""
    # What the flatter plane leaves unexplained of the one with more contrast, times the power of the flatter; powers lose
    # bits that do not matter, so that the sum over a tile fits 64.
    left_power, right_power, common = (column[:, np.newaxis] >> POWER_SHIFT for column in powers)
    left_flat = left_power <= right_power
    power = np.minimum(left_power, right_power)
    rest_of_tiles = np.abs(
        rest[0] * np.where(left_flat, common, right_power) - rest[1] * np.where(left_flat, left_power, common)
    )
    tile = isqrt(rest[0].shape[1]) // TILES
    tiles = rest_of_tiles.reshape(-1, TILES, tile, TILES, tile).sum(axis=4).sum(axis=2)
    same = tiles.reshape(len(tiles), -1).max(axis=1) <= TILE_LEVELS * tile * tile * LEVEL * power[:, 0]

    left, right = (plane.reshape(len(plane), -1).astype(np.int64) for plane in chroma)
    chroma_difference = np.abs(left - right).sum(axis=1)
    gray = [(np.abs(plane - 128) <= 2).all(axis=1) for plane in (left, right)]
    values = left.shape[1]
    copy = (luma_difference <= COPY_LUMA_LEVELS * LEVEL) & (chroma_difference <= COPY_CHROMA_LEVELS * values)
    edit = (gray[0] != gray[1]) | (chroma_difference <= EDIT_CHROMA_LEVELS * values)
    return np.select([same & copy, same & edit], [Tier.COPY, Tier.EDIT], Tier.SIMILAR).astype(np.uint8)
