"""Values in memory: lists, arrays, map-style datasets and data frames of pictures, bytes or paths."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

from lookalike.sources.cells import SAMPLE, STORED, check_column, find_column, is_image
from lookalike.sources.rows import Place, Rows

SAMPLED = 4
"""Items that say what the others are."""
Cell = Callable[[int], Any]


def open_sequence(items: Any, path: str, column: str | int | None) -> Rows:
    """Open a sequence of pictures, or a map-style dataset.

    Parameters
    ----------
    items : sequence
        Anything that has a length, and items by their numbers: PIL images, arrays, bytes or paths, or rows that have one of
        these, which are mappings or tuples.
    path : str
        What to call it.
    column : str, int or None
        Which item of a row holds the image; None for the one that does.

    Returns
    -------
    Rows
        A source; nothing of it is remembered by name.

    Raises
    ------
    UsageError
        If rows have no such item, none of images, or more than one.
    """
    rows = [row for row in _samples(items) if _is_row(row)]
    if not rows:
        return _open(path, "memory", len(items), items.__getitem__)
    named: dict[Any, list[Any]] = {}
    for row in rows:
        for name, value in row.items() if isinstance(row, Mapping) else enumerate(row):
            named.setdefault(name, []).append(value)
    if column is None and not isinstance(rows[0], Mapping):  # image and label, or image and mask
        column = next((at for at, values in named.items() if any(map(is_image, values))), None)
    if column is None:
        column = find_column(named, f"each row of {path}", "say which by column=NAME, of tuples by its position")
    check_column(column, named, f"a row of {path}")
    cells = {name: partial(_of_row, items, name) for name in named}
    beside = {name: cell for name, cell in cells.items() if isinstance(name, str)}
    return _open(path, "memory", len(items), cells[column], beside)


def open_frame(frame: Any, path: str, column: Any) -> Rows:
    """Open a data frame that has a column of bytes, paths or pictures.

    Parameters
    ----------
    frame : pandas.DataFrame
        Rows count by position, whatever their labels are.
    path : str
        What to call it.
    column : str or None
        Which column holds the images; None for the one that does.

    Returns
    -------
    Rows
        A source; nothing of it is remembered by name.

    Raises
    ------
    UsageError
        If there is no such column, none, or more than one.
    """
    if column is None:
        if not len(frame):
            return _open(path, "dataframe", 0, lambda number: number)
        head = frame.iloc[: SAMPLE * 8]
        column = find_column({name: head[name].dropna().iloc[:SAMPLE] for name in frame.columns}, "the data frame")
    check_column(column, frame.columns, "the data frame")
    beside = {str(name): frame[name].iloc.__getitem__ for name in frame.columns}
    return _open(path, "dataframe", len(frame), frame[column].iloc.__getitem__, beside)


def open_series(series: Any, path: str) -> Rows:
    """Open one column of a data frame.

    Parameters
    ----------
    series : pandas.Series
        Rows count by position.
    path : str
        What to call it.

    Returns
    -------
    Rows
        A source.
    """
    return _open(path, "dataframe", len(series), series.iloc.__getitem__)


def _open(path: str, kind: str, count: int, cell: Cell, beside: Mapping[str, Cell] = MappingProxyType({})) -> Rows:
    """Open what has a cell for each row, and others beside it, by their names."""
    return Rows(path, kind, Place("", path, lasting=False), _Values(count, cell, beside))


def _samples(items: Any) -> list[Any]:
    """Return the first items that can be had, and are something."""
    found: list[Any] = []
    for number in range(min(len(items), SAMPLE)):
        with contextlib.suppress(OSError):  # a failure of that row, when it is read
            found += [item for item in [_item(items.__getitem__, number)] if item is not None]
        if len(found) >= SAMPLED:
            break
    return found


def _is_row(item: Any) -> bool:
    """Say whether an item has cells, and is none: what has bytes and a path alone is an image, also an unreadable one."""
    if isinstance(item, Mapping):
        return not (is_image(item) or (item and item.keys() <= STORED))
    return isinstance(item, (tuple, list)) and not is_image(item)


def _of_row(items: Any, name: Any, number: int) -> Any:
    row = items[number]
    return None if row is None else row[name]


def _item(cell: Cell, number: int) -> Any:
    """Return an item; what goes wrong in the code of others is said of it, in its own words."""
    try:
        return cell(number)
    except MemoryError:
        raise
    except Exception as error:  # it may be anything, and becomes the failure of this row
        raise OSError(0, f"getting it raised {type(error).__name__}: {error}") from error


class _Values:
    """Values that somebody else keeps."""

    def __init__(self, count: int, cell: Cell, beside: Mapping[str, Cell]) -> None:
        self._count, self._cell, self._beside = count, cell, beside

    def __len__(self) -> int:
        return self._count

    def paths(self) -> Iterator[str | None]:
        """Yield nothing: files are found by reading, as nothing is remembered."""
        return iter(())

    def value(self, number: int) -> Any:
        """Return an item."""
        return _item(self._cell, number)

    def names(self) -> list[str]:
        """Return the names of what rows hold."""
        return [str(name) for name in self._beside]

    def column(self, name: str, numbers: Sequence[int]) -> list[Any]:
        """Return what rows hold by one of these names; None where a row has nothing there."""
        cell = self._beside[name]
        found = []
        for number in numbers:
            try:
                found.append(_item(cell, number))
            except OSError:  # the failure of a row that cannot be had says so
                found.append(None)
        return found

    def is_there(self) -> bool:
        """Return True."""
        return True

    def close(self) -> None:
        """Do nothing: they are not ours."""
