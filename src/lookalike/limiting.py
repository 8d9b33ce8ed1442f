"""What decoding may use, and second looks at files that are held to it: those that come after the scan.

The scan has decoded each file once, in a worker with limits or by a kernel whose time and memory are bounded by the size of
the file. What Pillow then makes of the whole file, at its full size, with all its frames, may still take more.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from lookalike import decode
from lookalike.errors import DecodeError, UsageError
from lookalike.model import MAX_PIXELS, Thumbnail
from lookalike.options import ScanOptions
from lookalike.pool import Died, Guarded, Limits, held

T = TypeVar("T")
File = tuple[bytes, str]
"""Contents and name of a file."""
DECODE_SECONDS, DECODE_BYTES = 10.0, 1 << 30
"""What a worker process may use: processor time for one file, and memory. With the limit of pixels, both rise in proportion."""
LOOK_SECONDS, LOOK_BYTES = 2, 3
"""So many times as much for a second look, which has two files and holds all their pixels at once; where somebody has set a
limit of memory, no more than that."""
TRAVELLING = ("max_pixels", "max_seconds", "max_memory")
"""Limits that findings and plans carry along, by their names in the options of the search."""


def limits(options: ScanOptions | None = None) -> Limits:
    """Return what a worker process may use.

    Parameters
    ----------
    options : ScanOptions, optional
        With the limits that somebody set; None for the usual ones.

    Returns
    -------
    Limits
        Where nobody set any, `DECODE_SECONDS` and `DECODE_BYTES`, or more for more pixels than usual.

    Examples
    --------
    >>> limits().seconds, limits(ScanOptions(max_pixels=2 * MAX_PIXELS)).seconds, limits(ScanOptions(max_seconds=3)).seconds
    (10.0, 20.0, 3)
    """
    told = options or ScanOptions()
    scale = max(1.0, told.max_pixels / MAX_PIXELS)
    seconds = DECODE_SECONDS * scale if told.max_seconds is None else told.max_seconds
    return Limits(seconds, int(DECODE_BYTES * scale) if told.max_memory is None else told.max_memory)


def known_limits(limits: Limits | None) -> tuple[float, float]:
    """Return limits as the catalog is asked by them.

    Parameters
    ----------
    limits : Limits or None
        What decoders are held to; None for nothing.

    Returns
    -------
    tuple of float
        Seconds and bytes.

    Examples
    --------
    >>> known_limits(None), known_limits(Limits(10, 1 << 30))
    ((inf, inf), (10, 1073741824))
    """
    return (math.inf, math.inf) if limits is None else (limits.seconds, limits.memory)


def told_by(found: Mapping[str, Any]) -> ScanOptions:
    """Return the limits that the options of a search name, as findings and plans carry them along.

    Parameters
    ----------
    found : mapping
        The options; may have been edited by hand.

    Returns
    -------
    ScanOptions
        Usual where something is missing or makes no sense.

    Examples
    --------
    >>> told_by({"max_memory": 1 << 30, "max_seconds": "a"}).max_memory
    1073741824
    """
    made = ScanOptions()
    for name in TRAVELLING:
        value: Any = found.get(name)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            with suppress(UsageError, ValueError, OverflowError):  # not a number, or more than any
                told: dict[str, Any] = {name: value if name == "max_seconds" else int(value)}
                made = replace(made, **told)
    return made


class SecondLooks:
    """Call functions that look at files again, where no file can take more than it may.

    JPEG and PNG files of the usual kinds are looked at right here, which costs nothing: their pixels bound what they take.
    Others go to a process with limits. So do all where somebody set a limit of time or memory.

    Parameters
    ----------
    options : ScanOptions, optional
        With the limits that somebody set; None for the usual ones.
    workers : int
        1 looks at all files here, unless a limit is set.

    Attributes
    ----------
    options : ScanOptions
        As given.
    """

    def __init__(self, options: ScanOptions | None = None, *, workers: int = 2) -> None:
        self.options = options or ScanOptions()
        self._here = not self.options.held and (workers == 1 or held() is not None)
        usual = limits(self.options)
        memory = usual.memory * (1 if self.options.max_memory is not None else LOOK_BYTES)
        self._limits = Limits(usual.seconds * LOOK_SECONDS, memory)
        self._guarded = Guarded(self._limits)

    def __call__(self, look: Callable[..., T], *files: File, **told: object) -> T:
        """Look at files.

        Parameters
        ----------
        look : callable
            ``(*files, **told) -> value``, at the top level of a module of this package.
        *files : tuple of (bytes, str)
            Contents and name of each.
        **told
            What else it is told.

        Returns
        -------
        object
            What it returned; what it raised is raised here.

        Raises
        ------
        DecodeError
            With the kind limit if it took more than it may, with the kind damaged if a decoder crashed.
        """
        if self._here or (not self.options.held and all(decode.is_plain(data) for data, _ in files)):
            return look(*files, **told)
        try:
            made: T = self._guarded(_alone, look, files, told)
        except Died as death:
            if death.overran:
                raise DecodeError("limit", too_long(death.reason)) from death
            raise DecodeError("damaged", f"its decoder crashed ({death.reason})") from death
        except (MemoryError, DecodeError) as error:
            if isinstance(error, MemoryError) or error.reason == decode.NO_MEMORY:
                raise DecodeError("limit", too_much(self._limits.memory)) from error
            raise
        return made


def _alone(look: Callable[..., T], files: Sequence[File], told: Mapping[str, object]) -> T:
    decode.use_one_thread()
    return partial(look, *files, **told)()


def thumbnail(file: File, *, truncated: bool = False, max_pixels: int = MAX_PIXELS) -> Thumbnail:
    """Decode a file to its thumbnail.

    Parameters
    ----------
    file : tuple of (bytes, str)
        Contents and name.
    truncated, max_pixels
        As for `lookalike.decode.decode`.

    Returns
    -------
    Thumbnail
        As `lookalike.decode.decode` returns it.

    Raises
    ------
    DecodeError
        If it cannot be decoded.
    """
    return decode.decode(*file, truncated=truncated, max_pixels=max_pixels)


def planes(
    file: File, *, side: int, number: int = 0, truncated: bool = False, max_pixels: int = MAX_PIXELS
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Decode a frame of a file to luma and chroma.

    Parameters
    ----------
    file : tuple of (bytes, str)
        Contents and name.
    side : int
        Side of the square of luma.
    number : int
        Which frame, from 0.
    truncated, max_pixels
        As for `lookalike.decode.planes`.

    Returns
    -------
    luma, chroma : ndarray of uint8
        As `lookalike.decode.planes` returns them.

    Raises
    ------
    DecodeError
        If it cannot be decoded.
    """
    if not number:
        return decode.planes(*file, side, truncated=truncated, max_pixels=max_pixels)
    with closing(decode.frames_of(*file, number, max_pixels=max_pixels)) as pages:
        page = next(pages, None)
    if page is None:
        raise DecodeError("damaged", f"it has no frame {number + 1}")
    return decode.planes(page, "", side, max_pixels=max_pixels)


def too_long(reason: str) -> str:
    """Say that a decoder took more time than it may.

    Parameters
    ----------
    reason : str
        What it did, as the pool says it.

    Returns
    -------
    str
        With the option that allows for more.

    Examples
    --------
    >>> too_long("took longer than 10 s")
    'its decoder took longer than 10 s: raise --max-seconds'
    """
    return f"its decoder {reason}: raise --max-seconds"


def too_much(memory: int) -> str:
    """Say that a decoder needed more memory than it may.

    Parameters
    ----------
    memory : int
        Bytes.

    Returns
    -------
    str
        With the option that allows for more.

    Examples
    --------
    >>> too_much(1 << 30)
    'its decoder needed more than 1 GB: raise --max-memory'
    """
    return f"its decoder needed more than {memory / (1 << 30):.3g} GB: raise --max-memory"
