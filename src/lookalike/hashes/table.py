"""The table of algorithms: for each decoding, how a picture is prepared and how bits are found."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lookalike.hashes import colour, dct, difference, imgdd, lanczos, mean, pdq, resampled, segments, wavelet
from lookalike.hashes.luma import FILTERS, luma

ANY_SIZE = tuple(range(2, 65))
"""Sizes of what works for any: up to 4,096 bits."""
POWERS = (2, 4, 8, 16, 32, 64)
"""Those of them that are powers of two, as the Haar wavelet needs."""

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
    gray : bool
        Whether the picture in gray is all it needs, so that several hashes can share it.
    """

    prepare: Callable[[Any, int, str], NDArray[Any]]
    bits: Bits
    sizes: tuple[int, ...] = (8,)
    filters: tuple[str, ...] = ("lanczos3",)
    quality: Callable[[NDArray[Any]], NDArray[np.int64]] | None = None
    dihedral: Bits | None = None
    gray: bool = False


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
    balanced : bool
        Whether half of the bits are set, as where values are compared with their median.
    """

    name: str
    ways: dict[str, Way]
    radius: dict[int, int] = field(default_factory=dict)
    size: int = 8
    several: bool = False
    balanced: bool = False

    @property
    def joinable(self) -> bool:
        """Whether pairs within a radius can be looked for."""
        return bool(self.radius)


def _full(wider: int, higher: int, bits: Bits, dihedral: Bits | None = None, times: int = 1) -> Way:
    """Return the way of a hash that starts from a small gray picture: of `times` the size a side, and that much more."""

    def prepare(image: Image.Image, size: int, filter_: str) -> NDArray[np.uint8]:
        return luma(image, times * size + wider, times * size + higher, filter_)[np.newaxis]

    return Way(prepare, bits, ANY_SIZE, tuple(FILTERS), dihedral=dihedral, gray=True)


def _fast(wider: int, higher: int, bits: Bits, times: int = 1) -> Way:
    """Return the way of a hash that starts from such a picture, made of a thumbnail."""

    def prepare(luma: NDArray[np.uint8], size: int, _filter: str) -> NDArray[np.uint8]:
        return lanczos.reduce(luma, times * size + wider, times * size + higher)

    return Way(prepare, bits, (4, 8, 16))


def _whole(bits: Bits, sizes: tuple[int, ...], dihedral: Bits | None = None) -> Way:
    """Return the way of a hash that is made of the thumbnail as it is."""
    return Way(lambda luma, _size, _filter: luma, bits, sizes, dihedral=dihedral)


def _imgdd(width: int, height: int, bits: Bits) -> Way:
    """Return the way of a hash of ``imgdd``, which starts from a picture of that size."""

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
SEGMENTS = Way(lambda image, size, _filter: segments.prepare(image, size), segments.crop_resistant, ANY_SIZE, gray=True)
WAVELET = Way(lambda image, size, _filter: wavelet.prepare(image, size)[np.newaxis], wavelet.whash, POWERS, gray=True)
WAVELET_8 = Way(
    lambda image, _size, filter_: luma(image, 8, 8, filter_)[np.newaxis],
    wavelet.whash8,
    (8,),
    tuple(FILTERS),
    gray=True,
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
            balanced=True,
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
            balanced=True,
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
            balanced=True,
        ),
        Algorithm("whash8", {"full": WAVELET_8, "fast": WAVELET_8_FAST}, {8: 3}, balanced=True),
        Algorithm(
            "pdq",
            {"pdq": PDQ, "fast": _whole(dct.pdq_fast, (16,), dct.pdq_fast_dihedral)},
            {16: 48},
            size=16,
            balanced=True,
        ),
        Algorithm("colorhash", {"full": COLOUR}, size=3),
        Algorithm("crop_resistant", {"full": SEGMENTS}, several=True),
    )
}
