"""A set without its duplicates, written anew as copies, links or an archive; no byte is changed, and nothing overwritten."""

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

from blake3 import blake3

from lookalike import formats
from lookalike.errors import UnsafeError, UsageError
from lookalike.files import calls
from lookalike.files.quarantine import is_within
from lookalike.files.wholes import Links, Sink, Tree, check_free, new_archive, new_folder
from lookalike.groups.findings import Findings
from lookalike.labels import root_of
from lookalike.planning.beside import Beside
from lookalike.sources.kinds import ending_of
from lookalike.sources.members import safe_name
from lookalike.sources.places import ARCHIVES, sample_of, times_of
from lookalike.sources.reading import Reader
from lookalike.tables import printable
from lookalike.tables.kept import KeepTable

OnProgress = Callable[[int, int, bool], None]
WAYS = ("copy_to", "tar", "hardlink_to", "symlink_to")
LINKS: dict[str, Callable[[str, str], None]] = {"hardlink_to": calls.hardlink, "symlink_to": calls.symlink}
ENDINGS = {"JPEG": "jpg", "TIFF": "tif", "JPEG2000": "jp2"}
"""Endings of files that differ from the names of their formats."""
NO_NAMES = (errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL)
"""What file systems say of names that they cannot have."""
CHANGED = "it has changed since it was found"
ELSEWHERE = "it lies outside of what was searched, and nothing shows that it is an image that was found"


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that was to be written and is not there.

    Attributes
    ----------
    path, reason : str
        What, and why.
    """

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Exported:
    """What came of an export.

    Attributes
    ----------
    target : str
        The folder or archive.
    images, files, size : int
        What it holds: images, files with those that belong to them, and their bytes.
    missing : tuple of Missing
        What it lacks.
    """

    target: str
    images: int
    files: int
    size: int
    missing: tuple[Missing, ...]


def export(
    findings: Findings,
    *,
    copy_to: str | os.PathLike[str] | None = None,
    tar: str | os.PathLike[str] | None = None,
    hardlink_to: str | os.PathLike[str] | None = None,
    symlink_to: str | os.PathLike[str] | None = None,
    progress: OnProgress | None = None,
) -> Exported:
    """Write the images that stay, with all that belongs to them, to a new place.

    Parameters
    ----------
    findings : Findings
        From `find`. All images go along but duplicates and references, also those that could not be decoded. What lies outside
        of what was searched, where a symlink or a hash table leads there, does so only if it is an image.
    copy_to, hardlink_to, symlink_to : path, optional
        A new or empty folder for copies or links. Links lead to ordinary files only.
    tar : path, optional
        A new TAR archive.
    progress : callable, optional
        ``(images done, images in all, True)``, called often.

    Returns
    -------
    Exported
        What was written, and what could not be: each image is compared with the digest that was found.

    Raises
    ------
    UsageError
        If there is not one place to write to, it cannot be written, or links are wanted to what is no file.
    UnsafeError
        If something is there, or it lies in a folder that was searched.

    Examples
    --------
    >>> from lookalike import find
    >>> export(find("photos", tier="copy"), copy_to="photos-without-duplicates").images
    5
    """
    given = dict(zip(WAYS, (copy_to, tar, hardlink_to, symlink_to), strict=True))
    ways = [way for way, target in given.items() if target is not None]
    if len(ways) != 1:
        raise UsageError(f"give one of {', '.join(WAYS)}, got {', '.join(ways) or 'none'}")
    way, target = ways[0], os.fspath(given[ways[0]] or "")
    check_target(target, way, [*findings.roots, *findings.references])
    table = findings.keep_table(relations=False)
    others = [path for path, kind in zip(table.path, table.source, strict=True) if kind != "files"]
    if way in LINKS and others:
        raise UsageError(
            f"links lead to ordinary files, and {printable(others[0])} is none: use copies or a TAR archive"
        )
    progress = progress or (lambda _done, _all, _finished: None)
    tops = [os.path.realpath(root) for root in findings.roots]
    run = _Run(table, tops, findings.reader, progress, units=findings.options.units)
    try:
        with _opened(target, way) as sink:
            run.write(sink, link=way in LINKS)
    except OSError as error:
        raise UsageError(f"cannot write {target}: {error.strerror or error}") from error
    return Exported(target, run.images, run.files, run.size, tuple(run.missing))


def check_target(target: str, way: str, roots: list[str]) -> None:
    """Check that an export can be written to a place, before any work is done.

    Parameters
    ----------
    target : str
        The place.
    way : str
        One of `WAYS`.
    roots : list of str
        What is searched.

    Raises
    ------
    UsageError
        If the folder above it is missing, or it is to be an archive that is not called one.
    UnsafeError
        If something is there, or it lies in one of the roots.
    """
    if way == "tar" and not target.lower().endswith(".tar"):
        raise UsageError(f"an archive is written without compression: let the name of {target} end in .tar")
    check_free(target, folder=way != "tar")
    place = os.path.realpath(target)
    for root in roots:
        top = os.path.realpath(root)
        if os.path.isdir(root) and (place == top or is_within(place, top)):
            raise UnsafeError(f"{target} lies in {root}, which is searched: name a place outside")


def _opened(target: str, way: str) -> AbstractContextManager[Sink]:
    return new_archive(target) if way == "tar" else _tree(target, way)


@contextmanager
def _tree(target: str, way: str) -> Iterator[Sink]:
    with new_folder(target) as folder:
        yield Links(folder, LINKS[way]) if way in LINKS else Tree(folder)


@dataclass(slots=True)
class _Run:
    """The state of one export."""

    table: KeepTable
    tops: list[str]
    reader: Reader
    progress: OnProgress
    units: bool
    images: int = 0
    files: int = 0
    size: int = 0
    missing: list[Missing] = field(default_factory=list)
    done: int = 0
    _names: set[str] = field(default_factory=set)
    _sink: Sink = field(init=False)
    _link: bool = False

    def write(self, sink: Sink, *, link: bool) -> None:
        """Write all that stays, shard by shard."""
        self._sink, self._link = sink, link
        table = self.table
        labels = _labels(table.shards)
        for part in table.by_shard():
            rows, label = part.tolist(), labels[int(table.shard[part[0]])]
            kind = table.source[rows[0]]
            writer = self._files if kind == "files" else self._archive if kind in ARCHIVES else self._rows
            writer(rows, label)

    def _files(self, rows: list[int], label: str) -> None:
        """Write files, and after each what belongs to it."""
        table = self.table
        kept = {table.path[row] for row in rows if table.keep[row]}
        known = {table.path[row] for row in rows}
        beside = Beside(known if self.units else (), known)
        written: set[str] = set()
        for row in rows:
            path = table.path[row]
            owners = beside.owners(path)
            if not table.keep[row] or (owners and not any(image in kept for one in owners for image in one.images)):
                continue
            root = table.shards[int(table.shard[row])]
            if self._elsewhere(path) and (table.digest[row] is None or not _is_image(path)):
                self._lack(path, ELSEWHERE)
                continue
            self._image(row, f"{label}{safe_name(table.key[row])}")
            for other in beside.unit(path).sidecars:
                if other not in known and other not in written and os.path.isfile(other):
                    written.add(other)
                    away = os.path.islink(other) and self._elsewhere(other)
                    if away and _folder(other) != _folder(path):  # else it lies beside its image there
                        self._lack(other, ELSEWHERE)
                        continue
                    self._along(other, f"{label}{_below(other, root)}")

    def _elsewhere(self, path: str) -> bool:
        """Say whether a symlink or a hash table leads out of what was searched: who made it may not be able to read that."""
        return root_of(os.path.realpath(path), self.tops) is None

    def _archive(self, rows: list[int], label: str) -> None:
        """Write members in the order of their archive, with all that is of their samples."""
        table = self.table
        by_name = {table.key[row]: row for row in rows}
        samples = {_sample(table.key[row]) for row in rows if table.keep[row]}
        source = self.reader.source(table.path[rows[0]])
        seen: set[str] = set()
        for folder in () if source is None else source.folders(0):
            for part in source.parts(folder) if source is not None else ():
                for entry in part.entries:
                    row = by_name.get(entry.name)
                    if row is not None:
                        seen.add(entry.name)
                    alone = row is not None and table.source[row] != "tar" and not table.keep[row]
                    if _sample(entry.name) not in samples or alone:
                        continue
                    name = f"{label}{_renamed(entry.name)}"
                    if row is None:
                        self._member(part.path_of(entry.name), name, entry.size, entry.mtime_ns)
                    else:
                        self._image(row, name, entry.mtime_ns)
        for row in rows:
            if table.keep[row] and table.key[row] not in seen:
                self._lack(table.path[row], "it is gone since it was found")

    def _rows(self, rows: list[int], label: str) -> None:
        """Write what has a number or a name, each for itself."""
        table = self.table
        for row in rows:
            if table.keep[row]:
                number = int(table.number[row])
                name = f"{number:08}" if number >= 0 else safe_name(table.key[row])
                self._image(row, f"{label}{name}", 0)

    def _image(self, row: int, name: str, mtime_ns: int | None = None) -> None:
        table = self.table
        path, digest = table.path[row], table.digest[row]
        self.done += 1
        self.progress(self.done, len(table), True)
        try:
            if mtime_ns is None:
                status = os.stat(path)
                mtime_ns = status.st_mtime_ns
                if self._link and (status.st_size, mtime_ns) != (int(table.size[row]), int(table.mtime_ns[row])):
                    self._lack(path, CHANGED)
                    return
            data = b"" if self._link else self.reader.read(path)
        except OSError as error:
            self._lack(path, error.strerror or str(error))
            return
        if not self._link and digest is not None and blake3(data).digest() != digest:
            self._lack(path, CHANGED)
            return
        if table.number[row] >= 0:
            name += _ending(data)
        if self._link:
            written = self._put(path, name, lambda free: self._sink.put_file(free, path), int(table.size[row]))
        else:
            written = self._put(path, name, lambda free: self._sink.put(free, data, max(0, mtime_ns or 0)), len(data))
        self.images += written

    def _along(self, path: str, name: str) -> None:
        try:
            size = os.path.getsize(path)
            with open(path, "rb"):
                pass
        except OSError as error:
            self._lack(path, error.strerror or str(error))
            return
        self._put(path, name, lambda free: self._sink.put_file(free, path), size)

    def _member(self, path: str, name: str, size: int, mtime_ns: int) -> None:
        try:
            data = self.reader.read_whole(path)
        except OSError as error:
            self._lack(path, error.strerror or str(error))
            return
        if len(data) != size:
            self._lack(path, f"{len(data):,} of its {size:,} bytes can be read")
            return
        self._put(path, name, lambda free: self._sink.put(free, data, max(0, mtime_ns)), size)

    def _put(self, path: str, name: str, put: Callable[[str], None], size: int) -> bool:
        try:
            put(self._free(name))
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            self._lack(path, f"its name is taken by something else of the set: {error.strerror}")
            return False
        except OSError as error:
            if error.errno not in NO_NAMES:
                raise
            self._lack(path, f"no file can have its name here: {error.strerror}")
            return False
        self.files += 1
        self.size += size
        return True

    def _free(self, name: str) -> str:
        """Return a name that nothing else has."""
        number, free = 1, name
        while free in self._names:
            number += 1
            stem, ending = os.path.splitext(name)
            free = f"{stem}#{number}{ending}"
        self._names.add(free)
        return free

    def _lack(self, path: str, reason: str) -> None:
        self.missing.append(Missing(path, reason))


def _folder(path: str) -> str:
    return os.path.dirname(os.path.realpath(path))


def _is_image(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return formats.sniff(file.read(formats.HEAD_BYTES), path) is not None
    except OSError:
        return True  # who is to read it will say what is wrong


def _labels(shards: list[str]) -> list[str]:
    """Return the folders that shards become, each with its slash: none where there is one shard, else their names."""
    if len(shards) == 1:
        return [""]
    labels: list[str] = []
    taken: set[str] = set()
    for shard in shards:
        name = os.path.basename(os.path.abspath(shard)) or "root"
        name = safe_name(name[: len(name) - len(ending_of(name) or "")] or name).replace("/", "_")
        number, free = 1, name
        while free.lower() in taken:
            number += 1
            free = f"{name}-{number}"
        taken.add(free.lower())
        labels.append(f"{free}/")
    return labels


def _sample(member: str) -> tuple[str, str]:
    """Return the sample of a member; that of a name which comes again is another one."""
    return sample_of(member), times_of(member)


def _renamed(member: str) -> str:
    """Return the name of a member with the mark of one that comes again before its endings, where readers look for its key."""
    mark = times_of(member)
    if not mark:
        return safe_name(member)
    key, name = sample_of(member), safe_name(member.removesuffix(mark))
    return f"{key}{mark}{name[len(key) :]}"


def _below(path: str, root: str) -> str:
    """Return the path of a file below a root, or below the folder that it shares with the root."""
    parts = os.path.relpath(path, root).split(os.sep)
    return "/".join(part for part in parts if part != os.pardir)


def _ending(data: bytes) -> str:
    """Return the ending of files of a format."""
    name = formats.sniff(data[: formats.HEAD_BYTES])
    return "" if name is None else f".{ENDINGS.get(name, name.lower())}"
