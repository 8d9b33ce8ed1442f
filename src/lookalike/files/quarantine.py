"""Where files go that are taken out of a root: beside it, at their relative paths, in a folder that no search enters."""

import errno
import os
from collections.abc import Sequence
from dataclasses import dataclass

from lookalike.journal import QUARANTINE

PROBE = ".lookalike-probe-"


@dataclass(frozen=True, slots=True)
class Shelf:
    """The quarantine of one root.

    Attributes
    ----------
    root : str
        The root, absolute and without symlinks; of a root that is a file, its folder.
    folder : str
        Where batches lie.
    label : str
        Name of the root within a batch.
    inside : bool
        Whether it lies within the root, because nothing can be put beside that.
    """

    root: str
    folder: str
    label: str
    inside: bool = False

    def batch(self, name: str) -> str:
        """Return the folder of a batch.

        Parameters
        ----------
        name : str
            Of the batch.

        Returns
        -------
        str
            Absolute path.
        """
        return os.path.join(self.folder, name)

    def place(self, name: str, origin: str) -> str:
        """Return where a file of the root goes.

        Parameters
        ----------
        name : str
            Of the batch.
        origin : str
            Absolute path of the file, inside the root.

        Returns
        -------
        str
            Absolute path.
        """
        return os.path.join(self.folder, name, self.label, os.path.relpath(origin, self.root))


def shelves(roots: Sequence[str], chosen: str | None) -> list[Shelf]:
    """Choose the quarantines of roots.

    Parameters
    ----------
    roots : sequence of str
        Absolute paths without symlinks.
    chosen : str or None
        A folder for all of them; None for one beside each, or inside where the folder above is on another file system or
        cannot be written to. A root within another has the one of that.

    Returns
    -------
    list of Shelf
        One per distinct root, the innermost first, so that the first that holds a path is its own.
    """
    made: list[Shelf] = []
    tops = sorted({path if os.path.isdir(path) else os.path.dirname(path) for path in roots}, key=_innermost)
    for root in tops:
        around = [top for top in tops if is_within(root, top) and _on_one_file_system(root, top)]
        outer = around[-1] if around else root
        above = os.path.dirname(outer)
        inside = chosen is None and not _can_be_put_in(above, outer)
        folder = os.path.join(outer if inside else above, QUARANTINE) if chosen is None else chosen
        if chosen is not None or os.path.isdir(folder):  # a symlink to a drive that is not there stays what it is
            folder = os.path.realpath(folder)
        name = os.path.basename(root) or "root"
        taken = {shelf.label for shelf in made if shelf.folder == folder}
        labels = [name, *(f"{name}-{number}" for number in range(2, len(taken) + 2))]
        made.append(Shelf(root, folder, next(label for label in labels if label not in taken), inside))
    return made


def shelf_of(found: Sequence[Shelf], path: str) -> Shelf | None:
    """Return the shelf of the root that a path lies in.

    Parameters
    ----------
    found : sequence of Shelf
        From `shelves`.
    path : str
        Absolute, its folder without symlinks.

    Returns
    -------
    Shelf or None
        None where it lies in no root.
    """
    return next((shelf for shelf in found if is_within(path, shelf.root)), None)


def is_within(path: str, folder: str) -> bool:
    """Say whether a path lies below a folder.

    Parameters
    ----------
    path, folder : str
        Absolute and without symlinks.

    Returns
    -------
    bool
        Whether it does.

    Examples
    --------
    >>> is_within("/a/b/c", "/a/b"), is_within("/a/bc", "/a/b"), is_within("/a", "/")
    (True, False, True)
    """
    return path.startswith(folder.rstrip(os.sep) + os.sep)


def probe(folder: str) -> None:
    """Find out whether files can be made in a folder, leaving none.

    Parameters
    ----------
    folder : str
        A folder.

    Raises
    ------
    OSError
        If not.
    """
    flags = os.O_WRONLY | getattr(os, "O_TMPFILE", 0)
    if hasattr(os, "O_TMPFILE"):
        try:
            os.close(os.open(folder, flags, 0o600))
        except OSError as error:
            if error.errno not in (errno.EISDIR, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOENT, errno.EINVAL):
                raise
        else:
            return
    path = os.path.join(folder, f"{PROBE}{os.getpid()}")
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    os.unlink(path)


def _innermost(root: str) -> tuple[int, str]:
    return -len(root), root


def _can_be_put_in(above: str, root: str) -> bool:
    """Say whether a folder beside a root can hold what comes out of it, without a copy."""
    return above != root and _on_one_file_system(above, root) and os.access(above, os.W_OK | os.X_OK)


def _on_one_file_system(one: str, other: str) -> bool:
    try:
        return os.stat(one).st_dev == os.stat(other).st_dev
    except OSError:
        return False
