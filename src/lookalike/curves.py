"""Recall and false pairs by radius, and what they recommend: numbers alone, no picture and no file."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike.columns import Column
from lookalike.intervals import Interval, expected, independent, sharing_of, wilson
from lookalike.model import HashSpec, Tier

REACH = 3 / 8
"""Share of the bits of a hash up to which radii are tried; half of them differ between hashes drawn by lot."""


def degrees(parts: Iterable[tuple[Column, Column, Column]], images: int, most: int) -> NDArray[np.int64]:
    """Count the pairs that each image is in, by distance.

    Parameters
    ----------
    parts : iterable of (left, right, distance), each ndarray of int64, shape (k,)
        Pairs, as `lookalike.join.iter_near_pairs` gives them; farther ones than `most` are passed over.
    images : int
        How many images there are.
    most : int
        Greatest distance.

    Returns
    -------
    ndarray of int64, shape (most + 1, images)
        Row d: how many pairs of exactly that distance each image is in.

    Examples
    --------
    >>> degrees([(np.array([0, 0]), np.array([1, 2]), np.array([0, 1]))], 3, 1)
    array([[1, 1, 0],
           [1, 0, 1]])
    """
    made = np.zeros((most + 1) * images, np.int64)
    for left, right, distance in parts:
        near = distance <= most
        for side in (left, right):
            made += np.bincount(distance[near] * images + side[near], minlength=len(made))
    return made.reshape(most + 1, images)


def recall_by_radius(distance: Column, owner: Column, most: int) -> tuple[Interval, ...]:
    """Return the share of pairs of the same picture that lie within each radius.

    Parameters
    ----------
    distance : ndarray of int64, shape (n,)
        Of each pair, in bits.
    owner : ndarray of int64, shape (n,)
        Which image each pair belongs to, from 0.
    most : int
        Greatest radius.

    Returns
    -------
    tuple of Interval
        By radius, 0 to `most`.

    Examples
    --------
    >>> [row.estimate for row in recall_by_radius(np.array([0, 2, 2, 9]), np.arange(4), 2)]
    [0.25, 0.25, 0.75]
    """
    count = independent(owner)
    within = np.cumsum(np.bincount(np.minimum(distance, most + 1), minlength=most + 2))[: most + 1]
    return tuple(wilson(found / max(len(distance), 1), count) for found in within.tolist())


def false_by_radius(degree: NDArray[np.int64], scale: float) -> tuple[Interval, ...]:
    """Return how many pairs of different images to expect within each radius.

    Parameters
    ----------
    degree : ndarray of int64, shape (radii, images)
        From `degrees`, of pairs of different images.
    scale : float
        Pairs in the whole over pairs in the sample.

    Returns
    -------
    tuple of Interval
        By radius.

    Examples
    --------
    >>> [row.estimate for row in false_by_radius(np.array([[0, 0, 0], [2, 1, 1]]), 10)]
    [0.0, 20.0]
    """
    within = np.cumsum(degree, axis=0).astype(np.float64)
    return tuple(
        expected(found, sharing_of(row, found), scale)
        for row, found in zip(within, (within.sum(axis=1) / 2).tolist(), strict=True)
    )


@dataclass(frozen=True, slots=True)
class HashCurve:
    """How one hash does.

    Attributes
    ----------
    spec : HashSpec
        Which hash.
    recall, false_pairs : tuple of Interval
        By radius: share of edits found, and pairs of different images expected in the whole collection.
    radius : int
        The best one: the largest at which the expected false pairs stay within the budget; 0 where none does.
    within_budget : bool
        Whether they do at that radius.
    labelled : tuple of int
        By radius: how many of the pairs that are labelled as different lie within it; zeros where none is.
    """

    spec: HashSpec
    recall: tuple[Interval, ...]
    false_pairs: tuple[Interval, ...]
    radius: int
    within_budget: bool
    labelled: tuple[int, ...] = ()


def hash_curve(
    spec: HashSpec, recall: tuple[Interval, ...], false_pairs: tuple[Interval, ...], budget: float, most: int
) -> HashCurve:
    """Find the best radius of a hash.

    Parameters
    ----------
    spec : HashSpec
        Which hash.
    recall, false_pairs : tuple of Interval
        By radius, neither ever falling; equally long.
    budget : float
        Most false pairs to be expected in the whole collection.
    most : int
        Greatest radius to choose.

    Returns
    -------
    HashCurve
        With its best radius.

    Examples
    --------
    >>> false = tuple(Interval(count, 0, 99) for count in (0, 3, 8))
    >>> hash_curve(HashSpec(), (Interval(1, 1, 1),) * 3, false, 5, 2).radius
    1
    """
    radius = sum(row.estimate <= budget for row in false_pairs[: most + 1]) - 1
    return HashCurve(spec, recall, false_pairs, max(radius, 0), radius >= 0)


def widest(most: int, fits: Callable[[int], bool]) -> int:
    """Return the largest radius that fits.

    Parameters
    ----------
    most : int
        Greatest radius.
    fits : callable
        Whether a radius does; what is wider than one that does not fit does not either.

    Returns
    -------
    int
        0 to `most`; 0 where none fits.

    Examples
    --------
    >>> widest(20, lambda radius: radius**2 < 50)
    7
    """
    low, beyond = 0, most + 1
    while beyond - low > 1:
        radius = (low + beyond) // 2
        low, beyond = (radius, beyond) if fits(radius) else (low, radius)
    return low


def ranked(curves: Sequence[HashCurve], usual: str) -> list[HashCurve]:
    """Order hashes by what they find within the budget.

    Parameters
    ----------
    curves : sequence of HashCurve
        To choose from.
    usual : str
        The algorithm that comes first among equals; then the one of fewer bits, then the lesser radius.

    Returns
    -------
    list of HashCurve
        The best first; those that do not stay within the budget last, with the fewest false pairs at radius 0 first.
    """

    def worth(curve: HashCurve) -> tuple[bool, float, bool, int, int]:
        fits = curve.within_budget
        merit = curve.recall[curve.radius].estimate if fits else -curve.false_pairs[0].estimate
        return fits, merit, curve.spec.algorithm == usual, -curve.spec.bits, -curve.radius

    return sorted(curves, key=worth, reverse=True)


def loosest_tier(false_pairs: dict[Tier, Interval]) -> Tier:
    """Return the loosest tier at which less than one false pair is to be expected.

    Parameters
    ----------
    false_pairs : dict of Tier to Interval
        Expected false pairs in this tier and tighter ones.

    Returns
    -------
    Tier
        EXACT where there is none.

    Examples
    --------
    >>> loosest_tier({Tier.COPY: Interval(0.2, 0, 3), Tier.EDIT: Interval(4, 1, 9)})
    <Tier.COPY: 1>
    """
    return max((tier for tier, row in false_pairs.items() if row.estimate < 1), default=Tier.EXACT)
