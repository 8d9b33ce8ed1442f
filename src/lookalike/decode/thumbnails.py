"""An opened image file to its thumbnail: the *fast* decoding, written down in docs/hash-spec.md.

Where the short side in blocks of 8 pixels is at least `MIN_BLOCKS`, a picture is first reduced to the means of its 8x8
blocks (a JPEG hands them over without being decoded in full), then resampled by Lanczos on the fractional box; smaller
pictures are resampled as they are.
"""

import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageOps

from lookalike import formats, metadata
from lookalike.hashes import lanczos
from lookalike.kernels import IS_COMPILED
from lookalike.model import BLOCK, CHROMA_SIDE, MIN_BLOCKS, THUMBNAIL_SIDE, Thumbnail
from lookalike.turns import turned

if IS_COMPILED:
    from lookalike._native import planes as _native_planes

DRAFTED = ("JPEG", "MPO", "RAW")
"""Formats that libjpeg may decode at a scale; the preview of a raw file mostly is a JPEG, and others take no notice."""
NEUTRAL = 128
GRAY_TOLERANCE = 3
"""Chroma levels off neutral that codecs leave in a gray picture."""

PER_CENT = np.arange(2 * 255 + 1) * 100 // 255
"""Levels as whole per cent of full scale."""


def upright_size(width: int, height: int, orientation: int) -> tuple[int, int]:
    """Return the size of a picture after its EXIF turn.

    Parameters
    ----------
    width, height : int
        Stored size in pixels.
    orientation : int
        EXIF orientation, 1..8; other values mean upright.

    Returns
    -------
    tuple of int
        Upright width and height.

    Examples
    --------
    >>> upright_size(4000, 3000, 6)
    (3000, 4000)
    """
    return (height, width) if orientation in (5, 6, 7, 8) else (width, height)


def turn(plane: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Turn a square plane upright as EXIF orientation says.

    Parameters
    ----------
    plane : ndarray of uint8, shape (side, side, ...)
        Rows first.
    orientation : int
        EXIF orientation, 1..8; other values mean upright.

    Returns
    -------
    ndarray of uint8, shape (side, side, ...)
        The upright plane, C order.

    Examples
    --------
    >>> turn(np.array([[1, 2], [3, 4]], np.uint8), 6)
    array([[3, 1],
           [4, 2]], dtype=uint8)
    """
    made: NDArray[np.uint8] = turned(plane[np.newaxis], orientation)[0]
    return made


def detail(luma: NDArray[np.uint8]) -> int:
    """Measure how much structure a picture has.

    Parameters
    ----------
    luma : ndarray of uint8, shape (64, 64)
        Luma of a thumbnail.

    Returns
    -------
    int
        0..100: the sum of absolute second differences along rows and columns, each in whole per cent of full scale, over
        90. That is the quality measure of PDQ (Facebook, *PDQ & TMK + PDQF*, 2019) with second for first differences, so
        that smooth light, however bright its gradient, counts as little as a flat area.

    Examples
    --------
    >>> detail(np.full((64, 64), 255, np.uint8))
    0
    """
    plane = luma.astype(np.int16)
    down = np.abs(plane[:-2] - 2 * plane[1:-1] + plane[2:])
    along = np.abs(plane[:, :-2] - 2 * plane[:, 1:-1] + plane[:, 2:])
    return min(100, int(PER_CENT[down].sum() + PER_CENT[along].sum()) // 90)


def thumbnail(image: Image.Image, data: bytes) -> Thumbnail:
    """Make the thumbnail of an opened image file.

    Parameters
    ----------
    image : PIL.Image.Image
        Just opened, not loaded.
    data : bytes
        The whole file.

    Returns
    -------
    Thumbnail
        Upright, transparency over white.
    """
    width, height = image.size
    format_ = image.format or ""
    depth = stored_depth(image, data)
    frames = _frames(image)
    quality = metadata.jpeg_quality(image)
    blocks = -(-min(width, height) // BLOCK) >= MIN_BLOCKS
    unit = BLOCK if blocks and _draft(image, BLOCK) else 1
    if unit == 1 and format_ in DRAFTED:
        _draft(image, 1)
    image.load()
    exif = metadata.exif(image)  # some containers hold it behind the pixels
    if metadata.has_video(data):
        exif["video"] = 1
    orientation = int(exif.get("orientation", 1))
    alpha, flat = _flatten(image)
    if unit == BLOCK and flat.mode == "YCbCr":
        flat = _even_chroma(flat, getattr(image, "layer", ()))
    luma, chroma, colour = _planes(flat, (width, height), unit, blocks=blocks)
    luma, chroma = turn(luma, orientation), turn(chroma, orientation)
    upright = upright_size(width, height, orientation)
    captured = exif.pop("captured", None)
    return Thumbnail(
        luma=luma, chroma=chroma, width=upright[0], height=upright[1], format=format_, frames=frames, alpha=alpha,
        depth=depth, colour=colour, detail=detail(luma), quality=quality,
        lossless=formats.lossless(format_, data), captured=None if captured is None else str(captured), exif=exif,
    )  # fmt: skip


def luma_of(image: Image.Image) -> NDArray[np.uint8]:
    """Reduce a picture in memory to the luma of its thumbnail; it is taken as upright.

    Parameters
    ----------
    image : PIL.Image.Image
        Any mode.

    Returns
    -------
    ndarray of uint8, shape (64, 64)
        As the thumbnail of the same picture in a lossless file would have it.
    """
    blocks = -(-min(image.size) // BLOCK) >= MIN_BLOCKS
    return _planes(_flatten(image)[1], image.size, 1, blocks=blocks)[0]


def reduced(image: Image.Image, most: int) -> Image.Image:
    """Return an opened image file as a picture to work on.

    Parameters
    ----------
    image : PIL.Image.Image
        Just opened, not loaded.
    most : int
        Most pixels of the longer side; larger pictures are reduced to that.

    Returns
    -------
    PIL.Image.Image
        Upright, transparency over white, in RGB.
    """
    image.draft("RGB", (most, most))
    flat = _flatten(ImageOps.exif_transpose(image))[1].convert("RGB")
    flat.thumbnail((most, most), Image.Resampling.LANCZOS)
    return flat


def square(image: Image.Image, side: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Reduce an opened image file to a square of luma and a small one of chroma.

    Parameters
    ----------
    image : PIL.Image.Image
        Just opened, not loaded.
    side : int
        Side of the square.

    Returns
    -------
    luma : ndarray of uint8, shape (side, side)
        Upright, transparency over white.
    chroma : ndarray of uint8, shape (8, 8, 2)
        Cb and Cr.
    """
    image.draft(None, (2 * side, 2 * side))
    image.load()
    orientation = int(metadata.exif(image).get("orientation", 1))
    flat = _flatten(image)[1]
    luma = flat.convert("L")
    small = flat.convert("RGB").resize((CHROMA_SIDE, CHROMA_SIDE), Image.Resampling.BOX).convert("YCbCr")
    chroma = np.asarray(small)[:, :, 1:]
    return turn(lanczos.shrink(np.asarray(luma), luma.size, 1, side), orientation), turn(chroma, orientation)


def block_means(plane: Image.Image) -> NDArray[np.uint8]:
    """Reduce a gray picture to the means of its blocks of 8x8 pixels, halves rounded up.

    Parameters
    ----------
    plane : PIL.Image.Image
        Of mode L.

    Returns
    -------
    ndarray of uint8, shape (ceil(height / 8), ceil(width / 8))
        Means; the blocks at the right and lower edge may have fewer pixels.

    Examples
    --------
    >>> block_means(Image.new("L", (9, 8), 3)).tolist()
    [[3, 3]]
    """
    means = np.array(plane.reduce(BLOCK))
    pixels = np.asarray(plane)
    # Pillow's division is exact for whole blocks, not always for smaller ones.
    right, lower = pixels.shape[1] // BLOCK * BLOCK, pixels.shape[0] // BLOCK * BLOCK
    for edge, target in (
        (pixels[:, right:], means[:, right // BLOCK :]),
        (pixels[lower:].T, means[lower // BLOCK :].T),
    ):
        if edge.size:
            starts = np.arange(0, len(edge), BLOCK)
            sums = np.add.reduceat(edge.sum(axis=1, dtype=np.int64), starts)
            counts = np.diff([*starts, len(edge)]) * edge.shape[1]
            target[:, 0] = (2 * sums + counts) // (2 * counts)
    return means


def _draft(image: Image.Image, scale: int) -> bool:
    """Ask libjpeg for luma and chroma at a scale, block means at 8; false where it has to decline, as for CMYK and RGB."""
    if image.format not in DRAFTED or image.mode not in ("L", "RGB") or not _is_ycc(image):
        return False
    width, height = image.size
    image.draft("L" if image.mode == "L" else "YCbCr", (width // scale, height // scale))
    return image.size == (-(-width // scale), -(-height // scale))


def _is_ycc(image: Image.Image) -> bool:
    """Return whether libjpeg takes the components as luma (and chroma), by the rules it follows itself."""
    if len(image.getbands()) == 1 or "jfif" in image.info:
        return True
    if "adobe_transform" in image.info:
        return bool(image.info["adobe_transform"])
    return bytes(layer[0] for layer in getattr(image, "layer", ())) != b"RGB"


def _even_chroma(image: Image.Image, layers: Sequence[tuple[int, int, int, int]]) -> Image.Image:
    """Make chroma of block means even within each of its own blocks, which libjpeg may hand over at twice that resolution.

    `layers` says id, horizontal and vertical sampling, and quantisation table of each component.
    """
    bands = list(image.split())
    for at, (_, across, down, _) in enumerate(layers):
        factors = max(layer[1] for layer in layers) // across, max(layer[2] for layer in layers) // down
        if factors != (1, 1):
            means = bands[at].reduce(factors)
            even = means.resize((means.width * factors[0], means.height * factors[1]), Image.Resampling.NEAREST)
            bands[at] = even.crop((0, 0, *image.size))
    return Image.merge("YCbCr", bands)


def _flatten(image: Image.Image) -> tuple[bool, Image.Image]:
    """Return whether any pixel is transparent, and the picture over white as L, RGB or YCbCr."""
    if image.mode in ("L", "RGB", "YCbCr") and "transparency" not in image.info:
        return False, image
    if image.mode in ("I;16", "I;16B", "I;16L", "I;16N", "I", "F"):
        samples = np.asarray(image)
        # Pillow widens the 16 bits of a PGM to 32.
        return False, Image.fromarray(
            _to_8_bits(samples.astype(np.uint16) if (image.format, image.mode) == ("PPM", "I") else samples)
        )
    if (image.mode in ("1", "L", "P", "RGB") and "transparency" in image.info) or image.has_transparency_data:
        image = image.convert("RGBA")
        lowest = image.getchannel("A").getextrema()[0]
        if isinstance(lowest, (int, float)) and lowest < 255:
            # Premultiplied colour plus what shines through of white.
            bands = image.convert("RGBa").split()
            white = ImageChops.invert(bands[3])
            return True, Image.merge("RGB", [ImageChops.add(band, white) for band in bands[:3]])
        return False, image.convert("RGB")
    if image.mode in ("1", "LA", "La"):
        return False, image.convert("L")
    return False, image.convert("RGB")


def _to_8_bits(samples: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Scale integer or float samples to 0..255 by the widest of the usual ranges they fit: 0..1, 0..255, 0..65535, own."""
    values = np.nan_to_num(samples.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    if samples.dtype == np.uint16:
        top = 65535.0
    elif values.size and values.min() < 0:
        values = values - values.min()
        top = values.max()
    else:
        peak = values.max() if values.size else 0.0
        ranges = (255.0, 65535.0) if samples.dtype.kind in "iu" else (1.0, 255.0, 65535.0)
        top = next((limit for limit in ranges if peak <= limit), peak)
    return np.rint(values * (255.0 / top if top else 0.0)).astype(np.uint8)


def _planes(
    image: Image.Image, extent: tuple[int, int], unit: int, *, blocks: bool
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], bool]:
    """Return 64x64 luma, 8x8 chroma, and whether there is any colour; `unit` says what the samples are already means of."""
    if IS_COMPILED and unit == 1 and image.mode in ("L", "RGB"):
        plane, image = _reduced(image)
        unit = BLOCK if blocks else 1
        return _thumbnail_planes(plane, image, extent, unit)
    gray = image.getchannel(0) if image.mode == "YCbCr" else image.convert("L")
    if blocks and unit == 1:
        plane, image, unit = block_means(gray), image.reduce(BLOCK), BLOCK
    else:
        plane = np.asarray(gray)
    return _thumbnail_planes(plane, image, extent, unit)


def _reduced(image: Image.Image) -> tuple[NDArray[np.uint8], Image.Image]:
    """Return the luma of an L or RGB picture, as means of blocks where it is large enough, and the like of its colours."""
    luma, cb, cr = _native_planes(np.ascontiguousarray(image))
    if cb is None or cr is None:
        return luma, Image.fromarray(luma)
    return luma, Image.merge("YCbCr", [Image.fromarray(plane) for plane in (luma, cb, cr)])


def _thumbnail_planes(
    plane: NDArray[np.uint8], image: Image.Image, extent: tuple[int, int], unit: int
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], bool]:
    """Resample luma from a plane and chroma from a picture, `unit` pixels a sample."""
    luma = lanczos.shrink(plane, extent, unit, THUMBNAIL_SIDE)
    small = (CHROMA_SIDE, CHROMA_SIDE)
    if image.mode == "L":
        return luma, np.full((*small, 2), NEUTRAL, np.uint8), False
    coloured = image if image.mode == "YCbCr" else image.convert("YCbCr")
    levels = [level for band in coloured.getextrema()[1:] if isinstance(band, tuple) for level in band]
    colour = min(levels) < NEUTRAL - GRAY_TOLERANCE or max(levels) > NEUTRAL + GRAY_TOLERANCE
    # No hash depends on chroma, so Pillow's own mean is good enough.
    box = (0.0, 0.0, extent[0] / unit, extent[1] / unit)
    chroma = np.array(coloured.resize(small, Image.Resampling.BOX, box))[..., 1:]
    return luma, np.ascontiguousarray(chroma), colour


def _frames(image: Image.Image) -> int:
    """Count frames or pages (layers of a PSD are neither); of a file damaged after its first frame, that one."""
    if image.format in ("PSD", "RAW"):  # a preview may hold a smaller one of itself
        return 1
    try:
        return max(1, int(getattr(image, "n_frames", 1)))
    except (OSError, ValueError, SyntaxError, EOFError, struct.error):
        image.seek(0)
        return 1


def stored_depth(image: Image.Image, data: bytes) -> int:
    """Return bits per channel as stored, also where Pillow hands over fewer.

    Parameters
    ----------
    image : PIL.Image.Image
        An opened image, at the frame in question.
    data : bytes
        The whole file.

    Returns
    -------
    int
        Of the deepest channel; 8 where the format does not say.
    """
    if image.format == "PNG" and len(data) > 24:
        return 8 if image.mode == "P" else data[24]
    if image.format == "TIFF":
        stored = getattr(image, "tag_v2", {}).get(258, 1)
        return int(max(stored)) if isinstance(stored, tuple) else int(stored)
    return {"1": 1, "I": 32, "F": 32}.get(image.mode, 16 if image.mode.startswith("I;16") else 8)
