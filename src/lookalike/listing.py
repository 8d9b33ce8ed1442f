"""One listed file on its way through a scan."""

import os
from dataclasses import dataclass
from typing import Literal

from lookalike import formats
from lookalike.model import ImageRef
from lookalike.sources.files import Entry, Folder
from lookalike.stores.locations import Location


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
    def file(self) -> tuple[int, int, str]:
        """Equal for names of one file that would be read alike: device, inode and ending of the name."""
        return self.entry.device, self.entry.inode, formats.extension(self.entry.name)

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
