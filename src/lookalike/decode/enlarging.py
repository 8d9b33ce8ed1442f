"""What a smaller picture says that a larger one of the same looks like, by the usual filters."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookalike.resolved import TILE, corners

FILTERS = (Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS, Image.Resampling.BOX)
"""What pictures are enlarged by; box repeats pixels."""
Tiles = NDArray[np.float32]


def predictions(large: Image.Image, small: Image.Image) -> tuple[Tiles, list[Tiles]]:
    """Return squares of a picture, and what enlarging a smaller one makes of these.

    Parameters
    ----------
    large, small : PIL.Image.Image
        Luma.

    Returns
    -------
    tiles : ndarray of float32, shape (n, 128, 128)
        As `lookalike.resolved.is_enlargement` takes them.
    predicted : list of ndarray of float32, shape (n, 128, 128)
        By filter.
    """
    places = corners(*large.size)
    across, down = small.width / large.width, small.height / large.height

    def enlarged(left: int, top: int, resample: Image.Resampling) -> Tiles:
        box = left * across, top * down, (left + TILE) * across, (top + TILE) * down
        return np.asarray(small.resize((TILE, TILE), resample, box), np.float32)

    own = [np.asarray(large.crop((left, top, left + TILE, top + TILE)), np.float32) for left, top in places]
    made = [[enlarged(left, top, resample) for left, top in places] for resample in FILTERS]
    return _stacked(own), [_stacked(tiles) for tiles in made]


def _stacked(tiles: list[Tiles]) -> Tiles:
    return np.array(tiles, np.float32).reshape(len(tiles), TILE, TILE)
