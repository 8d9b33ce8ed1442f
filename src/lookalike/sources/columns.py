"""Values that come with images: columns of tables, and what the JSON file beside an image says.

A member of an archive has its JSON file in the archive, as WebDataset and img2dataset write it: ``0001.json`` for ``0001.jpg``.
"""

import json
import os
from collections.abc import Iterator, Sequence
from typing import Any

from lookalike.errors import UsageError
from lookalike.sources.folders import Valued
from lookalike.sources.places import number_of, sample_of
from lookalike.sources.reading import Reader, Unnamed
from lookalike.sources.tabular import Tabular

SHOWN_NAMES = 20


def column_values(column: str, paths: Sequence[str], source: Sequence[str], reader: Reader) -> list[object]:
    """Return the values of a column.

    Parameters
    ----------
    column : str
        Of a table, or a name in the JSON files beside images.
    paths, source : sequence of str
        Where images are, and the kinds of their sources.
    reader : Reader
        Who reads.

    Returns
    -------
    list
        One for each image; None where there is none.

    Raises
    ------
    UsageError
        If no image has a value; the message lists the names that are there.
    """
    values: list[object] = [None] * len(paths)
    tables: dict[str, list[int]] = {}
    names: set[str] = set()
    for row, (path, kind) in enumerate(zip(paths, source, strict=True)):
        if number_of(path.rpartition("/")[2], kind) is not None:
            tables.setdefault(path.rpartition("/")[0], []).append(row)
        else:
            told = _beside(path, reader)
            names.update(told)
            values[row] = told.get(column)
    for table, rows in tables.items():
        for row, value in zip(rows, _of_table(column, table, [paths[row] for row in rows], reader, names), strict=True):
            values[row] = value
    if paths and all(value is None for value in values):
        known = sorted(names - {column})
        some = f"{', '.join(known[:SHOWN_NAMES])}{' ...' * (len(known) > SHOWN_NAMES)}" or "none"
        raise UsageError(
            f"no image has a column {column!r}; the columns and names in JSON files beside images are: {some}"
        )
    return values


def _of_table(column: str, table: str, paths: Sequence[str], reader: Reader, names: set[str]) -> Sequence[object]:
    """Return the values of rows of one table, or None for each where it has no such column."""
    source: object = reader.source(paths[0])
    if isinstance(source, Valued):
        names.update(source.column_names())
        return source.values(column, paths) if column in source.column_names() else [None] * len(paths)
    if isinstance(source, Unnamed):
        return [None] * len(paths)
    opened = Tabular(table)
    names.update(opened.names)
    if column not in opened.names:
        return [None] * len(paths)
    whole = opened.column(column)
    return [whole[int(path.rpartition("/")[2])] for path in paths]


def _beside(path: str, reader: Reader) -> dict[str, Any]:
    """Return what the JSON file beside an image says."""
    for place in _places(path):
        try:
            told = json.loads(reader.read_whole(place))
        except (OSError, ValueError, RecursionError):
            continue
        if isinstance(told, dict):
            return told
    return {}


def _places(path: str) -> Iterator[str]:
    """Yield where the JSON file of an image may lie."""
    yield from dict.fromkeys((f"{os.path.splitext(path)[0]}.json", f"{sample_of(path)}.json", f"{path}.json"))
