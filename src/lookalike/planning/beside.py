"""What lies beside images: the units of their folders, and the files in these."""

import os
import stat
from collections import defaultdict
from collections.abc import Container, Iterable
from typing import NamedTuple

from lookalike import formats, units
from lookalike.files import digest_of
from lookalike.units import Unit


class Lying(NamedTuple):
    """A file as it lies there.

    Attributes
    ----------
    path : str
        Where.
    size, mtime_ns : int
        Bytes; modification time in nanoseconds since 1970.
    file : tuple of int
        Device and inode.
    plain : bool
        Whether it is a file, and no symlink.
    """

    path: str
    size: int
    mtime_ns: int
    file: tuple[int, int]
    plain: bool


class Beside:
    """The units that some images are in; each folder is listed once.

    Parameters
    ----------
    paths : iterable of str
        Images.
    images : container of str
        Paths that are images whatever their names say.
    """

    def __init__(self, paths: Iterable[str], images: Container[str]) -> None:
        folders: dict[str, None] = {}
        for path in paths:
            own = path[: path.rfind(os.sep) + 1]  # with the slashes that are there, so that paths are spelled alike
            if own not in folders:
                folders[own] = None
                folders.update(dict.fromkeys(place + os.sep for place in units.folders_of(path)[1:]))
        found = units.group(_listed(folders), lambda path: path in images or formats.claims_image(path))
        self._unit = {image: unit for unit in found for image in unit.images}
        self._owners: dict[str, list[Unit]] = defaultdict(list)
        for unit in found:
            for sidecar in unit.sidecars:
                self._owners[sidecar].append(unit)
        self._lying: dict[str, Lying] = {}
        self._digest: dict[str, bytes] = {}

    def unit(self, path: str) -> Unit:
        """Return the unit of an image.

        Parameters
        ----------
        path : str
            An image.

        Returns
        -------
        Unit
            Of the image alone where nothing lies beside it.
        """
        return self._unit.get(path) or Unit((path,))

    def owners(self, sidecar: str) -> list[Unit]:
        """Return the units that a file is a sidecar of.

        Parameters
        ----------
        sidecar : str
            A file.

        Returns
        -------
        list of Unit
            None for what is no sidecar.
        """
        return self._owners.get(sidecar, [])

    def lying(self, path: str) -> Lying:
        """Look at a file.

        Parameters
        ----------
        path : str
            A file.

        Returns
        -------
        Lying
            As it is now.

        Raises
        ------
        OSError
            If it is gone.
        """
        if path not in self._lying:
            status = os.lstat(path)
            file = status.st_dev, status.st_ino
            plain = stat.S_ISREG(status.st_mode)
            self._lying[path] = Lying(path, status.st_size, status.st_mtime_ns, file, plain)
        return self._lying[path]

    def digest(self, path: str) -> bytes:
        """Return the BLAKE3 digest of a file.

        Parameters
        ----------
        path : str
            A file.

        Returns
        -------
        bytes
            32 bytes.

        Raises
        ------
        OSError
            If it cannot be read, or changes while it is.
        """
        if path not in self._digest:
            self._digest[path] = digest_of(path)
        return self._digest[path]

    def equal(self, path: str, unit: Unit) -> str | None:
        """Return a file of a unit that holds the bytes of another file, and is not the same file.

        Parameters
        ----------
        path : str
            A file.
        unit : Unit
            Where to look.

        Returns
        -------
        str or None
            None where there is none.

        Raises
        ------
        OSError
            If a file cannot be read.
        """
        own = self.lying(path)
        for other in (*unit.sidecars, *unit.images):
            there = self.lying(other)
            alike = there.plain and there.size == own.size and there.file != own.file
            if alike and self.digest(other) == self.digest(path):
                return other
        return None


def _listed(folders: Iterable[str]) -> list[str]:
    """Return the files of folders, sorted within each; a folder that cannot be listed has none to show."""
    found: list[str] = []
    for folder in folders:
        try:
            with os.scandir(folder or os.curdir) as entries:
                names = sorted(entry.name for entry in entries if not entry.is_dir(follow_symlinks=False))
        except OSError:
            continue
        found += [folder + name for name in names]
    return found
