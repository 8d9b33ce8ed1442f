"""Evidence to verdicts: tier and score; nothing but comparisons of whole numbers.

Where a picture lies in the other and what of it the other does not explain say whether it is the same picture. Tone,
colour and size then tell a copy from a deliberate edit.
"""

from enum import IntEnum
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from lookalike.columns import Column
from lookalike.model import Tier
from lookalike.verify.evidence import Evidence
from lookalike.verify.texture import UNEXPLAINED
from lookalike.verify.views import WHOLE, Views


def _by_side(*values: int) -> dict[int, int]:
    """Give each side from 16 to 256 its value; finer planes have the last."""
    return dict(zip_longest((16, 32, 64, 128, 256, 512, 1024, 2048), values, fillvalue=values[-1]))


SAME = _by_side(40, 80, 200, 300, 500)
"""By side, what may be unexplained of a picture that is the same."""
LEAST_EXPLAINED, MOST_LOST, PLAIN_LOST = 400, 280, 150
"""On planes finer than a thumbnail: of the tiles that show something, in 1/1024, those of which little and those of which most
is unexplained. Something put over a picture leaves most of it; other words in the same layout leave nothing, another
picture in the same frame only the frame. Where less than two fifths show something, less may be lost."""
TONED_EXPLAINED, TONED_LOST, TONED_CHANGED = 240, 120, 16
"""The same where tone changed: of each channel by itself, it leaves little of a picture, but loses little too, or changes at
most one in so many tiles."""
FRAME_LOST, FRAME_EXPLAINED = 200, 640
"""The same of another picture in the same frame: it differs wherever it is, so that no tiles stand out as changed."""
COVERED, COVERED_LOST, COVERED_EXPLAINED, COVERED_CHANGED = 560, 390, 380, 614
"""What may be unexplained, lost and changed, and must be explained, where one picture shows more than the other in the tiles
that changed, and these are as many as are lost: something was put over one of them, and beside it they agree. Another
picture in the same frame differs in the rest too."""
FINE = 128
"""Side from which that is looked at."""
LITTLE, FAR_MOVE, NEARLY_WHOLE = 260, 320, 61
"""Unexplained up to which that does not matter, and corners moved so far, in 1/64 pixel of a thumbnail, that it may not be
more: where a picture has to be bent that much to lie in another, or a hint to say which part of it (narrower than so many of
64), the rest must agree."""
TONED_LEVEL = 6 * 64
"""Brightness off from which tone has changed, in 1/64 level."""
ALIKE = _by_side(460, 460, 460, 560, 600)
"""By side, what may be unexplained of a picture that is similar."""
DOUBTFUL = _by_side(60, 310, 440, 560, 600)
"""By side, what may be unexplained of a picture that a closer look may show to be the same."""
STILL = 600
"""What may be unexplained of a picture that lies as the other does for a closer look: tone alone may be what differs."""
COPY_UNEXPLAINED = _by_side(40, 60, 60, 240, 240)
"""By side, what may be unexplained of a copy: a picture that nobody changed on purpose."""
COPY_STEP = 6 * 64
"""How much the deviation of a tile may differ in a copy, in 1/64 level."""
COPY_MOVE, NEAR_MOVE = 24, 96
"""How far the corners of a copy may move, in 1/64 pixel of a thumbnail, and how far they may seem to on coarse planes."""
COPY_DIFFERENCE = 5 * 64
"""How much brightness may differ in a copy on the mean, in 1/64 level."""
COPY_COLOUR, GRAY_COLOUR = 2 * 64, 96
"""How much chroma may differ in a copy on the mean, in 1/64 level, and how much where one of the two is gray."""
NEAR_COLOUR = 6 * 64
"""How much it may seem to where one thumbnail was made of fewer samples."""
COARSE_COLOUR = 4 * 64
"""How much it may where a coarse encoder changed brightness too, by a third of that at least."""
COPY_SHARPNESS = 12
"""Of so many parts of its sharpness a copy may have lost or won one."""
SLIDE, NEAR_SLIDE, FAR_SLIDE = 29, 72, 192
"""How far a picture may stick out of another one that it is a part of, in 1/64 pixel of a thumbnail; how far it may seem to on
coarse planes, and how far there if all of it is explained, since a shift and another scale then look alike."""
COARSE = 16
"""Side of planes that show too little to find one picture as a part of another."""
FEW_CHANGED = 3
"""Changed tiles that may come of coarse planes."""
SPOT, THUMBNAIL_SPOT, SURE_SPOT = 5 * 64, 16 * 64, (12 * 64, 3 * 64)
"""Chroma off at one place up to which nothing was put there, on fine planes and on thumbnails; and up to which that is
sure, resized or not."""
CRUDE, CRUDE_SPOT, CRUDE_CHANGED, CRUDE_WORST = 2 * 64, 8 * 64, 2, 40 * 64
"""Brightness off on the mean, in 1/64 level, from which an encoder was crude; what it may do to chroma at one place, to how
many tiles, and to the worst of them."""
SURE_UNEXPLAINED, SURE_STEP, SURE_WORST = (4, 0), (160, 64), (512, 0)
"""Up to which a copy is sure, resized or not: what is unexplained, the step and the worst tile."""
LEAST_TEXTURED = 3
"""Tiles that must show something."""
PLAIN, ROTATED = 24, 3
"""Places without colour that make a plain background, and places of another hue that make another variant on it."""


class Doubt(IntEnum):
    """What a larger plane could tell."""

    NONE = 0
    """Nothing."""
    COPY = 1
    """Whether it is a copy or an edit."""
    SAME = 2
    """Whether it is the same picture at all."""


def decide(evidence: Evidence, left: Views, right: Views) -> tuple[NDArray[np.uint8], Column, NDArray[np.uint8]]:
    """Put pairs into tiers, and say where a closer look is worth it.

    Parameters
    ----------
    evidence : ndarray of `EVIDENCE`, shape (n,)
        What was measured.
    left, right : Views
        What it was measured of.

    Returns
    -------
    tier : ndarray of uint8, shape (n,)
        COPY, EDIT, SIMILAR or NONE (`Tier` values).
    score : ndarray of int64, shape (n,)
        Thousandths of what the one picture explains of the other, 0..1000; 0 where nothing was aligned.
    doubt : ndarray of uint8, shape (n,)
        `Doubt` values: what larger planes could say otherwise.
    """
    finished = evidence["finished"] != 0
    unexplained = evidence["unexplained"].astype(np.int64)
    score = np.where(finished, 1000 - -(-unexplained * 1000 // UNEXPLAINED), 0)
    alike_bound, doubtful, bound = (_bounds(table, evidence) for table in (ALIKE, DOUBTFUL, SAME))
    seen = evidence["textured"] >= LEAST_TEXTURED
    alike = finished & (unexplained <= alike_bound) & seen
    variant = (evidence["plain"] >= PLAIN) & (evidence["rotated"] >= ROTATED)
    coarse = (evidence["side"] <= COARSE) & (evidence["move"] > COPY_MOVE)
    within = (evidence["slide"] <= SLIDE) & ~variant
    same = alike & within & (~coarse & (unexplained <= bound) & _left_over(evidence) | _covered(evidence))
    whole = ((evidence["left_box"] == WHOLE) & (evidence["right_box"] == WHOLE)).all(axis=1)
    boxes = np.stack([evidence["left_box"], evidence["right_box"]], axis=1).astype(np.int64)
    part = (boxes[:, :, 2:] - boxes[:, :, :2]).min(axis=(1, 2)) < NEARLY_WHOLE
    far = (evidence["move"] > FAR_MOVE) | ((evidence["hinted"] != 0) & part)
    same &= (unexplained <= LITTLE) | ~far

    kept = same & whole
    kept &= (evidence["move"] <= NEAR_MOVE) & (evidence["difference"] <= COPY_DIFFERENCE)
    kept &= (evidence["colour"] <= NEAR_COLOUR) & ~stretched((left.width, left.height), (right.width, right.height))
    copy = kept & (evidence["move"] <= COPY_MOVE) & ~recoloured(evidence) & _untouched(evidence)
    tier = np.select([copy, same, alike], [Tier.COPY, Tier.EDIT, Tier.SIMILAR], Tier.NONE).astype(np.uint8)

    resized = (left.width != right.width) | (left.height != right.height)
    measured = {"unexplained": SURE_UNEXPLAINED, "step": SURE_STEP, "worst": SURE_WORST, "spot": SURE_SPOT}
    suspect = np.any([evidence[name] > np.where(resized, *most) for name, most in measured.items()], axis=0)
    doubt = np.where(np.where(copy, suspect, kept & (evidence["changed"] <= FEW_CHANGED)), Doubt.COPY, Doubt.NONE)
    near = np.where(unexplained <= _bounds(COPY_UNEXPLAINED, evidence), FAR_SLIDE, NEAR_SLIDE)
    nearly = (evidence["slide"] <= near) & ~variant & ~within & (evidence["side"] < FINE)
    unsure = alike & (unexplained <= doubtful) & ((within & (2 * unexplained > bound)) | nearly)
    still = np.where(seen, (evidence["move"] <= NEAR_MOVE) & (unexplained <= STILL), unexplained <= doubtful)
    unsure |= finished & (evidence["side"] < FINE) & still & ~(alike & within)
    doubt[unsure & ~copy] = Doubt.SAME
    return tier, score, doubt.astype(np.uint8)


def _bounds(table: dict[int, int], evidence: Evidence) -> Column:
    return np.array([table[side] for side in evidence["side"].tolist()], np.int64)


def _left_over(evidence: Evidence) -> NDArray[np.bool_]:
    """Say whether enough of a picture is left for it to be the same, whatever was put over it."""
    explained, lost, changed, textured = (
        evidence[name].astype(np.int64) for name in ("explained", "lost", "changed", "textured")
    )
    level, contrast = evidence["level"].astype(np.int64), evidence["contrast"].astype(np.int64)
    toned = np.abs(level[:, 0] - level[:, 1]) >= TONED_LEVEL
    toned |= 8 * np.abs(contrast[:, 0] - contrast[:, 1]) > contrast.max(axis=1)
    fine = evidence["side"] >= FINE
    plain = 5 * textured < 2 * evidence["tiles"].astype(np.int64)
    left = (explained >= LEAST_EXPLAINED) & (lost <= np.where(plain, PLAIN_LOST, MOST_LOST))
    spared = (lost <= TONED_LOST) | ((lost <= MOST_LOST) & (TONED_CHANGED * changed <= textured))
    left |= toned & (explained >= TONED_EXPLAINED) & spared
    added = evidence["more"] != 0
    framed = (lost > FRAME_LOST) & (explained < FRAME_EXPLAINED) & (~added | (UNEXPLAINED * changed < lost * textured))
    left &= toned | ~framed
    few = np.where(plain | (fine & ~added), 3, 2) * changed <= textured
    unexplained = evidence["unexplained"].astype(np.int64)
    enough: NDArray[np.bool_] = (left | ~fine | (unexplained <= LITTLE)) & (toned | few | (2 * unexplained <= LITTLE))
    return enough


def _covered(evidence: Evidence) -> NDArray[np.bool_]:
    """Say whether something large was put over one of two pictures that agree beside it."""
    lost, changed, textured = (evidence[name].astype(np.int64) for name in ("lost", "changed", "textured"))
    covered: NDArray[np.bool_] = (evidence["side"] >= FINE) & (evidence["more"] != 0)
    covered &= (evidence["unexplained"] <= COVERED) & (evidence["explained"] >= COVERED_EXPLAINED)
    covered &= (lost <= COVERED_LOST) & (UNEXPLAINED * changed >= lost * textured)
    return covered & (UNEXPLAINED * changed <= COVERED_CHANGED * textured)


def _untouched(evidence: Evidence) -> NDArray[np.bool_]:
    """Say whether nothing differs but what encoders and resizing do."""
    crude = evidence["difference"] > CRUDE
    unchanged = (evidence["changed"] == 0) | (
        crude & (evidence["changed"] <= CRUDE_CHANGED) & (evidence["worst"] <= CRUDE_WORST)
    )
    spot = np.where(evidence["side"] < FINE, THUMBNAIL_SPOT, np.where(crude, CRUDE_SPOT, SPOT))
    sharp = evidence["sharpness"].astype(np.int64)
    as_sharp = COPY_SHARPNESS * np.abs(sharp[:, 0] - sharp[:, 1]) <= sharp.max(axis=1)
    untouched: NDArray[np.bool_] = unchanged & as_sharp & (evidence["step"] <= COPY_STEP) & (evidence["spot"] <= spot)
    return untouched & (evidence["unexplained"] <= _bounds(COPY_UNEXPLAINED, evidence))


def recoloured(evidence: Evidence) -> NDArray[np.bool_]:
    """Say whether chroma changed by more than encoders change it.

    Parameters
    ----------
    evidence : ndarray of `EVIDENCE`, shape (n,)
        What was measured.

    Returns
    -------
    ndarray of bool, shape (n,)
        Whether it did.
    """
    colour, difference = evidence["colour"].astype(np.int64), evidence["difference"].astype(np.int64)
    fine = colour <= np.where(evidence["gray"][..., 0] == evidence["gray"][..., 1], COPY_COLOUR, GRAY_COLOUR)
    coarse = (colour <= COARSE_COLOUR) & (colour <= 3 * difference)
    found: NDArray[np.bool_] = ~(fine | coarse)
    return found


def stretched(left: tuple[Column, Column], right: tuple[Column, Column]) -> NDArray[np.bool_]:
    """Say whether no scaling, rounded to whole pixels of the smaller picture, gives both sizes.

    Parameters
    ----------
    left, right : tuple of ndarray of int64, shape (n,)
        Widths and heights in pixels.

    Returns
    -------
    ndarray of bool, shape (n,)
        Whether one was stretched.

    Examples
    --------
    >>> stretched((np.array([800, 800]), np.array([600, 600])), (np.array([401, 500]), np.array([300, 300])))
    array([False,  True])
    """
    skew = 2 * np.abs(left[0] * right[1] - left[1] * right[0])
    return (skew > 3 * left[0]) & (skew > 3 * left[1]) & (skew > 3 * right[0]) & (skew > 3 * right[1])
