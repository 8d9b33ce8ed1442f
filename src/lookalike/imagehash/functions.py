"""The hash functions of ``imagehash``, to the bit.

Source: the interface of ``imagehash``; where each hash comes from is said in `lookalike.hashes`. Images are taken as
Pillow opens them: EXIF orientation and transparency are left alone.
"""

from collections.abc import Callable
from typing import Literal

import numpy as np
import numpy.typing as npt
from PIL import Image

from lookalike import bits
from lookalike.errors import UsageError
from lookalike.hashes import colour, segments, wavelet
from lookalike.hashes.luma import in_gray, luma
from lookalike.imagehash.multihash import ImageMultiHash
from lookalike.imagehash.singlehash import ImageHash
from lookalike.model import COLOUR_BINS

WhashMode = Literal["haar", "db4"]
MeanFunc = Callable[[npt.NDArray[np.uint8]], float]
HashFunc = Callable[[Image.Image], ImageHash]


def average_hash(image: Image.Image, hash_size: int = 8, mean: MeanFunc = np.mean) -> ImageHash:
    """Hash an image by which of its pixels are brighter than the mean.

    Parameters
    ----------
    image : PIL.Image.Image
        An image of any mode.
    hash_size : int
        Side of the hash, at least 2.
    mean : callable
        What the small picture, uint8 of shape (hash_size, hash_size), is compared with; ``numpy.median`` for example.

    Returns
    -------
    ImageHash
        Bool, shape (hash_size, hash_size).

    Raises
    ------
    ValueError
        If the side is below 2.

    Examples
    --------
    >>> str(average_hash(Image.linear_gradient("L")))
    '00000000ffffffff'
    """
    _check_side(hash_size)
    pixels = luma(image, hash_size, hash_size)
    return ImageHash(pixels > mean(pixels))


def phash(image: Image.Image, hash_size: int = 8, highfreq_factor: int = 4) -> ImageHash:
    """Hash an image by its low frequencies in both directions against their median.

    Parameters
    ----------
    image : PIL.Image.Image
        An image of any mode.
    hash_size : int
        Side of the hash, at least 2.
    highfreq_factor : int
        How many times that side the small picture has, of whose DCT the low frequencies are taken.

    Returns
    -------
    ImageHash
        Bool, shape (hash_size, hash_size).

    Raises
    ------
    ValueError
        If the side is below 2.

    Examples
    --------
    >>> len(phash(Image.linear_gradient("L"), 16))
    256
    """
    from scipy import fftpack  # noqa: PLC0415 - slow to import, and few hashes need it

    _check_side(hash_size)
    side = hash_size * highfreq_factor
    # This transform in this order: where a picture is flat, the noise of its roundings decides the bits.
    frequencies = fftpack.dct(fftpack.dct(luma(image, side, side), axis=0), axis=1)[:hash_size, :hash_size]
    return ImageHash(frequencies > np.median(frequencies))


def phash_simple(image: Image.Image, hash_size: int = 8, highfreq_factor: int = 4) -> ImageHash:
    """Hash an image by the low frequencies of its rows against their mean.

    Parameters
    ----------
    image : PIL.Image.Image
        An image of any mode.
    hash_size : int
        Side of the hash.
    highfreq_factor : int
        As for `phash`.

    Returns
    -------
    ImageHash
        Bool, shape (hash_size, hash_size).

    Examples
    --------
    >>> len(phash_simple(Image.linear_gradient("L")))
    64
    """
    from scipy import fftpack  # noqa: PLC0415 - slow to import, and few hashes need it

    side = hash_size * highfreq_factor
    frequencies = fftpack.dct(luma(image, side, side))[:hash_size, 1 : hash_size + 1]
    return ImageHash(frequencies > frequencies.mean())


def dhash(image: Image.Image, hash_size: int = 8) -> ImageHash:
    """Hash an image by where it gets brighter from left to right.

    Parameters
    ----------
    image : PIL.Image.Image
        An image of any mode.
    hash_size : int
        Side of the hash, at least 2.

    Returns
    -------
    ImageHash
        Bool, shape (hash_size, hash_size).

    Raises
    ------
    ValueError
        If the side is below 2.

    Examples
    --------
    >>> str(dhash(Image.linear_gradient("L").rotate(90)))
    'ffffffffffffffff'
    """
    _check_side(hash_size)
    pixels = luma(image, hash_size + 1, hash_size)
    return ImageHash(pixels[:, 1:] > pixels[:, :-1])


def dhash_vertical(image: Image.Image, hash_size: int = 8) -> ImageHash:
    """Hash an image by where it gets brighter from top to bottom.

    Parameters
    ----------
    image : PIL.Image.Image
        An image of any mode.
    hash_size : int
        Side of the hash.

    Returns
    -------
    ImageHash
        Bool, shape (hash_size, hash_size).

    Examples
    --------
    >>> str(dhash_vertical(Image.linear_gradient("L")))
    'ffffffffffffffff'
    """
    pixels = luma(image, hash_size, hash_size + 1)
    return ImageHash(pixels[1:] > pixels[:-1])


def whash(
    image: Image.Image,
    hash_size: int = 8,
    image_scale: int | None = None,
    mode: WhashMode = "haar",
    remove_max_haar_ll: bool = True,  # noqa: FBT001, FBT002 - the signature of imagehash
) -> ImageHash:
    """Hash an image by the low band of its wavelet transform against the median.

    Parameters
    ----------
    image : PIL.Image.Image
        An image of any mode.
    hash_size : int
        Side of the hash, a power of two.
    image_scale : int, optional
        Side of the picture that is transformed, a power of two, at least `hash_size`; unless told, as large as the
        image has room for.
    mode : str
        Name of a discrete wavelet.
    remove_max_haar_ll : bool
        Whether the mean is taken out first.

    Returns
    -------
    ImageHash
        Bool, shape (hash_size, hash_size), larger with other wavelets than haar.

    Raises
    ------
    AssertionError
        If a side is no power of two, or the hash has more rows than the picture.
    ValueError
        If there is no such wavelet.

    Examples
    --------
    >>> str(whash(Image.linear_gradient("L")))
    '00000000ffffffff'
    """
    try:
        pixels = wavelet.prepare(image, hash_size, image_scale)
    except UsageError as error:
        raise AssertionError(str(error)) from None
    low = wavelet.low_frequencies(pixels, hash_size, mode, remove_max_haar_ll)
    return ImageHash(low > np.median(low))


def colorhash(image: Image.Image, binbits: int = 3) -> ImageHash:
    """Hash an image by how much of it is black, gray, and of six hues, faint or bright.

    Parameters
    ----------
    image : PIL.Image.Image
        An image of any mode that Pillow converts to HSV.
    binbits : int
        Bits per colour, 1..32.

    Returns
    -------
    ImageHash
        Bool, shape (14, binbits).

    Raises
    ------
    ValueError
        If there are fewer or more bits, or Pillow does not convert the image.

    Examples
    --------
    >>> str(colorhash(Image.new("RGB", (8, 8), "red")))
    '00000038000'
    """
    block = colour.colorhash(colour.prepare(image)[np.newaxis], binbits)
    return ImageHash(bits.unpack(block, COLOUR_BINS * binbits).reshape(COLOUR_BINS, binbits))


def crop_resistant_hash(
    image: Image.Image,
    hash_func: HashFunc = dhash,
    limit_segments: int | None = None,
    segment_threshold: int = segments.THRESHOLD,
    min_segment_size: int = segments.MIN_REGION,
    segmentation_image_size: int = segments.SIDE,
) -> ImageMultiHash:
    """Hash each bright and each dark region of an image on its own, so that crops share some hashes with the whole.

    Parameters
    ----------
    image : PIL.Image.Image
        An image of any mode.
    hash_func : callable
        What hashes a region.
    limit_segments : int, optional
        Keep this many of the largest regions.
    segment_threshold : int
        Pixels brighter than this are bright.
    min_segment_size : int
        Only regions with more pixels than this are hashed.
    segmentation_image_size : int
        Side of the square that the image is resized to before it is divided.

    Returns
    -------
    ImageMultiHash
        One hash per region, of the whole image if there is none.

    Examples
    --------
    >>> str(crop_resistant_hash(Image.linear_gradient("L").rotate(90)))
    'ffffffffffffffff,ffffffffffffffff'
    """
    if hash_func in GRAY_ONLY:
        image = in_gray(image)  # once, instead of once per region; a pixel's brightness depends on nothing but itself
    found = segments.boxes(
        image,
        limit_segments=limit_segments,
        segment_threshold=segment_threshold,
        min_segment_size=min_segment_size,
        segmentation_image_size=segmentation_image_size,
    )
    return ImageMultiHash([hash_func(image.crop(box)) for box in found])


GRAY_ONLY = (average_hash, phash, phash_simple, dhash, dhash_vertical, whash)
"""Functions that begin with the brightness of the image."""


def _check_side(hash_size: int) -> None:
    if hash_size < 2:
        raise ValueError(f"hash_size must be at least 2, got {hash_size}")
