"""What a source lists: folders, or what stands for one, and the names in them."""

import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Protocol, Self, runtime_checkable

from lookalike.errors import FailureKind
from lookalike.sources.rules import IGNORE_FILE

PART_NAMES = 512
"""Names of a folder that are looked at together; a folder of more comes in parts, so that reading it starts at once."""

UNKNOWN_SIZE = -1
"""Bytes of an entry that only reading it tells."""


class Entry(NamedTuple):
    """One file of a folder, as listed.

    Attributes
    ----------
    name : str
        File name.
    size, mtime_ns, device, inode : int
        Of the file itself (of the target, for a symlink).
    symlink : bool
        Whether the name is a symlink.
    """

    name: str
    size: int
    mtime_ns: int
    device: int
    inode: int
    symlink: bool = False


@dataclass(frozen=True, slots=True)
class Unread:
    """A name that could not be listed, and why.

    Attributes
    ----------
    path, kind, reason : str
        The row it becomes.
    image : bool
        Whether it claims to be an image; else it is a folder or an ignore file.
    """

    path: str
    kind: FailureKind
    reason: str
    image: bool = True

    @property
    def hides_files(self) -> bool:
        """Whether files may lie below it that nobody has seen: it is a folder."""
        return not self.image and os.path.basename(self.path) != IGNORE_FILE


@dataclass(slots=True)
class Folder:
    """What one folder holds, or the next part of it.

    Attributes
    ----------
    root : int
        Position of the root it was reached from.
    path : str
        As the user gave the root, plus the path within it.
    volume, key : str
        Identity: volume and path within it.
    stable_inodes : bool
        Whether another inode means another file here.
    first : bool
        Whether it is the first part of the folder.
    listed_ns : int
        When listing of the part began, in nanoseconds since 1970.
    entries : list of Entry
        Its files, sorted by name.
    present : set of str
        With the first part, every name of the folder, read or not; a name not in here is gone.
    complete : bool
        Whether the whole folder was listed, so that what is missing from it is gone.
    skipped : Counter
        Files and folders passed over, by kind.
    failures : list of Unread
        What could not be listed.
    source : Source or None
        Who lists and reads it; None for ordinary files.
    stamp : str or None
        Of what is one file by itself, such as an archive: while this is the same, its members are. None for what has to be
        listed each time.
    changed_ns : int or None
        When that file was changed, in nanoseconds since 1970.
    images_only : bool
        Whether all its entries are meant to be images, whatever their names are.
    lasting : bool
        Whether a later run will know its entries by their names; not so of values in memory.
    device : int
        What stands for a device in its entries, so that no two images of sources are names of one file.
    """

    root: int
    path: str
    volume: str
    key: str
    stable_inodes: bool = False
    first: bool = True
    listed_ns: int = field(default_factory=time.time_ns)
    entries: list[Entry] = field(default_factory=list)
    present: set[str] = field(default_factory=set)
    complete: bool = True
    skipped: Counter[str] = field(default_factory=Counter)
    failures: list[Unread] = field(default_factory=list)
    source: "Source | None" = None
    stamp: str | None = None
    changed_ns: int | None = None
    images_only: bool = False
    lasting: bool = True
    device: int = 0

    @property
    def kind(self) -> str:
        """What the catalog and the results call its source."""
        return "files" if self.source is None else self.source.kind

    def path_of(self, name: str) -> str:
        """Return the path of an entry.

        Parameters
        ----------
        name : str
            Its name.

        Returns
        -------
        str
            As the user gave the root, plus the path within it.
        """
        # The name of a member is not ours: joined as a path, one that begins with a slash would lead elsewhere.
        return os.path.join(self.path, name) if self.source is None else f"{self.path}/{name}"

    def next_part(self) -> Self:
        """Return an empty part of the same folder, whose listing begins now.

        Returns
        -------
        Folder
            Without `present`.
        """
        return replace(
            self, first=False, listed_ns=time.time_ns(), entries=[], present=set(), complete=True, skipped=Counter(),
            failures=[],
        )  # fmt: skip


class Unreadable(NamedTuple):
    """Why the bytes of one image could not be had.

    Attributes
    ----------
    kind, reason : str
        The row it becomes.
    """

    kind: FailureKind
    reason: str


@runtime_checkable
class Source(Protocol):
    """Images that are no ordinary files: members of an archive, rows of a table, objects of a bucket, values in memory.

    Nothing is unpacked to disk, and nothing of it is ever acted on.

    Attributes
    ----------
    path : str
        As the user gave it; the path of each of its images begins with it and a slash.
    kind : str
        One word, kept with everything that comes from it.
    """

    path: str
    kind: str

    def folders(self, root: int) -> Iterator[Folder]:
        """Yield what it has instead of folders, without entries; what is in each tells `parts`."""

    def parts(self, folder: Folder) -> Iterator[Folder]:
        """Yield a folder with its entries, part by part, at most `PART_NAMES` each, in the order in which they lie."""

    def read(self, paths: Sequence[str]) -> Iterator["bytes | Unreadable"]:
        """Yield the bytes of some images, in order; cheapest for the part that was listed last. Any thread may call."""

    def is_there(self) -> bool:
        """Return whether it is still there, and what it was."""

    def close(self) -> None:
        """Let go of what is open; `parts` and `read` open it again."""


@runtime_checkable
class Valued(Protocol):
    """A source whose images come with values, such as the other columns of a table."""

    def column_names(self) -> Sequence[str]:
        """Return the names of its columns."""

    def values(self, column: str, paths: Sequence[str]) -> Sequence[object]:
        """Return the values of one of its columns for some images, in order; None where there is none."""


@runtime_checkable
class Packed(Protocol):
    """A source that holds other files beside images, such as captions."""

    def read_whole(self, paths: Sequence[str]) -> Iterator["bytes | Unreadable"]:
        """Yield all bytes of some members, in order; `Source.read` need not read on where they are of no image."""
