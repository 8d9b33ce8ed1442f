"""What was measured of a pair: one record a pair, whole numbers only, as it is kept with the verdict."""

from math import isqrt

import numpy as np
from numpy.typing import NDArray

from lookalike.columns import Column
from lookalike.model import CHROMA_SIDE, THUMBNAIL_SIDE
from lookalike.verify.alignment import Map
from lookalike.verify.colour import colour
from lookalike.verify.measuring import inverted, measure
from lookalike.verify.texture import MOST_CUT, packed, texture
from lookalike.verify.views import WHOLE, Boxes, Views, placed

MAP_BITS = 14
"""Bits behind the point of what maps hold."""
LENGTH_BITS = 6
"""Bits behind the point of lengths, which are in pixels of a thumbnail."""

EVIDENCE = np.dtype(
    [
        ("finished", "u1"),  # whether the two could be aligned at all
        ("inner", "u1"),  # which picture lies within the frame of the other: 0 the left, 1 the right
        ("two_exposures", "u1"),  # whether the camera says that these are two
        ("hinted", "u1"),  # whether its view came from a hint: its boxes are then crops, else what borders surround
        ("turn", "u1"),  # EXIF orientation that was given to the right picture first
        ("left_box", "u1", 4),  # what of each was compared, in 1/64 of its side
        ("right_box", "u1", 4),
        ("left_border", "u1", 4),  # what a border surrounds, as in Pictures
        ("right_border", "u1", 4),
        ("map", "<i4", (2, 3)),  # from the whole inner picture to the whole outer one, in 2**-MAP_BITS
        # How far what was compared of one sticks out of the other, of two ways the less, turns left out; and how far a corner
        # lies from where it would lie in an unchanged picture; in 2**-LENGTH_BITS.
        ("slide", "<i4"),
        ("move", "<i4"),
        ("side", "<u2"),  # planes of this side were compared
        ("tiles", "<u2"),  # tiles that lie in both
        ("textured", "<u2"),  # of these show something
        ("unexplained", "<u2"),  # of what they show, mean, in 1/1024
        # Of what shows something, tiles of which no more than an eighth, and seven eighths, are unexplained, in 1/1024.
        ("explained", "<u2"),
        ("lost", "<u2"),
        ("worst", "<u4"),  # largest variance that is unexplained in a tile, in 1/64 level squared
        ("step", "<u2"),  # largest difference of the standard deviations of a tile, in 1/64 level
        ("changed", "<u2"),  # tiles that changed
        ("where", "u1", MOST_CUT**2 // 8),  # which, of what was compared of the inner one: a bit a tile, row by row
        ("more", "i1"),  # whether the inner (1) or the outer picture (-1) shows more in these
        ("level", "<u2", 2),  # mean brightness of the inner and the outer picture where they overlap, in 1/64 level
        ("contrast", "<u2", 2),  # standard deviation there, in 1/64 level
        ("sharpness", "<u2", 2),  # mean standard deviation of tiles there, in 1/64 level
        ("difference", "<u2"),  # mean difference in brightness, in 1/64 level
        ("colour", "<u2"),  # mean difference in chroma, in 1/64 level
        ("spot", "<u2"),  # largest difference in chroma at one of 64 places, in 1/64 level
        ("gray", "u1", 2),  # whether the left and the right picture are gray
        ("plain", "u1"),  # of 64 places: without colour in both
        ("rotated", "u1"),  # of 64 places: of another hue, though what they show did not change
    ]
)
"""Fields of the record."""

Evidence = NDArray[np.void]


def is_sound(made: Evidence) -> bool:
    """Say whether records that were kept can be what was measured.

    Parameters
    ----------
    made : ndarray of `EVIDENCE`, shape (n,)
        As they were read.

    Returns
    -------
    bool
        Whether all have a turn that there is, and boxes and maps with some area.
    """
    boxes = np.concatenate([made["left_box"], made["right_box"]])
    lengths = np.abs(made["map"].astype(np.int64)).sum(axis=1)[:, :2]
    turns = made["turn"]
    return bool(
        ((turns >= 1) & (turns <= 8)).all()
        and (boxes[:, :2] < boxes[:, 2:]).all()
        and (boxes <= THUMBNAIL_SIDE).all()
        and (lengths[made["finished"] != 0] > 0).all()
    )


def examine(
    left: Views, right: Views, turn: NDArray[np.integer] | None, sides: Column, *, kernel: str | None = None
) -> Evidence:
    """Measure pairs of views, and turn that into what is known of two pictures.

    Parameters
    ----------
    left, right : Views
        What is compared.
    turn : ndarray of int, shape (n,), optional
        How the right pictures were turned, where a hint named that and the boxes: these are then crops, rather than what
        borders surround.
    sides : ndarray of int64, shape (n,)
        The finest side to compare each pair at.
    kernel : str, optional
        One of `lookalike.verify.measuring.KERNELS`; None means the first. It changes nothing of the record.

    Returns
    -------
    ndarray of `EVIDENCE`, shape (n,)
        One record a pair.
    """
    count = len(sides)
    made = np.zeros(count, EVIDENCE)
    maps, swapped = np.zeros((count, 2, 3)), np.zeros(count, np.bool_)
    elsewhere = np.zeros((count, CHROMA_SIDE, CHROMA_SIDE), np.bool_)
    for side in np.unique(sides).tolist():
        at = np.flatnonzero(sides == side)
        found = measure((left.planes, left.plane[at]), (right.planes, right.plane[at]), side, kernel=kernel)
        maps[at], swapped[at], made["finished"][at] = found.maps, found.swapped, found.finished
        made["level"][at], made["difference"][at] = found.level[:, ::-1], found.difference
        columns, changed = texture(found, kernel=kernel)
        for name, values in columns.items():
            made[name][at] = values
        made["where"][at], elsewhere[at] = packed(changed), _places(changed)
    made["turn"], made["hinted"] = (1, 0) if turn is None else (turn, 1)
    made["side"], made["inner"] = sides, ~swapped
    made["left_box"], made["right_box"] = left.box, right.box
    borders = [views.pictures.box[views.row] for views in (left, right)]
    made["left_border"], made["right_border"] = borders
    swap = swapped[:, np.newaxis]
    inner, outer = np.where(swap, left.box, right.box), np.where(swap, right.box, left.box)
    whole = _after(_after(placed(outer), maps), inverted(placed(inner)))
    made["map"] = np.rint(whole * (1 << MAP_BITS))
    unit, half = 1 << LENGTH_BITS, THUMBNAIL_SIDE // 2
    around = np.where(swap, *borders), np.where(swap, *borders[::-1])
    # A hint only says where to begin: one of the two must lie in the other as a whole.
    ends = (inner, outer) if turn is None else (np.broadcast_to(WHOLE, inner.shape),) * 2
    there = _slide(whole, around[0], around[1], ends[0])
    back = _slide(inverted(whole), around[1], around[0], ends[1])
    made["slide"] = np.minimum(there, back)
    off = np.rint(np.abs(whole - np.eye(2, 3)) * unit).astype(np.int64)
    made["move"] = (half * (off[:, :, 0] + off[:, :, 1]) + off[:, :, 2]).max(axis=1)
    rows = np.flatnonzero(made["finished"])
    one, other = ((views.pictures.chroma, views.row[rows]) for views in (left, right))
    elsewhere &= (inner == WHOLE).all(axis=1)[:, np.newaxis, np.newaxis]  # only then places and tiles are the same ones
    for name, values in colour(one, other, whole[rows], swapped[rows], elsewhere[rows], kernel=kernel).items():
        made[name][rows] = values
    return made


def _slide(maps: Map, inner_border: Boxes, outer_border: Boxes, inner: Boxes) -> Column:
    """Return how far what was compared of some pictures sticks out of where maps lead, in 2**-LENGTH_BITS pixels.

    What both have at one side is no border that somebody added, but plain ground at the edge of what they show.
    """
    ground = (inner_border != WHOLE) & (outer_border != WHOLE)
    box = np.where(ground, WHOLE, inner) - THUMBNAIL_SIDE // 2
    edges = np.rint(np.abs(maps) * (1 << MAP_BITS)).astype(np.int64)
    shift = np.rint(maps[:, :, 2] * (1 << MAP_BITS)).astype(np.int64)
    out = [np.abs(edges[:, axis, axis] * box[:, axis + end] + shift[:, axis]) for axis in (0, 1) for end in (0, 2)]
    found: Column = (np.max(out, axis=0) >> (MAP_BITS - LENGTH_BITS)) - (THUMBNAIL_SIDE // 2 << LENGTH_BITS)
    return found


def _places(changed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return in which of 64 places tiles changed."""
    cut = isqrt(changed.shape[1])
    step, size = max(CHROMA_SIDE // cut, 1), max(cut // CHROMA_SIDE, 1)
    tiles = changed.reshape(-1, cut, cut).repeat(step, axis=1).repeat(step, axis=2)
    found: NDArray[np.bool_] = np.any(tiles.reshape(len(tiles), CHROMA_SIDE, size, CHROMA_SIDE, size), axis=(2, 4))
    return found


def _after(second: Map, first: Map) -> Map:
    """Return the maps that do one, then the other."""
    made = np.empty_like(first)
    for axis in (0, 1):
        for column in range(3):
            made[:, axis, column] = second[:, axis, 0] * first[:, 0, column] + second[:, axis, 1] * first[:, 1, column]
    made[:, :, 2] += second[:, :, 2]
    return made
