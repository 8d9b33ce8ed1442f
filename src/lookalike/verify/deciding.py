"""Evidence to verdicts: tier, score and doubt; nothing but comparisons of whole numbers, all of which `thresholds` names.

Where a picture lies in the other and what of it the other does not explain say whether it is the same picture. Tone,
colour and size then tell a copy from a deliberate edit.
"""

from collections.abc import Mapping
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from lookalike.columns import Column
from lookalike.model import Tier
from lookalike.verify.evidence import Evidence
from lookalike.verify.texture import UNEXPLAINED
from lookalike.verify.thresholds import THRESHOLDS, by_side
from lookalike.verify.views import WHOLE, Views

FIELDS = (
    "finished", "hinted", "left_box", "right_box", "slide", "move", "side", "tiles", "textured", "unexplained", "explained",
    "lost", "worst", "step", "changed", "more", "level", "contrast", "sharpness", "difference", "colour", "spot", "gray",
    "plain", "rotated",
)  # fmt: skip
Seen = Mapping[str, Column]
"""These fields of the evidence, wide enough to be multiplied."""
Rows = NDArray[np.bool_]
"""Of which pairs something is so."""


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
    seen = _columns(evidence)
    finished, unexplained = seen["finished"] != 0, seen["unexplained"]
    score = np.where(finished, 1000 - -(-unexplained * 1000 // UNEXPLAINED), 0)

    alike = finished & _shows_enough(seen)
    alike &= unexplained <= by_side(THRESHOLDS.alike_unexplained, seen["side"])
    same = alike & _lies_within(seen) & (_agrees(seen) | _covered(seen)) & ~_forced(seen)
    nearly = same & _nearly_copied(seen, left, right)
    copy = nearly & (seen["move"] <= THRESHOLDS.copy_move) & ~_recoloured(seen) & _untouched(seen)
    tier = np.select([copy, same, alike], [Tier.COPY, Tier.EDIT, Tier.SIMILAR], Tier.NONE).astype(np.uint8)

    resized = (left.width != right.width) | (left.height != right.height)
    doubtful = np.where(copy, _suspect(seen, resized), nearly & (seen["changed"] <= THRESHOLDS.near_changed))
    doubt = np.where(doubtful, Doubt.COPY, Doubt.NONE)
    doubt[~copy & _maybe_same(seen, alike)] = Doubt.SAME
    return tier, score, doubt.astype(np.uint8)


def _shows_enough(seen: Seen) -> Rows:
    return seen["textured"] >= THRESHOLDS.least_textured


def _is_variant(seen: Seen) -> Rows:
    """Say whether the same thing is seen on a plain ground in another hue."""
    plain, rotated = seen["plain"], seen["rotated"]
    return (plain >= THRESHOLDS.plain_places) & (rotated >= THRESHOLDS.rotated_places)


def _lies_within(seen: Seen) -> Rows:
    """Say whether one picture shows nothing that lies beyond the other."""
    return (seen["slide"] <= THRESHOLDS.slide) & ~_is_variant(seen)


def _agrees(seen: Seen) -> Rows:
    """Say whether what both show agrees, but for what may have been put over it."""
    coarse = (seen["side"] <= THRESHOLDS.coarse_side) & (seen["move"] > THRESHOLDS.copy_move)
    close = seen["unexplained"] <= by_side(THRESHOLDS.same_unexplained, seen["side"])
    return ~coarse & close & _left_over(seen)


def _forced(seen: Seen) -> Rows:
    """Say whether a picture had to be bent, or cut out of the other, more than how well it then agrees is worth."""
    boxes = np.stack([seen["left_box"], seen["right_box"]], axis=1)
    forced: Rows = (boxes[:, :, 2:] - boxes[:, :, :2]).min(axis=(1, 2)) < THRESHOLDS.nearly_whole
    forced &= seen["hinted"] != 0
    forced |= seen["move"] > THRESHOLDS.far_move
    return forced & (seen["unexplained"] > THRESHOLDS.little)


def _left_over(seen: Seen) -> Rows:
    """Say whether enough of a picture is left for it to be the same, whatever was put over it."""
    lost, changed, textured = seen["lost"], seen["changed"], seen["textured"]
    level, contrast = seen["level"], seen["contrast"]
    toned = np.abs(level[:, 0] - level[:, 1]) >= THRESHOLDS.toned_level
    toned |= THRESHOLDS.toned_contrast * np.abs(contrast[:, 0] - contrast[:, 1]) > contrast.max(axis=1)
    fine, added = seen["side"] >= THRESHOLDS.fine_side, seen["more"] != 0
    some, all_ = THRESHOLDS.plain_part
    plain = all_ * textured < some * seen["tiles"]

    left: Rows = seen["explained"] >= THRESHOLDS.least_explained
    left &= lost <= np.where(plain, THRESHOLDS.plain_lost, THRESHOLDS.most_lost)
    few = THRESHOLDS.toned_changed * changed <= textured
    spared = (lost <= THRESHOLDS.toned_lost) | ((lost <= THRESHOLDS.most_lost) & few)
    left |= toned & (seen["explained"] >= THRESHOLDS.toned_explained) & spared
    # Another picture in the same frame differs wherever it is, so that no tiles stand out as changed.
    framed = (lost > THRESHOLDS.framed_lost) & (seen["explained"] < THRESHOLDS.framed_explained)
    framed &= ~added | (UNEXPLAINED * changed < lost * textured)
    left &= toned | ~framed

    most = np.where(plain | (fine & ~added), THRESHOLDS.changed_few, THRESHOLDS.changed_part)
    little, hardly = (seen["unexplained"] <= most for most in (THRESHOLDS.little, THRESHOLDS.hardly))
    left |= ~fine | little
    left &= toned | hardly | (most * changed <= textured)
    return left


def _covered(seen: Seen) -> Rows:
    """Say whether something large was put over one of two pictures that agree beside it.

    One of the two shows more in the tiles that changed, and these are as many as are lost. Another picture in the same frame
    differs in the rest, too.
    """
    lost, changed, textured = seen["lost"], seen["changed"], seen["textured"]
    covered: Rows = (seen["side"] >= THRESHOLDS.fine_side) & (seen["more"] != 0)
    covered &= seen["unexplained"] <= THRESHOLDS.covered_unexplained
    covered &= seen["explained"] >= THRESHOLDS.covered_explained
    covered &= (lost <= THRESHOLDS.covered_lost) & (lost * textured <= UNEXPLAINED * changed)
    covered &= UNEXPLAINED * changed <= THRESHOLDS.covered_changed * textured
    return covered


def _nearly_copied(seen: Seen, left: Views, right: Views) -> Rows:
    """Say whether all of a picture lies where it lay, as far as coarse planes show that."""
    nearly: Rows = ((seen["left_box"] == WHOLE) & (seen["right_box"] == WHOLE)).all(axis=1)
    nearly &= seen["move"] <= THRESHOLDS.near_move
    nearly &= seen["difference"] <= THRESHOLDS.copy_difference
    nearly &= seen["colour"] <= THRESHOLDS.near_colour
    return nearly & ~stretched((left.width, left.height), (right.width, right.height))


def _untouched(seen: Seen) -> Rows:
    """Say whether nothing differs but what encoders and resizing do."""
    crude, changed = seen["difference"] > THRESHOLDS.crude, seen["changed"]
    by_encoder = crude & (changed <= THRESHOLDS.crude_changed) & (seen["worst"] <= THRESHOLDS.crude_worst)
    most = np.where(crude, THRESHOLDS.crude_spot, THRESHOLDS.spot)
    most = np.where(seen["side"] < THRESHOLDS.fine_side, THRESHOLDS.thumbnail_spot, most)
    sharp = seen["sharpness"]
    untouched: Rows = ((changed == 0) | by_encoder) & (seen["spot"] <= most)
    untouched &= seen["step"] <= THRESHOLDS.copy_step
    untouched &= THRESHOLDS.copy_sharpness * np.abs(sharp[:, 0] - sharp[:, 1]) <= sharp.max(axis=1)
    return untouched & _explained_as_copy(seen)


def _explained_as_copy(seen: Seen) -> Rows:
    return seen["unexplained"] <= by_side(THRESHOLDS.copy_unexplained, seen["side"])


def _suspect(seen: Seen, resized: Rows) -> Rows:
    """Say whether a copy may show a change that is smaller than the planes tell."""
    sure = {
        "unexplained": THRESHOLDS.sure_unexplained, "step": THRESHOLDS.sure_step, "worst": THRESHOLDS.sure_worst,
        "spot": THRESHOLDS.sure_spot,
    }  # fmt: skip
    suspect: Rows = np.any([seen[name] > np.where(resized, *most) for name, most in sure.items()], axis=0)
    return suspect


def _maybe_same(seen: Seen, alike: Rows) -> Rows:
    """Say whether finer planes may show that two pictures are the same, or that they are not."""
    unexplained = seen["unexplained"]
    same, doubtful = (by_side(bounds, seen["side"]) for bounds in (THRESHOLDS.same_unexplained, THRESHOLDS.doubtful))
    coarse, within = seen["side"] < THRESHOLDS.fine_side, _lies_within(seen)
    far = np.where(_explained_as_copy(seen), THRESHOLDS.far_slide, THRESHOLDS.near_slide)
    beyond = coarse & ~within & (seen["slide"] <= far) & ~_is_variant(seen)
    unsure: Rows = alike & (unexplained <= doubtful) & ((within & (2 * unexplained > same)) | beyond)
    still = (seen["move"] <= THRESHOLDS.near_move) & (unexplained <= THRESHOLDS.still)
    still = np.where(_shows_enough(seen), still, unexplained <= doubtful)
    unsure |= (seen["finished"] != 0) & coarse & still & ~(alike & within)
    return unsure


def recoloured(evidence: Evidence) -> Rows:
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
    return _recoloured(_columns(evidence))


def _recoloured(seen: Seen) -> Rows:
    colour, gray = seen["colour"], seen["gray"]
    fine = colour <= np.where(gray[:, 0] != gray[:, 1], THRESHOLDS.gray_colour, THRESHOLDS.copy_colour)
    coarse = (colour <= THRESHOLDS.coarse_colour) & (colour <= THRESHOLDS.coarse_times * seen["difference"])
    return ~(fine | coarse)


def _columns(evidence: Evidence) -> Seen:
    return {name: evidence[name].astype(np.int64) for name in FIELDS}


def stretched(left: tuple[Column, Column], right: tuple[Column, Column]) -> Rows:
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
