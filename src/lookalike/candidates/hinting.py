"""Hashes to hints: how to look at a pair, by which of the hashes made of the one picture are near that of the other."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from lookalike import bits
from lookalike.columns import Column
from lookalike.hashes import crops
from lookalike.scan.variants import TURNS
from lookalike.turns import BACK
from lookalike.verify import Hints
from lookalike.verify.views import WHOLE

MOST_TURNS = 3
"""Turns that an item gets beside one hash, the nearest."""

Block = NDArray[np.uint64]
Ways = tuple[Column, Column]
"""``(pair, way)``: to see in one picture of the pair what the other one shows, look at it in that way."""

CROPPED = len(BACK)
"""The first way that is a crop; those before it are turns."""
_BOX = np.concatenate([np.broadcast_to(WHOLE, (len(BACK), 4)), crops.EDGES, crops.CROPS])
_TURN = np.array([*range(len(BACK)), *[1] * (len(_BOX) - len(BACK))], np.uint8)
"""Ways to look at a picture: by EXIF orientation turned, or upright cropped."""
_WAYS = {
    "turned": np.array(TURNS),
    "edges": CROPPED + np.arange(len(crops.EDGES)),
    "crops": CROPPED + len(crops.EDGES) + np.arange(len(crops.CROPS)),
}
"""Rows of that table, for each hash of a variant."""


def nearest_ways(made: Block, other: Block, radius: int, variant: str, having: NDArray[np.bool_] | None = None) -> Ways:
    """Find in which ways to look at one picture of each pair.

    Parameters
    ----------
    made : ndarray of uint64, shape (n, hashes, words)
        What is made of it: a hash for each way of the variant.
    other : ndarray of uint64, shape (n, words)
        A hash of the other picture as it is.
    radius : int
        How near is near, in bits, inclusive.
    variant : str
        turned, edges or crops.
    having : ndarray of bool, shape (n,), optional
        Of which pairs both hashes are there; None for all.

    Returns
    -------
    pair, way : ndarray of int64, shape (k,)
        The nearest way of a pair, of turns the three nearest, for `hints_of`.

    Examples
    --------
    >>> made = np.array([[[0b0111], [0b0001]]], np.uint64)
    >>> pair, way = nearest_ways(made, np.array([[0b0011]], np.uint64), 1, "turned")
    >>> pair.tolist(), way.tolist()  # orientations 2 and 3
    ([0, 0], [2, 3])
    """
    at = np.arange(len(other)) if having is None else np.flatnonzero(having)
    distance = bits.distance(made[at], other[at, np.newaxis])
    nearest = np.argsort(distance, axis=1, kind="stable")[:, : MOST_TURNS if variant == "turned" else 1]
    pair, place = np.nonzero(np.take_along_axis(distance, nearest, 1) <= radius)
    return at[pair], _WAYS[variant][nearest[pair, place]]


def hints_of(left: Iterable[Ways], right: Iterable[Ways]) -> Hints | None:
    """Put together how to look at pairs, beside as they are.

    Parameters
    ----------
    left, right : iterable of (pair, way)
        From `nearest_ways`: in which ways to look at the left pictures, and at the right ones.

    Returns
    -------
    Hints or None
        None where there is none for any.
    """
    none = np.zeros(0, np.int64)
    found = [
        (pair, way, np.full(len(pair), of_left)) for of_left, side in ((1, left), (0, right)) for pair, way in side
    ]
    rows, ways, of_left = (np.concatenate(column) for column in zip((none, none, none), *found, strict=True))
    if not len(rows):
        return None
    # The right picture is the one to be turned.
    back = np.array(BACK)[np.minimum(ways, CROPPED - 1)]
    ways = np.where((of_left == 1) & (ways < CROPPED), back, ways)
    side = np.where(ways >= CROPPED, of_left, 0)
    rest, side = np.divmod(np.unique((rows * len(_TURN) + ways) * 2 + side), 2)
    pair, way = np.divmod(rest, len(_TURN))
    boxes = [np.where((side == which)[:, np.newaxis], _BOX[way], WHOLE) for which in (1, 0)]
    return Hints(pair, _TURN[way], *boxes)


def hints_between(luma: NDArray[np.uint8], left: Column, right: Column, turns: Sequence[Sequence[int]]) -> Hints:
    """Return some turns, and of each of the two pictures of a pair the crop whose hash is nearest to that of the other.

    Parameters
    ----------
    luma : ndarray of uint8, shape (n, 64, 64)
        Thumbnails.
    left, right : ndarray of int64, shape (m,)
        Pairs of rows of these.
    turns : sequence of sequence of int
        For each pair the EXIF orientations that may make the right picture lie like the left one.

    Returns
    -------
    Hints
        The turns of each pair first.
    """
    crop = crops.hash_boxes(luma, crops.CROPS)
    whole = crops.hash_boxes(luma, WHOLE[np.newaxis])
    nearest = [
        crops.CROPS[bits.distance(crop[one], whole[two]).argmin(axis=1)] for one, two in ((left, right), (right, left))
    ]
    turned = np.repeat(np.arange(len(left)), [len(ways) for ways in turns])
    pair = np.concatenate([turned, np.arange(len(left)), np.arange(len(left))])
    boxes = np.broadcast_to(WHOLE, (2, len(pair), 4)).copy()
    boxes[0, len(turned) : len(turned) + len(left)], boxes[1, len(turned) + len(left) :] = nearest
    ways = np.ones(len(pair), np.uint8)
    ways[: len(turned)] = [way for some in turns for way in some]
    return Hints(pair, ways, *boxes)
