"""Two files to a last look: at the size of the smaller one, where a single changed tile means that they are no copies.

Thumbnails, and planes of 256 pixels, show what is the same picture. That a digit of an invoice differs, or a box of a form
is ticked, shows only where it is large enough; this look is for pairs of which one is to go.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike import decode, verify
from lookalike.hashes.borders import trimmed
from lookalike.verify.deciding import COPY_UNEXPLAINED
from lookalike.verify.views import WHOLE, Pictures

SIDES = (2048, 1024, 512, 256)
MOST, MOST_OF_PAGES = 1024, 2048
"""Pixels a side that are looked at, of photos and of what looks like a page or a screen."""
GROUND, GROUND_LEVELS = 0.4, 3
"""Share of a page or a screen that has one brightness, give or take so many levels."""


@dataclass(frozen=True, slots=True)
class LastLook:
    """What two files show at the size of the smaller one.

    Attributes
    ----------
    side : int
        Pixels a side of the planes that were compared.
    tiles, changed : int
        Tiles that lie in both, and how many of these show something else.
    same : bool
        Whether no tile changed.
    """

    side: int
    tiles: int
    changed: int
    same: bool


def look(files: tuple[tuple[bytes, str], tuple[bytes, str]], small: Pictures, turn: int) -> LastLook:
    """Compare two whole pictures at the size of the smaller one.

    Parameters
    ----------
    files : tuple of (bytes, str)
        Contents and name of the left and of the right file.
    small : Pictures
        Thumbnails of the two.
    turn : int
        EXIF orientation that makes the right picture lie like the left one.

    Returns
    -------
    LastLook
        Of the luma of all pixels, up to 1,024 a side; 2,048 where both look like pages or screens.

    Raises
    ------
    DecodeError
        If a file cannot be decoded.
    """
    lengths = np.maximum(small.width, small.height)
    length = int(lengths.min())
    side = own_side(length, MOST)
    planes = [decode.planes(data, name, side) for data, name in files]
    if own_side(length, MOST_OF_PAGES) > side and all(is_page(luma) for luma, _ in planes):
        side = own_side(length, MOST_OF_PAGES)
        planes = [decode.planes(data, name, side) for data, name in files]
    luma, chroma = (np.stack([both[which] for both in planes]) for which in (0, 1))
    box = np.broadcast_to(WHOLE, small.box.shape)
    fine = Pictures(luma, chroma, lengths, lengths, box, trimmed(luma, box))
    first, second = np.array([0]), np.array([1])
    whole = np.broadcast_to(WHOLE, (1, 4))
    hints = None if turn == 1 else verify.Hints(first, np.array([turn], np.uint8), whole, whole)
    (seen,) = verify.verify(fine, first, second, hints).evidence
    compared = int(seen["side"])  # coarser than the planes where the pictures show no more
    same = bool(seen["finished"]) and not seen["changed"] and seen["unexplained"] <= COPY_UNEXPLAINED[compared]
    return LastLook(compared, int(seen["tiles"]), int(seen["changed"]), bool(same))


def own_side(length: int, most: int) -> int:
    """Return the side of planes for a picture: about as many pixels as it has, along its longer side.

    Parameters
    ----------
    length : int
        Pixels of the longer side.
    most : int
        Greatest side.

    Returns
    -------
    int
        A power of two from 256 on.

    Examples
    --------
    >>> own_side(800, 1024), own_side(700, 1024), own_side(9000, 1024), own_side(90, 1024)
    (1024, 512, 1024, 256)
    """
    return next((side for side in SIDES if side <= most and 4 * length >= 3 * side), SIDES[-1])


def is_page(luma: NDArray[np.uint8]) -> bool:
    """Say whether a picture looks like a page, a form or a screen: much of it is ground of one brightness.

    Parameters
    ----------
    luma : ndarray of uint8, shape (side, side)
        Its luma.

    Returns
    -------
    bool
        Whether it does; photos on a plain ground do too.

    Examples
    --------
    >>> is_page(np.full((4, 4), 250, np.uint8)), is_page(np.arange(256, dtype=np.uint8).reshape(16, 16))
    (True, False)
    """
    counts = np.bincount(luma.ravel(), minlength=256)
    near = np.convolve(counts, np.ones(2 * GROUND_LEVELS + 1, np.int64), "same")
    return bool(near.max() >= GROUND * luma.size)
