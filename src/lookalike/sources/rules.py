"""Which names under a root are passed over: by default, by glob, and by ignore files."""

import fnmatch
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from pathspec import GitIgnoreSpec

from lookalike.errors import UsageError
from lookalike.globs import compiled
from lookalike.journal import QUARANTINE

IGNORE_FILE = ".lookalikeignore"
OWN = "lookalike's own quarantine"

SKIPPED_FOLDERS: tuple[tuple[str, str], ...] = (
    (".thumbnails", "preview cache"),
    (".thumb", "preview cache"),
    ("@eaDir", "preview cache"),
    ("*.lrdata", "preview cache"),
    ("*.cocatalogdb", "preview cache"),
    (".Trash", "trash or history"),
    (".Trash-*", "trash or history"),
    (".Trashes", "trash or history"),
    ("$RECYCLE.BIN", "trash or history"),
    ("#recycle", "trash or history"),
    (".stversions", "trash or history"),
    (".snapshot", "trash or history"),
    (".snapshots", "trash or history"),
    ("#snapshot", "trash or history"),
    (".git", "version control"),
    (".hg", "version control"),
    (".svn", "version control"),
    (QUARANTINE, OWN),
)
"""Folders inside a root that are not entered (name pattern, kind in the summary); naming one as a root enters it."""


LIBRARY = re.compile(
    r"\.(photoslibrary|photolibrary|migratedphotolibrary|aplibrary|lrlibrary|lrdata|lrcat-data|cocatalog)$",
    re.IGNORECASE,
)
"""Endings of folders that an application keeps to itself; they are searched, and never acted in."""


def library_of(path: str) -> str | None:
    """Return the library of an application that a file lies in.

    Parameters
    ----------
    path : str
        Its path.

    Returns
    -------
    str or None
        Name of the outermost such folder; None where there is none.

    Examples
    --------
    >>> library_of("/home/ann/Ann.photoslibrary/originals/a.jpg"), library_of("/home/ann/a.photoslibrary")
    ('Ann.photoslibrary', None)
    """
    return next((name for name in path.split(os.sep)[:-1] if LIBRARY.search(name)), None)


def skipped_kind(name: str) -> str | None:
    """Tell whether a folder is passed over by default.

    Parameters
    ----------
    name : str
        Name of a folder inside a root.

    Returns
    -------
    str or None
        The kind it is counted as; None where it is entered.

    Examples
    --------
    >>> skipped_kind("@eaDir"), skipped_kind("photos")
    ('preview cache', None)
    """
    return next((kind for pattern, kind in SKIPPED_FOLDERS if fnmatch.fnmatchcase(name, pattern)), None)


@dataclass(frozen=True, slots=True)
class Rules:
    """Globs in force in one folder, in gitignore syntax.

    Attributes
    ----------
    root : str
        Where `exclude` and `include` start.
    exclude, include : GitIgnoreSpec or None
        Of the whole scan.
    ignores : tuple of (str, GitIgnoreSpec)
        Folders with an ignore file, outermost first, and what it says.
    """

    root: str = ""
    exclude: GitIgnoreSpec | None = None
    include: GitIgnoreSpec | None = None
    ignores: tuple[tuple[str, GitIgnoreSpec], ...] = ()

    @classmethod
    def of(cls, exclude: Sequence[str], include: Sequence[str]) -> Self:
        """Compile the globs of a scan.

        Parameters
        ----------
        exclude, include : sequence of str
            Globs relative to each root.

        Returns
        -------
        Rules
            Without a root.

        Raises
        ------
        UsageError
            If a glob is malformed.
        """
        specs = [compiled(globs) if globs else None for globs in (exclude, include)]
        return cls(exclude=specs[0], include=specs[1])

    def below(self, folder: str, lines: Sequence[str]) -> tuple[Self, list[str]]:
        """Add the ignore file of a folder.

        Parameters
        ----------
        folder : str
            Path of the folder.
        lines : sequence of str
            Lines of the file.

        Returns
        -------
        rules : Rules
            In force in that folder and below.
        wrong : list of str
            What is wrong with lines that are no glob.
        """
        good, wrong = [], []
        for number, line in enumerate(lines, 1):
            try:
                compiled([line])
                good.append(line)
            except UsageError:
                wrong.append(f"line {number} is not a glob: {line}")
        return replace(self, ignores=(*self.ignores, (folder, compiled(good)))), wrong

    def pass_over(self, path: str, *, is_folder: bool) -> bool:
        """Decide about one name.

        Parameters
        ----------
        path : str
            Path of a file or folder below the root.
        is_folder : bool
            Which of the two it is.

        Returns
        -------
        bool
            Whether it is passed over.
        """
        if not (self.exclude or self.include or self.ignores):
            return False
        ending = "/" if is_folder else ""
        inside = os.path.relpath(path, self.root) + ending
        if self.exclude is not None and self.exclude.match_file(inside):
            return True
        if self.include is not None and not is_folder and not self.include.match_file(inside):
            return True
        # As in git, the deepest file that has a word on a path decides.
        for base, spec in reversed(self.ignores):
            verdict = spec.check_file(os.path.relpath(path, base) + ending).include
            if verdict is not None:
                return verdict
        return False
