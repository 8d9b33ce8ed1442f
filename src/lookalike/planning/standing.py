"""How files stand now: where each really lies, whether it is what was found, and what holds it whatever its keeper is."""

import os
import stat
from collections.abc import Sequence
from typing import NamedTuple

from lookalike.files.quarantine import is_within
from lookalike.globs import compiled
from lookalike.labels import Root, class_of, names_below, root_of
from lookalike.model import MIN_DETAIL, Member, Tier
from lookalike.plan import KeepOptions, PlanRoot
from lookalike.sources.rules import library_of
from lookalike.tables import UNKNOWN_TIME, printable

OUTSIDE = "outside the folders that were searched"
NO_DEVICE = -1
"""Device of what is no ordinary file."""


class Standing(NamedTuple):
    """How one image stands.

    Attributes
    ----------
    size, mtime_ns : int
        Now, of a symlink those of its target; as found where it is gone.
    file : tuple of int or None
        Device and inode: equal for all names of one file, symlinks among them. None where it is gone. What is no ordinary
        file has a pair of its own.
    symlink : bool
        Whether the name is a symlink.
    altered : str or None
        What became of it since it was found, in words.
    apart : str or None
        Why nothing may be written or moved where it lies.
    label : tuple of str
        Its class.
    """

    size: int
    mtime_ns: int
    file: tuple[int, int] | None
    symlink: bool
    altered: str | None
    apart: str | None
    label: tuple[str, ...]


class Place(NamedTuple):
    """What holds for all images of a folder.

    Attributes
    ----------
    real : str
        Its path without symlinks.
    roots : tuple of str
        The roots that it lies under, as given.
    inside : bool
        Whether it really lies in a root that may be acted in.
    apart : str or None
        Why nothing in it may go, where that is so.
    label : tuple of str
        Class of its images.
    """

    real: str
    roots: tuple[str, ...]
    inside: bool
    apart: str | None
    label: tuple[str, ...]


class Surroundings:
    """Roots and folders as they are now; each folder is looked at once.

    Parameters
    ----------
    roots : sequence of Root
        What was searched and what it was compared against.
    options : KeepOptions
        What may go.

    Raises
    ------
    UsageError
        If a glob is malformed.
    """

    def __init__(self, roots: Sequence[Root], options: KeepOptions) -> None:
        self._references = {root.path: root for root in roots if root.reference}
        self._roots = {root.path: root for root in roots if not root.reference}
        self._absolute = [absolute(path) for path in self._roots]
        self._files = {root.path for root in roots if not os.path.isdir(root.path)}
        self._apart = [absolute(path) for path in self._references]
        self._within = options.within
        self._protected = compiled(options.protect) if options.protect else None
        self._places: dict[str, Place] = {}
        self._members: dict[str, int] = {}

    def plan_roots(self) -> tuple[PlanRoot, ...]:
        """Return the roots that may be acted in.

        Returns
        -------
        tuple of PlanRoot
            As given, without references.
        """
        return tuple(PlanRoot(root.path, absolute(root.path), root.images) for root in self._roots.values())

    def stand(self, member: Member) -> Standing:
        """Look at an image.

        Parameters
        ----------
        member : Member
            As found.

        Returns
        -------
        Standing
            As it is now.
        """
        ref, path = member.ref, member.ref.path
        place = self.place(path)
        apart = self._apart_in(place, path)
        if ref.source != "files":  # nothing is ever done to it, so it counts as it was found
            own = NO_DEVICE, self._members.setdefault(path, len(self._members))
            return Standing(ref.size, max(ref.mtime_ns, 0), own, False, None, apart, place.label)
        try:
            status = os.lstat(path)
            symlink = stat.S_ISLNK(status.st_mode)
            if symlink:
                status = os.stat(path)
        except OSError:
            return Standing(ref.size, max(ref.mtime_ns, 0), None, False, "is gone", apart, place.label)
        size, time = status.st_size, status.st_mtime_ns
        same = size == ref.size and ref.mtime_ns in (time, UNKNOWN_TIME) and stat.S_ISREG(status.st_mode)
        file = status.st_dev, status.st_ino
        return Standing(size, time, file, symlink, None if same else "has changed", apart, place.label)

    def place(self, path: str) -> Place:
        """Return what holds for the folder of a file.

        Parameters
        ----------
        path : str
            A file.

        Returns
        -------
        Place
            Found once per folder.
        """
        key = path if self._files and path in self._files else path[: path.rfind(os.sep) + 1]
        place = self._places.get(key)
        if place is None:
            place = self._places[key] = self._look(path, os.path.dirname(path))
        return place

    def apart(self, path: str) -> str | None:
        """Return why nothing may be moved at a place, or written there.

        Parameters
        ----------
        path : str
            A file.

        Returns
        -------
        str or None
            A reason for people; None where it lies in a root that may be acted in, and nothing protects it.
        """
        return self._apart_in(self.place(path), path)

    def _apart_in(self, place: Place, path: str) -> str | None:
        if place.apart is not None:
            return place.apart
        if not place.inside and os.path.join(place.real, os.path.basename(path)) not in self._absolute:
            return OUTSIDE
        if self._protected is not None:
            for root in place.roots:  # as a search does: what any of them protects is
                below = names_below(path, root) or (os.path.basename(path),)
                if self._protected.match_file("/".join(below)):
                    return "protected"
        return None

    def _look(self, path: str, folder: str) -> Place:
        reference, root = root_of(path, self._references), root_of(path, self._roots)
        own = self._references[reference] if reference else self._roots[root] if root else None
        real = os.path.realpath(folder)
        inside = any(holds(top, real) for top in self._absolute)
        apart = None
        if reference or any(holds(top, real) for top in self._apart):
            apart = "a reference"
        elif library_of(os.path.join(real, "")):
            apart = "inside the library of an application"
        label = class_of(folder, own, self._within) if own is not None and path not in self._files else ()
        roots = tuple(root for root in (*self._roots, *self._references) if root_of(path, (root,)))
        return Place(real, roots, inside, apart, label)


def absolute(path: str) -> str:
    """Return a root from the top of the file system, without symlinks; a root that is a symlink to a file stays one.

    Parameters
    ----------
    path : str
        As given.

    Returns
    -------
    str
        Absolute path.
    """
    if os.path.isdir(path):
        return os.path.realpath(path)
    return os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))


def holds(top: str, path: str) -> bool:
    """Return whether a path lies in a folder, or is that folder.

    Parameters
    ----------
    top, path : str
        Absolute paths without symlinks.

    Returns
    -------
    bool
        Whether it does.

    Examples
    --------
    >>> holds("/a/b", "/a/b/c"), holds("/a/b", "/a/bc"), holds("/", "/a")
    (True, False, True)
    """
    return path == top or is_within(path, top)


def held(member: Member, standing: Standing, options: KeepOptions) -> str | None:
    """Return why an image stays whatever its keeper is.

    Parameters
    ----------
    member : Member
        As found.
    standing : Standing
        As it is now.
    options : KeepOptions
        What may go.

    Returns
    -------
    str or None
        A reason for people; None where nothing of its own holds it.
    """
    if member.role == "keeper":
        return printable(member.reason)
    if member.tier is None:
        return "never verified against its keeper"
    if member.role == "similar":
        return "similar only: another picture" if member.tier is Tier.SIMILAR else "not all of its shot has a keeper"
    if member.tier > options.tier:
        name = member.tier.name.lower()
        return f"of tier {name} only (--tier {name})"
    if standing.apart is not None:
        return standing.apart
    if standing.altered is not None:
        return f"it {standing.altered} since it was found"
    if member.detail < MIN_DETAIL and not options.flat:
        return "flat or nearly blank (--flat)"
    return None
