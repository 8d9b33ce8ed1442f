"""Folders that hold the same pictures."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FolderPair:
    """How much of one folder is found again in another.

    Attributes
    ----------
    folder, other : str
        The folder whose images have their keeper elsewhere, and where that is.
    contained, images : int
        Images of `folder` with a keeper in `other`, and all its images.
    size : int
        Bytes of those contained.
    """

    folder: str
    other: str
    contained: int
    images: int
    size: int
