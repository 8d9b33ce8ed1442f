"""One listed file on its way through a scan, and what comes of them all."""

import os
from collections import Counter
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lookalike import formats
from lookalike.columns import Images
from lookalike.model import Failure, ImageRef
from lookalike.sources.files import Entry, Folder, Unread
from lookalike.stores.locations import Known, Location, signed

SETTLED_NS = 20_000_000
"""A file changed this shortly before it was listed may change again without its time showing it; it is read next time."""


@dataclass(slots=True)
class Row:
    """One listed file and what is known of it so far.

    Attributes
    ----------
    folder : Folder
        Where it was listed.
    number : int
        Catalog id of that folder.
    entry : Entry
        Its name and status.
    content : int or None
        Catalog id of its content.
    cached : bool
        Whether the catalog knew it, so that it was not read.
    state : str
        listed, then image, failed or skipped; lost where its root went away first.
    """

    folder: Folder
    number: int
    entry: Entry
    content: int | None = None
    cached: bool = False
    state: Literal["listed", "image", "failed", "skipped", "lost"] = "listed"

    @property
    def path(self) -> str:
        """The root as given, plus the path within it."""
        return os.path.join(self.folder.path, self.entry.name)

    @property
    def key(self) -> str:
        """Path within the volume."""
        return f"{self.folder.key}/{self.entry.name}".lstrip("/")

    @property
    def file(self) -> tuple[int | str, ...]:
        """Equal for names of one file that would be read alike; where inodes mean little, each name for itself."""
        entry = self.entry
        own = "" if self.folder.stable_inodes else self.path
        return entry.device, entry.inode, entry.size, entry.mtime_ns, formats.extension(entry.name), own

    @property
    def settled(self) -> bool:
        """Whether it was long enough unchanged when listed that a later change will show in its time."""
        return abs(self.folder.listed_ns - self.entry.mtime_ns) > SETTLED_NS

    def unchanged_since(self, before: Known) -> bool:
        """Return whether the file is what the catalog saw.

        Parameters
        ----------
        before : Known
            What the catalog has on this name.

        Returns
        -------
        bool
            By size, time and, where that means something, inode.
        """
        entry = self.entry
        same = (before.size, before.mtime_ns) == (entry.size, entry.mtime_ns)
        return same and (before.inode == signed(entry.inode) or not self.folder.stable_inodes)

    def ref(self) -> ImageRef:
        """Return the identity of the image.

        Returns
        -------
        ImageRef
            Without a digest.
        """
        entry = self.entry
        return ImageRef(self.path, self.folder.volume, self.key, entry.size, entry.mtime_ns, entry.device, entry.inode)

    def location(self, skipped: str | None) -> Location:
        """Return what the catalog is to remember of this name.

        Parameters
        ----------
        skipped : str or None
            The kind it was skipped as.

        Returns
        -------
        Location
            One row of the table of that name.
        """
        entry = self.entry
        return Location(
            self.number, entry.name, entry.size, entry.mtime_ns, entry.device, entry.inode, self.content, skipped
        )


def unlisted(folder: Folder, unread: Unread) -> Failure:
    """Return what a name that could not be listed becomes.

    Parameters
    ----------
    folder : Folder
        Where it lies.
    unread : Unread
        The name, and why.

    Returns
    -------
    Failure
        Of the stage list.
    """
    key = f"{folder.key}/{os.path.basename(unread.path)}".lstrip("/")
    ref = ImageRef(unread.path, folder.volume, key, 0, 0, 0, 0)
    return Failure(ref, "list", unread.kind, unread.reason)


@dataclass(slots=True)
class Scan:
    """What one scan found.

    Attributes
    ----------
    images : Images
        Every image that was read, in the order of listing.
    failures : list of Failure
        Every image or folder that could not be read, sorted by path.
    failed_reference, failed_image : list of bool
        Which of those lie in roots to compare against; which are images, not folders or ignore files.
    skipped : Counter
        Files and folders passed over, by kind.
    incomplete : list of str
        What the scan could not see, one line each; empty when it saw everything.
    missing_roots : list of str
        Roots that could not be read at all, or went away.
    cached : ndarray of bool, shape (n,)
        Which of the images were not read again.
    bytes_read : int
        Bytes of files read in this run.
    beside : list of str
        Files that are no images and say what belongs together: records of edits (.aae).
    """

    images: Images
    failures: list[Failure]
    failed_reference: list[bool]
    failed_image: list[bool]
    skipped: Counter[str]
    incomplete: list[str]
    missing_roots: list[str]
    cached: NDArray[np.bool_]
    bytes_read: int
    beside: list[str]
