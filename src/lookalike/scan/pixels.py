"""All pixels of one file: what workers do where two files may show the same, down to the last level."""

from typing import NamedTuple

import numpy as np
from blake3 import blake3
from numpy.typing import NDArray

from lookalike import decode
from lookalike.errors import DecodeError
from lookalike.model import MAX_PIXELS
from lookalike.scan.examining import Scanned, share_cores

LUMA_KEY_BYTES = 16


class PixelOutcome(NamedTuple):
    """What became of a file of which all pixels are wanted.

    Nothing lasting (`settled` is false) of a file that is gone, or another one by now. Else `digest` is that of all pixels,
    None where they cannot all be decoded, and `luma` the key of the luma that what EXIF turns would have if saved upright.
    """

    row: int
    settled: bool
    digest: bytes | None = None
    luma: bytes | None = None


def examine_pixels(task: Scanned) -> PixelOutcome:
    """Decode all of a file that is still what was scanned; runs in a worker and never raises for a bad file.

    Parameters
    ----------
    task : Scanned
        The file.

    Returns
    -------
    PixelOutcome
        What became of it.
    """
    data = task.read()
    if data is None:
        return PixelOutcome(task.row, settled=False)
    share_cores()
    try:
        digest, luma = decode.pixels_of(data, task.path, max_pixels=task.max_pixels)
    except DecodeError as error:  # memory may suffice another time, and so may another limit
        limited = error.reason == decode.NO_MEMORY or (error.kind == "limit" and task.max_pixels != MAX_PIXELS)
        return PixelOutcome(task.row, settled=not limited)
    return PixelOutcome(task.row, settled=True, digest=digest, luma=None if luma is None else luma_key(luma))


def pixels_unknown(task: Scanned, _reason: str) -> PixelOutcome:
    """Return what is known of a file during which its worker died.

    Parameters
    ----------
    task : Scanned
        The file.

    Returns
    -------
    PixelOutcome
        Nothing lasting; it is tried again at the next run.
    """
    return PixelOutcome(task.row, settled=False)


def pixels_overran(task: Scanned, _reason: str) -> PixelOutcome:
    """Return what is known of a file of which a full decode took longer than it may.

    Parameters
    ----------
    task : Scanned
        The file.

    Returns
    -------
    PixelOutcome
        That its pixels cannot all be decoded.
    """
    return PixelOutcome(task.row, settled=True)


def luma_key(luma: NDArray[np.uint8]) -> bytes:
    """Return what stands for the luma of a thumbnail where only equality counts.

    Parameters
    ----------
    luma : ndarray of uint8, shape (64, 64)
        The luma.

    Returns
    -------
    bytes
        `LUMA_KEY_BYTES` of its BLAKE3.
    """
    return blake3(luma.tobytes()).digest(length=LUMA_KEY_BYTES)
