"""What the chroma of a pair tells: how far it is off, and where another hue lies; native and reference."""

import numpy as np
from numpy.typing import NDArray

from lookalike.columns import Column
from lookalike.kernels import IS_COMPILED, REFERENCE, chosen
from lookalike.model import CHROMA_SIDE
from lookalike.verify.alignment import VALUE_BITS, Map, sample
from lookalike.verify.measuring import KERNELS

if IS_COMPILED:
    from lookalike._native import colour as _colour_native

NEUTRAL, COLOURED = 6, 12
"""Levels of chroma off gray up to which a place has no colour, and from which it has one."""
GRAY = 2
"""Levels of chroma off gray up to which a picture is gray."""
COLUMNS = ("gray", "colour", "spot", "plain", "rotated")
"""Fields of the evidence that chroma fills, in the order of the kernel; the first has a column for each picture."""

Chroma = tuple[NDArray[np.uint8], Column]
"""Cb and Cr of pictures, shape (m, 8, 8, 2), and which of them each pair has."""


def colour(
    left: Chroma,
    right: Chroma,
    maps: Map,
    swapped: NDArray[np.bool_],
    changed: NDArray[np.bool_],
    *,
    kernel: str | None = None,
) -> dict[str, Column]:
    """Compare the colours of pairs.

    Parameters
    ----------
    left, right : tuple of ndarray of uint8, shape (m, 8, 8, 2), and ndarray of int64, shape (n,)
        Cb and Cr of pictures, and the row of that of each pair.
    maps : ndarray of float64, shape (n, 2, 3)
        From the whole inner picture to the whole outer one.
    swapped : ndarray of bool, shape (n,)
        Whether the left picture is the inner one.
    changed : ndarray of bool, shape (n, 8, 8)
        Places of the inner picture that show something else, whose hue does not count.
    kernel : str, optional
        One of `lookalike.verify.measuring.KERNELS`; None means the first. It changes nothing of the result.

    Returns
    -------
    dict of str to ndarray of int64, shape (n,) or (n, 2)
        Fields of `lookalike.verify.evidence.EVIDENCE`.

    Examples
    --------
    >>> chroma = np.full((2, 8, 8, 2), 128, np.uint8)
    >>> chroma[1] += 3
    >>> maps, never = np.eye(2, 3)[np.newaxis], np.zeros((1, 8, 8), np.bool_)
    >>> found = colour((chroma, np.array([0])), (chroma, np.array([1])), maps, never[:, 0, 0], never)
    >>> found["gray"][0].tolist(), int(found["colour"][0])
    ([1, 0], 192)
    """
    if chosen(kernel, KERNELS) == REFERENCE:
        off = [planes[rows].astype(np.int64) - (1 << 7) for planes, rows in (left, right)]
        return _colour(off[0], off[1], maps, swapped, changed)
    one, other = ((np.ascontiguousarray(planes), np.ascontiguousarray(rows)) for planes, rows in (left, right))
    numbers = _colour_native(*one, *other, np.ascontiguousarray(maps), swapped, np.ascontiguousarray(changed))
    return {"gray": numbers[:, :2]} | dict(zip(COLUMNS[1:], numbers[:, 2:].T, strict=True))


def _colour(
    left: Column, right: Column, maps: Map, swapped: NDArray[np.bool_], changed: NDArray[np.bool_]
) -> dict[str, Column]:
    swap = swapped[:, np.newaxis, np.newaxis, np.newaxis]
    inner, outer = np.where(swap, left, right), np.where(swap, right, left)
    seen = []
    for channel in (0, 1):
        values, inside = sample(outer[..., channel] << VALUE_BITS, maps, CHROMA_SIDE)
        seen.append(values)
    other = [inner[..., channel] << VALUE_BITS for channel in (0, 1)]
    held = inside.astype(np.int64)
    off = np.stack([np.abs(one - two) * held for one, two in zip(seen, other, strict=True)])
    size = [np.maximum(np.abs(one), np.abs(two)) for one, two in (seen, other)]
    along = seen[0] * other[0] + seen[1] * other[1]
    across = np.abs(seen[0] * other[1] - seen[1] * other[0])
    both = inside & (np.minimum(*size) >= COLOURED << VALUE_BITS)
    return {
        "gray": np.stack([(np.abs(plane) <= GRAY).all(axis=(1, 2, 3)) for plane in (left, right)], axis=1).astype(
            np.int64
        ),
        "colour": off.sum(axis=(0, 2, 3)) // np.maximum(2 * held.sum(axis=(1, 2)), 1),
        "spot": off.max(axis=(0, 2, 3)),
        "plain": (inside & (np.maximum(*size) <= NEUTRAL << VALUE_BITS)).sum(axis=(1, 2)),
        "rotated": (both & (across > along) & ~changed).sum(axis=(1, 2)),
    }
