"""Perceptual hashes: pictures in, blocks of bits out.

Each algorithm is one row of `ALGORITHMS`. Beside that table only `lookalike.model.HashSpec.bits` knows one by name: a
colorhash has another number of bits than the square of its size.
"""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookalike.errors import UsageError, check_known
from lookalike.hashes.luma import in_gray
from lookalike.hashes.table import ALGORITHMS, ANY_SIZE, Algorithm, Way
from lookalike.model import HashSpec

__all__ = [
    "ALGORITHMS", "Algorithm", "Way", "algorithm", "default_radius", "hash_block", "hash_picture", "make_spec", "way",
]  # fmt: skip

K = TypeVar("K", str, int)
T = TypeVar("T")


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
    return _choice("algorithm", name, ALGORITHMS)


def way(spec: HashSpec) -> Way:
    """Return how a hash is made.

    Parameters
    ----------
    spec : HashSpec
        Which hash.

    Returns
    -------
    Way
        Of its algorithm and decoding.

    Raises
    ------
    UsageError
        If algorithm, decoding, size or filter is unknown; the message lists what is allowed.

    Examples
    --------
    >>> way(HashSpec("dhash", 8)).sizes
    (4, 8, 16)
    """
    row = algorithm(spec.algorithm)
    found = _choice(f"decoding of {row.name}", spec.decoding, row.ways)
    if type(spec.size) is not int or spec.size not in found.sizes:
        sizes = "2 to 64" if found.sizes is ANY_SIZE else ", ".join(map(str, found.sizes))
        raise UsageError(f"{row.name} has no size {spec.size} under decoding {spec.decoding}: use one of {sizes}")
    _choice(f"filter of {row.name} under decoding {spec.decoding}", spec.filter, dict.fromkeys(found.filters))
    return found


def make_spec(
    name: str, size: int | None = None, filter_: str | None = None, decoding: str | None = None, options: str = ""
) -> HashSpec:
    """Complete and check a spec.

    Parameters
    ----------
    name : str
        Name of an algorithm.
    size : int, optional
        Side of the hash; None for the algorithm's default.
    filter_ : str, optional
        Resampling filter; None for the default of the decoding.
    decoding : str, optional
        How pixels reach the hash; None for what the field means by that algorithm (pdq for pdq, else full).
    options : str
        What else the algorithm is told.

    Returns
    -------
    HashSpec
        A spec that `way` accepts.

    Raises
    ------
    UsageError
        If anything is unknown; the message lists what is allowed.

    Examples
    --------
    >>> make_spec("pdq").id
    'pdq-16-tent-pdq-v1'
    """
    row = algorithm(name)
    decoding = decoding or next(iter(row.ways))
    filters = _choice(f"decoding of {name}", decoding, row.ways).filters
    spec = HashSpec(name, row.size if size is None else size, filter_ or filters[0], decoding, options=options)
    way(spec)
    return spec


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
        If the algorithm or its size is unknown, or it is not for joining; the message lists what is allowed.

    Examples
    --------
    >>> default_radius(HashSpec(size=8))
    10
    """
    row = algorithm(spec.algorithm)
    if not row.joinable:
        names = ", ".join(name for name, other in ALGORITHMS.items() if other.joinable)
        raise UsageError(
            f"{row.name} is not for joining, since its distances do not say who is alike: use one of {names}"
        )
    way(spec)
    return _choice(f"size to join {row.name} by", spec.size, row.radius)


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
        If the spec is unknown or of another decoding.

    Examples
    --------
    >>> hash_block(np.zeros((2, 64, 64), np.uint8), HashSpec()).shape
    (2, 1)
    """
    if spec.decoding != "fast":
        raise UsageError(f"thumbnails have hashes of decoding fast only, got {spec.id}")
    chosen = way(spec)
    return chosen.bits(chosen.prepare(luma, spec.size, spec.filter), spec.size)


def hash_picture(image: Image.Image, *specs: HashSpec) -> list[tuple[NDArray[np.uint64], int | None]]:
    """Hash one picture by decodings that start from the whole of it.

    Parameters
    ----------
    image : PIL.Image.Image
        As opened: not turned, not flattened.
    *specs : HashSpec
        Which hashes, of decoding full, imgdd or pdq.

    Returns
    -------
    list of tuple of (ndarray of uint64, int or None)
        For each spec a block of one row (of an algorithm that hashes parts, one for each part), and its quality, 0..100,
        where it has one.

    Raises
    ------
    UsageError
        If a spec is unknown or of decoding fast.

    Examples
    --------
    >>> hash_picture(Image.new("RGB", (30, 20)), make_spec("dhash"))
    [(array([[0]], dtype=uint64), None)]
    """
    plain: Image.Image | None = None
    made = []
    for spec in specs:
        if spec.decoding == "fast":
            raise UsageError(f"a picture has no hash of decoding fast before it has a thumbnail, got {spec.id}")
        chosen = way(spec)
        if chosen.gray and plain is None:
            plain = in_gray(image)
        block = chosen.prepare(plain if chosen.gray else image, spec.size, spec.filter)
        quality = None if chosen.quality is None else int(chosen.quality(block)[0])
        made.append((chosen.bits(block, spec.size), quality))
    return made


def _choice(what: str, name: K, table: dict[K, T]) -> T:
    check_known(what, name, table)
    return table[name]
