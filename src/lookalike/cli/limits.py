"""Limits on the command line: what one image may cost. Shared by all verbs that decode images."""

import re
from typing import Annotated, Any

import typer

from lookalike.errors import UsageError
from lookalike.model import READ_AHEAD

UNITS = {"": 0, "K": 10, "M": 20, "G": 30, "T": 40}
"""Binary, as memory is counted."""

MaxPixels = Annotated[int, typer.Option(help="Do not decode images with more pixels.")]
MaxSeconds = Annotated[
    float | None, typer.Option(metavar="SECONDS", help="Processor time that decoding an image may take. Default: 10.")
]
MaxMemory = Annotated[
    str | None, typer.Option(metavar="SIZE", help="Memory of a process that decodes, such as 512M. Default: 1G.")
]
ReadAhead = Annotated[str, typer.Option(metavar="SIZE", help="How much is read before it is decoded.")]
USUAL_AHEAD = f"{READ_AHEAD >> 20}M"


def limits_of(
    max_pixels: int, max_seconds: float | None, max_memory: str | None, read_ahead: str = USUAL_AHEAD
) -> dict[str, Any]:
    """Return what limits on the command line mean.

    Parameters
    ----------
    max_pixels, max_seconds, max_memory, read_ahead
        As given.

    Returns
    -------
    dict
        Fields of `lookalike.options.ScanOptions`.

    Raises
    ------
    UsageError
        If a size is none.

    Examples
    --------
    >>> limits_of(100, None, "512M")["max_memory"]
    536870912
    """
    return {
        "max_pixels": max_pixels, "max_seconds": max_seconds,
        "max_memory": None if max_memory is None else bytes_of(max_memory, "--max-memory"),
        "read_ahead": bytes_of(read_ahead, "--read-ahead"),
    }  # fmt: skip


def bytes_of(text: str, option: str) -> int:
    """Return the number of bytes that a size means.

    Parameters
    ----------
    text : str
        A number, maybe with K, M, G or T and B or iB behind it, all of which count by 1,024.
    option : str
        What messages call it.

    Returns
    -------
    int
        Bytes.

    Raises
    ------
    UsageError
        If it is no size.

    Examples
    --------
    >>> bytes_of("1.5G", "--max-memory"), bytes_of("300000000", "--max-memory"), bytes_of("64 MiB", "--read-ahead")
    (1610612736, 300000000, 67108864)
    """
    found = re.fullmatch(r"(\d{1,15}(?:\.\d{1,9})?) ?([KMGT]?)(?:i?B)?", text.strip(), re.ASCII | re.IGNORECASE)
    if found is None:
        raise UsageError(f"{option} takes a size in bytes such as 512M or 2G, got {text!r}")
    return int(float(found[1]) * (1 << UNITS[found[2].upper()]))
