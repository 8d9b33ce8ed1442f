"""Where images belong: to the split of the hash table that tells of them, or of the folder, archive or dataset they lie in."""

from collections.abc import Mapping, Sequence

from lookalike.errors import UsageError
from lookalike.labels import root_of
from lookalike.scan.loading import HashFile, hash_file, made_roots, paths_of
from lookalike.tables.files import printable


class Homes:
    """The split of every image.

    Parameters
    ----------
    named : mapping of str to sequence of str
        What each split is made of.

    Raises
    ------
    UsageError
        If a table tells of an image that is in another split, too; if a table cannot be read.

    Attributes
    ----------
    roots : dict of str to list of str
        By split, what globs and folders of classes are relative to: what was given, and what tables were made of.
    """

    def __init__(self, named: Mapping[str, Sequence[str]]) -> None:
        self._split = {path: name for name, given in named.items() for path in given}
        self._table: dict[str, str] = {}
        found = {path: hash_file(path) for path in self._split}
        tables = [table for table in found.values() if table is not None]
        self._others = [path for path, table in found.items() if table is None]
        for table in tables:
            self._take(table)
        self.roots: dict[str, list[str]] = {name: list(given) for name, given in named.items()}
        for name, given in self.roots.items():
            made = made_roots([table for table in tables if self._split[table.path] == name])
            given += [root for root in made if root not in given]

    def __call__(self, path: str) -> str | None:
        """Return the split of an image.

        Parameters
        ----------
        path : str
            The image, or what could not be read.

        Returns
        -------
        str or None
            None for what lies in none.
        """
        return self._split.get(str(self._table.get(path) or root_of(path, self._others)))

    def _take(self, table: HashFile) -> None:
        own = self._split[table.path]
        for path in paths_of(table):
            for other in (self._table.setdefault(path, table.path), root_of(path, self._others)):
                if other is not None and self._split[other] != own:
                    raise UsageError(
                        f"{printable(path)} is in {other}, of split {self._split[other]}, and in {table.path}, of split "
                        f"{own}: an image is in one split, so give tables that do not tell of the same ones"
                    )
