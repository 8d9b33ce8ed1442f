"""Crowds: more pictures of one hash than are all held against each other. A finer hash says which of them are.

Pages of one template, and frames of a still camera, may have one hash of 64 bits by the thousand. Held all against each other
they would cost the square of their number; equal pictures among them are near by a finer hash of the same, too.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lookalike import grouping, hashes, join
from lookalike.model import HashSpec
from lookalike.seeking import MOST_PAIRS
from lookalike.stores.catalog import Catalog

MOST_EQUAL = 256
"""Pictures of one hash that are all held against each other."""
FINER, FINER_RADIUS = HashSpec("phash", 16), 48
"""The finer hash, and how near is near: its usual radius.

Of 27,696 pairs of copies and edits with one 64-bit hash, one is farther apart (52 of its 256 bits), and no copy is
(30 at most).
"""
AT_ONCE = 4096

Column = NDArray[np.int64]
Block = NDArray[np.uint64]
Show = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]


def finer_hashes(ids: Column, store: Catalog, show: Show) -> Block:
    """Return finer hashes of contents.

    Parameters
    ----------
    ids : ndarray of int64, shape (n,)
        Content ids, distinct.
    store : Catalog
        Where thumbnails are kept.
    show : callable
        What of thumbnails is hashed: planes in, planes out.

    Returns
    -------
    ndarray of uint64, shape (n, 4)
        Row i belongs to ``ids[i]``.
    """
    order = np.argsort(ids)
    made = np.zeros((len(ids), FINER.bits // 64), np.uint64)
    for start in range(0, len(ids), AT_ONCE):
        rows = order[start : start + AT_ONCE]
        made[rows] = hashes.hash_block(np.ascontiguousarray(show(store.thumbnails(ids[rows])[0])), FINER)
    return made


def parted(
    item: Column, node: Column, near: grouping.Neighbours, finer: Callable[[Column], Block], *, threads: int
) -> tuple[Column, grouping.Neighbours, Column]:
    """Give pictures of crowded hashes nodes of their own, near each other only where they are by the finer hash.

    Pictures of other hashes that are near a crowded one stay near all of the crowd; two crowds are near each other where the
    finer hashes are.

    Parameters
    ----------
    item, node : ndarray of int64, shape (m,)
        Which items have which hashes, as in `lookalike.grouping.Layer`.
    near : Neighbours
        Which hashes are near each other.
    finer : callable
        Returns the finer hash of some of the m rows.
    threads : int
        How many threads join.

    Returns
    -------
    node : ndarray of int64, shape (m,)
        The nodes, finer where there are crowds.
    near : Neighbours
        Which of these are near each other.
    crowded : ndarray of int64, shape (k,)
        Items of crowds in which some pair is no longer proposed; all are still, where they are copies of one picture.
    """
    crowd = np.bincount(node, minlength=near.count) > MOST_EQUAL
    rows = np.flatnonzero(crowd[node])
    if not len(rows) or not isinstance(near, grouping.Listed):
        return node, near, rows[:0]
    distinct, own = join.collapse(finer(rows))
    lefts, rights = [near.left[:0]], [near.right[:0]]
    for left, right, _ in join.stream_distinct_pairs(distinct, FINER_RADIUS, threads=threads):
        lefts.append(near.count + left)
        rights.append(near.count + right)
        if sum(map(len, lefts)) > MOST_PAIRS:  # mostly copies, and the first of these claims the others
            return node, near, rows[:0]
    members = np.unique(np.stack([node[rows], near.count + own], axis=1), axis=0)
    home = np.zeros(near.count + len(distinct), np.int64)
    home[near.count + own] = node[rows]
    left_home, right_home = (home[np.concatenate(side)] for side in (lefts, rights))
    held = np.bincount(left_home[left_home == right_home], minlength=near.count)
    size = np.bincount(members[:, 0], minlength=near.count)
    apart = held < size * (size - 1) // 2  # of copies of one picture, all are near each other by the finer hash, too
    one, other = crowd[near.left], crowd[near.right]
    apart[near.left[one & other]] = apart[near.right[one & other]] = True
    lefts.append(near.left[~one & ~other])
    rights.append(near.right[~one & ~other])
    # Each node of a crowd has the neighbours that its hash has.
    for inside, outside in ((near.left, near.right), (near.right, near.left)):
        at = np.flatnonzero(crowd[inside] & ~crowd[outside])
        first, last = (np.searchsorted(members[:, 0], inside[at], side) for side in ("left", "right"))
        count = last - first
        place = np.arange(int(count.sum())) + np.repeat(first - np.cumsum(count) + count, count)
        lefts.append(np.repeat(outside[at], count))
        rights.append(members[place, 1])
    made = node.copy()
    made[rows] = near.count + own
    pairs = grouping.Listed(near.count + len(distinct), np.concatenate(lefts), np.concatenate(rights))
    return made, pairs, np.unique(item[rows[apart[node[rows]]]])


def warning(crowded: int) -> list[str]:
    """Return what findings say of crowds.

    Parameters
    ----------
    crowded : int
        How many images are in one.

    Returns
    -------
    list of str
        Nothing where there is none.

    Examples
    --------
    >>> warning(0)
    []
    """
    if not crowded:
        return []
    said = (
        f"{crowded:,} images share a hash with {MOST_EQUAL:,} others or more: of these, only pairs within {FINER_RADIUS} of"
        f" {FINER.bits} bits of a finer hash were looked at; --size 16 joins by such hashes from the start"
    )
    return [said]
