"""Perceptual hashes: blocks of thumbnails in, blocks of bits out.

Each algorithm is one row of `ALGORITHMS`; nothing else in the program knows an algorithm by name.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import UsageError
from lookalike.hashes import dct
from lookalike.model import HashSpec


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One row of the table of algorithms.

    Attributes
    ----------
    name : str
        As written in options and stored in a `HashSpec`.
    bits : callable
        ``(luma uint8[n, 64, 64], size) -> uint64[n, words]``.
    radius : dict of int to int
        Allowed sizes, and the default radius in bits for each.
    """

    name: str
    bits: Callable[[NDArray[np.uint8], int], NDArray[np.uint64]]
    radius: dict[int, int]


ALGORITHMS: dict[str, Algorithm] = {
    row.name: row
    for row in (
        # A phash has as many ones as zeros, so its distances are even.
        Algorithm("phash", dct.phash, {4: 2, 8: 10, 16: 48}),
    )
}


def algorithm(name: str) -> Algorithm:
    """Return the row of the table called `name`.

    Parameters
    ----------
    name : str
        Name of an algorithm.

    Returns
    -------
    Algorithm
        Its row.

    Raises
    ------
    UsageError
        If no algorithm is called that; the message lists the names.

    Examples
    --------
    >>> algorithm("phash").radius[8]
    10
    """
    if name not in ALGORITHMS:
        raise UsageError(f"unknown algorithm {name!r}: use one of {', '.join(sorted(ALGORITHMS))}")
    return ALGORITHMS[name]


def default_radius(spec: HashSpec) -> int:
    """Return the default radius of a spec.

    Parameters
    ----------
    spec : HashSpec
        Algorithm and size.

    Returns
    -------
    int
        Radius in bits, inclusive.

    Raises
    ------
    UsageError
        If the algorithm or its size is unknown; the message lists what is allowed.

    Examples
    --------
    >>> default_radius(HashSpec(size=8))
    10
    """
    row = algorithm(spec.algorithm)
    if spec.size not in row.radius:
        raise UsageError(f"{row.name} has no size {spec.size}: use one of {', '.join(map(str, row.radius))}")
    return row.radius[spec.size]


def hash_block(luma: NDArray[np.uint8], spec: HashSpec) -> NDArray[np.uint64]:
    """Hash a block of thumbnails.

    Parameters
    ----------
    luma : ndarray of uint8, shape (n, 64, 64)
        Luma of the thumbnails.
    spec : HashSpec
        Which hash, of decoding fast.

    Returns
    -------
    ndarray of uint64, shape (n, words)
        The hash block, bit order as in `lookalike.bits`.

    Raises
    ------
    UsageError
        If the algorithm or its size is unknown.

    Examples
    --------
    >>> hash_block(np.zeros((2, 64, 64), np.uint8), HashSpec()).shape
    (2, 1)
    """
    default_radius(spec)
    return algorithm(spec.algorithm).bits(luma, spec.size)
