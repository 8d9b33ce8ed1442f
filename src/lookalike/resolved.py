"""Whether a picture resolves more than a smaller one of the same, or is an enlargement of it.

An enlargement is made of the pixels of its source: enlarging the source once more, with the usual filters, predicts even the
little that it has beyond the finest detail of the source. Of a picture that was really taken at its size, the source predicts
nothing there: the detail was lost when it was reduced.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Tiles = NDArray[np.float32]

RESOLVED_VERSION = 1
"""Rises when any answer could change."""
TILE = 128
"""Side of the squares that are looked at, in pixels of the larger picture."""
MOST_TILES = 5
"""Squares each way, spread over the picture."""
LEAST_SHARE, MOST_SHARE = 1 / 16, 0.82
"""Length of the smaller picture as a share of the larger one's: beyond these nothing can be told."""
PREDICTED = 0.5
"""Share of the energy beyond the finest detail of the source that its enlargement leaves, at most. Over thousands of pairs of
a photo, sharp or soft, and its reduction it was never below 0.53."""
NEAR = 1.4
"""How far beyond is looked at, in terms of that detail: the filters leave most right there, encoders noise everywhere."""
LEAST_LOW = 1 / 16
"""Share of Nyquist below which nothing counts along either axis: there the borders of JPEG blocks lie."""


def corners(width: int, height: int) -> list[tuple[int, int]]:
    """Return where the squares of a picture begin.

    Parameters
    ----------
    width, height : int
        Its size in pixels.

    Returns
    -------
    list of (int, int)
        Left and top of each; none if the picture is smaller than a square.

    Examples
    --------
    >>> corners(300, 128)
    [(0, 0), (172, 0)]
    """
    if min(width, height) < TILE:
        return []
    lefts, tops = (
        np.linspace(0, length - TILE, min(MOST_TILES, length // TILE)).astype(np.int64).tolist()
        for length in (width, height)
    )
    return [(left, top) for top in tops for left in lefts]


def is_enlargement(tiles: Tiles, predictions: Sequence[Tiles], share: float) -> bool:
    """Say whether a picture is an enlargement of a smaller one.

    Parameters
    ----------
    tiles : ndarray of float32, shape (n, 128, 128)
        Squares of its luma.
    predictions : sequence of ndarray of float32, shape (n, 128, 128)
        The same squares of the smaller picture, enlarged by one filter each.
    share : float
        Length of the smaller picture as a share of the larger one's.

    Returns
    -------
    bool
        False where in doubt, as for pictures that are as soft as their enlargements or that an encoder left noise in.

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(128, 40, (1, 128, 128)).astype(np.float32)
    >>> is_enlargement(noise, [noise], 0.5), is_enlargement(noise, [noise[:, ::-1]], 0.5)
    (True, False)
    """
    if not len(tiles) or not LEAST_SHARE <= share <= MOST_SHARE:
        return False
    own = _beyond(tiles, share)
    least = min(_beyond(_unpredicted(tiles, predicted), share) for predicted in predictions)
    return bool(own > 0 and least <= PREDICTED * own)


def _unpredicted(tiles: Tiles, predicted: Tiles) -> Tiles:
    """Return what is left of a picture without its prediction, at the contrast that fits it best."""
    own, other = tiles - tiles.mean(), predicted - predicted.mean()
    gain = (own * other).sum() / max(float((other * other).sum()), 1.0)
    left: Tiles = (own - gain * other).astype(np.float32)
    return left


def _beyond(tiles: Tiles, share: float) -> float:
    """Return the energy of squares right beyond a share of their Nyquist frequency."""
    window = np.hanning(TILE + 2)[1:-1].astype(np.float32)
    centred = tiles - tiles.mean(axis=(1, 2), keepdims=True)
    power = (np.abs(np.fft.rfft2(centred * (window[:, np.newaxis] * window))) ** 2).sum(axis=0)
    down, across = 2 * np.abs(np.fft.fftfreq(TILE))[:, np.newaxis], 2 * np.fft.rfftfreq(TILE)[np.newaxis]
    finer = np.maximum(down, across)
    counted = (finer >= share) & (finer <= NEAR * share) & (np.minimum(down, across) >= LEAST_LOW)
    return float(power[counted].sum())
