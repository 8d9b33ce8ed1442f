"""What was measured of a pair: one record a pair, whole numbers only, as it is kept with the verdict."""

from math import isqrt

import numpy as np
from numpy.typing import NDArray

from lookalike.model import CHROMA_SIDE, THUMBNAIL_SIDE
from lookalike.verify.alignment import VALUE_BITS, Map, sample
from lookalike.verify.measuring import Measures, inverted
from lookalike.verify.tiles import OUTSIDE, SHARE, tiles_per_side
from lookalike.verify.views import WHOLE, Boxes, Column, Views, placed

MAP_BITS = 14
"""Bits behind the point of what maps hold."""
UNEXPLAINED = 1024
"""What of the structure of a tile the other picture does not explain, at most."""
TEXTURED = 32 << (2 * VALUE_BITS)
"""Variance from which a tile shows something."""
CHANGED = 12 << (2 * VALUE_BITS)
"""Variance of its change from which a tile counts as changed, if an eighth of what it shows is unexplained too."""
NOISY = 8
"""How many times the rest of the tile at the upper quarter is added to that."""
APPEARED = 6 << VALUE_BITS
"""Deviation that a tile has in one picture, and less than a quarter of it in the other, to count as changed."""
NEUTRAL, COLOURED = 6, 12
"""Levels of chroma off gray up to which a place has no colour, and from which it has one."""
GRAY = 2
"""Levels of chroma off gray up to which a picture is gray."""
MOST_CUT = 16
"""Tiles each way of which it is kept which of them changed; of more, squares of tiles."""
POSITION_BITS = 6
"""Bits behind the point of lengths in pixels of a thumbnail."""

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
        (
            "slide",
            "<i4",
        ),  # how far what was compared of one sticks out of the other, of two ways the less; turns left out
        ("move", "<i4"),  # how far a corner lies from where it would lie in an unchanged picture
        ("side", "<u2"),  # planes of this side were compared
        ("tiles", "<u2"),  # tiles that lie in both
        ("textured", "<u2"),  # of these show something
        ("unexplained", "<u2"),  # of what they show, mean, in 1/1024
        (
            "explained",
            "<u2",
        ),  # of what shows something, tiles of which no more than an eighth is unexplained, in 1/1024
        ("lost", "<u2"),  # of what shows something, tiles of which seven eighths are unexplained, in 1/1024
        ("worst", "<u4"),  # largest variance that is unexplained in a tile, in 1/64 level squared
        ("step", "<u2"),  # largest difference of the standard deviations of a tile, in 1/64 level
        ("changed", "<u2"),  # tiles that changed
        (
            "where",
            "u1",
            MOST_CUT**2 // 8,
        ),  # which, of what was compared of the inner picture: one bit a tile, row by row
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


def examine(
    left: Views, right: Views, turn: NDArray[np.integer] | None, found: Measures, side: int
) -> Evidence:
    """Turn what was measured of two views into what is known of two pictures.

    Parameters
    ----------
    left, right : Views
        What was measured.
    turn : ndarray of int, shape (n,), optional
        How the right pictures were turned, where a hint named that and the boxes: these are then crops, rather than what
        borders surround.
    found : Measures
        What came of it.
    side : int
        At which side.

    Returns
    -------
    ndarray of `EVIDENCE`, shape (n,)
        One record a pair.
    """
    made = np.zeros(len(left.row), EVIDENCE)
    made["turn"], made["hinted"] = (1, 0) if turn is None else (turn, 1)
    made["side"], made["finished"] = side, found.finished
    made["left_box"], made["right_box"] = left.box, right.box
    borders = [views.pictures.box[views.row] for views in (left, right)]
    made["left_border"], made["right_border"] = borders
    made["inner"] = ~found.swapped
    _texture(made, found)
    swap = found.swapped[:, np.newaxis]
    inner, outer = np.where(swap, left.box, right.box), np.where(swap, right.box, left.box)
    view = _after(placed(outer), found.maps)
    whole = _after(view, inverted(placed(inner)))
    made["map"] = np.rint(whole * (1 << MAP_BITS))
    unit, half = 1 << POSITION_BITS, THUMBNAIL_SIDE // 2
    around = np.where(swap, *borders), np.where(swap, *borders[::-1])
    # A hint only says where to begin: one of the two must lie in the other as a whole.
    ends = (inner, outer) if turn is None else (np.broadcast_to(WHOLE, inner.shape),) * 2
    there = _slide(whole, around[0], around[1], ends[0])
    back = _slide(inverted(whole), around[1], around[0], ends[1])
    made["slide"] = np.minimum(there, back)
    off = np.rint(np.abs(whole - np.eye(2, 3)) * unit).astype(np.int64)
    made["move"] = (half * (off[:, :, 0] + off[:, :, 1]) + off[:, :, 2]).max(axis=1)
    rows = np.flatnonzero(found.finished)
    _colour(made, rows, left.take(rows), right.take(rows), whole[rows], found.swapped[rows])
    return made


def _slide(maps: Map, inner_border: Boxes, outer_border: Boxes, inner: Boxes) -> Column:
    """Return how far what was compared of some pictures sticks out of where maps lead, in 2**-POSITION_BITS pixels.

    What both have at one side is no border that somebody added, but plain ground at the edge of what they show.
    """
    ground = (inner_border != WHOLE) & (outer_border != WHOLE)
    box = np.where(ground, WHOLE, inner) - THUMBNAIL_SIDE // 2
    edges = np.rint(np.abs(maps) * (1 << MAP_BITS)).astype(np.int64)
    shift = np.rint(maps[:, :, 2] * (1 << MAP_BITS)).astype(np.int64)
    out = [np.abs(edges[:, axis, axis] * box[:, axis + end] + shift[:, axis]) for axis in (0, 1) for end in (0, 2)]
    found: Column = (np.max(out, axis=0) >> (MAP_BITS - POSITION_BITS)) - (THUMBNAIL_SIDE // 2 << POSITION_BITS)
    return found


def _texture(made: Evidence, found: Measures) -> None:
    """Fill in what tiles tell."""
    counted = found.change != OUTSIDE
    share = np.minimum(found.change.astype(np.int64) * UNEXPLAINED // np.maximum(found.structure.min(axis=2), 1), UNEXPLAINED)
    variance = found.structure.astype(np.int64) * found.contrast[:, np.newaxis] // SHARE
    deviation = np.sqrt(variance.astype(np.float64)).astype(np.int64)
    less, more = deviation.min(axis=2), deviation.max(axis=2)
    rest = np.where(counted, found.change.astype(np.int64) * found.contrast.min(axis=1)[:, np.newaxis] // SHARE, OUTSIDE)
    # What an encoder or noise leaves lies everywhere; what was put over a picture does not.
    quarter = counted.sum(axis=1) // 4
    usual = np.maximum(-np.take_along_axis(np.sort(-rest, axis=1), quarter[:, np.newaxis], axis=1), 0)
    changed = (rest >= CHANGED + NOISY * usual) & (8 * share >= UNEXPLAINED)
    changed |= counted & (more >= APPEARED) & (4 * less < more)
    made["step"] = (more - less).max(axis=1)
    made["tiles"], made["changed"] = counted.sum(axis=1), changed.sum(axis=1)
    shown = np.where(changed[:, :, np.newaxis], variance, 0).sum(axis=1)
    made["more"] = np.sign(
        np.where(3 * np.abs(shown[:, 1] - shown[:, 0]) >= shown.max(axis=1), shown[:, 1] - shown[:, 0], 0)
    )
    made["where"] = _where(changed)
    textured = counted & (variance.max(axis=2) >= TEXTURED)
    made["textured"] = textured.sum(axis=1)
    made["worst"] = np.maximum(rest.max(axis=1), 0) >> VALUE_BITS
    gone = (textured & (8 * share >= 7 * UNEXPLAINED)).sum(axis=1)
    made["lost"] = gone * UNEXPLAINED // np.maximum(made["textured"], 1).astype(np.int64)
    well = (textured & (8 * share <= UNEXPLAINED)).sum(axis=1)
    made["explained"] = well * UNEXPLAINED // np.maximum(made["textured"], 1).astype(np.int64)
    made["unexplained"] = np.where(textured, share, 0).sum(axis=1) // np.maximum(made["textured"], 1).astype(np.int64)
    made["level"] = found.level[:, ::-1]
    made["contrast"] = np.sqrt(found.contrast[:, ::-1].astype(np.float64)).astype(np.int64)
    made["sharpness"] = (deviation.sum(axis=1) // np.maximum(counted.sum(axis=1), 1)[:, np.newaxis])[:, ::-1]
    made["difference"] = found.difference


def _where(changed: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Pack tiles as bits, row by row; of more than 256 those of each of 256 squares together."""
    cut = isqrt(changed.shape[1])
    if cut > MOST_CUT:
        size = cut // MOST_CUT
        changed = (
            changed.reshape(-1, MOST_CUT, size, MOST_CUT, size).any(axis=(2, 4)).reshape(len(changed), MOST_CUT**2)
        )
    bits = np.packbits(changed, axis=1)
    return np.pad(bits, ((0, 0), (0, MOST_CUT**2 // 8 - bits.shape[1])))


def _colour(
    made: Evidence, rows: Column, left: Views, right: Views, maps: Map, swapped: NDArray[np.bool_]
) -> None:
    """Fill in what chroma tells."""
    planes = [views.pictures.chroma[views.row].astype(np.int64) - (1 << 7) for views in (left, right)]
    for which, plane in enumerate(planes):
        made["gray"][rows, which] = (np.abs(plane) <= GRAY).all(axis=(1, 2, 3))
    swap = swapped[:, np.newaxis, np.newaxis, np.newaxis]
    inner, outer = np.where(swap, planes[0], planes[1]), np.where(swap, planes[1], planes[0])
    seen = []
    for channel in (0, 1):
        values, inside = sample(outer[..., channel] << VALUE_BITS, maps, CHROMA_SIDE)
        seen.append(values)
    other = [inner[..., channel] << VALUE_BITS for channel in (0, 1)]
    held = inside.astype(np.int64)
    difference = sum((np.abs(one - two) for one, two in zip(seen, other, strict=True)), np.zeros_like(held)) * held
    made["colour"][rows] = difference.sum(axis=(1, 2)) // np.maximum(2 * held.sum(axis=(1, 2)), 1)
    made["spot"][rows] = np.max(
        [np.abs(one - two) * held for one, two in zip(seen, other, strict=True)], axis=(0, 2, 3)
    )
    size = [np.maximum(np.abs(one), np.abs(two)) for one, two in (seen, other)]
    made["plain"][rows] = (inside & (np.maximum(*size) <= NEUTRAL << VALUE_BITS)).sum(axis=(1, 2))
    along = seen[0] * other[0] + seen[1] * other[1]
    across = np.abs(seen[0] * other[1] - seen[1] * other[0])
    both = inside & (np.minimum(*size) >= COLOURED << VALUE_BITS)
    made["rotated"][rows] = (both & (across > along) & ~_changed_places(made[rows])).sum(axis=(1, 2))


def _changed_places(made: Evidence) -> NDArray[np.bool_]:
    """Return at which of 64 places the inner pictures show something else, where all of them was compared; not their hue."""
    found = np.zeros((len(made), CHROMA_SIDE, CHROMA_SIDE), np.bool_)
    inner = np.where(made["inner"][:, np.newaxis] == 1, made["right_box"], made["left_box"])
    rows = np.flatnonzero((inner == WHOLE).all(axis=1))
    if len(rows):
        cut = min(tiles_per_side(int(made["side"][0])), MOST_CUT)
        tiles = np.unpackbits(made["where"][rows], axis=1, count=cut * cut).reshape(len(rows), cut, cut)
        step = max(CHROMA_SIDE // cut, 1)
        tiles = tiles.repeat(step, axis=1).repeat(step, axis=2)
        size = tiles.shape[1] // CHROMA_SIDE
        found[rows] = tiles.reshape(len(rows), CHROMA_SIDE, size, CHROMA_SIDE, size).any(axis=(2, 4))
    return found


def _after(second: Map, first: Map) -> Map:
    """Return the maps that do one, then the other."""
    made = np.empty_like(first)
    for axis in (0, 1):
        for column in range(3):
            made[:, axis, column] = second[:, axis, 0] * first[:, 0, column] + second[:, axis, 1] * first[:, 1, column]
    made[:, :, 2] += second[:, :, 2]
    return made
