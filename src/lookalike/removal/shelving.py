"""The folders of one batch in the quarantines of its roots, and the manifest in each."""

import contextlib
import os
from collections.abc import Iterable, Sequence

from lookalike.errors import UnsafeError, UsageError
from lookalike.files import Disk, make_folders
from lookalike.files.quarantine import Shelf, is_within, shelf_of
from lookalike.journal import QUARANTINE, Batch, Entry
from lookalike.tables.manifest import MANIFEST, ManifestRoot, header, lines
from lookalike.tables.plans import plan_from_json

NOT_THERE = "the quarantine is not there now"
MARK = b"lookalike keeps duplicates in this folder, and its searches pass it over. `lookalike history` says more.\n"


class Shelving:
    """Where the files of one batch go.

    Parameters
    ----------
    disk : Disk
        Operations.
    shelves : sequence of Shelf
        Quarantines of the roots.
    batch : Batch
        The batch.
    """

    def __init__(self, disk: Disk, shelves: Sequence[Shelf], batch: Batch) -> None:
        self._disk, self._shelves, self._batch = disk, shelves, batch
        self._claimed: set[str] = set()
        self.used: list[Shelf] = []
        """Those with a folder of this batch."""
        self._open_ones: set[str] = set()
        self._made: set[str] = set()

    def place(self, origin: str) -> str | None:
        """Return where a file goes.

        Parameters
        ----------
        origin : str
            Absolute, its folder without symlinks.

        Returns
        -------
        str or None
            Absolute; None where it lies in none of the roots.
        """
        shelf = shelf_of(self._shelves, origin)
        return None if shelf is None else shelf.place(self._batch.name, origin)

    def place_of_old(self, path: str, unit: int) -> str | None:
        """Return where the older version of a file goes that is about to be written again, maybe more than once in a batch.

        Parameters
        ----------
        path : str
            The file.
        unit : int
            Who writes it.

        Returns
        -------
        str or None
            Absolute.
        """
        place = self.place(path)
        return place and f"{place}.before-{unit}"

    def make_room(self, entries: Iterable[Entry]) -> None:
        """Make the folders that files are about to go to.

        Parameters
        ----------
        entries : iterable of Entry
            The files of one unit.

        Raises
        ------
        OSError
            If that cannot be done, for a path that would be too long or a full disk; then none of them may be moved.
        """
        for entry in entries:
            shelf = None if entry.place is None else shelf_of(self._shelves, entry.origin)
            if entry.place is None or shelf is None:
                continue
            self._open(shelf)
            above = os.path.dirname(entry.place)
            if above not in self._made:
                make_folders(self._disk, above)
                self._made.add(above)

    def note(self, entries: Iterable[Entry]) -> None:
        """Write into the manifests what is about to lie there, synced.

        Parameters
        ----------
        entries : iterable of Entry
            What is about to happen.

        Raises
        ------
        OSError
            If that cannot be done; then nothing may be moved.
        """
        for shelf, some in self._sorted(entries).items():
            self._open(shelf)
            folder = shelf.batch(self._batch.name)
            self._disk.append(os.path.join(folder, MANIFEST), lines(some, folder))

    def manifests(self, entries: Iterable[Entry]) -> dict[str, bytes]:
        """Return what the manifests of the batch would be with some entries in them.

        Parameters
        ----------
        entries : iterable of Entry
            All of the batch.

        Returns
        -------
        dict of str to bytes
            By folder of the batch.
        """
        made: dict[str, bytes] = {}
        for shelf, some in self._sorted(entries).items():
            folder = shelf.batch(self._batch.name)
            made[folder] = made.get(folder, self._header(shelf)) + lines(some, folder)
        return made

    def _sorted(self, entries: Iterable[Entry]) -> dict[Shelf, list[tuple[Entry, ManifestRoot]]]:
        by_shelf: dict[Shelf, list[tuple[Entry, ManifestRoot]]] = {}
        for entry in entries:
            shelf = shelf_of(self._shelves, entry.origin)
            if entry.kind != "trash" and shelf is not None:
                by_shelf.setdefault(shelf, []).append((entry, self._root(shelf)))
        return by_shelf

    def _header(self, shelf: Shelf) -> bytes:
        roots = [self._root(other) for other in self._shelves if other.folder == shelf.folder]
        return header(self._batch.name, self._batch.created, roots)

    def _open(self, shelf: Shelf) -> None:
        """Make the folder of the batch for a root, and its manifest, which other roots may share."""
        folder = shelf.batch(self._batch.name)
        if folder not in self._open_ones:
            make_folders(self._disk, shelf.folder)
            if folder not in self._claimed:  # by nobody else, who may have another ledger and the same second
                self._disk.make_folder(folder)
                self._claimed.add(folder)
            mark = os.path.join(shelf.folder, QUARANTINE)
            if os.path.basename(shelf.folder) != QUARANTINE and not os.path.lexists(mark):
                self._disk.write(mark, MARK)
            manifest = os.path.join(folder, MANIFEST)
            if not os.path.lexists(manifest):  # it is there where the sync failed the last time
                self._disk.write(manifest, self._header(shelf))
            self._disk.sync(folder)
            self._disk.sync(shelf.folder)
            self._open_ones.add(folder)
        if shelf not in self.used:
            self.used.append(shelf)

    def _root(self, shelf: Shelf) -> ManifestRoot:
        return ManifestRoot(shelf.label, shelf.root, os.path.relpath(shelf.root, shelf.batch(self._batch.name)))


def folder_of(entry: Entry, batch: str) -> str | None:
    """Return the folder of the batch that a file lies in.

    Parameters
    ----------
    entry : Entry
        The file.
    batch : str
        Name of the batch.

    Returns
    -------
    str or None
        The folder above its place that has the name of the batch and a manifest; None where there is none.
    """
    above = entry.place
    while above is not None and os.path.dirname(above) != above:
        above = os.path.dirname(above)
        if os.path.basename(above) == batch and os.path.isfile(os.path.join(above, MANIFEST)):
            return above
    return None


def is_there(place: str) -> bool:
    """Say whether the quarantine is there that a file was put into: its disk may be unplugged.

    Parameters
    ----------
    place : str
        Where the file lies in it, absolute.

    Returns
    -------
    bool
        Whether a folder above it is a quarantine.
    """
    above = os.path.dirname(place)
    while not (os.path.basename(above) == QUARANTINE and os.path.isdir(above)):
        if os.path.isfile(os.path.join(above, QUARANTINE)):  # one that was chosen
            return True
        if os.path.dirname(above) == above:
            return False
        above = os.path.dirname(above)
    return True


def roots_of(batch: Batch) -> list[str]:
    """Return the roots that a batch acted in.

    Parameters
    ----------
    batch : Batch
        The batch.

    Returns
    -------
    list of str
        Absolute paths; none of a batch that was rescued from a damaged ledger.
    """
    try:
        return [root.absolute for root in plan_from_json(batch.plan).roots]
    except (UsageError, UnsafeError):
        return []


def gone_root(origin: str, roots: Iterable[str]) -> str | None:
    """Say why nothing can come back to a place: without its root, files would lie below where a drive is mounted later.

    Parameters
    ----------
    origin : str
        Where a file was, absolute.
    roots : iterable of str
        From `roots_of`.

    Returns
    -------
    str or None
        A reason for people; None where the outermost root that the place lies in is there, or none is known.
    """
    tops = [
        os.path.dirname(root) if root == origin else root for root in roots if root == origin or is_within(origin, root)
    ]
    top = min(tops, key=len, default=None)
    return None if top is None or os.path.isdir(top) else f"{top} is not there: make that folder first"


def tidy(disk: Disk, folders: Iterable[str | None]) -> None:
    """Remove what is left of a batch in the quarantines once nothing lies there any more, as far as that can be done.

    Parameters
    ----------
    disk : Disk
        Operations.
    folders : iterable of str or None
        Folders of the batch, from `folder_of`.
    """
    for folder in sorted(filter(None, folders)):
        with contextlib.suppress(OSError):
            _tidy(disk, folder)


def _tidy(disk: Disk, folder: str) -> None:
    for below in reversed(_folders_in(folder)):
        _remove_empty(disk, below)
    if os.listdir(folder) == [MANIFEST]:
        disk.remove(os.path.join(folder, MANIFEST))
        disk.remove_folder(folder)
        above = os.path.dirname(folder)
        if os.listdir(above) == [QUARANTINE]:
            disk.remove(os.path.join(above, QUARANTINE))
        elif os.path.basename(above) == QUARANTINE:
            _remove_empty(disk, above)


def _folders_in(folder: str) -> list[str]:
    """Return the folders below one, each before those in it, of any depth."""
    found: list[str] = []
    waiting = [folder]
    while waiting:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as names:
            below = [entry.path for entry in names if entry.is_dir(follow_symlinks=False)]
            found += below
            waiting += below
    return found


def _remove_empty(disk: Disk, folder: str) -> None:
    with contextlib.suppress(OSError):  # something lies in it
        disk.remove_folder(folder)
