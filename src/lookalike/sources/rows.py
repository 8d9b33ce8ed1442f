"""Rows that hold an image each, whatever keeps them: each is named by its number, counted from 0."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from lookalike.sources.cells import Content, content, entry
from lookalike.sources.folders import PART_NAMES, Folder, Source, Unread, Unreadable

ROW_KINDS = frozenset({"parquet", "huggingface", "dataframe", "memory"})
"""Kinds of sources whose images are named by the numbers of their rows."""


class Values(Protocol):
    """What keeps the rows, and holds few of them in memory."""

    def __len__(self) -> int:
        """Return how many rows there are."""

    def paths(self) -> Iterator[str | None]:
        """Yield of each row the path of the file that may hold its image, which costs less than reading it."""

    def value(self, number: int) -> Any:
        """Return the cell of a row; in the order of rows that costs least. Any thread may call.

        Raises
        ------
        OSError
            If it cannot be had.
        """

    def names(self) -> list[str]:
        """Return the names of all columns; none where rows have no names for what they hold."""

    def column(self, name: str, numbers: Sequence[int]) -> list[Any]:
        """Return what one of these columns holds in some rows."""

    def is_there(self) -> bool:
        """Return whether they are still what they were."""

    def close(self) -> None:
        """Let go of files and of values that were read; `value` reads them again."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where rows are, and whether they are still what they were.

    Attributes
    ----------
    volume, key : str
        Identity.
    stamp : str
        Another one once anything in it was changed.
    changed_ns : int
        When that was, in nanoseconds since 1970.
    folder : str
        What paths in it are relative to.
    lasting : bool
        Whether a later run will know it by its identity.
    """

    volume: str
    key: str
    stamp: str | None = None
    changed_ns: int = 0
    folder: str = ""
    lasting: bool = True


class Rows:
    """The rows of one table or list.

    Parameters
    ----------
    path : str
        What it is called.
    kind : str
        One of `ROW_KINDS`.
    place : Place
        Where it is.
    values : Values
        What keeps it.
    files : bool
        Whether rows may name files, so that they are what these are: then all are listed each time.
    """

    def __init__(self, path: str, kind: str, place: Place, values: Values, *, files: bool = False) -> None:
        self.path: str = path
        self.kind: str = kind
        self._place, self._values, self._files = place, values, files

    @property
    def count(self) -> int:
        """How many rows there are."""
        return len(self._values)

    def folders(self, root: int) -> Iterator[Folder]:
        """Yield one folder, which has all rows."""
        place = self._place
        yield Folder(
            root, self.path, place.volume, place.key, source=self, stamp=place.stamp, images_only=True,
            changed_ns=None if self._files else place.changed_ns, lasting=place.lasting,
        )  # fmt: skip

    def parts(self, folder: Folder) -> Iterator[Folder]:
        """Yield rows in their order."""
        place, total = self._place, len(self._values)
        paths = self._values.paths() if self._files else None
        for start in range(0, max(1, total), PART_NAMES):
            part = folder.next_part() if start else folder
            try:
                for number in range(start, min(start + PART_NAMES, total)):
                    named = None if paths is None else next(paths)
                    part.complete &= named is None  # what is in a file may change without the table
                    part.entries.append(entry(number, named, place.folder, place.changed_ns))
            except OSError as error:
                part.complete = False
                part.failures.append(Unread(folder.path, "damaged", error.strerror or str(error), image=False))
                yield part
                return
            yield part

    def read(self, paths: Sequence[str]) -> Iterator[Content]:
        """Yield the bytes of rows, or what is wrong with each."""
        for path in paths:
            number = self._number(path)
            if number is None:
                yield Unreadable("not-here", "no such row")
                continue
            try:
                yield content(self._values.value(number), self._place.folder)
            except OSError as error:
                yield Unreadable("damaged", error.strerror or str(error))
            except MemoryError:
                yield Unreadable("limit", "not enough memory to read it")

    def column_names(self) -> list[str]:
        """Return the names of the columns that come with images."""
        return self._values.names()

    def values(self, column: str, paths: Sequence[str]) -> list[Any]:
        """Return what a column holds beside some images; None where there is no such row."""
        numbers = [self._number(path) for path in paths]
        found = iter(self._values.column(column, [number for number in numbers if number is not None]))
        return [None if number is None else next(found) for number in numbers]

    def _number(self, path: str) -> int | None:
        name = path[len(self.path) + 1 :]
        number = int(name) if name.isdecimal() and name.isascii() else -1
        return number if 0 <= number < len(self._values) and str(number) == name else None

    def is_there(self) -> bool:
        """Return whether what keeps the rows is unchanged."""
        return self._values.is_there()

    def close(self) -> None:
        """Let go of what is open."""
        self._values.close()


class Splits:
    """Several of these under one name, such as the splits of a dataset.

    Parameters
    ----------
    path : str
        What it is called.
    parts : sequence of Rows
        Whose paths lie below that.

    Attributes
    ----------
    tables : dict of str to Rows
        The same, by their paths.
    """

    def __init__(self, path: str, parts: Sequence[Rows]) -> None:
        self.path: str = path
        self.kind: str = parts[0].kind
        self.tables: dict[str, Rows] = {part.path: part for part in parts}

    def folders(self, root: int) -> Iterator[Folder]:
        """Yield a folder for each."""
        for part in self.tables.values():
            for folder in part.folders(root):
                yield replace(folder, source=self)

    def parts(self, folder: Folder) -> Iterator[Folder]:
        """Yield the rows of one in their order."""
        return self.tables[folder.path].parts(folder)

    def read(self, paths: Sequence[str]) -> Iterator[Content]:
        """Yield the bytes of rows, or what is wrong with each."""
        for path in paths:
            part = self.tables.get(path.rpartition("/")[0])
            if part is None:
                yield Unreadable("not-here", "no such part")
            else:
                yield from part.read([path])

    def column_names(self) -> list[str]:
        """Return the names of the columns of any of them."""
        return list(dict.fromkeys(name for part in self.tables.values() for name in part.column_names()))

    def values(self, column: str, paths: Sequence[str]) -> list[Any]:
        """Return what a column holds beside some images; None where there is none."""
        found: list[Any] = [None] * len(paths)
        for name, part in self.tables.items():
            rows = [at for at, path in enumerate(paths) if path.rpartition("/")[0] == name]
            if rows and column in part.column_names():
                for at, value in zip(rows, part.values(column, [paths[at] for at in rows]), strict=True):
                    found[at] = value
        return found

    def is_there(self) -> bool:
        """Return whether all of them are there."""
        return all(part.is_there() for part in self.tables.values())

    def close(self) -> None:
        """Let go of what is open."""
        for part in self.tables.values():
            part.close()


def tables_of(source: Source | None) -> list[str]:
    """Return what the tables of a source are called.

    Parameters
    ----------
    source : Source or None
        Any source.

    Returns
    -------
    list of str
        Paths, below which images are named by their rows; none of what has no rows.
    """
    if isinstance(source, Splits):
        return list(source.tables)
    return [source.path] if isinstance(source, Rows) else []
