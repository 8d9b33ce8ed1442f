"""Frames, letterboxes and caption bars of thumbnails, and the hash of what they surround."""

import numpy as np
from numpy.typing import NDArray

from lookalike.hashes.lanczos import shrink
from lookalike.model import THUMBNAIL_SIDE

LEAST_LEVELS, MOST_LEVELS, PARTS = 2, 12, 16
"""Levels around that of its edge within which a border stays: one in so many parts of the range of the picture, but at
least and at most so many."""
ENDS = 2
"""Pixels at both ends of a row that a border with text in it leaves alone."""
MOST_BAND = 26
"""Rows of a thumbnail that a border may have."""
LEAST_SIDE = 24
"""Side of what must be left."""
WHOLE = (0, 0, THUMBNAIL_SIDE, THUMBNAIL_SIDE)


def trim_boxes(luma: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Find what borders surround.

    A border begins with a row (or column) of one level. It goes on as long as both ends of a row stay at that level, so a
    caption bar with text is one too, and ends with the last row that is of one level from end to end.

    Parameters
    ----------
    luma : ndarray of uint8, shape (n, 64, 64)
        Thumbnails.

    Returns
    -------
    ndarray of int64, shape (n, 4)
        Left, top, right (exclusive) and bottom (exclusive) of the picture without its border; all of it where there is no
        border, or where too little would be left.

    Examples
    --------
    >>> framed = np.full((1, 64, 64), 255, np.uint8)
    >>> framed[0, 4:60, 8:64] = np.random.default_rng(0).integers(0, 255, (56, 56))
    >>> trim_boxes(framed).tolist()
    [[8, 4, 64, 60]]
    """
    boxes = np.repeat(np.array([WHOLE]), len(luma), 0)
    edges = np.stack([luma[:, 0], luma[:, -1], luma[:, :, 0], luma[:, :, -1]], axis=1)
    # Few pictures have an edge that may be a border; the others are not looked at closer.
    plain = np.flatnonzero((np.ptp(edges, axis=2) <= 2 * MOST_LEVELS).any(axis=1))
    boxes[plain] = _boxes(luma[plain])
    return boxes


def _boxes(luma: NDArray[np.uint8]) -> NDArray[np.int64]:
    across = luma.transpose(0, 2, 1)
    levels = np.clip(np.ptp(luma[:, ::4, ::4], axis=(1, 2)) // PARTS, LEAST_LEVELS, MOST_LEVELS).astype(np.int16)
    left, right = _bands(across, levels), THUMBNAIL_SIDE - _bands(across[:, ::-1], levels)
    top, bottom = _bands(luma, levels), THUMBNAIL_SIDE - _bands(luma[:, ::-1], levels)
    boxes = np.stack([left, top, right, bottom], axis=1)
    little = (right - left < LEAST_SIDE) | (bottom - top < LEAST_SIDE)
    return np.where(little[:, np.newaxis], np.array(WHOLE), boxes)


def trimmed(luma: NDArray[np.uint8], boxes: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Cut boxes out of planes and bring them to the full side.

    Parameters
    ----------
    luma : ndarray of uint8, shape (n, side, side)
        Thumbnails, or larger planes.
    boxes : ndarray of int64, shape (n, 4)
        As from `trim_boxes`, in 1/64 of the side.

    Returns
    -------
    ndarray of uint8, shape (n, side, side)
        What the boxes hold; `luma` itself where that is all of it.

    Examples
    --------
    >>> trimmed(np.full((1, 64, 64), 9, np.uint8), np.array([[8, 4, 64, 60]])).max()
    np.uint8(9)
    """
    cut = np.flatnonzero((boxes != np.array(WHOLE)).any(axis=1))
    if not len(cut):
        return luma
    made, side = luma.copy(), luma.shape[1]
    for row, (left, top, right, bottom) in zip(
        cut.tolist(), (boxes[cut] * (side // THUMBNAIL_SIDE)).tolist(), strict=True
    ):
        made[row] = shrink(luma[row, top:bottom, left:right], (right - left, bottom - top), 1, side)
    return made


def within(boxes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return boxes less what a border may have left of itself in them.

    Parameters
    ----------
    boxes : ndarray of int64, shape (n, 4)
        As from `trim_boxes`.

    Returns
    -------
    ndarray of int64, shape (n, 4)
        A pixel smaller at each side where there is a border.

    Examples
    --------
    >>> within(np.array([[0, 3, 64, 64]])).tolist()
    [[0, 4, 64, 64]]
    """
    made: NDArray[np.int64] = boxes + (boxes != np.array(WHOLE)) * np.array([1, 1, -1, -1])
    return made


def _bands(luma: NDArray[np.uint8], levels: NDArray[np.int16]) -> NDArray[np.int64]:
    """Return how many of the first rows are border."""
    found = np.zeros(len(luma), np.int64)
    begun = np.flatnonzero(np.ptp(luma[:, 0], axis=1) <= 2 * levels)  # few pictures have any
    if not len(begun):
        return found
    rows, levels = luma[begun, :MOST_BAND].astype(np.int16), levels[begun]
    level = (rows[:, 0].min(axis=1) + rows[:, 0].max(axis=1)) // 2
    close = np.abs(rows - level[:, np.newaxis, np.newaxis]) <= levels[:, np.newaxis, np.newaxis]
    plain = close.all(axis=2)
    going = np.logical_and.accumulate((close[:, :, :ENDS] & close[:, :, -ENDS:]).all(axis=2), axis=1)
    last = np.where(plain & going, np.arange(1, rows.shape[1] + 1), 0).max(axis=1)
    found[begun] = np.where(plain[:, 0], last, 0)
    return found
