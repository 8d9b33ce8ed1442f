"""One listed file on its way through a scan, and what comes of them all."""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lookalike import events, formats
from lookalike.columns import Facts, Images
from lookalike.model import Failure, ImageRef
from lookalike.sources.folders import UNKNOWN_SIZE, Entry, Folder, Unread, Unreadable
from lookalike.sources.reading import Reader
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
    data : bytes or Unreadable or None
        What a source gave, until somebody decodes it; None for ordinary files, which workers read.
    """

    folder: Folder
    number: int
    entry: Entry
    content: int | None = None
    cached: bool = False
    state: Literal["listed", "image", "failed", "skipped", "lost"] = "listed"
    data: bytes | Unreadable | None = None

    @property
    def path(self) -> str:
        """The root as given, plus the path within it."""
        return self.folder.path_of(self.entry.name)

    @property
    def key(self) -> str:
        """Path within the volume."""
        return f"{self.folder.key}/{self.entry.name}".lstrip("/")

    @property
    def file(self) -> tuple[int | str, ...]:
        """Equal for names of one file that would be read alike; where inodes mean little, each name for itself."""
        entry = self.entry
        own = "" if self.folder.stable_inodes else self.path
        size = entry.size if self.folder.source is None else 0  # which reading may have told only
        return entry.device, entry.inode, size, entry.mtime_ns, formats.extension(entry.name), own

    @property
    def settled(self) -> bool:
        """Whether it was long enough unchanged when listed that a later change will show in its time."""
        changed_ns = self.entry.mtime_ns if self.folder.changed_ns is None else self.folder.changed_ns
        return self.folder.lasting and abs(self.folder.listed_ns - changed_ns) > SETTLED_NS

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
        same = entry.size in (before.size, UNKNOWN_SIZE) and before.mtime_ns == entry.mtime_ns
        return same and (before.inode == signed(entry.inode) or not self.folder.stable_inodes)

    def recall(self, before: Known) -> None:
        """Take over what the catalog has on this name, which is unchanged since.

        Parameters
        ----------
        before : Known
            What that is.
        """
        self.content = before.content
        if self.entry.size == UNKNOWN_SIZE:
            self.entry = self.entry._replace(size=before.size)
        if before.failure is not None:
            events.IMAGE_FAILED(path=self.path, stage=before.stage, kind=before.failure, reason=before.reason)
        elif before.content is None:
            events.IMAGE_SKIPPED(path=self.path, reason=before.skipped or "not an image")
        elif events.IMAGE_CACHED.wanted:
            events.IMAGE_CACHED(path=self.path)

    def ref(self) -> ImageRef:
        """Return the identity of the image.

        Returns
        -------
        ImageRef
            Without a digest.
        """
        entry = self.entry
        return ImageRef(
            self.path, self.folder.volume, self.key, max(entry.size, 0), entry.mtime_ns, entry.device, entry.inode,
            source=self.folder.kind,
        )  # fmt: skip

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
        Where it lies, or the folder itself.
    unread : Unread
        The name, and why.

    Returns
    -------
    Failure
        Of the stage list.
    """
    inside = "" if unread.path == folder.path else os.path.basename(unread.path)
    key = f"{folder.key}/{inside}".strip("/")
    ref = ImageRef(unread.path, folder.volume, key, 0, 0, 0, 0, source=folder.kind)
    events.IMAGE_FAILED(path=unread.path, stage="list", kind=unread.kind, reason=unread.reason)
    return Failure(ref, "list", unread.kind, unread.reason)


def mere_links(rows: Sequence[Row], reference: Sequence[bool]) -> list[bool]:
    """Say which references are only symlinks to images under test: they hold nothing of their own.

    Parameters
    ----------
    rows : sequence of Row
        Images.
    reference : sequence of bool
        Whether each root is one to compare against.

    Returns
    -------
    list of bool
        One for each row.
    """
    tested = {(row.entry.device, row.entry.inode) for row in rows if not reference[row.folder.root]}
    return [
        reference[row.folder.root] and row.entry.symlink and (row.entry.device, row.entry.inode) in tested
        for row in rows
    ]


def wanted_of(
    rows: Sequence[Row], references: Sequence[bool], facts: Facts, min_size: tuple[int, int], skipped: Counter[str]
) -> tuple[list[Row], Images]:
    """Pass over what a scan read and nobody wants to have compared.

    Parameters
    ----------
    rows : sequence of Row
        Images that were read.
    references : sequence of bool
        Whether each root is one to compare against.
    facts : Facts
        What is known of the contents.
    min_size : tuple of int
        Smallest width and height in pixels, inclusive.
    skipped : Counter
        By kind; what is passed over is added.

    Returns
    -------
    list of Row
        The others.
    Images
        The same as columns.
    """
    content = np.searchsorted(facts.id, np.array([row.content for row in rows], np.int64))
    mere = np.array(mere_links(rows, references), np.bool_)
    width, height = min_size
    small = ~mere & ((facts.width[content] < width) | (facts.height[content] < height))
    skipped["symlink to an image under test"] += int(mere.sum())
    skipped[f"smaller than {width}x{height}"] += int(small.sum())
    wanted = ~(mere | small)
    left = [row for row, stays in zip(rows, wanted.tolist(), strict=True) if stays]
    reference = np.fromiter((references[row.folder.root] for row in left), np.bool_, len(left))
    return left, images_of(left, reference, content[wanted], facts)


def images_of(rows: Sequence[Row], reference: NDArray[np.bool_], content: NDArray[np.int64], facts: Facts) -> Images:
    """Turn rows into columns.

    Parameters
    ----------
    rows : sequence of Row
        Images that were read.
    reference : ndarray of bool, shape (n,)
        Which lie in roots to compare against.
    content : ndarray of int64, shape (n,)
        Row of `facts` of each.
    facts : Facts
        What is known of the contents.

    Returns
    -------
    Images
        In the same order.
    """

    def column(values: Iterable[int]) -> NDArray[np.int64]:
        return np.fromiter(values, np.uint64, len(rows)).astype(np.int64)

    return Images(
        path=[row.path for row in rows],
        volume=[row.folder.volume for row in rows],
        key=[row.key for row in rows],
        size=column(row.entry.size for row in rows),
        mtime_ns=np.fromiter((row.entry.mtime_ns for row in rows), np.int64, len(rows)),
        device=column(row.entry.device for row in rows),
        inode=column(row.entry.inode for row in rows),
        symlink=np.fromiter((row.entry.symlink for row in rows), np.bool_, len(rows)),
        reference=reference,
        content=content,
        facts=facts,
        source=[row.folder.kind for row in rows] if any(row.folder.source for row in rows) else [],
    )


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
    reader : Reader
        Who reads the images again.
    warnings : list of str
        What may mislead about where the images come from, one line each.
    globs_below : list of str
        What globs are relative to, beside the roots as given: what tables were made of.
    tables : list of str
        Hash tables among the roots.
    told_by : ndarray of int64, shape (n,)
        Which of these tells of each image, -1 for what was read; empty where there are none.
    recalled : int
        How many of the images, the last ones, a catalog told of: globs are relative to their volumes.
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
    reader: Reader = field(default_factory=Reader)
    warnings: list[str] = field(default_factory=list)
    globs_below: list[str] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    told_by: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    recalled: int = 0
