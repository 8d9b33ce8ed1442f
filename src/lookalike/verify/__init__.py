"""The same picture or not: pictures and pairs of them in; tier, score and evidence out; sums and comparisons of integers.

Each pair is looked at in a few ways: as it is, without the borders that either has, and as the join's hints say (turned,
or one as a crop of the other). Each look aligns the two views, compares them tile by tile (`measuring`), gathers the
evidence (`evidence`) and decides (`deciding`); the best look counts. Planes may have any side: thumbnails have 64 pixels,
and the same functions judge planes of 256.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike.columns import Column
from lookalike.model import THUMBNAIL_SIDE, Tier
from lookalike.verify.carrying import lacking
from lookalike.verify.deciding import Doubt, decide
from lookalike.verify.evidence import EVIDENCE, Evidence, examine, is_sound
from lookalike.verify.measuring import KERNELS
from lookalike.verify.relating import equality, relation
from lookalike.verify.thresholds import THRESHOLDS
from lookalike.verify.views import WHOLE, Boxes, Pictures, Views, bordered, hinted, resolved, whole

__all__ = [
    "EVIDENCE", "KERNELS", "STEP", "Doubt", "Evidence", "Hints", "Pictures", "Verdicts", "equality", "is_sound", "lacking",
    "relation", "verify",
]  # fmt: skip

STEP = "6"
"""Version of everything here, stored with every verdict."""
RECORD = np.dtype(f"V{EVIDENCE.itemsize}")
"""Evidence as bytes: copied row by row, rather than field by field, which takes ten times as long."""
SIDES = (2048, 1024, 512, 256, 128, 64, 32, 16)


@dataclass(frozen=True, slots=True)
class Hints:
    """Further ways to look at pairs, one row each.

    Attributes
    ----------
    pair : ndarray of int64, shape (k,)
        Which pair.
    turn : ndarray of uint8, shape (k,)
        EXIF orientation that makes the right picture lie like the left one.
    left_box, right_box : ndarray of int64, shape (k, 4)
        What of each picture the other shows, in 1/64 of its side.
    """

    pair: Column
    turn: NDArray[np.uint8]
    left_box: Boxes
    right_box: Boxes


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What was decided; one row per pair.

    Attributes
    ----------
    tier : ndarray of uint8, shape (n,)
        COPY, EDIT, SIMILAR or NONE (`lookalike.model.Tier` values).
    score : ndarray of int64, shape (n,)
        Thousandths of what the one picture explains of the other, 0..1000.
    doubt : ndarray of uint8, shape (n,)
        What larger planes could say otherwise (`Doubt` values).
    evidence : ndarray of `EVIDENCE`, shape (n,)
        What it was decided from.
    """

    tier: NDArray[np.uint8]
    score: Column
    doubt: NDArray[np.uint8]
    evidence: Evidence


def verify(
    pictures: Pictures, left: Column, right: Column, hints: Hints | None = None, *, kernel: str | None = None
) -> Verdicts:
    """Judge pairs of pictures.

    Parameters
    ----------
    pictures : Pictures
        The pictures, all planes of one side.
    left, right : ndarray of int64, shape (n,)
        Rows of `pictures`. Whoever wants the same verdict for both orders gives them in one order always.
    hints : Hints, optional
        Further ways to look at some of the pairs.
    kernel : str, optional
        One of `KERNELS`; None means the first. It changes no verdict.

    Returns
    -------
    Verdicts
        One row per pair.

    Examples
    --------
    >>> luma = np.random.default_rng(0).integers(0, 256, (1, 8, 8), np.uint8).repeat(8, 1).repeat(8, 2)
    >>> size, whole = np.array([800, 400]), np.array([[0, 0, 64, 64]] * 2)
    >>> both = luma.repeat(2, 0)
    >>> pictures = Pictures(both, np.full((2, 8, 8, 2), 128, np.uint8), size, size, whole, both)
    >>> found = verify(pictures, np.array([0]), np.array([1]))
    >>> Tier(found.tier[0]), int(found.score[0])
    (<Tier.COPY: 1>, 1000)
    """
    count = len(left)
    best = Verdicts(
        np.full(count, Tier.NONE, np.uint8),
        np.zeros(count, np.int64),
        np.zeros(count, np.uint8),
        np.zeros(count, EVIDENCE),
    )
    if not count:
        return best
    _look(best, np.arange(count), whole(pictures, left), whole(pictures, right), None, kernel)
    has_border = (pictures.box != WHOLE).any(axis=1)
    for ways in ((whole, bordered), (bordered, whole), (bordered, bordered)):
        some = _open(best)
        for way, picture in zip(ways, (left, right), strict=True):
            some &= has_border[picture] | (way is whole)
        rows = np.flatnonzero(some)
        if len(rows):
            views = [way(pictures, picture[rows]) for way, picture in zip(ways, (left, right), strict=True)]
            _look(best, rows, views[0], views[1], None, kernel)
    if hints is not None:
        order = np.argsort(hints.pair, kind="stable")
        first = np.searchsorted(hints.pair[order], hints.pair[order])
        for rank in range(int((np.arange(len(order)) - first).max(initial=-1)) + 1):
            at = order[np.arange(len(order)) - first == rank]
            at = at[_unsettled(best)[hints.pair[at]]]
            if len(at):
                rows, upright = hints.pair[at], np.ones(len(at), np.uint8)
                one = hinted(pictures, left[rows], upright, hints.left_box[at])
                other = hinted(pictures, right[rows], hints.turn[at], hints.right_box[at])
                _look(best, rows, one, other, hints.turn[at], kernel)
    return best


def _open(best: Verdicts) -> NDArray[np.bool_]:
    """Say which pairs may be looked at in another way."""
    return (best.tier > Tier.EDIT) | (best.evidence["unexplained"] > THRESHOLDS.good)


def _unsettled(best: Verdicts) -> NDArray[np.bool_]:
    """Say for which pairs a hint counts: not where one lies so well in the other that it is known what each shows alone."""
    found: NDArray[np.bool_] = (best.tier == Tier.NONE) | (best.evidence["unexplained"] > THRESHOLDS.good)
    return found


def _look(
    best: Verdicts, rows: Column, left: Views, right: Views, turn: NDArray[np.uint8] | None, kernel: str | None
) -> None:
    """Look at some pairs in one way, a hint's if it says how to turn, and keep what is better than what is known of them."""
    finest = np.full(len(rows), left.planes.shape[1])
    for views in (left, right):
        part = np.minimum(views.box[:, 2] - views.box[:, 0], views.box[:, 3] - views.box[:, 1])
        finest = np.minimum(finest, resolved(views) * part // THUMBNAIL_SIDE)
    sides = np.select([4 * finest >= 3 * side for side in SIDES], SIDES, SIDES[-1])
    evidence = examine(left, right, turn, sides, kernel=kernel)
    tier, score, doubt = decide(evidence, left, right)
    before = best.tier[rows]
    less = evidence["unexplained"].astype(np.int64) + THRESHOLDS.better < best.evidence["unexplained"][rows]
    less &= (evidence["finished"] != 0) & (evidence["side"] >= best.evidence["side"][rows])  # coarse planes hide more
    # A part of two pictures that lie as they are leaves less unexplained than all of them, and says less.
    less &= (evidence["hinted"] == 0) | (evidence["move"] > THRESHOLDS.copy_move) | (evidence["turn"] != 1)
    better = (tier < before) | ((tier == before) & less) | (best.evidence["side"][rows] == 0)
    # What one look leaves open, another that says no more does not settle.
    doubt = np.where(tier == before, np.maximum(doubt, best.doubt[rows]), doubt).astype(np.uint8)
    at = np.flatnonzero(better)
    kept = rows[at]
    best.tier[kept], best.score[kept], best.doubt[kept] = tier[at], score[at], doubt[at]
    best.evidence.view(RECORD)[kept] = evidence.view(RECORD)[at]
