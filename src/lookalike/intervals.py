"""Estimates with intervals, where the image is what counts.

Edits of one image resemble each other, and pairs share images, so that neither counts as so many independent observations as
there are of it. All intervals are of level `LEVEL`.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.95
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


def independent(owner: Column) -> float:
    """Return how many independent observations clusters are worth: their number where they are equally large.

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
    >>> independent(np.array([0, 0, 1, 1])), independent(np.array([0, 0, 0, 1]))
    (2.0, 1.6)
    """
    size = np.bincount(owner).astype(np.float64)
    return float(size.sum() ** 2 / (size**2).sum()) if len(owner) else 0.0


def wilson(share: float, count: float) -> Interval:
    """Return the Wilson interval of a share.

    It also holds, then too wide rather than too narrow, where each of `count` images has a share of its own and `share` is
    their mean: such shares vary no more than zeros and ones do.

    Parameters
    ----------
    share : float
        0..1.
    count : float
        How many images it was found in; need not be whole.

    Returns
    -------
    Interval
        Within 0..1; all of it for no images.

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
