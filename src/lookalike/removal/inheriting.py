"""Metadata of an image that goes, written to a sidecar of its keeper first."""

import os
from dataclasses import dataclass

from blake3 import blake3

from lookalike import carried
from lookalike.errors import UnsafeError
from lookalike.files import Seen, contents_of, look_at


@dataclass(frozen=True, slots=True)
class Sidecar:
    """What is to be written.

    Attributes
    ----------
    path : str
        The sidecar.
    content, digest : bytes
        What it shall hold, and the BLAKE3 of that.
    seen : Seen or None
        What is there now; None where nothing is.
    """

    path: str
    content: bytes
    digest: bytes
    seen: Seen | None


def sidecar_of(image: str) -> str:
    """Return the XMP sidecar of an image: the one that is there, else one that has the whole name of the image in its own.

    Parameters
    ----------
    image : str
        Path of the image.

    Returns
    -------
    str
        ``x.jpg.xmp``, or ``x.xmp`` where only that is there.
    """
    whole, stem = f"{image}.xmp", f"{os.path.splitext(image)[0]}.xmp"
    return stem if os.path.lexists(stem) and not os.path.lexists(whole) else whole


def inherited(keeper: str, member: str, names: tuple[str, ...]) -> Sidecar:
    """Say what to write beside a keeper, so that nothing of the metadata of another image is lost with it.

    Parameters
    ----------
    keeper, member : str
        The image that stays and the one that goes.
    names : tuple of str
        What to take over, as `lookalike.carried.missing` names it.

    Returns
    -------
    Sidecar
        A whole sidecar, with what an older one says.

    Raises
    ------
    UnsafeError
        If a file cannot be read.
    """
    path = sidecar_of(keeper)
    try:
        seen = look_at(path) if os.path.lexists(path) else None
        old = contents_of(path)[0] if seen is not None else None
        kept, gone = carried.read(contents_of(keeper)[0], keeper), carried.read(contents_of(member)[0], member)
        beside = sidecar_of(member)
        if os.path.isfile(beside):
            gone = carried.joined(gone, carried.read_sidecar(contents_of(beside)[0]))
    except OSError as error:
        raise UnsafeError(f"metadata cannot be taken over: {error.strerror or error}") from error
    content = carried.merged(old, kept, gone, names)
    return Sidecar(path, content, blake3(content).digest(), seen)
