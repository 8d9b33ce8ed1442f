"""The numbers that verdicts depend on, one table: each with its unit and what it bounds. docs/verification.md shows it."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

BySide = tuple[int, int, int, int, int]
"""A bound for planes of each of `SIDES`; finer planes have the last."""
SIDES = np.array([16, 32, 64, 128, 256])

SHARE, FRACTION, PART, TIMES = "1/1024", "as a fraction", "one in so many", "times as much"
LEVEL, VARIANCE = "1/64 level", "1/64 level squared"
PIXEL, WIDTH, SIDE = "1/64 pixel of a thumbnail", "1/64 of a side", "pixels a side"
TILES, PLACES = "tiles", "of 64 places"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """What evidence is compared with, each number with its unit and what it bounds, inclusively.

    Where a threshold is of two numbers, the first is for pictures of different sizes, the second for those of one size.
    """

    # fmt: off
    good: Annotated[int, SHARE, "looks: unexplained up to which a same picture is looked at in no other way"] = 40
    better: Annotated[int, SHARE, "looks: how much less a later look must leave unexplained to count instead"] = 20

    alike_unexplained: Annotated[BySide, SHARE, "similar: unexplained, by side"] = (460, 460, 460, 560, 600)
    least_textured: Annotated[int, TILES, "similar: tiles that must show something"] = 3

    same_unexplained: Annotated[BySide, SHARE, "edit: unexplained, by side"] = (40, 80, 200, 300, 500)
    slide: Annotated[int, PIXEL, "edit: how far a picture may stick out of another one that it is a part of"] = 29
    coarse_side: Annotated[int, SIDE, "edit: planes that show too little to find one picture as a part of another"] = 16
    plain_places: Annotated[int, PLACES, "edit: places without colour in both, for a plain ground"] = 24
    rotated_places: Annotated[int, PLACES, "edit: places of another hue on it, for another variant of a product"] = 3
    little: Annotated[int, SHARE, "edit: unexplained up to which neither what is left nor how far it was bent matters"] = 260
    hardly: Annotated[int, SHARE, "edit: unexplained up to which it does not matter how many tiles changed, either"] = 130
    far_move: Annotated[int, PIXEL, "edit: corners moved so far that no more than little may be unexplained"] = 320
    nearly_whole: Annotated[int, WIDTH, "edit: a hint to what is narrower than this asks for the same"] = 61

    fine_side: Annotated[int, SIDE, "edit, left: planes that show tiles well enough to ask what is left of a picture"] = 128
    least_explained: Annotated[int, SHARE, "edit, left: tiles that must agree; what is put over a picture leaves most"] = 400
    most_lost: Annotated[int, SHARE, "edit, left: tiles lost; another picture in one frame leaves the frame only"] = 280
    plain_lost: Annotated[int, SHARE, "edit, left: tiles lost of a plain picture; other words in a layout leave nothing"] = 150
    plain_part: Annotated[tuple[int, int], FRACTION, "edit, left: tiles that show something, fewer in a plain picture"] = (2, 5)
    changed_part: Annotated[int, PART, "edit, left: tiles that may have changed"] = 2
    changed_few: Annotated[int, PART, "edit, left: the same of plain pictures, and on fine planes where nothing was added"] = 3
    toned_level: Annotated[int, LEVEL, "edit, re-toned: brightness off from which tone has changed"] = 6 * 64
    toned_contrast: Annotated[int, PART, "edit, re-toned: contrast off beyond which it has"] = 8
    toned_explained: Annotated[int, SHARE, "edit, re-toned: tiles that must agree; tone curves leave few"] = 240
    toned_lost: Annotated[int, SHARE, "edit, re-toned: tiles lost; it loses few, too"] = 120
    toned_changed: Annotated[int, PART, "edit, re-toned: or tiles changed, with no more than most_lost lost"] = 16
    framed_lost: Annotated[int, SHARE, "edit, framed: tiles lost beyond which the frame may be all that agrees"] = 200
    framed_explained: Annotated[int, SHARE, "edit, framed: tiles that agree from which it is not"] = 640

    covered_unexplained: Annotated[int, SHARE, "edit, covered: unexplained where one shows more in what changed"] = 560
    covered_explained: Annotated[int, SHARE, "edit, covered: tiles that must agree"] = 380
    covered_lost: Annotated[int, SHARE, "edit, covered: tiles lost; at least as many must have changed"] = 390
    covered_changed: Annotated[int, SHARE, "edit, covered: tiles that may have changed"] = 614

    copy_unexplained: Annotated[BySide, SHARE, "copy: unexplained, by side"] = (40, 60, 60, 240, 240)
    copy_move: Annotated[int, PIXEL, "copy: how far corners may move"] = 24
    copy_difference: Annotated[int, LEVEL, "copy: brightness off on the mean"] = 5 * 64
    copy_step: Annotated[int, LEVEL, "copy: deviation off of one tile"] = 6 * 64
    copy_sharpness: Annotated[int, PART, "copy: parts of its sharpness that may be lost or won"] = 12
    copy_colour: Annotated[int, LEVEL, "copy: chroma off on the mean"] = 2 * 64
    gray_colour: Annotated[int, LEVEL, "copy: the same where one of the two is gray"] = 96
    coarse_colour: Annotated[int, LEVEL, "copy: the same where a coarse encoder changed brightness, too"] = 4 * 64
    coarse_times: Annotated[int, TIMES, "copy: chroma off, of how much brightness is, for that to be so"] = 3
    spot: Annotated[int, LEVEL, "copy: chroma off at one place, on fine planes"] = 5 * 64
    thumbnail_spot: Annotated[int, LEVEL, "copy: the same on thumbnails"] = 16 * 64
    crude: Annotated[int, LEVEL, "copy: brightness off on the mean beyond which an encoder was crude"] = 2 * 64
    crude_spot: Annotated[int, LEVEL, "copy: chroma off at one place, on fine planes that it made"] = 8 * 64
    crude_changed: Annotated[int, TILES, "copy: tiles that it may change"] = 2
    crude_worst: Annotated[int, VARIANCE, "copy: variance that it may leave unexplained in one of them"] = 40 * 64

    sure_unexplained: Annotated[tuple[int, int], SHARE, "closer look: unexplained of a copy without doubts"] = (4, 0)
    sure_step: Annotated[tuple[int, int], LEVEL, "closer look: deviation off of one tile of it"] = (160, 64)
    sure_worst: Annotated[tuple[int, int], VARIANCE, "closer look: variance unexplained in its worst tile"] = (512, 0)
    sure_spot: Annotated[tuple[int, int], LEVEL, "closer look: chroma off at one place of it"] = (12 * 64, 3 * 64)
    near_move: Annotated[int, PIXEL, "closer look: how far corners of a copy may seem to move on coarse planes"] = 96
    near_colour: Annotated[int, LEVEL, "closer look: chroma off on the mean where it was made of fewer samples"] = 6 * 64
    near_changed: Annotated[int, TILES, "closer look: tiles that may seem to have changed"] = 3
    near_slide: Annotated[int, PIXEL, "closer look: how far a part may seem to stick out"] = 72
    far_slide: Annotated[int, PIXEL, "closer look: the same where all is explained: another scale looks like a shift"] = 192
    doubtful: Annotated[BySide, SHARE, "closer look: unexplained of what may be the same, by side"] = (60, 310, 440, 560, 600)
    still: Annotated[int, SHARE, "closer look: the same of what lies as the other does: tone alone may differ"] = 600
    # fmt: on


THRESHOLDS = Thresholds()


def by_side(bounds: BySide, side: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the bound for planes of a side.

    Parameters
    ----------
    bounds : tuple of int
        One of `Thresholds`.
    side : ndarray of int
        A power of two from 16 on.

    Returns
    -------
    ndarray of int64
        Of the same shape.

    Examples
    --------
    >>> by_side(THRESHOLDS.same_unexplained, np.array([16, 64, 2048])).tolist()
    [40, 200, 500]
    """
    found: NDArray[np.int64] = np.array(bounds, np.int64)[np.minimum(np.searchsorted(SIDES, side), len(bounds) - 1)]
    return found
