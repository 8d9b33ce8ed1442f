"""Ordinary files: a walk that never follows a cycle, never trusts a name and never stops at one bad folder."""

import errno
import os
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from lookalike import formats
from lookalike.errors import failure_kind
from lookalike.journal import QUARANTINE
from lookalike.options import ScanOptions
from lookalike.sources.folders import PART_NAMES, Entry, Folder, Unread
from lookalike.sources.roots import Root
from lookalike.sources.rules import IGNORE_FILE, OWN, Rules, skipped_kind
from lookalike.sources.volumes import Volume, volume_of

DATALESS = 0x40000000
"""macOS st_flags: content lives in the cloud (SF_DATALESS in sys/stat.h)."""
RECALL = 0x00400000 | 0x00040000 | 0x00001000
"""Windows file attributes: recall on data access, recall on open, offline."""


class Walk:
    """One walk over several roots; a folder or file reached twice is listed once.

    Parameters
    ----------
    options : ScanOptions
        Globs and symlinks.
    roots : sequence of Root
        All roots of the walk.

    Raises
    ------
    UsageError
        If a glob is malformed.
    """

    def __init__(self, options: ScanOptions, roots: Sequence[Root]) -> None:
        self._options = options
        self._rules = Rules.of(options.exclude, options.include)
        self._seen: set[tuple[int, int]] = set()
        self._named = {root.identity for root in roots if not root.folder}
        self._listed: set[tuple[str, str, str]] = set()
        self._shelves: dict[tuple[str, str, str], int] = {}
        """Number of each folder of a source."""
        self._whole: set[tuple[str, str, str]] = set()
        """Those of which all names were listed, not single ones that are roots themselves."""
        self._devices = 0

    def folders(self, root: Root, position: int) -> Iterator[Folder]:
        """Yield what a root holds, folder after folder, in sorted order, at most `PART_NAMES` names at a time.

        Parameters
        ----------
        root : Root
            From `open_root`.
        position : int
            Position of the root among all.

        Yields
        ------
        Folder
            Parents before what they contain.
        """
        if root.source is not None:
            yield from self._once(root.source.folders(position))
        elif root.folder:
            yield from self._walk(root, position)
        else:
            yield self._single(root, position)

    def _walk(self, root: Root, position: int) -> Iterator[Folder]:
        if (root.device, root.inode) in self._seen:
            return
        real = os.path.realpath(root.path)
        try:
            start = volume_of(real)
        except OSError as error:  # it went away since it was opened
            place, key, _ = root.identity
            yield Folder(position, root.path, place, key, complete=False, failures=[_unlisted(root.path, error)])
            return
        stack = [(root.path, real, start, replace(self._rules, root=root.path))]
        self._seen.add((root.device, root.inode))
        while stack:
            path, real, volume, rules = stack.pop()
            folder = Folder(position, path, volume.id, volume.key(real), volume.stable_inodes)
            below: list[tuple[str, str, Volume, Rules]] = []
            try:
                with os.scandir(path) as listing:
                    found = sorted(listing, key=lambda entry: entry.name)
            except OSError as error:
                folder.complete = False
                folder.failures.append(_unlisted(path, error))
                yield folder
                continue
            folder.present = {entry.name for entry in found}
            if path != root.path and _is_quarantine(folder):
                yield replace(folder, present=set(), complete=False, skipped=Counter([OWN]))
                continue
            rules = self._rules_below(folder, rules)
            for at in range(0, max(1, len(found)), PART_NAMES):
                part = folder.next_part() if at else folder
                for entry in found[at : at + PART_NAMES]:
                    child = self._take(entry, part, rules)
                    if child is not None:
                        try:
                            below.append((entry.path, *self._enter(entry, real, volume, child), rules))
                        except OSError as error:
                            self._unreadable(entry, part, error)
                yield part
            stack.extend(reversed(below))

    def parts(self, folder: Folder) -> Iterator[Folder]:
        """Yield a folder with its entries, part by part; one of ordinary files is yielded as it is.

        Parameters
        ----------
        folder : Folder
            From `folders`.

        Yields
        ------
        Folder
            Without the entries that are passed over; these are counted.
        """
        if folder.source is None:
            yield folder
            return
        for part in folder.source.parts(folder):
            self.pass_over(part)
            yield part

    def pass_over(self, folder: Folder) -> None:
        """Sort out entries of a source by globs, and by the folders that they are in.

        Parameters
        ----------
        folder : Folder
            Its entries; changed in place.
        """
        assert folder.source is not None
        rules = replace(self._rules, root=folder.source.path)
        kept = []
        for entry in folder.entries:
            if self._is_listed((folder.volume, folder.key, entry.name)):
                continue
            kind = next(filter(None, map(skipped_kind, entry.name.split("/")[:-1])), None)
            if kind is None and rules.pass_over(folder.path_of(entry.name), is_folder=False):
                kind = "excluded"
            if kind is None:
                kept.append(entry._replace(device=folder.device))
            else:
                folder.skipped[kind] += 1
        folder.entries = kept

    def _once(self, folders: Iterator[Folder]) -> Iterator[Folder]:
        """Yield the folders of a source that were not listed before, by another root."""
        for folder in folders:
            shelf = folder.kind, folder.volume, folder.key
            if not folder.lasting:
                self._devices += 1
                folder.device = 1 << 63 | self._devices
            elif shelf in self._whole:
                continue
            else:
                if folder.complete:
                    self._whole.add(shelf)
                self._devices += shelf not in self._shelves
                folder.device = 1 << 63 | self._shelves.setdefault(shelf, self._devices)
            yield folder

    def _take(self, entry: os.DirEntry[str], folder: Folder, rules: Rules) -> os.stat_result | None:
        """Sort one name into the folder; return its status if it is a folder to enter."""
        try:
            symlink = entry.is_symlink()
            is_folder = entry.is_dir()
            if rules.pass_over(entry.path, is_folder=is_folder):
                folder.skipped["excluded"] += 1
                return None
            if is_folder:
                return self._take_folder(entry, folder, symlink=symlink)
            status = entry.stat()
            if not status.st_ino:  # Windows lists folders without inodes
                status = os.stat(entry.path)
        except OSError as error:
            self._unreadable(entry, folder, error)
            return None
        if not stat.S_ISREG(status.st_mode):
            folder.skipped["not a regular file"] += 1
            return None
        if self._is_listed((folder.volume, folder.key, entry.name)):
            return None
        if _is_elsewhere(status) and formats.claims_image(entry.name):
            folder.failures.append(Unread(entry.path, "not-here", "its content is in the cloud, not on this machine"))
            return None
        folder.entries.append(_entry(entry.name, status, symlink=symlink))
        return None

    def _take_folder(self, entry: os.DirEntry[str], folder: Folder, *, symlink: bool) -> os.stat_result | None:
        if symlink and not self._options.follow_symlinks:
            folder.skipped["symlinked folder"] += 1
            return None
        kind = skipped_kind(entry.name)
        if kind is not None:
            folder.skipped[kind] += 1
            return None
        status = os.stat(entry.path)
        if (status.st_dev, status.st_ino) in self._seen:
            return None
        self._seen.add((status.st_dev, status.st_ino))
        return status

    def _enter(self, entry: os.DirEntry[str], real: str, volume: Volume, status: os.stat_result) -> tuple[str, Volume]:
        """Return the real path and the volume of a folder to enter; both change at symlinks and mount points."""
        below = os.path.realpath(entry.path) if entry.is_symlink() else os.path.join(real, entry.name)
        same = not entry.is_symlink() and status.st_dev == os.stat(real).st_dev
        return below, volume if same else volume_of(below)

    def _unreadable(self, entry: os.DirEntry[str], folder: Folder, error: OSError) -> None:
        if entry.is_symlink() and error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            if formats.claims_image(entry.name):
                folder.failures.append(Unread(entry.path, "not-here", "a symlink whose target is not here"))
            else:
                folder.skipped["broken symlink"] += 1
            return
        image = not entry.is_dir(follow_symlinks=False)
        folder.failures.append(Unread(entry.path, failure_kind(error), error.strerror or str(error), image))

    def _rules_below(self, folder: Folder, rules: Rules) -> Rules:
        """Add the folder's own ignore file, if there is one; a line that is no glob is a failure, and the others hold."""
        if IGNORE_FILE not in folder.present:
            return rules
        path = os.path.join(folder.path, IGNORE_FILE)
        if not os.path.isfile(path):  # a pipe would be waited for
            folder.failures.append(Unread(path, "unsupported", "ignore file: not a regular file", image=False))
            return rules
        try:
            with open(path, encoding="utf-8", errors="surrogateescape", newline="\n") as file:
                lines = [line.removesuffix("\r") for line in file.read().split("\n")]
        except OSError as error:
            folder.failures.append(Unread(path, failure_kind(error), f"ignore file: {error.strerror}", image=False))
            return rules
        rules, wrong = rules.below(folder.path, lines)
        folder.failures += [Unread(path, "damaged", reason, image=False) for reason in wrong]
        return rules

    def _single(self, root: Root, position: int) -> Folder:
        volume, key, name = root.identity
        folder = Folder(position, os.path.dirname(root.path), volume, key, present={name}, complete=False)
        if not self._is_listed(root.identity):
            try:
                status = os.lstat(root.path)
                symlink = stat.S_ISLNK(status.st_mode)
                if symlink:
                    status = os.stat(root.path)
            except OSError as error:
                folder.failures.append(Unread(root.path, failure_kind(error), error.strerror or str(error)))
            else:
                folder.entries.append(_entry(name, status, symlink=symlink))
        return folder

    def _is_listed(self, identity: tuple[str, str, str]) -> bool:
        """Return whether a file that is itself a root has been listed before; from now on it has."""
        if identity not in self._named:
            return False
        before = identity in self._listed
        self._listed.add(identity)
        return before


def _is_quarantine(folder: Folder) -> bool:
    return QUARANTINE in folder.present and os.path.isfile(os.path.join(folder.path, QUARANTINE))


def _entry(name: str, status: os.stat_result, *, symlink: bool) -> Entry:
    return Entry(name, status.st_size, status.st_mtime_ns, status.st_dev, status.st_ino, symlink)


def _unlisted(path: str, error: OSError) -> Unread:
    return Unread(path, failure_kind(error), f"folder not readable: {error.strerror}", image=False)


def _is_elsewhere(status: os.stat_result) -> bool:
    flags = getattr(status, "st_flags", 0)
    attributes = getattr(status, "st_file_attributes", 0)
    return bool(flags & DATALESS or attributes & RECALL)
