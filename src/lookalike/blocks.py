"""Traces that JPEG left in the pixels of a lossless file: 8x8 blocks whose fine coefficients are zero."""

import numpy as np
from numpy.typing import NDArray

BLOCKS_VERSION = 1
"""Rises when any answer could change."""
SIDE = 8
FINE = 5
"""Order, down plus across, from which coefficients are looked at."""
ZERO = 1.0
"""Absolute value below which one counts as zero: rounding to whole levels leaves a quarter of that."""
OTHERS = ((4, 4), (0, 4), (4, 0), (3, 5))
"""Where blocks lie that no JPEG encoder made; every second one that a reduction to half makes lies at the first."""
MORE_ZERO = 0.12
"""Share of the coefficients that are not zero elsewhere which must be zero in the blocks. It is 0.2 to 0.9 for photos saved
as JPEG up to quality 95, below 0.05 for photos never saved as JPEG at their size."""
MOST_ROWS = 1024
"""Rows and columns that are looked at; a multiple of 8."""

_order = np.arange(SIDE)
_DCT = (
    np.cos(np.pi * (2 * _order + 1) * _order[:, np.newaxis] / (2 * SIDE))
    * np.where(_order == 0, np.sqrt(1 / SIDE), 0.5)[:, np.newaxis]
).astype(np.float32)
_FINE = _order[:, np.newaxis] + _order >= FINE


def has_blocks(luma: NDArray[np.uint8]) -> bool:
    """Say whether a picture was saved as JPEG before, at this size.

    Parameters
    ----------
    luma : ndarray of uint8, shape (height, width)
        As stored, not turned: the grid must begin at the left and top.

    Returns
    -------
    bool
        False where in doubt: for quality above 95, for pictures of less than 3 blocks a side, and for flat ones.

    Examples
    --------
    >>> noise = np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)
    >>> has_blocks(noise), has_blocks(noise[::8, ::8].repeat(8, 0).repeat(8, 1))
    (False, True)
    """
    luma = luma[:MOST_ROWS, :MOST_ROWS]
    if min(luma.shape) < 3 * SIDE:
        return False
    here = _zeros(luma)
    elsewhere = max(_zeros(luma[top:, left:]) for top, left in OTHERS)
    return here - elsewhere > MORE_ZERO * (1 - elsewhere) and elsewhere < 1


def _zeros(luma: NDArray[np.uint8]) -> float:
    """Return the share of fine coefficients that are zero in the blocks of a picture."""
    down, across = (length // SIDE for length in luma.shape)
    blocks = luma[: down * SIDE, : across * SIDE].reshape(down, SIDE, across, SIDE).transpose(0, 2, 1, 3)
    fine = (_DCT @ blocks.astype(np.float32) @ _DCT.T)[..., _FINE]
    return float((np.abs(fine) < ZERO).mean())
