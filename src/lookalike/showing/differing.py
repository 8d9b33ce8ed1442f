"""Where two pictures differ: one is laid on the other as verification found them to lie, and what is left over is shown."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

from lookalike import decode
from lookalike.limiting import File
from lookalike.model import MAX_PIXELS, THUMBNAIL_SIDE, Orient, Tier
from lookalike.turns import BACK, turned
from lookalike.verdicts.confirming import Confirmed, confirm
from lookalike.verify.evidence import MAP_BITS

MOST = 1024
"""Pixels of the longer side of what is drawn."""
STRETCH = 4
"""How much a difference is brightened."""
OUTSIDE = 96
"""Gray of what only the first picture shows."""


def difference(first: File, second: File, *, orient: Orient = "upright", max_pixels: int = MAX_PIXELS) -> Image.Image:
    """Draw where two pictures differ, in the frame of the first.

    Parameters
    ----------
    first, second : tuple of (bytes, str)
        Contents and name of each.
    orient : str
        Turns that count as the same picture: upright, mirror or all.
    max_pixels : int
        Most pixels of a picture that are decoded, inclusive.

    Returns
    -------
    PIL.Image.Image
        In L, at most 1,024 pixels a side: differences in brightness four times as bright, even gray where the second shows
        nothing of the first. Where the two are not alike, the second is stretched over the first.

    Raises
    ------
    DecodeError
        If one cannot be decoded.
    """
    found = confirm(first, second, orient=orient, max_pixels=max_pixels)
    one, other = (decode.picture(*file, MOST, max_pixels=max_pixels).convert("L") for file in (first, second))
    turn = 1 if found.evidence is None or found.tier is Tier.NONE else int(found.evidence["turn"])
    if found.left == 0:
        other = _turned(other, turn)
    else:
        one = _turned(one, turn)
    lies = np.linalg.inv(_centred(other)) @ _lies(found) @ _centred(one)
    place = tuple(lies[:2].ravel().tolist())
    laid = other.transform(one.size, Image.Transform.AFFINE, place, Image.Resampling.BICUBIC)
    inside = Image.new("L", other.size, 255).transform(one.size, Image.Transform.AFFINE, place)
    off = ImageChops.difference(one, laid).point([min(level * STRETCH, 255) for level in range(256)])
    drawn = Image.composite(off, Image.new("L", one.size, OUTSIDE), inside)
    return drawn if found.left == 0 else _turned(drawn, BACK[turn])


def _turned(picture: Image.Image, turn: int) -> Image.Image:
    return Image.fromarray(turned(np.asarray(picture)[np.newaxis], turn)[0])


def _centred(picture: Image.Image) -> NDArray[np.float64]:
    """Return the matrix from pixels of a picture to those of its thumbnail, counted from the middle."""
    scale = THUMBNAIL_SIDE / picture.width, THUMBNAIL_SIDE / picture.height
    half = -THUMBNAIL_SIDE / 2
    return np.array([[scale[0], 0, half], [0, scale[1], half], [0, 0, 1]])


def _lies(found: Confirmed) -> NDArray[np.floating]:
    """Return the matrix from the thumbnail of the first picture to that of the second, pixels counted from the middle."""
    made = np.eye(3)
    if found.evidence is None or found.tier is Tier.NONE or not found.evidence["finished"]:
        return made
    made[:2] = found.evidence["map"] / (1 << MAP_BITS)
    if abs(np.linalg.det(made)) < 1e-6:
        return np.eye(3)
    inner = found.left if found.evidence["inner"] == 0 else 1 - found.left
    return made if inner == 0 else np.linalg.inv(made)
