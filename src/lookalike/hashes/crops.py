"""Hashes of parts of thumbnails: what phash makes of a box cut out of one, without another picture in between.

The low frequencies of a box are those of `lookalike.hashes.dct`, with a cosine basis as long as the box is wide and high.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from lookalike.hashes.dct import basis
from lookalike.hashes.mean import above_median
from lookalike.kernels import IS_COMPILED, REFERENCE, chosen
from lookalike.model import THUMBNAIL_SIDE, HashSpec

if IS_COMPILED:
    from lookalike._native import low_frequencies as _low_frequencies_native

Boxes = NDArray[np.int64]

SPEC = HashSpec("phash", 8)
"""The hash that boxes have, whatever whole pictures are joined by."""
CORNER = 45
"""Side of the four parts, in 1/64: about half of the area."""
LEVELS = ((0.94, 2), (0.88, 3), (0.81, 4), (0.75, 5), (0.7, 6))
"""Shares of a side that are left by crops, and at how many places along it they are tried."""
EDGE = 0.95
"""Share of a side that a crop leaves which is looked for always."""
BARS = (0.92, 0.84, 0.75)
"""Shares of one side that are left where something is cut off at one edge only."""


def _square(share: float, places: int) -> list[tuple[int, int, int, int]]:
    length = round(share * THUMBNAIL_SIDE)
    free = THUMBNAIL_SIDE - length
    starts = [round(free * at / (places - 1)) for at in range(places)]
    boxes = [(x, y, x + length, y + length) for y in starts for x in starts]
    middle = free // 2
    # An even number of places leaves out the middle, which is what most people keep.
    return boxes if places % 2 else [*boxes, (middle, middle, middle + length, middle + length)]


def _bar(share: float) -> list[tuple[int, int, int, int]]:
    side, length = THUMBNAIL_SIDE, round(share * THUMBNAIL_SIDE)
    return [(0, 0, side, length), (0, side - length, side, side), (0, 0, length, side), (side - length, 0, side, side)]


_FAR = THUMBNAIL_SIDE - CORNER
PARTS: Boxes = np.array([(x, y, x + CORNER, y + CORNER) for y in (0, _FAR) for x in (0, _FAR)])
"""Left, top, right and bottom (exclusive) of the four corners, in pixels of a thumbnail."""
EDGES: Boxes = np.array(_square(EDGE, 2)[:4])
"""Of what a thin strip along two edges being cut off leaves."""
CROPS: Boxes = np.array(
    [box for level in LEVELS for box in _square(*level)] + [box for share in BARS for box in _bar(share)]
)
"""Of everything that crops are tried to leave."""


def hash_boxes(luma: NDArray[np.uint8], boxes: Boxes, *, kernel: str | None = None) -> NDArray[np.uint64]:
    """Hash what boxes hold.

    Parameters
    ----------
    luma : ndarray of uint8, shape (n, 64, 64)
        Luma of upright thumbnails.
    boxes : ndarray of int64, shape (b, 4)
        Left, top, right and bottom (exclusive), 0..64.
    kernel : str, optional
        One of `lookalike.kernels.KERNELS`; None means the first. It changes no bit.

    Returns
    -------
    ndarray of uint64, shape (n, b, 1)
        By `SPEC`; a box of the whole thumbnail has the hash of it.

    Raises
    ------
    UsageError
        If no kernel is called that.

    Examples
    --------
    >>> ramp = np.broadcast_to(np.arange(64, dtype=np.uint8), (1, 64, 64))
    >>> [hex(word) for word in hash_boxes(ramp, np.array([[0, 0, 64, 64], [20, 0, 60, 64]]))[0, :, 0].tolist()]
    ['0x8000000000000000', '0x8000000000000000']
    """
    size = SPEC.size
    if chosen(kernel) == REFERENCE:
        found = np.empty((len(luma), len(boxes), size, size))
        for at, (left, top, right, bottom) in enumerate(boxes.tolist()):
            cut = luma[:, top:bottom, left:right].astype(np.float64)
            found[:, at] = basis(size, bottom - top) @ cut @ basis(size, right - left).T.astype(np.float64)
    else:
        spans, bases = _bases(tuple(map(tuple, boxes[:, [0, 2]].tolist() + boxes[:, [1, 3]].tolist())))
        which = {tuple(span): at for at, span in enumerate(spans.tolist())}
        pairs = np.array([[which[left, right], which[top, bottom]] for left, top, right, bottom in boxes.tolist()])
        found = _low_frequencies_native(np.ascontiguousarray(luma), bases, spans, pairs)
    return above_median(found.reshape(len(luma) * len(boxes), size * size)).reshape(len(luma), len(boxes), 1)


@cache
def _bases(spans: tuple[tuple[int, int], ...]) -> tuple[Boxes, NDArray[np.int16]]:
    """Return distinct stretches of a side, and the cosine basis of each, zero outside of it."""
    distinct = sorted(set(spans))
    bases = np.zeros((len(distinct), SPEC.size, THUMBNAIL_SIDE), np.int16)
    for at, (begin, end) in enumerate(distinct):
        bases[at, :, begin:end] = basis(SPEC.size, end - begin)
    return np.array(distinct), bases
