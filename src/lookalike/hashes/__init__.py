"""Perceptual hashes: pictures in, blocks of bits out.

Each algorithm is one row of `ALGORITHMS`; nothing else in the program knows an algorithm by name. A row says, for each
decoding, how a picture is prepared and how the bits of a block of prepared pictures are found.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookalike.errors import UsageError
from lookalike.hashes import colour, dct, difference, imgdd, lanczos, mean, pdq, resampled, segments, wavelet
from lookalike.hashes.luma import FILTERS, luma
from lookalike.model import HashSpec

ANY_SIZE = tuple(range(2, 65))
POWERS = (2, 4, 8, 16, 32, 64)

T = TypeVar("T")
Bits = Callable[[NDArray[Any], int], NDArray[np.uint64]]


@dataclass(frozen=True, slots=True)
class Way:
    """How an algorithm works under one decoding.

    Attributes
    ----------
    prepare : callable
        ``(picture, size, filter) -> block``, one row of the block per hash of the picture. Under decoding fast, picture is
        a stack of thumbnails, uint8[n, 64, 64]; under the others it is one `PIL.Image.Image`.
    bits : callable
        ``(block, size) -> uint64[n, words]``.
    sizes : tuple of int
        Sizes that can be asked for.
    filters : tuple of str
        Filters that can be asked for, the default first.
    quality : callable or None
        ``block -> int64[n]``, 0..100, where the algorithm has a quality of its own.
    dihedral : callable or None
        ``(block, size) -> uint64[8, n, words]``: the hashes of the eight turned pictures, row k - 1 for EXIF orientation k.
    """

    prepare: Callable[[Any, int, str], NDArray[Any]]
    bits: Bits
    sizes: tuple[int, ...] = (8,)
    filters: tuple[str, ...] = ("lanczos3",)
    quality: Callable[[NDArray[Any]], NDArray[np.int64]] | None = None
    dihedral: Bits | None = None


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One row of the table of algorithms.

    Attributes
    ----------
    name : str
        As written in options and stored in a `HashSpec`.
    ways : dict of str to Way
        By decoding; the first is what the field means by that name.
    radius : dict of int to int
        Default radius in bits for the sizes that are joined; empty where distances mean too little to join by.
    size : int
        Default size.
    several : bool
        Whether one picture has several hashes, one for each of its parts.
    """

    name: str
    ways: dict[str, Way]
    radius: dict[int, int] = field(default_factory=dict)
    size: int = 8
    several: bool = False

    @property
    def joinable(self) -> bool:
        """Whether pairs within a radius can be looked for."""
        return bool(self.radius)


def _full(width: int, height: int, bits: Bits, dihedral: Bits | None = None, extra: int = 1) -> Way:
    """Return the way of a hash that starts from a small gray picture of `extra` times size plus width by height."""

    def prepare(image: Image.Image, size: int, filter_: str) -> NDArray[np.uint8]:
        return luma(image, extra * size + width, extra * size + height, filter_)[np.newaxis]

    return Way(prepare, bits, ANY_SIZE, tuple(FILTERS), dihedral=dihedral)


def _fast(width: int, height: int, bits: Bits, extra: int = 1) -> Way:
    def prepare(luma: NDArray[np.uint8], size: int, _filter: str) -> NDArray[np.uint8]:
        return lanczos.reduce(luma, extra * size + width, extra * size + height)

    return Way(prepare, bits, (4, 8, 16))


def _whole(bits: Bits, sizes: tuple[int, ...], dihedral: Bits | None = None) -> Way:
    """Return the way of a hash that is made of the thumbnail as it is."""
    return Way(lambda luma, _size, _filter: luma, bits, sizes, dihedral=dihedral)


def _imgdd(width: int, height: int, bits: Bits) -> Way:
    def prepare(image: Image.Image, _size: int, filter_: str) -> NDArray[np.uint8]:
        return imgdd.prepare(image, width, height, filter_)[np.newaxis]

    return Way(prepare, bits, (8,), tuple(resampled.FILTERS))


PDQ = Way(
    lambda image, _size, _filter: pdq.prepare(image)[np.newaxis],
    pdq.pdq,
    (16,),
    ("tent",),
    pdq.quality,
    lambda block, _size: pdq.dihedral(block),
)
COLOUR = Way(
    lambda image, _size, _filter: colour.prepare(image)[np.newaxis], colour.colorhash, (2, 3, 4, 5, 6), ("none",)
)
SEGMENTS = Way(lambda image, size, _filter: segments.prepare(image, size), segments.crop_resistant, ANY_SIZE)
WAVELET = Way(lambda image, size, _filter: wavelet.prepare(image, size)[np.newaxis], wavelet.whash, POWERS)
WAVELET_8 = Way(
    lambda image, _size, filter_: luma(image, 8, 8, filter_)[np.newaxis], wavelet.whash8, (8,), tuple(FILTERS)
)
WAVELET_8_FAST = Way(lambda luma, _size, _filter: lanczos.reduce(luma, 8, 8), wavelet.whash8)

ALGORITHMS: dict[str, Algorithm] = {
    row.name: row
    for row in (
        Algorithm(
            "ahash",
            {"full": _full(0, 0, mean.ahash), "fast": _fast(0, 0, mean.ahash), "imgdd": _imgdd(8, 8, imgdd.ahash)},
            {4: 0, 8: 3, 16: 16},
        ),
        Algorithm(
            "mhash",
            {"full": _full(0, 0, mean.mhash), "fast": _fast(0, 0, mean.mhash), "imgdd": _imgdd(8, 8, imgdd.mhash)},
            {4: 0, 8: 3, 16: 16},
        ),
        Algorithm(
            "dhash",
            {
                "full": _full(1, 0, difference.dhash),
                "fast": _fast(1, 0, difference.dhash),
                "imgdd": _imgdd(9, 8, imgdd.dhash),
            },
            {4: 1, 8: 8, 16: 40},
        ),
        Algorithm(
            "dhash_vertical",
            {"full": _full(0, 1, difference.dhash_vertical), "fast": _fast(0, 1, difference.dhash_vertical)},
            {4: 1, 8: 8, 16: 40},
        ),
        Algorithm(
            # A phash has as many ones as zeros, so its distances are even.
            "phash",
            {
                "full": _full(0, 0, dct.phash, dct.phash_dihedral, dct.HIGHFREQ_FACTOR),
                "fast": _whole(dct.phash_fast, (4, 8, 16), dct.phash_fast_dihedral),
                "imgdd": _imgdd(32, 32, imgdd.phash),
            },
            {4: 2, 8: 10, 16: 48},
        ),
        Algorithm(
            "phash_simple",
            {
                "full": _full(0, 0, dct.phash_simple, None, dct.HIGHFREQ_FACTOR),
                "fast": _fast(0, 0, dct.phash_simple_fast, dct.HIGHFREQ_FACTOR),
            },
            {4: 0, 8: 4, 16: 24},
        ),
        Algorithm(
            "whash",
            {
                "full": WAVELET,
                "fast": _whole(wavelet.whash_fast, (4, 8, 16)),
                "imgdd": _imgdd(8, 8, imgdd.whash),
            },
            {4: 0, 8: 3, 16: 16},
        ),
        Algorithm("whash8", {"full": WAVELET_8, "fast": WAVELET_8_FAST}, {8: 3}),
        Algorithm("pdq", {"pdq": PDQ, "fast": _whole(dct.pdq_fast, (16,), dct.pdq_fast_dihedral)}, {16: 48}, size=16),
        Algorithm("colorhash", {"full": COLOUR}, size=3),
        Algorithm("crop_resistant", {"full": SEGMENTS}, several=True),
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
    if spec.size not in found.sizes:
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


def hash_picture(image: Image.Image, spec: HashSpec) -> tuple[NDArray[np.uint64], int | None]:
    """Hash one picture by a decoding that starts from the whole of it.

    Parameters
    ----------
    image : PIL.Image.Image
        As opened: not turned, not flattened.
    spec : HashSpec
        Which hash, of decoding full, imgdd or pdq.

    Returns
    -------
    block : ndarray of uint64, shape (k, words)
        One row; of an algorithm that hashes parts, one for each part.
    quality : int or None
        0..100, where the algorithm has one.

    Raises
    ------
    UsageError
        If the spec is unknown or of decoding fast.

    Examples
    --------
    >>> hash_picture(Image.new("RGB", (30, 20)), make_spec("dhash"))
    (array([[0]], dtype=uint64), None)
    """
    if spec.decoding == "fast":
        raise UsageError(f"a picture has no hash of decoding fast before it has a thumbnail, got {spec.id}")
    chosen = way(spec)
    block = chosen.prepare(image, spec.size, spec.filter)
    quality = None if chosen.quality is None else int(chosen.quality(block)[0])
    return chosen.bits(block, spec.size), quality


def _choice(what: str, name: str, table: dict[str, T]) -> T:
    if name not in table:
        raise UsageError(f"unknown {what} {name!r}: use one of {', '.join(table)}")
    return table[name]
