"""Hashes of single images: from a path, bytes, a file object, a PIL image or an array."""

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import UsageError
from lookalike.hashes import ALGORITHMS, hash_block, hash_picture, make_spec, wavelet, way
from lookalike.hashes.value import ImageHash
from lookalike.model import HashSpec
from lookalike.pictures import ImageSource, luma, picture


def hash_image(
    image: ImageSource,
    algorithm: str = "phash",
    *,
    size: int | None = None,
    filter: str | None = None,
    decode: str | None = None,
) -> ImageHash:
    """Hash one image by the algorithm of that name.

    Parameters
    ----------
    image : path, bytes, file object, PIL.Image.Image or ndarray
        The image. Arrays are uint8 or uint16 of shape (height, width), or uint8 of shape (height, width, 3 or 4).
    algorithm : str
        ahash, mhash, dhash, dhash_vertical, phash, phash_simple, whash, whash8, colorhash or pdq.
    size : int, optional
        Side of the hash; None for the algorithm's default.
    filter : str, optional
        Resampling filter; None for the default of the decoding.
    decode : str, optional
        full (as ``imagehash``), fast (as ``lookalike find``), imgdd or pdq; None for pdq where that is the algorithm, else
        full. For fast, an image file gives what `find` sees, while pixels in memory are taken as they are.

    Returns
    -------
    ImageHash
        The hash.

    Raises
    ------
    UsageError
        If an option does not fit, or what was given is no image: an empty array, NaN or other floats, an unusual shape.
    DecodeError
        If a file or bytes cannot be decoded.
    OSError
        If a path cannot be read.

    Examples
    --------
    >>> from PIL import Image
    >>> str(hash_image(Image.linear_gradient("L"), "ahash"))
    '00000000ffffffff'
    """
    spec = make_spec(algorithm, size, filter, decode)
    if ALGORITHMS[algorithm].several:
        raise UsageError(f"{algorithm} gives several hashes an image: call lookalike.{algorithm}")
    return ImageHash.from_row(_rows(image, spec)[0][0], spec)


def ahash(image: ImageSource, *, size: int = 8, filter: str | None = None, decode: str = "full") -> ImageHash:
    """Hash one image by the mean of a small gray picture.

    Parameters
    ----------
    image : path, bytes, file object, PIL.Image.Image or ndarray
        The image; see `hash_image` for what it may be, and for errors.
    size : int
        Side of the hash; it has ``size ** 2`` bits.
    filter : str, optional
        Resampling filter; None for the default of the decoding.
    decode : str
        full, fast or imgdd.

    Returns
    -------
    ImageHash
        The hash. Source: Krawetz, *Looks Like It* (2011); ``imagehash.average_hash``.

    Examples
    --------
    >>> from PIL import Image
    >>> ahash(Image.new("L", (64, 64))) - ahash(Image.new("L", (64, 64)))
    0
    """
    return hash_image(image, "ahash", size=size, filter=filter, decode=decode)


def mhash(image: ImageSource, *, size: int = 8, filter: str | None = None, decode: str = "full") -> ImageHash:
    """Hash one image by the median of a small gray picture.

    Parameters
    ----------
    image : path, bytes, file object, PIL.Image.Image or ndarray
        The image; see `hash_image` for what it may be, and for errors.
    size : int
        Side of the hash; it has ``size ** 2`` bits.
    filter : str, optional
        Resampling filter; None for the default of the decoding.
    decode : str
        full, fast or imgdd.

    Returns
    -------
    ImageHash
        The hash. Source: ``imagehash.average_hash`` with ``mean=numpy.median``.
    """
    return hash_image(image, "mhash", size=size, filter=filter, decode=decode)


def dhash(image: ImageSource, *, size: int = 8, filter: str | None = None, decode: str = "full") -> ImageHash:
    """Hash one image by differences along the rows.

    Parameters
    ----------
    image : path, bytes, file object, PIL.Image.Image or ndarray
        The image; see `hash_image` for what it may be, and for errors.
    size : int
        Side of the hash; it has ``size ** 2`` bits.
    filter : str, optional
        Resampling filter; None for the default of the decoding.
    decode : str
        full, fast or imgdd.

    Returns
    -------
    ImageHash
        The hash. Source: Krawetz, *Kind of Like That* (2013); ``imagehash.dhash``.

    Examples
    --------
    >>> from PIL import Image
    >>> dhash(Image.new("L", (64, 64))) - dhash(Image.new("L", (64, 64)))
    0
    """
    return hash_image(image, "dhash", size=size, filter=filter, decode=decode)


def dhash_vertical(image: ImageSource, *, size: int = 8, filter: str | None = None, decode: str = "full") -> ImageHash:
    """Hash one image by differences along the columns.

    Parameters
    ----------
    image : path, bytes, file object, PIL.Image.Image or ndarray
        The image; see `hash_image` for what it may be, and for errors.
    size : int
        Side of the hash; it has ``size ** 2`` bits.
    filter : str, optional
        Resampling filter; None for the default of the decoding.
    decode : str
        full or fast.

    Returns
    -------
    ImageHash
        The hash. Source: ``imagehash.dhash_vertical``.
    """
    return hash_image(image, "dhash_vertical", size=size, filter=filter, decode=decode)


def phash(image: ImageSource, *, size: int = 8, filter: str | None = None, decode: str = "full") -> ImageHash:
    """Hash one image by low frequencies against their median.

    Parameters
    ----------
    image : path, bytes, file object, PIL.Image.Image or ndarray
        The image; see `hash_image` for what it may be, and for errors.
    size : int
        Side of the hash; it has ``size ** 2`` bits.
    filter : str, optional
        Resampling filter; None for the default of the decoding.
    decode : str
        full, fast or imgdd.

    Returns
    -------
    ImageHash
        The hash. Source: Zauner, *Implementation and Benchmarking of Perceptual Image Hash Functions*
        (2010); ``imagehash.phash``.

    Examples
    --------
    >>> from PIL import Image
    >>> phash(Image.new("L", (64, 64))) - phash(Image.new("L", (64, 64)))
    0
    """
    return hash_image(image, "phash", size=size, filter=filter, decode=decode)


def phash_simple(image: ImageSource, *, size: int = 8, filter: str | None = None, decode: str = "full") -> ImageHash:
    """Hash one image by low frequencies of the rows against their mean.

    Parameters
    ----------
    image : path, bytes, file object, PIL.Image.Image or ndarray
        The image; see `hash_image` for what it may be, and for errors.
    size : int
        Side of the hash; it has ``size ** 2`` bits.
    filter : str, optional
        Resampling filter; None for the default of the decoding.
    decode : str
        full or fast.

    Returns
    -------
    ImageHash
        The hash. Source: ``imagehash.phash_simple``.
    """
    return hash_image(image, "phash_simple", size=size, filter=filter, decode=decode)


def whash(
    image: ImageSource,
    *,
    size: int = 8,
    image_scale: int | None = None,
    mode: str = "haar",
    remove_max_haar_ll: bool = True,
    decode: str = "full",
) -> ImageHash:
    """Hash one image by the lowest band of a wavelet transform against its median.

    Parameters
    ----------
    image : path, bytes, file object, PIL.Image.Image or ndarray
        The image; see `hash_image` for what it may be, and for errors.
    size : int
        Side of the hash, a power of two.
    image_scale : int, optional
        Side the picture is reduced to first, a power of two; None for the largest that fits.
    mode : str
        Any discrete wavelet of PyWavelets. Those longer than haar give hashes of more bits than ``size ** 2``.
    remove_max_haar_ll : bool
        Whether the mean is taken out first.
    decode : str
        full, fast or imgdd; the three options before have a meaning for full only.

    Returns
    -------
    ImageHash
        The hash. Source: ``imagehash.whash``; under imgdd the one-dimensional transform of that package.

    Examples
    --------
    >>> from PIL import Image
    >>> len(whash(Image.linear_gradient("L"), mode="db4"))
    196
    """
    told = {
        "image_scale": (image_scale, None), "mode": (mode, "haar"), "remove_max_haar_ll": (remove_max_haar_ll, True),
    }  # fmt: skip
    options = ",".join(f"{name}={value}" for name, (value, usual) in told.items() if value != usual)
    if not options:
        return hash_image(image, "whash", size=size, decode=decode)
    spec = make_spec("whash", size, None, decode, options)
    if decode != "full":
        raise UsageError(f"{options} has a meaning under decoding full only, got {decode}")
    with picture(image) as opened:
        pixels = wavelet.prepare(opened, size, image_scale)
    low = wavelet.low_frequencies(pixels, size, mode, remove_max_haar_ll=remove_max_haar_ll)
    return ImageHash.from_array(low > np.median(low), spec)


def whash8(image: ImageSource, *, filter: str | None = None, decode: str = "full") -> ImageHash:
    """Hash one image by a Haar transform of its 8x8 gray picture without the constant coefficient.

    Parameters
    ----------
    image : path, bytes, file object, PIL.Image.Image or ndarray
        The image; see `hash_image` for what it may be, and for errors.
    filter : str, optional
        Resampling filter; None for the default of the decoding.
    decode : str
        full or fast.

    Returns
    -------
    ImageHash
        64 bits, which exact arithmetic shows to be those of mhash.
    """
    return hash_image(image, "whash8", filter=filter, decode=decode)


def colorhash(image: ImageSource, *, size: int = 3) -> ImageHash:
    """Hash one image by how much of it is black, gray, and of which hue.

    Parameters
    ----------
    image : path, bytes, file object, PIL.Image.Image or ndarray
        The image; see `hash_image` for what it may be, and for errors.
    size : int
        Bits for each of the 14 bins.

    Returns
    -------
    ImageHash
        The hash; not for joining. Source: ``imagehash.colorhash``.
    """
    return hash_image(image, "colorhash", size=size)


def crop_resistant(image: ImageSource, *, size: int = 8) -> tuple[ImageHash, ...]:
    """Hash the bright and the dark segments of one image, each by dhash.

    Parameters
    ----------
    image : path, bytes, file object, PIL.Image.Image or ndarray
        The image; see `hash_image` for what it may be, and for errors.
    size : int
        Side of each hash.

    Returns
    -------
    tuple of ImageHash
        One for each segment, at least one; not for joining. Source: Steinebach and others, *Efficient Cropping-Resistant
        Robust Image Hashing* (2014); ``imagehash.crop_resistant_hash``.

    Examples
    --------
    >>> from PIL import Image
    >>> len(crop_resistant(Image.new("L", (64, 64))))
    1
    """
    spec = make_spec("crop_resistant", size)
    return tuple(ImageHash.from_row(row, spec) for row in _rows(image, spec)[0])


def pdq(image: ImageSource) -> tuple[ImageHash, int]:
    """Hash one image by PDQ.

    Parameters
    ----------
    image : path, bytes, file object, PIL.Image.Image or ndarray
        The image; see `hash_image` for what it may be, and for errors.

    Returns
    -------
    hash : ImageHash
        256 bits. Source: Facebook, *PDQ & TMK + PDQF* (2019); ``pdqhash.compute``.
    quality : int
        0..100; below 50 the source advises not to match.

    Examples
    --------
    >>> from PIL import Image
    >>> pdq(Image.new("L", (64, 64)))[1]
    0
    """
    spec = make_spec("pdq")
    rows, quality = _rows(image, spec)
    return ImageHash.from_row(rows[0], spec), quality or 0


def dihedral(image: ImageSource, algorithm: str = "phash", *, decode: str | None = None) -> tuple[ImageHash, ...]:
    """Hash the eight turns of one image from a single transform.

    Parameters
    ----------
    image : path, bytes, file object, PIL.Image.Image or ndarray
        The image; see `hash_image` for what it may be, and for errors.
    algorithm : str
        phash or pdq.
    decode : str, optional
        full or fast for phash, pdq or fast for pdq; None for the first of these.

    Returns
    -------
    tuple of ImageHash
        The k-th, counted from 1, belongs to the image turned upright as EXIF orientation k says; the first is the image as
        it is. Exact under fast, within 2 bits of hashing the turned image under the others.

    Examples
    --------
    >>> from PIL import Image
    >>> hashes = dihedral(Image.linear_gradient("L"))
    >>> hashes[0] == phash(Image.linear_gradient("L")), len(set(hashes))
    (True, 4)
    """
    spec = make_spec(algorithm, None, None, decode)
    chosen = way(spec)
    if chosen.dihedral is None:
        raise UsageError(f"{spec.id} has no turned variants: use phash or pdq")
    if spec.decoding == "fast":
        block = chosen.prepare(luma(image)[np.newaxis], spec.size, spec.filter)
    else:
        with picture(image) as opened:
            block = chosen.prepare(opened, spec.size, spec.filter)
    return tuple(ImageHash.from_row(rows[0], spec) for rows in chosen.dihedral(block, spec.size))


def _rows(image: ImageSource, spec: HashSpec) -> tuple[NDArray[np.uint64], int | None]:
    if spec.decoding == "fast":
        return hash_block(luma(image)[np.newaxis], spec), None
    with picture(image) as opened:
        return hash_picture(opened, spec)[0]
