"""Recall and false pairs by radius, with intervals, and what they recommend: numbers alone, no picture and no file.

The unit is the image. Edits of one image resemble each other, and pairs share images, so that neither counts as so many
independent observations as there are of it. All intervals are of level `LEVEL`.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from lookalike.model import HashSpec, Tier

LEVEL = 0.95
REACH = 3 / 8
"""Share of the bits of a hash up to which radii are tried; half of them differ between hashes drawn by lot."""
_NORMAL = 1.959963984540054
"""Quantile of the normal distribution at (1 + LEVEL) / 2."""

Column = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate, and what it may be in truth.

    Attributes
    ----------
    estimate, low, high : float
        low <= estimate <= high.
    """

    estimate: float
    low: float
    high: float


def units(owner: Column) -> float:
    """Return how many observations clusters are worth: their number where they are equally large.

    Parameters
    ----------
    owner : ndarray of int64, shape (n,)
        Cluster of each observation, from 0.

    Returns
    -------
    float
        Kish's effective number, the squared sum of cluster sizes over the sum of their squares; 0 for none.

    Examples
    --------
    >>> units(np.array([0, 0, 1, 1])), units(np.array([0, 0, 0, 1]))
    (2.0, 1.6)
    """
    size = np.bincount(owner).astype(np.float64)
    return float(size.sum() ** 2 / (size**2).sum()) if len(owner) else 0.0


def wilson(share: float, count: float) -> Interval:
    """Return the Wilson interval of a share.

    It also holds, then too wide rather than too narrow, where each of `count` units has a share of its own and `share` is
    their mean: such shares vary no more than zeros and ones do.

    Parameters
    ----------
    share : float
        0..1.
    count : float
        How many units it was found in; need not be whole.

    Returns
    -------
    Interval
        Within 0..1; all of it for no units.

    Examples
    --------
    >>> round(wilson(0.9, 10).low, 4), round(wilson(0.9, 10).high, 4)
    (0.5958, 0.9821)
    """
    if count <= 0:
        return Interval(share, 0.0, 1.0)
    square = _NORMAL**2 / count
    middle = (share + square / 2) / (1 + square)
    half = sqrt(share * (1 - share) * square + square**2 / 4) / (1 + square)
    return Interval(share, min(max(middle - half, 0.0), share), max(min(middle + half, 1.0), share))


def expected(found: float, sharing: float, scale: float) -> Interval:
    """Return how many pairs to expect where some were found in a sample.

    Parameters
    ----------
    found : float
        Pairs in the sample; a pair of which only a share was found counts as that share.
    sharing : float
        How much more their number varies than that of independent ones, from `sharing_of`; at least 1.
    scale : float
        Pairs in the whole over pairs in the sample.

    Returns
    -------
    Interval
        The exact interval of a Poisson count of ``found / sharing`` events, each worth `sharing` pairs. None found
        has an upper bound too.

    Examples
    --------
    >>> [round(value, 2) for value in (expected(0, 1, 10).high, expected(4, 1, 1).low, expected(4, 2, 1).low)]
    [36.89, 1.09, 0.48]
    """
    from scipy.special import gammaincinv  # noqa: PLC0415 - takes longer to import than the rest of the program

    events, tail, worth = found / sharing, (1 - LEVEL) / 2, sharing * scale
    low = float(gammaincinv(events, tail)) if events else 0.0
    return Interval(found * scale, low * worth, float(gammaincinv(events + 1, 1 - tail)) * worth)


def sharing_of(degree: NDArray[np.float64], squares: float) -> float:
    """Return how much more the number of pairs varies than that of independent ones, since pairs share images.

    The variance of a number of pairs is its mean plus the covariances of pairs that share an image; those are estimated
    from how unevenly pairs are spread over images (the variance of a U-statistic of order two; Hoeffding 1948).

    Parameters
    ----------
    degree : ndarray of float64, shape (images,)
        Pairs that each image is in.
    squares : float
        Sum over pairs of the squares of what each counts: their number where each counts as one.

    Returns
    -------
    float
        Variance over mean, at least 1.

    Examples
    --------
    >>> sharing_of(np.array([1.0, 1, 1, 1]), 2), round(sharing_of(np.array([9.0, *[1] * 9, *[0] * 90]), 9), 2)
    (1.0, 8.64)
    """
    found = float(degree.sum()) / 2
    if not found:
        return 1.0
    return max((float((degree**2).sum()) - squares - 4 * found**2 / len(degree)) / found, 1.0)


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
    count = units(owner)
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


def false_between(one: Column, other: Column, weight: NDArray[np.float64], images: int, scale: float) -> Interval:
    """Return how many false pairs to expect where some were found between pictures of different images.

    Parameters
    ----------
    one, other : ndarray of int64, shape (n,)
        The images of each pair that was found, in either order.
    weight : ndarray of float64, shape (n,)
        One over the pairs of pictures there are of these two images: a pair of images counts as the share of them found.
    images : int
        How many images there are.
    scale : float
        Pairs of images in the whole over those in the sample.

    Returns
    -------
    Interval
        In the whole.

    Examples
    --------
    >>> false_between(np.array([0, 2, 1]), np.array([1, 0, 0]), np.full(3, 0.5), 3, 2.0).estimate
    3.0
    """
    pair, at = np.unique(np.minimum(one, other) * images + np.maximum(one, other), return_inverse=True)
    share = np.bincount(at, weight, len(pair))
    degree = sum(np.bincount(side, share, images) for side in np.divmod(pair, images))
    return expected(float(share.sum()), sharing_of(np.asarray(degree), float((share**2).sum())), scale)


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
