"""What the tiles of a pair tell: which of them changed, how much is unexplained; native and reference."""

from math import isqrt

import numpy as np
from numpy.typing import NDArray

from lookalike.columns import Column
from lookalike.kernels import IS_COMPILED, REFERENCE, chosen
from lookalike.verify.alignment import VALUE_BITS
from lookalike.verify.measuring import KERNELS, Measures
from lookalike.verify.tiles import OUTSIDE, SHARE

if IS_COMPILED:
    from lookalike._native import texture as _texture_native

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
MOST_CUT = 16
"""Tiles each way of which it is kept which of them changed; of more, squares of tiles."""
COLUMNS = (
    "step", "tiles", "changed", "more", "textured", "worst", "lost", "explained", "unexplained", "contrast", "sharpness",
)  # fmt: skip
"""Fields of the evidence that tiles fill, in the order of the kernel; the last two have a column for each picture."""


def texture(found: Measures, *, kernel: str | None = None) -> tuple[dict[str, Column], NDArray[np.bool_]]:
    """Sum up what tiles tell.

    Parameters
    ----------
    found : Measures
        What was measured of pairs.
    kernel : str, optional
        One of `lookalike.verify.measuring.KERNELS`; None means the first. It changes nothing of the result.

    Returns
    -------
    columns : dict of str to ndarray of int64, shape (n,) or (n, 2)
        Fields of `lookalike.verify.evidence.EVIDENCE`.
    changed : ndarray of bool, shape (n, tiles)
        Which tiles changed.

    Examples
    --------
    >>> from lookalike.verify.measuring import measure
    >>> luma = np.random.default_rng(0).integers(0, 256, (1, 64, 64), np.uint8), np.array([0])
    >>> columns, changed = texture(measure(luma, luma, 64))
    >>> int(columns["tiles"][0]), int(columns["changed"][0]), bool(changed.any())
    (64, 0, False)
    """
    name = chosen(kernel, KERNELS)
    if name == REFERENCE:
        return _texture(found)
    change, structure = (np.ascontiguousarray(values, np.int32) for values in (found.change, found.structure))
    numbers, changed = _texture_native(change, structure, np.ascontiguousarray(found.contrast), name)
    ends = [*range(1, len(COLUMNS) - 1), len(COLUMNS)]
    columns = dict(zip(COLUMNS, np.split(numbers, ends, axis=1), strict=True))
    return {name: values[:, 0] if values.shape[1] == 1 else values for name, values in columns.items()}, changed


def _texture(found: Measures) -> tuple[dict[str, Column], NDArray[np.bool_]]:
    change, structure = found.change.astype(np.int64), found.structure.astype(np.int64)
    counted = change != OUTSIDE
    share = np.minimum(change * UNEXPLAINED // np.maximum(structure.min(axis=2), 1), UNEXPLAINED)
    variance = structure * found.contrast[:, np.newaxis] // SHARE
    deviation = np.sqrt(variance.astype(np.float64)).astype(np.int64)
    less, more = deviation.min(axis=2), deviation.max(axis=2)
    rest = np.where(counted, change * found.contrast.min(axis=1)[:, np.newaxis] // SHARE, OUTSIDE)
    # What an encoder or noise leaves lies everywhere; what was put over a picture does not.
    quarter = counted.sum(axis=1) // 4
    usual = np.maximum(-np.take_along_axis(np.sort(-rest, axis=1), quarter[:, np.newaxis], axis=1), 0)
    changed = (rest >= CHANGED + NOISY * usual) & (8 * share >= UNEXPLAINED)
    changed |= counted & (more >= APPEARED) & (4 * less < more)
    shown = np.where(changed[:, :, np.newaxis], variance, 0).sum(axis=1)
    textured = counted & (variance.max(axis=2) >= TEXTURED)
    many, all_ = np.maximum(textured.sum(axis=1), 1), np.maximum(counted.sum(axis=1), 1)
    return {
        "step": (more - less).max(axis=1),
        "tiles": counted.sum(axis=1),
        "changed": changed.sum(axis=1),
        "more": np.sign(
            np.where(3 * np.abs(shown[:, 1] - shown[:, 0]) >= shown.max(axis=1), shown[:, 1] - shown[:, 0], 0)
        ),
        "textured": textured.sum(axis=1),
        "worst": np.maximum(rest.max(axis=1), 0) >> VALUE_BITS,
        "lost": (textured & (8 * share >= 7 * UNEXPLAINED)).sum(axis=1) * UNEXPLAINED // many,
        "explained": (textured & (8 * share <= UNEXPLAINED)).sum(axis=1) * UNEXPLAINED // many,
        "unexplained": np.where(textured, share, 0).sum(axis=1) // many,
        "contrast": np.sqrt(found.contrast[:, ::-1].astype(np.float64)).astype(np.int64),
        "sharpness": (deviation.sum(axis=1) // all_[:, np.newaxis])[:, ::-1],
    }, changed


def packed(changed: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Pack tiles as bits, row by row; of more than 256 those of each of 256 squares together.

    Parameters
    ----------
    changed : ndarray of bool, shape (n, tiles)
        Tiles.

    Returns
    -------
    ndarray of uint8, shape (n, 32)
        Their bits.

    Examples
    --------
    >>> packed(np.arange(16)[np.newaxis] == 1)[0, :3].tolist()
    [64, 0, 0]
    """
    cut = isqrt(changed.shape[1])
    if cut > MOST_CUT:
        size = cut // MOST_CUT
        changed = (
            changed.reshape(-1, MOST_CUT, size, MOST_CUT, size).any(axis=(2, 4)).reshape(len(changed), MOST_CUT**2)
        )
    made = np.zeros((len(changed), MOST_CUT**2 // 8), np.uint8)
    made[:, : -(-changed.shape[1] // 8)] = np.packbits(changed, axis=1)
    return made
