"""Images that are rows of tables, by the numbers of these."""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from lookalike.columns import Images
from lookalike.errors import UsageError
from lookalike.sources.rows import ROW_KINDS

Numbers = dict[str, NDArray[np.int64]]


def numbers_of(images: Images, chosen: NDArray[np.bool_], tables: Iterable[str]) -> Numbers:
    """Return the row numbers of some images, table by table.

    Parameters
    ----------
    images : Images
        What was read.
    chosen : ndarray of bool, shape (n,)
        Which of them.
    tables : iterable of str
        What the tables are called.

    Returns
    -------
    dict of str to ndarray of int64
        Sorted numbers, counted from 0, of each table; of one that has none of the images, no numbers.
    """
    found: dict[str, list[int]] = {table: [] for table in tables}
    for row in np.flatnonzero(chosen).tolist():
        table, _, number = images.path[row].rpartition("/")
        if images.source_of(row) in ROW_KINDS and table in found:
            found[table].append(int(number))
    return {table: np.sort(np.array(numbers, np.int64)) for table, numbers in found.items()}


def only(numbers: Mapping[str, NDArray[np.int64]], name: str) -> NDArray[np.int64]:
    """Return the numbers of the only table.

    Parameters
    ----------
    numbers : mapping of str to ndarray
        From `numbers_of`.
    name : str
        Where the numbers of several tables are.

    Returns
    -------
    ndarray of int64
        Its numbers.

    Raises
    ------
    UsageError
        If there is none, or more than one.

    Examples
    --------
    >>> only({"images": np.array([0, 2])}, "keep_rows")
    array([0, 2])
    """
    if len(numbers) == 1:
        return next(iter(numbers.values()))
    if not numbers:
        raise UsageError("nothing that was searched has rows: use keep_paths and duplicate_paths")
    raise UsageError(f"numbers of rows mean one of {len(numbers)} tables ({', '.join(numbers)}): use {name}[NAME]")
